package fortigate

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/nbfwc/nbfwc/ruleset"
	"github.com/nbfwc/nbfwc/targets"
)

// randomDevice has what Render writes for a job, and policies of others at the
// top, at the bottom and sometimes among ours.
func randomDevice(t testing.TB, r *rand.Rand, text string) *typed {
	d := newTyped(t)
	d.all("config firewall address\nedit \"theirs\"\nset subnet 10.0.0.0 255.255.255.254\nnext\nedit \"other\"\nset subnet 10.0.0.2 255.255.255.255\nnext\nend\n" +
		"config firewall address6\nedit \"theirs\"\nset ip6 2001:db8::/127\nnext\nend\n")
	d.all(text)
	for i := range r.IntN(4) {
		id := fmt.Sprint(10 + i)
		d.do("config firewall policy")
		d.do("edit " + id)
		d.do(fmt.Sprintf("set srcintf %q", "z-"+pick(r, someLabels)))
		d.do(fmt.Sprintf("set dstintf %q", "z-"+pick(r, someLabels)))
		if r.IntN(2) == 0 {
			d.do("set action accept")
		}
		d.do(fmt.Sprintf("set srcaddr %q", pick(r, []string{"all", "theirs", "other"})))
		d.do(fmt.Sprintf("set dstaddr %q", pick(r, []string{"all", "theirs", "other"})))
		if r.IntN(2) == 0 {
			d.do(`set srcaddr6 "theirs"`)
			d.do(`set dstaddr6 "all"`)
		}
		d.do(`set schedule "always"`)
		d.do(fmt.Sprintf("set service %q", pick(r, []string{"ALL", "HTTPS", "NBU-tcp-1556"})))
		if names := d.tables["firewall service custom"].names(); !slices.Contains(names, "NBU-tcp-1556") {
			d.do(`set service "ALL"`)
		}
		d.do("next")
		order := d.table().order
		to := pick(r, []int{0, len(order) - 1, len(order) - 1})
		if r.IntN(8) == 0 {
			to = r.IntN(len(order))
		}
		if order[to] != id {
			d.do("move " + id + " before " + order[to])
		}
		d.do("end")
	}
	return d
}

// regrouped is a job with other members in its groups.
func regrouped(r *rand.Rand, job targets.Job) targets.Job {
	for {
		other := job
		sets := map[string]ruleset.AddrSet{}
		other.Want.Groups = slices.Clone(job.Want.Groups)
		for i := range other.Want.Groups {
			g := &other.Want.Groups[i]
			if g.Parts != nil {
				g.Set = sets[g.Parts[0]].Union(sets[g.Parts[1]])
			} else if r.IntN(2) == 0 {
				g.Members = append(slices.Clone(g.Members), randomGroup(r, g.Name).Members...)
				r.Shuffle(len(g.Members), func(i, k int) { g.Members[i], g.Members[k] = g.Members[k], g.Members[i] })
				g.Members = g.Members[:1+r.IntN(len(g.Members))]
				g.Set = ruleset.MemberSet(g.Members)
			}
			sets[g.Name] = g.Set
		}
		stage := job.Want.Stages[0]
		stage.Rules = slices.Clone(stage.Rules)
		for i := range stage.Rules {
			rule := &stage.Rules[i]
			if rule.SrcGroup != "" {
				rule.Src = sets[rule.SrcGroup]
			}
			if rule.DstGroup != "" {
				rule.Dst = sets[rule.DstGroup]
			}
		}
		other.Want.Stages = []ruleset.Stage{stage}
		if len(newLayout(&other).problems) == 0 {
			return other
		}
	}
}

// next is another job for the same firewall: some of its rules and groups are
// the same.
func next(r *rand.Rand, job targets.Job) targets.Job {
	if r.IntN(2) == 0 {
		return regrouped(r, job)
	}
	for {
		other := randomJob(r)
		other.Context, other.Manage, other.Established, other.Anchor = job.Context, job.Manage, job.Established, job.Anchor
		if r.IntN(8) == 0 {
			other.Manage, other.Anchor = targets.Exclusive, ""
		} else if other.Manage == targets.Section {
			other.Anchor = "bottom"
		}
		groups := map[string]int{}
		for i := range other.Want.Groups {
			groups[other.Want.Groups[i].Name] = i
		}
		stage := &other.Want.Stages[0]
		for _, rule := range job.Want.Stages[0].Rules {
			a, ok1 := groups[rule.SrcGroup]
			b, ok2 := groups[rule.DstGroup]
			if i := slices.IndexFunc(stage.Rules, func(o ruleset.Rule) bool { return o.Name == rule.Name }); ok1 && ok2 && i >= 0 && r.IntN(3) > 0 {
				rule.Src, rule.Dst = other.Want.Groups[a].Set, other.Want.Groups[b].Set
				stage.Rules[i] = rule
			}
		}
		if r.IntN(2) == 0 {
			r.Shuffle(len(stage.Rules), func(i, k int) { stage.Rules[i], stage.Rules[k] = stage.Rules[k], stage.Rules[i] })
		}
		if r.IntN(10) == 0 {
			stage.Rules = nil
		}
		if len(newLayout(&other).problems) == 0 {
			return other
		}
	}
}

// between holds that packets are treated as by have or by want in a state.
func between(t *testing.T, have, mid, want *ruleset.RuleSet, when string) {
	t.Helper()
	wrong, err := ruleset.Between(have, mid, want)
	if err != nil {
		t.Fatal(err)
	}
	if len(wrong) > 0 {
		b := wrong[0]
		t.Fatalf("after %s: in %v out %v, %v -> %v, %v is treated as neither before nor after", when, b.In, b.Out, b.Src, b.Dst, b.Service)
	}
}

// TestRandomPlans plans from one random job to another on a device with policies
// of others, and types the plan in: after each command that takes effect every
// packet is treated as before or as after it; at the end the device does what
// the plan says, and there is nothing left to do. The same holds for the way
// back, and for both ways from a plan that was interrupted anywhere.
func TestRandomPlans(t *testing.T) {
	steps, edited, refused := 0, 0, 0
	for seed := range uint64(100) {
		r := rand.New(rand.NewPCG(seed, 2))
		a := randomJob(r)
		b := next(r, a)
		d := randomDevice(t, r, rendered(t, a))
		opt := optionsOf(&b)
		before := parsed(t, d.text(b.Context), opt)
		change, problems := Target{}.Plan(before, b, targets.PlanOptions{TakeOver: true})
		if len(problems) > 0 {
			refused++
			t.Logf("seed %d: %v", seed, problems)
			continue
		}
		start := d.copied()
		typeIn(t, d, seed, before, change, b.Context, opt, -1)
		after := parsed(t, d.text(b.Context), opt)
		if !sameEffect(t, &after.RuleSet, &change.Result) {
			t.Fatalf("seed %d\n%s\n%s", seed, stepText(change.Steps), d.text(""))
		}
		if b.Manage == targets.Exclusive {
			if want := (Target{}).Effective(b); !sameEffect(t, &after.RuleSet, &want) {
				t.Fatalf("seed %d", seed)
			}
		}
		again, problems := Target{}.Plan(after, b, targets.PlanOptions{})
		if len(problems) > 0 || len(again.Steps) > 0 {
			t.Fatalf("seed %d: a second plan: %v\n%s\nfirst:\n%s\n%s", seed, problems, stepText(again.Steps), stepText(change.Steps), d.text(""))
		}
		for _, s := range change.Steps {
			steps++
			if strings.Contains(strings.Join(s.Commands, "\n"), "unselect member") || !strings.Contains(s.Why, "policy") && strings.HasPrefix(s.Why, "add") {
				edited++
			}
		}
		back(t, d, seed, before, opt, b.Context)

		// Interrupted somewhere.
		broken := start.copied()
		broken.t = t
		total := 0
		for _, s := range change.Steps {
			total += len(s.Commands)
		}
		if total == 0 {
			continue
		}
		typeIn(t, broken, seed, before, change, b.Context, opt, r.IntN(total))
		broken.path, broken.open, broken.vdom = nil, nil, ""
		other := broken.copied()
		back(t, broken, seed, before, opt, b.Context)
		now := parsed(t, other.text(b.Context), opt)
		onward, problems := Target{}.Plan(now, b, targets.PlanOptions{TakeOver: true})
		if len(problems) > 0 {
			t.Fatalf("seed %d: %v", seed, problems)
		}
		typeIn(t, other, seed, now, onward, b.Context, opt, -1)
		after = parsed(t, other.text(b.Context), opt)
		if !sameEffect(t, &after.RuleSet, &change.Result) {
			t.Fatalf("seed %d: resumed", seed)
		}
	}
	if refused > 0 || steps < 1000 || edited < 25 {
		t.Errorf("%d refused, %d steps, %d edits of groups in place", refused, steps, edited)
	}
}

func back(t *testing.T, d *typed, seed uint64, before *targets.Config, opt targets.ParseOptions, vdom string) {
	t.Helper()
	now := parsed(t, d.text(vdom), opt)
	change, problems := Target{}.Restore(now, before)
	if len(problems) > 0 {
		t.Fatalf("seed %d: restore: %v", seed, problems)
	}
	typeIn(t, d, seed, now, change, vdom, opt, -1)
	after := parsed(t, d.text(vdom), opt)
	if !sameEffect(t, &after.RuleSet, &before.RuleSet) {
		t.Fatalf("seed %d: restored\n%s\n%s", seed, stepText(change.Steps), d.text(""))
	}
}

// typeIn types a plan, or the first commands of it.
func typeIn(t *testing.T, d *typed, seed uint64, before *targets.Config, change *targets.Change, vdom string, opt targets.ParseOptions, limit int) {
	t.Helper()
	what, n := "", 0
	d.changed = func() {
		if n%8 != 0 && !strings.Contains(what, "policy") && !strings.Contains(what, "NBU-") {
			return // most new and unused objects change nothing
		}
		mid := parsed(t, d.text(vdom), opt)
		between(t, &before.RuleSet, &mid.RuleSet, &change.Result, fmt.Sprintf("seed %d, %q", seed, what))
	}
	defer func() { d.changed = func() {} }()
	for _, s := range change.Steps {
		what = s.Why
		for _, c := range s.Commands {
			if n == limit {
				return
			}
			n++
			d.do(c)
		}
	}
}

func (d *typed) copied() *typed {
	c := newTyped(d.t)
	c.order = slices.Clone(d.order)
	for name, tab := range d.tables {
		n := &typedTable{order: slices.Clone(tab.order), entries: map[string]map[string][]string{}}
		for id, e := range tab.entries {
			n.entries[id] = e
		}
		c.tables[name] = n
	}
	return c
}
