package paloalto

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"hash"
	"slices"
	"strconv"
	"strings"
)

// digest is the SHA-256, in hex, of what a plan depends on. Neither the dialect
// nor the order of objects and of members of lists is in it, nor what means the
// same (an address with and without /32, a default that is printed or not).
func (m *model) digest() string {
	d := digester{sum: sha256.New(), m: m}
	d.word("paloalto 1")
	d.word(m.vsys)
	d.bool(m.panorama)
	d.word(m.managed)
	d.word(m.rematch)
	d.int(m.tcpTimeout)
	for _, s := range m.scopes {
		d.scope(s)
	}
	for _, i := range byName(m.interfaces.list) {
		f := &m.interfaces.list[i]
		d.word("interface")
		d.word(f.name)
		d.word(f.kind)
		var list []string
		for _, q := range f.networks {
			list = append(list, q.String())
		}
		d.set(list)
	}
	var routes []string
	for _, r := range m.routes {
		hop := ""
		if r.nextHop.IsValid() {
			hop = r.nextHop.String()
		}
		routes = append(routes, r.destination.String()+" "+hop+" "+r.iface)
	}
	d.set(routes)
	d.set(m.virtualWires)
	d.flush()
	return hex.EncodeToString(d.sum.Sum(nil))
}

// digester writes values so that no two sequences of them are the same bytes.
type digester struct {
	sum   hash.Hash
	buf   []byte
	m     *model
	chain []*scope
}

func (d *digester) word(s string) {
	d.buf = binary.AppendUvarint(d.buf, uint64(len(s)))
	d.buf = append(d.buf, s...)
	if len(d.buf) > 1<<14 {
		d.flush()
	}
}

func (d *digester) flush() {
	d.sum.Write(d.buf)
	d.buf = d.buf[:0]
}

func (d *digester) int(n int) { d.word(strconv.Itoa(n)) }

func (d *digester) bool(b bool) {
	if b {
		d.word("1")
	} else {
		d.word("0")
	}
}

// set writes a list whose order doesn't count.
func (d *digester) set(list []string) {
	if len(list) > 1 && !slices.IsSorted(list) {
		list = slices.Clone(list)
		slices.Sort(list)
	}
	d.int(len(list))
	for _, s := range list {
		d.word(s)
	}
}

// addresses writes a list in which addresses can stand beside names.
func (d *digester) addresses(list []string) {
	var changed []string
	for i, s := range list {
		c := s
		if len(s) > 0 && (s[0] <= '9' || len(s) > 1 && looksLike6(s)) {
			if holder(d.chain, s) == nil {
				c = canonicalAddress(s)
			}
		}
		if c != s && changed == nil {
			changed = append(make([]string, 0, len(list)), list[:i]...)
		}
		if changed != nil {
			changed = append(changed, c)
		}
	}
	if changed != nil {
		list = changed
	}
	d.set(list)
}

// looksLike6 says whether s can be an IPv6 address.
func looksLike6(s string) bool {
	for i := range len(s) {
		if s[i] == ':' {
			return true
		}
	}
	return false
}

// byName returns the places of the entries in the order of their names.
func byName[T any, P named[T]](list []T) []int {
	order := make([]int, len(list))
	for i := range order {
		order[i] = i
	}
	slices.SortFunc(order, func(a, b int) int {
		x, y := P(&list[a]).base().name, P(&list[b]).base().name
		switch {
		case x < y:
			return -1
		case x > y:
			return 1
		}
		return 0
	})
	return order
}

func (d *digester) entry(kind string, e *entry) {
	d.word(kind)
	d.word(e.name)
	d.word(e.description)
	d.set(e.tags)
	var unknown []string
	for _, f := range e.unknown {
		unknown = append(unknown, f.name+" "+f.text)
	}
	d.set(unknown)
}

func (d *digester) scope(s *scope) {
	d.chain = d.m.chain(s)
	if s.isEmpty() && s != d.m.context() {
		return
	}
	d.word("scope")
	d.int(int(s.kind))
	d.word(s.name)
	d.word(s.parent)
	for _, i := range byName(s.addresses.list) {
		a := &s.addresses.list[i]
		d.entry("address", &a.entry)
		d.word(a.kind)
		d.word(a.value)
	}
	for _, i := range byName(s.addressGroups.list) {
		g := &s.addressGroups.list[i]
		d.entry("address-group", &g.entry)
		d.set(g.static)
		d.bool(g.dynamic)
		d.word(g.filter)
	}
	for _, i := range byName(s.services.list) {
		v := &s.services.list[i]
		d.entry("service", &v.entry)
		d.word(v.protocol)
		d.word(v.port)
		d.word(v.source)
		d.int(v.timeout)
		d.int(v.halfClose)
		d.int(v.timeWait)
	}
	for _, i := range byName(s.serviceGroups.list) {
		g := &s.serviceGroups.list[i]
		d.entry("service-group", &g.entry)
		d.set(g.members)
	}
	for _, i := range byName(s.tags.list) {
		g := &s.tags.list[i]
		d.entry("tag", &g.entry)
		d.word(g.color)
		d.word(g.comments)
	}
	for _, i := range byName(s.zones.list) {
		z := &s.zones.list[i]
		d.entry("zone", &z.entry)
		d.word(z.kind)
		d.set(z.interfaces)
	}
	for _, i := range byName(s.named.list) {
		o := &s.named.list[i]
		d.entry(o.kind, &o.entry)
		d.word(o.text)
	}
	for _, b := range []*rulebase{&s.pre, &s.rules, &s.post} {
		d.rulebase(b)
	}
}

// isEmpty says whether nothing stands in the scope.
func (s *scope) isEmpty() bool {
	n := len(s.addresses.list) + len(s.addressGroups.list) + len(s.services.list) + len(s.serviceGroups.list) +
		len(s.tags.list) + len(s.zones.list) + len(s.named.list)
	for _, b := range []*rulebase{&s.pre, &s.rules, &s.post} {
		n += len(b.security.list) + len(b.nat.list) + len(b.defaults.list)
	}
	return n == 0
}

func (d *digester) rulebase(b *rulebase) {
	d.word("rules")
	d.int(len(b.security.list))
	for i := range b.security.list {
		d.rule(&b.security.list[i])
	}
	for _, i := range byName(b.defaults.list) {
		d.rule(&b.defaults.list[i])
	}
	d.word("nat")
	d.int(len(b.nat.list))
	for i := range b.nat.list {
		r := &b.nat.list[i]
		d.entry("nat", &r.entry)
		d.bool(r.disabled)
		d.set(r.from)
		d.set(r.to)
		d.addresses(r.source)
		d.addresses(r.destination)
		d.word(r.service)
		d.set(r.translations)
		d.set(strings.Fields(r.text))
	}
}

func (d *digester) rule(r *rule) {
	d.entry("rule", &r.entry)
	d.set(r.from)
	d.set(r.to)
	d.addresses(r.source)
	d.addresses(r.destination)
	for _, list := range [][]string{r.application, r.service, r.sourceUser, r.category, r.sourceHIP, r.destHIP, r.profileGroup} {
		d.set(list)
	}
	for _, b := range []bool{r.negateSource, r.negateDest, r.disabled, r.logStart, r.logEnd, r.icmpUnreachable, r.noInspection} {
		d.bool(b)
	}
	for _, s := range []string{r.action, r.ruleType, r.schedule, r.logSetting, r.profiles, r.groupTag, r.target} {
		d.word(s)
	}
}
