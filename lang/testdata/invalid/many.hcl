# All faults are reported in one run; what depends on a faulty value is silent.

locals {
  broken = nothing_like_this # ERROR: Unknown name
  echo   = "${local.broken}-x"
  list   = [for x in local.broken : x]
}

zone "core" { networks = ["10.0.0.0/24", local.echo] }
zone "dmz" {
  networks = [
    "192.0.2.0/24",
    "192.0.2.1/24",   # ERROR: Invalid address
    "192.0.2.128",    # ERROR: Invalid address
    "::ffff:1.2.3.4", # ERROR: Invalid address
  ]
}

firewall "edge" {
  target = "nftables"
  interface "a" { zones = [zone.core] }
  interface "b" { zones = [zone.dnz] } # ERROR: Unknown reference
  interface "c" { zones = [zone.core] } # ERROR: Duplicate name
}

domain "prod" {
  version = 7.6 # ERROR: Unusable value
  hosts "master" {
    zone      = zone.core
    addresses = ["10.0.0.10"]
    roles     = [role.mastr] # ERROR: Unknown reference
  }
  hosts "web" {
    zone    = zone.dmz
    version = "7.6"
    addresses = [
      "192.0.2.11",
      "192.0.2.012",             # ERROR: Invalid address
      "fe80::1%eth0",            # ERROR: Invalid address
      "192.0.2.9-192.0.2.3",     # ERROR: Invalid address
      192,                       # ERROR: Unusable value
    ]
    roles    = [role.client]
    features = [feature.residue] # ERROR: Unknown reference
    peers    = { media = [hosts.medai] } # ERROR: Unknown reference
    settings = { smtp_prt = 25 }         # ERROR: Unknown reference
  }
}

flow "agent" {
  from    = hosts.wbe # ERROR: Unknown reference
  to      = hosts.master
  service = service.pbx
  when    = true     # ERROR: Attributes exclude each other
  idle    = "1 hour" # ERROR: Unusable value
}
