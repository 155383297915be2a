# Conditions are checked when the policy is read.

setting "mode" {
  kind    = "choice"
  choices = ["clear", "secret"]
}

flow "a" {
  from    = role.media
  to      = role.client
  service = service.pbx
  when    = older(to.version, "7.9") # ERROR: Unusable condition
}
flow "b" {
  from    = role.media
  to      = role.client
  service = service.pbx
  when    = oldr(to.version, "7.5") # ERROR: Unusable condition
}
flow "c" {
  from    = role.media
  to      = role.client
  service = service.pbx
  when    = has(to, feature.resilent) # ERROR: Unknown reference
}
flow "d" {
  from    = role.media
  to      = role.client
  service = service.pbx
  when    = from.setting.mode == "clar" # ERROR: Invalid setting
}
flow "e" {
  from    = role.media
  to      = role.client
  service = service.pbx
  when    = from.setting.mode # ERROR: Unusable condition
}
flow "f" {
  from    = role.media
  to      = role.client
  service = service.pbx
  ports   = [to.version] # ERROR: Unusable condition
}
flow "g" {
  from    = role.media
  to      = role.client
  service = service.pbx
  when    = has(media, feature.resilient) # ERROR: Unusable condition
}
flow "h" {
  from    = role.media
  to      = role.client
  service = service.pbx
  when    = from.version > "7.5" # ERROR: Unusable condition
  ticket  = "X"                  # ERROR: Attributes exclude each other
}
