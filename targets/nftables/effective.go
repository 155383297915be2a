package nftables

import (
	"time"

	"github.com/nbfwc/nbfwc/ruleset"
	"github.com/nbfwc/nbfwc/targets"
)

// Effective returns what a machine does that has loaded what Render writes for
// the job: Parse of the file, or of what the kernel lists of it, has the same
// effect. It differs from job.Want in what the rule set doesn't say:
//
//   - without Self only what is forwarded is filtered;
//   - with Self and exclusive, what Render permits by itself on input and output
//     (loopback, management, neighbour and multicast listener discovery) comes
//     first;
//   - an idle timeout that the device gives anyway isn't set; others count in
//     whole seconds, and for TCP connections only;
//   - DenyLog logs what a default refuses, and a default that permits logs
//     nothing;
//   - the defaults of a section are Next: the user's chain decides.
//
// ICMP types count in their own address family only; which of them a rule has
// for the other one, which no packet has, isn't looked at.
func Effective(job targets.Job) ruleset.RuleSet {
	l := newLayout(&job)
	rs := job.Want
	rs.Stages = make([]ruleset.Stage, len(job.Want.Stages))
	var first []ruleset.Rule
	if job.Self && job.Manage == targets.Exclusive {
		first = always(&job)
	}
	for i := range rs.Stages {
		s := job.Want.Stages[i]
		if !job.Self {
			s.In, s.Out = s.In.Intersect(hookSides["forward"][0]), s.Out.Intersect(hookSides["forward"][1])
		}
		rules := make([]ruleset.Rule, 0, len(first)+len(s.Rules))
		rules = append(append(rules, first...), s.Rules...)
		rules = withIdle(rules, l)
		s.Rules = rules
		switch {
		case job.Manage == targets.Section:
			s.Default, s.Effects = ruleset.Next, ruleset.Effects{}
		case s.Default == ruleset.Permit:
			s.Effects = ruleset.Effects{}
		default:
			s.Effects = ruleset.Effects{Log: s.Log || job.DenyLog}
		}
		rs.Stages[i] = s
	}
	return rs
}

// withIdle gives rules the idle timeouts that are written: to TCP connections
// only, so a rule for more is two.
func withIdle(rules []ruleset.Rule, l *layout) []ruleset.Rule {
	out := make([]ruleset.Rule, 0, len(rules))
	for _, r := range rules {
		idle := time.Duration(l.idleSeconds(&r)) * time.Second
		r.Idle = 0
		if idle > 0 {
			timed := r
			timed.Idle, timed.Service = idle, r.Service.Intersect(ruleset.Protocol(ruleset.TCP))
			if !timed.Service.IsEmpty() {
				out = append(out, timed)
			}
			if tcpOnly(r.Service) {
				continue
			}
		}
		out = append(out, r)
	}
	return out
}

// always are the rules that Render writes by itself, see isAlways.
func always(job *targets.Job) []ruleset.Rule {
	self, lo := ruleset.Ifaces(ruleset.Self), ruleset.Ifaces("lo", ruleset.Self)
	any, any6 := ruleset.AnyAddr(), ruleset.Any6()
	var rules []ruleset.Rule
	add := func(in, out ruleset.IfaceSet, src, dst ruleset.AddrSet, service ruleset.ServiceSet, reason string) {
		rules = append(rules, ruleset.Rule{In: in, Out: out, Src: src, Dst: dst, Service: service, Action: ruleset.Permit, Reason: reason})
	}
	everywhere := ruleset.IfaceSet{}
	add(lo, self, any, any, ruleset.AnyService(), "")
	add(self, lo, any, any, ruleset.AnyService(), "")
	add(everywhere, self, job.ManagementFrom, any, ruleset.TCPPorts(ruleset.PortRange{From: 22, To: 22}), reasonManagement)
	for _, d := range []struct {
		types  ruleset.ServiceSet
		reason string
	}{{writtenNeighbours, reasonNeighbours}, {listenerTypes, reasonListeners}} {
		add(everywhere, self, any6, any6, d.types, d.reason)
		add(self, everywhere, any6, any6, d.types, d.reason)
	}
	return rules
}

// writtenNeighbours are the types that Render permits: no redirects.
var writtenNeighbours = icmpv6TypeSet(ruleset.PortRange{From: 133, To: 136})
