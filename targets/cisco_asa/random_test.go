package cisco_asa

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/nbfwc/nbfwc/lab"
	"github.com/nbfwc/nbfwc/lab/asa"
	"github.com/nbfwc/nbfwc/ruleset"
	"github.com/nbfwc/nbfwc/targets"
)

// randomJobText is a job in the words of testJob, of everything that one can
// have: unions, both families in a group, rules without groups, refusals between
// permits, timeouts that overlap.
func randomJobText(rng *rand.Rand, manage string) string {
	var b strings.Builder
	fmt.Fprintf(&b, "manage %s\ninterface inside\ninterface dmz\ninterface outside\n", manage)
	hosts := map[string][]string{
		"inside": {"10.0.0.10", "10.0.0.21", "10.0.0.22", "10.0.0.20/30", "10.0.0.21-10.0.0.23", "2001:db8::1", "2001:db8::/64"},
		"dmz":    {"192.0.2.10", "192.0.2.11", "192.0.2.8/29", "192.0.2.99", "2001:db8:2::1"}, "outside": {"198.51.100.10", "203.0.113.0/24", "203.0.113.5"},
	}
	names := map[string][]string{}
	sides := []string{"inside", "dmz", "outside"}
	for _, side := range sides {
		for k := range 1 + rng.IntN(3) {
			name := fmt.Sprintf("NBU-g%d-%s", k, side)
			fmt.Fprintf(&b, "group %s", name)
			list := hosts[side]
			for range 1 + rng.IntN(3) {
				fmt.Fprintf(&b, " %s", list[rng.IntN(len(list))])
			}
			fmt.Fprintf(&b, " # group %d\n", rng.IntN(3))
			names[side] = append(names[side], name)
		}
		if list := names[side]; len(list) > 1 && rng.IntN(2) == 0 {
			name := "NBU-union-" + side
			fmt.Fprintf(&b, "group %s = %s\n", name, strings.Join(list, " "))
			names[side] = append(names[side], name)
		}
	}
	pick := func(side string) string {
		switch rng.IntN(8) {
		case 0:
			return "any"
		case 1:
			return hosts[side][rng.IntN(len(hosts[side]))]
		}
		return names[side][rng.IntN(len(names[side]))]
	}
	services := []string{"tcp/1556", "tcp/1556,tcp/13724", "tcp/22-80", "udp/1556", "tcp/1024-65535>443", "icmp/8", "icmp6/128", "tcp/1556,udp/123,icmp/8", "proto/50", "tcp", "tcp/80,tcp/443"}
	for range 1 + rng.IntN(6) {
		in := sides[rng.IntN(3)]
		out := sides[rng.IntN(3)]
		if in == out {
			continue
		}
		src, dst := pick(in), pick(out)
		action := "permit"
		if rng.IntN(6) == 0 && src != "any" && dst != "any" {
			action = []string{"deny", "reject"}[rng.IntN(2)]
		}
		service := services[rng.IntN(len(services))]
		fmt.Fprintf(&b, "%s %s %s %s %s %s", action, in, out, src, dst, service)
		if action == "permit" && strings.Contains(service, "tcp") && rng.IntN(2) == 0 {
			fmt.Fprintf(&b, " idle %s", []string{"30m", "4h", "8h", "90m"}[rng.IntN(4)])
		}
		if rng.IntN(4) == 0 {
			b.WriteString(" log")
		}
		fmt.Fprintf(&b, " # reason %d\n", rng.IntN(4))
	}
	return b.String()
}

// TestRandomRoundTrip: what is written is read back as what Effective says.
func TestRandomRoundTrip(t *testing.T) {
	for i := range 400 {
		rng := rand.New(rand.NewPCG(uint64(i), 11))
		text := randomJobText(rng, []string{"exclusive", "section"}[i%2])
		job, _ := testJob(t, text)
		if p := Check(job); len(p) > 0 {
			t.Fatalf("%v\n%s", p, text)
		}
		written := rendered(t, job)
		if again := rendered(t, job); again != written {
			t.Fatalf("the same job gives other bytes:\n%s\n%s", written, again)
		}
		roundTrip(t, job, written)
		if t.Failed() {
			t.Fatal(text)
		}
	}
}

// TestRandomPlans: from one random job to another that has little to do with it,
// and back. Also the idle timeouts at the end are those that Effective says.
func TestRandomPlans(t *testing.T) {
	packets := storyPackets()
	lists := []string{
		"access-list inside_in extended deny tcp any host 192.0.2.11 eq 22", "access-list inside_in remark web", "access-list inside_in extended permit tcp any any eq www",
		"access-list dmz_in remark web", "access-list dmz_in extended permit tcp any any eq www", "access-list dmz_in extended deny ip any any",
		"access-list outside_in remark web", "access-list outside_in extended deny ip any any",
		"access-group inside_in in interface inside", "access-group dmz_in in interface dmz", "access-group outside_in in interface outside",
	}
	for i := range 40 {
		rng := rand.New(rand.NewPCG(uint64(i), 12))
		manage := []string{"exclusive", "section"}[i%2]
		a, b := randomJobText(rng, manage), randomJobText(rng, manage)
		if rng.IntN(3) == 0 { // the same rules, other groups
			b = a[:strings.Index(a, "group")] + b[strings.Index(b, "group"):]
		}
		first, _ := testJob(t, a)
		second, _ := testJob(t, b)
		d := asa.New(asa.Options{Enabled: true})
		typed(t, d, storyDevice)
		opt := targets.PlanOptions{TakeOver: true}
		if manage == "section" {
			typed(t, d, lists)
			first.Anchor, second.Anchor = "before web", "before web"
		}
		for n, job := range []targets.Job{first, second, first} {
			have := readStory(t, d, &job)
			c, problems := Target{}.Plan(have, job, opt)
			if c == nil {
				if manage == "section" && len(problems) == 1 && strings.Contains(problems[0].Why, "would stand in its access list twice") {
					continue
				}
				t.Fatalf("case %d, plan %d: %v\n%s\n%s\n%s", i, n, problems, a, b, d.Running())
			}
			playStory(t, d, c, &job, opt)
			settledStory(t, d, job, opt)
			if n == 1 {
				back, problems := Target{}.Restore(readStory(t, d, &job), have)
				if back == nil {
					t.Fatalf("case %d: no way back: %v\n%s\n%s", i, problems, a, b)
				}
				playStory(t, d, back, &job, opt)
				now := readStory(t, d, &job)
				diff, err := ruleset.Compare(&now.RuleSet, &have.RuleSet, ruleset.CompareOptions{Effects: true, MaxBoxes: 3})
				if err != nil || !diff.IsEmpty() {
					t.Fatalf("case %d: the way back ends elsewhere: %+v %v\n%s\nthe device has:\n%s", i, diff, err, stepsText(back, nil), d.Running())
				}
				c, problems = Target{}.Plan(now, job, opt)
				if c == nil {
					t.Fatal(problems)
				}
				playStory(t, d, c, &job, opt)
			}
			if manage == "exclusive" {
				effective(t, d, job, packets, a, b)
			}
		}
	}
}

// effective compares a device with what Effective says, timeouts too.
func effective(t *testing.T, d *asa.Device, job targets.Job, packets []lab.Packet, texts ...string) {
	t.Helper()
	rs := Effective(job)
	for _, p := range packets {
		v, by := rs.Decide(ruleset.Packet(p))
		if (v == ruleset.Passes) != (d.Decide(p) == lab.Passes) {
			t.Fatalf("%+v: Effective says %s, the device %s\n%s", p, v, d.Explain(p), strings.Join(texts, "\n---\n"))
		}
		if v != ruleset.Passes || p.Proto != ruleset.TCP {
			continue
		}
		want := time.Hour
		for _, x := range by {
			if x.Rule >= 0 && rs.Stages[x.Stage].Rules[x.Rule].Idle > 0 {
				want = rs.Stages[x.Stage].Rules[x.Rule].Idle
			}
		}
		if have := d.Idle(p); have != want {
			t.Fatalf("%+v: Effective says %s, the device keeps it for %s\n%s\n%s", p, want, have, strings.Join(texts, "\n---\n"), d.Running())
		}
	}
}
