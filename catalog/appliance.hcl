# NetBackup appliances: tables 3-3 (inbound) and 3-4 (outbound). Out of band, the
# 5020 and 5200 are managed by the Integrated Storage Manager (ISM), the 5220 and
# 5x30 by Remote Management (RM), which is either clear or encrypted. The mark *
# of table 3-4 is lost in the guide's text: its note speaks of the port of the
# remote server that the site sets, which is the SNMP server's.

# In band.

flow "cli-appliance-ssh" {
  from     = role.command_line
  to       = role.appliance
  service  = service.ssh
  covers   = "7.0 - 7.7"
  cite     = ["Table 3-3"]
  inferred = "tcp: table 3-3 names no protocol"
  breaks   = "The appliance can't be managed by command line."
}

flow "browser-appliance-http" {
  from     = role.web_browser
  to       = role.appliance
  service  = service.http
  covers   = "7.0 - 7.7"
  cite     = ["Table 3-3"]
  inferred = "tcp: table 3-3 names no protocol"
  breaks   = "Browsers aren't redirected to the appliance's console."
}

flow "browser-appliance-https" {
  from     = role.web_browser
  to       = role.appliance
  service  = service.https
  covers   = "7.0 - 7.7"
  cite     = ["Table 3-3"]
  inferred = "tcp: table 3-3 names no protocol"
  breaks   = "Browsers can't open the appliance's console."
}

# Out of band.

flow "browser-ipmi-http" {
  from     = role.web_browser
  to       = role.appliance_ipmi
  service  = service.http
  covers   = "7.0 - 7.7"
  cite     = ["Table 3-3", "note +", "note *"]
  inferred = "tcp: table 3-3 names no protocol"
  breaks   = "Out-of-band management of the appliance by browser fails."
}

flow "browser-ipmi-https" {
  from     = role.web_browser
  to       = role.appliance_ipmi
  service  = service.https
  when     = atleast(to.setting.appliance_firmware, "2.13") && !(to.setting.appliance_firmware == "2.13")
  covers   = "7.0 - 7.7"
  cite     = ["Table 3-3", "note +", "note *"]
  inferred = "tcp: table 3-3 names no protocol"
  breaks   = "Out-of-band management of the appliance by browser fails."
}

flow "ism-ipmi-kvm" {
  from    = role.ism_console
  to      = role.appliance_ipmi
  service = service.ism_kvm
  when = (
    to.setting.appliance_model == "5020" ||
    to.setting.appliance_model == "5200"
  )
  covers   = "7.0 - 7.7"
  cite     = ["Table 3-3", "note +"]
  inferred = "tcp: table 3-3 names no protocol"
  breaks   = "The Integrated Storage Manager gets no command line, ISO or CD-ROM redirection."
}

flow "ism-ipmi-623-tcp" {
  from    = role.ism_console
  to      = role.appliance_ipmi
  service = service.ipmi_tcp
  when = (
    (to.setting.appliance_model == "5020" || to.setting.appliance_model == "5200") &&
    (to.setting.ipmi_623 == "tcp" || to.setting.ipmi_623 == "both")
  )
  covers   = "7.0 - 7.7"
  cite     = ["Table 3-3", "note +"]
  inferred = "the policy chooses the protocol: table 3-3 names none"
  breaks   = "The optional KVM port isn't used."
}

flow "ism-ipmi-623-udp" {
  from    = role.ism_console
  to      = role.appliance_ipmi
  service = service.ipmi_udp
  when = (
    (to.setting.appliance_model == "5020" || to.setting.appliance_model == "5200") &&
    (to.setting.ipmi_623 == "udp" || to.setting.ipmi_623 == "both")
  )
  covers   = "7.0 - 7.7"
  cite     = ["Table 3-3", "note +"]
  inferred = "the policy chooses the protocol: table 3-3 names none"
  breaks   = "The optional KVM port isn't used."
}

flow "rm-ipmi-cli" {
  from    = role.rm_console
  to      = role.appliance_ipmi
  service = service.rmm_cli
  when = (
    (
      to.setting.appliance_model == "5220" ||
      to.setting.appliance_model == "5030" ||
      to.setting.appliance_model == "5230" ||
      to.setting.appliance_model == "5330"
    ) &&
    (to.setting.rmm_mode == "clear" || to.setting.rmm_mode == "both")
  )
  covers   = "7.0 - 7.7"
  class    = "clear"
  cite     = ["Table 3-3", "note *", "Note after Table 3-3"]
  inferred = "tcp: table 3-3 names no protocol"
  breaks   = "Remote Management gets no command line in clear mode."
}

flow "rm-ipmi-cdrom" {
  from    = role.rm_console
  to      = role.appliance_ipmi
  service = service.rmm_cdrom
  when = (
    (
      to.setting.appliance_model == "5220" ||
      to.setting.appliance_model == "5030" ||
      to.setting.appliance_model == "5230" ||
      to.setting.appliance_model == "5330"
    ) &&
    (to.setting.rmm_mode == "clear" || to.setting.rmm_mode == "both")
  )
  covers   = "7.0 - 7.7"
  class    = "clear"
  cite     = ["Table 3-3", "note *", "Note after Table 3-3"]
  inferred = "tcp: table 3-3 names no protocol"
  breaks   = "Remote Management can't redirect ISO images and CD-ROMs in clear mode."
}

flow "rm-ipmi-floppy" {
  from    = role.rm_console
  to      = role.appliance_ipmi
  service = service.rmm_floppy
  when = (
    (
      to.setting.appliance_model == "5220" ||
      to.setting.appliance_model == "5030" ||
      to.setting.appliance_model == "5230" ||
      to.setting.appliance_model == "5330"
    ) &&
    (to.setting.rmm_mode == "clear" || to.setting.rmm_mode == "both")
  )
  covers   = "7.0 - 7.7"
  class    = "clear"
  cite     = ["Table 3-3", "note *", "Note after Table 3-3"]
  inferred = "tcp: table 3-3 names no protocol"
  breaks   = "Remote Management can't redirect floppies in clear mode."
}

flow "rm-ipmi-kvm-encrypted" {
  from    = role.rm_console
  to      = role.appliance_ipmi
  service = service.rmm_kvm_encrypted
  when = (
    (
      to.setting.appliance_model == "5220" ||
      to.setting.appliance_model == "5030" ||
      to.setting.appliance_model == "5230" ||
      to.setting.appliance_model == "5330"
    ) &&
    (to.setting.rmm_mode == "encrypted" || to.setting.rmm_mode == "both")
  )
  covers   = "7.0 - 7.7"
  class    = "encrypted"
  cite     = ["Table 3-3", "note *", "Note after Table 3-3"]
  inferred = "tcp: table 3-3 names no protocol"
  breaks   = "Remote Management gets no KVM in encrypted mode."
}

flow "rm-ipmi-cdrom-encrypted" {
  from    = role.rm_console
  to      = role.appliance_ipmi
  service = service.rmm_cdrom_encrypted
  when = (
    (
      to.setting.appliance_model == "5220" ||
      to.setting.appliance_model == "5030" ||
      to.setting.appliance_model == "5230" ||
      to.setting.appliance_model == "5330"
    ) &&
    (to.setting.rmm_mode == "encrypted" || to.setting.rmm_mode == "both")
  )
  covers   = "7.0 - 7.7"
  class    = "encrypted"
  cite     = ["Table 3-3", "note *", "Note after Table 3-3"]
  inferred = "tcp: table 3-3 names no protocol"
  breaks   = "Remote Management can't redirect CD-ROMs in encrypted mode."
}

flow "rm-ipmi-floppy-encrypted" {
  from    = role.rm_console
  to      = role.appliance_ipmi
  service = service.rmm_floppy_encrypted
  when = (
    (
      to.setting.appliance_model == "5220" ||
      to.setting.appliance_model == "5030" ||
      to.setting.appliance_model == "5230" ||
      to.setting.appliance_model == "5330"
    ) &&
    (to.setting.rmm_mode == "encrypted" || to.setting.rmm_mode == "both")
  )
  covers   = "7.0 - 7.7"
  class    = "encrypted"
  cite     = ["Table 3-3", "note *", "Note after Table 3-3"]
  inferred = "tcp: table 3-3 names no protocol"
  breaks   = "Remote Management can't redirect USB media and floppies in encrypted mode."
}

# Outbound.

flow "appliance-call-home" {
  from     = role.appliance
  to       = role.call_home
  service  = service.https
  covers   = "7.0 - 7.7"
  cite     = ["Table 3-4"]
  inferred = "tcp: table 3-4 names no protocol"
  breaks   = "Call Home notifications don't reach Symantec."
}

flow "appliance-snmp-trap" {
  from     = role.appliance
  to       = role.snmp_server
  service  = service.snmp_trap
  ports    = from.setting.snmp_port
  covers   = "7.0 - 7.7"
  cite     = ["Table 3-4", "note *"]
  inferred = "udp: table 3-4 names no protocol"
  breaks   = "The appliance's traps and alerts are lost."
}

flow "appliance-scsp" {
  from     = role.appliance
  to       = role.scsp
  service  = service.https
  covers   = "7.0 - 7.7"
  cite     = ["Table 3-4"]
  inferred = "tcp: table 3-4 names no protocol"
  breaks   = "The appliance can't download SCSP certificates."
}
