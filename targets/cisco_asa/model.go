package cisco_asa

import (
	"net/netip"
	"slices"
	"time"

	"github.com/nbfwc/nbfwc/targets"
)

// A model is a running configuration as far as a packet or a plan of ours
// depends on it. The parser fills it, the renderer prints from it, the planner
// compares two of it. Numbers called num are lines of the text that was read, 0
// for what we make ourselves.
type model struct {
	version, hostname, context string

	// objects are all objects and object-groups in the order of the text; they
	// share one name space, which index holds.
	objects []*object
	index   map[string]*object
	// acls are in the order of first creation.
	acls     []*acl
	aclIndex map[string]*acl
	bindings []binding
	ifaces   []iface
	routes   []route
	// sameInter and sameIntra are the two forms of "same-security-traffic
	// permit".
	sameInter, sameIntra bool
	names                map[string]netip.Addr // "name ADDRESS WORD"
	timeouts             timeouts
	classMaps            []*classMap
	policyMaps           []*policyMap
	servicePolicies      []servicePolicy
	nats                 []nat
	// modes are what makes the device another one than is modelled (FTD,
	// transparent, bridge groups, zones): no plan is made for it.
	modes []targets.Problem
	// opt is how the text was read.
	opt targets.ParseOptions
	// fragment says that the text is one of a section that Render wrote: its
	// lists are bound nowhere.
	fragment bool
	// skipped counts the lines of sections that no packet of ours depends on.
	skipped int
	// mentions are the words of these lines, each with the first of them: a list
	// that is bound to an interface can be used by a VPN or a route-map as well.
	mentions map[string]int

	pool *pool
}

func newModel() *model {
	return &model{
		index:    map[string]*object{},
		aclIndex: map[string]*acl{},
		names:    map[string]netip.Addr{},
		mentions: map[string]int{},
		timeouts: timeouts{conn: defaultConnTimeout},
		pool:     newPool(),
	}
}

// clone returns a copy that can be changed without changing m. Both share the
// pool, so that equal lines of the two are equal values.
func (m *model) clone() *model {
	c := *m
	c.objects, c.index = nil, make(map[string]*object, len(m.index))
	for _, o := range m.objects {
		c.addObject(o.clone())
	}
	c.acls, c.aclIndex = nil, make(map[string]*acl, len(m.aclIndex))
	for _, a := range m.acls {
		b := *a
		b.lines = slices.Clone(a.lines)
		c.addACL(&b)
	}
	c.bindings = slices.Clone(m.bindings)
	c.ifaces = slices.Clone(m.ifaces)
	c.routes = slices.Clone(m.routes)
	c.classMaps = nil
	for _, k := range m.classMaps {
		d := *k
		d.matches = slices.Clone(k.matches)
		c.classMaps = append(c.classMaps, &d)
	}
	c.policyMaps = nil
	for _, p := range m.policyMaps {
		q := *p
		q.classes = slices.Clone(p.classes)
		c.policyMaps = append(c.policyMaps, &q)
	}
	c.servicePolicies = slices.Clone(m.servicePolicies)
	c.nats = slices.Clone(m.nats)
	return &c
}

// An objectKind tells the objects and object-groups apart.
type objectKind uint8

const (
	networkObject objectKind = iota + 1
	serviceObject
	networkGroup
	serviceGroup // with a protocol in each member ("enhanced")
	portGroup    // "object-group service NAME tcp", udp or tcp-udp
	protocolGroup
	icmpGroup
	otherGroup // user, security, network-service: never modelled
)

// An object is an object or an object-group. A networkObject has at most one
// member of nets, a networkGroup any number. A serviceObject has at most one of
// services, the other groups any number: a portGroup uses dst of each, a
// protocolGroup proto, an icmpGroup icmp.
type object struct {
	kind        objectKind
	name        string
	proto       protoSpec // of a portGroup: tcp, udp or tcp-udp
	description string
	nets        []netMember
	services    []serviceMember
	// unread says what of it is not modelled, "" if nothing.
	unread string
	num    int
}

func (o *object) clone() *object {
	c := *o
	c.nets = slices.Clone(o.nets)
	c.services = slices.Clone(o.services)
	return &c
}

// A netMember is a host, subnet, range, FQDN, object or group.
type netMember struct {
	addr operand
	to   netip.Addr // the last address if addr is a rangeAddr
	num  int32
}

// A serviceMember is a line of an object or group of services.
type serviceMember struct {
	proto    protoSpec
	src, dst portSpec
	icmp     icmpSpec
	num      int32
}

// An addrKind is a form in which addresses are spelled.
type addrKind uint8

const (
	anyAddr addrKind = iota + 1
	any4Addr
	any6Addr
	hostAddr
	netAddr    // address and mask, or IPv6 prefix
	rangeAddr  // in an object only
	fqdnAddr   // in an object only; name is the FQDN, with "v4 " or "v6 " before it if printed so
	objectAddr // "object NAME"
	groupAddr  // "object-group NAME" of an ACE, "group-object NAME" of a group
	ifaceAddr  // "interface NAMEIF"
	otherAddr  // not modelled
)

// An operand is an address of an ACE or of a group, as it is spelled.
type operand struct {
	name string
	ip   [16]byte // IPv4 in the first four
	mask uint32   // of an IPv4 netAddr; it may have gaps
	kind addrKind
	v6   bool
	bits uint8 // of an IPv6 netAddr
}

func wordOperand(k addrKind, name string) operand { return operand{kind: k, name: name} }

func hostOperand(a netip.Addr) operand { return addrOperand(hostAddr, a) }

func addrOperand(k addrKind, a netip.Addr) operand {
	o := operand{kind: k}
	a = a.Unmap().WithZone("")
	if a.Is4() {
		b := a.As4()
		copy(o.ip[:], b[:])
	} else {
		o.ip, o.v6 = a.As16(), true
	}
	return o
}

// prefixOperand returns the operand that an ACE or group is given for p: a host
// where p is one address, any4 or any6 where it is all of a family.
func prefixOperand(p netip.Prefix) operand {
	p = p.Masked()
	switch {
	case p.IsSingleIP():
		return hostOperand(p.Addr())
	case p.Bits() == 0 && p.Addr().Is4():
		return operand{kind: any4Addr}
	case p.Bits() == 0:
		return operand{kind: any6Addr}
	}
	return netOperand(p)
}

// netOperand spells p as address and mask, or as IPv6 prefix.
func netOperand(p netip.Prefix) operand {
	o := addrOperand(netAddr, p.Addr())
	if o.v6 {
		o.bits = uint8(p.Bits())
	} else {
		o.mask = ^uint32(0) << (32 - p.Bits())
		if p.Bits() == 0 {
			o.mask = 0
		}
	}
	return o
}

// addr is the address of a hostAddr, netAddr or rangeAddr.
func (o operand) addr() netip.Addr {
	if o.v6 {
		return netip.AddrFrom16(o.ip)
	}
	return netip.AddrFrom4([4]byte(o.ip[:4]))
}

// maskAddr is the mask of an IPv4 netAddr.
func (o operand) maskAddr() netip.Addr {
	return netip.AddrFrom4([4]byte{byte(o.mask >> 24), byte(o.mask >> 16), byte(o.mask >> 8), byte(o.mask)})
}

// A protoKind is a form of the protocol position of an ACE.
type protoKind uint8

const (
	ipProto     protoKind = iota + 1 // "ip", every protocol
	numberProto                      // number
	tcpUDPProto                      // "tcp-udp", in groups only
	objectProto                      // "object NAME"
	groupProto                       // "object-group NAME", "group-object NAME" in a group
)

// A protoSpec is what stands in the protocol position of an ACE or of a member
// of a service group.
type protoSpec struct {
	name   string
	kind   protoKind
	number uint8
}

// A portOp is how ports are spelled.
type portOp uint8

const (
	noPorts portOp = iota // none are named: all
	eqPort
	neqPort
	gtPort
	ltPort
	rangePort
	groupPort // "object-group NAME" of an ACE, "group-object NAME" in a group
)

// A portSpec is a port operand.
type portSpec struct {
	name     string
	op       portOp
	from, to uint16 // to is of a range
}

// An icmpSpec is the ICMP part of an ACE or of a member.
type icmpSpec struct {
	group   string // "object-group NAME", or "group-object NAME" in a group
	hasType bool
	hasCode bool
	typ     uint8
	code    uint8
}

// A logSpec is the log clause of an ACE.
type logSpec struct {
	kind     logKind
	level    uint8
	interval uint32
}

type logKind uint8

const (
	noLog      logKind = iota
	logPlain           // "log", which is level 6 and interval 300
	logLevel           // with a level or interval of its own
	logDisable         // "log disable"
	logDefault         // "log default", which is as without the clause
)

// The level and the interval of "log" alone.
const (
	defaultLogLevel    = 6
	defaultLogInterval = 300
)

// A tail is what an ACE has after its operands. unread says what of the ACE is
// not modelled, and raw is then how the line is spelled after the ACL's name;
// both are "" for an ACE that is modelled completely.
type tail struct {
	icmp      icmpSpec
	log       logSpec
	timeRange string
	inactive  bool
	unread    string
	raw       string
}

// An ace is an access control entry, or a remark if it has no protocol.
type ace struct {
	permit         bool
	proto          protoSpec
	src, dst       operand
	sports, dports portSpec
	tail           tail
	remark         string
}

func (a *ace) isRemark() bool { return a.proto.kind == 0 }

// A line is an ace with its parts in the pool of the model. Equal aces of one
// pool have lines that are equal but for num.
type line struct {
	num                              int32
	permit, remark                   bool
	proto, src, sport, dst, dport, x int32 // x is the tail, or a remark's text
}

// sameAs says whether two lines of models with one pool are spelled alike.
func (l line) sameAs(k line) bool {
	l.num, k.num = 0, 0
	return l == k
}

// ace returns the line spelled out.
func (m *model) ace(l line) ace {
	p := m.pool
	if l.remark {
		return ace{remark: p.texts.list[l.x]}
	}
	return ace{
		permit: l.permit,
		proto:  p.protos.list[l.proto],
		src:    p.addrs.list[l.src], sports: p.ports.list[l.sport],
		dst: p.addrs.list[l.dst], dports: p.ports.list[l.dport],
		tail: p.tails.list[l.x],
	}
}

// line returns a as a line of m.
func (m *model) line(a ace, num int) line {
	p := m.pool
	if a.isRemark() {
		return line{num: int32(num), remark: true, x: p.texts.number(a.remark)}
	}
	return line{
		num: int32(num), permit: a.permit,
		proto: p.protos.number(a.proto),
		src:   p.addrs.number(a.src), sport: p.ports.number(a.sports),
		dst: p.addrs.number(a.dst), dport: p.ports.number(a.dports),
		x: p.tails.number(a.tail),
	}
}

// A pool holds the parts of lines once each. It only grows.
type pool struct {
	addrs  table[operand]
	protos table[protoSpec]
	ports  table[portSpec]
	tails  table[tail]
	texts  table[string]
}

func newPool() *pool {
	return &pool{
		addrs:  table[operand]{index: map[operand]int32{}},
		protos: table[protoSpec]{index: map[protoSpec]int32{}},
		ports:  table[portSpec]{index: map[portSpec]int32{}},
		tails:  table[tail]{index: map[tail]int32{}},
		texts:  table[string]{index: map[string]int32{}},
	}
}

// A table gives numbers to values.
type table[T comparable] struct {
	list  []T
	index map[T]int32
}

func (t *table[T]) number(v T) int32 {
	n, ok := t.index[v]
	if !ok {
		n = int32(len(t.list))
		t.list = append(t.list, v)
		t.index[v] = n
	}
	return n
}

// An acl is an access list. Of standard, webtype and ethertype lists, which no
// forwarded IP packet is filtered by, kind is the word and lines is empty.
type acl struct {
	name  string
	kind  string // "extended" or another
	lines []line
	// skipped counts the entries of a list that isn't extended.
	skipped int
	num     int
}

// addObject adds o after the others of m.
func (m *model) addObject(o *object) {
	m.objects = append(m.objects, o)
	m.index[o.name] = o
}

// removeObject removes the object or group of that name.
func (m *model) removeObject(name string) {
	if o := m.index[name]; o != nil {
		delete(m.index, name)
		m.objects = slices.DeleteFunc(m.objects, func(p *object) bool { return p == o })
	}
}

// addACL adds a after the others of m.
func (m *model) addACL(a *acl) {
	m.acls = append(m.acls, a)
	m.aclIndex[a.name] = a
}

// removeACL removes the access list of that name.
func (m *model) removeACL(name string) {
	if a := m.aclIndex[name]; a != nil {
		delete(m.aclIndex, name)
		m.acls = slices.DeleteFunc(m.acls, func(b *acl) bool { return b == a })
	}
}

// A bindKind is where an access-group binds an ACL.
type bindKind uint8

const (
	bindIn bindKind = iota + 1
	bindOut
	bindGlobal
	bindControl // "in interface X control-plane": traffic to the box
)

// A binding is an access-group line.
type binding struct {
	acl   string
	kind  bindKind
	iface string // "" for bindGlobal
	// perUser says that downloaded ACLs of users override it.
	perUser bool
	num     int
}

// bound returns the binding of a kind at an interface ("" for bindGlobal).
func (m *model) bound(k bindKind, iface string) (binding, bool) {
	for _, b := range m.bindings {
		if b.kind == k && b.iface == iface {
			return b, true
		}
	}
	return binding{}, false
}

// An iface is an interface with a nameif.
type iface struct {
	device   string // "GigabitEthernet0/2"
	nameif   string
	level    int
	prefixes []netip.Prefix
	shutdown bool
	// management says "management-only": no packet is forwarded.
	management bool
	// dynamic says that the address is got by DHCP, PPPoE or autoconfiguration.
	dynamic bool
	num     int
}

// iface returns the interface of that nameif.
func (m *model) iface(nameif string) (iface, bool) {
	for _, i := range m.ifaces {
		if i.nameif == nameif {
			return i, true
		}
	}
	return iface{}, false
}

// A route is a static route.
type route struct {
	iface  string
	prefix netip.Prefix
	num    int
}

// timeouts are the global idle timeouts that matter here.
type timeouts struct {
	conn    time.Duration // of TCP connections; 0 is never
	hasConn bool          // the text says it
}

// defaultConnTimeout is the "timeout conn" of a new device.
const defaultConnTimeout = time.Hour

// A classMap is a class-map of layers 3 and 4.
type classMap struct {
	name        string
	description string
	matchAny    bool // "match-any"
	management  bool // "type management": traffic to the box only
	matches     []classMatch
	num         int
}

// A matchKind is what a class-map matches by.
type matchKind uint8

const (
	matchAll matchKind = iota + 1 // "match any"
	matchACL
	matchPort
	matchInspection // "match default-inspection-traffic"
	matchOther      // not modelled
)

type classMatch struct {
	kind  matchKind
	text  string // the ACL's name; all of the line where it isn't modelled
	proto uint8
	ports portSpec
}

// A policyMap is a policy-map of layers 3 and 4.
type policyMap struct {
	name        string
	description string
	classes     []policyClass
	num         int
}

// A policyClass is a class of a policy-map and what is done to it.
type policyClass struct {
	class   string
	timeout connTimeout
	// actions are the other lines of the class, as they are spelled.
	actions []string
	num     int
}

// A connTimeout is a "set connection timeout" line. Each part counts if its
// has is true.
type connTimeout struct {
	hasIdle, hasHalfClosed, hasEmbryonic, hasDCD bool

	idle, halfClosed, embryonic time.Duration // 0 is never
	reset                       bool          // "idle T reset"
	dcdRetry                    time.Duration
	dcdMax                      int
}

// The values of "dcd" without any.
const (
	defaultDCDRetry = 15 * time.Second
	defaultDCDMax   = 5
)

// classMap returns the class-map of that name, nil if there is none.
func (m *model) classMap(name string) *classMap {
	for _, c := range m.classMaps {
		if c.name == name {
			return c
		}
	}
	return nil
}

// policyMap returns the policy-map of that name, nil if there is none.
func (m *model) policyMap(name string) *policyMap {
	for _, p := range m.policyMaps {
		if p.name == name {
			return p
		}
	}
	return nil
}

// A servicePolicy binds a policy-map.
type servicePolicy struct {
	policy string
	iface  string // "" for global
	num    int
}

// A nat is a line that changes addresses. operands are the addresses and names
// that it touches; all says that it isn't clear which.
type nat struct {
	text     string
	object   string // of object NAT: the object it stands under
	operands []operand
	all      bool
	num      int
}

// The remarks that stand around our section of an ACL.
const (
	beginRemark = "nbfwc begin"
	endRemark   = "nbfwc end"
)

// section returns where our section of an ACL stands: lines[from] is the remark
// that begins it, lines[to] the one that ends it. If there is none, ok is
// false; problem says what is wrong where the remarks don't make one section.
func (m *model) section(a *acl) (from, to int, ok bool, problem string) {
	from, to = -1, -1
	for i, l := range a.lines {
		if !l.remark {
			continue
		}
		switch m.pool.texts.list[l.x] {
		case beginRemark:
			if from >= 0 {
				return 0, 0, false, `the remark "` + beginRemark + `" stands more than once in access-list ` + a.name + `; leave only the one above our entries`
			}
			from = i
		case endRemark:
			if to >= 0 {
				return 0, 0, false, `the remark "` + endRemark + `" stands more than once in access-list ` + a.name + `; leave only the one below our entries`
			}
			to = i
		}
	}
	switch {
	case from < 0 && to < 0:
		return 0, 0, false, ""
	case from < 0:
		return 0, 0, false, `access-list ` + a.name + ` has the remark "` + endRemark + `" and no "` + beginRemark + `"; enter it above our entries`
	case to < 0:
		return 0, 0, false, `access-list ` + a.name + ` has the remark "` + beginRemark + `" and no "` + endRemark + `"; enter it below our entries`
	case to < from:
		return 0, 0, false, `in access-list ` + a.name + ` the remark "` + endRemark + `" stands above "` + beginRemark + `"; exchange them`
	}
	return from, to, true, ""
}
