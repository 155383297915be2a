package paloalto

// shapeKind is what can stand below a word.
type shapeKind uint8

const (
	free    shapeKind = iota // anything: not modelled, kept as it is
	branch                   // words that are known, and others
	entries                  // names, all of one shape
	leaf                     // values
	skip                     // anything, and it isn't kept
)

// shape is what a configuration has below a word. It is needed where a dialect
// prints several words in a row, and to leave out what is of no concern.
type shape struct {
	kind shapeKind
	kids map[string]*shape
	each *shape
	// entry is set for what stands below the name of an object or rule, scope
	// for a place of objects.
	entry, scope bool
}

// below returns the shape of the word w.
func (s *shape) below(w []byte) *shape {
	switch s.kind {
	case branch:
		if k := s.kids[string(w)]; k != nil {
			return k
		}
	case entries:
		return s.each
	case skip:
		return skipped
	}
	return anything
}

var (
	anything = &shape{kind: free}
	skipped  = &shape{kind: skip}
	value    = &shape{kind: leaf}
	nothing  = &shape{kind: branch}
	// transparent words lead to the same place that they stand in: config, and
	// "devices NAME".
	transparent      = &shape{}
	transparentEntry = &shape{}
	devicesShape     = &shape{kind: entries, each: transparent}
)

func eachOf(each *shape) *shape { return &shape{kind: entries, each: each} }

// object is the shape of an object or rule with fields of its own; values are
// fields that hold a value or a list.
func object(own map[string]*shape, values ...string) *shape {
	s := &shape{kind: branch, kids: own, entry: true}
	if s.kids == nil {
		s.kids = map[string]*shape{}
	}
	for _, w := range append(values, "description", "tag", "disable-override") {
		s.kids[w] = value
	}
	return s
}

func words(own map[string]*shape, values ...string) *shape {
	s := &shape{kind: branch, kids: own}
	if s.kids == nil {
		s.kids = map[string]*shape{}
	}
	for _, w := range values {
		s.kids[w] = value
	}
	return s
}

type shapes = map[string]*shape

var (
	protocolShape = words(shapes{
		"override": words(shapes{
			"yes": words(nil, "timeout", "halfclose-timeout", "timewait-timeout"),
			"no":  nothing,
		}),
	}, "port", "source-port")

	profileShape = words(shapes{"profiles": anything}, "group")

	ruleShape = object(shapes{
		"profile-setting": profileShape,
		"option":          words(nil, "disable-server-response-inspection"),
		"target":          words(shapes{"devices": anything}, "negate", "tags"),
		"qos":             anything,
	}, "from", "to", "source", "destination", "negate-source", "negate-destination", "application", "service",
		"source-user", "category", "source-hip", "destination-hip", "hip-profiles", "action", "rule-type", "schedule",
		"disabled", "log-start", "log-end", "log-setting", "icmp-unreachable", "group-tag", "uuid")

	natShape = object(shapes{
		"source-translation":              anything,
		"destination-translation":         anything,
		"dynamic-destination-translation": anything,
		"target":                          anything,
	}, "from", "to", "source", "destination", "service", "to-interface", "nat-type", "disabled", "group-tag", "uuid",
		"active-active-device-binding")

	rulebaseShape = words(shapes{
		"security":               words(shapes{"rules": eachOf(ruleShape)}),
		"nat":                    words(shapes{"rules": eachOf(natShape)}),
		"default-security-rules": words(shapes{"rules": eachOf(ruleShape)}),
		"application-override":   skipped,
		"decryption":             skipped,
		"network-packet-broker":  skipped,
		"pbf":                    skipped,
		"qos":                    skipped,
		"sdwan":                  skipped,
		"tunnel-inspect":         skipped,
		"dos":                    anything,
		"authentication":         anything,
		"captive-portal":         anything,
	})

	// objectShapes are the places of objects and rules in every scope.
	objectShapes = shapes{
		"address":       eachOf(object(nil, "ip-netmask", "ip-range", "fqdn", "ip-wildcard")),
		"address-group": eachOf(object(shapes{"dynamic": words(nil, "filter")}, "static")),
		"service": eachOf(object(shapes{
			"protocol": words(shapes{"tcp": protocolShape, "udp": protocolShape, "sctp": protocolShape}),
		})),
		"service-group": eachOf(object(nil, "members")),
		"tag":           eachOf(object(nil, "color", "comments")),
		"zone": eachOf(object(shapes{
			"network": words(nil, "layer3", "layer2", "virtual-wire", "tap", "external", "zone-protection-profile",
				"log-setting", "enable-packet-buffer-protection", "net-inspection"),
		}, "enable-user-identification", "enable-device-identification")),
		"region":             eachOf(object(nil, "address")),
		"schedule":           eachOf(anything),
		"external-list":      eachOf(anything),
		"application":        eachOf(anything),
		"application-group":  eachOf(object(nil, "members")),
		"application-filter": eachOf(anything),
		"rulebase":           rulebaseShape,
		"pre-rulebase":       rulebaseShape,
		"post-rulebase":      rulebaseShape,
		"import":             words(shapes{"network": words(nil, "interface", "virtual-wire")}),
	}

	// ignored are the words of a scope that have no part in which packets
	// pass by the security rules.
	ignored = []string{
		"alg-override", "application-status", "application-tag", "authentication-object", "authentication-profile",
		"authentication-sequence", "authorization-code", "bonjour", "botnet", "captive-portal", "certificate",
		"certificate-profile", "cloud-identity-engine", "content-preview", "decryption", "device-object", "devices",
		"display-name", "dns-proxy", "dynamic-user-group", "email-scheduler", "forwarding-profile", "global-protect",
		"group-mapping", "iot", "local-user-database", "log-settings", "master-device", "ocsp-responder", "override",
		"pdf-summary-report", "profile-group", "profiles", "quarantine", "redistribution-agent",
		"redistribution-collector", "reference-templates", "report-group", "reports", "response-page", "sdwan",
		"sdwan-interface-profile", "server-profile", "setting", "ssl-decrypt", "ssl-exclude-cert",
		"ssl-tls-service-profile", "scep", "threats", "to-sw-version", "ts-agent", "url-admin-override",
		"url-content-types", "user-context", "user-id-agent", "user-id-agent-sequence", "user-id-collector",
		"user-id-hub", "user-id-ssl-auth", "vm-info-source", "web-proxy", "admin-role", "mfa-server-profile",
		"password-profile", "virtual-router", "visible-vsys", "resource", "description", "parent-dg", "dg-id",
		"max-version", "hip-objects", "hip-profiles",
	}

	scopeShape = withIgnored(objectShapes)

	networkShape = words(shapes{
		"interface": anything,
		"virtual-router": eachOf(words(shapes{
			"routing-table": words(shapes{
				"ip":   words(shapes{"static-route": eachOf(anything)}),
				"ipv6": words(shapes{"static-route": eachOf(anything)}),
			}),
		})),
		"logical-router": anything,
		"virtual-wire":   eachOf(anything),
	})

	topShape = makeTop()
)

func withIgnored(m shapes) *shape {
	s := &shape{kind: branch, kids: shapes{}, scope: true}
	for k, v := range m {
		s.kids[k] = v
	}
	for _, w := range ignored {
		if s.kids[w] == nil {
			s.kids[w] = skipped
		}
	}
	return s
}

func makeTop() *shape {
	top := withIgnored(objectShapes)
	for _, w := range []string{
		"mgt-config", "predefined", "template", "template-stack", "log-collector", "log-collector-group", "content",
		"wildfire-appliance", "wildfire-appliance-cluster", "plugins", "deployment", "mlav", "url-filtering",
	} {
		top.kids[w] = skipped
	}
	top.kids["config"] = transparent
	top.kids["devices"] = transparentEntry
	top.kids["shared"] = scopeShape
	top.kids["panorama"] = scopeShape
	top.kids["policy"] = words(shapes{"panorama": scopeShape, "shared": scopeShape})
	top.kids["vsys"] = eachOf(scopeShape)
	top.kids["device-group"] = eachOf(scopeShape)
	top.kids["network"] = networkShape
	top.kids["deviceconfig"] = words(shapes{
		"system": words(shapes{"panorama": anything}, "hostname", "panorama-server", "panorama-server-2"),
		"setting": words(shapes{
			"config":  words(nil, "rematch"),
			"session": words(nil, "timeout-tcp"),
		}),
	})
	top.kids["readonly"] = words(shapes{
		"devices": eachOf(words(shapes{"device-group": eachOf(words(nil, "parent-dg"))})),
	})
	return top
}
