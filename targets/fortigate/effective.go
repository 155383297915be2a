package fortigate

import (
	"time"

	"github.com/nbfwc/nbfwc/ruleset"
	"github.com/nbfwc/nbfwc/targets"
)

// effective returns what a VDOM does that has loaded what Render writes for the
// job: Parse of it has the same effect. It differs from job.Want in what the
// rule set doesn't say:
//
//   - an idle timeout that the device gives anyway isn't set; others count in
//     whole seconds, and for TCP connections only;
//   - only what is permitted has profiles;
//   - DenyLog logs what the default denies, and a default that drops nothing logs
//     nothing;
//   - the default of a section is Next: policies of others decide.
func effective(job targets.Job) ruleset.RuleSet {
	l := &layout{job: &job, given: job.Established}
	rs := job.Want
	rs.Stages = make([]ruleset.Stage, len(job.Want.Stages))
	for i := range rs.Stages {
		s := job.Want.Stages[i]
		s.Rules = l.effects(s.Rules)
		if job.Manage == targets.Section {
			s.Default, s.Effects = ruleset.Next, ruleset.Effects{}
		} else {
			s.Effects = ruleset.Effects{Log: s.Log || job.DenyLog}
		}
		rs.Stages[i] = s
	}
	return rs
}

// effects gives rules the effects that are written. A rule of which only the TCP
// part has an idle timeout is two.
func (l *layout) effects(rules []ruleset.Rule) []ruleset.Rule {
	out := make([]ruleset.Rule, 0, len(rules))
	for _, r := range rules {
		timeout := l.idle(&r).idle()
		if r.Idle = 0; r.Action != ruleset.Permit {
			r.Profile = ""
		}
		if timeout == 0 {
			out = append(out, r)
			continue
		}
		timed := r
		timed.Idle, timed.Service = timeout, r.Service.Intersect(ruleset.Protocol(ruleset.TCP))
		if r.Service = r.Service.Subtract(timed.Service); !timed.Service.IsEmpty() {
			out = append(out, timed)
		}
		if !r.Service.IsEmpty() {
			out = append(out, r)
		}
	}
	return out
}

// established is what the device gives to TCP connections by itself.
func established(given time.Duration) time.Duration {
	if given == 0 {
		return standardIdle
	}
	return given
}
