package paloalto

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/txtar"

	"github.com/nbfwc/nbfwc/ruleset"
	"github.com/nbfwc/nbfwc/targets"
)

var updateRender = flag.Bool("update", false, "rewrite testdata/render and testdata/plan")

// jobText is how the cases spell a job: lines of words.
//
//	manage section|exclusive      anchor before allow-web
//	interface core = zone1, zone2 group NBU-media "reason" = 10.0.0.1 media1, 10.0.0.0/24
//	union NBU-all = NBU-media, NBU-master
//	use NBU-media = SRV-MEDIA
//	default deny log
//	permit NBU-a-to-b "reason": core -> dmz, @NBU-media -> 10.0.0.0/8, tcp 80, udp 53; idle 8h log profile strict
func readJob(text string) (targets.Job, error) {
	job := targets.Job{Firewall: "edge", Prefix: "NBU-"}
	stage := ruleset.Stage{Name: "forward", In: ruleset.NotIfaces(ruleset.Self), Out: ruleset.NotIfaces(ruleset.Self), Default: ruleset.Deny}
	sets := map[string]ruleset.AddrSet{}
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(line)
		word, rest, _ := strings.Cut(line, " ")
		name, value, _ := strings.Cut(rest, " = ")
		switch word {
		case "":
		case "manage":
			if rest == "exclusive" {
				job.Manage = targets.Exclusive
			}
		case "anchor":
			job.Anchor = rest
		case "context":
			job.Context = rest
		case "device-group":
			job.DeviceGroup = rest
		case "os":
			job.OS = rest
		case "prefix":
			job.Prefix = rest
		case "self":
			job.Self = true
		case "deny-log":
			job.DenyLog = true
		case "established":
			job.Established = span(rest)
		case "header":
			job.Header = append(job.Header, unquote(rest))
		case "interface":
			job.Interfaces = append(job.Interfaces, targets.Interface{Label: name, Devices: strings.Split(value, ", ")})
		case "use":
			if job.UseObjects == nil {
				job.UseObjects = map[string]string{}
			}
			job.UseObjects[name] = value
		case "group", "union":
			g := groupOf(rest, word == "union", sets)
			sets[g.Name] = g.Set
			job.Want.Groups = append(job.Want.Groups, g)
		case "stage":
			in, out, _ := strings.Cut(rest, " -> ")
			stage.In, stage.Out = ifaces(in), ifaces(out)
		case "default":
			what, log, _ := strings.Cut(rest, " ")
			stage.Default, stage.Log = action(what), log == "log"
		case "permit", "deny", "reject":
			r, err := ruleOf(rest, sets)
			if err != nil {
				return job, fmt.Errorf("%s: %w", line, err)
			}
			r.Action = action(word)
			stage.Rules = append(stage.Rules, r)
		default:
			return job, fmt.Errorf("what is %q?", line)
		}
	}
	job.Want.Stages = []ruleset.Stage{stage}
	return job, nil
}

// unquote reads a Go string where a text begins with a quote.
func unquote(s string) string {
	if u, err := strconv.Unquote(s); err == nil {
		return u
	}
	return s
}

// headOf splits `NAME "reason": rest`, or with " =" in place of the colon. Both
// the reason and the quotes of the name can be left out.
func headOf(s string) (name, reason, rest string) {
	word := func(s string) (string, string) {
		if q, err := strconv.QuotedPrefix(s); err == nil {
			return unquote(q), s[len(q):]
		}
		i := strings.IndexAny(s, " :")
		return s[:i], s[i:]
	}
	name, rest = word(s)
	if strings.HasPrefix(rest, ` "`) {
		reason, rest = word(rest[1:])
	}
	return name, reason, strings.TrimLeft(rest, ":= ")
}

func groupOf(text string, union bool, sets map[string]ruleset.AddrSet) ruleset.Group {
	var g ruleset.Group
	var value string
	g.Name, g.Reason, value = headOf(text)
	var ranges []ruleset.Range
	for _, m := range strings.Split(value, ", ") {
		switch {
		case m == "":
		case union:
			g.Parts = append(g.Parts, m)
			ranges = append(ranges, sets[m].Ranges()...)
		default:
			text, host, _ := strings.Cut(m, " ")
			r := rangeOf(text)
			ranges = append(ranges, r)
			g.Members = append(g.Members, ruleset.Member{Range: r, Name: unquote(host)})
		}
	}
	g.Set = ruleset.NewAddrSet(ranges...)
	return g
}

// ruleOf reads "NAME "reason": in -> out, src -> dst, services; effects".
func ruleOf(s string, sets map[string]ruleset.AddrSet) (ruleset.Rule, error) {
	var r ruleset.Rule
	var rest string
	r.Name, r.Reason, rest = headOf(s)
	body, effects, _ := strings.Cut(rest, "; ")
	fields := strings.SplitN(body, ", ", 3)
	if len(fields) != 3 {
		return r, fmt.Errorf("a rule has zones, addresses and services")
	}
	in, out, _ := strings.Cut(fields[0], " -> ")
	r.In, r.Out = ifaces(in), ifaces(out)
	src, dst, _ := strings.Cut(fields[1], " -> ")
	r.Src, r.SrcGroup = addrs(src, sets)
	r.Dst, r.DstGroup = addrs(dst, sets)
	r.Service = services(fields[2])
	words := strings.Fields(effects)
	for i := 0; i < len(words); i++ {
		switch words[i] {
		case "log":
			r.Log = true
		case "idle":
			i++
			r.Idle = span(words[i])
		case "profile":
			r.Profile = strings.Join(words[i+1:], " ")
			i = len(words)
		case "opaque":
			r.Opaque = &ruleset.Opaque{Why: strings.Join(words[i+1:], " ")}
			i = len(words)
		}
	}
	return r, nil
}

func span(s string) time.Duration {
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
	case s == "any":
		return ruleset.IfaceSet{}
	case strings.HasPrefix(s, "any but "):
		return ruleset.NotIfaces(strings.Split(s[len("any but "):], "+")...)
	}
	return ruleset.Ifaces(strings.Split(s, "+")...)
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

// addrs reads "@group", "any" or "10.0.0.0/8+10.9.0.1-10.9.0.4".
func addrs(s string, sets map[string]ruleset.AddrSet) (ruleset.AddrSet, string) {
	if s == "any" {
		return ruleset.AnyAddr(), ""
	}
	if name, ok := strings.CutPrefix(s, "@"); ok {
		return sets[name], name
	}
	var ranges []ruleset.Range
	for _, word := range strings.Split(s, "+") {
		ranges = append(ranges, rangeOf(word))
	}
	return ruleset.NewAddrSet(ranges...), ""
}

var everyPort = ruleset.PortRange{From: 0, To: 65535}

func portsOf(s string) ruleset.PortRange {
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

// services reads "tcp 80, udp 1024-65535 -> 53, icmp 8/0, protocol 50" or "any".
func services(s string) ruleset.ServiceSet {
	if s == "any" {
		return ruleset.AnyService()
	}
	var boxes []ruleset.ServiceBox
	for _, word := range strings.Split(s, ", ") {
		name, rest, _ := strings.Cut(word, " ")
		b := ruleset.ServiceBox{Src: everyPort, Dst: everyPort}
		switch name {
		case "tcp", "udp":
			p := map[string]uint8{"tcp": 6, "udp": 17}[name]
			b.ProtoFrom, b.ProtoTo = p, p
			if src, dst, ok := strings.Cut(rest, " -> "); ok {
				b.Src, rest = portsOf(src), dst
			}
			if rest != "" {
				b.Dst = portsOf(rest)
			}
		case "icmp", "icmpv6":
			p := map[string]uint8{"icmp": 1, "icmpv6": 58}[name]
			kind, code, _ := strings.Cut(rest, "/")
			b = ruleset.ServiceBox{ProtoFrom: p, ProtoTo: p, Src: portsOf(kind), Dst: portsOf(code)}
		case "protocol":
			r := portsOf(rest)
			b.ProtoFrom, b.ProtoTo = uint8(r.From), uint8(r.To)
		default:
			panic("no service: " + word)
		}
		boxes = append(boxes, b)
	}
	return ruleset.NewServiceSet(boxes...)
}

// Each file of testdata/render is a story: a job, and what it becomes or what is
// wrong with it.
func TestRender(t *testing.T) {
	for _, file := range storiesIn(t, "render", 10) {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txtar"), func(t *testing.T) { renderCase(t, file) })
	}
}

func storiesIn(t *testing.T, dir string, least int) []string {
	t.Helper()
	files, err := filepath.Glob("testdata/" + dir + "/*.txtar")
	if err != nil || len(files) < least {
		t.Fatalf("%d cases, %v", len(files), err)
	}
	return files
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
	job, err := readJob(want["job"])
	if err != nil {
		t.Fatal(err)
	}
	have := map[string]string{"job": want["job"]}
	var set, xml bytes.Buffer
	setErr, xmlErr := Render(&set, job), RenderXML(&xml, job)
	if ps := Check(job); len(ps) > 0 {
		have["problems"] = problemLines(ps)
		if setErr == nil || xmlErr == nil || set.Len()+xml.Len() > 0 {
			t.Error("Render writes what Check refuses")
		}
	} else if setErr != nil || xmlErr != nil {
		t.Errorf("Render refuses what Check lets pass: %v, %v", setErr, xmlErr)
	} else {
		have["want.set"] = set.String()
		if _, ok := want["want.xml"]; ok {
			have["want.xml"] = xml.String()
		}
		readsBack(t, job, set.String())
		readsBack(t, job, xml.String())
	}
	compareStory(t, file, a, want, have, []string{"job", "want.set", "want.xml", "problems"})
}

func problemLines(ps []targets.Problem) string {
	var b strings.Builder
	for _, p := range ps {
		fmt.Fprintf(&b, "%s: %s\n", p.Text, p.Why)
	}
	return b.String()
}

func compareStory(t *testing.T, file string, a *txtar.Archive, want, have map[string]string, order []string) {
	t.Helper()
	if *updateRender {
		a.Files = nil
		for _, name := range order {
			if data, ok := have[name]; ok {
				a.Files = append(a.Files, txtar.File{Name: name, Data: []byte(data)})
			}
		}
		if err := os.WriteFile(file, txtar.Format(a), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if d := cmp.Diff(want, have); d != "" {
		t.Errorf("-want +have:\n%s", d)
	}
}

// readsBack holds that a text has the effect that Effective says, with nothing
// left unread.
func readsBack(t *testing.T, job targets.Job, text string) *targets.Config {
	t.Helper()
	c, err := parse(strings.NewReader(text), parseOptions(&job))
	if err != nil {
		t.Fatalf("%v in\n%s", err, text)
	}
	if len(job.UseObjects) > 0 {
		return c // the objects that it refers to are the device's own
	}
	if len(c.Problems) > 0 {
		t.Errorf("read back: %s\n%s", problemLines(c.Problems), text)
	}
	effective := Effective(job)
	same, err := ruleset.SameEffect(&c.RuleSet, &effective)
	if err != nil || !same {
		d, _ := ruleset.Compare(&c.RuleSet, &effective, ruleset.CompareOptions{Effects: true, MaxBoxes: 3})
		data, _ := json.MarshalIndent(d, "", " ")
		t.Errorf("what is read back has another effect than Effective: %v\n%s\n%s", err, data, text)
	}
	return c
}
