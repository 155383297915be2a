package lang

import (
	"fmt"
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
)

// readCatalog reads roles, features, settings, services and rows: those of the
// embedded catalogue and those of the policy, which are written alike.
func (l *loader) readCatalog() {
	for _, d := range l.order[kindRole] {
		l.catalog.Roles = append(l.catalog.Roles, refOf[Role](l.only(d)))
	}
	for _, d := range l.order[kindFeature] {
		l.catalog.Features = append(l.catalog.Features, refOf[Feature](l.only(d)))
	}
	for _, d := range l.order[kindSetting] {
		l.catalog.Settings = append(l.catalog.Settings, refOf[SettingDef](l.only(d)))
	}
	for _, d := range l.order[kindService] {
		l.catalog.Services = append(l.catalog.Services, refOf[Service](l.only(d)))
	}
	for i, d := range l.order[kindRole] {
		l.readRole(l.catalogBody(d), l.catalog.Roles[i])
	}
	for i, d := range l.order[kindFeature] {
		b, f := l.catalogBody(d), l.catalog.Features[i]
		f.Title, f.Cite, f.On = b.text("title", 200), b.cite(), b.roles("on")
	}
	for i, d := range l.order[kindService] {
		l.readService(l.catalogBody(d), l.catalog.Services[i])
	}
	for i, d := range l.order[kindSetting] {
		l.readSetting(l.catalogBody(d), l.catalog.Settings[i])
	}
	for _, d := range l.order[kindFlow] {
		if l.isRow(d) {
			l.readRow(d)
		}
	}
}

// only is the one instance of a block that can't have for_each.
func (l *loader) only(d *decl) *instance {
	l.expand(d, d.block.DefRange)
	return d.inst[0]
}

func (l *loader) catalogBody(d *decl) *body { return l.bodyOf(d, d.content, &scope{}) }

func (b *body) cite() []string { return b.texts("cite") }

func (b *body) roles(name string) []*Role {
	var out []*Role
	for _, h := range b.refs(name, kindRole) {
		if r := refOf[Role](h.instance); !slices.Contains(out, r) {
			out = append(out, r)
		}
	}
	return out
}

func (l *loader) readRole(b *body, r *Role) {
	r.Title = b.text("title", 200)
	r.Brings, r.Implies = b.roles("brings"), b.roles("implies")
	r.Versioned, r.External, r.IPMI = b.flag("versioned"), b.flag("external"), b.flag("ipmi")
	r.Cite = b.cite()
}

func (l *loader) readService(b *body, s *Service) {
	s.Title = b.text("title", 200)
	s.TCP, s.UDP = b.ports("tcp"), b.ports("udp")
	s.NetBackup, s.Reserved = b.flag("netbackup"), b.flag("reserved")
	s.Cite = b.cite()
	b.each("icmp", func(v value, at hcl.Range) {
		if t, ok := b.icmpType(v, at); ok {
			s.ICMP = append(s.ICMP, t)
		}
	})
	if b.attrs["tcp"] == nil && b.attrs["udp"] == nil && b.attrs["icmp"] == nil {
		b.need("tcp", "tcp = [8400]")
	}
}

// ports is a list of ports and ranges.
func (b *body) ports(name string) []PortRange {
	var out []PortRange
	b.each(name, func(v value, at hcl.Range) {
		if p, ok := b.port(v, at); ok {
			out = append(out, p)
		}
	})
	return normalPorts(out)
}

func (b *body) port(v value, at hcl.Range) (PortRange, bool) {
	p, ok := portRange(v)
	if !ok {
		b.l.fail(sumPorts, noPort(v)+"A port is a number from 1 to 65535, such as 1556, or a range in quotes, such as \"8000-8010\".", at)
	}
	return p, ok
}

// noPort says which of several values is no port.
func noPort(v value) string {
	switch v := v.(type) {
	case float64:
		return fmt.Sprintf("%v is no port. ", v)
	case string:
		return fmt.Sprintf("%q is no port. ", clip(v))
	}
	return ""
}

// portRange reads 1556, "1556" or "8000-8010".
func portRange(v value) (PortRange, bool) {
	if n, ok := v.(float64); ok {
		if n != float64(uint16(max(0, min(n, 65535)))) || n < 1 {
			return PortRange{}, false
		}
		return PortRange{uint16(n), uint16(n)}, true
	}
	s, _ := v.(string)
	low, high, isRange := strings.Cut(s, "-")
	from, err1 := parsePart(strings.TrimSpace(low))
	if !isRange {
		high = low
	}
	to, err2 := parsePart(strings.TrimSpace(high))
	return PortRange{from, to}, err1 == nil && err2 == nil && from >= 1 && from <= to
}

// icmpType reads { type = 8, code = 0, family = 4 }.
func (b *body) icmpType(v value, at hcl.Range) (ICMPType, bool) {
	t := ICMPType{Code: -1}
	o, ok := v.(*object)
	good := ok
	seenType := false
	for i := 0; ok && i < len(o.keys); i++ {
		n, isInt := asInt(o.vals[i])
		switch o.keys[i] {
		case "type":
			seenType = true
			t.Type = uint8(n)
			good = good && isInt && n >= 0 && n <= 255
		case "code":
			t.Code = int16(n)
			good = good && isInt && n >= 0 && n <= 255
		case "family":
			t.IPv6 = n == 6
			good = good && isInt && (n == 4 || n == 6)
		default:
			good = false
		}
	}
	if !good || !seenType {
		b.l.fail(sumType, "An ICMP type is an object such as { type = 8, code = 0, family = 4 }: type and code from 0 to 255, family 4 (the default) or 6; code may be absent.", at)
		return t, false
	}
	return t, true
}

// settingKinds are the words for the kind of a setting.
var settingKinds = []string{"port", "ports", "choice", "version", "bool"}

func (l *loader) readSetting(b *body, s *SettingDef) {
	s.Title, s.Cite, s.On = b.text("title", 200), b.cite(), b.roles("on")
	if b.need("kind", `kind = "port"`) {
		s.Kind = b.oneOf("kind", settingKinds...)
	}
	s.Choices = b.texts("choices")
	if s.Kind == "choice" && len(s.Choices) == 0 {
		b.need("choices", `choices = ["a", "b"]`)
	}
	if v, at := b.value("default"); v != nil && s.Kind != "" {
		s.Default = l.settingValue(s, v, at)
	}
}

// settingValue checks the value of a setting; nil if it can't be.
func (l *loader) settingValue(s *SettingDef, v value, at hcl.Range) any {
	want := ""
	switch s.Kind {
	case "port":
		if p, ok := portRange(v); ok && p.From == p.To {
			return int(p.From)
		}
		want = "a port, a number from 1 to 65535"
	case "ports":
		if ports, ok := portList(v); ok {
			return ports
		}
		want = "a port range such as \"8000-8010\", or a list of ports and ranges"
	case "choice":
		if c, ok := v.(string); ok && slices.Contains(s.Choices, c) {
			return c
		}
		want = "one of: " + strings.Join(s.Choices, ", ")
	case "version":
		text, ok := v.(string)
		n, err := ParseNumber(text)
		if ok && err == nil {
			return n
		}
		want = "a version in quotes, such as \"2.5\""
	case "bool":
		if f, ok := v.(bool); ok {
			return f
		}
		want = "true or false"
	}
	l.fail(sumSetting, fmt.Sprintf("The setting %s must be %s.", s.Name, want), at)
	return nil
}

func portList(v value) ([]PortRange, bool) {
	list, ok := v.([]any)
	if !ok {
		list = []any{v}
	}
	var out []PortRange
	for _, x := range list {
		p, ok := portRange(x)
		if !ok {
			return nil, false
		}
		out = append(out, p)
	}
	return normalPorts(out), len(out) > 0
}

// isRow reports whether a flow is a row of the catalogue: one between roles.
func (l *loader) isRow(d *decl) bool {
	if d.domain != nil {
		return false
	}
	for _, name := range [...]string{"from", "to"} {
		a := d.content.Attributes[name]
		if a == nil {
			continue
		}
		e := l.native(a.Expr)
		if b := l.bare(e); b != nil {
			e = b
		}
		if list, ok := e.(*hclsyntax.TupleConsExpr); ok && len(list.Exprs) > 0 {
			e = list.Exprs[0]
		}
		for _, t := range e.Variables() {
			if t.RootName() == "role" {
				return true
			}
		}
	}
	return false
}

// ownFlowOnly are attributes of flows between hosts and zones, rowOnly those of
// rows.
var (
	ownFlowOnly = []string{"ticket", "reason", "expires", "sources"}
	rowOnly     = []string{"when", "covers", "from_covers", "to_covers", "link", "ports", "class", "fallback", "cite", "source", "inferred", "breaks"}
)

func (b *body) refuse(names []string, why string) {
	for _, n := range names {
		if a := b.attrs[n]; a != nil {
			b.l.fail(sumConflict, fmt.Sprintf("%q has no meaning here: %s", n, why), a.NameRange)
		}
	}
}

func (l *loader) readRow(d *decl) {
	b := l.catalogBody(d)
	b.refuse(ownFlowOnly, "this flow is between roles, so it is a row of the catalogue.")
	r := &Row{Name: d.label, User: !d.embedded, Origin: originOf(d.block.DefRange)}
	if b.need("from", "from = role.media") {
		r.From = refOf[Role](b.ref("from", kindRole))
	}
	if b.need("to", "to = role.client") {
		r.To = refOf[Role](b.ref("to", kindRole))
	}
	if b.need("service", "service = service.pbx") {
		r.Service = refOf[Service](b.ref("service", kindService))
	}
	r.Link = b.oneOf("link", "air")
	r.FromCovers, r.ToCovers = b.covers("covers"), b.covers("covers")
	if b.attrs["from_covers"] != nil {
		r.FromCovers = b.covers("from_covers")
	}
	if b.attrs["to_covers"] != nil {
		r.ToCovers = b.covers("to_covers")
	}
	for _, h := range b.refs("fallback", kindService) {
		r.Fallback = append(r.Fallback, refOf[Service](h.instance))
	}
	r.Class = b.class()
	r.Idle = b.duration("idle")
	r.Cite = b.cite()
	r.Source, r.Inferred, r.Breaks = b.text("source", 300), b.text("inferred", 1000), b.text("breaks", 1000)
	if r.Source == "" && d.embedded {
		r.Source = "guide 7.x"
	}
	if r.From != nil && r.To != nil {
		cc := &conditionReader{l: l, row: r}
		r.When = cc.condition(b.expr("when"))
		r.Ports = cc.ports(b.expr("ports"))
	}
	l.catalog.Rows = append(l.catalog.Rows, r)
}

// class is a word that becomes a part of names on devices.
func (b *body) class() string {
	s, at := b.str("class")
	if s == "" || !b.l.checkLabel(s, at) {
		return ""
	}
	return s
}

func (b *body) covers(name string) VersionRange {
	s, at := b.str(name)
	if s == "" {
		return VersionRange{}
	}
	r, err := ParseVersionRange(s)
	if err != nil {
		b.l.fail(sumVersion, sentence(err), at)
	}
	return r
}
