# NDMP. The media server is the DMA. The ports of the window are a setting of the
# media server that has no default here: whoever uses remote NDMP states it.

flow "media-filer-ndmp" {
  from    = role.media
  to      = role.ndmp_filer
  service = service.ndmp
  covers  = "7.0 - 7.7"
  class   = "ndmp"
  cite    = ["NDMP server ports"]
  breaks  = "All NDMP backups and restores of the filer fail: local, remote and 3-way."
}

flow "filer-media-window" {
  from    = role.ndmp_filer
  to      = role.media
  service = service.server_port_window
  when = (
    has(from, feature.remote_ndmp) ||
    has(to, feature.remote_ndmp) ||
    has(from, feature.ndmp_tir) ||
    has(to, feature.ndmp_tir)
  )
  ports    = to.setting.server_port_window
  covers   = "7.0 - 7.7"
  class    = "ndmp"
  cite     = ["NDMP server ports"]
  inferred = "tcp: the guide names no protocol for the window"
  breaks   = "Remote NDMP backups fail; local and 3-way ones can't send catalog file data (TIR) efficiently."
}
