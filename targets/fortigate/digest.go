package fortigate

import (
	"bufio"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/nbfwc/nbfwc/targets"
)

// digest is the SHA-256 of what a plan depends on, in a form that doesn't change
// when a device rewrites it: the policies in order, the objects that they refer
// to and those that have our prefix, zones, interfaces, routes, what changes
// addresses, timeouts and modes. Names, numbers and comments of policies count;
// uuids, the order of fields and of members don't.
func digest(m *model, opt targets.ParseOptions) string {
	h := sha256.New()
	w := bufio.NewWriterSize(h, 1<<16)
	used := usedObjects(m, opt)
	fmt.Fprintf(w, "vdom %q settings %+v ttl %d\n", m.vdom, m.settings, m.ttl.standard)
	for _, t := range m.ttl.ports {
		fmt.Fprintf(w, "ttl %d %v %d\n", t.protocol, t.ports, t.timeout)
	}
	for _, f := range m.interfaces {
		fmt.Fprintf(w, "interface %q %v\n", f.name, f.networks)
	}
	for _, z := range m.zones {
		fmt.Fprintf(w, "zone %q %q %v\n", z.name, sorted(z.members), z.intrazone)
	}
	for _, r := range m.routes {
		fmt.Fprintf(w, "route %v %q %v\n", r.to, r.device, r.off)
	}
	digestObjects(w, m, used)
	digestSchedules(w, m)
	for _, n := range m.nat {
		fmt.Fprintf(w, "nat %q %q %s %v\n", n.table, n.name, fieldsText(n.fields), n.off)
	}
	for _, o := range m.odd {
		fmt.Fprintf(w, "odd %q %q %q %v\n", o.table, o.name, sorted(o.in), o.off)
	}
	for i := range m.policies {
		digestPolicy(w, &m.policies[i])
	}
	for _, p := range m.refused {
		fmt.Fprintf(w, "refused %q %q\n", p.Text, p.Why)
	}
	for _, p := range m.unread {
		fmt.Fprintf(w, "unread %q %q\n", p.Text, p.Why)
	}
	// Writing to a hash doesn't fail.
	_ = w.Flush()
	return hex.EncodeToString(h.Sum(nil))
}

// digestSchedules writes the schedules that policies name and that are not the
// factory's. What a group of schedules holds may be any.
func digestSchedules(w io.Writer, m *model) {
	used, grouped := map[string]bool{}, false
	for i := range m.policies {
		used[m.policies[i].schedule] = true
	}
	for _, s := range m.schedules {
		grouped = grouped || s.table == "group" && used[s.name]
	}
	for _, s := range m.schedules {
		if (used[s.name] || grouped) && !s.isFactory() {
			fmt.Fprintf(w, "schedule %q %q %s\n", s.name, s.table, fieldsText(s.fields))
		}
	}
}

func digestPolicy(w io.Writer, p *policy) {
	fmt.Fprintf(w, "policy %d %q %v %q %q %d %q %v %q %q %q %q %v %v %v %v %q %q %v %d %v %d %v %q %q\n",
		p.id, p.name, p.disabled, sorted(p.srcIntf), sorted(p.dstIntf), p.action, p.actionWord, p.sendDeny, sorted(p.src), sorted(p.dst),
		sorted(p.src6), sorted(p.dst6), p.srcNot, p.dstNot, p.src6Not, p.dst6Not, p.schedule, sorted(p.services), p.serviceNot, p.log,
		p.nat, p.ttl, p.utm, p.comments, fieldsText(p.others))
}

// digestObjects writes objects in the order of their names: on a device it says
// nothing.
func digestObjects(w io.Writer, m *model, used map[string]bool) {
	var lines []string
	add := func(name, format string, args ...any) {
		if used[name] {
			lines = append(lines, fmt.Sprintf(format, args...))
		}
	}
	for i := range m.addresses {
		a := &m.addresses[i]
		if factory, ok := factoryAddress(a.name, a.v6); ok && a.set().exact() && a.set().lo.Equal(factory) {
			continue // printed or not, it is there
		}
		add(a.name, "address %q %v %d %v %v %v %q %q %q %q %q", a.name, a.v6, a.kind, a.prefix, a.from, a.to, a.word, a.value, a.associated, a.comment, fieldsText(a.others))
	}
	for i := range m.groups {
		g := &m.groups[i]
		add(g.name, "group %q %v %q %v %q %q %q %q", g.name, g.v6, sorted(g.members), g.exclude, sorted(g.excluded), g.category, g.comment, fieldsText(g.others))
	}
	for i := range m.services {
		s := &m.services[i]
		if factory, ok := factoryServices[s.name]; ok && s.ttl == 0 && len(s.others) == 0 && s.part().exact() && s.part().lo.Equal(factory.part().lo) {
			continue
		}
		add(s.name, "service %q %d %q %v %v %v %d %d %d %d %q %q", s.name, s.kind, s.word, portSet(s.tcp), portSet(s.udp), portSet(s.sctp),
			s.icmpType, s.icmpCode, s.number, s.ttl, s.comment, fieldsText(s.others))
	}
	for i := range m.svcGroups {
		g := &m.svcGroups[i]
		add(g.name, "svcgroup %q %q %q %q", g.name, sorted(g.members), g.comment, fieldsText(g.others))
	}
	slices.Sort(lines)
	for _, line := range lines {
		fmt.Fprintln(w, line)
	}
}

// usedObjects are the names that policies refer to, what these refer to, and
// those that have our prefix.
func usedObjects(m *model, opt targets.ParseOptions) map[string]bool {
	prefix := prefixOf(opt.Prefix)
	below := map[string][]string{}
	for i := range m.groups {
		g := &m.groups[i]
		below[g.name] = append(append(below[g.name], g.members...), g.excluded...)
	}
	for i := range m.svcGroups {
		g := &m.svcGroups[i]
		below[g.name] = append(below[g.name], g.members...)
	}
	used := map[string]bool{}
	var todo []string
	use := func(names ...string) {
		for _, n := range names {
			if !used[n] {
				used[n] = true
				todo = append(todo, n)
			}
		}
	}
	for i := range m.policies {
		p := &m.policies[i]
		use(p.src...)
		use(p.dst...)
		use(p.src6...)
		use(p.dst6...)
		use(p.services...)
	}
	ours := func(name string) {
		if strings.HasPrefix(name, prefix) {
			use(name)
		}
	}
	for i := range m.addresses {
		ours(m.addresses[i].name)
	}
	for i := range m.groups {
		ours(m.groups[i].name)
	}
	for i := range m.services {
		ours(m.services[i].name)
	}
	for i := range m.svcGroups {
		ours(m.svcGroups[i].name)
	}
	for _, n := range m.nat {
		use(n.names...)
	}
	for len(todo) > 0 {
		name := todo[len(todo)-1]
		todo = todo[:len(todo)-1]
		use(below[name]...)
	}
	return used
}

// sorted is a list in the order of names.
func sorted(list []string) []string {
	if slices.IsSorted(list) {
		return list
	}
	list = slices.Clone(list)
	slices.Sort(list)
	return list
}
