package nftables

import (
	"bytes"
	"fmt"
	"io"
	"slices"
	"strconv"

	"github.com/nbfwc/nbfwc/ruleset"
	"github.com/nbfwc/nbfwc/targets"
)

// table is the table that an exclusive configuration owns.
const table = "nbfwc"

// relatedICMP are the ICMP errors that a connection needs to hear of: those
// about its own packets, and no other traffic that conntrack's helpers expect.
const (
	relatedICMP   = "icmp type { destination-unreachable, time-exceeded, parameter-problem } "
	relatedICMPv6 = "icmpv6 type { destination-unreachable, packet-too-big, time-exceeded, parameter-problem } "
)

// ownReset matches the resets of "reject with tcp reset". They leave through the
// output hook, where the kernel calls them related to what they answer
// (nf_ct_attach), like the ICMP errors of "reject".
const ownReset = "tcp flags & rst == rst "

// Render writes the complete configuration of a job as one file for nft -f,
// which is one transaction and can be loaded any number of times.
func Render(out io.Writer, job targets.Job) error {
	l := newLayout(&job)
	if len(l.problems) > 0 {
		p := l.problems[0]
		return fmt.Errorf("nftables: %s: %s", p.Text, p.Why)
	}
	w := newWriter(l, out)
	w.header()
	if job.Manage == targets.Section {
		w.sectionFile()
	} else {
		w.exclusiveFile()
	}
	_, err := out.Write(w.b)
	return err
}

// writer appends the text of a layout.
type writer struct {
	b       []byte
	l       *layout
	section bool
	family  string // of the table
	uses    []use  // of each group
	idles   []idleObject
}

// idleObject is a timeout object that rules refer to.
type idleObject struct {
	seconds int64
	family  byte
}

// newWriter makes a writer for what will be written to out. If that is a buffer
// the text is made where it will stand there.
func newWriter(l *layout, out io.Writer) *writer {
	n := 4096
	for i := range l.job.Want.Groups {
		n += 200 + 32*len(l.job.Want.Groups[i].Members)
	}
	w := &writer{l: l, family: "inet", uses: make([]use, len(l.job.Want.Groups))}
	if into, ok := out.(*bytes.Buffer); ok {
		into.Grow(n)
		w.b = into.AvailableBuffer()
	} else {
		w.b = make([]byte, 0, n)
	}
	if w.section = l.job.Manage == targets.Section; w.section {
		w.family = l.anchor.family
	}
	for i := range l.job.Want.Stages {
		for j := range l.job.Want.Stages[i].Rules {
			w.collect(ruleRef{int32(i), int32(j)})
		}
	}
	slices.SortFunc(w.idles, func(a, b idleObject) int {
		if a.seconds != b.seconds {
			return int(a.seconds - b.seconds)
		}
		return int(a.family) - int(b.family)
	})
	w.idles = slices.Compact(w.idles)
	return w
}

// collect notes the sets and objects that a rule refers to.
func (w *writer) collect(ref ruleRef) {
	r := w.l.rule(ref)
	seconds := w.l.idleSeconds(r)
	tcp := false
	for i := range w.l.parts[ref.stage][ref.rule] {
		_, ok := w.l.parts[ref.stage][ref.rule][i].tcp()
		tcp = tcp || ok
	}
	for _, v := range w.l.variantsOf(r) {
		if v.family != 0 && !anyOf(w.l.parts[ref.stage][ref.rule], v.family) {
			continue
		}
		for _, s := range []*side{&v.src, &v.dst} {
			if s.group != "" {
				u := &w.uses[w.l.groups[s.group]]
				u.v4 = u.v4 || v.family == 4
				u.v6 = u.v6 || v.family == 6
			}
		}
		for _, family := range [...]byte{4, 6} {
			if seconds > 0 && tcp && (v.family == 0 || v.family == family) {
				w.idles = append(w.idles, idleObject{seconds, family})
			}
		}
	}
}

func (w *writer) str(s string) { w.b = append(w.b, s...) }

func (w *writer) header() {
	for _, line := range w.l.job.Header {
		w.str("#")
		if line != "" {
			w.str(" ")
			w.b = appendText(w.b, line, 1<<16)
		}
		w.str("\n")
	}
	if len(w.l.job.Header) > 0 {
		w.str("\n")
	}
}

// exclusiveFile writes a table of our own. The first two lines make the file
// work whether the table is there or not, and the table new: nft adds to what
// exists.
func (w *writer) exclusiveFile() {
	w.str("table inet " + table + "\ndelete table inet " + table + "\n\ntable inet " + table + " {\n")
	w.objects()
	for _, k := range w.l.hooks {
		w.baseChain(k)
	}
	for _, k := range w.l.hooks {
		w.chains(k)
	}
	w.close()
}

// close ends the table after a chain, which ends in an empty line.
func (w *writer) close() { w.b = append(w.b[:len(w.b)-1], "}\n"...) }

func (w *writer) objects() {
	for i := range w.uses {
		if w.uses[i].v4 {
			w.set(&w.l.job.Want.Groups[i], 4)
		}
		if w.uses[i].v6 {
			w.set(&w.l.job.Want.Groups[i], 6)
		}
	}
	for _, o := range w.idles {
		w.str("\tct timeout ")
		w.b = appendIdleName(w.b, o.seconds, o.family)
		w.str(" {\n\t\tprotocol tcp\n\t\tl3proto ")
		if o.family == 4 {
			w.str("ip")
		} else {
			w.str("ip6")
		}
		w.str("\n\t\tpolicy = { established : ")
		w.b = strconv.AppendInt(w.b, o.seconds, 10)
		w.str(" }\n\t}\n\n")
	}
}

// baseChain writes the chain that hangs on a hook.
func (w *writer) baseChain(k *hookLayout) {
	policy := "drop"
	if k.end.action == ruleset.Permit {
		policy = "accept"
	}
	name := hookNames[k.hook]
	w.str("\tchain " + prefix + name + " {\n\t\ttype filter hook " + name + " priority filter; policy " + policy + ";\n")
	w.str("\t\tct state established counter accept comment \"replies and the rest of permitted connections\"\n")
	switch k.hook {
	case input:
		w.str("\t\tiifname \"lo\" counter accept\n")
		w.management()
	case output:
		w.str("\t\toifname \"lo\" counter accept\n")
	}
	w.str("\t\tct state related " + relatedICMP + "counter accept comment \"transport: errors about permitted connections\"\n")
	w.str("\t\tct state related " + relatedICMPv6 + "counter accept comment \"transport: errors about permitted connections\"\n")
	if k.hook != forward {
		w.neighbours()
	}
	if k.hook == output {
		w.str("\t\tct state related " + ownReset + "counter accept comment \"resets that a rule sent\"\n")
	}
	w.str("\t\tct state invalid counter drop comment \"belongs to no connection\"\n")
	w.dispatch(k, "", false)
	w.end(k.end, false)
	w.str("\t}\n\n")
}

// management keeps the way to the device open, before anything that could
// close it.
func (w *writer) management() {
	for _, family := range [...]byte{4, 6} {
		s := w.l.sideOf("", w.l.job.ManagementFrom, family)
		if s.empty {
			continue
		}
		v := variant{family: family, src: s}
		w.str("\t\t")
		src, dst := words(family, false)
		w.addresses(&v, src, dst)
		w.str("tcp dport 22 counter accept comment \"" + reasonManagement + "\"\n")
	}
}

// neighbours permits what IPv6 needs on a link (RFC 4890, 4.4.1): neighbour
// discovery, which no router forwards since its hop limit is 255, and multicast
// listener discovery, without which switches keep solicitations away.
func (w *writer) neighbours() {
	w.str("\t\ticmpv6 type { nd-router-solicit, nd-router-advert, nd-neighbor-solicit, nd-neighbor-advert } ip6 hoplimit 255 counter accept comment \"" + reasonNeighbours + "\"\n")
	w.str("\t\ticmpv6 type { mld-listener-query, mld-listener-report, mld-listener-done, mld2-listener-report } ip6 hoplimit 1 counter accept comment \"" + reasonListeners + "\"\n")
}

// dispatch writes what leads from a base chain to the chains of the pairs. With
// mirror it leads answers to the chains of the other direction.
func (w *writer) dispatch(k *hookLayout, condition string, mirror bool) {
	suffix := ""
	if mirror {
		suffix = reply
	}
	w.verdictMap(k, condition, suffix, mirror)
	for _, p := range k.pairs {
		if !k.isOther(w.l, p) {
			continue
		}
		w.str("\t\t" + condition)
		if k.hook != output {
			w.guard(p.in, !mirror)
		}
		if k.hook != input {
			w.guard(p.out, mirror)
		}
		w.str("jump " + p.chain + suffix + "\n")
	}
	if len(k.rules) > 0 {
		w.str("\t\t" + condition + "jump " + anyChain(k.hook) + suffix + "\n")
	}
}

// anyChain holds the rules that apply to every pair of interfaces.
func anyChain(h hook) string { return prefix + "any-" + hookNames[h] }

// isOther says whether a pair has interfaces that the job doesn't name.
func (k *hookLayout) isOther(l *layout, p *pair) bool {
	return k.hook != output && p.in == l.others || k.hook != input && p.out == l.others
}

// guard matches an interface, or all that the job doesn't name.
func (w *writer) guard(i int32, iif bool) {
	word := "oifname "
	if iif {
		word = "iifname "
	}
	var devices []string
	if i != w.l.others {
		devices = w.l.job.Interfaces[i].Devices
	} else {
		for _, f := range w.l.job.Interfaces {
			devices = append(devices, f.Devices...)
		}
		if len(devices) == 0 {
			return
		}
		word += "!= "
	}
	w.str(word)
	w.b = appendList(w.b, len(devices), func(b []byte, i int) []byte { return appendDevice(b, devices[i]) })
}

func appendDevice(b []byte, d string) []byte { return append(append(append(b, '"'), d...), '"') }

// verdictMap finds the chain of two interfaces in one look.
func (w *writer) verdictMap(k *hookLayout, condition, suffix string, mirror bool) {
	open := false
	for _, p := range k.pairs {
		if k.isOther(w.l, p) {
			continue
		}
		if !open {
			open = true
			w.str("\t\t" + condition + [...]string{"iifname . oifname", "iifname", "oifname"}[mapHook(k.hook, mirror)] + " vmap {\n")
		}
		w.mapElements(k.hook, p, suffix, mirror)
	}
	if open {
		w.str("\t\t}\n")
	}
}

// mapHook is the hook whose interface tells the pair: answers of what comes in
// go out by it.
func mapHook(h hook, mirror bool) hook {
	switch {
	case mirror && h == input:
		return output
	case mirror && h == output:
		return input
	}
	return h
}

func (w *writer) mapElements(h hook, p *pair, suffix string, mirror bool) {
	ins, outs := []string{""}, []string{""}
	if h != output {
		ins = w.l.job.Interfaces[p.in].Devices
	}
	if h != input {
		outs = w.l.job.Interfaces[p.out].Devices
	}
	if mirror {
		ins, outs = outs, ins
	}
	for _, in := range ins {
		for _, out := range outs {
			w.str("\t\t\t")
			if in != "" {
				w.b = appendDevice(w.b, in)
			}
			if in != "" && out != "" {
				w.str(" . ")
			}
			if out != "" {
				w.b = appendDevice(w.b, out)
			}
			w.str(" : jump " + p.chain + suffix + ",\n")
		}
	}
}

// chains writes the chains of the pairs of a hook.
func (w *writer) chains(k *hookLayout) {
	if len(k.rules) > 0 {
		w.chain(anyChain(k.hook), k.rules, nil)
	}
	for _, p := range k.pairs {
		e := &p.end
		if !p.ownEnd {
			e = nil
		}
		w.chain(p.chain, p.rules, e)
	}
}

func (w *writer) chain(name string, rules []ruleRef, e *end) {
	w.str("\tchain " + name + " {\n")
	for _, r := range rules {
		w.rule(r)
	}
	if e != nil {
		w.end(*e, true)
	}
	w.str("\t}\n\n")
}

// end writes what becomes of packets that no rule matched. At the end of a base
// chain its policy drops; a chain of a pair says so itself.
func (w *writer) end(e end, explicit bool) {
	if e.log {
		w.str("\t\t" + denyLimit + " log prefix \"nbfwc deny")
		w.prefix(len("nbfwc deny"), w.l.job.Firewall)
		w.str("\n")
	}
	switch {
	case e.action == ruleset.Reject:
		w.str("\t\tmeta l4proto 6 counter reject with tcp reset comment \"default\"\n\t\tcounter reject comment \"default\"\n")
	case e.action == ruleset.Permit && explicit:
		w.str("\t\tcounter accept comment \"default\"\n")
	case e.action == ruleset.Permit:
		w.str("\t\tcounter comment \"default\"\n")
	case explicit:
		w.str("\t\tcounter drop comment \"default\"\n")
	default:
		w.str("\t\tcounter comment \"default\"\n")
	}
}
