package nftables

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/nbfwc/nbfwc/ruleset"
	"github.com/nbfwc/nbfwc/targets"
)

// Parse reads what nft lists, as JSON ("nft -j list ruleset") or as text ("nft
// -s list ruleset", or what Render writes), and returns what the machine does
// with the first packet of a connection.
//
// Every base chain that sees IP packets is a stage and a run of its own, in the
// order in which a packet meets them. Chains that it jumps to are written out
// in place. What isn't modelled is an opaque rule with the box that it could
// decide, and a problem; where more is unclear than a condition, two opaque
// rules say that the packets may be accepted or refused.
//
// Of a connection only the first packet is asked for, so that "ct state new"
// always holds and "ct state established" never. A packet that the machine
// sends to itself passes output with Out Self or "lo", then input with In Self
// or "lo". Of neighbour and multicast listener discovery only valid packets are
// asked for, see discovery.
//
// What Render wrote is read back as it was meant: groups have their names, the
// rules of nft that one rule became are one rule again, and what Render permits
// by itself on input and output stands in a stage of its own before the rest,
// with the default Next. Effective says what is to be expected. A file of a
// section has no chain that enters it: its chains are stages with the default
// Next, since what they return is decided elsewhere.
func Parse(r io.Reader, opt targets.ParseOptions) (ruleset.RuleSet, []targets.Problem, error) {
	text, err := readListing(r)
	if err != nil {
		return ruleset.RuleSet{}, nil, err
	}
	c, err := parse(text, opt)
	if err != nil {
		return ruleset.RuleSet{}, nil, err
	}
	return c.RuleSet, c.Problems, nil
}

// readListing reads all text within bounds.
func readListing(r io.Reader) (string, error) {
	var b strings.Builder
	if l, ok := r.(interface{ Len() int }); ok {
		b.Grow(min(l.Len(), maxListing+1))
	}
	n, err := io.Copy(&b, io.LimitReader(r, maxListing+1))
	if err != nil {
		return "", fmt.Errorf("read nftables listing: %w", err)
	}
	if n > maxListing {
		return "", fmt.Errorf("read nftables listing: more than %d bytes", maxListing)
	}
	if strings.IndexByte(b.String(), 0) >= 0 {
		return "", errors.New("read nftables listing: it holds a NUL byte; it is no text of nft")
	}
	return b.String(), nil
}

// readEither tells the two forms apart by the first byte.
func readEither(text string) (listing, []targets.Problem, error) {
	if strings.HasPrefix(strings.TrimLeft(text, " \t\r\n"), "{") {
		return readJSON(text)
	}
	return readText(text)
}

// A translation turns a listing into a rule set.
type translation struct {
	had        *listing
	opt        targets.ParseOptions
	sets       *sets
	interfaces *interfaces
	assigned   map[string]bool
	untracked  []box
	ordinals   map[*ruleDecl]int
	groups     map[*setDecl]string
	changes    []change
	idlings    []idling
	problems   []targets.Problem
	reported   map[targets.Problem]bool
	work       int
}

func newTranslation(had *listing, opt targets.ParseOptions) *translation {
	tr := &translation{
		had: had, opt: opt, sets: newSets(), interfaces: newInterfaces(),
		assigned: map[string]bool{}, ordinals: map[*ruleDecl]int{}, groups: map[*setDecl]string{},
		reported: map[targets.Problem]bool{},
	}
	for _, i := range opt.Interfaces {
		tr.interfaces.declare(i.Label, i.Devices)
	}
	tr.survey()
	return tr
}

// problem reports what isn't modelled, once for a line.
func (tr *translation) problem(line int, text, why string) {
	p := targets.Problem{Line: line, Text: text, Why: why}
	if !tr.reported[p] {
		tr.reported[p] = true
		tr.problems = append(tr.problems, p)
	}
}

// A hooked chain is a base chain and its place on a packet's way.
type hooked struct {
	c       *chainDecl
	at      place
	in, out ruleset.IfaceSet
	reach   term
}

// A built stage is a stage and where it stands.
type built struct {
	hooked
	stage  ruleset.Stage
	places []int
	chains []*chainDecl // in which each rule of the stage stands
}

func (tr *translation) ruleSet() ruleset.RuleSet {
	tr.entered()
	rs := ruleset.RuleSet{Behind: tr.opt.Behind, Groups: tr.groupsOf()}
	var stages []built
	for _, h := range tr.hooked() {
		stages = append(stages, tr.stage(h))
	}
	joiner := tr.joiner(rs.Groups)
	for i := range stages {
		b := &stages[i]
		tr.assignIdle(b)
		always := b.asWritten(joiner)
		tr.doubtChanged(b)
		if b.decidesNothing() {
			continue
		}
		if len(always.Rules) > 0 {
			rs.Stages = append(rs.Stages, always)
		}
		rs.Stages = append(rs.Stages, b.stage)
	}
	joiner.spellOut(&rs)
	return rs
}

// decidesNothing says whether a stage is of no use: chains outside of the three
// filter hooks are often there for other reasons.
func (b *built) decidesNothing() bool {
	switch b.c.hook {
	case "forward", "input", "output":
		return false
	}
	return b.stage.Default == ruleset.Permit && !slices.ContainsFunc(b.stage.Rules, func(r ruleset.Rule) bool {
		return r.Action != ruleset.Permit
	})
}

// hooked returns the base chains that see IP packets, in the order in which a
// packet meets them.
func (tr *translation) hooked() []hooked {
	var out []hooked
	for _, t := range tr.had.tables {
		if t.dormant {
			tr.problem(t.line, t.family+" "+t.name, "the table is dormant: its chains decide nothing until the flag is cleared")
			continue
		}
		for _, c := range t.chains {
			if !c.base {
				continue
			}
			if h, ok := tr.hook(t, c, len(out)); ok {
				out = append(out, h)
			}
		}
	}
	for _, c := range tr.sections() {
		if h, ok := tr.hook(c.table, c, len(out)); ok {
			out = append(out, h)
		}
	}
	// Of two chains with one priority Linux asks the younger first
	// (nf_hook_entries_grow), and a listing has the older first; what passes
	// doesn't depend on it.
	slices.SortStableFunc(out, func(a, b hooked) int {
		return cmp.Or(cmp.Compare(a.at.rank, b.at.rank), cmp.Compare(a.at.prio, b.at.prio))
	})
	for i := range out {
		out[i].at.seq = i
	}
	return out
}

// hook says which packets a base chain sees; ok is false if these are no IP
// packets.
func (tr *translation) hook(t *tableDecl, c *chainDecl, seq int) (hooked, bool) {
	h := hooked{c: c, at: place{prio: c.prio, seq: seq}, reach: term{box: anyBox()}}
	notSelf, self := ruleset.NotIfaces(ruleset.Self), ruleset.Ifaces(ruleset.Self)
	doubt := func(why string) { h.reach.opaque = bothIDs(h.reach.opaque, why+" ("+c.title()+")") }
	switch c.hook {
	case "ingress":
		h.at.rank, h.in = 0, notSelf
		h.devices(tr, &h.in, doubt)
	case "prerouting":
		h.at.rank, h.in = 1, notSelf
	case "input":
		h.at.rank, h.out = 2, self
	case "forward":
		h.at.rank, h.in, h.out = 2, notSelf, notSelf
	case "output":
		h.at.rank, h.in = 2, self
	case "postrouting":
		h.at.rank, h.out = 3, notSelf
	case "egress":
		h.at.rank, h.out = 4, notSelf
		h.devices(tr, &h.out, doubt)
	default:
		h.at.rank = 5
		doubt("hook " + c.hook)
		tr.problem(c.line, c.title(), "the hook "+c.hook+" isn't known: what the chain decides is unknown")
	}
	if c.section {
		h.in, h.out = h.in.Intersect(hookSides[c.hook][0]), h.out.Intersect(hookSides[c.hook][1])
	}
	switch t.family {
	case "ip":
		h.reach.box = familyBox(4)
	case "ip6":
		h.reach.box = familyBox(6)
	case "inet", "netdev":
	case "arp":
		return h, false
	default:
		doubt("the packet is bridged")
		tr.problem(c.line, c.title(), "it sees bridged packets only; which are isn't modelled")
	}
	if t.doubtful {
		doubt("the table has flags")
		tr.problem(t.line, t.family+" "+t.name, "the table has flags that this listing doesn't name; if it is dormant its chains decide nothing. Give the text of \"nft -s list ruleset\"")
	}
	return h, true
}

// devices narrows a chain that hangs on devices.
func (h *hooked) devices(tr *translation, to *ruleset.IfaceSet, doubt func(string)) {
	if len(h.c.devices) == 0 {
		// nft 1.0.6 leaves the device out of JSON.
		doubt("the device isn't listed")
		tr.problem(h.c.line, h.c.title(), "the listing doesn't name the device. Give the text of \"nft -s list ruleset\"")
		return
	}
	sure, maybe := tr.interfaces.matching(h.c.devices, h.c.hook, axIn)
	if maybe.IsEmpty() {
		*to = sure
		return
	}
	*to = to.Intersect(sure.Union(maybe))
	doubt("devices " + strings.Join(h.c.devices, ", "))
	tr.problem(h.c.line, h.c.title(), "it hangs on some of the devices of a label only")
}

// stage writes a base chain out as a stage.
func (tr *translation) stage(h hooked) built {
	f := &flattening{conditions: tr.conditionsAt(h.c), tr: tr, base: h.c, at: h.at, in: h.in, out: h.out, compiled: map[*ruleDecl][]clause{}}
	reach := []term{h.reach}
	f.chain(h.c, reach, 0)
	b := built{hooked: h}
	b.stage = ruleset.Stage{Name: h.c.title(), In: h.in, Out: h.out, Default: ruleset.Next}
	if !h.c.section {
		b.stage.Default = f.policy(reach)
	}
	b.stage.Log = b.stage.Default == ruleset.Deny && f.logged.kind == kLog && f.logged.box.isAny()
	b.stage.Rules, b.places, b.chains = f.rules, f.places, f.chains
	return b
}

// conditionsAt returns the conditions of the rules that a base chain leads to.
func (tr *translation) conditionsAt(base *chainDecl) *conditions {
	early := base.hook == "ingress" || (base.hook == "prerouting" || base.hook == "output") && base.prio <= -200
	return &conditions{
		sets: tr.sets, hook: base.hook, early: early, ifs: tr.interfaces, assigned: tr.assigned,
		memo: map[memberKey][]term{}, boxes: map[fieldValue][]term{}, untracked: tr.untracked,
	}
}
