# Who takes part in Auto Image Replication is named by role, of the two domains.

zone "a" { networks = ["10.1.0.0/24"] }
zone "b" { networks = ["10.2.0.0/24"] }
zone "c" { networks = ["10.3.0.0/24"] }

domain "a" {
  version = "7.6"
  hosts "storage" {
    zone      = zone.a
    roles     = [role.msdp]
    addresses = ["10.1.0.5"]
  }
}
domain "b" {
  version = "7.6"
  hosts "storage" {
    zone      = zone.b
    roles     = [role.msdp]
    addresses = ["10.2.0.5"]
  }
}
domain "c" {
  version = "7.6"
  hosts "other" {
    zone      = zone.c
    roles     = [role.msdp]
    addresses = ["10.3.0.5"]
  }
}

air "good" {
  source = domain.a
  target = domain.b
  peers  = { msdp = [domain.a.hosts.storage, domain.b.hosts.storage] }
}
air "strangers" {
  source = domain.a
  target = domain.b
  peers  = { msdp = hosts.other } # ERROR: Not the wanted reference
}
air "nobody" {
  source = domain.a
  target = domain.b
  peers  = { msdp = [] } # ERROR: Empty list
}
air "no-role" {
  source = domain.a
  target = domain.b
  peers  = { storage = domain.a.hosts.storage } # ERROR: Unknown reference
}
air "no-hosts" {
  source = domain.a
  target = domain.b
  peers  = { msdp = [domain.a.hosts.stroage] } # ERROR: Unknown reference
}
air "no-object" {
  source = domain.a
  target = domain.b
  peers  = [domain.a.hosts.storage] # ERROR: Unusable value
}
