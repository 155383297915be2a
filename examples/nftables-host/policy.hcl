# A Linux router with nftables, reached over SSH, between a NetBackup master
# server and a client.

zone "core" { networks = ["10.72.1.0/24"] }
zone "dmz" { networks = ["10.72.2.0/24"] }

device "router" {
  address  = "198.18.72.2"
  username = "root"
  hostname = "router"
}

firewall "router" {
  target = "nftables"
  manage = "exclusive"
  device = device.router
  interface "core0" { zones = [zone.core] }
  interface "dmz0" { zones = [zone.dmz] }
}

domain "prod" {
  version = "7.6"
  hosts "master" {
    zone      = zone.core
    addresses = { nbmaster = "10.72.1.10" }
    roles     = [role.master, role.media]
  }
  hosts "web" {
    zone      = zone.dmz
    addresses = { web1 = "10.72.2.31" }
    roles     = [role.client]
  }
}
