# Two domains that replicate to each other, with media server deduplication in
# one and a PureDisk storage pool in the other.

zone "berlin" { networks = ["10.40.0.0/24"] }
zone "clients" { networks = ["10.40.16.0/20"] }
zone "wan" {
  networks = ["10.255.0.0/24"]
  transit  = true
}
zone "madrid" { networks = ["10.50.0.0/24"] }
zone "agents" { networks = ["10.50.16.0/20"] }

firewall "fw_berlin" {
  target = "nftables"
  manage = "exclusive"
  interface "srv0" { zones = [zone.berlin] }
  interface "cli0" { zones = [zone.clients] }
  interface "wan0" { zones = [zone.wan] }
}
firewall "fw_madrid" {
  target = "nftables"
  manage = "exclusive"
  interface "srv0" { zones = [zone.madrid] }
  interface "cli0" { zones = [zone.agents] }
  interface "wan0" { zones = [zone.wan] }
}

domain "berlin" {
  version = "7.6"

  hosts "master" {
    zone      = zone.berlin
    addresses = ["10.40.0.10"]
    roles     = [role.master]
  }
  hosts "msdp" {
    zone      = zone.berlin
    addresses = ["10.40.0.20", "10.40.0.21"]
    roles     = [role.media, role.msdp]
    features  = [feature.optimized_duplication]
  }
  hosts "fingerprint" {
    zone      = zone.clients
    addresses = ["10.40.16.5"]
    roles     = [role.media, role.fingerprint]
  }
  hosts "balancing" {
    zone      = zone.clients
    addresses = ["10.40.16.6"]
    roles     = [role.media, role.load_balancing]
  }
  hosts "dedup_clients" {
    zone      = zone.clients
    addresses = ["10.40.17.0/24"]
    roles     = [role.client]
    features  = [feature.client_dedup]
  }
}

domain "madrid" {
  version = "7.5"

  hosts "master" {
    zone      = zone.madrid
    addresses = ["10.50.0.10"]
    roles     = [role.master]
  }
  hosts "media" {
    zone      = zone.madrid
    addresses = ["10.50.0.20"]
    roles     = [role.media, role.msdp]
    features  = [feature.pddo]
  }
  hosts "spa" {
    zone      = zone.madrid
    addresses = ["10.50.0.30"]
    roles     = [role.puredisk_spa]
    features  = [feature.puredisk_dr]
  }
  hosts "content_router" {
    zone      = zone.madrid
    addresses = ["10.50.0.31", "10.50.0.32"]
    roles     = [role.puredisk_content_router]
    features  = [feature.puredisk_dr]
  }
  hosts "metabase" {
    zone      = zone.madrid
    addresses = ["10.50.0.33"]
    roles     = [role.puredisk_metabase_engine, role.puredisk_controller]
    features  = [feature.puredisk_dr]
  }
  # The pool's own housekeeping stands near the agents: the metabase server, the
  # broker that authenticates the nodes, and a node with no service of its own.
  hosts "metabase_server" {
    zone      = zone.agents
    addresses = ["10.50.16.2"]
    roles     = [role.puredisk_metabase_server]
    features  = [feature.puredisk_dr]
  }
  hosts "broker" {
    zone      = zone.agents
    addresses = ["10.50.16.3"]
    roles     = [role.puredisk_root_broker]
  }
  hosts "node" {
    zone      = zone.agents
    addresses = ["10.50.16.4"]
    roles     = [role.puredisk_node]
    features  = [feature.puredisk_dr]
  }
  hosts "export" {
    zone      = zone.agents
    addresses = ["10.50.16.5"]
    roles     = [role.puredisk_export_gateway]
  }
  hosts "agents" {
    zone      = zone.agents
    addresses = ["10.50.17.0/24"]
    roles     = [role.puredisk_agent]
    settings  = { puredisk_naming = "names" }
  }
  hosts "admin" {
    zone      = zone.agents
    addresses = ["10.50.18.9"]
    roles     = [role.puredisk_admin_host]
  }
  hosts "dns" {
    zone      = zone.madrid
    addresses = ["10.50.0.53"]
    roles     = [role.dns_server]
  }
}

air "berlin_madrid" {
  source = domain.berlin
  target = domain.madrid
}
