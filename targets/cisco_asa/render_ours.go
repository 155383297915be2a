package cisco_asa

import (
	"cmp"
	"slices"
	"time"

	"github.com/nbfwc/nbfwc/ruleset"
)

// ours is what a job puts on a device: objects, lines and classes, with the
// names that they have there.
type ours struct {
	l *layout
	// objects are in the order of creation: what a group is made of comes
	// before it.
	objects []*object
	// nets are the operands for the groups of the layout, by name there;
	// services the names of service groups.
	nets     map[string]operand
	services map[string]string
	// lists are the lines between the two marks, with them, by interface of
	// the layout.
	lists [][]line
	m     *model
	idles []idleWant
}

// idleWant is an idle timeout with the list that says whose it is.
type idleWant struct {
	name  string
	idle  time.Duration
	lines []line
}

// How often the device asks the ends of an idle connection whether they are
// there, after its timeout, before it ends it.
const (
	dcdRetry = 15 * time.Minute
	dcdMax   = 5
)

// spot is how an object of the layout stands on a device: its name there, and
// for addresses whether it is an object or a group.
type spot struct {
	name string
	kind objectKind
}

// ours spells a layout, with lines of m. at says where each object of it stands; one whose
// spot has no name is named as in the layout.
func (l *layout) ours(m *model, at func(o *object) spot) *ours {
	u := &ours{l: l, m: m, nets: map[string]operand{}, services: map[string]string{}}
	for _, n := range l.nets {
		u.addNet(n, at)
	}
	for _, r := range l.rules {
		if r.service == "" || u.services[r.service] != "" {
			continue
		}
		members, _ := serviceMembers(r.Service)
		reason := r.Reason
		if r.isAnswer {
			reason = "ICMP that answers permitted packets"
		}
		o := &object{kind: serviceGroup, name: r.service, services: members, description: description(reason)}
		o.name = cmp.Or(at(o).name, o.name)
		u.services[r.service] = o.name
		u.objects = append(u.objects, o)
	}
	for _, list := range l.lists {
		u.lists = append(u.lists, u.section(list))
	}
	u.addIdles()
	return u
}

// addNet adds a group: as an object if it is one address, unless it stands on
// the device as a group already.
func (u *ours) addNet(n *wantNet, at func(o *object) spot) {
	o := &object{kind: networkGroup, name: n.name, nets: n.members, description: description(n.reason)}
	if n.device != "" {
		p := at(&object{name: n.device})
		kind := groupAddr
		if p.kind == networkObject || p.kind == 0 && n.host() {
			kind = objectAddr
		}
		u.nets[n.name] = wordOperand(kind, n.device)
		return
	}
	if n.host() {
		o.kind = networkObject
	}
	for _, p := range n.parts {
		o.nets = append(o.nets, netMember{addr: u.nets[p.name]})
	}
	if p := at(o); p.name != "" {
		o.name, o.kind = p.name, p.kind
	}
	kind := groupAddr
	if o.kind == networkObject {
		kind = objectAddr
	}
	u.nets[n.name] = wordOperand(kind, o.name)
	u.objects = append(u.objects, o)
}

// section is the lines of a list with the marks around them.
func (u *ours) section(list *wantList) []line {
	lines := make([]line, 0, 2*len(list.rules)+3)
	lines = append(lines, u.m.line(ace{remark: beginRemark}, 0))
	seen := make(map[line]struct{}, len(list.rules))
	for _, r := range list.rules {
		e := u.entry(r)
		l := u.m.line(e, 0)
		match := l
		if e.tail.log.kind != noLog {
			e.tail.log = logSpec{}
			match = u.m.line(e, 0)
		}
		match.permit = false
		if _, ok := seen[match]; ok {
			continue // the device takes no entry twice, and this one decides nothing
		}
		seen[match] = struct{}{}
		if text := cleanText(cmp.Or(r.Reason, r.Name), maxRemark); text != "" {
			lines = append(lines, u.m.line(ace{remark: text}, 0))
		}
		lines = append(lines, l)
	}
	return append(lines, u.m.line(ace{remark: endRemark}, 0))
}

func (u *ours) side(s wantSide) operand {
	if s.name == "" {
		return s.word
	}
	return u.nets[s.name]
}

func (u *ours) entry(r *wantRule) ace {
	a := ace{
		permit: r.Action == ruleset.Permit, proto: r.inline.proto,
		src: u.side(r.src), sports: r.inline.src, dst: u.side(r.dst), dports: r.inline.dst,
		tail: tail{icmp: r.inline.icmp},
	}
	if r.service != "" {
		a.proto = protoSpec{kind: groupProto, name: u.services[r.service]}
	}
	if r.Log {
		a.tail.log.kind = logPlain
	}
	return a
}

// closing is the last line of an exclusive list.
func (l *layout) closingEntry() ace {
	a := ace{
		permit: l.closing == ruleset.Permit, proto: protoSpec{kind: ipProto},
		src: operand{kind: anyAddr}, dst: operand{kind: anyAddr},
	}
	if l.closeLog {
		a.tail.log.kind = logPlain
	}
	return a
}

// addIdles makes a class for each idle timeout, the longest first, since of
// several that match a packet the first one counts. Its list names the ports of
// each rule: other connections between the same hosts keep their timeout.
func (u *ours) addIdles() {
	byIdle := map[time.Duration][]*wantRule{}
	for _, r := range u.l.rules {
		if r.Idle > 0 {
			byIdle[r.Idle] = append(byIdle[r.Idle], r)
		}
	}
	var order []time.Duration
	for idle := range byIdle {
		order = append(order, idle)
	}
	slices.SortFunc(order, func(a, b time.Duration) int { return cmp.Compare(b, a) })
	for _, idle := range order {
		c := idleWant{name: idleListName(u.l.job.Prefix, idle), idle: idle, lines: []line{u.m.line(ace{remark: idleRemark(idle)}, 0)}}
		seen := map[ace]bool{}
		for _, r := range byIdle[idle] {
			for _, b := range r.Service.Intersect(tcp).Boxes() {
				a := ace{
					permit: true, proto: protoSpec{kind: numberProto, number: ruleset.TCP},
					src: u.side(r.src), dst: u.side(r.dst), sports: portsOf(b.Src), dports: portsOf(b.Dst),
				}
				if !seen[a] {
					seen[a] = true
					c.lines = append(c.lines, u.m.line(a, 0))
				}
			}
		}
		u.idles = append(u.idles, c)
	}
}

// idleRemark is the first line of the list of an idle timeout; by it the list is
// known to be ours.
func idleRemark(idle time.Duration) string { return ownMark + " idle timeout " + clockText(idle) }

func (c *idleWant) policyClass() policyClass {
	return policyClass{class: c.name, timeout: connTimeout{
		hasIdle: true, idle: c.idle, hasDCD: true, dcdRetry: dcdRetry, dcdMax: dcdMax,
	}}
}

func (c *idleWant) classMap() *classMap {
	return &classMap{name: c.name, description: description("idle timeout " + clockText(c.idle)), matches: []classMatch{{kind: matchACL, text: c.name}}}
}
