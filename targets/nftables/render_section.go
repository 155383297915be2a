package nftables

import (
	"slices"
	"strings"

	"github.com/nbfwc/nbfwc/ruleset"
)

// sectionChains are entered by the user's base chains.
var sectionChains = [...]string{prefix + "section", prefix + "section-input", prefix + "section-output"}

// reply ends the name of the chain that accepts the answers to what another
// accepts. No other name has a slash at this place.
const reply = "/reply"

// relatedChain permits ICMP errors about connections of ours.
const relatedChain = prefix + "related"

// sectionFile writes chains and sets of our own into the user's table. Commands
// first make all of them exist, so that flushing works on the first load too,
// then the block fills them. A table that doesn't exist is an error, not made.
func (w *writer) sectionFile() {
	at := w.family + " " + w.l.anchor.table + " "
	w.howToEnter()
	chains := w.chainNames()
	for _, name := range chains {
		w.str("add chain " + at + name + "\n")
	}
	for _, name := range chains {
		w.str("flush chain " + at + name + "\n")
	}
	for i, u := range w.uses {
		name := w.l.job.Want.Groups[i].Name
		if u.v4 {
			w.emptySet(at, name, 4)
		}
		if u.v6 {
			w.emptySet(at, name, 6)
		}
	}
	w.str("\ntable " + strings.TrimSuffix(at, " ") + " {\n")
	w.objects()
	related := w.relatedRules()
	for _, k := range w.l.hooks {
		w.enter(k, len(related) > 0)
	}
	if len(related) > 0 {
		w.str("\tchain " + relatedChain + " {\n")
		w.b = append(w.b, related...)
		w.str("\t}\n\n")
	}
	for _, k := range w.l.hooks {
		w.chains(k)
		w.replies(k)
	}
	w.close()
}

// howToEnter says in the file what the user's own configuration needs.
func (w *writer) howToEnter() {
	w.str("# Loads any number of times beside your rules and touches none of them. Your\n# table enters these chains by one jump each, which you place:\n#\n")
	w.str("#\ttable " + w.family + " " + w.l.anchor.table + " {\n")
	for _, k := range w.l.hooks {
		if w.l.anchor.chains[k.hook] == "" {
			continue
		}
		name := sectionChains[k.hook]
		w.str("#\t\tchain " + name + " {\n#\t\t}\n")
		w.str("#\t\tchain " + w.l.anchor.chains[k.hook] + " { ...; jump " + name + "; ... }\n")
	}
	w.str("#\t}\n\n")
}

func (w *writer) emptySet(at, group string, family byte) {
	kind := "ipv4_addr"
	if family == 6 {
		kind = "ipv6_addr"
	}
	w.str("add set " + at)
	w.b = appendSetName(w.b, group, family)
	w.str(" { type " + kind + "; flags interval; }\nflush set " + at)
	w.b = appendSetName(w.b, group, family)
	w.str("\n")
}

// chainNames are the names of all chains of the section.
func (w *writer) chainNames() []string {
	var names []string
	for _, k := range w.l.hooks {
		if w.l.anchor.chains[k.hook] != "" {
			names = append(names, sectionChains[k.hook])
		}
	}
	names = append(names, relatedChain)
	for _, k := range w.l.hooks {
		if len(k.rules) > 0 {
			names = append(names, anyChain(k.hook), anyChain(k.hook)+reply)
		}
		for _, p := range k.pairs {
			names = append(names, p.chain, p.chain+reply)
		}
	}
	return names
}

// enter writes the chain that the user's base chain of a hook jumps to. It ends
// only what is ours and returns everything else.
func (w *writer) enter(k *hookLayout, related bool) {
	if w.l.anchor.chains[k.hook] == "" {
		return
	}
	w.str("\tchain " + sectionChains[k.hook] + " {\n\t\tct state invalid return\n")
	if related {
		w.str("\t\tct state related jump " + relatedChain + "\n")
	}
	w.dispatch(k, "ct direction original ", false)
	// Answers pass the hook of the other direction: those to what the firewall
	// itself sent come in by its input.
	w.dispatch(w.mirrorOf(k), "ct state established ct direction reply ", true)
	w.str("\t}\n\n")
}

// mirrorOf is the hook whose connections' answers are seen at k.
func (w *writer) mirrorOf(k *hookLayout) *hookLayout {
	want := mapHook(k.hook, true)
	for _, o := range w.l.hooks {
		if o.hook == want {
			return o
		}
	}
	return k
}

// replies writes the chains that accept the answers to what the chains of a
// hook accept, whether or not the user's chain accepts what is established.
func (w *writer) replies(k *hookLayout) {
	if len(k.rules) > 0 {
		w.replyChain(anyChain(k.hook), k.rules)
	}
	for _, p := range k.pairs {
		w.replyChain(p.chain, p.rules)
	}
}

func (w *writer) replyChain(name string, rules []ruleRef) {
	w.str("\tchain " + name + reply + " {\n")
	for _, ref := range rules {
		r := w.l.rule(ref)
		if r.Action != ruleset.Permit {
			continue
		}
		parts := w.l.parts[ref.stage][ref.rule]
		for _, v := range w.l.variantsOf(r) {
			for i := range parts {
				if f := parts[i].family(); f != 0 && v.family != 0 && f != v.family {
					continue
				}
				w.str("\t\t")
				w.match(&v, &parts[i], true)
				w.str("counter accept\n")
			}
		}
	}
	w.str("\t}\n\n")
}

// relatedRules accept ICMP errors about connections between ends that a rule
// permits, and what a rejecting rule answers. Which ports the connection has,
// an ICMP packet's rule can't say: nft 1.0.6 reads "ct original proto-dst" only
// beside a TCP or UDP match. All of them accept, so their order means nothing;
// it is that of their text, whatever rules they come from.
func (w *writer) relatedRules() []byte {
	save := w.b
	w.b = nil
	for i := range w.l.job.Want.Stages {
		s := &w.l.job.Want.Stages[i]
		for j := range s.Rules {
			if s.Rules[j].Action == ruleset.Deny {
				continue
			}
			for _, v := range w.l.variantsOf(&s.Rules[j]) {
				w.relatedRule(v, w.l.parts[i][j])
				if s.Rules[j].Action == ruleset.Reject {
					w.ownResets(v, w.l.parts[i][j])
				}
			}
		}
	}
	lines := slices.Collect(strings.Lines(string(w.b)))
	slices.Sort(lines)
	w.b = save
	return []byte(strings.Join(slices.Compact(lines), ""))
}

// ownResets accepts the resets of a rejecting rule, which a user's output chain
// may drop.
func (w *writer) ownResets(v variant, parts []part) {
	for i := range parts {
		if t, ok := parts[i].tcp(); ok && w.l.job.Self {
			w.str("\t\t")
			w.match(&v, &t, true)
			w.str(ownReset + "counter accept\n")
		}
	}
}

func (w *writer) relatedRule(v variant, parts []part) {
	for _, family := range [...]byte{4, 6} {
		if v.family != 0 && v.family != family || !anyOf(parts, family) {
			continue
		}
		ip, types := "ip", relatedICMP
		if family == 6 {
			ip, types = "ip6", relatedICMPv6
		}
		w.str("\t\t" + types)
		// The source as it was sent, the destination as it answers: these are
		// the addresses that the rules see, with address translation too.
		w.side(family, "ct original "+ip+" saddr", &v.src)
		w.side(family, "ct reply "+ip+" saddr", &v.dst)
		w.str("counter accept comment \"transport: errors about permitted connections\"\n")
	}
}
