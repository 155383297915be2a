# VMware. SAN transport needs no 902; a restore that bypasses the vCenter server
# needs it to the Restore ESX server, whatever the transport.

flow "backup-host-vcenter" {
  from     = role.vmware_backup_host
  to       = role.vcenter
  service  = service.vcenter
  covers   = "7.0 - 7.7"
  cite     = ["NetBackup VMware ports", "Figure 3-3", "Figure 3-4"]
  inferred = "the text says NetBackup; the figures show the backup host"
  breaks   = "Virtual machines can't be discovered, snapshots can't be made or removed, restores can't create virtual machines."
}

flow "backup-host-esx" {
  from    = role.vmware_backup_host
  to      = role.esx
  service = service.esx
  when = (
    has(from, feature.vmware_hotadd) ||
    has(from, feature.vmware_nbd) ||
    has(from, feature.vmware_nbdssl)
  )
  covers = "7.0 - 7.7"
  cite   = ["NetBackup VMware ports", "Figure 3-3", "Figure 3-4"]
  breaks = "Backups and restores by HotAdd, NBD or NBDSSL transport fail."
}

flow "backup-host-restore-esx" {
  from    = role.vmware_backup_host
  to      = role.restore_esx
  service = service.esx
  covers  = "7.0 - 7.7"
  cite    = ["NetBackup VMware ports", "Figure 3-3", "Figure 3-4"]
  breaks  = "Restores through the Restore ESX server, which bypass the vCenter server, fail."
}
