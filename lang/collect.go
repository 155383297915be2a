package lang

import (
	"fmt"
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
)

// topSchema are the blocks of a policy.
var topSchema = &hcl.BodySchema{Blocks: []hcl.BlockHeaderSchema{
	{Type: "variable", LabelNames: []string{"name"}},
	{Type: "locals"},
	{Type: "zone", LabelNames: []string{"name"}},
	{Type: "device", LabelNames: []string{"name"}},
	{Type: "firewall", LabelNames: []string{"name"}},
	{Type: "domain", LabelNames: []string{"name"}},
	{Type: "service", LabelNames: []string{"name"}},
	{Type: "flow", LabelNames: []string{"name"}},
	{Type: "air", LabelNames: []string{"name"}},
	{Type: "path", LabelNames: []string{"name"}},
	{Type: "management"},
	{Type: "role", LabelNames: []string{"name"}},
	{Type: "feature", LabelNames: []string{"name"}},
	{Type: "setting", LabelNames: []string{"name"}},
}}

// schemas are the attributes and blocks that each type of block takes.
var schemas = [kinds]*hcl.BodySchema{
	kindVariable: schema("default", "type", "description"),
	kindZone:     schema("networks", "transit", "for_each"),
	kindDevice:   schema("address", "addresses", "username", "hostname", "serials", "jump", "for_each"),
	kindFirewall: withBlocks(schema("target", "os", "device", "context", "manage", "anchor", "bind", "local_rules", "device_group", "self", "established", "name_prefix", "group_name", "use_object", "assume", "for_each"),
		hcl.BlockHeaderSchema{Type: "interface", LabelNames: []string{"name"}}, hcl.BlockHeaderSchema{Type: "rule_defaults"}),
	kindDomain: withBlocks(schema("version", "features", "strict", "uncertain", "reset_fallback", "ping", "source_ports", "aggregate", "idle"),
		hcl.BlockHeaderSchema{Type: "hosts", LabelNames: []string{"name"}}, hcl.BlockHeaderSchema{Type: "flow", LabelNames: []string{"name"}}),
	kindHosts:   schema("zone", "addresses", "roles", "version", "features", "settings", "peers", "for_each"),
	kindService: schema("tcp", "udp", "icmp", "title", "netbackup", "reserved", "cite"),
	kindFlow: schema("from", "to", "service", "idle", "ticket", "reason", "expires", "sources",
		"when", "covers", "from_covers", "to_covers", "link", "ports", "class", "fallback", "cite", "source", "inferred", "breaks"),
	kindAir:     schema("source", "target", "features", "peers"),
	kindPath:    schema("from", "to", "via", "avoid", "all"),
	kindRole:    schema("title", "versioned", "external", "ipmi", "brings", "implies", "cite"),
	kindFeature: schema("title", "on", "cite"),
	kindSetting: schema("title", "kind", "choices", "default", "on", "cite"),
}

var (
	interfaceSchema    = schema("zones", "devices", "hairpin", "default")
	ruleDefaultsSchema = schema("log", "deny_log", "profile")
	managementSchema   = schema("from")
)

func schema(attributes ...string) *hcl.BodySchema {
	s := &hcl.BodySchema{}
	for _, a := range attributes {
		s.Attributes = append(s.Attributes, hcl.AttributeSchema{Name: a})
	}
	return s
}

func withBlocks(s *hcl.BodySchema, blocks ...hcl.BlockHeaderSchema) *hcl.BodySchema {
	s.Blocks = blocks
	return s
}

// collect finds all blocks, so that references can be made in any order.
func (l *loader) collect() {
	for _, f := range l.files {
		if f.file == nil {
			continue
		}
		content, diags := f.file.Body.Content(topSchema)
		l.diags.addAll(diags)
		for _, b := range content.Blocks {
			l.collectBlock(b, f.embedded)
		}
		f.spans = spansOf(content.Blocks)
	}
}

func (l *loader) collectBlock(b *hcl.Block, embedded bool) {
	switch b.Type {
	case "locals":
		l.collectLocals(b)
	case "management":
		if l.management != nil {
			l.fail(sumDuplicate, fmt.Sprintf("There is a management block at %s already. Put all prefixes into one.", l.management.DefRange), b.DefRange)
			return
		}
		l.management = b
	default:
		for k, name := range kindNames {
			if name == b.Type {
				l.declare(kind(k), b, nil, embedded)
			}
		}
	}
}

func (l *loader) collectLocals(b *hcl.Block) {
	attrs, diags := b.Body.JustAttributes()
	l.diags.addAll(diags)
	for _, name := range sortedKeys(attrs) {
		a := attrs[name]
		if old := l.locals[name]; old != nil {
			l.fail(sumDuplicate, fmt.Sprintf("local.%s is declared at %s already. Remove one of them.", name, old.at), a.NameRange)
			continue
		}
		l.locals[name] = &localDecl{expr: l.native(a.Expr), at: a.NameRange}
	}
}

// declare enters a labelled block. A block of the policy with the name of one
// of the embedded catalogue takes its place.
func (l *loader) declare(k kind, b *hcl.Block, domain *decl, embedded bool) {
	d := &decl{kind: k, label: b.Labels[0], block: b, domain: domain, embedded: embedded}
	// Rows are never referred to and may be named for a release: "web-8.1".
	label := d.label
	if k == kindFlow {
		label = strings.ReplaceAll(label, ".", "-")
	}
	if !l.checkLabel(label, d.labelRange()) {
		return
	}
	var diags hcl.Diagnostics
	d.content, diags = b.Body.Content(schemas[k])
	l.diags.addAll(diags)
	if d.content == nil {
		return
	}
	if k == kindZone && d.label == Elsewhere.Name {
		l.fail(sumReserved, "zone.elsewhere is what is in no other zone; it can't be declared. Take another name.", d.labelRange())
		return
	}
	names := l.decls[k]
	if domain != nil && k == kindHosts {
		names = l.hosts[domain]
	}
	if domain == nil || k == kindHosts {
		old := names[d.label]
		if old != nil && !l.replaces(d, old) {
			return
		}
		names[d.label] = d
		if old != nil {
			l.order[k][old.position] = d
			d.position = old.position
			return
		}
	}
	d.position = len(l.order[k])
	l.order[k] = append(l.order[k], d)
	switch k {
	case kindDomain:
		l.collectDomain(d)
	case kindHosts:
		l.hostsByLabel[d.label] = append(l.hostsByLabel[d.label], d)
	}
}

// replaces reports whether d may take the place of old.
func (l *loader) replaces(d, old *decl) bool {
	if !old.embedded || d.embedded {
		l.fail(sumDuplicate, fmt.Sprintf("There is a %s %q at %s already. Give one of them another label.", d.kind, d.label, old.block.DefRange), d.labelRange())
		return false
	}
	l.warn(sumReplaced, fmt.Sprintf("This %s takes the place of %q in the embedded catalogue (%s).", d.kind, d.label, old.block.DefRange.Filename), d.labelRange())
	return true
}

func (l *loader) collectDomain(d *decl) {
	l.hosts[d] = map[string]*decl{}
	flows := map[string]hcl.Range{}
	for _, b := range d.content.Blocks {
		if b.Type == "hosts" {
			l.declare(kindHosts, b, d, false)
			continue
		}
		if old, ok := flows[b.Labels[0]]; ok {
			l.fail(sumDuplicate, fmt.Sprintf("The domain has a flow %q at %s already. Give one of them another label.", b.Labels[0], old), b.LabelRanges[0])
			continue
		}
		flows[b.Labels[0]] = b.LabelRanges[0]
		l.declare(kindFlow, b, d, false)
	}
}

// spansOf remembers where the blocks of a file are, in order.
func spansOf(blocks hcl.Blocks) []blockSpan {
	out := make([]blockSpan, 0, len(blocks))
	for _, b := range blocks {
		s := blockSpan{from: b.DefRange.Start.Byte, to: blockEnd(b), title: b.Type}
		if len(b.Labels) > 0 {
			s.title += fmt.Sprintf(" %q", clip(b.Labels[0]))
		}
		out = append(out, s)
	}
	slices.SortStableFunc(out, func(a, b blockSpan) int { return a.from - b.from })
	return out
}

// blockEnd is the offset after the closing brace of a block. A block in JSON
// has no range of its own, but what is missing from it is missed at its brace.
func blockEnd(b *hcl.Block) int {
	if body, native := b.Body.(*hclsyntax.Body); native {
		return body.SrcRange.End.Byte
	}
	return b.Body.MissingItemRange().End.Byte
}
