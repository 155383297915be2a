package fortigate

import (
	"fmt"
	"strconv"

	"github.com/nbfwc/nbfwc/ruleset"
)

// connections says what becomes of sessions. Fortinet, technical tips on
// firewall-session-dirty and on moving policies.
var connections = []string{
	"Sessions that exist are checked again against the changed policies with their next packet (firewall-session-dirty check-all, the default): those that are no longer permitted end, the others go on.",
	"Where the VDOM has set firewall-session-dirty check-new, and after a policy has only changed its place, sessions go on until they end or are cleared.",
	"Sessions keep the idle timeout that they began with.",
}

// find looks for what the plan leaves alone and somebody should look at.
func (p *planner) find(final *model, low *lowered) {
	first, last := -1, -1
	for i := range final.policies {
		if p.ownPolicy(&final.policies[i]) {
			if last = i; first < 0 {
				first = i
			}
		}
	}
	for i := first + 1; first >= 0 && i < last; i++ {
		if q := &final.policies[i]; !p.ownPolicy(q) {
			p.finding(q.line, about(q), "a policy of others stands among ours; it stays")
		}
	}
	p.findHeld()
	p.findShadows(final, low)
	p.findTimeouts(final)
}

// findTimeouts names ports to which the device gives a longer idle timeout than
// our services do, which win (Fortinet: service, then policy, then system).
func (p *planner) findTimeouts(final *model) {
	for i := range final.services {
		s := &final.services[i]
		if s.ttl <= 0 || len(s.tcp) == 0 || !p.isOwn(s.name, s.comment) {
			continue
		}
		for _, e := range final.ttl.ports {
			dst := s.tcp[0].dst
			if (e.protocol == ruleset.TCP || e.protocol == 0) && e.ports.From <= dst.To && dst.From <= e.ports.To && (e.timeout == never || e.timeout > s.ttl) {
				p.finding(e.line, "system session-ttl, ports "+e.ports.String(), "the device keeps these sessions longer than our service %s does, which comes before it; give the firewall's time with established", s.name)
			}
		}
	}
}

// findHeld names groups that are no longer needed and stay.
func (p *planner) findHeld() {
	held := p.heldByOthers()
	for _, name := range p.haveGroups.names {
		if held[name] && p.wantGroups.byName[name] == nil {
			p.finding(p.haveGroups.byName[name].line(), name, "the group is no longer needed, but something of others uses it; it stays")
		}
	}
}

func (g *group) line() int {
	for _, e := range g.entries {
		if e != nil {
			return e.line
		}
	}
	return 0
}

// maxShadows bounds the findings about policies of others above ours.
const maxShadows = 100

// findShadows finds policies of others that decide packets before ours: they
// deny what ours permit, or nobody knows what they do.
func (p *planner) findShadows(final *model, low *lowered) {
	rules := low.rules.Stages[0].Rules
	var above []int
	said := map[int]bool{}
	for i := range rules {
		at := low.policy[i]
		if at < 0 || !p.ownPolicy(&final.policies[at]) {
			if rules[i].Action != ruleset.Permit || rules[i].Opaque != nil {
				above = append(above, i)
			}
			continue
		}
		if rules[i].Action != ruleset.Permit {
			continue
		}
		for _, k := range above {
			if said[k] || len(said) > maxShadows || rules[k].Box().Intersect(rules[i].Box()).IsEmpty() {
				continue
			}
			said[k] = true
			r := &rules[k]
			text := r.Name
			if at := low.policy[k]; at >= 0 {
				text = about(&final.policies[at])
			}
			if r.Opaque != nil {
				p.finding(r.Line, text, "it stands above our policy %s and may decide its packets: %s", rules[i].Name, r.Opaque.Why)
			} else {
				p.finding(r.Line, text, "it denies packets that our policy %s below it is to permit", rules[i].Name)
			}
		}
	}
}

// maxCut bounds the commands that cut sessions.
const maxCut = 500

// cut are commands that end sessions which pass before and not after. Sessions
// are chosen by their addresses and ports.
func (p *planner) cut(before, after *ruleset.RuleSet) []string {
	d, err := ruleset.Compare(before, after, ruleset.CompareOptions{})
	if err != nil {
		return nil
	}
	var out []string
	for _, c := range d.Certain {
		if c.Have != ruleset.Passes || c.Want == ruleset.Passes {
			continue
		}
		for _, v6 := range []bool{false, true} {
			out = append(out, cutBox(&c.Box, v6)...)
		}
		if len(out) > maxCut {
			break
		}
	}
	if len(out) > 0 && p.vdom != "" {
		out = append(append([]string{"config vdom", "edit " + p.vdom}, out...), "end")
	}
	return out
}

// cutBox are the commands for one family of a box. A box without addresses would
// cut everything, so there are none for it.
func cutBox(b *ruleset.Box, v6 bool) []string {
	some := family(v6)
	src, dst := b.Src.Intersect(some), b.Dst.Intersect(some)
	if src.IsEmpty() || dst.IsEmpty() || src.Equal(some) && dst.Equal(some) {
		return nil
	}
	words := "diagnose sys session "
	if v6 {
		words = "diagnose sys session6 "
	}
	var out []string
	for _, s := range src.Ranges() {
		for _, d := range dst.Ranges() {
			for _, service := range b.Service.Boxes() {
				out = append(out, words+"filter clear")
				if !src.Equal(some) {
					out = append(out, fmt.Sprintf("%sfilter src %s %s", words, s.From, s.To))
				}
				if !dst.Equal(some) {
					out = append(out, fmt.Sprintf("%sfilter dst %s %s", words, d.From, d.To))
				}
				if service.ProtoFrom == service.ProtoTo {
					out = append(out, words+"filter proto "+strconv.Itoa(int(service.ProtoFrom)))
					if service.Dst != everyPort && (service.ProtoFrom == ruleset.TCP || service.ProtoFrom == ruleset.UDP) {
						out = append(out, fmt.Sprintf("%sfilter dport %d %d", words, service.Dst.From, service.Dst.To))
					}
				}
				out = append(out, words+"clear")
				if len(out) > maxCut {
					return append(out, words+"filter clear")
				}
			}
		}
	}
	return append(out, words+"filter clear")
}
