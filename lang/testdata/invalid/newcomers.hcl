# What a newcomer writes: names of later releases, ports out of range, pasted text.

zone "core" { networks = ["10.0.0.0/24"] }

service "odd" {
  tcp = [
    1556,
    70000,  # ERROR: Invalid port
    "http", # ERROR: Invalid port
  ]
}

domain "prod" {
  version = "10.2"
  hosts "primary" {
    addresses = ["10.0.0.10"]
    roles     = [role.primary] # ERROR: Unknown reference
  }
  hosts "media" {
    addresses = ["10.0.0.11"]
    roles     = [role.media_server] # ERROR: Unknown reference
  }
  hosts "backup" {
    addresses = ["10.0.0.12"]
    roles     = [role.backup_thing] # ERROR: Unknown reference
  }
}

flow "hidden" {
  from    = zone.core
  to      = zone.core
  service = service.pbx
  reason  = "safe ‮elbisivni" # ERROR: Unusable text
}
