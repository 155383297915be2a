package paloalto

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/nbfwc/nbfwc/ruleset"
	"github.com/nbfwc/nbfwc/targets"
)

// rewrites are things that a device or an editor does to a text without
// changing what it means.
var rewrites = map[string]func(*rand.Rand, []string) []string{
	"leaves in another order": func(r *rand.Rand, lines []string) []string {
		// Lines of one rule are together; they change places among themselves.
		var out []string
		for i := 0; i < len(lines); {
			j := i
			for j < len(lines) && ruleWords(lines[j]) != "" && ruleWords(lines[j]) == ruleWords(lines[i]) {
				j++
			}
			j = max(j, i+1)
			block := append([]string(nil), lines[i:j]...)
			r.Shuffle(len(block), func(a, b int) { block[a], block[b] = block[b], block[a] })
			out = append(out, block...)
			i = j
		}
		return out
	},
	"brackets around one": func(_ *rand.Rand, lines []string) []string {
		return eachLine(lines, func(w []string) []string {
			if len(w) > 2 && (w[len(w)-2] == "source" || w[len(w)-2] == "from" || w[len(w)-2] == "static") {
				return append(w[:len(w)-1:len(w)-1], "[", w[len(w)-1], "]")
			}
			return w
		})
	},
	"quotes around names": func(_ *rand.Rand, lines []string) []string {
		return eachLine(lines, func(w []string) []string {
			if len(w) > 3 && w[1] == "address" && !strings.HasPrefix(w[2], `"`) {
				w[2] = `"` + w[2] + `"`
			}
			return w
		})
	},
	"/32 written": func(_ *rand.Rand, lines []string) []string {
		return eachLine(lines, func(w []string) []string {
			if n := len(w) - 1; n > 2 && w[n-1] == "ip-netmask" && !strings.ContainsAny(w[n], "/:") {
				w[n] += "/32"
			}
			return w
		})
	},
	"defaults written": func(_ *rand.Rand, lines []string) []string {
		var out []string
		for i, line := range lines {
			out = append(out, line)
			name := ruleWords(line)
			if name == "" || i+1 < len(lines) && ruleWords(lines[i+1]) == name {
				continue
			}
			for _, d := range []string{"disabled no", "log-end yes", "log-start no", "rule-type universal", "source-user any",
				"category any", "source-hip any", "destination-hip any", "negate-source no", "uuid 11111111-2222-3333-4444-555555555555"} {
				word, _, _ := strings.Cut(d, " ")
				if !strings.Contains(strings.Join(lines, "\n"), name+" "+word) {
					out = append(out, name+" "+d)
				}
			}
		}
		return out
	},
	"members in another order": func(r *rand.Rand, lines []string) []string {
		return eachLine(lines, func(w []string) []string {
			from := 0
			for i, s := range w {
				if s == "[" {
					from = i + 1
				}
			}
			if n := len(w) - 1; from > 0 && w[n] == "]" && !strings.Contains(strings.Join(w[from:n], " "), `"`) {
				r.Shuffle(n-from, func(a, b int) { w[from+a], w[from+b] = w[from+b], w[from+a] })
			}
			return w
		})
	},
}

// ruleWords returns "set ... security rules NAME" of a line of a security rule.
func ruleWords(line string) string {
	i := strings.Index(line, " security rules ")
	if i < 0 || strings.Contains(line, "default-security") {
		return ""
	}
	i += len(" security rules ")
	j := strings.IndexByte(line[i:], ' ')
	if j < 0 {
		return ""
	}
	return line[:i+j]
}

func eachLine(lines []string, change func([]string) []string) []string {
	out := make([]string, len(lines))
	for i, line := range lines {
		out[i] = strings.Join(change(strings.Split(line, " ")), " ")
	}
	return out
}

// TestRewrites holds that what means the same is no difference: neither for the
// digest nor for packets.
func TestRewrites(t *testing.T) {
	for _, f := range verdictFiles(t) {
		want, err := parse(strings.NewReader(f.config), f.opt)
		if err != nil {
			t.Fatal(err)
		}
		for name, change := range rewrites {
			r := rand.New(rand.NewPCG(1, 2))
			text := strings.Join(change(r, strings.Split(strings.TrimSpace(f.config), "\n")), "\n") + "\n"
			have, err := parse(strings.NewReader(text), f.opt)
			if err != nil {
				t.Errorf("%s, %s: %v", f.name, name, err)
				continue
			}
			if have.Digest != want.Digest {
				t.Errorf("%s, %s: another digest\n%s", f.name, name, text)
			}
			if same, err := ruleset.SameEffect(&have.RuleSet, &want.RuleSet); !same || err != nil {
				t.Errorf("%s, %s: another effect %v", f.name, name, err)
			}
		}
	}
}

// TestOpaqueIsStable holds that a condition is the same unknown in two texts as
// long as it says the same, and another one if it doesn't.
func TestOpaqueIsStable(t *testing.T) {
	base := `set zone a network layer3 ethernet1/1
set zone b network layer3 ethernet1/2
set address f fqdn host.example.com
set address h ip-netmask 10.0.0.1
set address-group d dynamic filter "'web' and 'prod'"
set address-group mix static [ f h ]
set external-list bad type ip url http://192.0.2.1/list
set region lab address 192.0.2.0/24
set schedule night schedule-type recurring daily 22:00-23:00
set application-group apps members [ ssl web-browsing ]
set service s protocol tcp port 80
set rulebase security rules r from a to b source mix destination d application apps service s action allow
set rulebase security rules r schedule night
set rulebase security rules q from a to b source bad destination lab application any service s action allow
`
	want, err := parse(strings.NewReader(base), targets.ParseOptions{})
	if err != nil || len(want.Problems) > 0 {
		t.Fatal(err, want.Problems)
	}
	for _, c := range []struct {
		from, to string
		same     bool
	}{
		{"", "", true},
		{"members [ ssl web-browsing ]", "members [ web-browsing ssl ]", true},
		{"application apps", "application [ web-browsing ssl ]", true},
		{"static [ f h ]", "static [ h f ]", true},
		{"source mix", "source [ f 10.0.0.1 ]", true},
		{"set service s", "set address new ip-netmask 10.0.0.9\nset service s", true},
		{"host.example.com", "other.example.com", false},
		{"'prod'", "'test'", false},
		{"192.0.2.1/list", "192.0.2.2/list", false},
		{"22:00-23:00", "22:00-24:00", false},
		{"192.0.2.0/24", "192.0.2.0/25", false},
		{"[ ssl web-browsing ]", "[ ssl ftp ]", false},
		{"schedule night", "source-user bob", false},
		{"destination d", "destination d negate-destination yes", false},
	} {
		have, err := parse(strings.NewReader(strings.Replace(base, c.from, c.to, 1)), targets.ParseOptions{})
		if err != nil {
			t.Fatal(err)
		}
		if same, err := ruleset.SamePackets(&have.RuleSet, &want.RuleSet); same != c.same || err != nil {
			t.Errorf("%q for %q: same %v, %v", c.to, c.from, same, err)
		}
	}
}

// TestDigestChanges holds that what counts changes the digest.
func TestDigestChanges(t *testing.T) {
	base := `set zone a network layer3 ethernet1/1
set address h ip-netmask 10.0.0.1
set address-group g static h
set service s protocol tcp port 80
set rulebase security rules r from a to b source g destination any application any service s action allow
set rulebase security rules q from a to b source h destination any application any service s action deny
set rulebase nat rules n source h destination any
`
	seen := map[string]string{}
	for _, text := range []string{
		base,
		strings.Replace(base, "10.0.0.1", "10.0.0.2", 1),
		strings.Replace(base, "port 80", "port 81", 1),
		strings.Replace(base, "port 80", "port 80 override yes timeout 60", 1),
		strings.Replace(base, "action allow", "action deny", 1),
		strings.Replace(base, "action allow", "action allow disabled yes", 1),
		strings.Replace(base, "action allow", "action allow log-end no", 1),
		strings.Replace(base, "action allow", "action allow novelty x", 1),
		strings.Replace(base, "action allow", "action allow schedule x", 1),
		strings.Replace(base, "source g", "source g negate-source yes", 1),
		strings.Replace(base, "ethernet1/1", "ethernet1/2", 1),
		strings.Replace(base, "static h", "static [ h x ]", 1),
		strings.Replace(base, "rules n", "rules m", 1),
		base + "set rulebase default-security-rules rules interzone-default action allow\n",
		base + "set network interface ethernet ethernet1/1 layer3 ip 10.0.0.1/24\n",
		base + "set deviceconfig setting config rematch no\n",
		base + "move it\n" + "set address h2 ip-netmask 10.0.0.9\n",
	} {
		c, err := parse(strings.NewReader(text), targets.ParseOptions{})
		if err != nil {
			t.Fatal(err)
		}
		if other, ok := seen[c.Digest]; ok {
			t.Errorf("one digest for\n%s\nand\n%s", text, other)
		}
		seen[c.Digest] = text
	}
	swapped := strings.Split(base, "\n")
	swapped[4], swapped[5] = swapped[5], swapped[4]
	c, err := parse(strings.NewReader(strings.Join(swapped, "\n")), targets.ParseOptions{})
	if err != nil || seen[c.Digest] != "" {
		t.Error("the order of rules doesn't count", err)
	}
}

// TestHostile holds that time and size stay in proportion to the text.
func TestHostile(t *testing.T) {
	deepGroups := "set address a ip-netmask 10.0.0.1\nset address-group g0 static a\n"
	for i := 1; i < 3000; i++ {
		deepGroups += fmt.Sprintf("set address-group g%d static [ g%d g%d a ]\n", i, i-1, max(i-2, 0))
	}
	wide := ""
	for i := range 300 {
		wide += fmt.Sprintf("set zone z%d network layer3 e%d\n", i, i)
	}
	for i := range 3000 {
		wide += fmt.Sprintf("set rulebase security rules r%d from any to any source any destination any application any service any action deny rule-type interzone\n", i)
	}
	for name, text := range map[string]string{
		"nested groups":     deepGroups + "set rulebase security rules r from any to any source g2999 destination any application any service any action allow\n",
		"many zones":        wide,
		"nested services":   strings.NewReplacer("address-group", "service-group", " static ", " members ", "address a ip-netmask 10.0.0.1", "service a protocol tcp port 1,3,5").Replace(deepGroups) + "set rulebase security rules r from any to any source any destination any application any service g2999 action allow\n",
		"unclosed quotes":   strings.Repeat("set address a description \"x\nset address b fqdn \"y\n", 50_000),
		"one long line":     "set address a tag [ " + strings.Repeat("x ", 500_000),
		"one line of names": "set " + strings.Repeat("x ", 200_000),
		"open braces":       strings.Repeat("a {", 100_000),
		"statements":        "a {" + strings.Repeat("b;", 300_000) + "}",
		"open elements":     strings.Repeat("<a>", 100_000),
		"an open attribute": "<config" + strings.Repeat(" a=\"b\"", 100_000),
		"quotes in a line":  "set address a description " + strings.Repeat("\"x ", 200_000),
		"other lines":       strings.Repeat("delete x\n", 100_000),
	} {
		start := time.Now()
		c, err := parse(strings.NewReader(text), targets.ParseOptions{})
		if d := time.Since(start); d > time.Minute {
			t.Errorf("%s: %v", name, d)
		} else {
			t.Logf("%s: %v", name, d)
		}
		if err == nil && len(c.Problems) > maxProblems+1 {
			t.Errorf("%s: %d problems", name, len(c.Problems))
		}
	}
}

// TestElsewhere finds names of ours that others refer to.
func TestElsewhere(t *testing.T) {
	text := `set vsys vsys1 address NBU-a ip-netmask 10.0.0.1
set vsys vsys1 address NBU-b ip-netmask 10.0.0.2
set vsys vsys1 rulebase pbf rules p source NBU-a
set vsys vsys2 rulebase security rules r source NBU-c
set vsys vsys1 rulebase nat rules n source NBU-d
set vsys vsys1 rulebase security rules r source NBU-b
set network interface ethernet ethernet1/1 layer3 ip NBU-e
`
	c, err := parse(strings.NewReader(text), targets.ParseOptions{Context: "vsys1"})
	if err != nil {
		t.Fatal(err)
	}
	m := c.Model.(*model)
	for name, want := range map[string]bool{"NBU-a": true, "NBU-b": false, "NBU-c": true, "NBU-d": true, "NBU-e": true} {
		if m.elsewhere[name] != want {
			t.Errorf("%s: %v, want %v", name, m.elsewhere[name], want)
		}
	}
	if !m.prefixed {
		t.Error("a firewall with two vsys needs their names in commands")
	}
	if set, exact, ok := m.addrsOf("NBU-b"); !exact || !ok || set.String() != "10.0.0.2" {
		t.Error(set, exact, ok)
	}
	if _, _, ok := m.addrsOf("nobody"); ok {
		t.Error("an unknown name means something")
	}
}
