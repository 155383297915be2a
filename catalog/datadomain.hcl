# DataDomain OpenStorage. The portmapper needs both protocols.

flow "media-datadomain-nfs" {
  from    = role.media
  to      = role.data_domain
  service = service.nfs
  covers  = "7.0 - 7.7"
  cite    = ["DataDomain OpenStorage ports"]
  breaks  = "Backups to DataDomain storage and restores from it fail."
}

flow "media-datadomain-portmapper-tcp" {
  from    = role.media
  to      = role.data_domain
  service = service.portmapper_tcp
  covers  = "7.0 - 7.7"
  cite    = ["DataDomain OpenStorage ports"]
  breaks  = "The media server can't find the services of the DataDomain storage server."
}

flow "media-datadomain-portmapper-udp" {
  from    = role.media
  to      = role.data_domain
  service = service.portmapper_udp
  covers  = "7.0 - 7.7"
  cite    = ["DataDomain OpenStorage ports"]
  breaks  = "The media server can't find the services of the DataDomain storage server."
}

flow "media-datadomain-mountd" {
  from    = role.media
  to      = role.data_domain
  service = service.dd_mountd
  covers  = "7.0 - 7.7"
  cite    = ["DataDomain OpenStorage ports"]
  breaks  = "The media server can't mount the DataDomain storage unit."
}

flow "media-datadomain-replication" {
  from    = role.media
  to      = role.data_domain
  service = service.dd_replication
  when    = has(to, feature.optimized_duplication)
  covers  = "7.0 - 7.7"
  class   = "optdup"
  cite    = ["DataDomain OpenStorage ports"]
  breaks  = "Optimized duplication between DataDomain storage servers fails."
}
