package nftables

import (
	"slices"
	"strings"

	"github.com/nbfwc/nbfwc/ruleset"
)

// hookSides are the in- and out-interfaces of the packets that a section is
// asked about at a hook. What the machine sends to itself is left out: it
// passes two hooks, and a packet is to be decided by one stage of the run that
// sections make.
var hookSides = map[string][2]ruleset.IfaceSet{
	"forward": {ruleset.NotIfaces(ruleset.Self), ruleset.NotIfaces(ruleset.Self)},
	"input":   {ruleset.NotIfaces(ruleset.Self), ruleset.Ifaces(ruleset.Self)},
	"output":  {ruleset.Ifaces(ruleset.Self), ruleset.NotIfaces(ruleset.Self)},
}

// denyLimit bounds what we log of refused packets. That there is a log at all is
// what a rule set says.
const denyLimit = "limit rate 10/second burst 20 packets"

// onlyLogs says whether a rule of ours does nothing but log after statement i.
func (k *compiler) onlyLogs(i int) bool {
	logs := false
	for _, s := range k.r.stmts[i+1:] {
		logs = logs || s.kind == sLog
		if s.kind != sLog && s.kind != sEffect {
			return false
		}
	}
	return logs && k.c.table.isOurs()
}

// ruleLabel is the name of the rule in a log prefix that Render wrote, "" for
// other prefixes.
func ruleLabel(prefix string) string {
	text, ok := strings.CutPrefix(prefix, "nbfwc ")
	text, ok2 := strings.CutSuffix(text, ": ")
	action, name, _ := strings.Cut(text, " ")
	if !ok || !ok2 || action != "permit" && action != "deny" && action != "reject" {
		return ""
	}
	return name
}

// The packets of neighbour and of multicast listener discovery, by ICMPv6 type,
// and the hop limit that each valid one has: 255, so that none has been routed
// (RFC 4861, 6.1, 7.1 and 8.1), and 1, so that none is (RFC 2710, 3; RFC 3810,
// 5). A receiver drops others by itself.
var (
	neighbourTypes = icmpv6TypeSet(ruleset.PortRange{From: 133, To: 137})
	listenerTypes  = icmpv6TypeSet(ruleset.PortRange{From: 130, To: 132}, ruleset.PortRange{From: 143, To: 143})
)

func icmpv6TypeSet(types ...ruleset.PortRange) ruleset.ServiceSet {
	var boxes []ruleset.ServiceBox
	for _, t := range types {
		boxes = append(boxes, ruleset.ServiceBox{ProtoFrom: ruleset.ICMPv6, ProtoTo: ruleset.ICMPv6, Src: t, Dst: everyPort})
	}
	return ruleset.NewServiceSet(boxes...)
}

// discovery says whether a statement asks for the hop limit that every valid
// packet has which got so far in the rule, so that it always holds.
func (k *compiler) discovery(s *stmt) bool {
	if s.left.kind != nField || s.left.text != "ip6 hoplimit" || s.op != "==" || s.right.kind != nValue {
		return false
	}
	valid := map[string]ruleset.ServiceSet{"255": neighbourTypes, "1": listenerTypes}[s.right.text]
	return !slices.ContainsFunc(k.terms, func(t term) bool { return !t.svc.Subtract(valid).IsEmpty() })
}

// alwaysName ends the name of a stage that holds what Render permits by itself.
const alwaysName = " (always)"

// What Render permits by itself on input and output beside connections of the
// policy, by the reason in its comment.
const (
	reasonManagement = "management"
	reasonNeighbours = "neighbour discovery"
	reasonListeners  = "multicast listener discovery"
	reasonDefault    = "default"
)

// isAlways says whether a rule is of the form of those that Render writes at the
// top of input and output.
func isAlways(r *ruleset.Rule) bool {
	if r.Action != ruleset.Permit || r.Opaque != nil || r.Idle != 0 || r.Log {
		return false
	}
	lo := ruleset.Ifaces("lo", ruleset.Self)
	port := ruleset.PortRange{From: 22, To: 22}
	switch r.Reason {
	case "":
		return r.Service.IsAny() && (r.In.Equal(lo) && r.Out.IsAny() || r.In.IsAny() && r.Out.Equal(lo))
	case reasonManagement:
		return r.Service.Equal(ruleset.TCPPorts(port))
	case reasonNeighbours:
		return r.Service.Subtract(neighbourTypes).IsEmpty()
	case reasonListeners:
		return r.Service.Subtract(listenerTypes).IsEmpty()
	}
	return false
}

// asWritten brings a stage of ours into the form of the rule set that it was
// written from, as far as each step treats every packet as before. It returns
// what Render permits by itself as a stage that comes first.
func (b *built) asWritten(j *joiner) (always ruleset.Stage) {
	if !b.isOurs() || len(j.tr.changes) > 0 {
		return always
	}
	always = ruleset.Stage{Name: b.stage.Name + alwaysName, In: b.stage.In, Out: b.stage.Out, Default: ruleset.Next}
	n := 0
	for n < len(b.stage.Rules) && b.chains[n] == b.c && isAlways(&b.stage.Rules[n]) {
		n++
	}
	always.Rules = b.stage.Rules[:n:n]
	blocks := j.blocks(b.stage.Rules[n:], b.chains[n:])
	blocks = b.rejectingDefault(blocks)
	if in := interleave(blocks, anyChain(b.hookIndex())); in != nil {
		b.stage.Rules = in
		return always
	}
	rules := make([]ruleset.Rule, 0, len(b.stage.Rules)-n)
	for _, k := range blocks {
		rules = append(rules, k.rules...)
	}
	b.stage.Rules = rules
	return always
}

func (b *built) isOurs() bool {
	if b.c.section {
		return true
	}
	return b.c.table.isOurs() && b.c.table.name == table && b.c.name == prefix+b.c.hook
}

func (b *built) hookIndex() hook { return hook(max(0, slices.Index(hookNames[:], b.c.hook))) }

// rejectingDefault turns a last rule of the base chain that rejects everything
// into the default of the stage, which nft's policy can't say.
func (b *built) rejectingDefault(blocks []block) []block {
	n := len(blocks)
	if n == 0 || blocks[n-1].chain != b.c || len(blocks[n-1].rules) != 1 || b.stage.Default != ruleset.Deny {
		return blocks
	}
	r := &blocks[n-1].rules[0]
	if r.Action != ruleset.Reject || r.Opaque != nil || r.Reason != reasonDefault || !r.In.IsAny() || !r.Out.IsAny() ||
		!r.Src.IsAny() || !r.Dst.IsAny() || !r.Service.IsAny() {
		return blocks
	}
	b.stage.Default, b.stage.Log = ruleset.Reject, r.Log
	return blocks[:n-1]
}
