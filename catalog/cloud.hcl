# Cloud storage. The guide names nobody who connects to nbcssc: the policy gives
# those hosts the role cssc_consumer.

flow "consumer-media-cssc" {
  from     = role.cssc_consumer
  to       = role.media
  service  = service.nbcssc
  when     = has(to, feature.cloud_storage)
  ports    = to.setting.cssc_port
  covers   = "7.0 - 7.7"
  class    = "cloud"
  cite     = ["NetBackup CloudStore Service Container (nbcssc)"]
  inferred = "tcp: the guide names no protocol, but calls the container web-based"
  breaks   = "Cloud storage can't be configured, throttled or metered."
}
