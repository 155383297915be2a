# A service is a protocol with its ports. "netbackup" marks ports that are
# NetBackup's own: a declared host at one end is enough to bring a packet into
# scope. Of the others only what a row names is ours. One protocol each, since
# some rows need one of the two alone.

# NetBackup's own ports, registered for it (Table 2-1).

service "pbx" {
  title     = "VERITAS_PBX"
  tcp       = [1556]
  netbackup = true
  cite      = ["Table 2-1"]
}

service "vnetd" {
  title     = "VNETD"
  tcp       = [13724]
  netbackup = true
  cite      = ["Table 2-1"]
}

service "vrts_at" {
  title     = "VRTS-AT-PORT (vxatd)"
  tcp       = [2821]
  netbackup = true
  cite      = ["Table 2-1"]
}

service "vrts_auth" {
  title     = "VRTS-AUTH-PORT (vxazd)"
  tcp       = [4032]
  netbackup = true
  cite      = ["Table 2-1"]
}

service "bprd" {
  title     = "BPRD"
  tcp       = [13720]
  netbackup = true
  cite      = ["Table 2-5"]
}

service "bpcd" {
  title     = "BPCD"
  tcp       = [13782]
  netbackup = true
  cite      = ["Table 2-2"]
}

service "spad" {
  title     = "Deduplication Manager (spad)"
  tcp       = [10102]
  netbackup = true
  cite      = ["Table 2-3", "Table 3-1"]
}

service "spoold" {
  title     = "Deduplication Engine (spoold)"
  tcp       = [10082]
  netbackup = true
  cite      = ["Table 2-3", "Table 3-1"]
}

service "nbfsd" {
  title     = "nbfsd"
  tcp       = [7394]
  netbackup = true
  cite      = ["NetBackup Granular Restore Technology (GRT) ports"]
}

service "opscenter_db" {
  title     = "Sybase database (dbsrv12)"
  tcp       = [13786]
  netbackup = true
  cite      = ["Table 3-2"]
}

service "nbcssc" {
  title     = "CloudStore Service Container"
  tcp       = [5637]
  netbackup = true
  cite      = ["NetBackup CloudStore Service Container (nbcssc)"]
}

service "puredisk_controller" {
  title     = "PureDisk controller"
  tcp       = [10101]
  netbackup = true
  cite      = ["Table 3-5", "Table 3-6"]
}

service "puredisk_metabase" {
  title     = "PureDisk metabase engine"
  tcp       = [10085]
  netbackup = true
  cite      = ["Table 3-6"]
}

service "puredisk_dld" {
  title     = "PureDisk debug logging daemon (DLD)"
  udp       = [10087]
  netbackup = true
  cite      = ["Table 3-6"]
}

# Listen on their own ports since 7.1, but are reached through PBX: opening
# these two is never necessary.

service "nbatd" {
  title     = "nbatd"
  tcp       = [13783]
  netbackup = true
  reserved  = true
  cite      = ["Table 2-1, note *"]
}

service "nbazd" {
  title     = "nbazd"
  tcp       = [13722]
  netbackup = true
  reserved  = true
  cite      = ["Table 2-1, note *"]
}

# NDMP. The window has the ports of the media server's setting; these are the
# non-reserved ports that it lies in.

service "ndmp" {
  title = "NDMP"
  tcp   = [10000]
  cite  = ["NDMP server ports"]
}

service "server_port_window" {
  title = "SERVER_PORT_WINDOW"
  tcp   = ["1024-65535"]
  cite  = ["NDMP server ports"]
}

# DataDomain and GRT.

service "portmapper_tcp" {
  title = "Portmapper, TCP"
  tcp   = [111]
  cite  = ["DataDomain OpenStorage ports", "NetBackup Granular Restore Technology (GRT) ports"]
}

service "portmapper_udp" {
  title = "Portmapper, UDP"
  udp   = [111]
  cite  = ["DataDomain OpenStorage ports"]
}

service "nfs" {
  title = "NFS"
  tcp   = [2049]
  cite  = ["DataDomain OpenStorage ports"]
}

service "dd_mountd" {
  title = "DataDomain mountd"
  tcp   = [2052]
  cite  = ["DataDomain OpenStorage ports"]
}

service "dd_replication" {
  title = "DataDomain replication"
  tcp   = [2051]
  cite  = ["DataDomain OpenStorage ports"]
}

# Ports that others use as well.

service "ssh" {
  title = "SSH"
  tcp   = [22]
  cite  = ["Table 3-3", "Table 3-6"]
}

service "smtp" {
  title = "SMTP"
  tcp   = [25]
  cite  = ["Table 3-2"]
}

service "dns_tcp" {
  title = "DNS, TCP"
  tcp   = [53]
  cite  = ["Table 3-5"]
}

service "dns_udp" {
  title = "DNS, UDP"
  udp   = [53]
  cite  = ["Table 3-5"]
}

service "http" {
  title = "HTTP"
  tcp   = [80]
  cite  = ["Table 3-2", "Table 3-3"]
}

service "ntp_tcp" {
  title = "NTP, TCP"
  tcp   = [123]
  cite  = ["Table 3-6"]
}

service "ntp_udp" {
  title = "NTP, UDP"
  udp   = [123]
  cite  = ["Table 3-6"]
}

service "snmp_trap" {
  title = "SNMP trap"
  udp   = [162]
  cite  = ["Table 3-2", "Table 3-4"]
}

service "https" {
  title = "HTTPS"
  tcp   = [443]
  cite  = ["Table 3-2", "Table 3-3"]
}

service "puredisk_web" {
  title = "PureDisk Web services"
  tcp   = [443]
  cite  = ["Table 2-3", "Table 3-1", "Table 3-5"]
}

service "vcenter" {
  title = "vCenter"
  tcp   = [443]
  cite  = ["NetBackup VMware ports"]
}

service "esx" {
  title = "ESX/ESXi host"
  tcp   = [902]
  cite  = ["NetBackup VMware ports"]
}

service "opscenter_http_2" {
  title = "OpsCenter HTTP, second choice"
  tcp   = [8181]
  cite  = ["Table 3-2"]
}

service "opscenter_https_2" {
  title = "OpsCenter HTTPS, second choice"
  tcp   = [8443]
  cite  = ["Table 3-2"]
}

service "opscenter_http_3" {
  title = "OpsCenter HTTP, third choice"
  tcp   = [8282]
  cite  = ["Table 3-2"]
}

service "opscenter_https_3" {
  title = "OpsCenter HTTPS, third choice"
  tcp   = [8553]
  cite  = ["Table 3-2"]
}

# Management modules of the appliances. The encrypted KVM of Remote Management
# is 7582, as the table has it; the 7528 of the note after it is a misprint.

service "ism_kvm" {
  title = "KVM command line access, ISO and CD-ROM redirection"
  tcp   = [5900]
  cite  = ["Table 3-3"]
}

service "ipmi_tcp" {
  title = "KVM (optional), TCP"
  tcp   = [623]
  cite  = ["Table 3-3"]
}

service "ipmi_udp" {
  title = "KVM (optional), UDP"
  udp   = [623]
  cite  = ["Table 3-3"]
}

service "rmm_cli" {
  title = "Remote Management command line access, clear"
  tcp   = [7578]
  cite  = ["Table 3-3"]
}

service "rmm_cdrom" {
  title = "Remote Management ISO and CD-ROM redirection, clear"
  tcp   = [5120]
  cite  = ["Table 3-3"]
}

service "rmm_floppy" {
  title = "Remote Management floppy redirection, clear"
  tcp   = [5123]
  cite  = ["Table 3-3"]
}

service "rmm_kvm_encrypted" {
  title = "Remote Management KVM, encrypted"
  tcp   = [7582]
  cite  = ["Table 3-3"]
}

service "rmm_cdrom_encrypted" {
  title = "Remote Management CD-ROM, encrypted"
  tcp   = [5124]
  cite  = ["Table 3-3"]
}

service "rmm_floppy_encrypted" {
  title = "Remote Management USB or floppy, encrypted"
  tcp   = [5127]
  cite  = ["Table 3-3"]
}
