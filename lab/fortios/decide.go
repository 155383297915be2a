package fortios

import (
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/nbfwc/nbfwc/lab"
)

// answer is whether something matches. maybe stands for what nobody here
// knows: the time of day, a user, the addresses of a name.
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

func (a answer) not() answer { return yes - a }

func (a answer) and(b answer) answer { return min(a, b) }

func anyOf[T any](list []T, match func(T) answer) answer {
	best := no
	for _, x := range list {
		if best = max(best, match(x)); best == yes {
			break
		}
	}
	return best
}

// hit is what can decide about a packet.
type hit struct {
	verdict lab.Verdict
	why     string
	policy  *entry
}

// view is the policies and objects of a VDOM, looked at for a packet.
type view struct {
	cfg *config
	v   *scope
	p   lab.Packet
}

func (w *view) find(path, key string) *entry { return w.v.find(path, key) }

// address says whether an address is in what a name of an IPv4 or IPv6 policy
// field stands for.
func (w *view) address(name string, ip netip.Addr, depth int) answer {
	object, group := "firewall address", "firewall addrgrp"
	if ip.Is6() {
		object, group = "firewall address6", "firewall addrgrp6"
	}
	if e := w.find(object, name); e != nil {
		return matchObject(schemas[object], e, ip)
	}
	g := w.find(group, name)
	if g == nil || depth > 64 { // a virtual IP
		return maybe
	}
	k := schemas[group]
	in := func(m token) answer { return w.address(m.text, ip, depth+1) }
	a := anyOf(g.get("member"), in)
	if g.word(k, "category") != "default" && g.word(k, "category") != "" {
		a = a.and(maybe)
	}
	if g.word(k, "exclude") == "enable" {
		a = a.and(anyOf(g.get("exclude-member"), in).not())
	}
	return a
}

func matchObject(k *schema, e *entry, ip netip.Addr) answer {
	switch e.word(k, "type") {
	case "ipmask":
		return matchMask(e.get("subnet"), ip)
	case "ipprefix":
		p, err := netip.ParsePrefix(e.word(k, "ip6"))
		return claim(err == nil && p.Contains(ip))
	case "iprange":
		lo, err1 := netip.ParseAddr(e.word(k, "start-ip"))
		hi, err2 := netip.ParseAddr(e.word(k, "end-ip"))
		return claim(err1 == nil && err2 == nil && !ip.Less(lo) && !hi.Less(ip))
	case "wildcard":
		return matchMask(e.get("wildcard"), ip)
	}
	return maybe
}

// matchMask is "ADDRESS MASK"; without it everything matches.
func matchMask(v []token, ip netip.Addr) answer {
	if len(v) < 2 {
		return yes
	}
	a, err1 := netip.ParseAddr(v[0].text)
	m, err2 := netip.ParseAddr(v[1].text)
	if err1 != nil || err2 != nil || !a.Is4() || !m.Is4() || !ip.Is4() {
		return no
	}
	x, y, z := a.As4(), m.As4(), ip.As4()
	for i := range x {
		if x[i] != y[i]&z[i] {
			return no
		}
	}
	return yes
}

// addresses is one side of a policy, for the family of the packet.
func (w *view) addresses(e *entry, side string, ip netip.Addr) answer {
	k := schemas["firewall policy"]
	field := side
	if ip.Is6() {
		field += "6"
	}
	list := e.get(field)
	if len(list) == 0 {
		return no
	}
	a := anyOf(list, func(t token) answer { return w.address(t.text, ip, 0) })
	switch {
	case e.word(k, field+"-negate") == "enable":
		return a.not()
	case ip.Is6() && e.word(k, side+"-negate") == "enable": // of both families in some versions
		return maybe
	}
	return a
}

// intf says whether an interface, or a zone, is one of a policy's.
func (w *view) intf(list []token, name string) answer {
	return anyOf(list, func(t token) answer {
		switch {
		case t.text == "any", t.text == name, w.cfg.zoneOf(w.v.name, name) == t.text:
			return yes
		case w.cfg.sdwanZone(w.v.name, t.text) && slices.Contains(w.cfg.sdwanMembers(w.v.name, t.text), name):
			return yes
		}
		return no
	})
}

// sdwanMembers are the interfaces of a zone of the SD-WAN.
func (cfg *config) sdwanMembers(vdom, zone string) []string {
	var list []string
	if t := cfg.sdwan(vdom, "members"); t != nil {
		for _, s := range t.slots {
			z := s.e.word(nil, "zone")
			if z == zone || z == "" && zone == "virtual-wan-link" {
				list = append(list, s.e.word(nil, "interface"))
			}
		}
	}
	return list
}

// service says whether a service or a service group is about the packet.
func (w *view) service(name string, depth int) answer {
	if g := w.find("firewall service group", name); g != nil && depth < 64 {
		return anyOf(g.get("member"), func(m token) answer { return w.service(m.text, depth+1) })
	}
	e := w.find("firewall service custom", name)
	if e == nil {
		return no
	}
	return w.custom(e)
}

func (w *view) custom(e *entry) answer {
	k := schemas["firewall service custom"]
	a := w.protocol(k, e)
	if decidesMore(k, e) {
		a = a.and(maybe)
	}
	return a
}

func (w *view) protocol(k *schema, e *entry) answer {
	switch protocol := e.word(k, "protocol"); protocol {
	case "TCP/UDP/SCTP":
		field := map[uint8]string{6: "tcp-portrange", 17: "udp-portrange", 132: "sctp-portrange"}[w.p.Proto]
		return anyOf(e.get(field), func(t token) answer {
			r, ok := parsePorts(t.text)
			return claim(ok && r.lo <= w.p.DstPort && w.p.DstPort <= r.hi && r.srcLo <= w.p.SrcPort && w.p.SrcPort <= r.srcHi)
		})
	case "ICMP", "ICMP6":
		if w.p.Proto != map[string]uint8{"ICMP": 1, "ICMP6": 58}[protocol] {
			return no
		}
		same := func(field string, is uint16) bool {
			v := e.word(k, field)
			return v == "" || v == strconv.Itoa(int(is))
		}
		return claim(same("icmptype", w.p.SrcPort) && same("icmpcode", w.p.DstPort))
	case "IP":
		n := e.word(k, "protocol-number")
		return claim(n == "0" || n == strconv.Itoa(int(w.p.Proto)))
	}
	return maybe // of the explicit proxy
}

// decidesMore says that an entry has conditions that aren't emulated.
func decidesMore(k *schema, e *entry) bool {
	return slices.ContainsFunc(e.fields, func(f field) bool {
		d := k.byName[f.name]
		if d == nil || !d.decides || len(f.vals) == 0 {
			return false
		}
		switch f.vals[0].text {
		case "disable", "", "0", "0x00", "any", "no-match", "none":
			return false
		}
		return true
	})
}

func (w *view) schedule(name string) answer {
	e := w.find("firewall schedule recurring", name)
	days := ""
	if e != nil {
		days = strings.Join(texts(e.get("day")), " ")
	}
	switch {
	case e == nil:
		return maybe
	case days == "" || days == "none":
		return no
	case len(strings.Fields(days)) == 7 && e.word(nil, "start") == "" && e.word(nil, "end") == "":
		return yes
	}
	return maybe
}

// policy says whether a policy is about the packet.
func (w *view) policy(e *entry) answer {
	k := schemas["firewall policy"]
	on := func(n string) bool { return e.word(k, n) == "enable" }
	if !on("status") {
		return no
	}
	a := w.intf(e.get("srcintf"), w.p.In).and(w.intf(e.get("dstintf"), w.p.Out))
	if a == no {
		return no
	}
	if !on("internet-service-src") && !on("internet-service6-src") {
		a = a.and(w.addresses(e, "srcaddr", w.p.Src))
	}
	if !on("internet-service") && !on("internet-service6") {
		s := anyOf(e.get("service"), func(t token) answer { return w.service(t.text, 0) })
		if on("service-negate") {
			s = s.not()
		}
		a = a.and(w.addresses(e, "dstaddr", w.p.Dst)).and(s)
	}
	for _, n := range []string{"internet-service", "internet-service-src", "internet-service6", "internet-service6-src"} {
		if on(n) {
			a = a.and(maybe)
		}
	}
	if decidesMore(k, e) {
		a = a.and(maybe)
	}
	return a.and(w.schedule(e.word(k, "schedule")))
}

func policyHit(e *entry) hit {
	k := schemas["firewall policy"]
	h := hit{why: "policy " + e.key, policy: e}
	if n := e.word(k, "name"); n != "" {
		h.why += " " + n
	}
	switch e.word(k, "action") {
	case "accept":
		h.verdict = lab.Passes
	case "deny":
		h.verdict = lab.Drops
		if e.word(k, "send-deny-packet") == "enable" {
			h.verdict = lab.Rejects
		}
	}
	return h
}

// hits returns what may decide about a packet, in order; the last surely does.
func (cfg *config) hits(p lab.Packet) []hit {
	in, out := cfg.home(p.In), cfg.home(p.Out)
	switch {
	case in == nil || out == nil:
		return []hit{{verdict: lab.Undecided, why: "no such interface or zone"}}
	case in != out:
		return []hit{{verdict: lab.Undecided, why: "interfaces of different VDOMs"}}
	case cfg.down(p.In) || cfg.down(p.Out):
		return []hit{{verdict: lab.Drops, why: "the interface is down"}}
	case p.Src.BitLen() != p.Dst.BitLen():
		return []hit{{verdict: lab.Undecided, why: "addresses of different families"}}
	}
	settings, k := in.object("system settings"), schemas["system settings"]
	switch {
	case settings.word(k, "opmode") == "transparent":
		return []hit{{verdict: lab.Undecided, why: "transparent mode"}}
	case settings.word(k, "ngfw-mode") == "policy-based":
		return []hit{{verdict: lab.Undecided, why: "policy-based NGFW mode"}}
	case in.translated(p.Dst):
		return []hit{{verdict: lab.Undecided, why: "a virtual IP"}}
	}
	w := view{cfg, in, p}
	hits, sure := w.walk()
	if !sure {
		hits = append(hits, hit{verdict: lab.Drops, why: "policy 0, the implicit deny"})
	}
	if cfg.sameOpenZone(in, p) && hits[0].verdict != lab.Passes {
		pass := hit{verdict: lab.Passes, why: "the zone allows traffic inside it"}
		if len(hits) == 1 && !sure {
			return []hit{pass}
		}
		return append([]hit{pass}, hits...)
	}
	return hits
}

// walk goes through the policies up to the one that surely matches.
func (w *view) walk() (hits []hit, sure bool) {
	t := w.v.table("firewall policy", false)
	for _, s := range t.slots {
		a := w.policy(s.e)
		if a == no {
			continue
		}
		hits = append(hits, policyHit(s.e))
		if a == yes {
			return hits, true
		}
	}
	return hits, false
}

// home is the VDOM of an interface or a zone.
func (cfg *config) home(name string) *scope {
	k := schemas["system interface"]
	if e := cfg.global.find("system interface", name); e != nil {
		if !cfg.vdomMode {
			return cfg.vdoms[0]
		}
		return cfg.vdom(e.word(k, "vdom"))
	}
	for _, v := range cfg.vdoms {
		if v.find("system zone", name) != nil || cfg.sdwanZone(v.name, name) {
			return v
		}
	}
	return nil
}

func (cfg *config) down(name string) bool {
	e := cfg.global.find("system interface", name)
	return e != nil && e.word(schemas["system interface"], "status") == "down"
}

// sameOpenZone says that both sides are of one zone with "intrazone allow".
func (cfg *config) sameOpenZone(v *scope, p lab.Packet) bool {
	zone := func(name string) string {
		if v.find("system zone", name) != nil {
			return name
		}
		return cfg.zoneOf(v.name, name)
	}
	z := v.find("system zone", zone(p.In))
	return z != nil && z.key == zone(p.Out) && z.word(schemas["system zone"], "intrazone") == "allow"
}

// translated says that a virtual IP may stand for an address.
func (v *scope) translated(ip netip.Addr) bool {
	path := "firewall vip"
	if ip.Is6() {
		path = "firewall vip6"
	}
	t := v.byPath[path]
	if t == nil {
		return false
	}
	return slices.ContainsFunc(t.slots, func(s *slot) bool {
		if s.e.word(nil, "status") == "disable" {
			return false
		}
		a, b, isRange := strings.Cut(s.e.word(nil, "extip"), "-")
		if !isRange {
			b = a
		}
		lo, err1 := netip.ParseAddr(a)
		hi, err2 := netip.ParseAddr(b)
		return err1 != nil || err2 != nil || !ip.Less(lo) && !hi.Less(ip)
	})
}

// Decide says what becomes of the first packet of a connection.
func (d *Device) Decide(p lab.Packet) lab.Verdict {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.tick()
	hits := d.cfg.hits(p)
	for _, h := range hits[1:] {
		if h.verdict != hits[0].verdict {
			return lab.Undecided
		}
	}
	return hits[0].verdict
}

// Explain names what decides about a packet: the policies that may, one after
// the other, if that is open.
func (d *Device) Explain(p lab.Packet) string {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.tick()
	var why []string
	for _, h := range d.cfg.hits(p) {
		why = append(why, h.why)
	}
	return strings.Join(why, " or ")
}

// Idle returns how long a connection may be silent before it is dropped; 0 is
// for ever. The service comes before the policy, and this before the VDOM's
// ports and its default.
func (d *Device) Idle(p lab.Packet) time.Duration {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.tick()
	v := d.cfg.home(p.In)
	if v == nil {
		v = d.cfg.vdoms[0]
	}
	hits := d.cfg.hits(p)
	w := view{d.cfg, v, p}
	if e := hits[0].policy; e != nil {
		if s := w.firstService(e); s != nil {
			if t, ok := serviceIdle(s, p.Proto); ok {
				return t
			}
		}
		if t, ok := ttl(e.word(schemas["firewall policy"], "session-ttl")); ok {
			return t
		}
	}
	return w.vdomIdle()
}

// firstService is the first of a policy's services that matches.
func (w *view) firstService(e *entry) *entry {
	todo := slices.Clone(e.get("service"))
	for n := 0; len(todo) > 0 && n < 10000; n++ {
		name := todo[0].text
		todo = todo[1:]
		if g := w.find("firewall service group", name); g != nil {
			todo = append(slices.Clone(g.get("member")), todo...)
			continue
		}
		if s := w.find("firewall service custom", name); s != nil && w.custom(s) == yes {
			return s
		}
	}
	return nil
}

func serviceIdle(e *entry, proto uint8) (time.Duration, bool) {
	k := schemas["firewall service custom"]
	if proto == 17 {
		if t, ok := ttl(e.word(k, "udp-idle-timer")); ok {
			return t, true
		}
	}
	return ttl(e.word(k, "session-ttl"))
}

// ttl reads a timeout; 0 or none leaves it to others.
func ttl(s string) (time.Duration, bool) {
	if s == "never" {
		return 0, true
	}
	n, err := strconv.ParseUint(s, 10, 32)
	return time.Duration(n) * time.Second, err == nil && n > 0
}

func (w *view) vdomIdle() time.Duration {
	o := w.v.object("system session-ttl")
	if t := o.sub("port"); t != nil {
		for _, s := range t.slots {
			number := func(n string) int {
				x, _ := strconv.Atoi(s.e.word(t.k, n))
				return x
			}
			if number("protocol") == int(w.p.Proto) && number("start-port") <= int(w.p.DstPort) && int(w.p.DstPort) <= number("end-port") {
				return time.Duration(number("timeout")) * time.Second
			}
		}
	}
	switch w.p.Proto {
	case 17:
		t, _ := ttl(w.cfg.object("system global").word(schemas["system global"], "udp-idle-timer"))
		return t
	case 1, 58:
		return time.Minute
	}
	t, _ := ttl(o.word(schemas["system session-ttl"], "default"))
	return t
}
