package fortigate

import (
	"bytes"
	"encoding/json"
	"net/netip"
	"strconv"
	"strings"
	"time"

	"github.com/nbfwc/nbfwc/ruleset"
	"github.com/nbfwc/nbfwc/targets"
)

// jobText is how the cases in testdata spell a job.
type jobText struct {
	Firewall    string
	Context     string
	Manage      string
	Anchor      string
	Interfaces  []targets.Interface
	Groups      []groupText
	Stages      []stageText
	DenyLog     bool
	Established string
	OS          string
	Self        bool
	DeviceGroup string
	Prefix      string
	UseObjects  map[string]string
	Header      []string
}

type groupText struct {
	Name, Reason string
	Members      []string // "10.0.0.1 name"
	Parts        []string
}

type stageText struct {
	Name    string
	In, Out string
	Default string
	Rules   []ruleText
}

type ruleText struct {
	Name, Reason string
	In, Out      string // "a, b", "any", "any but a"
	Src, Dst     string // "@group", "10.0.0.0/8, 10.9.0.1-10.9.0.4", "any"
	Service      string // "tcp 80, udp 1024-65535 -> 53, icmp 8/0, protocol 50", "any"
	Action       string
	Idle         string
	Log          bool
	Profile      string
	Opaque       string
}

func readJob(data []byte) (targets.Job, error) {
	var x jobText
	d := json.NewDecoder(bytes.NewReader(data))
	d.DisallowUnknownFields()
	if err := d.Decode(&x); err != nil {
		return targets.Job{}, err
	}
	job := targets.Job{Firewall: x.Firewall, Context: x.Context, Anchor: x.Anchor, Interfaces: x.Interfaces,
		DenyLog: x.DenyLog, Self: x.Self, Header: x.Header, Established: span(x.Established),
		OS: x.OS, DeviceGroup: x.DeviceGroup, Prefix: x.Prefix, UseObjects: x.UseObjects}
	if x.Manage == "exclusive" {
		job.Manage = targets.Exclusive
	}
	sets := map[string]ruleset.AddrSet{}
	for _, g := range x.Groups {
		group := ruleset.Group{Name: g.Name, Reason: g.Reason, Parts: g.Parts}
		var ranges []ruleset.Range
		for _, part := range g.Parts {
			ranges = append(ranges, sets[part].Ranges()...)
		}
		for _, m := range g.Members {
			text, name, _ := strings.Cut(m, " ")
			r := rangeOf(text)
			ranges = append(ranges, r)
			group.Members = append(group.Members, ruleset.Member{Range: r, Name: name})
		}
		group.Set = ruleset.NewAddrSet(ranges...)
		sets[g.Name] = group.Set
		job.Want.Groups = append(job.Want.Groups, group)
	}
	for _, s := range x.Stages {
		stage := ruleset.Stage{Name: s.Name, In: ifaceSet(s.In), Out: ifaceSet(s.Out), Default: actionOf(s.Default)}
		for _, r := range s.Rules {
			rule := ruleset.Rule{Name: r.Name, Reason: r.Reason, In: ifaceSet(r.In), Out: ifaceSet(r.Out),
				Src: addrSet(r.Src, sets), Dst: addrSet(r.Dst, sets), Service: serviceSet(r.Service), Action: actionOf(r.Action),
				Effects: ruleset.Effects{Idle: span(r.Idle), Log: r.Log, Profile: r.Profile}}
			rule.SrcGroup, _ = strings.CutPrefix(onlyGroup(r.Src), "@")
			rule.DstGroup, _ = strings.CutPrefix(onlyGroup(r.Dst), "@")
			if r.Opaque != "" {
				rule.Opaque = &ruleset.Opaque{Why: r.Opaque}
			}
			stage.Rules = append(stage.Rules, rule)
		}
		job.Want.Stages = append(job.Want.Stages, stage)
	}
	return job, nil
}

func onlyGroup(s string) string {
	if strings.HasPrefix(s, "@") {
		return s
	}
	return ""
}

func span(s string) time.Duration {
	if s == "" {
		return 0
	}
	d, err := time.ParseDuration(s)
	if err != nil {
		panic(err)
	}
	return d
}

func actionOf(s string) ruleset.Action {
	for a := ruleset.Permit; a <= ruleset.Next; a++ {
		if a.String() == s {
			return a
		}
	}
	panic("no action " + s)
}

func ifaceSet(s string) ruleset.IfaceSet {
	switch {
	case s == "" || s == "any":
		return ruleset.IfaceSet{}
	case strings.HasPrefix(s, "any but "):
		return ruleset.NotIfaces(strings.Split(s[len("any but "):], ", ")...)
	}
	return ruleset.Ifaces(strings.Split(s, ", ")...)
}

func rangeOf(s string) ruleset.Range {
	if from, to, ok := strings.Cut(s, "-"); ok {
		return ruleset.Range{From: netip.MustParseAddr(from), To: netip.MustParseAddr(to)}
	}
	if strings.Contains(s, "/") {
		return ruleset.RangeOf(netip.MustParsePrefix(s))
	}
	a := netip.MustParseAddr(s)
	return ruleset.Range{From: a, To: a}
}

func addrSet(s string, sets map[string]ruleset.AddrSet) ruleset.AddrSet {
	if s == "any" {
		return ruleset.AnyAddr()
	}
	if set, ok := sets[strings.TrimPrefix(s, "@")]; ok && s[0] == '@' {
		return set
	}
	var ranges []ruleset.Range
	for _, word := range strings.Split(s, ", ") {
		if word[0] != '@' {
			ranges = append(ranges, rangeOf(word))
		}
	}
	return ruleset.NewAddrSet(ranges...)
}

func serviceSet(s string) ruleset.ServiceSet {
	if s == "any" {
		return ruleset.AnyService()
	}
	ports := func(s string) ruleset.PortRange {
		from, to, ok := strings.Cut(s, "-")
		if !ok {
			to = from
		}
		a, err1 := strconv.ParseUint(from, 10, 16)
		b, err2 := strconv.ParseUint(to, 10, 16)
		if err1 != nil || err2 != nil {
			panic("no ports: " + s)
		}
		return ruleset.PortRange{From: uint16(a), To: uint16(b)}
	}
	var boxes []ruleset.ServiceBox
	for _, word := range strings.Split(s, ", ") {
		name, rest, _ := strings.Cut(word, " ")
		b := ruleset.ServiceBox{Src: everyPort, Dst: everyPort}
		switch name {
		case "tcp", "udp", "sctp":
			p := map[string]uint8{"tcp": 6, "udp": 17, "sctp": 132}[name]
			b.ProtoFrom, b.ProtoTo = p, p
			if src, dst, ok := strings.Cut(rest, " -> "); ok {
				b.Src, rest = ports(src), dst
			}
			if rest != "" && rest != "any" {
				b.Dst = ports(rest)
			}
		case "icmp", "icmpv6":
			p := map[string]uint8{"icmp": 1, "icmpv6": 58}[name]
			b = ruleset.ServiceBox{ProtoFrom: p, ProtoTo: p, Src: everyType, Dst: everyType}
			kind, code, ok := strings.Cut(rest, "/")
			if kind != "" {
				b.Src = ports(kind)
			}
			if ok {
				b.Dst = ports(code)
			}
		case "protocol":
			rest, dst, ok := strings.Cut(rest, " ")
			if ok {
				b.Dst = ports(dst)
			}
			r := ports(rest)
			b.ProtoFrom, b.ProtoTo = uint8(r.From), uint8(r.To)
		default:
			panic("no service: " + word)
		}
		boxes = append(boxes, b)
	}
	return ruleset.NewServiceSet(boxes...)
}
