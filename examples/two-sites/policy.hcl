# Two routers in a row with a transfer network between them, clients from an
# inventory, IPv6 beside IPv4, a master that filters for itself, and a router
# where our rules are a section of somebody else's rule set.

variable "site" {
  type    = string
  default = "north"
}

locals {
  client_net = { north = "10.81.0.0/16", south = "10.82.0.0/16" }
}

zone "core" {
  networks = ["10.80.0.0/24", "2001:db8:80::/64"]
}
zone "transfer" {
  networks = ["10.80.255.0/30"]
  transit  = true
}
zone "clients" {
  networks = [local.client_net[var.site], "2001:db8:81::/48"]
}

firewall "core_router" {
  target = "nftables"
  manage = "exclusive"
  interface "core0" { zones = [zone.core] }
  interface "xfer0" { zones = [zone.transfer] }
}

# This router also carries traffic that is none of our business.
firewall "site_router" {
  target = "nftables"
  manage = "section"
  anchor = "inet filter forward"
  interface "wan" {
    zones   = [zone.transfer]
    devices = ["xfer1"]
  }
  interface "lan" {
    zones   = [zone.clients]
    devices = ["lan0", "lan1"]
  }
}

firewall "master_host" {
  target = "nftables"
  manage = "exclusive"
  self   = [hosts.master]
  interface "eth0" { zones = [zone.core] }
}

management { from = ["10.80.0.250/32"] }

domain "prod" {
  version        = "7.7"
  reset_fallback = true

  hosts "master" {
    addresses = { nbmaster = ["10.80.0.10", "2001:db8:80::10"] }
    roles     = [role.master]
  }
  hosts "media" {
    addresses = { nbmedia = ["10.80.0.20", "2001:db8:80::20"] }
    roles     = [role.media]
  }
  hosts "clients" {
    addresses = inventory("clients.csv", { version = "nbu", name = "hostname", address = "ip" })
    roles     = [role.client]
  }
}
