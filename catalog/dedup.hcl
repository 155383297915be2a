# Deduplication: MSDP, PDDO, optimized duplication, Auto Image Replication: table
# 3-1 with its notes, and the deduplication rows of tables 2-3 and 2-4. 10102 is
# MSDP's alone, 443 is PDDO's alone, 10082 serves both.

# A client that deduplicates its own data.

flow "client-msdp-spad" {
  from    = role.client
  to      = role.msdp
  service = service.spad
  when    = has(from, feature.client_dedup)
  covers  = "7.0 - 7.7"
  class   = "dedup"
  cite    = ["Table 2-4", "Table 3-1"]
  breaks  = "Client-side deduplication to the MSDP server fails."
}

flow "client-msdp-spoold" {
  from    = role.client
  to      = role.msdp
  service = service.spoold
  when    = has(from, feature.client_dedup)
  covers  = "7.0 - 7.7"
  class   = "dedup"
  cite    = ["Table 2-4", "Table 3-1"]
  breaks  = "Client-side deduplication to the MSDP server fails."
}

flow "client-spa-web" {
  from    = role.client
  to      = role.puredisk_spa
  service = service.puredisk_web
  when    = has(from, feature.client_dedup)
  covers  = "7.0 - 7.7"
  class   = "dedup"
  cite    = ["Table 2-4", "Table 3-1"]
  breaks  = "Client-side deduplication to the PureDisk storage pool fails."
}

flow "client-content-router-spoold" {
  from    = role.client
  to      = role.puredisk_content_router
  service = service.spoold
  when    = has(from, feature.client_dedup)
  covers  = "7.0 - 7.7"
  class   = "dedup"
  cite    = ["Table 2-4", "Table 3-1"]
  breaks  = "Client-side deduplication to the PureDisk storage pool fails."
}

# The media server. A simple MSDP configuration (one media server for each
# client, no load balancing, no optimized duplication) needs none of the ports:
# table 2-3 has them, the note before table 3-1 says when. A media server that
# deduplicates for the storage server of another has the role load_balancing.

flow "media-msdp-spad" {
  from    = role.media
  to      = role.msdp
  service = service.spad
  when    = has(to, feature.optimized_duplication)
  covers  = "7.0 - 7.7"
  class   = "optdup"
  cite    = ["Table 2-3", "Table 3-1", "Note before Table 3-1"]
  breaks  = "Optimized duplication between MSDP servers fails."
}

flow "media-msdp-spoold" {
  from    = role.media
  to      = role.msdp
  service = service.spoold
  when    = has(to, feature.optimized_duplication)
  covers  = "7.0 - 7.7"
  class   = "optdup"
  cite    = ["Table 2-3", "Table 3-1", "Note before Table 3-1"]
  breaks  = "Optimized duplication between MSDP servers fails."
}

flow "media-spa-web" {
  from    = role.media
  to      = role.puredisk_spa
  service = service.puredisk_web
  when    = has(from, feature.pddo) || has(to, feature.optimized_duplication)
  covers  = "7.0 - 7.7"
  class   = "pddo"
  cite    = ["Table 2-3", "Table 3-1"]
  breaks  = "Backups to the PureDisk storage pool (PDDO) fail."
}

flow "media-content-router-spoold" {
  from    = role.media
  to      = role.puredisk_content_router
  service = service.spoold
  when    = has(from, feature.pddo) || has(to, feature.optimized_duplication)
  covers  = "7.0 - 7.7"
  class   = "pddo"
  cite    = ["Table 2-3", "Table 3-1"]
  breaks  = "Backups to the PureDisk storage pool (PDDO) fail."
}

flow "load-balancing-msdp-spad" {
  from    = role.load_balancing
  to      = role.msdp
  service = service.spad
  covers  = "7.0 - 7.7"
  class   = "dedup"
  cite    = ["Table 2-3", "Table 3-1", "Note before Table 3-1"]
  breaks  = "Backups through the load balancing server to the MSDP server fail."
}

flow "load-balancing-msdp-spoold" {
  from    = role.load_balancing
  to      = role.msdp
  service = service.spoold
  covers  = "7.0 - 7.7"
  class   = "dedup"
  cite    = ["Table 2-3", "Table 3-1", "Note before Table 3-1"]
  breaks  = "Backups through the load balancing server to the MSDP server fail."
}

# Storage servers among themselves. Table 3-1 says between: both directions, as
# no other table gives one.

flow "msdp-msdp-spoold" {
  from    = role.msdp
  to      = role.msdp
  service = service.spoold
  when    = has(to, feature.optimized_duplication)
  covers  = "7.0 - 7.7"
  class   = "optdup"
  cite    = ["Table 3-1"]
  breaks  = "Optimized duplication between MSDP servers fails."
}

flow "msdp-msdp-spad" {
  from    = role.msdp
  to      = role.msdp
  service = service.spad
  when    = has(to, feature.optimized_duplication)
  covers  = "7.0 - 7.7"
  class   = "optdup"
  cite    = ["Table 3-1"]
  breaks  = "Optimized duplication between MSDP servers fails."
}

flow "msdp-fingerprint-spad" {
  from    = role.msdp
  to      = role.fingerprint
  service = service.spad
  covers  = "7.0 - 7.7"
  class   = "dedup"
  cite    = ["Table 3-1"]
  breaks  = "The MSDP server can't use the additional server for finger printing."
}

flow "fingerprint-msdp-spad" {
  from    = role.fingerprint
  to      = role.msdp
  service = service.spad
  covers  = "7.0 - 7.7"
  class   = "dedup"
  cite    = ["Table 3-1"]
  breaks  = "The additional server can't report finger prints to the MSDP server."
}

# Auto Image Replication: one end in each of the two domains, either way round.

flow "air-master-master-pbx" {
  from     = role.master
  to       = role.master
  service  = service.pbx
  link     = "air"
  covers   = "7.0 - 7.7"
  class    = "air"
  cite     = ["Table 3-1, note on AIR"]
  inferred = "the guide says between the domains; the hosts meant are masters and storage servers"
  breaks   = "The masters can't agree on replicated images: imports don't start."
}

flow "air-master-msdp-pbx" {
  from     = role.master
  to       = role.msdp
  service  = service.pbx
  link     = "air"
  covers   = "7.0 - 7.7"
  class    = "air"
  cite     = ["Table 3-1, note on AIR"]
  inferred = "the guide says between the domains; the hosts meant are masters and storage servers"
  breaks   = "Auto Image Replication between the domains fails."
}

flow "air-msdp-master-pbx" {
  from     = role.msdp
  to       = role.master
  service  = service.pbx
  link     = "air"
  covers   = "7.0 - 7.7"
  class    = "air"
  cite     = ["Table 3-1, note on AIR"]
  inferred = "the guide says between the domains; the hosts meant are masters and storage servers"
  breaks   = "Auto Image Replication between the domains fails."
}

flow "air-msdp-msdp-pbx" {
  from     = role.msdp
  to       = role.msdp
  service  = service.pbx
  link     = "air"
  covers   = "7.0 - 7.7"
  class    = "air"
  cite     = ["Table 3-1, note on AIR"]
  inferred = "the guide says between the domains; the hosts meant are masters and storage servers"
  breaks   = "Auto Image Replication between the domains fails."
}

flow "air-msdp-msdp-spoold" {
  from    = role.msdp
  to      = role.msdp
  service = service.spoold
  link    = "air"
  covers  = "7.0 - 7.7"
  class   = "air"
  cite    = ["Table 3-1, note on AIR"]
  breaks  = "Auto Image Replication can't send data to the other domain."
}

flow "air-msdp-msdp-spad" {
  from    = role.msdp
  to      = role.msdp
  service = service.spad
  link    = "air"
  covers  = "7.0 - 7.7"
  class   = "air"
  cite    = ["Table 3-1, note on AIR"]
  breaks  = "Auto Image Replication can't reach the other domain's storage server."
}

flow "air-media-spa-web" {
  from    = role.media
  to      = role.puredisk_spa
  service = service.puredisk_web
  link    = "air"
  when    = has(from, feature.pddo)
  covers  = "7.0 - 7.7"
  class   = "air"
  cite    = ["Table 3-1, note on AIR"]
  breaks  = "Auto Image Replication can't reach the other domain's PureDisk storage pool."
}

flow "air-media-content-router-spoold" {
  from    = role.media
  to      = role.puredisk_content_router
  service = service.spoold
  link    = "air"
  when    = has(from, feature.pddo)
  covers  = "7.0 - 7.7"
  class   = "air"
  cite    = ["Table 3-1, note on AIR"]
  breaks  = "Auto Image Replication can't send data to the other domain's PureDisk storage pool."
}
