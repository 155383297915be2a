package ruleset

import "fmt"

// Decision is one line that decides a packet in a run, or may.
type Decision struct {
	// Stage and Rule are indices; Rule is -1 for the default of the stage.
	Stage, Rule int
	// Action is what the line does; a default of Next is resolved to the
	// default that it stands for.
	Action Action
	// Opaque says that the line matches an unknown subset of its box, so that
	// the decision may fall to a later one.
	Opaque bool
}

// Verdict returns what becomes of a packet.
func (rs *RuleSet) Verdict(p Packet) Verdict {
	v, _ := rs.Decide(p)
	return v
}

// Decide returns what becomes of a packet and which lines decide it: for each
// run that applies the opaque lines that are met before the first other line
// that matches, then that line. The verdict is Unknown if it depends on which
// of the opaque lines match, where lines with the same Opaque.ID match the same
// packets.
//
// Next is no action of a rule; a rule that has it decides nothing. A run at
// the end of the list whose last default is Next permits what no rule of it
// decides. An action that isn't one of the constants denies.
func (rs *RuleSet) Decide(p Packet) (Verdict, []Decision) {
	var ds []Decision
	var lists []branches
	for from := 0; from < len(rs.Stages); {
		to := rs.runEnd(from)
		n := len(ds)
		if ds = rs.decideRun(ds, p, from, to); len(ds) > n {
			lists = append(lists, rs.branchesOf(ds[n:]))
		}
		from = to
	}
	return verdictOf(lists), ds
}

// runEnd returns the index after the run of stages that begins at from.
func (rs *RuleSet) runEnd(from int) int {
	for i := from; i < len(rs.Stages); i++ {
		if rs.Stages[i].Default != Next {
			return i + 1
		}
	}
	return len(rs.Stages)
}

func (rs *RuleSet) decideRun(ds []Decision, p Packet, from, to int) []Decision {
	last := -1
	for i := from; i < to; i++ {
		st := &rs.Stages[i]
		if !st.In.Contains(p.In) || !st.Out.Contains(p.Out) {
			continue
		}
		last = i
		for j := range st.Rules {
			r := &st.Rules[j]
			if r.Action == Next || !r.matches(p) {
				continue
			}
			ds = append(ds, Decision{i, j, r.Action, r.Opaque != nil})
			if r.Opaque == nil {
				return ds
			}
		}
	}
	if last >= 0 {
		ds = append(ds, Decision{Stage: last, Rule: -1, Action: rs.runDefault(last, to)})
	}
	return ds
}

// runDefault is what the default of stage last means in a run that ends before
// to.
func (rs *RuleSet) runDefault(last, to int) Action {
	a := rs.Stages[last].Default
	if a == Next {
		a = rs.Stages[to-1].Default
	}
	if a == Next {
		a = Permit
	}
	return a
}

func (r *Rule) matches(p Packet) bool {
	return r.In.Contains(p.In) && r.Out.Contains(p.Out) && r.Service.Contains(p.Proto, p.SrcPort, p.DstPort) &&
		r.Src.Contains(p.Src) && r.Dst.Contains(p.Dst)
}

// opaqueKey tells unknowns apart: lines share one if they share an ID; a line
// without an ID is an unknown of its own.
type opaqueKey struct {
	id                string
	side, stage, rule int
}

func (rs *RuleSet) opaqueKey(stage, rule int) opaqueKey {
	if id := rs.Stages[stage].Rules[rule].Opaque.ID; id != "" {
		return opaqueKey{id: id}
	}
	return opaqueKey{stage: stage, rule: rule}
}

// branchesOf turns the decisions of one run into what verdicts are made of.
func (rs *RuleSet) branchesOf(ds []Decision) branches {
	b := make(branches, len(ds))
	for i, d := range ds {
		b[i].outcome = int32(verdictOfAction(d.Action))
		if d.Opaque {
			b[i].unknown = rs.opaqueKey(d.Stage, d.Rule)
		}
	}
	return b
}

func verdictOfAction(a Action) Verdict {
	switch a {
	case Permit:
		return Passes
	case Reject:
		return Rejects
	}
	return Drops
}

// verdictOf is the verdict of runs that must all permit: that of the first run
// that doesn't, if it is the same however the unknowns turn out.
func verdictOf(lists []branches) Verdict {
	var seen [4]bool
	exact := eachOutcome(lists, func(outcomes []int32) { seen[firstRefusal(outcomes)] = true })
	found := Unknown
	for v := Passes; v <= Rejects; v++ {
		if !seen[v] {
			continue
		}
		if found != Unknown || !exact {
			return Unknown
		}
		found = v
	}
	return found
}

func firstRefusal(outcomes []int32) Verdict {
	for _, o := range outcomes {
		if Verdict(o) != Passes {
			return Verdict(o)
		}
	}
	return Passes
}

// String returns the name of the verdict in lower case.
func (v Verdict) String() string {
	switch v {
	case Unknown:
		return "unknown"
	case Passes:
		return "passes"
	case Drops:
		return "drops"
	case Rejects:
		return "rejects"
	}
	return fmt.Sprintf("Verdict(%d)", uint8(v))
}

// String returns the name of the action in lower case.
func (a Action) String() string {
	switch a {
	case Permit:
		return "permit"
	case Deny:
		return "deny"
	case Reject:
		return "reject"
	case Next:
		return "next"
	}
	return fmt.Sprintf("Action(%d)", uint8(a))
}

// String returns the packet in one line.
func (p Packet) String() string {
	in, out := p.In, p.Out
	if in == "" {
		in = "any"
	}
	if out == "" {
		out = "any"
	}
	s := fmt.Sprintf("%s > %s: %s -> %s", in, out, p.Src, p.Dst)
	b := ServiceBox{p.Proto, p.Proto, PortRange{p.SrcPort, p.SrcPort}, PortRange{p.DstPort, p.DstPort}}
	return s + " " + b.String()
}
