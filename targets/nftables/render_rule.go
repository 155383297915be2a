package nftables

import (
	"strconv"
	"time"

	"github.com/nbfwc/nbfwc/ruleset"
)

// side is one end of a rule, for one family.
type side struct {
	group  string          // "" if the addresses are spelled out
	ranges []ruleset.Range // nil with group, and where all addresses match
	empty  bool
}

// sideOf returns what one end of a rule has of a family.
func (l *layout) sideOf(group string, set ruleset.AddrSet, family byte) side {
	if group != "" {
		has := l.families[l.groups[group]]
		return side{group: group, empty: family == 4 && !has.v4 || family == 6 && !has.v6}
	}
	var ranges []ruleset.Range
	for _, r := range set.Ranges() {
		if r.From.Is4() == (family == 4) {
			ranges = append(ranges, r)
		}
	}
	if len(ranges) == 1 {
		if p, ok := ranges[0].Prefix(); ok && p.Bits() == 0 {
			return side{}
		}
	}
	return side{ranges: ranges, empty: len(ranges) == 0}
}

func (s *side) isAny() bool { return s.group == "" && s.ranges == nil && !s.empty }

// variant is a rule for one family; family 0 is both, where no address counts.
type variant struct {
	family   byte
	src, dst side
}

// variantsOf returns the forms that a rule takes for the two families, valid
// until the next call.
func (l *layout) variantsOf(r *ruleset.Rule) []variant {
	if l.anchor.family != "ip" && l.anchor.family != "ip6" && r.SrcGroup == "" && r.DstGroup == "" && r.Src.IsAny() && r.Dst.IsAny() {
		l.variants[0] = variant{}
		return l.variants[:1]
	}
	vs := l.variants[:0]
	for _, family := range [...]byte{4, 6} {
		if l.anchor.family == "ip" && family == 6 || l.anchor.family == "ip6" && family == 4 {
			continue
		}
		v := variant{family, l.sideOf(r.SrcGroup, r.Src, family), l.sideOf(r.DstGroup, r.Dst, family)}
		if !v.src.empty && !v.dst.empty {
			vs = append(vs, v)
		}
	}
	return vs
}

// with is a variant without addresses narrowed to a family.
func (v variant) with(family byte) variant {
	v.family = family
	return v
}

// addresses appends the conditions on both ends; "ct original ip" and the like
// can stand in for "ip".
func (w *writer) addresses(v *variant, srcWord, dstWord string) {
	switch {
	case v.family == 0:
	case !v.src.isAny() || !v.dst.isAny():
		w.side(v.family, srcWord, &v.src)
		w.side(v.family, dstWord, &v.dst)
	case w.family != "inet": // the table sees no other family
	case v.family == 4:
		w.str("meta nfproto ipv4 ")
	default:
		w.str("meta nfproto ipv6 ")
	}
}

func (w *writer) side(family byte, word string, s *side) {
	if s.isAny() {
		return
	}
	w.str(word)
	w.str(" ")
	if s.group != "" {
		w.str("@")
		w.b = appendSetName(w.b, s.group, family)
		w.str(" ")
		return
	}
	w.b = appendList(w.b, len(s.ranges), func(b []byte, i int) []byte { return appendRange(b, s.ranges[i]) })
}

// words are how the two ends of a packet are called.
func words(family byte, mirror bool) (src, dst string) {
	src, dst = "ip saddr", "ip daddr"
	if family == 6 {
		src, dst = "ip6 saddr", "ip6 daddr"
	}
	if mirror {
		src, dst = dst, src
	}
	return src, dst
}

func (w *writer) match(v *variant, p *part, mirror bool) {
	src, dst := words(v.family, mirror)
	// "icmp type" asks for the family by itself, and a listing leaves out that
	// it was asked for twice. The answers are matched by protocol only, which
	// doesn't ask for it.
	switch family := p.family(); {
	case family == 0 || !v.src.isAny() || !v.dst.isAny():
		w.addresses(v, src, dst)
	case mirror:
		narrowed := v.with(family)
		w.addresses(&narrowed, src, dst)
	}
	w.b = p.appendMatch(w.b, mirror)
}

// rule writes the rules of nft that a rule becomes: one for each family and
// part of its service.
func (w *writer) rule(ref ruleRef) {
	r := w.l.rule(ref)
	parts := w.l.parts[ref.stage][ref.rule]
	for _, v := range w.l.variantsOf(r) {
		for i := range parts {
			p := &parts[i]
			if f := p.family(); f != 0 && v.family != 0 && f != v.family {
				continue // ICMP is IPv4's, ICMPv6 is IPv6's
			}
			w.idle(r, &v, p)
			if r.Action == ruleset.Reject {
				w.rejects(r, &v, p)
				continue
			}
			verdict := "accept"
			if r.Action != ruleset.Permit {
				verdict = "drop"
			}
			w.line(r, &v, p, verdict)
		}
	}
}

// rejects answers TCP with a reset and all else with an ICMP error.
func (w *writer) rejects(r *ruleset.Rule, v *variant, p *part) {
	if t, ok := p.tcp(); ok {
		w.line(r, v, &t, "reject with tcp reset")
	}
	if !p.onlyTCP() {
		w.line(r, v, p, "reject")
	}
}

func (w *writer) line(r *ruleset.Rule, v *variant, p *part, verdict string) {
	w.str("\t\t")
	refuses := r.Action != ruleset.Permit
	if w.section && r.Log && !refuses {
		// The accepting rule of a section meets every packet of a connection;
		// the log is to have the first.
		w.match(v, p, false)
		w.str("ct state new ")
		w.log(r)
		w.str("\n\t\t")
	}
	w.match(v, p, false)
	if w.section && refuses {
		w.str("ct state new ")
	}
	w.str("counter ")
	if r.Log && (!w.section || refuses) {
		w.log(r)
		w.str(" ")
	}
	w.str(verdict)
	w.comment(r.Reason)
	w.str("\n")
}

func (w *writer) log(r *ruleset.Rule) {
	w.str("log prefix \"nbfwc ")
	w.str(r.Action.String())
	name := r.Name
	if name == "" {
		name = w.l.job.Firewall
	}
	w.prefix(len("nbfwc ")+len(r.Action.String()), name)
}

// prefix ends a log prefix of which n bytes are written with a name.
func (w *writer) prefix(n int, name string) {
	w.str(" ")
	w.b = appendText(w.b, name, maxPrefix-n-3)
	w.str(": \"")
}

func (w *writer) comment(text string) {
	start := len(w.b)
	w.str(" comment \"")
	from := len(w.b)
	w.b = appendText(w.b, text, maxComment)
	if len(w.b) == from {
		w.b = w.b[:start]
		return
	}
	w.str("\"")
}

// vendorIdle is what Linux gives to established TCP connections
// (nf_conntrack_tcp_timeout_established).
const vendorIdle = 432000 * time.Second

// idleSeconds is the idle timeout that a rule has to set, 0 for none: only one
// above what the device gives by itself.
func (l *layout) idleSeconds(r *ruleset.Rule) int64 {
	given := l.job.Established
	if given == 0 {
		given = vendorIdle
	}
	if r.Action != ruleset.Permit || r.Idle <= given {
		return 0
	}
	return int64((r.Idle + time.Second - 1) / time.Second)
}

// idle writes the rule that gives a TCP connection its idle timeout. It stands
// apart from the accepting rule: the statement ends a rule for a connection
// that is confirmed. An object of the kernel is for one family.
func (w *writer) idle(r *ruleset.Rule, v *variant, p *part) {
	t, ok := p.tcp()
	seconds := w.l.idleSeconds(r)
	if !ok || seconds == 0 {
		return
	}
	for _, family := range [...]byte{4, 6} {
		if v.family != 0 && v.family != family {
			continue
		}
		narrowed := v.with(family)
		w.str("\t\t")
		w.match(&narrowed, &t, false)
		w.str("ct state new ct timeout set \"")
		w.b = appendIdleName(w.b, seconds, family)
		w.str("\"\n")
	}
}

// appendIdleName appends the name of a timeout object. It holds the value: an
// object that exists is never changed by a file.
func appendIdleName(b []byte, seconds int64, family byte) []byte {
	b = strconv.AppendInt(append(b, prefix+"idle-"...), seconds, 10)
	if family == 4 {
		return append(b, ".v4"...)
	}
	return append(b, ".v6"...)
}
