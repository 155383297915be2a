package lang

import (
	"cmp"
	"fmt"
	"slices"
)

// PortsExpr gives the ports of a row where they depend on settings of the
// hosts.
type PortsExpr struct {
	text  string
	items []portsItem
}

// portsItem is a literal port range or the setting of an end.
type portsItem struct {
	ports   PortRange
	end     end
	setting string // "" for the literal
	when    claim  // nil: always
}

// Ports are the ports for a flow between hosts with these facts, sorted and
// disjoint. If a host doesn't have a setting that is needed the error is a
// MissingSetting.
func (p *PortsExpr) Ports(from, to *Facts) ([]PortRange, error) {
	var out []PortRange
	for _, it := range p.items {
		if it.when != nil && !it.when.holds(from, to) {
			continue
		}
		if it.setting == "" {
			out = append(out, it.ports)
			continue
		}
		switch v := settingOf(it.end.facts(from, to), it.setting).(type) {
		case int:
			out = append(out, PortRange{uint16(v), uint16(v)})
		case []PortRange:
			out = append(out, v...)
		default:
			return nil, MissingSetting{Setting: it.setting, AtSource: it.end == fromEnd}
		}
	}
	return normalPorts(out), nil
}

// MissingSetting is the error of ports that depend on a setting which an end of
// the flow doesn't have.
type MissingSetting struct {
	Setting  string
	AtSource bool // the source lacks it; else the destination
}

func (m MissingSetting) Error() string {
	at := toEnd
	if m.AtSource {
		at = fromEnd
	}
	return fmt.Sprintf("%s has no %s, which the ports depend on: write settings = { %s = ... } in its hosts block", at, m.Setting, m.Setting)
}

// String is the expression as it stands in the catalogue.
func (p *PortsExpr) String() string {
	if p == nil {
		return ""
	}
	return p.text
}

// normalPorts sorts ranges and joins those that touch.
func normalPorts(ports []PortRange) []PortRange {
	slices.SortFunc(ports, func(a, b PortRange) int {
		return cmp.Or(cmp.Compare(a.From, b.From), cmp.Compare(a.To, b.To))
	})
	var out []PortRange
	for _, p := range ports {
		if n := len(out); n > 0 && int(p.From) <= int(out[n-1].To)+1 {
			out[n-1].To = max(out[n-1].To, p.To)
			continue
		}
		out = append(out, p)
	}
	return out
}
