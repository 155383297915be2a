package push

import (
	"context"
	"fmt"
	"maps"
	"slices"

	"github.com/nbfwc/nbfwc/ruleset"
	"github.com/nbfwc/nbfwc/targets"
)

// Plan reads what a device runs and says what a push would do. It types only
// what reads.
func (e *Engine) Plan(ctx context.Context, d *Device, opt targets.PlanOptions) (*Planned, error) {
	e.progress(d, "logging in")
	l, err := e.login(ctx, d, true, nil)
	if err != nil {
		return nil, err
	}
	defer l.close()
	f, err := e.fetch(ctx, d, l, newID(e.Now()), true)
	if err != nil {
		return nil, err
	}
	e.progress(d, "planning")
	p := planned(d, f, opt)
	if p.Change == nil {
		return p, nil
	}
	if why := cutsUs(d, l.s, f.Config, &p.Change.Result); why != "" {
		p.Change, p.Refused = nil, []targets.Problem{{Why: why}}
	}
	return p, nil
}

// planned is what a push would do with a device as it was read.
func planned(d *Device, f *Fetched, opt targets.PlanOptions) *Planned {
	p := &Planned{Fetched: *f, Guarantee: d.Dialogue.Guarantee(f.Identity)}
	if p.Refused = Refuse(f.Config, d.OS, d.LocalRules); len(p.Refused) > 0 {
		return p
	}
	p.Change, p.Refused = d.Target.Plan(f.Config, d.Job, opt)
	if len(p.Refused) > 0 {
		p.Change = nil
	}
	if p.Change != nil {
		p.Rules = touched(&f.Config.RuleSet, &p.Change.Result)
	}
	return p
}

// Refuse says why a firewall whose configuration was read is not for us to
// change: it runs another version than the policy says, or a central manager
// writes its rules. nil if it is.
func Refuse(have *targets.Config, os string, localRules bool) []targets.Problem {
	switch {
	case !SameRelease(have.OS, os):
		return []targets.Problem{{Text: have.OS, Why: fmt.Sprintf("the configuration is of version %s, the policy says os = %q; correct one of them", have.OS, os)}}
	case have.Manager != "" && !localRules:
		return []targets.Problem{{Text: have.Manager, Why: "the device is managed by " + have.Manager + ", whose next install can undo what is written to the device itself; change the rules there, or set local_rules = true in the policy's firewall block"}}
	}
	return nil
}

// RefusedError is a plan that can't be carried out.
type RefusedError struct {
	Device   string
	Problems []targets.Problem
}

func (e *RefusedError) Error() string {
	p := e.Problems[0]
	s := fmt.Sprintf("device %s: %s", e.Device, p.Why)
	if p.Text != "" {
		s = fmt.Sprintf("device %s: %s: %s", e.Device, p.Text, p.Why)
	}
	if n := len(e.Problems) - 1; n > 0 {
		s += fmt.Sprintf(" (and %d more reasons)", n)
	}
	return s
}

// cutsUs says that a change would stop the packets of the session it is made
// by, "" if it wouldn't. We don't know which interface they come in by; an interface
// that doesn't let them pass now isn't it.
func cutsUs(d *Device, s targets.Session, have *targets.Config, result *ruleset.RuleSet) string {
	client, device := s.Ends()
	if !client.IsValid() || !device.IsValid() {
		return ""
	}
	labels := map[string]bool{"": true}
	for _, i := range have.Interfaces {
		labels[i.Label] = true
	}
	for _, i := range d.Job.Interfaces {
		labels[i.Label] = true
	}
	before := identified(&have.RuleSet)
	after := identified(result)
	for _, label := range slices.Sorted(maps.Keys(labels)) {
		p := ruleset.Packet{
			In: label, Out: ruleset.Self, Src: client.Addr().Unmap().WithZone(""), Dst: device.Addr().Unmap().WithZone(""),
			Proto: ruleset.TCP, SrcPort: client.Port(), DstPort: device.Port(),
		}
		if behind, known := before.Behind[label]; known && !behind.Contains(p.Src) {
			continue
		}
		was, is := before.Verdict(p), after.Verdict(p)
		if is == was || is == ruleset.Passes || was == ruleset.Drops || was == ruleset.Rejects {
			continue
		}
		return fmt.Sprintf("the plan would cut this session (%s: now it %s, afterwards it %s); permit it in the policy (management { from = [...] }) or come from another address", p, word(was), word(is))
	}
	return ""
}

// word is what a packet does by a verdict.
func word(v ruleset.Verdict) string {
	switch v {
	case ruleset.Passes:
		return "passes"
	case ruleset.Unknown:
		return "may be dropped"
	}
	return "is dropped"
}
