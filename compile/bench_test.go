package compile

import (
	"fmt"
	"math/rand/v2"
	"net/netip"
	"syscall"
	"testing"

	"github.com/nbfwc/nbfwc/lang"
	"github.com/nbfwc/nbfwc/ruleset"
)

// workloadPolicy is W(z, c) as the loader would hand it over: z client zones of
// c clients around a backbone, one in ten older than 7.0.1, one in ten
// deduplicating.
func workloadPolicy(z, c int) *lang.Policy {
	roles := map[string]*lang.Role{}
	cat := &lang.Catalog{}
	for _, name := range []string{"master", "media", "client", "old", "dedup", "win_console", "java_console"} {
		roles[name] = &lang.Role{Name: name, Versioned: true}
		cat.Roles = append(cat.Roles, roles[name])
	}
	services := map[int]*lang.Service{}
	for _, port := range []uint16{1556, 13724, 10082, 10102} {
		services[int(port)] = &lang.Service{Name: fmt.Sprint("p", port), TCP: []lang.PortRange{{From: port, To: port}}}
	}
	row := func(from, to, class string, ports ...int) {
		for _, port := range ports {
			cat.Rows = append(cat.Rows, &lang.Row{Name: fmt.Sprint(from, to, port, class), From: roles[from], To: roles[to], Class: class,
				Service: services[port], Cite: []string{"Table 2-2"}})
		}
	}
	row("win_console", "master", "", 1556, 13724)
	row("java_console", "master", "", 1556, 13724)
	row("win_console", "media", "", 1556, 13724)
	row("master", "win_console", "", 1556)
	for _, server := range []string{"master", "media"} {
		row("client", server, "", 1556)
		row(server, "client", "", 1556)
		row("old", server, "", 13724)
		row(server, "old", "", 13724)
	}
	row("dedup", "media", "", 10082, 10102)

	p := &lang.Policy{Catalog: cat}
	zone := func(name, cidr string) *lang.Zone {
		zn := &lang.Zone{Name: name, Networks: []netip.Prefix{netip.MustParsePrefix(cidr)}}
		p.Zones = append(p.Zones, zn)
		return zn
	}
	core, admin, backbone := zone("core", "10.0.0.0/24"), zone("admin", "10.0.1.0/24"), zone("backbone", "10.255.0.0/16")
	backbone.Transit = true
	d := &lang.Domain{Name: "prod"}
	p.Domains = []*lang.Domain{d}
	facts := map[string]*lang.Facts{}
	version, _ := lang.ParseVersion("7.6")
	group := func(block string, zn *lang.Zone, hosts []string, names ...string) {
		g := &lang.Group{Domain: d, Block: block}
		leg := lang.Leg{Zone: zn}
		for _, n := range names {
			g.Roles = append(g.Roles, roles[n])
		}
		key := fmt.Sprint(names)
		if facts[key] == nil {
			facts[key] = &lang.Facts{Version: version, Roles: g.Roles, Domain: d}
		}
		g.Facts = facts[key]
		for _, h := range hosts {
			a := netip.MustParseAddr(h)
			leg.Addrs = append(leg.Addrs, lang.AddrRange{From: a, To: a})
			g.Names = append(g.Names, "h"+h)
		}
		g.Legs = []lang.Leg{leg}
		d.Groups = append(d.Groups, g)
	}
	group("master", core, []string{"10.0.0.10"}, "master")
	group("media", core, []string{"10.0.0.21", "10.0.0.22", "10.0.0.23", "10.0.0.24"}, "media")
	group("win", admin, []string{"10.0.1.11", "10.0.1.12"}, "win_console")
	group("java", admin, []string{"10.0.1.21", "10.0.1.22"}, "java_console")
	side := func(label string, zones ...*lang.Zone) *lang.Interface {
		return &lang.Interface{Label: label, Zones: zones}
	}
	p.Firewalls = append(p.Firewalls, &lang.Firewall{Name: "fw-core", Interfaces: []*lang.Interface{side("core", core), side("admin", admin), side("backbone", backbone)}})
	for i := 1; i <= z; i++ {
		net := fmt.Sprintf("10.%d.%d", 1+i/256, i%256)
		zn := zone(fmt.Sprintf("cz%d", i), net+".0/24")
		p.Firewalls = append(p.Firewalls, &lang.Firewall{Name: fmt.Sprintf("fw-%d", i), Interfaces: []*lang.Interface{side(zn.Name, zn), side("backbone", backbone)}})
		var plain, old, dedup []string
		for k := range c {
			h := fmt.Sprintf("%s.%d", net, 10+k)
			switch k % 10 {
			case 0:
				old = append(old, h)
			case 5:
				dedup = append(dedup, h)
			default:
				plain = append(plain, h)
			}
		}
		for _, g := range []struct {
			hosts []string
			roles []string
		}{{plain, []string{"client"}}, {old, []string{"client", "old"}}, {dedup, []string{"client", "dedup"}}} {
			if len(g.hosts) > 0 {
				group(fmt.Sprintf("clients%d", i), zn, g.hosts, g.roles...)
			}
		}
	}
	return p
}

func benchmarkCompile(b *testing.B, z, c int) {
	p := workloadPolicy(z, c)
	b.ReportAllocs()
	defer reportCPU(b)()
	for b.Loop() {
		g, problems := New(p, Options{})
		if g == nil {
			b.Fatal(problems)
		}
		rules := make([]int, len(g.Firewalls))
		g.EachRuleSet(func(i int, rs ruleset.RuleSet) { rules[i] = len(rs.Stages[0].Rules) })
		if rules[0] != 8 || rules[1] != 5 {
			b.Fatal(rules[:2])
		}
	}
}

func BenchmarkCompileW100x50(b *testing.B)   { benchmarkCompile(b, 100, 50) }
func BenchmarkCompileW1000x100(b *testing.B) { benchmarkCompile(b, 1000, 100) }
func BenchmarkCompileW4000x240(b *testing.B) { benchmarkCompile(b, 4000, 240) }

func BenchmarkNewW1000x100(b *testing.B) {
	p := workloadPolicy(1000, 100)
	b.ReportAllocs()
	defer reportCPU(b)()
	for b.Loop() {
		New(p, Options{})
	}
}

// What is behind each firewall's interfaces, for all firewalls.
func BenchmarkBehindW1000x1(b *testing.B) {
	g, problems := New(workloadPolicy(1000, 1), Options{})
	if g == nil {
		b.Fatal(problems)
	}
	for b.Loop() {
		for _, fw := range g.Firewalls {
			if g.Behind(fw)["backbone"].IsEmpty() {
				b.Fatal(fw.Name)
			}
		}
	}
}

// A million tuples a second on two cores is the aim.
func BenchmarkAnswers(b *testing.B) {
	g, problems := New(workloadPolicy(1000, 100), Options{})
	if g == nil {
		b.Fatal(problems)
	}
	x := g.Index()
	r := rand.New(rand.NewPCG(3, 4))
	in := make([]Tuple, 1<<18)
	host := func() netip.Addr {
		o := g.legs.list[r.IntN(len(g.legs.list))]
		return o.addrs()[r.IntN(len(o.addrs()))].From
	}
	server := []netip.Addr{netip.MustParseAddr("10.0.0.10"), netip.MustParseAddr("10.0.0.22")}
	for i := range in {
		in[i] = Tuple{host(), host(), ruleset.TCP, []uint16{1556, 13724, 22}[r.IntN(3)]}
		if i%2 == 0 {
			in[i].Dst = server[i/2%2]
		}
	}
	out := make([]Answer, len(in))
	b.ReportAllocs()
	defer reportCPU(b)()
	for b.Loop() {
		x.Answers(in, out)
	}
	b.ReportMetric(float64(b.N)*float64(len(in))/b.Elapsed().Seconds(), "tuples/s")
}

// reportCPU adds the processor time per run, which other programs on the
// machine change less than the time of day.
func reportCPU(b *testing.B) func() {
	used := func() int64 {
		var u syscall.Rusage
		if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
			b.Fatal(err)
		}
		return u.Utime.Nano() + u.Stime.Nano()
	}
	start := used()
	return func() { b.ReportMetric(float64(used()-start)/1e6/float64(b.N), "cpu-ms/op") }
}
