package paloalto

import (
	"github.com/nbfwc/nbfwc/ruleset"
	"github.com/nbfwc/nbfwc/targets"
)

// Effective returns what a firewall does that has loaded what Render writes for
// the job: Parse of the text has the same effect. It differs from job.Want in
// what the rule set doesn't say:
//
//   - only what passes the firewall is decided;
//   - an idle timeout that the device gives anyway isn't set; others count in
//     whole seconds and for TCP only;
//   - DenyLog logs what the last rule of an exclusive firewall refuses; what that
//     rule decides is also what would pass within a zone by the device's default;
//   - what a section doesn't decide is left to the rules around it (Next).
//
// An existing object of UseObjects isn't part of what is rendered; it counts
// with the addresses of the group that it stands for. A job in which Check finds
// problems has no effect.
func Effective(job targets.Job) ruleset.RuleSet {
	used := job.UseObjects
	job.UseObjects = nil
	l := newLayout(&job)
	job.UseObjects = used
	if len(l.problems) > 0 {
		return ruleset.RuleSet{Behind: job.Want.Behind}
	}
	rs, _ := l.alone().ruleSet(parseOptions(&job))
	return rs
}

// parseOptions say how to read a device that does the job.
func parseOptions(job *targets.Job) targets.ParseOptions {
	context := job.Context
	if job.DeviceGroup != "" {
		context = job.DeviceGroup
	}
	return targets.ParseOptions{
		Interfaces: job.Interfaces, Context: context, Prefix: job.Prefix, Behind: job.Want.Behind,
	}
}
