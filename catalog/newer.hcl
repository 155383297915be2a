# What is known of 8.0 and later, from texts of the vendor that were read. A row
# covers only the versions that its text speaks of, never a pair of which both
# ends are 7.x: those are the guide's alone. Where no row covers a pair, the
# compiler says so and names both versions; docs/catalog.md says how to add what
# you know.

# Master and media servers. The article speaks of 7.x to 10.x; pairs of which
# both ends are 7.x are the guide's.

flow "master-media-pbx-8" {
  from        = role.master
  to          = role.media
  service     = service.pbx
  from_covers = "8.0 - 10"
  to_covers   = "7.0.1 - 10"
  cite        = ["Veritas article 100002391"]
  source      = "Veritas article 100002391"
  breaks      = "The master server can't start or control jobs on the media server."
}

flow "media-master-pbx-8" {
  from        = role.media
  to          = role.master
  service     = service.pbx
  from_covers = "7.0.1 - 10"
  to_covers   = "8.0 - 10"
  cite        = ["Veritas article 100002391"]
  source      = "Veritas article 100002391"
  breaks      = "The media server can't report to the master server or update its catalog: jobs fail."
}

flow "media-media-pbx-8" {
  from        = role.media
  to          = role.media
  service     = service.pbx
  from_covers = "8.0 - 10"
  to_covers   = "7.0.1 - 10"
  cite        = ["Veritas article 100002391"]
  source      = "Veritas article 100002391"
  breaks      = "Duplications and restores that involve two media servers fail."
}

flow "media-media-pbx-7-8" {
  from        = role.media
  to          = role.media
  service     = service.pbx
  from_covers = "7.0.1 - 7.7"
  to_covers   = "8.0 - 10"
  cite        = ["Veritas article 100002391"]
  source      = "Veritas article 100002391"
  breaks      = "Duplications and restores that involve two media servers fail."
}

flow "media-client-pbx-8" {
  from        = role.media
  to          = role.client
  service     = service.pbx
  from_covers = "8.0 - 10"
  to_covers   = "7.0.1 - 10"
  cite        = ["Veritas article 100002391"]
  source      = "Veritas article 100002391"
  breaks      = "Scheduled backups and restores of the client fail."
}

# The master server connects to a client only for some operations.

flow "master-client-pbx-8" {
  from    = role.master
  to      = role.client
  service = service.pbx
  when = (
    has(to, feature.discovery) ||
    has(to, feature.app_backup) ||
    has(to, feature.user_directed)
  )
  from_covers = "8.0 - 10"
  to_covers   = "7.0.1 - 10"
  cite        = ["Veritas article 100002391"]
  source      = "Veritas article 100002391"
  breaks      = "Discovery for multiple streams or applications and client-directed operations fail."
}

# From 8.1 on, a client needs the master server for certificates and other web
# services, or a media server as HTTP tunnel; before, only for operations that
# the client begins.

flow "client-master-web-8.1" {
  from    = role.client
  to      = role.master
  service = service.pbx
  when = (
    !has(from, feature.http_tunnel) ||
    has(from, feature.app_backup) ||
    has(from, feature.user_directed) ||
    has(from, feature.client_dedup)
  )
  from_covers = "8.1 - 11.0"
  to_covers   = "8.1 - 11.0"
  cite        = ["Veritas article 100002391", "Security and Encryption Guide 10.1.1", "Security and Encryption Guide 11.0"]
  source      = "Veritas article 100002391; Security and Encryption Guide 10.1.1 and 11.0"
  breaks      = "The client gets no certificate and can't use the master server's web services: all its backups fail in time."
}

flow "client-master-pbx-8" {
  from    = role.client
  to      = role.master
  service = service.pbx
  when = (
    has(from, feature.app_backup) ||
    has(from, feature.user_directed) ||
    has(from, feature.client_dedup)
  )
  from_covers = "7.0.1 - 8.0"
  to_covers   = "8.0 - 10"
  cite        = ["Veritas article 100002391"]
  source      = "Veritas article 100002391"
  breaks      = "Operations that the client begins, and Client Direct restores, fail."
}

flow "client-media-tunnel-8.1" {
  from    = role.client
  to      = role.media
  service = service.pbx
  when = (
    has(from, feature.http_tunnel) && has(to, feature.http_tunnel) &&
    atleast(from.version, "8.1") && atleast(to.version, "8.1")
  )
  from_covers = "7.0.1 - 10"
  to_covers   = "8.0 - 10"
  class       = "tunnel"
  cite        = ["Veritas article 100002391", "Security and Encryption Guide 10.1.1", "Security and Encryption Guide 11.0"]
  source      = "Veritas article 100002391; Security and Encryption Guide 10.1.1 and 11.0"
  breaks      = "The client can't reach the master server's web services through the media server's HTTP tunnel."
}

# Deduplication. The text of 10.0 and 10.1.1 was read; PureDisk is gone from it.

flow "client-msdp-spad-10" {
  from    = role.client
  to      = role.msdp
  service = service.spad
  when    = has(from, feature.client_dedup)
  covers  = "10.0 - 10.1"
  class   = "dedup"
  cite    = ["Network Ports Reference Guide 10.1.1", "Veritas article 100002391"]
  source  = "Network Ports Reference Guide 10.1.1"
  breaks  = "Client Direct backups and restores fail."
}

flow "client-msdp-spoold-10" {
  from    = role.client
  to      = role.msdp
  service = service.spoold
  when    = has(from, feature.client_dedup)
  covers  = "10.0 - 10.1"
  class   = "dedup"
  cite    = ["Network Ports Reference Guide 10.1.1", "Veritas article 100002391"]
  source  = "Network Ports Reference Guide 10.1.1"
  breaks  = "Client Direct backups and restores fail."
}

flow "media-msdp-spad-10" {
  from    = role.media
  to      = role.msdp
  service = service.spad
  when    = has(to, feature.optimized_duplication)
  covers  = "10.0 - 10.1"
  class   = "optdup"
  cite    = ["Network Ports Reference Guide 10.1.1"]
  source  = "Network Ports Reference Guide 10.1.1"
  breaks  = "Optimized duplication between MSDP servers fails."
}

flow "media-msdp-spoold-10" {
  from    = role.media
  to      = role.msdp
  service = service.spoold
  when    = has(to, feature.optimized_duplication)
  covers  = "10.0 - 10.1"
  class   = "optdup"
  cite    = ["Network Ports Reference Guide 10.1.1"]
  source  = "Network Ports Reference Guide 10.1.1"
  breaks  = "Optimized duplication between MSDP servers fails."
}

flow "msdp-msdp-spoold-10" {
  from    = role.msdp
  to      = role.msdp
  service = service.spoold
  when    = has(to, feature.optimized_duplication)
  covers  = "10.0 - 10.1"
  class   = "optdup"
  cite    = ["Network Ports Reference Guide 10.1.1"]
  source  = "Network Ports Reference Guide 10.1.1"
  breaks  = "Optimized duplication between MSDP servers fails."
}

flow "msdp-msdp-spad-10" {
  from    = role.msdp
  to      = role.msdp
  service = service.spad
  when    = has(to, feature.optimized_duplication)
  covers  = "10.0 - 10.1"
  class   = "optdup"
  cite    = ["Network Ports Reference Guide 10.1.1"]
  source  = "Network Ports Reference Guide 10.1.1"
  breaks  = "Optimized duplication between MSDP servers fails."
}

flow "msdp-fingerprint-spad-10" {
  from    = role.msdp
  to      = role.fingerprint
  service = service.spad
  covers  = "10.0 - 10.1"
  class   = "dedup"
  cite    = ["Network Ports Reference Guide 10.1.1"]
  source  = "Network Ports Reference Guide 10.1.1"
  breaks  = "The MSDP server can't use the additional server for finger printing."
}

flow "fingerprint-msdp-spad-10" {
  from    = role.fingerprint
  to      = role.msdp
  service = service.spad
  covers  = "10.0 - 10.1"
  class   = "dedup"
  cite    = ["Network Ports Reference Guide 10.1.1"]
  source  = "Network Ports Reference Guide 10.1.1"
  breaks  = "The additional server can't report finger prints to the MSDP server."
}

flow "air-master-master-pbx-10" {
  from     = role.master
  to       = role.master
  service  = service.pbx
  link     = "air"
  covers   = "10.0 - 10.1"
  class    = "air"
  cite     = ["Network Ports Reference Guide 10.1.1"]
  source   = "Network Ports Reference Guide 10.1.1"
  inferred = "the guide says between the domains; the hosts meant are masters and storage servers"
  breaks   = "The masters can't agree on replicated images: imports don't start."
}

flow "air-master-msdp-pbx-10" {
  from     = role.master
  to       = role.msdp
  service  = service.pbx
  link     = "air"
  covers   = "10.0 - 10.1"
  class    = "air"
  cite     = ["Network Ports Reference Guide 10.1.1"]
  source   = "Network Ports Reference Guide 10.1.1"
  inferred = "the guide says between the domains; the hosts meant are masters and storage servers"
  breaks   = "Auto Image Replication between the domains fails."
}

flow "air-msdp-master-pbx-10" {
  from     = role.msdp
  to       = role.master
  service  = service.pbx
  link     = "air"
  covers   = "10.0 - 10.1"
  class    = "air"
  cite     = ["Network Ports Reference Guide 10.1.1"]
  source   = "Network Ports Reference Guide 10.1.1"
  inferred = "the guide says between the domains; the hosts meant are masters and storage servers"
  breaks   = "Auto Image Replication between the domains fails."
}

flow "air-msdp-msdp-pbx-10" {
  from     = role.msdp
  to       = role.msdp
  service  = service.pbx
  link     = "air"
  covers   = "10.0 - 10.1"
  class    = "air"
  cite     = ["Network Ports Reference Guide 10.1.1"]
  source   = "Network Ports Reference Guide 10.1.1"
  inferred = "the guide says between the domains; the hosts meant are masters and storage servers"
  breaks   = "Auto Image Replication between the domains fails."
}

flow "air-msdp-msdp-spoold-10" {
  from    = role.msdp
  to      = role.msdp
  service = service.spoold
  link    = "air"
  covers  = "10.0 - 10.1"
  class   = "air"
  cite    = ["Network Ports Reference Guide 10.1.1"]
  source  = "Network Ports Reference Guide 10.1.1"
  breaks  = "Auto Image Replication can't send data to the other domain."
}

flow "air-msdp-msdp-spad-10" {
  from    = role.msdp
  to      = role.msdp
  service = service.spad
  link    = "air"
  covers  = "10.0 - 10.1"
  class   = "air"
  cite    = ["Network Ports Reference Guide 10.1.1"]
  source  = "Network Ports Reference Guide 10.1.1"
  breaks  = "Auto Image Replication can't reach the other domain's storage server."
}

# nbcssc went away with 8.1.2; of 8.1.2 itself the text says both. The web UI
# came with 8.1.2.

flow "consumer-media-cssc-8" {
  from     = role.cssc_consumer
  to       = role.media
  service  = service.nbcssc
  when     = has(to, feature.cloud_storage)
  covers   = "8.0 - 8.1.1"
  class    = "cloud"
  cite     = ["Cloud Administrator's Guide 11.1"]
  source   = "Cloud Administrator's Guide 11.1"
  inferred = "tcp: as in the row for 7.x"
  breaks   = "Cloud storage of the media server can't be configured or metered: the port must be 5637."
}

flow "webui-master-https" {
  from     = role.webui_browser
  to       = role.master
  service  = service.https
  covers   = "8.1.2 - 10"
  cite     = ["Web UI Security Administrator's Guide"]
  source   = "Web UI Security Administrator's Guide"
  inferred = "up to 10.x: the source doesn't print its release"
  breaks   = "Browsers can't open the NetBackup web UI."
}
