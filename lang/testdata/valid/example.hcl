# The example of the language page, with a few more of its means.

variable "fw" { default = "edge" }
locals {
  base  = "10.0.0.0/24"
  media = { for i in range(2) : format("med%d", i + 1) => cidrhost(local.base, 21 + i) }
  pair  = [for a in ["1", "2"] : "192.0.2.${a}"]
}

zone "core" { networks = [local.base] }
zone "dmz" { networks = ["192.0.2.0/24", "2001:db8:2::/64"] }
zone "site" {
  for_each = { berlin = "10.1.0.0/24", paris = "10.2.0.0/24" }
  networks = [each.value]
}
zone "wan" {
  networks = ["10.255.0.0/16"]
  transit  = true
}

device "edge" {
  addresses = local.pair
  username  = "nbfwc"
}

firewall "edge" {
  target = "nftables"
  manage = "exclusive"
  device = device.edge
  interface "lan0" { zones = [zone.core] }
  interface "dmz0" { zones = [zone.dmz] }
  interface "wan0" {
    zones   = [zone.wan]
    default = true
  }
  rule_defaults { log = true }
}

firewall "site" {
  for_each = zone.site
  target   = "cisco_asa"
  interface "inside" { zones = [each.value] }
  interface "outside" { zones = [zone.wan] }
}

firewall "others" {
  target       = "paloalto"
  name_prefix  = "BKP_"
  group_name   = "{interface}.{role}-{class}"
  use_object   = { "BKP_trust.client" = "SRV-CLIENTS" }
  device_group = "DC"
  local_rules  = true
  assume       = { "app-id ssl" = true, "user known" = false }
  interface "trust" { zones = [zone.dmz] }
}

domain "prod" {
  version = "7.6"
  hosts "master" {
    zone      = zone.core
    addresses = ["10.0.0.10"]
    roles     = [role.master]
  }
  hosts "media" {
    zone      = zone.core
    addresses = local.media
    roles     = [role.media, role.msdp]
  }
  hosts "web" {
    zone      = zone.dmz
    addresses = ["192.0.2.11", "192.0.2.12-192.0.2.15", "2001:db8:2::5"]
    roles     = [role.client]
    version   = "7.0"
    features  = [feature.client_dedup]
    peers     = { media = [hosts.media] }
  }
  hosts "branch" {
    for_each  = zone.site
    zone      = each.value
    addresses = [cidrhost({ berlin = "10.1.0.0/24", paris = "10.2.0.0/24" }[each.key], 5)]
    roles     = [role.client]
  }
  hosts "cloud" {
    zone      = zone.elsewhere
    addresses = ["198.51.100.7"]
    roles     = [role.client]
  }
}

service "my_agent" { tcp = [8400, "8410-8415"] }

flow "agent" {
  from    = [hosts.web, hosts.branch, domain.prod.hosts.cloud]
  to      = hosts.master
  service = [service.my_agent, service.pbx]
  ticket  = "CHG0042"
  expires = "2027-06-30"
}

path "wan" { all = true }
management { from = ["10.0.0.0/28"] }
