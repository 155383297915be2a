# NetBackup 10.x with a web UI, a client of 8.1 in a DMZ that reaches the
# master through its media server, and one 7.7 client that is still there.

zone "core" { networks = ["10.90.0.0/24"] }
zone "dmz" { networks = ["10.90.1.0/24"] }
zone "office" { networks = ["10.90.8.0/24"] }

firewall "edge" {
  target = "nftables"
  manage = "exclusive"
  interface "core0" { zones = [zone.core] }
  interface "dmz0" { zones = [zone.dmz] }
  interface "office0" { zones = [zone.office] }
}

domain "prod" {
  version = "10.1.1"

  hosts "primary" {
    addresses = ["10.90.0.10"]
    roles     = [role.master]
  }
  hosts "media" {
    addresses = ["10.90.0.20"]
    roles     = [role.media, role.msdp]
    features  = [feature.http_tunnel]
  }
  hosts "tunnelled" {
    addresses = ["10.90.1.5"]
    roles     = [role.client]
    version   = "8.1"
    features  = [feature.http_tunnel]
  }
  hosts "direct" {
    addresses = ["10.90.1.6"]
    roles     = [role.client]
    features  = [feature.client_dedup, feature.user_directed]
  }
  hosts "last_of_7" {
    addresses = ["10.90.1.7"]
    roles     = [role.client]
    version   = "7.7"
  }
  hosts "admins" {
    addresses = ["10.90.8.5"]
    roles     = [role.webui_browser]
  }
}
