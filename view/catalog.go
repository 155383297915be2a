package view

import (
	"cmp"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"

	"github.com/nbfwc/nbfwc/lang"
)

// CatalogDocument answers "catalog -json".
type CatalogDocument struct {
	Document
	Roles    []CatalogRole    `json:"roles"`
	Features []CatalogFeature `json:"features"`
	Settings []CatalogSetting `json:"settings"`
	Services []CatalogService `json:"services"`
	Flows    []CatalogRow     `json:"flows"`
}

// CatalogRole is a role.
type CatalogRole struct {
	Name      string   `json:"name"`
	Title     string   `json:"title"`
	Brings    []string `json:"brings,omitempty"`
	Versioned bool     `json:"versioned"`
	External  bool     `json:"external"`
	Cite      []string `json:"cite,omitempty"`
}

// CatalogFeature is a feature.
type CatalogFeature struct {
	Name  string   `json:"name"`
	Title string   `json:"title"`
	On    []string `json:"on,omitempty"` // roles that can have it; none: any
	Cite  []string `json:"cite,omitempty"`
}

// CatalogSetting is a setting of hosts.
type CatalogSetting struct {
	Name    string   `json:"name"`
	Title   string   `json:"title"`
	Kind    string   `json:"kind"`
	Choices []string `json:"choices,omitempty"`
	Default string   `json:"default,omitempty"`
	On      []string `json:"on,omitempty"`
	Cite    []string `json:"cite,omitempty"`
}

// CatalogService is a service.
type CatalogService struct {
	Name      string   `json:"name"`
	Title     string   `json:"title"`
	Ports     []Port   `json:"ports"`
	NetBackup bool     `json:"netbackup"`
	Reserved  bool     `json:"reserved"`
	Cite      []string `json:"cite,omitempty"`
}

// CatalogRow is a flow of the catalogue.
type CatalogRow struct {
	Name       string   `json:"name"`
	From       string   `json:"from"`
	To         string   `json:"to"`
	Service    string   `json:"service"`
	Ports      []Port   `json:"ports"`
	PortsFrom  string   `json:"ports_from,omitempty"` // the expression that replaces the ports
	Link       string   `json:"link,omitempty"`
	FromCovers string   `json:"from_covers"`
	ToCovers   string   `json:"to_covers"`
	Condition  string   `json:"condition,omitempty"`
	Fallback   []string `json:"fallback,omitempty"`
	Cite       []string `json:"cite,omitempty"`
	Source     string   `json:"source,omitempty"`
	Inferred   string   `json:"inferred,omitempty"`
	Breaks     string   `json:"breaks,omitempty"`
	User       bool     `json:"user"`
}

// CatalogFilter selects from a catalogue. The zero filter selects all.
type CatalogFilter struct {
	Role    string       // rows with the role at an end, and the role itself
	Version lang.Version // rows that speak of the version at an end
}

// rows are the rows of c that the filter selects, in order.
func (f CatalogFilter) rows(c *lang.Catalog) []*lang.Row {
	return slices.DeleteFunc(slices.Clone(c.Rows), func(r *lang.Row) bool {
		if f.Role != "" && r.From.Name != f.Role && r.To.Name != f.Role {
			return true
		}
		covers := func(role *lang.Role, v lang.VersionRange) bool { return role.Versioned && v.Contains(f.Version) }
		return !f.Version.IsZero() && !covers(r.From, r.FromCovers) && !covers(r.To, r.ToCovers)
	})
}

// Catalog makes the document of what f selects. With a filter, only the roles
// and services of the selected rows are listed.
func Catalog(c *lang.Catalog, f CatalogFilter) CatalogDocument {
	doc := CatalogDocument{Document: document("catalog"), Roles: []CatalogRole{}, Features: []CatalogFeature{},
		Settings: []CatalogSetting{}, Services: []CatalogService{}, Flows: []CatalogRow{}}
	rows := f.rows(c)
	roles, services := map[*lang.Role]bool{}, map[*lang.Service]bool{}
	for _, r := range rows {
		roles[r.From], roles[r.To], services[r.Service] = true, true, true
		doc.Flows = append(doc.Flows, catalogRow(r))
	}
	all := f == CatalogFilter{}
	shared := func(on []*lang.Role) bool {
		return all || slices.ContainsFunc(on, func(r *lang.Role) bool { return r.Name == f.Role || f.Role == "" && roles[r] })
	}
	for _, r := range c.Roles {
		if all || roles[r] {
			doc.Roles = append(doc.Roles, CatalogRole{r.Name, r.Title, namesOf(r.Brings, roleName), r.Versioned, r.External, r.Cite})
		}
	}
	for _, x := range c.Features {
		if shared(x.On) {
			doc.Features = append(doc.Features, CatalogFeature{x.Name, x.Title, namesOf(x.On, roleName), x.Cite})
		}
	}
	for _, s := range c.Settings {
		if shared(s.On) {
			doc.Settings = append(doc.Settings, CatalogSetting{s.Name, s.Title, s.Kind, s.Choices, settingText(s.Default), namesOf(s.On, roleName), s.Cite})
		}
	}
	for _, s := range c.Services {
		if all || services[s] {
			doc.Services = append(doc.Services, CatalogService{s.Name, s.Title, servicePorts(s), s.NetBackup, s.Reserved, s.Cite})
		}
	}
	return doc
}

func catalogRow(r *lang.Row) CatalogRow {
	v := CatalogRow{
		Name: r.Name, From: r.From.Name, To: r.To.Name, Service: r.Service.Name, Ports: servicePorts(r.Service),
		Link: r.Link, FromCovers: covers(r.From, r.FromCovers), ToCovers: covers(r.To, r.ToCovers),
		Condition: r.When.String(), PortsFrom: r.Ports.String(),
		Fallback: namesOf(r.Fallback, func(s *lang.Service) string { return s.Name }),
		Cite:     r.Cite, Source: r.Source, Inferred: r.Inferred, Breaks: r.Breaks, User: r.User,
	}
	return v
}

// covers spells the versions of a role for which a row speaks.
func covers(role *lang.Role, v lang.VersionRange) string {
	if !role.Versioned {
		return "any"
	}
	return v.String()
}

func roleName(r *lang.Role) string { return r.Name }

func namesOf[T any](items []*T, name func(*T) string) []string {
	var out []string
	for _, it := range items {
		out = append(out, name(it))
	}
	return out
}

func settingText(v any) string {
	switch v := v.(type) {
	case nil:
		return ""
	case []lang.PortRange:
		return portRanges(v)
	}
	return fmt.Sprint(v)
}

func servicePorts(s *lang.Service) []Port {
	ports := []Port{}
	for _, p := range s.TCP {
		ports = append(ports, Port{Protocol: "tcp", From: int(p.From), To: int(p.To)})
	}
	for _, p := range s.UDP {
		ports = append(ports, Port{Protocol: "udp", From: int(p.From), To: int(p.To)})
	}
	for _, t := range s.ICMP {
		p := Port{Protocol: "icmp", From: int(t.Type), To: int(t.Type)}
		if t.IPv6 {
			p.Protocol = "icmpv6"
		}
		if t.Code >= 0 {
			code := int(t.Code)
			p.Code = &code
		}
		ports = append(ports, p)
	}
	return ports
}

func portRanges(ranges []lang.PortRange) string {
	parts := make([]string, len(ranges))
	for i, p := range ranges {
		parts[i] = strconv.Itoa(int(p.From))
		if p.From != p.To {
			parts[i] += "-" + strconv.Itoa(int(p.To))
		}
	}
	return strings.Join(parts, " ")
}

// servicePortsText spells the ports of a service: "tcp 1556".
func servicePortsText(s *lang.Service) string {
	var parts []string
	if len(s.TCP) > 0 {
		parts = append(parts, "tcp "+portRanges(s.TCP))
	}
	if len(s.UDP) > 0 {
		parts = append(parts, "udp "+portRanges(s.UDP))
	}
	for _, t := range s.ICMP {
		parts = append(parts, "icmp "+strconv.Itoa(int(t.Type)))
	}
	return strings.Join(parts, ", ")
}

// WriteCatalog writes what f selects for people.
func WriteCatalog(w io.Writer, c *lang.Catalog, f CatalogFilter, width int) error {
	rows := f.rows(c)
	doc := Catalog(c, f)
	flows := Table{Heading: []string{"FROM", "TO", "PORTS", "CONDITION", "SOURCE"}}
	for _, r := range rows {
		ports := servicePortsText(r.Service)
		if r.Ports != nil {
			ports = cmp.Or(r.Ports.String(), ports)
		}
		flows.Add(r.From.Name, r.To.Name, ports, cmp.Or(r.When.String(), "always"), strings.Join(r.Cite, ", "))
	}
	roles := Table{Heading: []string{"ROLE", "TITLE"}}
	for _, r := range doc.Roles {
		roles.Add(r.Name, r.Title)
	}
	features := Table{Heading: []string{"FEATURE", "ON", "TITLE"}}
	for _, x := range doc.Features {
		features.Add(x.Name, cmp.Or(strings.Join(x.On, ", "), "any role"), x.Title)
	}
	settings := Table{Heading: []string{"SETTING", "KIND", "DEFAULT", "TITLE"}}
	for _, s := range doc.Settings {
		kind := s.Kind
		if len(s.Choices) > 0 {
			kind = strings.Join(s.Choices, " | ")
		}
		settings.Add(s.Name, kind, cmp.Or(s.Default, "none"), s.Title)
	}
	services := Table{Heading: []string{"SERVICE", "PORTS", "TITLE"}}
	for _, s := range c.Services {
		if slices.ContainsFunc(doc.Services, func(v CatalogService) bool { return v.Name == s.Name }) {
			title := s.Title
			if s.Reserved {
				title += " (must not be opened)"
			}
			services.Add(s.Name, servicePortsText(s), title)
		}
	}
	for i, t := range []*Table{&roles, &features, &settings, &services, &flows} {
		if len(t.Rows) == 0 {
			continue
		}
		if i > 0 {
			if _, err := io.WriteString(w, "\n"); err != nil {
				return err
			}
		}
		if err := t.Text(w, width); err != nil {
			return err
		}
	}
	return nil
}
