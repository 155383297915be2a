package kernel

import (
	"net/netip"
	"strings"
	"syscall"
	"testing"
	"time"
)

func two() Topology {
	return Topology{
		Routers: []Router{{Name: "r", Addrs: prefixes("10.9.9.1/32", "fd09::1/128")}},
		Zones: []Zone{
			{Name: "a", Router: "r", Device: "a0", Addrs: prefixes("10.1.0.0/24", "fd01::/64")},
			{Name: "b", Router: "r", Device: "b0", Addrs: prefixes("10.2.0.0/24", "fd02::/64")},
		},
	}
}

func prefixes(texts ...string) []netip.Prefix {
	var ps []netip.Prefix
	for _, s := range texts {
		ps = append(ps, netip.MustParsePrefix(s))
	}
	return ps
}

func tuple(src, dst string, proto uint8, port uint16) Tuple {
	return Tuple{Src: netip.MustParseAddr(src), Dst: netip.MustParseAddr(dst), Proto: proto, DstPort: port}
}

func start(t *testing.T, topology Topology) *Net {
	t.Helper()
	n, err := New(topology)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(n.Close)
	return n
}

// Every kind of answer is told from every other.
func TestAnswers(t *testing.T) {
	if !Require(t) {
		return
	}
	n := start(t, two())
	tuples := []Tuple{
		tuple("10.1.0.5", "10.2.0.7", TCP, 1000),
		tuple("10.1.0.5", "10.2.0.7", TCP, 1001),
		tuple("10.1.0.5", "10.2.0.7", TCP, 1002),
		tuple("10.1.0.5", "10.2.0.7", TCP, 1003),
		tuple("fd01::5", "fd02::7", TCP, 1000),
		tuple("fd01::5", "fd02::7", TCP, 1001),
		tuple("fd01::5", "fd02::7", TCP, 1002),
		tuple("fd01::5", "fd02::7", TCP, 1003),
		tuple("10.1.0.5", "10.2.0.7", UDP, 1000),
		tuple("10.1.0.5", "10.2.0.7", UDP, 1001),
		tuple("10.1.0.5", "10.2.0.7", UDP, 1002),
		tuple("fd01::5", "fd02::7", UDP, 1000),
		tuple("fd01::5", "fd02::7", UDP, 1001),
		tuple("10.1.0.5", "10.2.0.7", ICMP, 0),
		tuple("10.1.0.6", "10.2.0.7", ICMP, 0),
		tuple("fd01::5", "fd02::7", ICMPv6, 0),
		tuple("fd01::6", "fd02::7", ICMPv6, 0),
	}
	want := "open reset unreachable silent open reset unreachable silent open unreachable silent open unreachable open silent open silent"
	rules := `table inet t {
	chain f {
		type filter hook forward priority 0
		tcp dport 1001 reject with tcp reset
		tcp dport 1002 reject
		tcp dport 1003 drop
		udp dport 1001 reject
		udp dport 1002 drop
		icmp type echo-request ip saddr 10.1.0.6 drop
		icmpv6 type echo-request ip6 saddr fd01::6 drop
	}
}
`
	results, err := n.Prove(map[string]string{"r": rules}, tuples)
	if err != nil {
		t.Fatal(err)
	}
	var have []string
	for _, r := range results {
		have = append(have, r.Answer.String())
	}
	if strings.Join(have, " ") != want {
		t.Errorf("have %v\nwant %s", results, want)
	}
}

// The router itself can be at either end.
func TestRouterIsAnEndpoint(t *testing.T) {
	if !Require(t) {
		return
	}
	n := start(t, two())
	tuples := []Tuple{
		tuple("10.1.0.5", "10.9.9.1", TCP, 22), tuple("fd01::5", "fd09::1", UDP, 53),
		tuple("10.9.9.1", "10.2.0.5", TCP, 22), tuple("fd09::1", "fd02::1", UDP, 53),
		tuple("10.9.9.1", "10.2.0.5", ICMP, 0), tuple("fd09::1", "fd02::1", ICMPv6, 0),
	}
	rules := "table inet t {\n chain o {\n type filter hook output priority 0; policy drop;\n ct state established accept\n icmpv6 type nd-neighbor-solicit accept\n}\n}\n"
	results, err := n.Prove(map[string]string{"r": rules}, tuples)
	if err != nil {
		t.Fatal(err)
	}
	for i, r := range results {
		if want := map[bool]Answer{true: Open, false: Silent}[i < 2]; r.Answer != want {
			t.Errorf("%s, want %s", r, want)
		}
	}
}

// Zones behind one device meet in the router, and three routers in a row are
// all crossed.
func TestHairpinAndRow(t *testing.T) {
	if !Require(t) {
		return
	}
	n := start(t, Topology{
		Routers: []Router{{Name: "r1"}, {Name: "r2"}, {Name: "r3"}},
		Joins:   []Join{{"r1", "east", "r2", "west"}, {"r2", "east", "r3", "west"}},
		Zones: []Zone{
			{Name: "a", Router: "r1", Device: "lan", Addrs: prefixes("10.1.0.0/24")},
			{Name: "b", Router: "r1", Device: "lan", Addrs: prefixes("10.2.0.0/24")},
			{Name: "c", Router: "r3", Device: "lan", Addrs: prefixes("10.3.0.0/24")},
		},
	})
	hairpin, row := tuple("10.1.0.1", "10.2.0.1", TCP, 80), tuple("10.1.0.1", "10.3.0.1", TCP, 80)
	block := func(in, out string) string {
		return "table inet t {\n chain f {\n type filter hook forward priority 0\n iifname " + in + " oifname " + out + " drop\n}\n}\n"
	}
	for _, c := range []struct {
		router, rules string
		want          [2]Answer
	}{
		{"r1", block("lan", "lan"), [2]Answer{Silent, Open}},
		{"r1", block("lan", "east"), [2]Answer{Open, Silent}},
		{"r2", block("west", "east"), [2]Answer{Open, Silent}},
		{"r3", block("west", "lan"), [2]Answer{Open, Silent}},
	} {
		rs, err := n.Prove(map[string]string{c.router: c.rules}, []Tuple{hairpin, row})
		if err != nil {
			t.Fatal(err)
		}
		if have := [2]Answer{rs[0].Answer, rs[1].Answer}; have != c.want {
			t.Errorf("%s with %s: have %v, want %v", c.router, c.rules, have, c.want)
		}
	}
}

// A tuple that is blocked by something else than the rules proves nothing.
func TestProveNeedsAControl(t *testing.T) {
	if !Require(t) {
		return
	}
	n := start(t, two())
	// A black hole behind the router, which flushing rules doesn't open.
	if _, err := n.Exec("r", "", "ip", "route", "add", "blackhole", "10.2.0.9"); err != nil {
		t.Fatal(err)
	}
	_, err := n.Prove(map[string]string{"r": ""}, []Tuple{tuple("10.1.0.1", "10.2.0.9", TCP, 80)})
	if err == nil || !strings.Contains(err.Error(), "no positive control") {
		t.Errorf("have %v, want an error about the missing control", err)
	}
}

// Thousands of probes take seconds, the silent ones too.
func TestManyProbes(t *testing.T) {
	if !Require(t) {
		return
	}
	n := start(t, two())
	rules := "table inet t {\n chain f {\n type filter hook forward priority 0\n ct state established accept\n tcp dport >= 2100 drop\n}\n}\n"
	if err := n.Load("r", rules); err != nil {
		t.Fatal(err)
	}
	var tuples []Tuple
	src, dst := netip.MustParseAddr("10.1.0.1"), netip.MustParseAddr("10.2.0.1")
	for i := range 4000 {
		tuples = append(tuples, Tuple{Src: src, Dst: dst, Proto: TCP, DstPort: uint16(2000 + i%200)})
	}
	begin := time.Now()
	results, err := n.Probe(tuples)
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("%d probes in %v", len(results), time.Since(begin))
	for _, r := range results {
		if want := map[bool]Answer{true: Open, false: Silent}[r.DstPort < 2100]; r.Answer != want {
			t.Fatalf("%s, want %s", r, want)
		}
	}
	if d := time.Since(begin); d > 2*time.Minute {
		t.Errorf("%d probes took %v", len(tuples), d)
	}
}

// A probe whose ports another socket has still waits for them.
func TestProbeWaitsForItsPorts(t *testing.T) {
	if !Require(t) {
		return
	}
	n := start(t, two())
	// The far end may answer the new connection only after it has noticed that
	// the old one is gone, and then the kernel asks again after a second.
	n.Wait = 4 * time.Second
	once := tuple("10.1.0.5", "10.2.0.7", TCP, 1000)
	once.SrcPort = 987
	var holder int
	err := n.nodes["a"].run(func() error {
		var err error
		if holder, err = syscall.Socket(syscall.AF_INET, syscall.SOCK_STREAM|syscall.SOCK_CLOEXEC, 0); err != nil {
			return err
		}
		if err := syscall.SetsockoptInt(holder, syscall.SOL_SOCKET, syscall.SO_REUSEADDR, 1); err != nil {
			return err
		}
		if err := syscall.SetsockoptLinger(holder, syscall.SOL_SOCKET, syscall.SO_LINGER, &syscall.Linger{Onoff: 1}); err != nil {
			return err
		}
		if err := syscall.Bind(holder, sockaddr(once.Src, once.SrcPort)); err != nil {
			return err
		}
		if err := n.nodes["b"].listen(TCP, once.DstPort); err != nil {
			return err
		}
		return syscall.Connect(holder, sockaddr(once.Dst, once.DstPort))
	})
	if err != nil {
		t.Fatal(err)
	}
	go func() {
		time.Sleep(50 * time.Millisecond)
		syscall.Close(holder)
	}()
	results, err := n.Probe([]Tuple{once, once})
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range results {
		if r.Answer != Open {
			t.Errorf("%s, want open", r)
		}
	}
}
