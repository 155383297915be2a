package panos

import (
	"fmt"
	"net/netip"
	"strings"

	"github.com/nbfwc/nbfwc/lab"
)

// braced is a list as "show running security-policy" prints it.
func braced(list []string) string {
	switch len(list) {
	case 0:
		return "any"
	case 1:
		return list[0]
	}
	return "[ " + strings.Join(list, " ") + " ]"
}

// expand replaces names of objects and groups by what they are.
func (v *view) expand(names []string, seen map[*node]bool) (out []string) {
	for _, m := range names {
		if n := v.entry(m, "address"); n != nil {
			for _, w := range []string{"ip-netmask", "ip-range", "ip-wildcard", "fqdn"} {
				if t := n.text(w); t != "" {
					out = append(out, t)
				}
			}
			continue
		}
		if g := v.entry(m, "address-group"); g != nil {
			if !seen[g] {
				seen[g] = true
				out = append(out, v.expand(g.list("static"), seen)...)
			}
			continue
		}
		out = append(out, m)
	}
	return out
}

// services are the ports of a rule as "index:application/protocol/source/destination".
func (v *view) services(r *node) (out []string) {
	seen := map[*node]bool{}
	var add func(app, name string)
	add = func(app, name string) {
		if g := v.entry(name, "service-group"); g != nil {
			for _, m := range g.list("members") {
				if !seen[g] {
					add(app, m)
				}
			}
			seen[g] = true
			return
		}
		proto, from, to := "any", "any", "any"
		switch n := v.entry(name, "service"); {
		case n != nil && n.at("protocol") != nil && n.at("protocol").first != nil:
			p := n.at("protocol").first
			proto, to = p.word, p.text("port")
			if s := p.text("source-port"); s != "" {
				from = s
			}
		case name == "service-http":
			proto, to = "tcp", "80,8080"
		case name == "service-https":
			proto, to = "tcp", "443"
		case name == "application-default":
			proto, to = "any", "application-default"
		}
		out = append(out, fmt.Sprintf("%d:%s/%s/%s/%s", len(out), app, proto, from, to))
	}
	for _, a := range r.list("application") {
		clear(seen)
		for _, s := range r.list("service") {
			add(a, s)
		}
	}
	return out
}

// compiled is a rule as the device runs it.
func (v *view) compiled(r *node, index int) string {
	unreachable := "no"
	if r.text("icmp-unreachable") == "yes" {
		unreachable = "yes"
	}
	return fmt.Sprintf("\"%s; index: %d\" {\n        from %s;\n        source %s;\n        source-region none;\n        to %s;\n        destination %s;\n        destination-region none;\n        user any;\n        category any;\n        application/service %s;\n        action %s;\n        icmp-unreachable: %s\n        terminal yes;\n}\n",
		r.word, index, braced(r.list("from")), braced(v.expand(r.list("source"), map[*node]bool{})), braced(r.list("to")), braced(v.expand(r.list("destination"), map[*node]bool{})),
		braced(v.services(r)), r.text("action"), unreachable)
}

// rules are the rules of a virtual system in the order of evaluation, with
// those that Panorama pushed; disabled ones are not among them.
func (d *Device) rules(vsys *node) (list []*node) {
	pushed := d.pushed.at("vsys", vsys.word)
	for _, base := range []*node{pushed.child("pre-rulebase"), vsys.child("rulebase"), pushed.child("post-rulebase")} {
		base.at("security", "rules").each(func(r *node) {
			if r.text("disabled") != "yes" {
				list = append(list, r)
			}
		})
	}
	return list
}

func (s *Session) vsysHere() *node {
	name := s.target
	if name == "" {
		name = "vsys1"
	}
	if n := s.d.running.at("vsys", name); n != nil {
		return n
	}
	return &node{s: configSchema, word: name}
}

// securityPolicy is "show running security-policy".
func (s *Session) securityPolicy() string {
	v := s.d.view(s.d.running, s.vsysHere().word)
	var b strings.Builder
	for i, r := range s.d.rules(s.vsysHere()) {
		b.WriteString(v.compiled(r, i+1) + "\n")
	}
	return b.String()
}

// test is "test security-policy-match".
func (s *Session) test(rest string) (string, error) {
	f := strings.Fields(rest)
	if len(f) == 0 || f[0] != "security-policy-match" || len(f)%2 != 1 {
		return "", errSyntax
	}
	p, all := lab.Packet{}, false
	for i := 1; i < len(f); i += 2 {
		var err error
		n, number := decimal(f[i+1])
		ok := true
		switch f[i] {
		case "from":
			p.In = f[i+1]
		case "to":
			p.Out = f[i+1]
		case "source":
			p.Src, err = netip.ParseAddr(f[i+1])
		case "destination":
			p.Dst, err = netip.ParseAddr(f[i+1])
		case "protocol":
			p.Proto, ok = uint8(n), number && n < 256
		case "source-port":
			p.SrcPort, ok = uint16(n), number && n < 1<<16
		case "destination-port":
			p.DstPort, ok = uint16(n), number && n < 1<<16
		case "show-all":
			all, ok = f[i+1] == "yes", f[i+1] == "yes" || f[i+1] == "no"
		case "application":
		default:
			return "", errSyntax
		}
		if err != nil || !ok {
			return "", errSyntax
		}
	}
	if !p.Src.IsValid() || !p.Dst.IsValid() || p.Proto == 0 {
		return "", refusal("Server error : source, destination and protocol are needed")
	}
	return s.matching(p, all), nil
}

// matching prints the first rule that surely or possibly matches, or all.
func (s *Session) matching(p lab.Packet, all bool) string {
	vsys := s.vsysHere()
	v := s.d.view(s.d.running, vsys.word)
	var b strings.Builder
	for i, r := range s.d.rules(vsys) {
		from, to := p.In, p.Out
		if from == "" && len(r.list("from")) > 0 {
			from = r.list("from")[0]
		}
		if to == "" && len(r.list("to")) > 0 {
			to = r.list("to")[0]
		}
		if a, _ := v.match(r, from, to, p); a == no {
			continue
		}
		b.WriteString("\n" + v.compiled(r, i+1))
		if !all {
			break
		}
	}
	if b.Len() == 0 {
		return "No rule matched\n"
	}
	return b.String()
}
