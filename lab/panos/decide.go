package panos

import (
	"net/netip"
	"slices"
	"strings"
	"time"

	"github.com/nbfwc/nbfwc/lab"
)

// answer is whether something matches. maybe stands for what nobody here
// knows: an application, a user, the time of day, the addresses of a name.
type answer uint8

const (
	no answer = iota
	maybe
	yes
)

func claim(ok bool) answer {
	if ok {
		return yes
	}
	return no
}

const (
	protoICMP, protoTCP, protoUDP, protoICMP6, protoSCTP = 1, 6, 17, 58, 132
)

// address says whether an address is in what a rule or a group names.
func (v *view) address(name string, ip netip.Addr, seen map[*node]bool) answer {
	if name == "any" {
		return yes
	}
	if n := v.entry(name, "address"); n != nil {
		return addressObject(n, ip)
	}
	if g := v.entry(name, "address-group"); g != nil {
		if seen[g] {
			return no
		}
		seen[g] = true
		best := no
		if g.child("dynamic") != nil {
			best = maybe
		}
		for _, m := range g.list("static") {
			best = max(best, v.address(m, ip, seen))
		}
		return best
	}
	if p, ok := parseNet(name); ok {
		return claim(p.Masked().Contains(ip))
	}
	if low, high, ok := parseRange(name); ok {
		return claim(ip.BitLen() == low.BitLen() && !ip.Less(low) && !high.Less(ip))
	}
	return maybe
}

func addressObject(n *node, ip netip.Addr) answer {
	if p, ok := parseNet(n.text("ip-netmask")); ok {
		return claim(p.Masked().Contains(ip))
	}
	if low, high, ok := parseRange(n.text("ip-range")); ok {
		return claim(ip.BitLen() == low.BitLen() && !ip.Less(low) && !high.Less(ip))
	}
	if base, wild, ok := parseWildcard(n.text("ip-wildcard")); ok {
		if !ip.Is4() {
			return no
		}
		x := ip.As4()
		for i := range x {
			if (x[i]^base[i])&^wild[i] != 0 {
				return no
			}
		}
		return yes
	}
	return maybe
}

// ports returns the service object that surely matches by ports.
func (v *view) ports(name string, p lab.Packet, seen map[*node]bool) (*node, bool) {
	if n := v.entry(name, "service"); n != nil {
		word := map[uint8]string{protoTCP: "tcp", protoUDP: "udp", protoSCTP: "sctp"}[p.Proto]
		k := n.at("protocol", word)
		if word == "" || k == nil || !hasPort(k.text("port"), p.DstPort) {
			return nil, false
		}
		if s := k.text("source-port"); s != "" && !hasPort(s, p.SrcPort) {
			return nil, false
		}
		return k, true
	}
	if g := v.entry(name, "service-group"); g != nil {
		if seen[g] {
			return nil, false
		}
		seen[g] = true
		for _, m := range g.list("members") {
			if n, ok := v.ports(m, p, seen); ok {
				return n, true
			}
		}
		return nil, false
	}
	switch name {
	case "service-http":
		return nil, p.Proto == protoTCP && (p.DstPort == 80 || p.DstPort == 8080)
	case "service-https":
		return nil, p.Proto == protoTCP && p.DstPort == 443
	}
	return nil, false
}

func hasPort(list string, port uint16) bool {
	ranges, ok := parsePorts(list)
	return ok && slices.ContainsFunc(ranges, func(r portRange) bool { return r.low <= int(port) && int(port) <= r.high })
}

func (v *view) side(r *node, word string, ip netip.Addr) answer {
	best := no
	for _, m := range r.list(word) {
		best = max(best, v.address(m, ip, map[*node]bool{}))
	}
	if r.text("negate-"+word) == "yes" {
		return yes - best
	}
	return best
}

// traffic says whether applications and services match, and which service.
func (v *view) traffic(r *node, p lab.Packet) (answer, *node) {
	services := r.list("service")
	standard := slices.Contains(services, "application-default")
	var object *node
	ports := claim(standard || slices.Contains(services, "any"))
	if ports == no {
		for _, s := range services {
			if n, ok := v.ports(s, p, map[*node]bool{}); ok {
				ports, object = yes, n
				break
			}
		}
	}
	if ports == no {
		return no, nil
	}
	best := no
	for _, a := range r.list("application") {
		switch {
		case a == "any" && standard:
			best = max(best, maybe)
		case a == "any":
			best = yes
		case v.entry(a, "application", "application-group", "application-filter") != nil:
			best = max(best, maybe)
		case a == "ping":
			best = max(best, claim(p.Proto == protoICMP && p.SrcPort == 8 && p.DstPort == 0))
		case a == "ping6":
			best = max(best, claim(p.Proto == protoICMP6 && p.SrcPort == 128 && p.DstPort == 0))
		default:
			best = max(best, maybe)
		}
	}
	return best, object
}

// match says whether a rule is about a packet between two zones.
func (v *view) match(r *node, from, to string, p lab.Packet) (answer, *node) {
	zone := func(word, z string) bool {
		l := r.list(word)
		return slices.Contains(l, "any") || slices.Contains(l, z)
	}
	kind := r.text("rule-type")
	if r.text("disabled") == "yes" || !zone("from", from) || !zone("to", to) ||
		kind == "intrazone" && from != to || kind == "interzone" && from == to {
		return no, nil
	}
	a, object := v.traffic(r, p)
	a = min(a, v.side(r, "source", p.Src), v.side(r, "destination", p.Dst))
	for _, w := range []string{"source-user", "category", "hip-profiles", "source-hip", "destination-hip"} {
		if l := r.list(w); len(l) > 0 && !slices.Contains(l, "any") {
			a = min(a, maybe)
		}
	}
	if r.text("schedule") != "" {
		a = min(a, maybe)
	}
	return a, object
}

// hit is what can decide about a packet.
type hit struct {
	verdict lab.Verdict
	why     string
	service *node
}

func verdict(r *node, p lab.Packet) lab.Verdict {
	switch r.text("action") {
	case "allow":
		return lab.Passes
	case "reset-client", "reset-both":
		if p.Proto == protoTCP {
			return lab.Rejects
		}
	}
	if r.text("icmp-unreachable") == "yes" && r.text("action") != "deny" && p.Proto != protoTCP ||
		r.text("icmp-unreachable") == "yes" && r.text("action") == "drop" {
		return lab.Rejects
	}
	return lab.Drops
}

// zoneOf returns the zone that a zone's or an interface's name stands for.
func zoneOf(vsys *node, name string) string {
	if vsys.at("zone", name) != nil {
		return name
	}
	found := ""
	vsys.child("zone").each(func(z *node) {
		for _, m := range zoneModes {
			if slices.Contains(z.list("network", m), name) {
				found = z.word
			}
		}
	})
	return found
}

// place returns the virtual system and the zones of a packet. Where several
// have a zone of that name, "vsys2/zone" says which.
func (d *Device) place(p lab.Packet) (vsys *node, from, to string) {
	several := false
	d.running.child("vsys").each(func(n *node) {
		f := zoneOf(n, strings.TrimPrefix(p.In, n.word+"/"))
		t := zoneOf(n, strings.TrimPrefix(p.Out, n.word+"/"))
		if f != "" && t != "" {
			several = vsys != nil
			vsys, from, to = n, f, t
		}
	})
	if several {
		return nil, "", ""
	}
	return vsys, from, to
}

// consider returns what may decide about a packet, in order; the last surely
// does.
func (d *Device) consider(p lab.Packet) []hit {
	vsys, from, to := d.place(p)
	if vsys == nil {
		return []hit{{verdict: lab.Undecided, why: "no such zones in one virtual system"}}
	}
	if p.Src.BitLen() != p.Dst.BitLen() {
		return []hit{{verdict: lab.Undecided, why: "two address families"}}
	}
	v := d.view(d.running, vsys.word)
	pushed := d.pushed.at("vsys", vsys.word)
	var hits []hit
	sure := false
	for _, base := range []*node{pushed.child("pre-rulebase"), vsys.child("rulebase"), pushed.child("post-rulebase")} {
		base.at("security", "rules").each(func(r *node) {
			if sure {
				return
			}
			a, object := v.match(r, from, to, p)
			if a != no {
				hits = append(hits, hit{verdict(r, p), "rule " + r.word, object})
			}
			sure = a == yes
		})
		if sure {
			return hits
		}
	}
	name, h := "interzone-default", hit{lab.Drops, "interzone-default", nil}
	if from == to {
		name, h = "intrazone-default", hit{lab.Passes, "intrazone-default", nil}
	}
	for _, base := range []*node{vsys.child("rulebase"), pushed.child("post-rulebase")} {
		if r := base.at("default-security-rules", "rules", name); r != nil && r.child("action") != nil {
			h.verdict = verdict(r, p)
			break
		}
	}
	return append(hits, h)
}

// Decide says what becomes of the first packet of a connection.
func (d *Device) Decide(p lab.Packet) lab.Verdict {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.settle()
	return agreed(d.consider(p))
}

func agreed(hits []hit) lab.Verdict {
	for _, h := range hits {
		if h.verdict != hits[0].verdict {
			return lab.Undecided
		}
	}
	return hits[0].verdict
}

// Explain names what decides about a packet: the rules that may, one after the
// other, if that is open.
func (d *Device) Explain(p lab.Packet) string {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.settle()
	var why []string
	for _, h := range d.consider(p) {
		why = append(why, h.why)
	}
	return strings.Join(why, " or ")
}

// Idle returns how long a connection may be silent before it is dropped: what
// the service of the rule says, or the device's timeout of the protocol.
func (d *Device) Idle(p lab.Packet) time.Duration {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.settle()
	hits := d.consider(p)
	seconds, ok := decimal(hits[0].service.text("override", "yes", "timeout"))
	if ok {
		return time.Duration(seconds) * time.Second
	}
	word, seconds := "timeout-default", 30
	switch p.Proto {
	case protoTCP:
		word, seconds = "timeout-tcp", 3600
	case protoUDP:
		word = "timeout-udp"
	case protoICMP, protoICMP6:
		word, seconds = "timeout-icmp", 6
	}
	if n, ok := decimal(d.running.text("deviceconfig", "setting", "session", word)); ok {
		seconds = n
	}
	return time.Duration(seconds) * time.Second
}
