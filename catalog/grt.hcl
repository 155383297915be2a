# Granular Restore Technology: the client mounts the image from the media server.

flow "client-media-grt-portmapper" {
  from    = role.client
  to      = role.media
  service = service.portmapper_tcp
  when    = has(from, feature.grt)
  covers  = "7.0 - 7.7"
  class   = "grt"
  cite    = ["NetBackup Granular Restore Technology (GRT) ports"]
  breaks  = "Granular restores fail: the client can't mount the backup image."
}

flow "client-media-grt-nbfsd" {
  from    = role.client
  to      = role.media
  service = service.nbfsd
  when    = has(from, feature.grt)
  covers  = "7.0 - 7.7"
  class   = "grt"
  cite    = ["NetBackup Granular Restore Technology (GRT) ports"]
  breaks  = "Granular restores fail: the client can't read the backup image."
}
