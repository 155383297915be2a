package fortigate

import (
	"bytes"
	"fmt"
	"math"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/tools/txtar"

	"github.com/nbfwc/nbfwc/ruleset"
	"github.com/nbfwc/nbfwc/targets"
)

func mustParse(t testing.TB, text string, opt targets.ParseOptions) *targets.Config {
	t.Helper()
	c, err := parse(strings.NewReader(text), opt)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// TestParseStories reads testdata/parse/*.txtar with a have.conf. The other
// parts say what is read: problems, rules, interfaces, nat. A file without
// problems is understood to its last line.
func TestParseStories(t *testing.T) {
	names, err := filepath.Glob("testdata/parse/*.txtar")
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	for _, name := range names {
		ar, err := txtar.ParseFile(name)
		if err != nil {
			t.Fatal(err)
		}
		if len(ar.Files) == 0 || ar.Files[0].Name != "have.conf" {
			continue
		}
		n++
		t.Run(strings.TrimSuffix(filepath.Base(name), ".txtar"), func(t *testing.T) {
			c := mustParse(t, string(ar.Files[0].Data), targets.ParseOptions{})
			parts := map[string]string{
				"problems": problemsText(c.Problems), "rules": rulesText(&c.RuleSet), "interfaces": interfacesText(c), "nat": natText(c),
				"device": fmt.Sprintf("%s %s %q established %v\n", c.OS, c.Hostname, c.Context, c.Established),
			}
			wantProblems := ""
			for _, f := range ar.Files[1:] {
				if f.Name == "problems" {
					wantProblems = string(f.Data)
					continue
				}
				have, ok := parts[f.Name]
				if !ok {
					t.Fatalf("%s is no part of a story", f.Name)
				}
				if have != string(f.Data) {
					t.Errorf("%s: have\n%s\nwant\n%s", f.Name, have, f.Data)
				}
			}
			if parts["problems"] != wantProblems {
				t.Errorf("problems: have\n%s\nwant\n%s", parts["problems"], wantProblems)
			}
		})
	}
	if n < 8 {
		t.Errorf("%d stories", n)
	}
}

func problemsText(list []targets.Problem) string {
	var b strings.Builder
	for _, p := range list {
		fmt.Fprintf(&b, "%d: %s: %s\n", p.Line, p.Text, p.Why)
	}
	return b.String()
}

// rulesText lists rules in a line each: what they match, what they do.
func rulesText(rs *ruleset.RuleSet) string {
	var b strings.Builder
	for _, s := range rs.Stages {
		for _, r := range s.Rules {
			fmt.Fprintf(&b, "%s: %s > %s | %s | %s | %s | %s", r.Name, r.In, r.Out, short(r.Src), short(r.Dst), r.Service, r.Action)
			switch r.Idle {
			case 0:
			case neverIdle:
				b.WriteString(" idle never")
			default:
				fmt.Fprintf(&b, " idle %d", int(r.Idle.Seconds()))
			}
			if r.Log {
				b.WriteString(" log")
			}
			if r.Profile != "" {
				fmt.Fprintf(&b, " profile %q", r.Profile)
			}
			if r.Opaque != nil {
				fmt.Fprintf(&b, " opaque")
			}
			b.WriteByte('\n')
		}
		fmt.Fprintf(&b, "default %s", s.Default)
		if s.Log {
			b.WriteString(" log")
		}
		b.WriteByte('\n')
	}
	return b.String()
}

func short(s ruleset.AddrSet) string {
	switch {
	case s.Equal(ruleset.Any4()):
		return "any4"
	case s.Equal(ruleset.Any6()):
		return "any6"
	}
	return s.String()
}

func interfacesText(c *targets.Config) string {
	var b strings.Builder
	for _, i := range c.Interfaces {
		fmt.Fprintf(&b, "%d: %s %v\n", i.Line, i.Label, i.Networks)
	}
	return b.String()
}

func natText(c *targets.Config) string {
	var b strings.Builder
	for _, n := range c.NAT {
		fmt.Fprintf(&b, "%d: %s: %s\n", n.Line, n.Text, short(n.Addrs))
	}
	return b.String()
}

// TestRewrites: what a device rewrites by itself never shows.
func TestRewrites(t *testing.T) {
	ar, err := txtar.ParseFile("testdata/parse/example-rewrites.txtar")
	if err != nil {
		t.Fatal(err)
	}
	forms := map[string]string{"session": readTestdata(t, "parse/example-session.log")}
	for _, f := range ar.Files {
		forms[f.Name] = string(f.Data)
		// The end of a line is the same however it was transported.
		forms[f.Name+" CRLF"] = strings.ReplaceAll(string(f.Data), "\n", "\r\n")
	}
	want := mustParse(t, forms["generated.conf"], targets.ParseOptions{})
	if len(want.RuleSet.Stages[0].Rules) != 4 {
		t.Fatalf("rules\n%s", rulesText(&want.RuleSet))
	}
	for name, text := range forms {
		have := mustParse(t, text, targets.ParseOptions{})
		if len(have.Problems) > 0 {
			t.Errorf("%s: %v", name, have.Problems)
		}
		sameConfig(t, name, have, want)
		if have.Digest != want.Digest && !strings.HasPrefix(name, "vdom") {
			t.Errorf("%s: the digest differs", name)
		}
	}
}

// sameConfig compares what two texts mean and how it is spelled.
func sameConfig(t *testing.T, name string, have, want *targets.Config) {
	t.Helper()
	if same, err := ruleset.SameEffect(&have.RuleSet, &want.RuleSet); err != nil || !same {
		t.Errorf("%s: the effect differs (%v): have\n%s\nwant\n%s", name, err, rulesText(&have.RuleSet), rulesText(&want.RuleSet))
	}
	h, w := have.Model.(*model), want.Model.(*model)
	if len(h.policies) != len(w.policies) {
		t.Fatalf("%s: %d policies, want %d", name, len(h.policies), len(w.policies))
	}
	for i := range w.policies {
		if !h.policies[i].same(&w.policies[i]) {
			t.Errorf("%s: policy %d: have %+v, want %+v", name, w.policies[i].id, h.policies[i], w.policies[i])
		}
	}
	for i := range w.addresses {
		a := &w.addresses[i]
		if !slices.ContainsFunc(h.addresses, func(b address) bool { return b.same(a) }) {
			t.Errorf("%s: no address %+v in %+v", name, a, h.addresses)
		}
	}
	for i := range w.groups {
		if !h.groups[i].same(&w.groups[i]) {
			t.Errorf("%s: group %+v, want %+v", name, h.groups[i], w.groups[i])
		}
	}
	for i := range w.services {
		if !h.services[i].same(&w.services[i]) {
			t.Errorf("%s: service %+v, want %+v", name, h.services[i], w.services[i])
		}
	}
	for i := range w.svcGroups {
		if !h.svcGroups[i].same(&w.svcGroups[i]) {
			t.Errorf("%s: service group %+v, want %+v", name, h.svcGroups[i], w.svcGroups[i])
		}
	}
}

// TestChangesShow: each change of one word of the example shows in the digest.
func TestChangesShow(t *testing.T) {
	ar, err := txtar.ParseFile("testdata/parse/example-rewrites.txtar")
	if err != nil {
		t.Fatal(err)
	}
	text := string(ar.Files[0].Data)
	want := mustParse(t, text, targets.ParseOptions{Prefix: "nbu-"}).Digest
	for _, change := range [][2]string{
		{"10.10.20.21", "10.10.20.22"},
		{"255.255.255.0", "255.255.0.0"},
		{`set member "nbu-master1" "nbu-media1"`, `set member "nbu-media1"`},
		{"set tcp-portrange 1556", "set tcp-portrange 1557"},
		{"set session-ttl 28800", "set session-ttl 28801"},
		{`"nbu-tcp-10082" "nbu-tcp-10102"`, `"nbu-tcp-10082"`},
		{"edit 700001", "edit 700009"},
		{`set service "nbu-s-to-client" "nbu-portmap"`, `set service "nbu-s-to-client"`},
		{`set dstaddr "nbu-app-net"`, `set dstaddr "all"`},
		{`set srcintf "app"`, `set srcintf "apps"`},
		{"set action accept", "set action deny"},
		{"set logtraffic all", "set logtraffic disable"},
		{`set schedule "always"`, `set schedule "none"`},
		{"nbfwc r1,r2", "nbfwc r1"},
		{`set srcaddr "all"`, "set srcaddr \"all\"\n        set srcaddr-negate enable"},
		{`set srcaddr "all"`, "set srcaddr \"all\"\n        set users \"u\""},
		{`set srcaddr "all"`, "set srcaddr \"all\"\n        set status disable"},
		{"config firewall address\n", "config system zone\n    edit \"app\"\n        set interface \"port1\"\n    next\nend\nconfig firewall address\n"},
		{"config firewall address\n", "config system settings\n    set central-nat enable\nend\nconfig firewall address\n"},
		{"config firewall address\n", "config firewall unheard-of\nend\nconfig firewall address\n"},
	} {
		changed := strings.Replace(text, change[0], change[1], 1)
		if changed == text {
			t.Fatalf("%q isn't in the example", change[0])
		}
		if mustParse(t, changed, targets.ParseOptions{Prefix: "nbu-"}).Digest == want {
			t.Errorf("%q for %q doesn't show", change[1], change[0])
		}
	}
	for _, noise := range []string{
		"#config-version=FGVMK6-7.2.4-FW-build1396-230131:opmode=1:vdom=0:user=admin\n#conf_file_ver=1\n" + text,
		text + "config system dns\n    set primary 8.8.8.8\nend\n",
		text + "config firewall address\n    edit \"others-host\"\n        set subnet 10.9.9.9/32\n    next\nend\n",
	} {
		if mustParse(t, noise, targets.ParseOptions{Prefix: "nbu-"}).Digest != want {
			t.Errorf("what no policy depends on shows: %.80q", noise)
		}
	}
}

func TestVDOMs(t *testing.T) {
	ar, err := txtar.ParseFile("testdata/verdicts/vdoms.txtar")
	if err != nil {
		t.Fatal(err)
	}
	text := string(ar.Files[0].Data)
	for vdom, want := range map[string]string{
		"":     "1: lan > wan | 10.1.0.1 | any4 | tcp 443 | permit\ndefault deny\n",
		"root": "1: lan > wan | 10.1.0.1 | any4 | tcp 443 | permit\ndefault deny\n",
		"dmz":  "1: lan > wan | 10.9.0.0/16 | any4 | any | permit\ndefault deny\n",
	} {
		c := mustParse(t, text, targets.ParseOptions{Context: vdom})
		if have := rulesText(&c.RuleSet); have != want {
			t.Errorf("VDOM %q: have\n%s\nwant\n%s", vdom, have, want)
		}
		wantName, wantPort := "root", "port1"
		if vdom == "dmz" {
			wantName, wantPort = "dmz", "port2"
		}
		if c.Context != wantName || len(c.Interfaces) != 1 || c.Interfaces[0].Label != wantPort || c.Hostname != "fw1" || c.OS != "7.2.4" {
			t.Errorf("VDOM %q: %q %v %q %q", vdom, c.Context, c.Interfaces, c.Hostname, c.OS)
		}
	}
	_, err = parse(strings.NewReader(text), targets.ParseOptions{Context: "other"})
	if err == nil || !strings.Contains(err.Error(), `no VDOM "other" in the text; it has root, dmz`) {
		t.Errorf("VDOM other: %v", err)
	}
}

func TestLabels(t *testing.T) {
	text := `config system zone
    edit "core"
        set interface "port3" "port4"
    next
end
config firewall policy
    edit 1
        set srcintf "core"
        set dstintf "port9"
        set action accept
        set srcaddr "all"
        set dstaddr "all"
        set schedule "always"
        set service "HTTPS"
    next
end
`
	c := mustParse(t, text, targets.ParseOptions{Interfaces: []targets.Interface{
		{Label: "inside", Devices: []string{"core"}}, {Label: "three", Devices: []string{"port3"}}, {Label: "outside", Devices: []string{"port9"}},
	}})
	r := c.RuleSet.Stages[0].Rules[0]
	if !r.In.Equal(ruleset.Ifaces("inside", "three")) || !r.Out.Equal(ruleset.Ifaces("outside")) {
		t.Errorf("have %v > %v", r.In, r.Out)
	}
	if c.RuleSet.Stages[0].In.Contains(ruleset.Self) {
		t.Error("traffic of the device itself has policies of its own")
	}
}

func TestSectionRemark(t *testing.T) {
	for text, want := range map[string]ruleset.Action{
		"# nbfwc section\nconfig firewall policy\nend\n":   ruleset.Next,
		"# nbfwc exclusive\nconfig firewall policy\nend\n": ruleset.Deny,
		"#x\n# nbfwc section\n":                            ruleset.Deny,
		"":                                                 ruleset.Deny,
	} {
		if have := mustParse(t, text, targets.ParseOptions{}).RuleSet.Stages[0].Default; have != want {
			t.Errorf("%q: default %v, want %v", text, have, want)
		}
	}
}

// TestOpaqueIDs: two texts that ask for the same unknown are the same, others
// are not.
func TestOpaqueIDs(t *testing.T) {
	config := func(address, policy string) *targets.Config {
		return mustParse(t, "config firewall address\n    edit \"web\"\n        set type fqdn\n        set fqdn \""+address+"\"\n    next\nend\n"+
			"config firewall policy\n    edit 1\n        set srcintf \"a\"\n        set dstintf \"b\"\n        set action accept\n"+
			"        set srcaddr \"all\"\n        set dstaddr \"web\"\n        set schedule \"always\"\n        set service \"HTTPS\"\n"+policy+"    next\nend\n",
			targets.ParseOptions{})
	}
	want := config("www.example.com", "")
	for _, c := range []struct {
		name string
		have *targets.Config
		same bool
	}{
		{"the same name", config("www.example.com", ""), true},
		{"another name", config("www.example.org", ""), false},
		{"with users", config("www.example.com", "        set users \"u\"\n"), false},
	} {
		if same, err := ruleset.SamePackets(&c.have.RuleSet, &want.RuleSet); err != nil || same != c.same {
			t.Errorf("%s: same %v, want %v (%v)", c.name, same, c.same, err)
		}
	}
}

func TestLoweredPolicies(t *testing.T) {
	text := "config system zone\n edit z\n set intrazone allow\n set interface p q\n next\nend\n" +
		"config firewall policy\n edit 1\n set status disable\n next\n edit 2\n set srcintf z\n set dstintf x\n set action accept\n" +
		" set srcaddr all\n set dstaddr all\n set service ALL_TCP DNS\n set session-ttl 7200\n set schedule always\n next\nend\n"
	m, err := readModel(text, targets.ParseOptions{})
	if err != nil {
		t.Fatal(err)
	}
	l := lower(m, targets.ParseOptions{})
	if want := []int{1, 1, -1}; !slices.Equal(l.policy, want) || len(l.rules.Stages[0].Rules) != 3 {
		t.Errorf("policies of rules %v, want %v\n%s", l.policy, want, rulesText(&l.rules))
	}
}

func TestUsedElsewhere(t *testing.T) {
	text := "config firewall local-in-policy\n edit 1\n set srcaddr \"NBU-host\"\n next\nend\n" +
		"config firewall addrgrp\n edit \"g\"\n set member \"NBU-member\"\n next\nend\n" +
		"config router static\n edit 1\n set dstaddr \"NBU-net\"\n next\nend\n"
	m, err := readModel(text, targets.ParseOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if len(m.usedElsewhere) != 2 || m.usedElsewhere["NBU-host"] != 3 || m.usedElsewhere["NBU-net"] == 0 {
		t.Errorf("have %v", m.usedElsewhere)
	}
}

func TestNeverIdle(t *testing.T) {
	if never.idle() != neverIdle || neverIdle != time.Duration(math.MaxInt64) || ttl(3600).idle() != time.Hour {
		t.Error("timeouts")
	}
}

func TestRefusedTexts(t *testing.T) {
	for name, text := range map[string]string{
		"NUL":     "config firewall policy\x00",
		"too big": strings.Repeat(" ", maxText+1),
	} {
		if _, err := parse(strings.NewReader(text), targets.ParseOptions{}); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}

// TestBounds: hostile texts take linear time and end in problems.
func TestBounds(t *testing.T) {
	deep := strings.Repeat("config a\nedit b\n", 50_000)
	unselect := "config firewall policy\nedit 1\nset srcaddr" + strings.Repeat(" a", 100_000) + strings.Repeat("\nunselect srcaddr b c d e f g h", 10_000)
	fields := "config firewall policy\nedit 1\n"
	for i := range 50_000 {
		fields += fmt.Sprintf("set f%d x\n", i)
		if i > 2000 {
			break
		}
	}
	var nest bytes.Buffer
	nest.WriteString("config firewall addrgrp\n")
	for i := range 3000 {
		fmt.Fprintf(&nest, "edit g%d\nset member g%d g%d\nnext\n", i, i+1, i+2)
	}
	var hosts bytes.Buffer
	hosts.WriteString("config firewall address\n")
	for i := range 3002 {
		fmt.Fprintf(&hosts, "edit h%d\nset subnet 10.%d.%d.1/32\nnext\n", i, i>>8, i&255)
	}
	hosts.WriteString("end\n")
	for _, order := range []string{"down", "up"} {
		hosts.WriteString("config firewall addrgrp\n")
		for i := range 3000 {
			if order == "up" {
				i = 2999 - i
			}
			fmt.Fprintf(&hosts, "edit %s%d\nset member h%d %s%d %s%d\nnext\n", order, i, i, order, i+1, order, i+2)
		}
		hosts.WriteString("end\n")
	}
	hosts.WriteString("config firewall policy\n")
	for i := range 3000 {
		fmt.Fprintf(&hosts, "edit %d\nset srcaddr up%d up%d\nset dstaddr down%d\nnext\n", i+1, i, i/2, i)
	}
	hosts.WriteString("end\n")
	for name, text := range map[string]string{
		"nested hosts": hosts.String(), "nested tables": deep, "unselected": unselect, "fields": fields, "nested groups": nest.String() + "end\n",
		"noise": strings.Repeat("x\n", 200_000), "quote": "config firewall policy\nedit 1\nset name \"" + strings.Repeat("a\n", 100_000),
		"prompts": strings.Repeat("a # ", 50_000), "more": strings.Repeat("--More-- \r", 100_000),
		"entry 0": "config firewall policy\n" + strings.Repeat("edit 0\nnext\n", 20_000),
	} {
		start := time.Now()
		c := mustParse(t, text, targets.ParseOptions{})
		if took := time.Since(start); took > 2*time.Minute {
			t.Errorf("%s: took %v", name, took)
		}
		if len(c.Problems) == 0 && name != "nested groups" && name != "prompts" && name != "more" && name != "entry 0" {
			t.Errorf("%s: no problem", name)
		}
		if len(c.Problems) > 3*maxProblems {
			t.Errorf("%s: %d problems", name, len(c.Problems))
		}
	}
}

// benchmarkText is a backup of n lines with objects, groups and policies in the
// proportion of a large firewall.
func benchmarkText(n int) string {
	var b strings.Builder
	b.WriteString("#config-version=FGVMK6-7.2.4-FW-build1396-230131:opmode=0:vdom=0:user=admin\nconfig firewall address\n")
	hosts, policies := n/8, n/24
	for i := range hosts {
		fmt.Fprintf(&b, "    edit \"host-%d\"\n        set uuid 5c1c0d2e-6f0a-51ef-9a3b-%012d\n        set subnet 10.%d.%d.%d 255.255.255.255\n    next\n", i, i, i>>16, i>>8&255, i&255)
	}
	b.WriteString("end\nconfig firewall addrgrp\n")
	for i := range hosts / 20 {
		fmt.Fprintf(&b, "    edit \"group-%d\"\n        set member", i)
		for j := range 20 {
			fmt.Fprintf(&b, " \"host-%d\"", i*20+j)
		}
		b.WriteString("\n    next\n")
	}
	b.WriteString("end\nconfig firewall policy\n")
	for i := range policies {
		fmt.Fprintf(&b, "    edit %d\n        set name \"policy %d\"\n        set uuid 5c1c0d2e-6f0a-51ef-9a3c-%012d\n        set srcintf \"zone-%d\"\n        set dstintf \"zone-%d\"\n"+
			"        set action accept\n        set srcaddr \"group-%d\"\n        set dstaddr \"host-%d\"\n        set schedule \"always\"\n        set service \"HTTPS\" \"SSH\"\n"+
			"        set logtraffic all\n    next\n", i+1, i, i, i%20, i%7, i%(hosts/20), i%hosts)
	}
	b.WriteString("end\n")
	return b.String()
}

func BenchmarkParse200000(b *testing.B) {
	text := benchmarkText(200_000)
	lines := strings.Count(text, "\n")
	b.SetBytes(int64(len(text)))
	b.ReportAllocs()
	for b.Loop() {
		c := mustParse(b, text, targets.ParseOptions{})
		if len(c.Problems) > 0 || c.Lines < 190_000 {
			b.Fatal(len(c.Problems), c.Lines)
		}
	}
	b.ReportMetric(float64(lines), "lines")
}

func FuzzParse(f *testing.F) {
	for _, v := range verdictFiles(f) {
		f.Add(v.config)
	}
	names, _ := filepath.Glob("testdata/parse/*.txtar")
	for _, name := range names {
		ar, err := txtar.ParseFile(name)
		if err != nil {
			f.Fatal(err)
		}
		for _, file := range ar.Files {
			if strings.HasSuffix(file.Name, ".conf") && len(file.Data) < 20_000 {
				f.Add(string(file.Data))
			}
		}
	}
	f.Fuzz(func(t *testing.T, text string) {
		c, err := parse(strings.NewReader(text), targets.ParseOptions{})
		if err != nil {
			return
		}
		again := mustParse(t, text, targets.ParseOptions{})
		if again.Digest != c.Digest || !ruleset.SameSpelling(&again.RuleSet, &c.RuleSet) {
			t.Error("the same text is read in two ways")
		}
		for _, p := range c.Problems {
			if strings.ContainsAny(p.Text, "\n") || p.Line > c.Lines {
				t.Errorf("problem %+v of %d lines", p, c.Lines)
			}
		}
		m := c.Model.(*model)
		if n := len(lower(m, m.opt).policy); n != len(c.RuleSet.Stages[0].Rules) {
			t.Errorf("%d rules, %d policies of rules", len(c.RuleSet.Stages[0].Rules), n)
		}
	})
}
