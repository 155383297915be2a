package panos

// kind says what may stand below a word.
type kind uint8

const (
	container kind = iota // fixed words
	table                 // entries with names, in order
	list                  // members, in order
	scalar                // one value
	open                  // anything: a part of the configuration that isn't emulated
)

// schema is a word of the configuration.
type schema struct {
	word   string
	kind   kind
	rank   int // printed in this order
	kids   []*schema
	byWord map[string]*schema
	entry  *schema             // of a table
	choice string              // of the words of one choice only one stands
	loose  bool                // words that aren't known are open
	text   bool                // a value of free text
	check  func(string) string // of a value, member or name; says what is wrong
}

// anything is the schema of all open words.
var anything = &schema{kind: open}

func words(word string, kids ...*schema) *schema {
	s := &schema{word: word, kids: kids, byWord: make(map[string]*schema, len(kids))}
	for i, k := range kids {
		k.rank = i + 1
		s.byWord[k.word] = k
	}
	return s
}

func entries(word string, name func(string) string, kids ...*schema) *schema {
	return &schema{word: word, kind: table, entry: words("", kids...), check: name}
}

func members(word string, check func(string) string) *schema {
	return &schema{word: word, kind: list, check: check}
}

func value(word string, check func(string) string) *schema {
	return &schema{word: word, kind: scalar, check: check}
}

func text(word string, longest int) *schema {
	return &schema{word: word, kind: scalar, check: atMost(longest), text: true}
}

func opened(word string) *schema { return &schema{word: word, kind: open} }

// openTable is a table whose entries aren't emulated, only named.
func openTable(word string) *schema {
	t := entries(word, nameOf(63))
	t.entry.loose = true
	return t
}

// oneOf marks the words of a choice.
func oneOf(name string, kids ...*schema) []*schema {
	for _, k := range kids {
		k.choice = name
	}
	return kids
}

func and(lists ...[]*schema) []*schema {
	var all []*schema
	for _, l := range lists {
		all = append(all, l...)
	}
	return all
}

func plus(kids ...*schema) []*schema { return kids }

func loosely(s *schema) *schema {
	s.loose = true
	return s
}

var yesNo = wordOf("yes", "no")

func protocolWords(word string, more ...*schema) *schema {
	return words(word, and(plus(
		value("port", portList), value("source-port", portList),
		words("override", oneOf("override",
			words("yes", and(plus(value("timeout", numberIn(1, 604800))), more)...),
			words("no"))...)))...)
}

// objects are the sections that a vsys and the shared part have in common.
func objects() []*schema {
	tags := func() *schema { return members("tag", atMost(127)) }
	return and(plus(
		entries("tag", nameOf(127), value("color", colour), text("comments", 1023)),
		entries("address", objectName, and(oneOf("value",
			value("ip-netmask", ipNetmask), value("ip-range", ipRange),
			value("fqdn", fqdn), value("ip-wildcard", ipWildcard)),
			plus(tags(), text("description", 1023)))...),
		entries("address-group", objectName, and(oneOf("value",
			members("static", atMost(63)), words("dynamic", text("filter", 2047))),
			plus(tags(), text("description", 1023)))...),
		entries("service", objectName, words("protocol", oneOf("protocol",
			protocolWords("tcp", value("halfclose-timeout", numberIn(1, 604800)), value("timewait-timeout", numberIn(1, 600))),
			protocolWords("udp"), protocolWords("sctp"))...),
			tags(), text("description", 1023)),
		entries("service-group", objectName, members("members", atMost(63)), tags()),
		openTable("application"), openTable("application-group"), openTable("application-filter"),
		openTable("schedule"), openTable("external-list"), openTable("profile-group"), openTable("region"),
		loosely(words("log-settings", openTable("profiles"))),
	), others())
}

// others are sections that have nothing to do with security rules.
func others() []*schema {
	var list []*schema
	for _, w := range []string{"profiles", "certificate", "ssl-tls-service-profile", "authentication-profile",
		"authentication-sequence", "server-profile", "user-id-collector", "group-mapping", "global-protect",
		"ssl-decrypt", "threats", "reports", "report-group", "email-scheduler", "application-status", "application-tag",
		"dynamic-user-group", "captive-portal", "admin-role", "botnet", "local-user-database", "url-admin-override",
		"device-object", "dns-proxy", "sdwan-interface-profile", "authentication-object", "content-preview", "override"} {
		list = append(list, opened(w))
	}
	return list
}

func ruleTable() *schema {
	r := entries("rules", ruleName,
		members("to", atMost(31)), members("from", atMost(31)),
		members("source", atMost(255)), members("destination", atMost(255)),
		members("source-user", atMost(1023)), members("category", atMost(63)),
		members("application", atMost(63)), members("service", atMost(63)),
		members("hip-profiles", atMost(63)), members("source-hip", atMost(63)), members("destination-hip", atMost(63)),
		value("action", wordOf("deny", "allow", "drop", "reset-client", "reset-server", "reset-both")),
		value("rule-type", wordOf("universal", "intrazone", "interzone")),
		value("icmp-unreachable", yesNo), value("schedule", atMost(63)),
		words("profile-setting", oneOf("profile", members("group", atMost(63)), opened("profiles"))...),
		value("log-setting", atMost(63)), value("log-start", yesNo), value("log-end", yesNo),
		value("negate-source", yesNo), value("negate-destination", yesNo), value("disabled", yesNo),
		opened("option"), opened("qos"),
		members("tag", atMost(127)), value("group-tag", atMost(127)), text("description", 1024))
	return r
}

func rulebase(word string) *schema {
	defaults := entries("rules", wordOf("intrazone-default", "interzone-default"),
		value("action", wordOf("deny", "allow", "drop", "reset-client", "reset-server", "reset-both")),
		value("icmp-unreachable", yesNo), value("log-setting", atMost(63)),
		value("log-start", yesNo), value("log-end", yesNo),
		words("profile-setting", oneOf("profile", members("group", atMost(63)), opened("profiles"))...),
		members("tag", atMost(127)), value("group-tag", atMost(127)))
	return loosely(words(word, words("security", ruleTable()), words("default-security-rules", defaults)))
}

func zoneTable() *schema {
	network := words("network", and(oneOf("mode",
		members("tap", interfaceName), members("virtual-wire", interfaceName), members("layer2", interfaceName),
		members("layer3", interfaceName), members("external", atMost(63)), words("tunnel")),
		plus(value("zone-protection-profile", atMost(63)), value("log-setting", atMost(63)),
			value("enable-packet-buffer-protection", yesNo)))...)
	z := entries("zone", nameOf(31), network, value("enable-user-identification", yesNo))
	z.entry.loose = true
	return z
}

func interfaceTable(word string) *schema {
	unit := func(more ...*schema) []*schema {
		return and(plus(entries("ip", ipNetmask), value("mtu", numberIn(576, 9216)), value("comment", atMost(1023))), more)
	}
	units := entries("units", interfaceName, unit(value("tag", numberIn(1, 4094)))...)
	units.entry.loose = true
	t := entries(word, interfaceName, and(oneOf("mode",
		loosely(words("layer3", unit(units)...)), opened("layer2"), opened("virtual-wire"), opened("tap"),
		opened("ha"), value("aggregate-group", interfaceName)), plus(text("comment", 1023)))...)
	t.entry.loose = true
	return t
}

// logical is a table of interfaces without a cable: loopback, tunnel, vlan.
func logical(word string) *schema {
	units := entries("units", interfaceName, entries("ip", ipNetmask), value("mtu", numberIn(576, 9216)), text("comment", 1023))
	units.entry.loose = true
	return loosely(words(word, units))
}

func vsysWords() []*schema {
	return and(plus(value("display-name", atMost(31)), opened("import"), zoneTable()), objects(),
		plus(rulebase("rulebase"), opened("setting")))
}

// pushedWords are what Panorama adds to a vsys.
func pushedWords() []*schema {
	return and(vsysWords(), plus(rulebase("pre-rulebase"), rulebase("post-rulebase")))
}

// configSchema is the whole of a firewall's configuration.
var configSchema = words("",
	opened("mgt-config"), words("shared", objects()...), opened("deviceconfig"),
	loosely(words("network", loosely(words("interface", interfaceTable("ethernet"), interfaceTable("aggregate-ethernet"),
		logical("loopback"), logical("tunnel"), logical("vlan"))), virtualRouters())),
	entries("vsys", vsysName, vsysWords()...))

// panoramaSchema is the configuration of a Panorama.
var panoramaSchema = words("",
	opened("mgt-config"), words("shared", and(objects(), plus(rulebase("pre-rulebase"), rulebase("post-rulebase")))...), opened("deviceconfig"),
	opened("template"), opened("template-stack"),
	entries("device-group", nameOf(63), and(plus(opened("devices"), opened("reference-templates"), text("description", 255)), objects(),
		plus(rulebase("pre-rulebase"), rulebase("post-rulebase")))...))

// pushedSchema is what Panorama pushes to it.
var pushedSchema = words("", words("shared", objects()...), entries("vsys", vsysName, pushedWords()...))

func virtualRouters() *schema {
	t := entries("virtual-router", nameOf(31), members("interface", interfaceName))
	t.entry.loose = true
	return t
}
