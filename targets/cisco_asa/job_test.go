package cisco_asa

import (
	"flag"
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"golang.org/x/tools/txtar"

	"github.com/nbfwc/nbfwc/ruleset"
	"github.com/nbfwc/nbfwc/targets"
)

var updateGolden = flag.Bool("update-asa", false, "rewrite the golden files of render and plan")

// A testJob is a job in few words, a line each:
//
//	manage exclusive | section      anchor top      bind      take-over
//	interface LABEL [NAMEIF]
//	group NAME ADDRESS ... | group NAME = GROUP ...
//	use GROUP OBJECT
//	permit IN OUT SOURCE DESTINATION SERVICE,... [idle TIME] [log]
//
// and after '#' the reason. deny and reject are written like permit.
func testJob(t testing.TB, text string) (job targets.Job, opt targets.PlanOptions) {
	t.Helper()
	job = targets.Job{Firewall: "edge", Prefix: targets.DefaultPrefix, Header: []string{"Compiled by nbfwc from a policy. Change the policy, not this file."}}
	stage := ruleset.Stage{Name: "forward", In: ruleset.NotIfaces(ruleset.Self), Out: ruleset.NotIfaces(ruleset.Self), Default: ruleset.Deny}
	sets := map[string]ruleset.AddrSet{}
	fail := func(line string, err error) {
		if err != nil {
			t.Fatalf("%s: %v", line, err)
		}
	}
	for _, line := range strings.Split(text, "\n") {
		body, reason, _ := strings.Cut(line, "#")
		w := strings.Fields(body)
		if len(w) == 0 {
			continue
		}
		switch w[0] {
		case "manage":
			job.Manage = map[string]targets.Manage{"exclusive": targets.Exclusive, "section": targets.Section}[w[1]]
		case "anchor":
			job.Anchor = strings.Join(w[1:], " ")
		case "bind":
			job.Bind = true
		case "take-over":
			opt.TakeOver = true
		case "deny_log":
			job.DenyLog = true
		case "os":
			job.OS = w[1]
		case "context":
			job.Context = w[1]
		case "established":
			d, err := time.ParseDuration(w[1])
			fail(line, err)
			job.Established = d
		case "interface":
			job.Interfaces = append(job.Interfaces, targets.Interface{Label: w[1], Devices: []string{w[len(w)-1]}})
		case "use":
			if job.UseObjects == nil {
				job.UseObjects = map[string]string{}
			}
			job.UseObjects[w[1]] = w[2]
		case "group":
			g := ruleset.Group{Name: w[1], Reason: strings.TrimSpace(reason)}
			if w[2] == "=" {
				g.Parts = w[3:]
				for _, p := range g.Parts {
					for _, r := range sets[p].Ranges() {
						g.Members = append(g.Members, ruleset.Member{Range: r})
					}
				}
			} else {
				for _, a := range w[2:] {
					r, err := testRange(a)
					fail(line, err)
					g.Members = append(g.Members, ruleset.Member{Range: r})
				}
			}
			g.Set = ruleset.MemberSet(g.Members)
			sets[g.Name] = g.Set
			job.Want.Groups = append(job.Want.Groups, g)
		case "permit", "deny", "reject":
			r := ruleset.Rule{In: ruleset.Ifaces(w[1]), Out: ruleset.Ifaces(w[2]), Reason: strings.TrimSpace(reason)}
			r.Action = map[string]ruleset.Action{"permit": ruleset.Permit, "deny": ruleset.Deny, "reject": ruleset.Reject}[w[0]]
			for i, side := range []*ruleset.AddrSet{&r.Src, &r.Dst} {
				name := w[3+i]
				if set, ok := sets[name]; ok {
					*side = set
					*[]*string{&r.SrcGroup, &r.DstGroup}[i] = name
				} else if name == "any" {
					*side = ruleset.AnyAddr()
				} else {
					x, err := testRange(name)
					fail(line, err)
					*side = ruleset.NewAddrSet(x)
				}
			}
			for _, s := range strings.Split(w[5], ",") {
				set, err := testService(s)
				fail(line, err)
				r.Service = r.Service.Union(set)
			}
			for i := 6; i < len(w); i++ {
				switch w[i] {
				case "log":
					r.Log = true
				case "idle":
					d, err := time.ParseDuration(w[i+1])
					fail(line, err)
					r.Idle = d
					i++
				default:
					t.Fatalf("%s: unknown word %s", line, w[i])
				}
			}
			stage.Rules = append(stage.Rules, r)
		default:
			t.Fatalf("unknown line: %s", line)
		}
	}
	job.Want.Stages = []ruleset.Stage{stage}
	return job, opt
}

func testRange(s string) (ruleset.Range, error) {
	if p, err := netip.ParsePrefix(s); err == nil {
		return ruleset.RangeOf(p), nil
	}
	from, to, ok := strings.Cut(s, "-")
	if !ok {
		to = from
	}
	a, err := netip.ParseAddr(from)
	if err != nil {
		return ruleset.Range{}, err
	}
	b, err := netip.ParseAddr(to)
	return ruleset.Range{From: a, To: b}, err
}

func testService(s string) (ruleset.ServiceSet, error) {
	name, rest, _ := strings.Cut(s, "/")
	proto, ok := map[string]uint8{"tcp": 6, "udp": 17, "icmp": 1, "icmp6": 58}[name]
	switch {
	case name == "ip":
		return ruleset.AnyService(), nil
	case !ok:
		n, err := strconv.Atoi(rest)
		return ruleset.Protocol(uint8(n)), err
	}
	src, dst := ruleset.PortRange{From: 0, To: 65535}, ruleset.PortRange{From: 0, To: 65535}
	if s, d, ok := strings.Cut(rest, ">"); ok {
		rest = d
		if err := testPorts(s, &src); err != nil {
			return ruleset.ServiceSet{}, err
		}
	}
	if proto == ruleset.ICMP || proto == ruleset.ICMPv6 {
		dst.To = 255
		if err := testPorts(rest, &src); err != nil {
			return ruleset.ServiceSet{}, err
		}
	} else if rest != "" {
		if err := testPorts(rest, &dst); err != nil {
			return ruleset.ServiceSet{}, err
		}
	}
	return ruleset.NewServiceSet(ruleset.ServiceBox{ProtoFrom: proto, ProtoTo: proto, Src: src, Dst: dst}), nil
}

func testPorts(s string, r *ruleset.PortRange) error {
	from, to, ok := strings.Cut(s, "-")
	if !ok {
		to = from
	}
	a, err := strconv.ParseUint(from, 10, 16)
	if err != nil {
		return err
	}
	b, err := strconv.ParseUint(to, 10, 16)
	*r = ruleset.PortRange{From: uint16(a), To: uint16(b)}
	return err
}

// golden runs f on each archive of a folder. f returns what the file named last
// in it has to be.
func golden(t *testing.T, dir, last string, f func(t *testing.T, file map[string]string) string) {
	t.Helper()
	paths, err := filepath.Glob(filepath.Join("testdata", dir, "*.txtar"))
	if err != nil || len(paths) == 0 {
		t.Fatalf("no cases in %s: %v", dir, err)
	}
	for _, path := range paths {
		t.Run(strings.TrimSuffix(filepath.Base(path), ".txtar"), func(t *testing.T) {
			a, err := txtar.ParseFile(path)
			if err != nil {
				t.Fatal(err)
			}
			file, at := map[string]string{}, -1
			for i, f := range a.Files {
				file[f.Name] = string(f.Data)
				if f.Name == last {
					at = i
				}
			}
			if at < 0 {
				a.Files = append(a.Files, txtar.File{Name: last})
				at = len(a.Files) - 1
			}
			got := f(t, file)
			if got == string(a.Files[at].Data) {
				return
			}
			if *updateGolden {
				a.Files[at].Data = []byte(got)
				if err := os.WriteFile(path, txtar.Format(a), 0o644); err != nil {
					t.Fatal(err)
				}
				return
			}
			t.Errorf("have:\n%s\nwant:\n%s", got, a.Files[at].Data)
		})
	}
}

func rendered(t testing.TB, job targets.Job) string {
	t.Helper()
	var b strings.Builder
	if err := Render(&b, job); err != nil {
		t.Fatalf("%v\n%v", err, Check(job))
	}
	return b.String()
}

func stepsText(c *targets.Change, problems []targets.Problem) string {
	var b strings.Builder
	for _, p := range problems {
		fmt.Fprintf(&b, "refused: %s: %s\n", p.Text, p.Why)
	}
	if c == nil {
		return b.String()
	}
	for _, s := range c.Steps {
		fmt.Fprintf(&b, "! %s\n", s.Why)
		for _, line := range s.Commands {
			b.WriteString(line + "\n")
		}
	}
	for _, f := range c.Findings {
		fmt.Fprintf(&b, "finding: %s: %s\n", f.Text, f.Why)
	}
	for _, line := range c.Cut {
		fmt.Fprintf(&b, "cut: %s\n", line)
	}
	return b.String()
}
