# Master servers, media servers and clients: tables 2-2, 2-3 and 2-4. What they
# send to deduplication storage stands in dedup.hcl.
#
# A master of 8.0 or later still brings the roles emm and java_server. newer.hcl
# has what such a master needs, and the newer text speaks of no EMM or Java
# server of its own; rows to and from the two thus ask for hosts of 7.x, or for
# an EMM or Java server that isn't on the master.

# Table 2-2: what the master server must reach.

flow "master-emm-pbx" {
  from    = role.master
  to      = role.emm
  service = service.pbx
  when = (
    older(from.version, "8.0") && older(to.version, "8.0") ||
    !plays(to, role.master)
  )
  covers   = "7.0 - 7.7"
  fallback = [service.vnetd]
  cite     = ["Table 2-2"]
  breaks   = "The master server loses the EMM database: no job can allocate media or devices."
}

flow "master-media-pbx" {
  from     = role.master
  to       = role.media
  service  = service.pbx
  covers   = "7.0 - 7.7"
  fallback = [service.vnetd, service.bpcd]
  cite     = ["Table 2-2"]
  breaks   = "The master server can't start or control jobs on the media server."
}

flow "master-media-vnetd-old" {
  from     = role.master
  to       = role.media
  service  = service.vnetd
  when     = older(to.version, "7.0.1")
  covers   = "7.0 - 7.7"
  class    = "old"
  fallback = [service.bpcd]
  cite     = ["Table 2-2", "note *"]
  breaks   = "The master server can't start or control jobs on media servers older than 7.0.1."
}

flow "master-client-pbx" {
  from     = role.master
  to       = role.client
  service  = service.pbx
  covers   = "7.0 - 7.7"
  fallback = [service.vnetd, service.bpcd]
  cite     = ["Table 2-2"]
  breaks   = "The master server can't browse or configure the client, nor answer its user-directed operations."
}

flow "master-client-vnetd-old" {
  from     = role.master
  to       = role.client
  service  = service.vnetd
  when     = older(to.version, "7.0.1")
  covers   = "7.0 - 7.7"
  class    = "old"
  fallback = [service.bpcd]
  cite     = ["Table 2-2", "note **"]
  breaks   = "The master server can't reach clients older than 7.0.1."
}

flow "master-win-console-pbx" {
  from     = role.master
  to       = role.win_console
  service  = service.pbx
  covers   = "7.0 - 7.7"
  fallback = [service.vnetd, service.bpcd]
  cite     = ["Table 2-2"]
  inferred = "Table 2-2 says NetBackup Administration Console; the sentence before it names the Windows Administration Console, and Java consoles need only table 2-8"
  breaks   = "The administration console doesn't get the master server's notifications and answers."
}

flow "master-java-server-pbx" {
  from    = role.master
  to      = role.java_server
  service = service.pbx
  when = (
    older(from.version, "8.0") && older(to.version, "8.0") ||
    !plays(to, role.master)
  )
  covers   = "7.0 - 7.7"
  fallback = [service.vnetd, service.bpcd]
  cite     = ["Table 2-2"]
  breaks   = "The Java server gets no answers: Java Consoles don't work."
}

flow "master-netware-vnetd" {
  from    = role.master
  to      = role.netware
  service = service.vnetd
  covers  = "7.0 - 7.7"
  class   = "netware"
  cite    = ["Table 2-2"]
  breaks  = "The master server can't reach NetWare clients."
}

flow "master-netware-bpcd" {
  from    = role.master
  to      = role.netware
  service = service.bpcd
  covers  = "7.0 - 7.7"
  class   = "netware"
  cite    = ["Table 2-2"]
  breaks  = "The master server can't start bpcd on NetWare clients."
}

flow "master-vxss-at" {
  from    = role.master
  to      = role.vxss
  service = service.vrts_at
  when    = older(from.version, "7.0.2")
  covers  = "7.0 - 7.7"
  class   = "vxss"
  cite    = ["Table 2-2", "Table 2-1, note *"]
  breaks  = "A master server of version 7.0.1 or older can't authenticate with VxSS."
}

flow "master-vxss-auth" {
  from    = role.master
  to      = role.vxss
  service = service.vrts_auth
  when    = older(from.version, "7.0.2")
  covers  = "7.0 - 7.7"
  class   = "vxss"
  cite    = ["Table 2-2", "Table 2-1, note *"]
  breaks  = "A master server of version 7.0.1 or older can't ask VxSS for authorization."
}

# Table 2-3: what a media server must reach. The note on pre-7.0.1 media servers
# binds media-media where either of the two is one; for media-master the media
# server is the source.

flow "media-master-pbx" {
  from     = role.media
  to       = role.master
  service  = service.pbx
  covers   = "7.0 - 7.7"
  fallback = [service.vnetd, service.bprd]
  cite     = ["Table 2-3"]
  breaks   = "The media server can't report to the master server or update its catalog: jobs fail."
}

flow "media-master-vnetd-old" {
  from     = role.media
  to       = role.master
  service  = service.vnetd
  when     = older(from.version, "7.0.1")
  covers   = "7.0 - 7.7"
  class    = "old"
  fallback = [service.bprd]
  cite     = ["Table 2-3", "note *"]
  breaks   = "Media servers older than 7.0.1 can't reach the master server: their jobs fail."
}

flow "media-emm-pbx" {
  from    = role.media
  to      = role.emm
  service = service.pbx
  when = (
    older(from.version, "8.0") && older(to.version, "8.0") ||
    !plays(to, role.master)
  )
  covers   = "7.0 - 7.7"
  fallback = [service.vnetd]
  cite     = ["Table 2-3"]
  breaks   = "The media server can't allocate media or devices: backups queue or fail."
}

flow "media-media-pbx" {
  from     = role.media
  to       = role.media
  service  = service.pbx
  covers   = "7.0 - 7.7"
  fallback = [service.vnetd, service.bpcd]
  cite     = ["Table 2-3"]
  breaks   = "Duplications and restores that involve two media servers fail."
}

flow "media-media-vnetd-old" {
  from     = role.media
  to       = role.media
  service  = service.vnetd
  when     = older(from.version, "7.0.1") || older(to.version, "7.0.1")
  covers   = "7.0 - 7.7"
  class    = "old"
  fallback = [service.bpcd]
  cite     = ["Table 2-3", "note *"]
  breaks   = "Duplications and restores between media servers fail if one of them is older than 7.0.1."
}

flow "media-client-pbx" {
  from     = role.media
  to       = role.client
  service  = service.pbx
  covers   = "7.0 - 7.7"
  fallback = [service.vnetd, service.bpcd]
  cite     = ["Table 2-3"]
  breaks   = "Scheduled backups and restores of the client fail."
}

flow "media-client-vnetd-old" {
  from     = role.media
  to       = role.client
  service  = service.vnetd
  when     = older(to.version, "7.0.1")
  covers   = "7.0 - 7.7"
  class    = "old"
  fallback = [service.bpcd]
  cite     = ["Table 2-3", "note **"]
  breaks   = "Scheduled backups and restores of clients older than 7.0.1 fail."
}

flow "media-client-vnetd-resilient" {
  from    = role.media
  to      = role.client
  service = service.vnetd
  when    = has(to, feature.resilient) && atleast(to.version, "7.5")
  covers  = "7.0 - 7.7"
  class   = "resilient"
  cite    = ["Table 2-3", "note **"]
  breaks  = "Resilient connections to the client can't be made or resumed."
}

flow "media-vxss-at" {
  from    = role.media
  to      = role.vxss
  service = service.vrts_at
  when    = older(from.version, "7.0.2")
  covers  = "7.0 - 7.7"
  class   = "vxss"
  cite    = ["Table 2-3", "Table 2-1, note *"]
  breaks  = "A media server of version 7.0.1 or older can't authenticate with VxSS."
}

flow "media-vxss-auth" {
  from    = role.media
  to      = role.vxss
  service = service.vrts_auth
  when    = older(from.version, "7.0.2")
  covers  = "7.0 - 7.7"
  class   = "vxss"
  cite    = ["Table 2-3", "Table 2-1, note *"]
  breaks  = "A media server of version 7.0.1 or older can't ask VxSS for authorization."
}

flow "media-netware-vnetd" {
  from    = role.media
  to      = role.netware
  service = service.vnetd
  covers  = "7.0 - 7.7"
  class   = "netware"
  cite    = ["Table 2-3"]
  breaks  = "The media server can't reach NetWare clients."
}

flow "media-netware-bpcd" {
  from    = role.media
  to      = role.netware
  service = service.bpcd
  covers  = "7.0 - 7.7"
  class   = "netware"
  cite    = ["Table 2-3"]
  breaks  = "Backups and restores of NetWare clients fail."
}

# Table 2-4: what a client must reach. The sentences before it name the cases in
# which a client connects to a media server; with strict = true one of them must
# be declared. What a resilient client needs is a condition of its own.

flow "client-master-pbx" {
  from     = role.client
  to       = role.master
  service  = service.pbx
  covers   = "7.0 - 7.7"
  fallback = [service.vnetd, service.bprd]
  cite     = ["Table 2-4"]
  breaks   = "User-directed and client-initiated backups and restores fail."
}

flow "client-master-vnetd-old" {
  from     = role.client
  to       = role.master
  service  = service.vnetd
  when     = older(from.version, "7.0.1")
  covers   = "7.0 - 7.7"
  class    = "old"
  fallback = [service.bprd]
  cite     = ["Table 2-4", "note *"]
  breaks   = "User-directed and client-initiated operations of clients older than 7.0.1 fail."
}

flow "client-media-pbx" {
  from    = role.client
  to      = role.media
  service = service.pbx
  when = (
    !domain.strict ||
    has(from, feature.connect_options) ||
    has(from, feature.app_backup) ||
    has(from, feature.client_dedup)
  )
  covers   = "7.0 - 7.7"
  fallback = [service.vnetd, service.bpcd]
  cite     = ["Table 2-4", "NetBackup client ports"]
  breaks   = "Application backups, client-side deduplication and clients with non-default connect options can't reach the media server."
}

flow "client-media-vnetd-old" {
  from    = role.client
  to      = role.media
  service = service.vnetd
  when = (
    older(from.version, "7.0.1") && (
      !domain.strict ||
      has(from, feature.connect_options) ||
      has(from, feature.app_backup) ||
      has(from, feature.client_dedup)
    )
  )
  covers   = "7.0 - 7.7"
  class    = "old"
  fallback = [service.bpcd]
  cite     = ["Table 2-4", "note **", "NetBackup client ports"]
  breaks   = "Application backups and clients with non-default connect options older than 7.0.1 can't reach the media server."
}

flow "client-media-vnetd-resilient" {
  from    = role.client
  to      = role.media
  service = service.vnetd
  when    = has(from, feature.resilient) && atleast(from.version, "7.5")
  covers  = "7.0 - 7.7"
  class   = "resilient"
  cite    = ["Table 2-4", "note **"]
  breaks  = "Resilient connections of the client can't be made or resumed."
}

flow "client-vxss-at" {
  from    = role.client
  to      = role.vxss
  service = service.vrts_at
  when    = older(from.version, "7.0.2")
  covers  = "7.0 - 7.7"
  class   = "vxss"
  cite    = ["Table 2-4", "Table 2-1, note *"]
  breaks  = "A client of version 7.0.1 or older can't authenticate with VxSS."
}
