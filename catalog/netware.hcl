# Novell NetWare: table 2-5. The other direction stands in tables 2-2 and 2-3.

flow "netware-master-bprd" {
  from    = role.netware
  to      = role.master
  service = service.bprd
  covers  = "7.0 - 7.7"
  class   = "netware"
  cite    = ["Table 2-5"]
  breaks  = "User-directed operations of NetWare clients fail."
}

flow "netware-master-vnetd" {
  from    = role.netware
  to      = role.master
  service = service.vnetd
  covers  = "7.0 - 7.7"
  class   = "netware"
  cite    = ["Table 2-5"]
  breaks  = "NetWare clients can't reach the master server."
}

flow "netware-media-vnetd" {
  from    = role.netware
  to      = role.media
  service = service.vnetd
  covers  = "7.0 - 7.7"
  class   = "netware"
  cite    = ["Table 2-5"]
  breaks  = "Backups and restores of NetWare clients fail."
}
