# Administration consoles and the Java server: tables 2-6, 2-7 and 2-8.

# Table 2-6. Its 13724 has no note: it holds for every version.

flow "win-console-master-pbx" {
  from     = role.win_console
  to       = role.master
  service  = service.pbx
  covers   = "7.0 - 7.7"
  fallback = [service.vnetd, service.bprd]
  cite     = ["Table 2-6"]
  breaks   = "The Windows Administration Console can't connect to the master server."
}

flow "win-console-master-vnetd" {
  from    = role.win_console
  to      = role.master
  service = service.vnetd
  covers  = "7.0 - 7.7"
  cite    = ["Table 2-6"]
  breaks  = "The Windows Administration Console can't connect to the master server's services behind vnetd."
}

flow "win-console-emm-pbx" {
  from     = role.win_console
  to       = role.emm
  service  = service.pbx
  covers   = "7.0 - 7.7"
  fallback = [service.vnetd]
  cite     = ["Table 2-6"]
  breaks   = "The Windows Administration Console shows no media and no devices."
}

flow "win-console-media-pbx" {
  from     = role.win_console
  to       = role.media
  service  = service.pbx
  covers   = "7.0 - 7.7"
  fallback = [service.vnetd, service.bpcd]
  cite     = ["Table 2-6"]
  breaks   = "The Windows Administration Console can't show or set properties of the media server."
}

flow "win-console-media-vnetd" {
  from    = role.win_console
  to      = role.media
  service = service.vnetd
  covers  = "7.0 - 7.7"
  cite    = ["Table 2-6"]
  breaks  = "The Windows Administration Console can't reach the media server's services behind vnetd."
}

flow "win_console-vxss-at" {
  from    = role.win_console
  to      = role.vxss
  service = service.vrts_at
  when    = older(from.version, "7.0.2")
  covers  = "7.0 - 7.7"
  class   = "vxss"
  cite    = ["Table 2-6", "Table 2-1, note *"]
  breaks  = "A Windows Administration Console of version 7.0.1 or older can't authenticate with VxSS."
}

# Table 2-7. The Java server runs on the master server.

flow "java-server-master-pbx" {
  from    = role.java_server
  to      = role.master
  service = service.pbx
  when = (
    older(from.version, "8.0") && older(to.version, "8.0") ||
    !plays(from, role.master)
  )
  covers   = "7.0 - 7.7"
  fallback = [service.vnetd, service.bprd]
  cite     = ["Table 2-7"]
  breaks   = "Java Consoles can't manage the master server."
}

flow "java-server-master-vnetd" {
  from    = role.java_server
  to      = role.master
  service = service.vnetd
  when = (
    older(from.version, "8.0") && older(to.version, "8.0") ||
    !plays(from, role.master)
  )
  covers = "7.0 - 7.7"
  cite   = ["Table 2-7"]
  breaks = "Java Consoles can't reach the master server's services behind vnetd."
}

flow "java-server-emm-pbx" {
  from    = role.java_server
  to      = role.emm
  service = service.pbx
  when = (
    older(from.version, "8.0") && older(to.version, "8.0") ||
    !plays(from, role.master)
  )
  covers   = "7.0 - 7.7"
  fallback = [service.vnetd]
  cite     = ["Table 2-7"]
  breaks   = "Java Consoles show no media and no devices."
}

flow "java-server-media-pbx" {
  from    = role.java_server
  to      = role.media
  service = service.pbx
  when = (
    older(from.version, "8.0") && older(to.version, "8.0") ||
    !plays(from, role.master)
  )
  covers   = "7.0 - 7.7"
  fallback = [service.vnetd, service.bpcd]
  cite     = ["Table 2-7"]
  breaks   = "Java Consoles can't manage the media server."
}

flow "java-server-media-vnetd" {
  from    = role.java_server
  to      = role.media
  service = service.vnetd
  when = (
    older(from.version, "8.0") && older(to.version, "8.0") ||
    !plays(from, role.master)
  )
  covers = "7.0 - 7.7"
  cite   = ["Table 2-7"]
  breaks = "Java Consoles can't reach the media server's services behind vnetd."
}

flow "java_server-vxss-at" {
  from    = role.java_server
  to      = role.vxss
  service = service.vrts_at
  when    = older(from.version, "7.0.2")
  covers  = "7.0 - 7.7"
  class   = "vxss"
  cite    = ["Table 2-7", "Table 2-1, note *"]
  breaks  = "A Java server of version 7.0.1 or older can't authenticate with VxSS."
}

# Table 2-8: a Java Console needs these and nothing else.

flow "java-console-master-pbx" {
  from     = role.java_console
  to       = role.master
  service  = service.pbx
  covers   = "7.0 - 7.7"
  fallback = [service.vnetd, service.bprd]
  cite     = ["Table 2-8"]
  breaks   = "The Java Console can't connect to the master server."
}

flow "java-console-master-vnetd" {
  from    = role.java_console
  to      = role.master
  service = service.vnetd
  covers  = "7.0 - 7.7"
  cite    = ["Table 2-8"]
  breaks  = "The Java Console's Activity Monitor gets no jobs from the master server."
}

flow "java-console-java-server-pbx" {
  from     = role.java_console
  to       = role.java_server
  service  = service.pbx
  covers   = "7.0 - 7.7"
  fallback = [service.vnetd, service.bpcd]
  cite     = ["Table 2-8"]
  breaks   = "The Java Console can't log on."
}

flow "java-console-java-server-vnetd" {
  from    = role.java_console
  to      = role.java_server
  service = service.vnetd
  covers  = "7.0 - 7.7"
  cite    = ["Table 2-8"]
  breaks  = "The Java Console can't log on through vnetd."
}
