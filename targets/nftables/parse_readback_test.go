package nftables

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/nbfwc/nbfwc/ruleset"
	"github.com/nbfwc/nbfwc/targets"
)

// randomGroups returns groups of few addresses, of one or both families.
func randomGroups(rng *rand.Rand) []ruleset.Group {
	var out []ruleset.Group
	for i := range 1 + rng.IntN(3) {
		g := ruleset.Group{Name: fmt.Sprintf("G%d-to-x", i), Reason: pick(rng, []string{"", "a reason"})}
		for range 1 + rng.IntN(4) {
			a := netip.MustParseAddr(pick(rng, rtAddrs))
			r := ruleset.Range{From: a, To: a}
			switch {
			case rng.IntN(4) == 0:
				r = ruleset.RangeOf(netip.PrefixFrom(a, a.BitLen()-1-rng.IntN(2)).Masked())
			case rng.IntN(4) == 0:
				r.To = a.Next()
			}
			g.Members = append(g.Members, ruleset.Member{Range: r, Name: pick(rng, []string{"", "host", "unknown-host", "xt_1 y"})})
		}
		g.Set = ruleset.MemberSet(g.Members)
		out = append(out, g)
	}
	return out
}

// randomPolicy is randomJob with groups, reasons, names and logs, for each way
// to manage a table, and with the machine itself as an endpoint.
func randomPolicy(rng *rand.Rand) targets.Job {
	job := randomJob(rng)
	job.Header = []string{"made by a test"}
	job.Want.Groups = randomGroups(rng)
	job.DenyLog = rng.IntN(2) == 0
	self := ruleset.Ifaces(ruleset.Self)
	if job.Self = rng.IntN(2) == 0; job.Self {
		job.ManagementFrom = ruleset.PrefixSet(netip.MustParsePrefix("10.0.0.0/24"))
		in, out := job.Want.Stages[0], job.Want.Stages[0]
		in.Out, out.In = self, self
		in.Rules, out.Rules = randomJob(rng).Want.Stages[0].Rules, randomJob(rng).Want.Stages[0].Rules
		job.Want.Stages = append(job.Want.Stages, in, out)
	}
	if rng.IntN(2) == 0 {
		job.Manage, job.Anchor, job.ManagementFrom = targets.Section, "inet filter forward in out", ruleset.AddrSet{}
	}
	for i := range job.Want.Stages {
		s := &job.Want.Stages[i]
		s.Default = pick(rng, []ruleset.Action{ruleset.Deny, ruleset.Reject})
		rules := s.Rules[:0]
		for _, r := range s.Rules {
			r.Reason, r.Name = pick(rng, []string{"", "one", "two"}), pick(rng, []string{"a", "b"})
			r.Log = rng.IntN(3) == 0
			if g := pick(rng, job.Want.Groups); rng.IntN(2) == 0 {
				r.Src, r.SrcGroup = g.Set, g.Name
			}
			if g := pick(rng, job.Want.Groups); rng.IntN(2) == 0 {
				r.Dst, r.DstGroup = g.Set, g.Name
			}
			if job.Manage == targets.Section && (wide(r.Src) || wide(r.Dst) || r.Service.IsAny()) {
				r.Action = ruleset.Permit
			}
			if len(r.In.String()) > 0 && i > 0 { // the other side is the machine
				r.In, r.Out = ruleset.IfaceSet{}, ruleset.IfaceSet{}
			}
			rules = append(rules, r)
			one := job
			one.Want.Stages = []ruleset.Stage{*s}
			one.Want.Stages[0].Rules = []ruleset.Rule{r}
			// A rule between addresses of different families becomes nothing.
			v4, v6 := ruleset.Any4(), ruleset.Any6()
			same := families(r.Src.Intersect(v4), r.Dst.Intersect(v4)) || families(r.Src.Intersect(v6), r.Dst.Intersect(v6))
			if len(Check(one)) > 0 || !same {
				rules = rules[:len(rules)-1]
			}
		}
		s.Rules = rules
	}
	return job
}

// TestRandomPoliciesAreReadBack holds for random policies that what is rendered
// is read back with the same effect, and rendered again as the same bytes.
func TestRandomPoliciesAreReadBack(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 5))
	rules, joined := 0, 0
	for i := range 1500 {
		job := randomPolicy(rng)
		var b, again bytes.Buffer
		if err := Render(&b, job); err != nil {
			t.Fatal(err)
		}
		have := understood(t, "file", b.String(), job)
		section := job.Manage == targets.Section
		mustHaveSameEffect(t, "file", closed(have, section), closed(Effective(job), section))
		second := job
		second.Want = policyOf(have)
		if err := Render(&again, second); err != nil {
			t.Fatal(err)
		}
		if d := cmp.Diff(b.String(), again.String()); d != "" {
			t.Errorf("rendered again (-first +again):\n%s", d)
		}
		for _, s := range job.Want.Stages {
			rules += len(s.Rules)
		}
		for _, s := range second.Want.Stages {
			for _, r := range s.Rules {
				if r.SrcGroup != "" && !r.Src.Intersect(ruleset.Any4()).IsEmpty() && !r.Src.Intersect(ruleset.Any6()).IsEmpty() {
					joined++
				}
			}
		}
		if t.Failed() {
			t.Fatalf("policy %d:\n%s", i, b.String())
		}
	}
	if rules < 5000 || joined < 500 {
		t.Errorf("%d rules, %d joined of both families", rules, joined)
	}
}
