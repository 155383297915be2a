package fortigate

import (
	"math"
	"net/netip"
	"slices"
	"strconv"
	"time"

	"github.com/nbfwc/nbfwc/ruleset"
	"github.com/nbfwc/nbfwc/targets"
)

// model is the configuration of one VDOM as far as it bears on which packets
// are forwarded. The parser fills it, the renderer prints from it, the planner
// compares two of it. The zero value is a device without policies.
//
// It holds what the text has: objects that the factory defines are in it only if
// the text prints them (see builtin.go for the others). Fields that are absent
// or at their default have the zero value. A model that was parsed is read only;
// a plan works on a copy of its slices.
type model struct {
	header   header
	hostname string
	// vdom is the VDOM that was read, "" without VDOMs; vdoms are all that the
	// text has.
	vdom  string
	vdoms []string
	lines int
	// section says that the text is a section of ours alone (a mark that
	// Render writes and no device prints): others decide the rest.
	section bool

	settings   settings
	interfaces []iface
	zones      []zone
	routes     []route
	// addresses and groups hold both families; a name is unique in its family
	// over both.
	addresses  []address
	groups     []addrGroup
	services   []service
	svcGroups  []svcGroup
	categories []string
	schedules  []schedule
	// policies are in the order in which they are asked.
	policies []policy
	// nat are the entries of tables that change addresses.
	nat []natEntry
	odd []oddEntry
	ttl sessionTTL
	// refused are modes of the device that are not modelled, with the line
	// that says so: nothing can be planned.
	refused []targets.Problem
	// unread are lines that were not understood and could matter.
	unread []targets.Problem
	// usedElsewhere are names with our prefix that tables name which are not
	// modelled, and the line: a device refuses to delete them.
	usedElsewhere map[string]int
	// opt is how the text was read.
	opt targets.ParseOptions
	// tables are those that the text has, by path ("firewall policy").
	tables map[string]bool
}

// header is what the first lines of a backup say.
type header struct {
	model string // "FGVMK6"
	// major, minor and patch are of FortiOS, 0 if the text doesn't say.
	major, minor, patch int
	build               string
	multi               bool // the text is of a device with VDOMs
	vdoms               bool // its first line says so
}

// version returns "7.2.4", or "" if the text doesn't say.
func (h header) version() string {
	if h.major == 0 {
		return ""
	}
	return strconv.Itoa(h.major) + "." + strconv.Itoa(h.minor) + "." + strconv.Itoa(h.patch)
}

// settings are single values of the device or the VDOM.
type settings struct {
	policyBased bool // ngfw-mode policy-based
	transparent bool // opmode transparent
	centralNAT  bool
	// implicitLog says that what the implicit deny drops is logged.
	implicitLog bool
	// deniedSessions says that denied packets become sessions.
	deniedSessions bool
	// redirect says that packets that leave by the interface they came in by
	// are not asked for ("set allow-traffic-redirect disable" of system global);
	// noRedirect is the opposite of the default.
	noRedirect, noRedirect6 bool
	// manager is the type of central management that is set up ("fortimanager"),
	// "" for none.
	manager string
}

// A field is one line "set NAME VALUES..." that has no place of its own in the
// model. values is empty for "unset".
type field struct {
	name   string
	values []string
	line   int
}

// iface is an entry of "system interface" that belongs to the VDOM.
type iface struct {
	name     string
	kind     string         // physical, vlan, aggregate, tunnel ...; "" if not said
	networks []netip.Prefix // it is connected to
	down     bool
	line     int
}

// zone is an entry of "system zone".
type zone struct {
	name      string
	members   []string
	intrazone bool // traffic between members needs no policy
	line      int
}

// route is a static route of either family.
type route struct {
	to     netip.Prefix
	device string
	// off says that the route is disabled or leads nowhere.
	off  bool
	line int
}

// addrKind is the type of an address.
type addrKind uint8

const (
	ipmask addrKind = iota // also ipprefix of IPv6
	iprange
	wildcard
	fqdn
	geography
	otherAddr // anything else: what it holds isn't in the text
)

// An address is an entry of "firewall address" or "firewall address6".
type address struct {
	name string
	v6   bool
	kind addrKind
	// prefix is of ipmask, masked: the entry "all" has 0.0.0.0/0. from and to are
	// of iprange; of wildcard they are the address and the mask.
	prefix   netip.Prefix
	from, to netip.Addr
	// word is the type as it is written where kind is otherAddr, value the
	// name of an fqdn or the country.
	word, value string
	// associated is the interface or zone that policies with the address are
	// restricted to.
	associated string
	comment    string
	uuid       string
	others     []field
	line       int
}

// addrGroup is an entry of "firewall addrgrp" or "firewall addrgrp6".
type addrGroup struct {
	name     string
	v6       bool
	members  []string
	exclude  bool
	excluded []string
	category string // "default" is ""
	comment  string
	uuid     string
	others   []field
	line     int
}

// svcKind is the protocol of a service as it is written.
type svcKind uint8

const (
	tcpUDPSCTP svcKind = iota
	icmp
	icmp6
	ip
	otherSvc // ALL (proxies) and what later versions invent
)

// ports are one item of a port range: destination first, as it is written.
type ports struct{ dst, src ruleset.PortRange }

// anyPort is the source part where none is written. FortiOS says 1-65535; a
// packet from port 0 doesn't arise.
var anyPort = ruleset.PortRange{From: 0, To: 65535}

// A service is an entry of "firewall service custom".
type service struct {
	name           string
	kind           svcKind
	word           string // the protocol as it is written where kind is otherSvc
	tcp, udp, sctp []ports
	// icmpType and icmpCode are -1 for all.
	icmpType, icmpCode int16
	number             uint8 // of kind ip; 0 is every protocol
	ttl                ttl
	category           string
	comment            string
	uuid               string
	others             []field
	line               int
}

// svcGroup is an entry of "firewall service group".
type svcGroup struct {
	name    string
	members []string
	comment string
	uuid    string
	others  []field
	line    int
}

// schedule is an entry of one of the schedule tables.
type schedule struct {
	name   string
	table  string // "onetime", "recurring", "group"
	fields []field
	line   int
}

// polAction is what a policy does.
type polAction uint8

const (
	deny polAction = iota
	accept
	ipsec
	otherAction
)

// logMode is the value of logtraffic.
type logMode uint8

const (
	logUTM logMode = iota
	logAll
	logNone
)

// A policy is an entry of "firewall policy".
type policy struct {
	id                               uint32
	name                             string
	disabled                         bool
	srcIntf, dstIntf                 []string
	action                           polAction
	actionWord                       string // as it is written where action is otherAction
	sendDeny                         bool   // send-deny-packet enable
	src, dst, src6, dst6             []string
	srcNot, dstNot, src6Not, dst6Not bool
	schedule                         string
	services                         []string
	serviceNot                       bool
	log                              logMode
	nat                              bool
	ttl                              ttl
	// utm says that the profiles of others (profile-group, av-profile, ...)
	// count.
	utm      bool
	comments string
	uuid     string
	others   []field
	line     int
}

// field returns the values of a field that has no place of its own; ok is false
// if the entry doesn't have it.
func (p *policy) field(name string) (values []string, ok bool) {
	return findField(p.others, name)
}

func findField(fields []field, name string) ([]string, bool) {
	for _, f := range fields {
		if f.name == name {
			return f.values, true
		}
	}
	return nil, false
}

// natEntry is an entry of a table that changes addresses.
type natEntry struct {
	table string // "vip", "ippool", "central-snat-map", ...
	name  string
	v6    bool
	off   bool
	// outer and inner are the addresses that are written out: what packets are
	// sent to (or seem to come from) and what stands behind it.
	outer, inner []ruleset.Range
	// names are address objects, or members of a group of the same kind.
	names []string
	// unclear says that more addresses may be touched.
	unclear bool
	fields  []field
	line    int
}

// oddEntry is an entry of a table beside the policies that decides packets by
// conditions that aren't modelled.
type oddEntry struct {
	table, name string
	v6          bool
	off         bool
	// permits says that it may permit as well as deny.
	permits bool
	in      []string // interfaces, none for all
	line    int
}

// ttl is an idle timeout in seconds: 0 inherits, never does not end.
type ttl int32

const never ttl = -1

// neverIdle is the Effects.Idle of "set session-ttl never".
const neverIdle = time.Duration(math.MaxInt64)

// idle returns the timeout as an effect of a rule.
func (t ttl) idle() time.Duration {
	if t == never {
		return neverIdle
	}
	return time.Duration(t) * time.Second
}

// sessionTTL is "system session-ttl".
type sessionTTL struct {
	standard ttl // 0 if the text doesn't say
	ports    []portTTL
}

// portTTL is an entry of its port table.
type portTTL struct {
	protocol uint8 // 0 is every protocol
	ports    ruleset.PortRange
	timeout  ttl
	line     int
}

// The same methods compare what an entry means to the device: lists as sets,
// without uuid, line and the order of fields.

func (a *address) same(b *address) bool {
	return a.name == b.name && a.v6 == b.v6 && a.kind == b.kind && a.prefix == b.prefix && a.from == b.from && a.to == b.to &&
		a.word == b.word && a.value == b.value && a.associated == b.associated && a.comment == b.comment && sameFields(a.others, b.others)
}

func (g *addrGroup) same(h *addrGroup) bool {
	return g.name == h.name && g.v6 == h.v6 && sameList(g.members, h.members) && g.exclude == h.exclude &&
		(!g.exclude || sameList(g.excluded, h.excluded)) && g.category == h.category && g.comment == h.comment && sameFields(g.others, h.others)
}

func (s *service) same(t *service) bool {
	return s.name == t.name && s.kind == t.kind && s.word == t.word && samePorts(s.tcp, t.tcp) && samePorts(s.udp, t.udp) &&
		samePorts(s.sctp, t.sctp) && s.icmpType == t.icmpType && s.icmpCode == t.icmpCode && s.number == t.number &&
		s.ttl == t.ttl && s.category == t.category && s.comment == t.comment && sameFields(s.others, t.others)
}

func (g *svcGroup) same(h *svcGroup) bool {
	return g.name == h.name && sameList(g.members, h.members) && g.comment == h.comment && sameFields(g.others, h.others)
}

func (p *policy) same(q *policy) bool {
	return p.id == q.id && p.name == q.name && p.disabled == q.disabled && sameList(p.srcIntf, q.srcIntf) &&
		sameList(p.dstIntf, q.dstIntf) && p.action == q.action && p.actionWord == q.actionWord && p.sendDeny == q.sendDeny && sameList(p.src, q.src) &&
		sameList(p.dst, q.dst) && sameList(p.src6, q.src6) && sameList(p.dst6, q.dst6) && p.srcNot == q.srcNot &&
		p.dstNot == q.dstNot && p.src6Not == q.src6Not && p.dst6Not == q.dst6Not && p.schedule == q.schedule &&
		sameList(p.services, q.services) && p.serviceNot == q.serviceNot && p.log == q.log && p.nat == q.nat && p.ttl == q.ttl &&
		p.utm == q.utm && p.comments == q.comments && sameFields(p.others, q.others)
}

// sameList says whether two lists hold the same names, in any order.
func sameList(a, b []string) bool {
	if slices.Equal(a, b) {
		return true
	}
	if len(a) != len(b) {
		return false
	}
	a, b = slices.Clone(a), slices.Clone(b)
	slices.Sort(a)
	slices.Sort(b)
	return slices.Equal(a, b)
}

// samePorts compares two lists of ports in any order.
func samePorts(a, b []ports) bool {
	if slices.Equal(a, b) {
		return true
	}
	return len(a) == len(b) && portSet(a).Equal(portSet(b))
}

// portSet is the ports as services of one protocol.
func portSet(list []ports) ruleset.ServiceSet {
	boxes := make([]ruleset.ServiceBox, len(list))
	for i, p := range list {
		boxes[i] = ruleset.ServiceBox{ProtoFrom: ruleset.TCP, ProtoTo: ruleset.TCP, Src: p.src, Dst: p.dst}
	}
	return ruleset.NewServiceSet(boxes...)
}

// sameFields compares the fields that have no place of their own, in any order.
func sameFields(a, b []field) bool {
	if len(a) != len(b) {
		return false
	}
	for _, f := range a {
		values, ok := findField(b, f.name)
		if !ok || !sameList(f.values, values) {
			return false
		}
	}
	return true
}
