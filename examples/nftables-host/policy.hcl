# A Linux router with nftables, reached over SSH, between the servers of a
# NetBackup domain and its clients.

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
    roles     = [role.master]
  }
  hosts "media" {
    zone      = zone.core
    addresses = { nbmedia1 = "10.72.1.21", nbmedia2 = "10.72.1.22" }
    roles     = [role.media, role.msdp]
  }
  hosts "web" {
    zone      = zone.dmz
    addresses = { web1 = "10.72.2.31", web2 = "10.72.2.32", web3 = "10.72.2.33" }
    roles     = [role.client]
    features  = [feature.client_dedup]
  }
  hosts "legacy" {
    zone      = zone.dmz
    addresses = { ftp = "10.72.2.41", news = "10.72.2.42" }
    roles     = [role.client]
    version   = "7.0"
  }
}
