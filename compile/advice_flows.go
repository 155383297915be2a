package compile

import (
	"fmt"
	"slices"

	"github.com/nbfwc/nbfwc/lang"
	"github.com/nbfwc/nbfwc/ruleset"
)

// translated: NetBackup before 8.2 doesn't work through address translation,
// later versions only with support that must be switched on. Flows with hosts
// that aren't NetBackup's are none of its business.
func translated(g *Graph) []Problem {
	worst := map[*lang.Group]*Flow{}
	var order []*lang.Group
	for i := range g.Flows {
		f := &g.Flows[i]
		if f.Local != NotLocal || f.From.Group == nil || f.To.Group == nil || !ours(f) {
			continue
		}
		for _, h := range []*lang.Group{f.From.Group, f.To.Group} {
			if !uses(h, "nat") {
				continue
			}
			if worst[h] == nil {
				order = append(order, h)
			}
			if worst[h] == nil || natKnown(worst[h]) && !natKnown(f) {
				worst[h] = f
			}
		}
	}
	var out []Problem
	for _, h := range order {
		f := worst[h]
		p := Problem{Severity: Warning, Summary: "Address translation between NetBackup hosts", Subject: h.Origin,
			Detail: fmt.Sprintf("The addresses of hosts %q are translated, and %s goes from %q to %q. ", h.Block, flowName(f), f.From.Group.Block, f.To.Group.Block)}
		if natKnown(f) {
			p.Detail += "From 8.2 on this works only with NAT support switched on; then the NAT client begins all connections and its servers none, which the catalogue's rows don't describe."
		} else {
			p.Severity = Error
			p.Detail += "NetBackup before 8.2 supports neither NAT nor PAT between its hosts. Route them without translation, or put a media server on the clients' side."
		}
		out = append(out, p)
	}
	return out
}

// ours reports whether both ends of a flow are NetBackup hosts in it.
func ours(f *Flow) bool {
	if f.Row != nil {
		return !f.Row.From.External && !f.Row.To.External
	}
	foreign := func(g *lang.Group) bool {
		return !slices.ContainsFunc(g.Roles, func(r *lang.Role) bool { return !r.External })
	}
	return !foreign(f.From.Group) && !foreign(f.To.Group)
}

func natKnown(f *Flow) bool {
	v, since := f.From.Group.Facts.Version, release("8.2")
	w := f.To.Group.Facts.Version
	return !v.IsZero() && !w.IsZero() && v.AtLeast(since) && w.AtLeast(since)
}

// reservedPorts finds flows that open a port of a service which is reached
// through another.
func reservedPorts(g *Graph) []Problem {
	var out []Problem
	type opening struct {
		service *lang.Service
		row     *lang.Row
		custom  *lang.Flow
	}
	seen := map[opening]bool{}
	for _, s := range g.Policy.Catalog.Services {
		if !s.Reserved {
			continue
		}
		for _, want := range newServicePorts(s.TCP, s.UDP, s.ICMP).of(false) {
			for i := range g.Flows {
				f := &g.Flows[i]
				key := opening{s, f.Row, f.Custom}
				if seen[key] || !overlaps(f, want) {
					continue
				}
				seen[key] = true
				out = append(out, Problem{Severity: Warning, Summary: "Reserved port is open", Subject: flowOrigin(f),
					Detail: fmt.Sprintf("The flow %q opens %d (%s). That service is reached through PBX: 1556 is enough, and this port need never be open through a firewall (note to table 2-1). Take it out of the ports.", flowName(f), want.From, serviceTitle(s))})
			}
		}
	}
	return out
}

// overlaps reports whether the flow opens a part of a range of ports.
func overlaps(f *Flow, want Port) bool {
	return slices.ContainsFunc(f.Ports, func(p Port) bool {
		return p.Proto == want.Proto && p.From <= want.To && want.From <= p.To
	})
}

// misprint is the port that the guide's note after table 3-3 prints for 7582.
const misprint = 7528

// misprintedPort finds services that were made after the misprint.
func misprintedPort(g *Graph) []Problem {
	var out []Problem
	for _, s := range g.Policy.Catalog.Services {
		names := func(p lang.PortRange) bool { return p.From == misprint || p.To == misprint }
		if slices.ContainsFunc(s.TCP, names) || slices.ContainsFunc(s.UDP, names) {
			out = append(out, Problem{Severity: Error, Summary: "Port 7528 is a misprint", Subject: s.Origin,
				Detail: fmt.Sprintf("The service %q has port 7528, which the note after table 3-3 of the guide prints for the encrypted KVM of Remote Management. The port is 7582, as in the table: write 7582, or use service.rmm_kvm_encrypted.", s.Name)})
		}
	}
	return out
}

// twoProtocols are ports that the guide wants in TCP and UDP, by the role that
// listens.
var twoProtocols = []struct {
	role, cite string
	port       uint16
}{
	{"data_domain", "DataDomain OpenStorage ports", 111},
	{"dns_server", "Table 3-5", 53},
	{"puredisk_spa", "Table 3-6", 123},
}

// oneProtocol finds such a port that is open in one protocol only.
func oneProtocol(g *Graph) []Problem {
	type pair struct {
		from, to *lang.Group
		which    int
	}
	open := map[pair]map[uint8]*Flow{}
	var order []pair
	for i := range g.Flows {
		f := &g.Flows[i]
		if f.From.Group == nil || f.To.Group == nil {
			continue
		}
		for k, t := range twoProtocols {
			if !plays(f.To.Group, t.role) {
				continue
			}
			for _, proto := range []uint8{ruleset.TCP, ruleset.UDP} {
				if !opens(f, proto, t.port) {
					continue
				}
				p := pair{f.From.Group, f.To.Group, k}
				if open[p] == nil {
					open[p] = map[uint8]*Flow{}
					order = append(order, p)
				}
				open[p][proto] = f
			}
		}
	}
	var out []Problem
	for _, p := range order {
		t := twoProtocols[p.which]
		f, name, other := open[p][ruleset.TCP], "TCP", "UDP"
		if f == nil {
			f, name, other = open[p][ruleset.UDP], "UDP", "TCP"
		}
		if len(open[p]) == 2 {
			continue
		}
		out = append(out, Problem{Severity: Warning, Summary: "Port is open in one protocol of two", Subject: flowOrigin(f),
			Detail: fmt.Sprintf("Hosts %s may reach %s on port %d by %s (flow %q), but the guide (%s) wants %s as well. Add it to the service.",
				hostsName(p.from, p.to), hostsName(p.to, p.from), t.port, name, flowName(f), t.cite, other)})
	}
	return out
}

// bothWays are roles of which each connects to the other by PBX.
var bothWays = []struct{ one, other string }{
	{"master", "media"},
	{"media", "media"},
	{"master", "opscenter_server"},
}

// oneDirection finds pairs of such hosts where only one can connect.
func oneDirection(g *Graph) []Problem {
	type pair struct{ from, to *lang.Group }
	open := map[pair]*Flow{}
	var order []pair
	for i := range g.Flows {
		f := &g.Flows[i]
		if f.From.Group == nil || f.To.Group == nil || f.Link != nil || !carriesPBX(f) || !mutual(f) {
			continue
		}
		p := pair{f.From.Group, f.To.Group}
		if open[p] == nil {
			open[p] = f
			order = append(order, p)
		}
	}
	var out []Problem
	for _, p := range order {
		if open[pair{p.to, p.from}] != nil {
			continue
		}
		f := open[p]
		out = append(out, Problem{Severity: Warning, Summary: "Open in one direction only", Subject: flowOrigin(f),
			Detail: fmt.Sprintf("Hosts %s may connect to %s by PBX (flow %q), but not the other way, and their work needs both. Add the flow from %s to %s, or look for what replaces its row.",
				hostsName(p.from, p.to), hostsName(p.to, p.from), flowName(f), hostsName(p.to, p.from), hostsName(p.from, p.to))})
	}
	return out
}

func carriesPBX(f *Flow) bool {
	return f.Row != nil && f.Row.Service.Name == "pbx" || opens(f, ruleset.TCP, 1556)
}

// mutual reports whether a flow joins two roles that connect to each other: of
// a row, its roles; of a flow of the policy, those that the hosts play.
func mutual(f *Flow) bool {
	for _, b := range bothWays {
		for _, r := range [][2]string{{b.one, b.other}, {b.other, b.one}} {
			if f.Row != nil && f.Row.From.Name == r[0] && f.Row.To.Name == r[1] ||
				f.Custom != nil && plays(f.From.Group, r[0]) && plays(f.To.Group, r[1]) {
				return true
			}
		}
	}
	return false
}

// webPairs are the pairs of web ports of an OpsCenter Server.
var webPairs = map[string][2]uint16{"80/443": {80, 443}, "8181/8443": {8181, 8443}, "8282/8553": {8282, 8553}}

// webPortPairs: an OpsCenter Server has one pair; flows of the policy that open
// a port of another pair to it lead nowhere.
func webPortPairs(g *Graph) []Problem {
	var out []Problem
	seen := map[string]bool{}
	for i := range g.Flows {
		f := &g.Flows[i]
		if f.To.Group == nil || !plays(f.To.Group, "opscenter_server") || f.Custom == nil && !f.Row.User {
			continue
		}
		value, _ := setting(f.To.Group, "opscenter_web")
		chosen, _ := value.(string)
		for _, name := range []string{"80/443", "8181/8443", "8282/8553"} {
			pair := webPairs[name]
			key := flowName(f) + " " + f.To.Group.Block
			if name == chosen || seen[key] || !opens(f, ruleset.TCP, pair[0]) && !opens(f, ruleset.TCP, pair[1]) {
				continue
			}
			seen[key] = true
			out = append(out, Problem{Severity: Warning, Summary: "More than one pair of OpsCenter web ports", Subject: flowOrigin(f),
				Detail: fmt.Sprintf("The flow %q opens ports of the pair %s to hosts %q, which use %s: OpsCenter takes the first pair that is free on the server, and only that. Set opscenter_web to the pair that is in use, and drop the other.", flowName(f), name, f.To.Group.Block, chosen)})
		}
	}
	return out
}

// oldHosts names the hosts that alone keep vnetd open, by domain.
func oldHosts(g *Graph) []Problem {
	type pair struct{ from, to *lang.Group }
	needed := map[pair]bool{}
	var old []*Flow
	for i := range g.Flows {
		f := &g.Flows[i]
		if f.Local != NotLocal || f.From.Group == nil || f.To.Group == nil || f.Domain == nil || !opens(f, ruleset.TCP, 13724) {
			continue
		}
		if f.Row != nil && f.Row.Class == "old" {
			old = append(old, f)
		} else {
			needed[pair{f.From.Group, f.To.Group}] = true
		}
	}
	var out []Problem
	for _, d := range g.Policy.Domains {
		var hosts []*lang.Group
		flows := 0
		for _, f := range old {
			if f.Domain != d || needed[pair{f.From.Group, f.To.Group}] {
				continue
			}
			flows++
			for _, h := range []*lang.Group{f.From.Group, f.To.Group} {
				if before(h, release("7.0.1")) && !slices.Contains(hosts, h) {
					hosts = append(hosts, h)
				}
			}
		}
		if len(hosts) > 0 {
			out = append(out, Problem{Severity: Notice, Summary: "Old hosts keep 13724 open", Subject: hosts[0].Origin,
				Detail: fmt.Sprintf("In domain %q hosts %s are older than 7.0.1, and for them alone 13724 (VNETD) is open (flows: %d). Upgrade them to 7.0.1 or later and these flows go away.", d.Name, blockText(hosts), flows)})
		}
	}
	return out
}

// localFlows says how much of a domain no firewall sees.
func localFlows(g *Graph) []Problem {
	var out []Problem
	for _, d := range g.Policy.Domains {
		var count [SameInterface + 1]int
		for i := range g.Flows {
			if f := &g.Flows[i]; f.Domain == d {
				count[f.Local]++
			}
		}
		if inside := count[SameZone]; inside > 0 {
			out = append(out, Problem{Severity: Notice, Summary: "Flows that cross no firewall", Subject: d.Origin,
				Detail: fmt.Sprintf("In domain %q some flows stay in one zone and get no rule (flows: %d). They are listed as local.", d.Name, inside)})
		}
		if n := count[SameInterface]; n > 0 {
			out = append(out, Problem{Severity: Notice, Summary: "Flows that no firewall enforces", Subject: d.Origin,
				Detail: fmt.Sprintf("In domain %q some flows go between zones behind one interface (flows: %d). The firewall doesn't see them: they are neither opened nor can they be closed. If it does route them, say hairpin = true on the interface.", d.Name, n)})
		}
	}
	return out
}

// inspectedTLS: from 8.0 on PBX carries TLS towards the master server, which a
// firewall must not open and sign anew.
func inspectedTLS(g *Graph) []Problem {
	var out []Problem
	seen := map[*lang.Domain]bool{}
	for i := range g.Flows {
		f := &g.Flows[i]
		if f.Local != NotLocal || f.To.Group == nil || seen[f.Domain] || !plays(f.To.Group, "master") ||
			f.To.Group.Facts.Version.IsZero() || before(f.To.Group, release("8.0")) || !carriesPBX(f) {
			continue
		}
		seen[f.Domain] = true
		out = append(out, Problem{Severity: Notice, Summary: "TLS to the master server must pass", Subject: f.To.Group.Origin,
			Detail: fmt.Sprintf("Connections to %q on 1556 carry TLS from 8.0 on (Veritas article 100002391). Exempt them from TLS inspection: a firewall that rejects or re-signs it breaks backups.", f.To.Group.Block)})
	}
	return out
}
