package kernel

import (
	"errors"
	"fmt"
	"net/netip"
	"os"
	"strings"
	"sync"
	"time"
)

// Topology describes a network.
type Topology struct {
	Zones   []Zone
	Routers []Router
	Joins   []Join
}

// Zone is a namespace that answers for every address of Addrs, behind a device
// of a router. Several zones may stand behind one device: they then share a
// switch and reach each other through the router.
type Zone struct {
	Name   string
	Router string
	Device string
	Addrs  []netip.Prefix
}

// Router forwards between its devices, which come from the zones and joins
// that name them. Addrs are its own addresses.
type Router struct {
	Name  string
	Addrs []netip.Prefix
}

// Join is a wire between two routers.
type Join struct {
	A, ADevice string
	B, BDevice string
}

// Net is a running network.
type Net struct {
	// Wait is how long a probe waits for an answer.
	Wait time.Duration

	nodes   map[string]*node
	routers []string

	mu     sync.Mutex
	closed bool
}

// node is a zone or router of a running network.
type node struct {
	*namespace
	addrs  []netip.Prefix
	router bool

	mu        sync.Mutex
	listeners map[listenKey]closer
}

type closer interface{ Close() error }

// plan collects the commands that build a network.
type plan struct {
	net   *Net
	links []link
}

// link is a wire from a device of a router to another node.
type link struct {
	router, device string
	peer, peerDev  string
	peerLL         string // link-local address of the peer
	routerLL       string
}

// New builds a network. Its routers forward everything until rules are loaded,
// which New proves by echoes between all zones. Close must be called.
func New(t Topology) (*Net, error) {
	if err := Missing(); err != nil {
		return nil, err
	}
	n := &Net{Wait: 300 * time.Millisecond, nodes: map[string]*node{}}
	if err := n.build(t); err != nil {
		n.Close()
		return nil, err
	}
	if err := n.selfTest(t); err != nil {
		n.Close()
		return nil, err
	}
	return n, nil
}

// Close ends the network: its listeners, and with them the namespaces. Programs
// that were started in it are the caller's to end.
func (n *Net) Close() {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.closed {
		return
	}
	n.closed = true
	for _, d := range n.nodes {
		d.closeListeners()
		if d.namespace != nil && d.file != nil {
			d.file.Close()
		}
	}
}

func (n *Net) build(t Topology) error {
	for _, r := range t.Routers {
		if err := n.addNode(r.Name, r.Addrs, true); err != nil {
			return err
		}
	}
	for _, z := range t.Zones {
		if err := n.addNode(z.Name, z.Addrs, false); err != nil {
			return err
		}
	}
	p := &plan{net: n}
	if err := p.wire(t); err != nil {
		return err
	}
	return p.route(t)
}

func (n *Net) addNode(name string, addrs []netip.Prefix, router bool) error {
	if name == "" || n.nodes[name] != nil {
		return fmt.Errorf("two nodes are called %q, or one has no name", name)
	}
	for _, d := range n.nodes {
		for _, a := range addrs {
			for _, b := range d.addrs {
				if a == b.Masked() {
					return fmt.Errorf("%s belongs to %s and to %s", a, name, d.name)
				}
			}
		}
	}
	s, err := newNamespace(name)
	if err != nil {
		return err
	}
	d := &node{namespace: s, router: router, listeners: map[listenKey]closer{}}
	for _, a := range addrs {
		d.addrs = append(d.addrs, a.Masked())
	}
	n.nodes[name] = d
	if router {
		n.routers = append(n.routers, name)
	}
	return d.prepare()
}

// prepare sets what must stand before devices appear: new devices inherit the
// defaults.
func (d *node) prepare() error {
	settings := []string{
		"ipv4/conf/all/rp_filter=0", "ipv4/conf/default/rp_filter=0",
		"ipv4/conf/all/accept_redirects=0", "ipv4/conf/default/accept_redirects=0",
		"ipv4/conf/all/send_redirects=0", "ipv4/conf/default/send_redirects=0",
		"ipv6/conf/all/accept_redirects=0", "ipv6/conf/default/accept_redirects=0",
		"ipv6/conf/all/accept_dad=0", "ipv6/conf/default/accept_dad=0",
		"ipv6/conf/all/accept_ra=0", "ipv6/conf/default/accept_ra=0",
		"ipv4/ip_nonlocal_bind=1", "ipv6/ip_nonlocal_bind=1",
		"ipv4/ping_group_range=0 2147483647",
		// Rejects and echoes are answered without the kernel's usual limits.
		"ipv4/icmp_ratelimit=0", "ipv4/icmp_msgs_per_sec=1000000", "ipv4/icmp_msgs_burst=1000000",
		"ipv6/icmp/ratelimit=0",
	}
	if d.router {
		settings = append(settings, "ipv4/ip_forward=1", "ipv6/conf/all/forwarding=1")
	}
	if err := d.sysctl(settings...); err != nil {
		return err
	}
	_, err := d.exec("", "ip", "link", "set", "lo", "up")
	return err
}

// wire makes the devices.
func (p *plan) wire(t Topology) error {
	behind := map[[2]string][]int{}
	for i, z := range t.Zones {
		k := [2]string{z.Router, z.Device}
		behind[k] = append(behind[k], i)
	}
	for i, z := range t.Zones {
		peers := behind[[2]string{z.Router, z.Device}]
		if peers[0] != i {
			continue
		}
		if err := p.wireZones(t, z.Router, z.Device, peers); err != nil {
			return err
		}
	}
	for _, j := range t.Joins {
		a, b := p.net.nodes[j.A], p.net.nodes[j.B]
		if a == nil || b == nil || !a.router || !b.router {
			return fmt.Errorf("join %s-%s: no such routers", j.A, j.B)
		}
		if err := veth(a, j.ADevice, b, j.BDevice); err != nil {
			return err
		}
		p.links = append(p.links,
			link{router: j.A, device: j.ADevice, peer: j.B, peerDev: j.BDevice, routerLL: "fe80::a", peerLL: "fe80::b"},
			link{router: j.B, device: j.BDevice, peer: j.A, peerDev: j.ADevice, routerLL: "fe80::b", peerLL: "fe80::a"})
	}
	return p.addresses()
}

// wireZones connects the zones behind one device, through a switch if there are
// several.
func (p *plan) wireZones(t Topology, router, device string, zones []int) error {
	r := p.net.nodes[router]
	if r == nil || !r.router {
		return fmt.Errorf("zone %s: no router is called %q", t.Zones[zones[0]].Name, router)
	}
	if len(zones) > 1 {
		s, err := newNamespace("switch of " + router + " " + device)
		if err != nil {
			return err
		}
		sw := &node{namespace: s, listeners: map[listenKey]closer{}}
		p.net.nodes[s.name] = sw
		if _, err := sw.exec("link add br0 type bridge\nlink set br0 up\n", "ip", "-batch", "-"); err != nil {
			return err
		}
		if err := port(sw, "up0", r, device); err != nil {
			return err
		}
		for _, i := range zones {
			if err := port(sw, fmt.Sprintf("p%d", i), p.net.nodes[t.Zones[i].Name], "eth0"); err != nil {
				return err
			}
		}
	} else if err := veth(r, device, p.net.nodes[t.Zones[zones[0]].Name], "eth0"); err != nil {
		return err
	}
	for _, i := range zones {
		p.links = append(p.links, link{router: router, device: device, peer: t.Zones[i].Name, peerDev: "eth0",
			routerLL: "fe80::1", peerLL: fmt.Sprintf("fe80::1:%x", i+1)})
	}
	return nil
}

func port(sw *node, dev string, peer *node, peerDev string) error {
	if err := veth(sw, dev, peer, peerDev); err != nil {
		return err
	}
	_, err := sw.exec("", "ip", "link", "set", "dev", dev, "master", "br0", "up")
	return err
}

func veth(a *node, dev string, b *node, peerDev string) error {
	_, err := a.exec("", "ip", "link", "add", dev, "type", "veth", "peer", "name", peerDev, "netns", b.path())
	return err
}

// addresses brings the devices up. Links have link-local addresses only: IPv4
// routes too go by them (RTA_VIA), so that no address of the test is taken.
func (p *plan) addresses() error {
	batch := map[string]*strings.Builder{}
	add := func(node, format string, args ...any) {
		if batch[node] == nil {
			batch[node] = &strings.Builder{}
		}
		fmt.Fprintf(batch[node], format+"\n", args...)
	}
	seen := map[[2]string]bool{}
	up := func(node, dev, ll string) {
		if k := [2]string{node, dev}; !seen[k] {
			seen[k] = true
			add(node, "link set dev %s up", dev)
			add(node, "addr add %s/64 dev %s nodad", ll, dev)
		}
	}
	for _, l := range p.links {
		up(l.router, l.device, l.routerLL)
		up(l.peer, l.peerDev, l.peerLL)
		if d := p.net.nodes[l.peer]; !d.router {
			add(l.peer, "route add 0.0.0.0/0 via inet6 %s dev eth0", l.routerLL)
			add(l.peer, "route add ::/0 via %s dev eth0", l.routerLL)
			for _, a := range d.addrs {
				add(l.peer, "route add local %s dev lo", a)
			}
		}
	}
	for i, name := range p.net.routers {
		// The sources of the ICMP errors that the router sends.
		add(name, "addr add 198.18.255.%d/32 dev lo", i+1)
		add(name, "addr add 2001:2:0:ffff::%x/128 dev lo nodad", i+1)
		for _, a := range p.net.nodes[name].addrs {
			if a.IsSingleIP() {
				add(name, "addr add %s dev lo%s", a, map[bool]string{true: " nodad"}[a.Addr().Is6()])
			} else {
				add(name, "route add local %s dev lo", a)
			}
		}
	}
	return p.apply(batch)
}

// route gives every router a route to every zone and router, by the fewest
// hops; of equal ways the first in the topology.
func (p *plan) route(t Topology) error {
	batch := map[string]*strings.Builder{}
	for _, from := range p.net.routers {
		b := &strings.Builder{}
		first := map[string]link{}
		reached := []string{from}
		for i := 0; i < len(reached); i++ {
			at := reached[i]
			for _, l := range p.links {
				if l.router != at || l.peer == from {
					continue
				}
				if _, ok := first[l.peer]; ok {
					continue
				}
				hop, ok := first[at]
				if !ok {
					hop = l
				}
				first[l.peer] = hop
				reached = append(reached, l.peer)
			}
		}
		for _, to := range reached[1:] {
			for _, a := range p.net.nodes[to].addrs {
				hop := first[to]
				if a.Addr().Is4() {
					fmt.Fprintf(b, "route add %s via inet6 %s dev %s\n", a, hop.peerLL, hop.device)
				} else {
					fmt.Fprintf(b, "route add %s via %s dev %s\n", a, hop.peerLL, hop.device)
				}
			}
		}
		batch[from] = b
	}
	return p.apply(batch)
}

func (p *plan) apply(batch map[string]*strings.Builder) error {
	for name, b := range batch {
		if _, err := p.net.nodes[name].exec(b.String(), "ip", "-batch", "-"); err != nil {
			return err
		}
	}
	return nil
}

// selfTest sends an echo from each zone to the next, over each family that both
// have, while nothing is filtered.
func (n *Net) selfTest(t Topology) error {
	var echoes []Tuple
	for i, from := range t.Zones {
		if len(t.Zones) < 2 {
			break
		}
		to := t.Zones[(i+1)%len(t.Zones)]
		for _, is4 := range []bool{true, false} {
			src, ok1 := firstAddr(from.Addrs, is4)
			dst, ok2 := firstAddr(to.Addrs, is4)
			if ok1 && ok2 {
				echoes = append(echoes, Tuple{From: from.Name, To: to.Name, Src: src, Dst: dst, Proto: protoFor(is4)})
			}
		}
	}
	var results []Result
	var err error
	// The first packets of a fresh network wait for neighbour discovery.
	for attempt := 0; attempt < 5; attempt++ {
		results, err = n.probe(echoes, time.Second)
		if err != nil {
			return err
		}
		if silent := firstSilent(results); silent == nil {
			return nil
		}
	}
	return fmt.Errorf("the network doesn't forward with no rules loaded: %s", firstSilent(results))
}

func firstSilent(results []Result) *Result {
	for i := range results {
		if results[i].Answer != Open {
			return &results[i]
		}
	}
	return nil
}

func firstAddr(ps []netip.Prefix, is4 bool) (netip.Addr, bool) {
	for _, p := range ps {
		if p.Addr().Is4() == is4 {
			a := p.Masked().Addr()
			if !p.IsSingleIP() {
				a = a.Next()
			}
			return a, true
		}
	}
	return netip.Addr{}, false
}

func protoFor(is4 bool) uint8 {
	if is4 {
		return ICMP
	}
	return ICMPv6
}

// Missing says what the package lacks on this machine, nil if nothing.
func Missing() error {
	if os.Geteuid() != 0 {
		return errors.New("test networks need root")
	}
	for _, program := range []string{"ip", "nft"} {
		if err := lookPath(program); err != nil {
			return err
		}
	}
	s, err := newNamespace("trial")
	if err != nil {
		return err
	}
	return s.file.Close()
}
