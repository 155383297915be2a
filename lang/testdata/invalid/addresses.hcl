# Where addresses may be.

zone "core" { networks = ["10.0.0.0/24", "10.0.1.0/24", "2001:db8::/64"] }
zone "lab" { networks = ["10.0.1.128/25"] }
zone "copy" { networks = ["10.0.0.0/24"] } # ERROR: Network in two zones
