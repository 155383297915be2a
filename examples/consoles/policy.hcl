# Everything with a screen: both administration consoles, a Java server of its
# own, OpsCenter with its database, its clients and browsers, and what it
# notifies. The servers are of 7.0.1 and use NBAC, so that they, and OpsCenter,
# authenticate with VxSS.

zone "core" { networks = ["10.30.0.0/24"] }
zone "mgmt" { networks = ["10.30.1.0/24"] }
zone "office" { networks = ["10.30.8.0/21"] }

firewall "inner" {
  target = "nftables"
  manage = "exclusive"
  interface "core0" { zones = [zone.core] }
  interface "mgmt0" { zones = [zone.mgmt] }
  interface "office0" { zones = [zone.office] }
}

domain "ops" {
  version = "7.0.1"

  hosts "master" {
    addresses = ["10.30.0.10"]
    roles     = [role.master]
  }
  hosts "media" {
    addresses = ["10.30.0.20", "10.30.0.21"]
    roles     = [role.media]
  }
  hosts "java_server" {
    addresses = ["10.30.1.5"]
    roles     = [role.java_server]
  }
  hosts "win_console" {
    addresses = ["10.30.8.11"]
    roles     = [role.win_console]
  }
  hosts "java_console" {
    addresses = ["10.30.8.12", "10.30.8.13"]
    roles     = [role.java_console]
  }
  hosts "opscenter" {
    addresses = ["10.30.1.10"]
    roles     = [role.opscenter_server]
    version   = "7.5"
    features  = [feature.nbac]
    settings  = { smtp_port = 2525, opscenter_web = "8181/8443" }
  }
  hosts "opscenter_db" {
    addresses = ["10.30.0.30"]
    roles     = [role.opscenter_db]
    version   = "7.5"
  }
  hosts "vxss" {
    addresses = ["10.30.0.31"]
    roles     = [role.vxss, role.opscenter_at]
  }
  hosts "opscenter_client" {
    addresses = ["10.30.8.20"]
    roles     = [role.opscenter_client]
    version   = "7.5"
  }
  hosts "browsers" {
    addresses = ["10.30.12.0/24"]
    roles     = [role.web_browser]
  }
  hosts "mail" {
    addresses = ["10.30.0.25"]
    roles     = [role.mail_server]
  }
  hosts "snmp" {
    addresses = ["10.30.0.26"]
    roles     = [role.snmp_server]
  }
}
