# A backup network of three zones around one Linux router: servers, a DMZ with
# web servers, and the offices with their consoles.

zone "core" { networks = ["10.0.0.0/24"] }
zone "dmz" { networks = ["192.0.2.0/24", "2001:db8:2::/64"] }
zone "office" { networks = ["10.0.8.0/22"] }

firewall "edge" {
  target = "nftables"
  manage = "exclusive" # the whole forward policy of this router is ours

  interface "core0" { zones = [zone.core] }
  interface "dmz0" { zones = [zone.dmz] }
  interface "office0" { zones = [zone.office] }
}

domain "prod" {
  version = "7.6"

  hosts "master" {
    addresses = { nbmaster = "10.0.0.10" }
    roles     = [role.master]
  }

  hosts "media" {
    addresses = { nbmedia1 = "10.0.0.21", nbmedia2 = "10.0.0.22" }
    roles     = [role.media, role.msdp]
  }

  hosts "web" {
    zone      = zone.dmz
    addresses = ["192.0.2.11-192.0.2.15"]
    roles     = [role.client]
  }

  # These two were never upgraded, and need vnetd (13724) beside PBX (1556).
  hosts "legacy" {
    zone      = zone.dmz
    addresses = { ftp = "192.0.2.31", news = "192.0.2.32" }
    roles     = [role.client]
    version   = "7.0"
  }

  # The database server sends its data deduplicated.
  hosts "database" {
    zone      = zone.dmz
    addresses = { db1 = "192.0.2.41" }
    roles     = [role.client]
    features  = [feature.client_dedup]
    peers     = { msdp = [hosts.media] }
  }

  hosts "admins" {
    zone      = zone.office
    addresses = ["10.0.8.5", "10.0.8.6"]
    roles     = [role.java_console]
  }
}

# A flow that NetBackup knows nothing of.
service "monitoring" { tcp = [5666] }

flow "monitoring" {
  from    = hosts.master
  to      = [hosts.web, hosts.database]
  service = service.monitoring
  reason  = "the master checks its clients"
  ticket  = "CHG0042"
}
