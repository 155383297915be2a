package cisco_asa

import (
	"bufio"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// digest is the SHA-256, in hex, of what a plan depends on, spelled in one way:
// numbers for names, one form of each address, members and objects sorted. What
// a device rewrites by itself isn't in it.
func (m *model) digest() string {
	h := sha256.New()
	w := bufio.NewWriterSize(h, 64<<10)
	m.digestObjects(w)
	m.digestLists(w)
	for _, part := range [][]string{m.digestBindings(), m.digestInterfaces(), m.digestPolicies(), m.digestOthers()} {
		for _, s := range part {
			w.WriteString(s)
			w.WriteByte('\n')
		}
	}
	w.Flush()
	return hex.EncodeToString(h.Sum(nil))
}

func (m *model) digestObjects(w *bufio.Writer) {
	sorted := slices.Clone(m.objects)
	slices.SortStableFunc(sorted, func(a, b *object) int { return strings.Compare(a.name, b.name) })
	for _, o := range sorted {
		fmt.Fprintf(w, "object %d %q %s %q %q\n", o.kind, o.name, o.proto.key(), o.description, o.unread)
		members := make([]string, 0, len(o.nets)+len(o.services))
		for _, n := range o.nets {
			members = append(members, n.addr.key()+" "+n.to.String())
		}
		for _, s := range o.services {
			members = append(members, s.proto.key()+s.src.key()+s.dst.key()+s.icmp.key())
		}
		slices.Sort(members)
		for _, s := range slices.Compact(members) {
			w.WriteString(s)
			w.WriteByte('\n')
		}
	}
}

func (m *model) digestLists(w *bufio.Writer) {
	p := m.pool
	addrs := keys(p.addrs.list, operand.key)
	protos := keys(p.protos.list, protoSpec.key)
	ports := keys(p.ports.list, portSpec.key)
	tails := keys(p.tails.list, tail.key)
	sorted := slices.Clone(m.acls)
	slices.SortFunc(sorted, func(a, b *acl) int { return strings.Compare(a.name, b.name) })
	for _, a := range sorted {
		fmt.Fprintf(w, "access-list %q %s %d\n", a.name, a.kind, a.skipped)
		for _, l := range a.lines {
			if l.remark {
				w.WriteString("remark ")
				w.WriteString(p.texts.list[l.x])
				w.WriteByte('\n')
				continue
			}
			w.WriteByte('d' - b2(l.permit))
			w.WriteString(protos[l.proto])
			w.WriteString(addrs[l.src])
			w.WriteString(ports[l.sport])
			w.WriteString(addrs[l.dst])
			w.WriteString(ports[l.dport])
			w.WriteString(tails[l.x])
			w.WriteByte('\n')
		}
	}
}

func b2(b bool) byte {
	if b {
		return 1
	}
	return 0
}

func keys[T any](list []T, key func(T) string) []string {
	out := make([]string, len(list))
	for i, v := range list {
		out[i] = key(v)
	}
	return out
}

// key is the operand in the one form that all its spellings have.
func (o operand) key() string {
	switch o.kind {
	case hostAddr, netAddr, rangeAddr:
	default:
		return " " + strconv.Itoa(int(o.kind)) + strconv.Quote(o.name)
	}
	if p, ok := o.prefix(); ok {
		if p.Bits() == 0 {
			return prefixOperand(p).key()
		}
		return " " + p.String()
	}
	return " " + o.addr().String() + "&" + o.maskAddr().String()
}

func (p protoSpec) key() string {
	return " " + strconv.Itoa(int(p.kind)) + "/" + strconv.Itoa(int(p.number)) + strconv.Quote(p.name)
}

func (p portSpec) key() string {
	if p.op == groupPort {
		return " group" + strconv.Quote(p.name)
	}
	return fmt.Sprint(" ", p.op, "/", p.from, "-", p.to)
}

func (i icmpSpec) key() string {
	if i == (icmpSpec{}) {
		return ""
	}
	return fmt.Sprintf(" icmp %q %v %d %v %d", i.group, i.hasType, i.typ, i.hasCode, i.code)
}

func (t tail) key() string {
	return fmt.Sprintf("%s log %d %d %d %q %v %q", t.icmp.key(), t.log.kind, t.log.level, t.log.interval, t.timeRange, t.inactive, words(t.raw))
}

func (m *model) digestBindings() []string {
	var out []string
	for _, b := range m.bindings {
		out = append(out, fmt.Sprintf("access-group %q %d %q %v", b.acl, b.kind, b.iface, b.perUser))
	}
	slices.Sort(out)
	return out
}

func (m *model) digestInterfaces() []string {
	var out []string
	for _, i := range m.ifaces {
		out = append(out, fmt.Sprintf("interface %q %d %v %v %v %v", i.nameif, i.level, i.prefixes, i.shutdown, i.management, i.dynamic))
	}
	for _, r := range m.routes {
		out = append(out, fmt.Sprintf("route %q %v", r.iface, r.prefix))
	}
	slices.Sort(out)
	return append(out, fmt.Sprint("same-security ", m.sameInter, m.sameIntra, " timeout ", m.timeouts.conn))
}

func (m *model) digestPolicies() []string {
	var out []string
	for _, c := range m.classMaps {
		s := fmt.Sprintf("class-map %q %v %v", c.name, c.matchAny, c.management)
		for _, x := range c.matches {
			s += fmt.Sprintf(" %d %q %d%s", x.kind, words(x.text), x.proto, x.ports.key())
		}
		out = append(out, s)
	}
	for _, p := range m.policyMaps {
		s := fmt.Sprintf("policy-map %q", p.name)
		for _, c := range p.classes {
			s += fmt.Sprintf(" class %q %v", c.class, c.timeout)
			for _, a := range c.actions {
				s += fmt.Sprintf(" %q", words(a))
			}
		}
		out = append(out, s)
	}
	for _, s := range m.servicePolicies {
		out = append(out, fmt.Sprintf("service-policy %q %q", s.policy, s.iface))
	}
	slices.Sort(out)
	return out
}

func (m *model) digestOthers() []string {
	var out []string
	for _, n := range m.nats {
		out = append(out, fmt.Sprintf("nat %q %q", n.object, words(n.text)))
	}
	for _, p := range m.modes {
		out = append(out, "mode "+p.Why)
	}
	return out
}

// words is a line with one blank between its words.
func words(s string) string { return strings.Join(strings.Fields(s), " ") }
