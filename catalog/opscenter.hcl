# OpsCenter: figure 3-1 and table 3-2. Mail and SNMP ports are set in OpsCenter.
# The PBX port towards the master servers can be changed, the one that OpsCenter
# Clients use can't. The AT row is for vxatd, which the note to table 2-1 limits to
# 7.0.1 and before: the feature says that there is such a master server.

flow "opscenter-mail-smtp" {
  from     = role.opscenter_server
  to       = role.mail_server
  service  = service.smtp
  ports    = from.setting.smtp_port
  covers   = "7.0 - 7.7"
  cite     = ["Table 3-2", "Figure 3-1"]
  inferred = "tcp: table 3-2 names no protocol"
  breaks   = "OpsCenter sends no alerts and reports by mail."
}

flow "opscenter-snmp-trap" {
  from     = role.opscenter_server
  to       = role.snmp_server
  service  = service.snmp_trap
  ports    = from.setting.snmp_port
  covers   = "7.0 - 7.7"
  cite     = ["Table 3-2", "Figure 3-1"]
  inferred = "udp: table 3-2 names no protocol"
  breaks   = "OpsCenter sends no SNMP traps."
}

flow "opscenter-master-pbx" {
  from    = role.opscenter_server
  to      = role.master
  service = service.pbx
  ports   = from.setting.opscenter_pbx_port
  covers  = "7.0 - 7.7"
  cite    = ["Table 3-2"]
  breaks  = "OpsCenter collects no data from the master server."
}

flow "master-opscenter-pbx" {
  from    = role.master
  to      = role.opscenter_server
  service = service.pbx
  ports   = to.setting.opscenter_pbx_port
  covers  = "7.0 - 7.7"
  cite    = ["Table 3-2"]
  breaks  = "The master server sends OpsCenter no changes of jobs and alerts."
}

flow "opscenter-client-server-pbx" {
  from    = role.opscenter_client
  to      = role.opscenter_server
  service = service.pbx
  covers  = "7.0 - 7.7"
  cite    = ["Table 3-2"]
  breaks  = "OpsCenter Clients can't connect to the OpsCenter Server."
}

flow "browser-opscenter-1-http" {
  from     = role.web_browser
  to       = role.opscenter_server
  service  = service.http
  when     = to.setting.opscenter_web == "80/443"
  covers   = "7.0 - 7.7"
  cite     = ["Table 3-2"]
  inferred = "tcp: table 3-2 names no protocol"
  breaks   = "Browsers aren't redirected to the OpsCenter console."
}

flow "browser-opscenter-1-https" {
  from     = role.web_browser
  to       = role.opscenter_server
  service  = service.https
  when     = to.setting.opscenter_web == "80/443"
  covers   = "7.0 - 7.7"
  cite     = ["Table 3-2"]
  inferred = "tcp: table 3-2 names no protocol"
  breaks   = "Browsers can't open the OpsCenter console."
}

flow "browser-opscenter-2-http" {
  from     = role.web_browser
  to       = role.opscenter_server
  service  = service.opscenter_http_2
  when     = to.setting.opscenter_web == "8181/8443"
  covers   = "7.0 - 7.7"
  cite     = ["Table 3-2"]
  inferred = "tcp: table 3-2 names no protocol"
  breaks   = "Browsers aren't redirected to the OpsCenter console."
}

flow "browser-opscenter-2-https" {
  from     = role.web_browser
  to       = role.opscenter_server
  service  = service.opscenter_https_2
  when     = to.setting.opscenter_web == "8181/8443"
  covers   = "7.0 - 7.7"
  cite     = ["Table 3-2"]
  inferred = "tcp: table 3-2 names no protocol"
  breaks   = "Browsers can't open the OpsCenter console."
}

flow "browser-opscenter-3-http" {
  from     = role.web_browser
  to       = role.opscenter_server
  service  = service.opscenter_http_3
  when     = to.setting.opscenter_web == "8282/8553"
  covers   = "7.0 - 7.7"
  cite     = ["Table 3-2"]
  inferred = "tcp: table 3-2 names no protocol"
  breaks   = "Browsers aren't redirected to the OpsCenter console."
}

flow "browser-opscenter-3-https" {
  from     = role.web_browser
  to       = role.opscenter_server
  service  = service.opscenter_https_3
  when     = to.setting.opscenter_web == "8282/8553"
  covers   = "7.0 - 7.7"
  cite     = ["Table 3-2"]
  inferred = "tcp: table 3-2 names no protocol"
  breaks   = "Browsers can't open the OpsCenter console."
}

flow "opscenter-db" {
  from     = role.opscenter_server
  to       = role.opscenter_db
  service  = service.opscenter_db
  covers   = "7.0 - 7.7"
  cite     = ["Table 3-2"]
  inferred = "tcp: table 3-2 names no protocol"
  breaks   = "OpsCenter can't use its database: it doesn't start."
}

flow "opscenter-at" {
  from    = role.opscenter_server
  to      = role.opscenter_at
  service = service.vrts_at
  when    = has(from, feature.nbac)
  covers  = "7.0 - 7.7"
  class   = "nbac"
  cite    = ["Table 3-2", "Table 2-1, note *"]
  breaks  = "OpsCenter can't authenticate with a master server of 7.0.1 or older that has NBAC."
}
