# One backup domain behind firewalls of three vendors. Each firewall has rules
# of others; ours are a section among them.

zone "core" { networks = ["10.10.0.0/24"] }
zone "apps" { networks = ["10.20.0.0/24"] }
zone "branch" { networks = ["10.30.0.0/24"] }
zone "backbone" {
  networks = ["10.99.0.0/16"]
  transit  = true
}

# Where the firewalls are reached: here the emulated devices that
# "nbfwc lab start examples/vendors" runs on this machine.
device "dc" {
  address  = "127.0.0.1:2201"
  username = "admin"
  hostname = "dc"
}
device "apps" {
  address  = "127.0.0.1:2202"
  username = "admin"
  hostname = "apps"
}
device "branch" {
  address  = "127.0.0.1:2203"
  username = "admin"
}

firewall "dc" {
  target = "cisco_asa"
  device = device.dc
  anchor = "before mail relay"
  interface "inside" { zones = [zone.core] }
  interface "outside" { zones = [zone.backbone] }
}

firewall "apps" {
  target = "paloalto"
  device = device.apps
  anchor = "top"
  interface "apps" { zones = [zone.apps] }
  interface "untrust" { zones = [zone.backbone] }
}

firewall "branch" {
  target = "fortigate"
  device = device.branch
  anchor = "before 20"
  interface "lan" { zones = [zone.branch] }
  interface "wan1" { zones = [zone.backbone] }
}

domain "prod" {
  version = "7.6"

  hosts "master" {
    zone      = zone.core
    addresses = { nbmaster = "10.10.0.10" }
    roles     = [role.master]
  }

  hosts "media" {
    zone      = zone.core
    addresses = { nbmedia1 = "10.10.0.21", nbmedia2 = "10.10.0.22" }
    roles     = [role.media, role.msdp]
  }

  hosts "db" {
    zone      = zone.apps
    addresses = { db1 = "10.20.0.11", db2 = "10.20.0.12" }
    roles     = [role.client]
    features  = [feature.client_dedup]
  }

  hosts "files" {
    zone      = zone.branch
    addresses = { files1 = "10.30.0.5" }
    roles     = [role.client]
    version   = "7.0"
  }
}
