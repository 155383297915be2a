# Every role that a table of the guide names, in the order of the tables.
#
# "versioned" hosts have a NetBackup version that conditions and covers ask
# for. PureDisk, appliance management, VxSS and NetWare hosts have versions of
# other products, which no row depends on.

role "master" {
  title     = "Master server"
  versioned = true
  brings    = [role.emm, role.java_server]
  cite      = ["Table 2-2"]
}

role "media" {
  title     = "Media server"
  versioned = true
  cite      = ["Table 2-3"]
}

role "client" {
  title     = "Client"
  versioned = true
  cite      = ["Table 2-4"]
}

role "emm" {
  title     = "EMM server"
  versioned = true
  cite      = ["Table 2-2", "Table 2-3"]
}

role "java_server" {
  title     = "Java server"
  versioned = true
  cite      = ["Table 2-7"]
}

role "java_console" {
  title     = "Java Console"
  versioned = true
  cite      = ["Table 2-8"]
}

# Table 2-2 calls it "NetBackup Administration Console".
role "win_console" {
  title     = "Windows Administration Console"
  versioned = true
  cite      = ["Table 2-2", "Table 2-6"]
}

role "vxss" {
  title = "VxSS server"
  cite  = ["Table 2-1", "Table 2-2"]
}

role "netware" {
  title = "NetWare client"
  cite  = ["Table 2-2", "Table 2-5"]
}

role "ndmp_filer" {
  title    = "NDMP filer"
  external = true
  cite     = ["NDMP server ports"]
}

role "data_domain" {
  title    = "DataDomain OpenStorage server"
  external = true
  cite     = ["DataDomain OpenStorage ports"]
}

role "msdp" {
  title     = "MSDP server"
  versioned = true
  cite      = ["Table 2-3", "Table 2-4", "Table 3-1"]
}

role "fingerprint" {
  title     = "Additional server that handles finger printing"
  versioned = true
  cite      = ["Table 3-1"]
}

role "load_balancing" {
  title     = "Load balancing server"
  versioned = true
  cite      = ["Table 3-1"]
}

# PureDisk. Every service of a storage pool runs on a node of the pool, so that
# what holds for all nodes holds for each of them.

role "puredisk_node" {
  title = "PureDisk node"
  cite  = ["Table 3-6"]
}

role "puredisk_spa" {
  title   = "PureDisk Storage Pool Authority (SPA)"
  implies = [role.puredisk_node]
  cite    = ["Table 2-3", "Table 3-5", "Table 3-6"]
}

role "puredisk_content_router" {
  title   = "PureDisk Content Router"
  implies = [role.puredisk_node]
  cite    = ["Table 2-3", "Table 3-5", "Table 3-6"]
}

role "puredisk_controller" {
  title   = "PureDisk Controller"
  implies = [role.puredisk_node]
  cite    = ["Table 3-5"]
}

role "puredisk_metabase_engine" {
  title   = "PureDisk Metabase engine"
  implies = [role.puredisk_node, role.puredisk_controller]
  cite    = ["Table 3-5", "Table 3-6"]
}

role "puredisk_metabase_server" {
  title   = "PureDisk Metabase server"
  implies = [role.puredisk_node]
  cite    = ["Table 3-5", "Table 3-6"]
}

role "puredisk_root_broker" {
  title = "PureDisk Root broker host"
  cite  = ["Table 3-6"]
}

role "puredisk_export_gateway" {
  title = "NetBackup Export Engine gateway"
  cite  = ["Table 3-6"]
}

role "puredisk_agent" {
  title = "PureDisk client agent"
  cite  = ["Table 3-5"]
}

role "puredisk_admin_host" {
  title    = "PureDisk administrator's host system"
  external = true
  cite     = ["Table 3-6"]
}

role "dns_server" {
  title    = "DNS server"
  external = true
  cite     = ["Table 3-5"]
}

role "opscenter_server" {
  title     = "Symantec OpsCenter Server"
  versioned = true
  brings    = [role.opscenter_db]
  cite      = ["Table 3-2"]
}

role "opscenter_client" {
  title     = "Symantec OpsCenter Client"
  versioned = true
  cite      = ["Table 3-2"]
}

# The guide's destination is the OpsCenter Server itself; a database on another
# host is declared with this role.
role "opscenter_db" {
  title     = "Sybase database of the OpsCenter Server"
  versioned = true
  cite      = ["Table 3-2"]
}

role "opscenter_at" {
  title = "Host of the Symantec Product Authentication Service (AT) Server"
  cite  = ["Table 3-2"]
}

role "web_browser" {
  title    = "Web browser"
  external = true
  cite     = ["Table 3-2", "Table 3-3"]
}

role "mail_server" {
  title    = "Mail Server"
  external = true
  cite     = ["Table 3-2"]
}

role "snmp_server" {
  title    = "SNMP Server"
  external = true
  cite     = ["Table 3-2", "Table 3-4"]
}

role "appliance" {
  title = "NetBackup appliance"
  cite  = ["Table 3-3", "Table 3-4"]
}

role "appliance_ipmi" {
  title = "Appliance IPMI"
  ipmi  = true
  cite  = ["Table 3-3"]
}

role "command_line" {
  title    = "Command line of an appliance's administrator"
  external = true
  cite     = ["Table 3-3"]
}

role "ism_console" {
  title    = "NetBackup Integrated Storage Manager"
  external = true
  cite     = ["Table 3-3, note +"]
}

role "rm_console" {
  title    = "Symantec Remote Management - Remote Console"
  external = true
  cite     = ["Table 3-3, note *"]
}

role "call_home" {
  title    = "Call Home server"
  external = true
  cite     = ["Table 3-4"]
}

role "scsp" {
  title    = "SCSP host"
  external = true
  cite     = ["Table 3-4"]
}

role "vmware_backup_host" {
  title     = "NetBackup VMware backup host"
  versioned = true
  cite      = ["NetBackup VMware ports", "Figure 3-3", "Figure 3-4"]
}

role "vcenter" {
  title    = "vCenter server"
  external = true
  cite     = ["NetBackup VMware ports"]
}

role "esx" {
  title    = "ESX/ESXi host"
  external = true
  cite     = ["NetBackup VMware ports"]
}

role "restore_esx" {
  title    = "Restore ESX server"
  external = true
  cite     = ["NetBackup VMware ports"]
}

# The guide doesn't say who connects to nbcssc; the policy says it by giving
# this role.
role "cssc_consumer" {
  title = "Host that uses a CloudStore Service Container"
  cite  = ["NetBackup CloudStore Service Container (nbcssc)"]
}

# Not in the guide: the web UI came with 8.1.2. It is a role of its own because
# for a browser of OpsCenter or an appliance, nothing follows for the master.
role "webui_browser" {
  title    = "Web browser of the NetBackup web UI"
  external = true
  cite     = ["Web UI Security Administrator's Guide"]
}
