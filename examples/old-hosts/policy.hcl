# A domain that was never upgraded at once: 7.6 servers, a 7.0 media server,
# clients of four releases, VxSS for the old ones, and NetWare.

zone "core" { networks = ["10.20.0.0/24"] }
zone "branch" { networks = ["10.20.16.0/20"] }
zone "plant" { networks = ["10.20.32.0/24"] }

firewall "hub" {
  target = "nftables"
  manage = "exclusive"
  interface "core0" { zones = [zone.core] }
  interface "branch0" { zones = [zone.branch] }
  interface "plant0" { zones = [zone.plant] }
}

domain "works" {
  version = "7.6"

  hosts "master" {
    addresses = ["10.20.0.10"]
    roles     = [role.master]
  }
  hosts "emm" {
    addresses = ["10.20.0.11"]
    roles     = [role.emm]
  }
  hosts "vxss" {
    addresses = ["10.20.0.12"]
    roles     = [role.vxss]
  }
  hosts "media" {
    addresses = ["10.20.0.21", "10.20.0.22"]
    roles     = [role.media]
  }
  hosts "media_plant" {
    addresses = ["10.20.32.5"]
    roles     = [role.media]
    version   = "7.0"
  }
  hosts "clients_70" {
    addresses = ["10.20.16.10-10.20.16.19"]
    roles     = [role.client]
    version   = "7.0"
  }
  hosts "clients_701" {
    addresses = ["10.20.16.20-10.20.16.29"]
    roles     = [role.client]
    version   = "7.0.1"
  }
  hosts "clients" {
    addresses = ["10.20.17.0/26"]
    roles     = [role.client]
  }
  # The line to this client breaks often.
  hosts "ship" {
    addresses = { ms_marie = "10.20.31.2" }
    roles     = [role.client]
    version   = "7.5"
    features  = [feature.resilient]
  }
  hosts "netware" {
    addresses = { nw1 = "10.20.32.40" }
    roles     = [role.netware]
  }
}
