package panos

import (
	"slices"
	"strings"
)

// view is where a virtual system looks names up: itself, the shared part, and
// what Panorama pushed.
type view struct {
	vsys   *node
	places []*node
	apps   []string
}

var predefinedApps = []string{"ping", "ping6", "icmp", "ipv6-icmp", "ssl", "web-browsing", "ssh", "dns", "ntp", "ftp", "portmapper", "rpc", "ms-ds-smb", "snmp", "syslog", "smtp", "traceroute"}

func (d *Device) view(root *node, vsys string) *view {
	return &view{vsys: root.at("vsys", vsys), apps: d.opt.Applications,
		places: []*node{root.at("vsys", vsys), root.child("shared"), d.pushed.at("vsys", vsys), d.pushed.child("shared")}}
}

// entry returns the nearest entry of a name in one of the sections.
func (v *view) entry(name string, sections ...string) *node {
	for _, p := range v.places {
		for _, s := range sections {
			if n := p.at(s, name); n != nil {
				return n
			}
		}
	}
	return nil
}

func literal(s string) bool {
	_, a := parseNet(s)
	_, _, b := parseRange(s)
	return a || b
}

// checker collects what is wrong with a configuration.
type checker struct {
	*view
	faults  []string
	anyZone bool // zones are not known
}

func (c *checker) say(why string, path ...string) {
	c.faults = append(c.faults, " "+strings.Join(path, " -> ")+" "+why)
}

func (c *checker) reference(name string, path ...string) {
	c.say("'"+name+"' is not a valid reference", path...)
}

// check says what a commit of the configuration complains about.
func (d *Device) check(root *node) []string {
	c := &checker{view: &view{apps: d.opt.Applications, places: []*node{root.child("shared"), d.pushed.child("shared")}}}
	c.section(root.child("shared"))
	root.child("vsys").each(func(n *node) {
		c.view = d.view(root, n.word)
		c.section(n)
		c.zones(n)
		n.at("rulebase", "security", "rules").each(c.rule)
	})
	c.groups(root)
	return c.faults
}

// groups checks the device groups of a Panorama. Zones are those of the
// firewalls, and unknown here.
func (c *checker) groups(root *node) {
	rules := func(n *node) {
		for _, w := range []string{"pre-rulebase", "post-rulebase"} {
			n.at(w, "security", "rules").each(c.rule)
		}
	}
	c.anyZone = true
	c.view = &view{apps: c.apps, places: []*node{root.child("shared")}}
	rules(root.child("shared"))
	root.child("device-group").each(func(n *node) {
		c.view = &view{apps: c.apps, places: []*node{n, root.child("shared")}}
		c.section(n)
		rules(n)
	})
}

func (c *checker) section(n *node) {
	n.child("address").each(func(k *node) {
		path := []string{"address", k.word}
		if k.child("ip-netmask") == nil && k.child("ip-range") == nil && k.child("fqdn") == nil && k.child("ip-wildcard") == nil {
			c.say("is missing 'ip-netmask'", path...)
		}
		if n.at("address-group", k.word) != nil {
			c.say("constraints failed : '"+k.word+"' is already in use by address-group", path...)
		}
		c.tags(k, path)
	})
	n.child("address-group").each(func(k *node) {
		path := []string{"address-group", k.word}
		if k.child("static") == nil && k.text("dynamic", "filter") == "" {
			c.say("constraints failed : the group is empty", path...)
		}
		for _, m := range k.list("static") {
			if c.entry(m, "address", "address-group") == nil {
				c.reference(m, append(path, "static")...)
			}
		}
		c.loop(k, "static", "address-group")
		c.tags(k, path)
	})
	n.child("service").each(func(k *node) {
		path := []string{"service", k.word, "protocol"}
		protocol := k.child("protocol")
		switch {
		case protocol == nil || protocol.first == nil:
			c.say("is missing 'protocol'", path[:2]...)
		case protocol.first.text("port") == "":
			c.say("is missing 'port'", append(path, protocol.first.word)...)
		}
		if n.at("service-group", k.word) != nil {
			c.say("constraints failed : '"+k.word+"' is already in use by service-group", path[:2]...)
		}
		c.tags(k, path[:2])
	})
	n.child("service-group").each(func(k *node) {
		path := []string{"service-group", k.word}
		if len(k.list("members")) == 0 {
			c.say("constraints failed : the group is empty", path...)
		}
		for _, m := range k.list("members") {
			if !c.service(m) {
				c.reference(m, append(path, "members")...)
			}
		}
		c.loop(k, "members", "service-group")
		c.tags(k, path)
	})
}

func (c *checker) service(name string) bool {
	return name == "service-http" || name == "service-https" || c.entry(name, "service", "service-group") != nil
}

func (c *checker) tags(k *node, path []string) {
	names := k.list("tag")
	if len(names) > 64 {
		c.say("constraints failed : more than 64 tags", path...)
	}
	if g := k.text("group-tag"); g != "" {
		names = append(slices.Clone(names), g)
	}
	for _, t := range names {
		if c.entry(t, "tag") == nil {
			c.reference(t, append(slices.Clone(path), "tag")...)
		}
	}
}

// loop complains about a group that is inside itself.
func (c *checker) loop(g *node, leaf, section string) {
	seen := map[*node]bool{}
	todo := []*node{g}
	for len(todo) > 0 {
		n := todo[len(todo)-1]
		todo = todo[:len(todo)-1]
		for _, m := range n.list(leaf) {
			k := c.entry(m, section)
			if k == g {
				c.say("constraints failed : the group is a member of itself", section, g.word)
				return
			}
			if k != nil && !seen[k] {
				seen[k] = true
				todo = append(todo, k)
			}
		}
	}
}

var zoneModes = []string{"layer3", "layer2", "virtual-wire", "tap"}

func (c *checker) zones(n *node) {
	owner := map[string]string{}
	n.child("zone").each(func(z *node) {
		for _, m := range zoneModes {
			for _, i := range z.list("network", m) {
				if owner[i] != "" {
					c.say("'"+i+"' is already in zone "+owner[i], "zone", z.word, "network", m)
				}
				owner[i] = z.word
			}
		}
	})
}

var required = []string{"to", "from", "source", "destination", "application", "service"}

func (c *checker) rule(r *node) {
	path := []string{"rulebase", "security", "rules", r.word}
	at := func(w string) []string { return append(slices.Clone(path), w) }
	for _, w := range required {
		l := r.list(w)
		if len(l) == 0 {
			c.say("is missing '"+w+"'", path...)
		}
		if len(l) > 1 && (slices.Contains(l, "any") || w == "service" && slices.Contains(l, "application-default")) {
			c.say("constraints failed : 'any' and 'application-default' stand alone", at(w)...)
		}
		for _, m := range l {
			switch {
			case m == "any" || w == "service" && m == "application-default":
			case (w == "to" || w == "from") && c.anyZone:
			case (w == "to" || w == "from") && c.entry(m, "zone") == nil,
				(w == "source" || w == "destination") && c.entry(m, "address", "address-group", "external-list", "region") == nil && !literal(m),
				w == "service" && !c.service(m):
				c.reference(m, at(w)...)
			case w == "application" && !slices.Contains(predefinedApps, m) && !slices.Contains(c.apps, m) &&
				c.entry(m, "application", "application-group", "application-filter") == nil:
				c.faults = append(c.faults, "Error: application '"+m+"' not found")
			}
		}
	}
	if r.child("action") == nil {
		c.say("is missing 'action'", path...)
	}
	if r.text("rule-type") == "intrazone" {
		from, to := slices.Clone(r.list("from")), slices.Clone(r.list("to"))
		slices.Sort(from)
		slices.Sort(to)
		if !slices.Equal(from, to) {
			c.say("constraints failed : an intrazone rule has the same zones in from and to", at("rule-type")...)
		}
	}
	if s := r.text("schedule"); s != "" && c.entry(s, "schedule") == nil {
		c.reference(s, at("schedule")...)
	}
	if s := r.text("log-setting"); s != "" {
		found := slices.ContainsFunc(c.places, func(p *node) bool { return p.at("log-settings", "profiles", s) != nil })
		if !found {
			c.reference(s, at("log-setting")...)
		}
	}
	for _, g := range r.list("profile-setting", "group") {
		if c.entry(g, "profile-group") == nil {
			c.reference(g, append(at("profile-setting"), "group")...)
		}
	}
	c.tags(r, path)
}
