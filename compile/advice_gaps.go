package compile

import (
	"fmt"
	"slices"

	"github.com/nbfwc/nbfwc/lang"
)

// withoutMaster finds domains whose hosts run NetBackup and have no master
// server among them. Most rows of the catalogue have the master server, or a
// role that comes with it, at one end.
func withoutMaster(d *lang.Domain) []Problem {
	runs := func(g *lang.Group) bool {
		return slices.ContainsFunc(g.Roles, func(r *lang.Role) bool { return r.Versioned })
	}
	if lacksMaster(d) && slices.ContainsFunc(d.Groups, runs) {
		return []Problem{{Severity: Warning, Summary: "Domain without a master server", Subject: d.Origin,
			Detail: fmt.Sprintf("In domain %q no hosts have role.master, so nothing is opened to or from the master server: jobs are not started, catalogues not written, hosts not administered. "+
				"Declare it, also if somebody else runs it or it is behind another firewall: a hosts block with roles = [role.master] and its addresses.", d.Name)}}
	}
	return nil
}

func lacksMaster(d *lang.Domain) bool { return len(playing(d, "master")) == 0 }

// withoutFlows finds hosts that are at no end of any flow, local ones included:
// for the firewalls they might as well not be declared. A domain that lacks its
// master server is told that, and not what follows from it.
func withoutFlows(g *Graph) []Problem {
	busy := newBusy(g)
	var out []Problem
	for _, d := range g.Policy.Domains {
		var idle []*lang.Group
		for _, h := range d.Groups {
			if !busy.has(h) {
				idle = append(idle, h)
			}
		}
		if len(idle) == 0 || lacksMaster(d) && len(withoutMaster(d)) > 0 {
			continue
		}
		out = append(out, Problem{Severity: Warning, Summary: "Hosts without any flow", Subject: idle[0].Origin,
			Detail: fmt.Sprintf("In domain %q hosts %s take part in no flow, so nothing is opened for them. Either peers leave them no partner, or no row is for hosts of these versions, features and settings, "+
				"or their role needs hosts of another role that the domain doesn't have. "+
				"Ask with nbfwc explain, from one of them to a host that it should reach: it names the nearest rows and what they lack.", d.Name, idleText(idle))})
	}
	return out
}

// idleText names groups by their blocks. Where only a part of a block is meant,
// a group's discriminator says which.
func idleText(idle []*lang.Group) string {
	parts := map[string]int{}
	for _, h := range idle[0].Domain.Groups {
		parts[h.Block]++
	}
	for _, h := range idle {
		parts[h.Block]--
	}
	named := make([]*lang.Group, len(idle))
	for i, h := range idle {
		named[i] = h
		if parts[h.Block] > 0 && h.Discriminator != "" {
			named[i] = &lang.Group{Block: fmt.Sprintf("%s (%s)", h.Block, h.Discriminator)}
		}
	}
	return blockText(named)
}

// busy is who takes part in a flow: groups by themselves, and zones as a whole
// with all hosts in them of the family.
type busy struct {
	groups map[*lang.Group]bool
	zones  map[zoneFamily]bool
}

type zoneFamily struct {
	zone *lang.Zone
	v6   bool
}

func newBusy(g *Graph) busy {
	b := busy{map[*lang.Group]bool{}, map[zoneFamily]bool{}}
	var last [2]*lang.Group // flows of one source follow each other
	for i := range g.Flows {
		for k, e := range [2]*End{&g.Flows[i].From, &g.Flows[i].To} {
			switch {
			case e.Zone != nil:
				b.zones[zoneFamily{e.Zone, e.IPv6}] = true
			case e.Group != last[k]:
				last[k] = e.Group
				b.groups[e.Group] = true
			}
		}
	}
	return b
}

func (b busy) has(g *lang.Group) bool {
	return b.groups[g] || slices.ContainsFunc(g.Legs, func(l lang.Leg) bool { return b.zones[zoneFamily{l.Zone, l.IPv6}] })
}

// hostFirewalls says of firewalls that filter for their own hosts what else they
// close there: the chains of input and output drop all that the policy doesn't
// permit, and the catalogue knows NetBackup only.
func hostFirewalls(g *Graph) []Problem {
	var out []Problem
	for _, fw := range g.Policy.Firewalls {
		if fw.Exclusive && len(fw.Self) > 0 {
			out = append(out, Problem{Severity: Notice, Summary: "Host firewall filters everything", Subject: fw.Origin,
				Detail: fmt.Sprintf("The firewall %q is exclusive and has self: what its own hosts send and receive is dropped unless a flow permits it. "+
					"That closes name resolution (DNS), time (NTP), directories (LDAP), monitoring and updates of these hosts as well; only SSH from management stays open. "+
					"Write a flow for each that they use, with the hosts at one end and the server or its zone at the other.", fw.Name)})
		}
	}
	return out
}
