# One fault, one diagnostic: nothing is said of what depends on it.

locals {
  net   = "10.0.0.0/${nothing}" # ERROR: Unknown name
  hosts = [local.net]
  role  = local.hosts
}

zone "core" { networks = [local.net] }
zone "dmz" { networks = ["192.0.2.1/24"] } # ERROR: Invalid address
zone "wan" {
  networks = ["10.255.0.0/16"]
  transit  = true
}
zone "site" {
  for_each = local.hosts
  networks = [each.value]
}

firewall "edge" {
  target = "nftables"
  interface "a" { zones = [zone.site] }
}

domain "prod" {
  version = "7.99" # ERROR: Unusable version
  hosts "master" {
    zone      = zone.core
    addresses = ["10.0.0.10"]
    roles     = [role.master]
  }
  hosts "web" {
    addresses = ["192.0.2.5", "10.9.9.9"]
    roles     = [role.client]
  }
  hosts "listed" {
    addresses = local.hosts
    roles     = [role.client]
  }
  hosts "element" {
    addresses = [local.net]
    roles     = [role.client]
  }
  hosts "roles" {
    addresses = ["192.0.2.6"]
    roles     = local.role
    features  = [feature.client_dedup]
  }
  hosts "transit" {
    zone      = zone.wan # ERROR: Hosts in a transit zone
    addresses = ["10.255.0.1"]
    roles     = [role.client]
  }
  hosts "sites" {
    for_each  = zone.site
    zone      = each.value
    addresses = ["10.0.0.1"]
    roles     = [role.client]
  }
}

variable "a" { default = 1 }
variable "b" {
  default = var.a # ERROR: Unknown name
}

flow "x" {
  from    = hosts.sites
  to      = hosts.listed
  service = service.pbx
}
