# What a host uses and what thereby opens ports.

feature "connect_options" {
  title = "Non-default connect options are configured for the client"
  on    = [role.client]
  cite  = ["NetBackup client ports", "Note before Table 2-1"]
}

feature "app_backup" {
  title = "Application backups such as Oracle and SQL"
  on    = [role.client]
  cite  = ["NetBackup client ports"]
}

feature "client_dedup" {
  title = "Client-side deduplication (Client Direct)"
  on    = [role.client]
  cite  = ["NetBackup client ports", "Table 3-1"]
}

feature "resilient" {
  title = "Resilient network connection (7.5 and later)"
  on    = [role.client]
  cite  = ["Table 2-3, note **", "Table 2-4, note **"]
}

feature "pddo" {
  title = "PureDisk Deduplication Option: the media server writes to a PureDisk storage pool"
  on    = [role.media]
  cite  = ["Table 2-3", "Table 3-1"]
}

feature "optimized_duplication" {
  title = "The storage server performs optimized duplication"
  on    = [role.msdp, role.puredisk_spa, role.puredisk_content_router, role.data_domain]
  cite  = ["DataDomain OpenStorage ports", "Table 3-1"]
}

feature "remote_ndmp" {
  title = "Remote NDMP"
  on    = [role.media, role.ndmp_filer]
  cite  = ["NDMP server ports"]
}

feature "ndmp_tir" {
  title = "Catalog file (TIR data) movement during local or 3-way NDMP"
  on    = [role.media, role.ndmp_filer]
  cite  = ["NDMP server ports"]
}

feature "grt" {
  title = "Granular Restore Technology"
  on    = [role.client]
  cite  = ["NetBackup Granular Restore Technology (GRT) ports"]
}

# vxatd, which OpsCenter then asks, was replaced in 7.1: table 2-1 limits it to
# 7.0.1 and before. The release that counts is that of a master server, at
# neither end of the row.
feature "nbac" {
  title = "NBAC is enabled on a master server of 7.0.1 or older that OpsCenter collects from"
  on    = [role.opscenter_server]
  cite  = ["Table 3-2", "Table 2-1, note *"]
}

feature "cloud_storage" {
  title = "The media server is configured for cloud storage (nbcssc runs on it)"
  on    = [role.media]
  cite  = ["NetBackup CloudStore Service Container (nbcssc)"]
}

feature "vmware_hotadd" {
  title = "HotAdd transport"
  on    = [role.vmware_backup_host]
  cite  = ["NetBackup VMware ports"]
}

feature "vmware_nbd" {
  title = "NBD transport"
  on    = [role.vmware_backup_host]
  cite  = ["NetBackup VMware ports"]
}

feature "vmware_nbdssl" {
  title = "NBDSSL transport"
  on    = [role.vmware_backup_host]
  cite  = ["NetBackup VMware ports"]
}

# Opens nothing; a host that says it has said which transport it uses.
feature "vmware_san" {
  title = "SAN transport"
  on    = [role.vmware_backup_host]
  cite  = ["Figure 3-3"]
}

feature "puredisk_dr" {
  title = "Disaster recovery of PureDisk through NetBackup"
  on    = [role.puredisk_node]
  cite  = ["Table 3-6"]
}

# Opens nothing: NetBackup 7.x doesn't support address translation between its
# hosts, so a policy says where there is some and is told.
feature "nat" {
  title = "The host's address is translated (NAT or PAT) on the way to other hosts"
  on = [
    role.master, role.media, role.client, role.emm, role.java_server, role.java_console, role.win_console,
    role.msdp, role.fingerprint, role.load_balancing, role.opscenter_server, role.opscenter_client,
    role.vmware_backup_host, role.cssc_consumer, role.netware, role.puredisk_node, role.puredisk_agent, role.appliance,
  ]
  cite = ["Network and Port address translation"]
}

# Of 8.0 and later only: for 7.x the guide opens client and master to each other
# in any case.

feature "discovery" {
  title = "Stream discovery or application discovery (8.0 and later)"
  on    = [role.client]
  cite  = ["Veritas article 100002391"]
}

feature "user_directed" {
  title = "User-directed backups, archives or restores (8.0 and later)"
  on    = [role.client]
  cite  = ["Veritas article 100002391"]
}

feature "http_tunnel" {
  title = "HTTP tunnel: the client reaches the master's web services through the media server (8.1 and later)"
  on    = [role.client, role.media]
  cite  = ["Veritas article 100002391", "Security and Encryption Guide 10.1.1", "Security and Encryption Guide 11.0"]
}
