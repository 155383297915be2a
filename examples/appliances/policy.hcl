# Appliances of three models: managed in-band, and out-of-band by their own
# management modules in a network apart.

zone "core" { networks = ["10.60.0.0/24"] }
zone "oob" { networks = ["10.60.1.0/24"] }
zone "admin" { networks = ["10.60.8.0/24"] }

firewall "fw" {
  target = "nftables"
  manage = "exclusive"
  interface "core0" { zones = [zone.core] }
  interface "oob0" { zones = [zone.oob] }
  interface "admin0" { zones = [zone.admin] }
  interface "inet0" { default = true } # everything that is in no zone
}

domain "box" {
  version = "7.6"

  hosts "master" {
    addresses = ["10.60.0.10"]
    roles     = [role.master]
  }
  hosts "n5220" {
    addresses = { app1 = { data = "10.60.0.31", ipmi = "10.60.1.31" } }
    roles     = [role.media, role.appliance, role.appliance_ipmi]
    settings  = { appliance_model = "5220", rmm_mode = "encrypted", appliance_firmware = "2.14" }
  }
  hosts "n5230" {
    addresses = { app2 = { data = "10.60.0.32", ipmi = "10.60.1.32" } }
    roles     = [role.media, role.appliance, role.appliance_ipmi]
    settings  = { appliance_model = "5230", rmm_mode = "clear", appliance_firmware = "2.14" }
  }
  hosts "n5200" {
    addresses = { app3 = { data = "10.60.0.33", ipmi = "10.60.1.33" } }
    roles     = [role.media, role.appliance, role.appliance_ipmi]
    settings  = { appliance_model = "5200", ipmi_623 = "both", appliance_firmware = "2.10" }
  }
  hosts "shell" {
    addresses = ["10.60.8.5"]
    roles     = [role.command_line]
  }
  hosts "browser" {
    addresses = ["10.60.8.6"]
    roles     = [role.web_browser]
  }
  hosts "ism" {
    addresses = ["10.60.8.7"]
    roles     = [role.ism_console]
  }
  hosts "rm" {
    addresses = ["10.60.8.8"]
    roles     = [role.rm_console]
  }
  hosts "snmp" {
    addresses = ["10.60.8.9"]
    roles     = [role.snmp_server]
  }
  hosts "call_home" {
    zone      = zone.elsewhere
    addresses = ["198.51.100.44"]
    roles     = [role.call_home]
  }
  hosts "scsp" {
    zone      = zone.elsewhere
    addresses = ["198.51.100.45"]
    roles     = [role.scsp]
  }
}
