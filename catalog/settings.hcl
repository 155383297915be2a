# Settings of hosts that ports and conditions depend on. Where the guide gives
# no default, there is none here.

setting "smtp_port" {
  title   = "Port of the mail server"
  kind    = "port"
  default = 25
  on      = [role.opscenter_server]
  cite    = ["Figure 3-1", "Table 3-2"]
}

setting "snmp_port" {
  title   = "Port of the SNMP trap recipient"
  kind    = "port"
  default = 162
  on      = [role.opscenter_server, role.appliance]
  cite    = ["Figure 3-1", "Table 3-2", "Table 3-4, note *"]
}

setting "opscenter_pbx_port" {
  title   = "PBX port between the OpsCenter Server and the master servers"
  kind    = "port"
  default = 1556
  on      = [role.opscenter_server]
  cite    = ["Table 3-2"]
}

setting "opscenter_web" {
  title   = "HTTP and HTTPS port of OpsCenter: the first pair that is free on the server"
  kind    = "choice"
  choices = ["80/443", "8181/8443", "8282/8553"]
  default = "80/443"
  on      = [role.opscenter_server]
  cite    = ["Table 3-2"]
}

setting "cssc_port" {
  title   = "CSSC_PORT of the CloudStore Service Container"
  kind    = "port"
  default = 5637
  on      = [role.media]
  cite    = ["NetBackup CloudStore Service Container (nbcssc)"]
}

setting "server_port_window" {
  title = "SERVER_PORT_WINDOW of the media server"
  kind  = "ports"
  on    = [role.media]
  cite  = ["NDMP server ports"]
}

# 5x30 are the 5030, 5230 and 5330.
setting "appliance_model" {
  title   = "Model of the appliance"
  kind    = "choice"
  choices = ["5020", "5200", "5220", "5030", "5230", "5330"]
  on      = [role.appliance_ipmi]
  cite    = ["Table 3-3"]
}

setting "appliance_firmware" {
  title = "Firmware of the appliance's management module"
  kind  = "version"
  on    = [role.appliance_ipmi]
  cite  = ["Table 3-3"]
}

setting "rmm_mode" {
  title   = "Mode of Remote Management"
  kind    = "choice"
  choices = ["clear", "encrypted", "both"]
  on      = [role.appliance_ipmi]
  cite    = ["Note after Table 3-3"]
}

setting "ipmi_623" {
  title   = "Protocols of the optional port 623"
  kind    = "choice"
  choices = ["none", "tcp", "udp", "both"]
  default = "none"
  on      = [role.appliance_ipmi]
  cite    = ["Table 3-3"]
}

setting "puredisk_naming" {
  title   = "How PureDisk was installed: with FQDNs or host names, or with IP addresses"
  kind    = "choice"
  choices = ["names", "addresses"]
  on      = [role.puredisk_agent]
  cite    = ["Table 3-5"]
}
