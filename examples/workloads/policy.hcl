# What is backed up beside plain clients: filers, a Data Domain, VMware,
# Exchange with granular restore, and cloud storage.

zone "core" { networks = ["10.70.0.0/24"] }
zone "storage" { networks = ["10.70.1.0/24"] }
zone "virtual" { networks = ["10.70.2.0/24"] }
zone "apps" { networks = ["10.70.16.0/20"] }

firewall "dc" {
  target = "nftables"
  manage = "exclusive"
  interface "core0" { zones = [zone.core] }
  interface "stor0" { zones = [zone.storage] }
  interface "virt0" { zones = [zone.virtual] }
  interface "apps0" { zones = [zone.apps] }
}

domain "dc" {
  version = "7.5"

  hosts "master" {
    addresses = ["10.70.0.10"]
    roles     = [role.master, role.cssc_consumer]
  }
  hosts "media" {
    addresses = ["10.70.0.21"]
    roles     = [role.media]
    features  = [feature.remote_ndmp]
    settings  = { server_port_window = "4900-4999" }
  }
  # It writes to cloud storage and has nothing to do with the filer.
  hosts "media_cloud" {
    addresses = ["10.70.16.9"]
    roles     = [role.media]
    features  = [feature.cloud_storage]
    peers     = { ndmp_filer = [], data_domain = [] }
  }
  hosts "filer" {
    addresses = ["10.70.1.30"]
    roles     = [role.ndmp_filer]
    features  = [feature.remote_ndmp]
  }
  hosts "data_domain" {
    addresses = ["10.70.1.40"]
    roles     = [role.data_domain]
    features  = [feature.optimized_duplication]
  }
  hosts "exchange" {
    addresses = ["10.70.16.50"]
    roles     = [role.client]
    features  = [feature.grt, feature.app_backup]
  }
  hosts "backup_host" {
    addresses = ["10.70.0.60"]
    roles     = [role.vmware_backup_host, role.client]
    features  = [feature.vmware_nbd]
  }
  hosts "vcenter" {
    addresses = ["10.70.2.5"]
    roles     = [role.vcenter]
  }
  hosts "esx" {
    addresses = ["10.70.2.11-10.70.2.14"]
    roles     = [role.esx]
  }
  hosts "restore_esx" {
    addresses = ["10.70.2.15"]
    roles     = [role.restore_esx]
  }
}
