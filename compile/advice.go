package compile

import (
	"fmt"
	"slices"
	"strings"

	"github.com/nbfwc/nbfwc/lang"
)

// advice is what the vendor's guide warns of and what a policy leaves unsaid:
// one function for each warning, explained in docs/diagnostics.md. It needs the
// flows of the graph and adds none. The result is in the order of the functions,
// apart what needs the flows and what only looks at the hosts.
func (g *Graph) advice() (onFlows, onHosts []Problem) {
	for _, a := range []func(*Graph) []Problem{
		translated,
		reservedPorts,
		misprintedPort,
		oneProtocol,
		oneDirection,
		webPortPairs,
		oldHosts,
		localFlows,
		inspectedTLS,
		simpleMSDP,
		withoutFlows,
		hostFirewalls,
	} {
		onFlows = append(onFlows, a(g)...)
	}
	for _, d := range g.Policy.Domains {
		for _, a := range []func(*lang.Domain) []Problem{
			unstatedSettings,
			connectOptions,
			pbxPort,
			portWindow,
			clearManagement,
			authentication,
			accessControl,
			resilientOld,
			cloudContainer,
			transports,
			trustedServers,
			withoutMaster,
		} {
			onHosts = append(onHosts, a(d)...)
		}
	}
	return onFlows, onHosts
}

// release is a version that the text of the program names.
func release(s string) lang.Version {
	v, err := lang.ParseVersion(s)
	if err != nil {
		panic(err)
	}
	return v
}

// before reports whether hosts have a version, and one before another.
func before(g *lang.Group, v lang.Version) bool {
	return !g.Facts.Version.IsZero() && g.Facts.Version.Less(v)
}

func plays(g *lang.Group, role string) bool {
	return slices.ContainsFunc(g.Roles, func(r *lang.Role) bool { return r.Name == role })
}

func uses(g *lang.Group, feature string) bool {
	return slices.ContainsFunc(g.Facts.Features, func(f *lang.Feature) bool { return f.Name == feature })
}

// setting is the value of a setting of hosts, nil if there is none, and whether
// the policy says it.
func setting(g *lang.Group, name string) (value any, declared bool) {
	for _, s := range g.Facts.Settings {
		if s.Name == name {
			return s.Value, s.Declared
		}
	}
	return nil, false
}

// playing are the groups of a domain that have a role.
func playing(d *lang.Domain, role string) []*lang.Group {
	var out []*lang.Group
	for _, g := range d.Groups {
		if plays(g, role) {
			out = append(out, g)
		}
	}
	return out
}

// blockText names groups by their blocks, a few of them.
func blockText(groups []*lang.Group) string {
	const most = 5
	var names []string
	for _, g := range groups {
		if s := fmt.Sprintf("%q", g.Block); !slices.Contains(names, s) {
			names = append(names, s)
		}
	}
	if more := len(names) - most; more > 0 {
		names = append(names[:most], fmt.Sprintf("and %d more", more))
	}
	return strings.Join(names, ", ")
}

// hostsName names a group beside another one: by its domain too if they have
// different ones.
func hostsName(g, other *lang.Group) string {
	if g.Domain == other.Domain {
		return fmt.Sprintf("%q", g.Block)
	}
	return fmt.Sprintf("%q of domain %q", g.Block, g.Domain.Name)
}

// flowName says which row or flow of the policy a flow is from.
func flowName(f *Flow) string {
	if f.Custom != nil {
		return f.Custom.Name
	}
	return f.Row.Name
}

// flowOrigin is where the policy causes the flow.
func flowOrigin(f *Flow) lang.Origin {
	switch {
	case f.Custom != nil:
		return f.Custom.Origin
	case f.Row.User:
		return f.Row.Origin
	case f.From.Group != nil:
		return f.From.Group.Origin
	}
	return lang.Origin{}
}

// opens reports whether the flow opens a port.
func opens(f *Flow, proto uint8, port uint16) bool {
	return slices.ContainsFunc(f.Ports, func(p Port) bool { return p.Matches(proto, port) })
}
