package paloalto

import (
	"fmt"
	"net/netip"
	"strconv"
	"strings"

	"github.com/nbfwc/nbfwc/ruleset"
	"github.com/nbfwc/nbfwc/targets"
)

// maxCut bounds the commands that end sessions, maxCutPorts the ports of a range
// that are named one by one: a filter takes a single port.
const (
	maxCut      = 200
	maxCutPorts = 16
)

// connections says what becomes of sessions, and how to end those that are no
// longer permitted.
func (p *planner) connections(c *targets.Change, have *ruleset.RuleSet) {
	say := func(s string) { c.Connections = append(c.Connections, s) }
	say("Sessions that the new rules permit as well go on; they keep the idle timeout that they began with.")
	d, err := ruleset.Compare(have, &c.Result, ruleset.CompareOptions{MaxBoxes: maxCut})
	if err != nil {
		say("The change is too large to say which sessions are no longer permitted.")
		return
	}
	var lost []ruleset.Box
	for _, x := range d.Certain {
		if x.Have == ruleset.Passes && x.Want != ruleset.Passes {
			lost = append(lost, x.Box)
		}
	}
	if len(lost) == 0 {
		return
	}
	if p.have.rematch == "no" {
		say("Sessions that are no longer permitted go on until they end (rematch is off on this firewall).")
	} else {
		say("The firewall looks at sessions again after the commit (rematch, its default) and ends those that are no longer permitted.")
	}
	missing := d.MoreCertain
	for _, b := range lost {
		commands, ok := p.cutBox(b)
		if !ok || len(c.Cut)+len(commands) > maxCut {
			missing++
			continue
		}
		c.Cut = append(c.Cut, commands...)
	}
	if missing > 0 {
		say(fmt.Sprintf("Some sessions that are no longer permitted (%d groups of them) can't be named by a short list of filters.", missing))
	}
}

// cutBox are the commands that end the sessions of a box; false if that would
// be many or end others.
func (p *planner) cutBox(b ruleset.Box) ([]string, bool) {
	from, ok := p.zoneNames(b.In)
	if !ok {
		return nil, false
	}
	to, ok := p.zoneNames(b.Out)
	if !ok {
		return nil, false
	}
	var filters []string
	for _, s := range b.Service.Boxes() {
		f, ok := serviceFilters(s)
		if !ok || len(filters)+len(f) > maxCut {
			return nil, false
		}
		filters = append(filters, f...)
	}
	var pairs [][2]string
	for _, src := range b.Src.Prefixes() {
		for _, dst := range b.Dst.Prefixes() {
			if src.Addr().Is4() != dst.Addr().Is4() {
				continue
			}
			if len(pairs) >= maxCut {
				return nil, false
			}
			pairs = append(pairs, [2]string{filterAddress("source", src), filterAddress("destination", dst)})
		}
	}
	var out []string
	for _, f := range from {
		for _, t := range to {
			for _, a := range pairs {
				for _, s := range filters {
					if len(out) >= maxCut {
						return nil, false
					}
					words := []string{"clear session all filter"}
					for _, w := range []string{f.filter("from"), t.filter("to"), a[0], a[1], s} {
						if w != "" {
							words = append(words, w)
						}
					}
					if len(words) == 1 {
						return nil, false
					}
					out = append(out, strings.Join(words, " "))
				}
			}
		}
	}
	return out, true
}

// zoneWord is a zone in a filter, "" for any.
type zoneWord string

func (z zoneWord) filter(word string) string {
	if z == "" {
		return ""
	}
	return word + " " + quoted(string(z))
}

func (p *planner) zoneNames(s ruleset.IfaceSet) ([]zoneWord, bool) {
	if everywhere(s) {
		return []zoneWord{""}, true
	}
	labels, except := s.Labels()
	if except {
		return nil, false
	}
	var out []zoneWord
	for _, label := range labels {
		zones := []string{label}
		for _, f := range p.options.Interfaces {
			if f.Label == label {
				zones = f.Devices
			}
		}
		for _, z := range zones {
			if !legalName(z, maxZone) {
				return nil, false
			}
			out = append(out, zoneWord(z))
		}
	}
	return out, true
}

func filterAddress(word string, prefix netip.Prefix) string {
	if prefix.IsSingleIP() {
		return word + " " + prefix.Addr().String()
	}
	return word + " " + prefix.String()
}

// serviceFilters are the filters for a box of a service, one for each port. A
// filter without a port is right only where all ports are meant.
func serviceFilters(b ruleset.ServiceBox) ([]string, bool) {
	all := ruleset.PortRange{From: 0, To: 65535}
	switch {
	case b.ProtoFrom == 0 && b.ProtoTo == 255 && b.Src == all && b.Dst == all:
		return []string{""}, true
	case b.ProtoFrom != b.ProtoTo || b.Src != all:
		return nil, false
	case b.ProtoFrom != ruleset.TCP && b.ProtoFrom != ruleset.UDP:
		return nil, false
	}
	protocol := "protocol " + strconv.Itoa(int(b.ProtoFrom))
	if b.Dst == all {
		return []string{protocol}, true
	}
	if int(b.Dst.To)-int(b.Dst.From) >= maxCutPorts {
		return nil, false
	}
	var out []string
	for port := int(b.Dst.From); port <= int(b.Dst.To); port++ {
		out = append(out, protocol+" destination-port "+strconv.Itoa(port))
	}
	return out, true
}
