# PureDisk 6.6 and later: tables 3-5 and 3-6. A host that plays one of the
# services of a storage pool is a node of the pool as well. The versions of
# PureDisk are not NetBackup's, so covers counts for NetBackup servers alone.

# Table 3-5: client agents and their storage pool.

flow "agent-controller" {
  from    = role.puredisk_agent
  to      = role.puredisk_controller
  service = service.puredisk_controller
  covers  = "7.0 - 7.7"
  cite    = ["Table 3-5"]
  breaks  = "PureDisk agents can't register, authenticate or be controlled."
}

flow "agent-content-router" {
  from    = role.puredisk_agent
  to      = role.puredisk_content_router
  service = service.spoold
  covers  = "7.0 - 7.7"
  cite    = ["Table 3-5"]
  breaks  = "PureDisk agents can't send data."
}

flow "agent-spa-web" {
  from    = role.puredisk_agent
  to      = role.puredisk_spa
  service = service.puredisk_web
  covers  = "7.0 - 7.7"
  cite    = ["Table 3-5"]
  breaks  = "PureDisk agents get no actions."
}

flow "agent-metabase-server-web" {
  from     = role.puredisk_agent
  to       = role.puredisk_metabase_server
  service  = service.puredisk_web
  when     = domain.uncertain
  covers   = "7.0 - 7.7"
  cite     = ["Table 3-5"]
  inferred = "table 3-5 has Metabase server alone in a line after the row for the storage pool authority"
  breaks   = "Perhaps nothing: the line of the table is garbled."
}

flow "agent-dns-udp" {
  from    = role.puredisk_agent
  to      = role.dns_server
  service = service.dns_udp
  when    = from.setting.puredisk_naming == "names"
  covers  = "7.0 - 7.7"
  cite    = ["Table 3-5"]
  breaks  = "PureDisk agents that were installed with names can't find the storage pool."
}

flow "agent-dns-tcp" {
  from    = role.puredisk_agent
  to      = role.dns_server
  service = service.dns_tcp
  when    = from.setting.puredisk_naming == "names"
  covers  = "7.0 - 7.7"
  cite    = ["Table 3-5"]
  breaks  = "PureDisk agents that were installed with names get no long answers from the DNS."
}

# Table 3-6: the storage pool authority's node and the other services.

flow "spa-node-ssh" {
  from    = role.puredisk_spa
  to      = role.puredisk_node
  service = service.ssh
  covers  = "7.0 - 7.7"
  cite    = ["Table 3-6"]
  breaks  = "PureDisk nodes can't be installed, upgraded or maintained."
}

flow "admin-spa-ssh" {
  from    = role.puredisk_admin_host
  to      = role.puredisk_spa
  service = service.ssh
  covers  = "7.0 - 7.7"
  cite    = ["Table 3-6"]
  breaks  = "The administrator can't log on to the storage pool authority."
}

flow "node-spa-ntp-tcp" {
  from    = role.puredisk_node
  to      = role.puredisk_spa
  service = service.ntp_tcp
  covers  = "7.0 - 7.7"
  cite    = ["Table 3-6"]
  breaks  = "The clocks of the PureDisk nodes drift apart."
}

flow "node-spa-ntp-udp" {
  from    = role.puredisk_node
  to      = role.puredisk_spa
  service = service.ntp_udp
  covers  = "7.0 - 7.7"
  cite    = ["Table 3-6"]
  breaks  = "The clocks of the PureDisk nodes drift apart."
}

flow "node-spa-web" {
  from    = role.puredisk_node
  to      = role.puredisk_spa
  service = service.puredisk_web
  covers  = "7.0 - 7.7"
  cite    = ["Table 3-6"]
  breaks  = "The storage pool authority can't monitor the PureDisk services."
}

flow "admin-spa-web" {
  from    = role.puredisk_admin_host
  to      = role.puredisk_spa
  service = service.puredisk_web
  covers  = "7.0 - 7.7"
  cite    = ["Table 3-6"]
  breaks  = "The administrator can't open the PureDisk Web UI."
}

flow "spa-root-broker-at" {
  from    = role.puredisk_spa
  to      = role.puredisk_root_broker
  service = service.vrts_at
  covers  = "7.0 - 7.7"
  cite    = ["Table 3-6"]
  breaks  = "PureDisk nodes can't authenticate."
}

flow "node-content-router" {
  from    = role.puredisk_node
  to      = role.puredisk_content_router
  service = service.spoold
  covers  = "7.0 - 7.7"
  cite    = ["Table 3-6"]
  breaks  = "PureDisk nodes can't exchange data."
}

flow "metabase-server-engine" {
  from    = role.puredisk_metabase_server
  to      = role.puredisk_metabase_engine
  service = service.puredisk_metabase
  covers  = "7.0 - 7.7"
  cite    = ["Table 3-6"]
  breaks  = "Queries on data selections fail."
}

flow "node-metabase-engine" {
  from    = role.puredisk_node
  to      = role.puredisk_metabase_engine
  service = service.puredisk_controller
  covers  = "7.0 - 7.7"
  cite    = ["Table 3-6"]
  breaks  = "Server agents can't reach the storage pool through the controller."
}

flow "agent-metabase-engine" {
  from    = role.puredisk_agent
  to      = role.puredisk_metabase_engine
  service = service.puredisk_controller
  covers  = "7.0 - 7.7"
  cite    = ["Table 3-6"]
  breaks  = "Client agents can't reach the storage pool through the controller."
}

flow "node-spa-dld" {
  from    = role.puredisk_node
  to      = role.puredisk_spa
  service = service.puredisk_dld
  covers  = "7.0 - 7.7"
  cite    = ["Table 3-6"]
  breaks  = "PureDisk services can't be debugged with the debug logging daemon."
}

# Through NetBackup, in both directions: the table says NetBackup ports, which
# table 2-1 names. The versions are those of the NetBackup servers; a node that
# is a NetBackup client like others is given the role client instead.

flow "node-master-pbx" {
  from     = role.puredisk_node
  to       = role.master
  service  = service.pbx
  when     = has(from, feature.puredisk_dr)
  covers   = "7.0 - 7.7"
  fallback = [service.vnetd]
  cite     = ["Table 3-6", "Table 2-1"]
  inferred = "table 3-6 says only NetBackup ports: those of table 2-1, to and from master and media servers"
  breaks   = "Disaster recovery of PureDisk through NetBackup fails."
}

flow "node-master-vnetd-old" {
  from     = role.puredisk_node
  to       = role.master
  service  = service.vnetd
  when     = has(from, feature.puredisk_dr) && older(to.version, "7.0.1")
  covers   = "7.0 - 7.7"
  class    = "old"
  cite     = ["Table 3-6", "Table 2-1", "Compatibility with back-level hosts"]
  inferred = "table 3-6 says only NetBackup ports: those of table 2-1, to and from master and media servers"
  breaks   = "Disaster recovery of PureDisk through NetBackup fails."
}

flow "master-node-pbx" {
  from     = role.master
  to       = role.puredisk_node
  service  = service.pbx
  when     = has(to, feature.puredisk_dr)
  covers   = "7.0 - 7.7"
  fallback = [service.vnetd]
  cite     = ["Table 3-6", "Table 2-1"]
  inferred = "table 3-6 says only NetBackup ports: those of table 2-1, to and from master and media servers"
  breaks   = "Disaster recovery of PureDisk through NetBackup fails."
}

flow "master-node-vnetd-old" {
  from     = role.master
  to       = role.puredisk_node
  service  = service.vnetd
  when     = has(to, feature.puredisk_dr) && older(from.version, "7.0.1")
  covers   = "7.0 - 7.7"
  class    = "old"
  cite     = ["Table 3-6", "Table 2-1", "Compatibility with back-level hosts"]
  inferred = "table 3-6 says only NetBackup ports: those of table 2-1, to and from master and media servers"
  breaks   = "Disaster recovery of PureDisk through NetBackup fails."
}

flow "node-media-pbx" {
  from     = role.puredisk_node
  to       = role.media
  service  = service.pbx
  when     = has(from, feature.puredisk_dr)
  covers   = "7.0 - 7.7"
  fallback = [service.vnetd]
  cite     = ["Table 3-6", "Table 2-1"]
  inferred = "table 3-6 says only NetBackup ports: those of table 2-1, to and from master and media servers"
  breaks   = "Disaster recovery of PureDisk through NetBackup fails."
}

flow "node-media-vnetd-old" {
  from     = role.puredisk_node
  to       = role.media
  service  = service.vnetd
  when     = has(from, feature.puredisk_dr) && older(to.version, "7.0.1")
  covers   = "7.0 - 7.7"
  class    = "old"
  cite     = ["Table 3-6", "Table 2-1", "Compatibility with back-level hosts"]
  inferred = "table 3-6 says only NetBackup ports: those of table 2-1, to and from master and media servers"
  breaks   = "Disaster recovery of PureDisk through NetBackup fails."
}

flow "media-node-pbx" {
  from     = role.media
  to       = role.puredisk_node
  service  = service.pbx
  when     = has(to, feature.puredisk_dr)
  covers   = "7.0 - 7.7"
  fallback = [service.vnetd]
  cite     = ["Table 3-6", "Table 2-1"]
  inferred = "table 3-6 says only NetBackup ports: those of table 2-1, to and from master and media servers"
  breaks   = "Disaster recovery of PureDisk through NetBackup fails."
}

flow "media-node-vnetd-old" {
  from     = role.media
  to       = role.puredisk_node
  service  = service.vnetd
  when     = has(to, feature.puredisk_dr) && older(from.version, "7.0.1")
  covers   = "7.0 - 7.7"
  class    = "old"
  cite     = ["Table 3-6", "Table 2-1", "Compatibility with back-level hosts"]
  inferred = "table 3-6 says only NetBackup ports: those of table 2-1, to and from master and media servers"
  breaks   = "Disaster recovery of PureDisk through NetBackup fails."
}

flow "export-master-pbx" {
  from     = role.puredisk_export_gateway
  to       = role.master
  service  = service.pbx
  covers   = "7.0 - 7.7"
  fallback = [service.vnetd]
  cite     = ["Table 3-6", "Table 2-1"]
  inferred = "table 3-6 says only NetBackup ports: those of table 2-1, to and from master and media servers"
  breaks   = "Exports of PureDisk data to NetBackup fail."
}

flow "export-master-vnetd-old" {
  from     = role.puredisk_export_gateway
  to       = role.master
  service  = service.vnetd
  when     = older(to.version, "7.0.1")
  covers   = "7.0 - 7.7"
  class    = "old"
  cite     = ["Table 3-6", "Table 2-1", "Compatibility with back-level hosts"]
  inferred = "table 3-6 says only NetBackup ports: those of table 2-1, to and from master and media servers"
  breaks   = "Exports of PureDisk data to NetBackup fail."
}

flow "master-export-pbx" {
  from     = role.master
  to       = role.puredisk_export_gateway
  service  = service.pbx
  covers   = "7.0 - 7.7"
  fallback = [service.vnetd]
  cite     = ["Table 3-6", "Table 2-1"]
  inferred = "table 3-6 says only NetBackup ports: those of table 2-1, to and from master and media servers"
  breaks   = "Exports of PureDisk data to NetBackup fail."
}

flow "master-export-vnetd-old" {
  from     = role.master
  to       = role.puredisk_export_gateway
  service  = service.vnetd
  when     = older(from.version, "7.0.1")
  covers   = "7.0 - 7.7"
  class    = "old"
  cite     = ["Table 3-6", "Table 2-1", "Compatibility with back-level hosts"]
  inferred = "table 3-6 says only NetBackup ports: those of table 2-1, to and from master and media servers"
  breaks   = "Exports of PureDisk data to NetBackup fail."
}

flow "export-media-pbx" {
  from     = role.puredisk_export_gateway
  to       = role.media
  service  = service.pbx
  covers   = "7.0 - 7.7"
  fallback = [service.vnetd]
  cite     = ["Table 3-6", "Table 2-1"]
  inferred = "table 3-6 says only NetBackup ports: those of table 2-1, to and from master and media servers"
  breaks   = "Exports of PureDisk data to NetBackup fail."
}

flow "export-media-vnetd-old" {
  from     = role.puredisk_export_gateway
  to       = role.media
  service  = service.vnetd
  when     = older(to.version, "7.0.1")
  covers   = "7.0 - 7.7"
  class    = "old"
  cite     = ["Table 3-6", "Table 2-1", "Compatibility with back-level hosts"]
  inferred = "table 3-6 says only NetBackup ports: those of table 2-1, to and from master and media servers"
  breaks   = "Exports of PureDisk data to NetBackup fail."
}

flow "media-export-pbx" {
  from     = role.media
  to       = role.puredisk_export_gateway
  service  = service.pbx
  covers   = "7.0 - 7.7"
  fallback = [service.vnetd]
  cite     = ["Table 3-6", "Table 2-1"]
  inferred = "table 3-6 says only NetBackup ports: those of table 2-1, to and from master and media servers"
  breaks   = "Exports of PureDisk data to NetBackup fail."
}

flow "media-export-vnetd-old" {
  from     = role.media
  to       = role.puredisk_export_gateway
  service  = service.vnetd
  when     = older(from.version, "7.0.1")
  covers   = "7.0 - 7.7"
  class    = "old"
  cite     = ["Table 3-6", "Table 2-1", "Compatibility with back-level hosts"]
  inferred = "table 3-6 says only NetBackup ports: those of table 2-1, to and from master and media servers"
  breaks   = "Exports of PureDisk data to NetBackup fail."
}
