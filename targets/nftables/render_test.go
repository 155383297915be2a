package nftables

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"net/netip"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/txtar"

	"github.com/nbfwc/nbfwc/lab/kernel"
	"github.com/nbfwc/nbfwc/ruleset"
	"github.com/nbfwc/nbfwc/targets"
)

var updateRender = flag.Bool("update", false, "rewrite testdata/render")

// jobText is how the cases in testdata/render spell a job.
type jobText struct {
	Firewall    string
	Context     string
	Manage      string
	Anchor      string
	Interfaces  []targets.Interface
	Groups      []groupText
	Stages      []stageText
	DenyLog     bool
	Established string
	Self        bool
	Management  string
	Header      []string
}

type groupText struct {
	Name, Reason string
	Members      []string // "10.0.0.1 name"
}

type stageText struct {
	Name    string
	In, Out string
	Default string
	Rules   []ruleText
}

type ruleText struct {
	Name, Reason string
	In, Out      string // "a, b", "any", "any but a"
	Src, Dst     string // "@group", "10.0.0.0/8, 10.9.0.1-10.9.0.4", "any"
	Service      string // "tcp 80, udp 1024-65535 -> 53, icmp 8/0, protocol 50", "any"
	Action       string
	Idle         string
	Log          bool
	Profile      string
	Opaque       string
}

func readJob(data []byte) (targets.Job, error) {
	var x jobText
	d := json.NewDecoder(bytes.NewReader(data))
	d.DisallowUnknownFields()
	if err := d.Decode(&x); err != nil {
		return targets.Job{}, err
	}
	job := targets.Job{Firewall: x.Firewall, Context: x.Context, Anchor: x.Anchor, Interfaces: x.Interfaces,
		DenyLog: x.DenyLog, Self: x.Self, Header: x.Header, Established: span(x.Established)}
	if x.Manage == "exclusive" {
		job.Manage = targets.Exclusive
	}
	if x.Management != "" {
		job.ManagementFrom = addrs(x.Management, nil)
	}
	sets := map[string]ruleset.AddrSet{}
	for _, g := range x.Groups {
		group := ruleset.Group{Name: g.Name, Reason: g.Reason}
		var ranges []ruleset.Range
		for _, m := range g.Members {
			text, name, _ := strings.Cut(m, " ")
			r := rangeOf(text)
			ranges = append(ranges, r)
			group.Members = append(group.Members, ruleset.Member{Range: r, Name: name})
		}
		group.Set = ruleset.NewAddrSet(ranges...)
		sets[g.Name] = group.Set
		job.Want.Groups = append(job.Want.Groups, group)
	}
	for _, s := range x.Stages {
		stage := ruleset.Stage{Name: s.Name, In: ifaces(s.In), Out: ifaces(s.Out), Default: action(s.Default)}
		for _, r := range s.Rules {
			rule := ruleset.Rule{Name: r.Name, Reason: r.Reason, In: ifaces(r.In), Out: ifaces(r.Out),
				Src: addrs(r.Src, sets), Dst: addrs(r.Dst, sets), Service: services(r.Service), Action: action(r.Action),
				Effects: ruleset.Effects{Idle: span(r.Idle), Log: r.Log, Profile: r.Profile}}
			rule.SrcGroup, _ = strings.CutPrefix(onlyGroup(r.Src), "@")
			rule.DstGroup, _ = strings.CutPrefix(onlyGroup(r.Dst), "@")
			if r.Opaque != "" {
				rule.Opaque = &ruleset.Opaque{Why: r.Opaque}
			}
			stage.Rules = append(stage.Rules, rule)
		}
		job.Want.Stages = append(job.Want.Stages, stage)
	}
	return job, nil
}

func onlyGroup(s string) string {
	if strings.HasPrefix(s, "@") {
		return s
	}
	return ""
}

func span(s string) time.Duration {
	if s == "" {
		return 0
	}
	d, err := time.ParseDuration(s)
	if err != nil {
		panic(err)
	}
	return d
}

func action(s string) ruleset.Action {
	for a := ruleset.Permit; a <= ruleset.Next; a++ {
		if a.String() == s {
			return a
		}
	}
	panic("no action " + s)
}

func ifaces(s string) ruleset.IfaceSet {
	switch {
	case s == "" || s == "any":
		return ruleset.IfaceSet{}
	case strings.HasPrefix(s, "any but "):
		return ruleset.NotIfaces(strings.Split(s[len("any but "):], ", ")...)
	}
	return ruleset.Ifaces(strings.Split(s, ", ")...)
}

func rangeOf(s string) ruleset.Range {
	if from, to, ok := strings.Cut(s, "-"); ok {
		return ruleset.Range{From: netip.MustParseAddr(from), To: netip.MustParseAddr(to)}
	}
	if strings.Contains(s, "/") {
		return ruleset.RangeOf(netip.MustParsePrefix(s))
	}
	a := netip.MustParseAddr(s)
	return ruleset.Range{From: a, To: a}
}

func addrs(s string, sets map[string]ruleset.AddrSet) ruleset.AddrSet {
	if s == "any" {
		return ruleset.AnyAddr()
	}
	if set, ok := sets[strings.TrimPrefix(s, "@")]; ok && s[0] == '@' {
		return set
	}
	var ranges []ruleset.Range
	for _, word := range strings.Split(s, ", ") {
		if word[0] != '@' {
			ranges = append(ranges, rangeOf(word))
		}
	}
	return ruleset.NewAddrSet(ranges...)
}

func services(s string) ruleset.ServiceSet {
	if s == "any" {
		return ruleset.AnyService()
	}
	ports := func(s string) ruleset.PortRange {
		from, to, ok := strings.Cut(s, "-")
		if !ok {
			to = from
		}
		a, err1 := strconv.ParseUint(from, 10, 16)
		b, err2 := strconv.ParseUint(to, 10, 16)
		if err1 != nil || err2 != nil {
			panic("no ports: " + s)
		}
		return ruleset.PortRange{From: uint16(a), To: uint16(b)}
	}
	var boxes []ruleset.ServiceBox
	for _, word := range strings.Split(s, ", ") {
		name, rest, _ := strings.Cut(word, " ")
		b := ruleset.ServiceBox{Src: everyPort, Dst: everyPort}
		switch name {
		case "tcp", "udp", "sctp":
			p := map[string]uint8{"tcp": 6, "udp": 17, "sctp": 132}[name]
			b.ProtoFrom, b.ProtoTo = p, p
			if src, dst, ok := strings.Cut(rest, " -> "); ok {
				b.Src, rest = ports(src), dst
			}
			if rest != "" && rest != "any" {
				b.Dst = ports(rest)
			}
		case "icmp", "icmpv6":
			p := map[string]uint8{"icmp": 1, "icmpv6": 58}[name]
			b = ruleset.ServiceBox{ProtoFrom: p, ProtoTo: p, Src: everyType, Dst: everyType}
			kind, code, ok := strings.Cut(rest, "/")
			if kind != "" {
				b.Src = ports(kind)
			}
			if ok {
				b.Dst = ports(code)
			}
		case "protocol":
			rest, dst, ok := strings.Cut(rest, " ")
			if ok {
				b.Dst = ports(dst)
			}
			r := ports(rest)
			b.ProtoFrom, b.ProtoTo = uint8(r.From), uint8(r.To)
		default:
			panic("no service: " + word)
		}
		boxes = append(boxes, b)
	}
	return ruleset.NewServiceSet(boxes...)
}

// Each file of testdata/render is a story: a job, what it becomes or what is
// wrong with it, and for sections the user's own table.
func TestRender(t *testing.T) {
	files, err := filepath.Glob("testdata/render/*.txtar")
	if err != nil || len(files) < 10 {
		t.Fatalf("%d cases, %v", len(files), err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txtar"), func(t *testing.T) { renderCase(t, file) })
	}
}

func renderCase(t *testing.T, file string) {
	a, err := txtar.ParseFile(file)
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]string{}
	for _, f := range a.Files {
		want[f.Name] = string(f.Data)
	}
	job, err := readJob([]byte(want["job.json"]))
	if err != nil {
		t.Fatal(err)
	}
	var text bytes.Buffer
	have := map[string]string{"job.json": want["job.json"]}
	if user, ok := want["user.nft"]; ok {
		have["user.nft"] = user
	}
	renderErr := Render(&text, job)
	if ps := Check(job); len(ps) > 0 {
		var b strings.Builder
		for _, p := range ps {
			fmt.Fprintf(&b, "%s: %s\n", p.Text, p.Why)
		}
		have["problems"] = b.String()
		if renderErr == nil {
			t.Error("Render writes what Check refuses")
		}
	} else if renderErr != nil {
		t.Errorf("Render refuses what Check lets pass: %v", renderErr)
	} else {
		have["want.nft"] = text.String()
		if kernel.Require(t) {
			loads(t, want["user.nft"], text.String())
		}
	}
	if *updateRender {
		rewrite(t, file, a, have)
		return
	}
	if d := cmp.Diff(want, have); d != "" {
		t.Errorf("-want +have:\n%s", d)
	}
}

func rewrite(t *testing.T, file string, a *txtar.Archive, have map[string]string) {
	a.Files = nil
	for _, name := range []string{"job.json", "user.nft", "want.nft", "problems"} {
		if data, ok := have[name]; ok {
			a.Files = append(a.Files, txtar.File{Name: name, Data: []byte(data)})
		}
	}
	if err := os.WriteFile(file, txtar.Format(a), 0o644); err != nil {
		t.Fatal(err)
	}
}

// loads loads a file twice into a fresh kernel, which must look the same after
// both times, and still hold what the user had.
func loads(t *testing.T, user, text string) {
	t.Helper()
	n, err := kernel.New(kernel.Topology{Routers: []kernel.Router{{Name: "r"}}})
	if err != nil {
		t.Fatal(err)
	}
	defer n.Close()
	const others = "table inet others {\n\tset s {\n\t\ttype ipv4_addr\n\t\telements = { 192.0.2.1 }\n\t}\n}\n"
	if err := n.Load("r", others+user); err != nil {
		t.Fatal(err)
	}
	var first string
	for i := range 2 {
		if err := n.Load("r", text); err != nil {
			t.Fatalf("load %d: %v\n%s", i+1, err, text)
		}
		listing, err := n.Exec("r", "", "nft", "list", "ruleset")
		if err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(listing, "192.0.2.1") {
			t.Error("another table was touched")
		}
		if i == 0 {
			first = listing
		} else if d := cmp.Diff(first, listing); d != "" {
			t.Errorf("the second load changed something:\n%s", d)
		}
	}
}

// A file of the size of a large policy's firewall costs little, and the same job
// gives the same bytes.
func TestRenderIsTheSameAgain(t *testing.T) {
	job := largeJob(2000)
	var a, b bytes.Buffer
	if err := Render(&a, job); err != nil {
		t.Fatal(err)
	}
	if err := Render(&b, job); err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(a.Bytes(), b.Bytes()) {
		t.Error("two renderings differ")
	}
}

// largeJob is a firewall between two interfaces with one group of n clients.
func largeJob(n int) targets.Job {
	var members []ruleset.Member
	var ranges []ruleset.Range
	for i := range n {
		a := netip.AddrFrom4([4]byte{10, byte(i >> 14), byte(i >> 6), byte(i<<2) + 1})
		members = append(members, ruleset.Member{Range: ruleset.Range{From: a, To: a}, Name: "client" + strconv.Itoa(i)})
		ranges = append(ranges, ruleset.Range{From: a, To: a})
	}
	clients := ruleset.Group{Name: "NBU-client", Members: members, Set: ruleset.NewAddrSet(ranges...), Reason: "clients of prod"}
	master := ruleset.Group{Name: "NBU-master", Members: members[:1], Set: ruleset.NewAddrSet(ranges[0])}
	others := ruleset.NotIfaces(ruleset.Self)
	rule := func(src, dst ruleset.Group, in, out string, port uint16) ruleset.Rule {
		return ruleset.Rule{In: ruleset.Ifaces(in), Out: ruleset.Ifaces(out), Src: src.Set, Dst: dst.Set, SrcGroup: src.Name, DstGroup: dst.Name,
			Service: ruleset.TCPPorts(ruleset.PortRange{From: port, To: port}), Action: ruleset.Permit, Effects: ruleset.Effects{Idle: 8 * time.Hour},
			Name: src.Name + "-to-" + dst.Name, Reason: "the reason of the rule (Table 2-1)"}
	}
	return targets.Job{Firewall: "fw", Manage: targets.Exclusive,
		Interfaces: []targets.Interface{{Label: "core", Devices: []string{"eth0"}}, {Label: "zone", Devices: []string{"eth1"}}},
		Header:     []string{"made by a test"},
		Want: ruleset.RuleSet{Groups: []ruleset.Group{clients, master}, Stages: []ruleset.Stage{{Name: "forward", In: others, Out: others, Default: ruleset.Deny,
			Rules: []ruleset.Rule{rule(clients, master, "zone", "core", 1556), rule(master, clients, "core", "zone", 1556), rule(master, clients, "core", "zone", 13724)}}}}}
}

// BenchmarkRender writes 1001 files with 100,000 members in all.
func BenchmarkRender(b *testing.B) {
	job := largeJob(100)
	b.ReportAllocs()
	for b.Loop() {
		for range 1001 {
			if err := Render(io.Discard, job); err != nil {
				b.Fatal(err)
			}
		}
	}
}
