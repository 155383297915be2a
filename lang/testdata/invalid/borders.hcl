# An address belongs to the zone with the longest matching network, and a range
# to one zone.

zone "core" { networks = ["10.0.0.0/24", "10.0.1.0/24", "2001:db8::/64"] }
zone "lab" { networks = ["10.0.1.128/25"] }

domain "prod" {
  version = "7.6"
  hosts "web" {
    zone = zone.core
    addresses = [
      "10.0.0.250-10.0.1.5",
      "10.0.1.127",
      "10.0.1.128",                  # ERROR: Address in another zone
      "10.0.1.120-10.0.1.130",       # ERROR: Address in another zone
      "10.0.1.250-10.0.2.5",         # ERROR: Address in another zone
      "10.0.2.1",                    # ERROR: Address in another zone
      "2001:db8::1",
      "2001:db8:0:1::1",             # ERROR: Address in another zone
      "10.0.0.9-2001:db8::1",        # ERROR: Invalid address
    ]
    roles = [role.client]
  }
  hosts "free" {
    addresses = [
      "10.0.1.200",
      "198.51.100.1", # ERROR: Address in no zone
    ]
    roles = [role.client]
  }
  hosts "cloud" {
    zone = zone.elsewhere
    addresses = [
      "198.51.100.2",
      "10.0.0.2", # ERROR: Address in another zone
    ]
    roles = [role.client]
  }
  hosts "named" {
    zone = zone.core
    addresses = {
      m1 = { data = "10.0.0.3", backup = "10.0.1.201" }
      m2 = { data = "10.0.1.202" }                                               # ERROR: Address in another zone
      m3 = { data = "10.0.0.4", oob = "10.0.1.203" }                             # ERROR: Unknown word
      m4 = { oob = { address = "10.0.1.204", use = "ipmi", zone = zone.core } } # ERROR: Address in another zone
      m5 = { oob = { address = "10.0.1.205", use = "spare" } }                   # ERROR: Unknown word
    }
    roles = [role.media]
  }
}
