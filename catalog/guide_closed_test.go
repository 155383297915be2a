package catalog_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/nbfwc/nbfwc/catalog"
	"github.com/nbfwc/nbfwc/compile"
	"github.com/nbfwc/nbfwc/lang"
)

// closed is a line of guide_closed.tsv: a port that is shut between two kinds
// of hosts, always or unless a condition holds.
type closed struct {
	section, port, source, destination string
	from, to                           func(role string) bool
	unless                             expression // nil: always shut
	between                            bool       // speaks of two domains
	met                                int        // flows that the condition lets through
}

func (c *closed) String() string {
	return fmt.Sprintf("section %s, %s, %s to %s", c.section, c.port, c.source, c.destination)
}

const sourcePorts = "tcp SOURCE PORTS"

func closedLines(t *testing.T) []*closed {
	t.Helper()
	var out []*closed
	for _, cells := range table(t, "guide_closed.tsv", 7) {
		c := &closed{section: cells[0], port: cells[2] + " " + cells[1], source: cells[3], destination: cells[4], between: cells[0] == "3-1 AIR"}
		var err error
		if condition, ok := strings.CutPrefix(cells[5], "only if "); ok {
			c.unless, err = parseGuide(condition)
		} else if cells[5] != "never" {
			err = fmt.Errorf("rule %q", cells[5])
		}
		if err != nil {
			t.Errorf("%s: %v", c, err)
			continue
		}
		c.from, c.to = hosts(t, c.source, c.between), hosts(t, c.destination, c.between)
		out = append(out, c)
	}
	return out
}

// hosts reads "any", "any but A", "A or B" with the guide's words A and B.
func hosts(t *testing.T, words string, between bool) func(role string) bool {
	t.Helper()
	if words == "any" || between {
		return func(string) bool { return true }
	}
	list, but := strings.CutPrefix(words, "any but ")
	var roles []string
	for _, w := range strings.Split(list, " or ") {
		r, ok := rolesOf(w, "")
		if !ok || len(r) == 0 {
			t.Errorf("guide_closed.tsv: no role for %q", w)
		}
		roles = append(roles, r...)
	}
	return func(role string) bool { return slices.Contains(roles, role) != but }
}

// concerns reports whether the line is about the flow of a row on a port. guide
// has what the tables open.
func (c *closed) concerns(f *compile.Flow, port string, guide map[key]bool) bool {
	if c.between && f.Link == nil || !c.from(f.Row.From.Name) || !c.to(f.Row.To.Name) {
		return false
	}
	switch {
	case strings.HasSuffix(c.port, " others"):
		return !guide[key{f.Row.From.Name, f.Row.To.Name, port, f.Link != nil}]
	case strings.HasSuffix(c.port, " NETBACKUP"):
		return true
	case strings.HasSuffix(c.port, " SERVER_PORT_WINDOW"):
		return f.Row.Service.Name == "server_port_window"
	}
	return c.port == port
}

// opened are the ports that the guide opens, by roles.
func opened(t *testing.T) map[key]bool {
	t.Helper()
	out := map[key]bool{}
	for _, l := range guideLines(t) {
		if l.services() {
			continue
		}
		readings, err := l.readings()
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range readings {
			for _, k := range r.keys() {
				out[k] = true
			}
		}
	}
	return out
}

// crowd writes a domain with a host for each role, each of the versions, and
// each feature alone, all together and none, and each choice of a setting.
type crowd struct {
	c    *lang.Catalog
	b    strings.Builder
	only []string // roles; nil: all
	next int
}

func (w *crowd) domain(t *testing.T, name string, strict, uncertain bool, versions []string) {
	t.Helper()
	fmt.Fprintf(&w.b, "domain %q {\n  version = \"7.6\"\n  strict = %t\n  uncertain = %t\n", name, strict, uncertain)
	for _, role := range w.c.Roles {
		if role.Name == "webui_browser" || w.only != nil && !slices.Contains(w.only, role.Name) {
			continue // The web UI has nothing to say to 7.x.
		}
		for i, f := range w.hosts(t, role, versions) {
			w.next++
			w.b.WriteString(hostsBlock(w.c, fmt.Sprintf("%s_%d", role.Name, i), fmt.Sprintf("10.%d.%d.%d", 1+w.next%2, w.next/48, 1+w.next/2%24), role, f, nil))
		}
	}
	w.b.WriteString("}\n")
}

func (w *crowd) hosts(t *testing.T, role *lang.Role, versions []string) []*lang.Facts {
	t.Helper()
	a := newAsked()
	for _, s := range w.c.Settings {
		if s.Kind == "choice" || s.Kind == "version" {
			a.settings[0][s.Name] = true
		}
	}
	var sets [][]*lang.Feature
	var all []*lang.Feature
	for _, x := range w.c.Features {
		if slices.Contains(x.On, role) && x.Name != "nat" { // An error at 7.x.
			all = append(all, x)
			sets = append(sets, []*lang.Feature{x})
		}
	}
	sets = append(sets, nil)
	if len(all) > 1 {
		sets = append(sets, all)
	}
	var out []*lang.Facts
	for _, f := range a.facts(t, w.c, 0, role, &lang.Domain{}, versions) {
		for _, features := range sets {
			g := *f
			g.Features = features
			out = append(out, &g)
		}
	}
	return out
}

// TestClosedPorts compiles domains with every role, version and feature, and
// finds no flow that the guide says need not be open, nor one that it doesn't
// have at all.
func TestClosedPorts(t *testing.T) {
	w := &crowd{c: embedded(t)}
	w.b.WriteString(twoZones)
	few := []string{"7.0", "7.0.1.1", "7.5"}
	w.domain(t, "plain", false, false, sevens)
	w.domain(t, "strict", true, false, few)
	w.domain(t, "uncertain", false, true, few)
	w.b.WriteString("air \"x\" {\n  source = domain.plain\n  target = domain.strict\n}\n")
	g, lines := compiled(t, w.b.String()), closedLines(t)
	if fault := firstFault(t, w.c, g, lines); fault != "" {
		t.Error(fault)
	}
	for _, c := range lines {
		if c.unless != nil && c.met == 0 {
			t.Errorf("%s: no flow comes near: the check can't fail", c)
		}
	}
	t.Logf("%d groups, %d flows", w.next, len(g.Flows))
}

// firstFault is the first flow that a line shuts out or the tables don't have,
// "" if there is none.
func firstFault(t *testing.T, catalogue *lang.Catalog, g *compile.Graph, lines []*closed) string {
	t.Helper()
	guide := opened(t)
	for i := range g.Flows {
		f := &g.Flows[i]
		p := pair{f.From.Group.Facts, f.To.Group.Facts, f.Link != nil}
		for _, q := range f.Ports {
			port := portText(q)
			for _, c := range lines {
				if !c.concerns(f, port, guide) {
					continue
				}
				if c.unless == nil || !c.unless.holds(p) {
					return fmt.Sprintf("row %s opens %s, %s; shut by %s", f.Row.Name, port, p, c)
				}
				c.met++
			}
		}
		if k := (key{f.Row.From.Name, f.Row.To.Name, rowPort(t, catalogue, f.Row), f.Link != nil}); !guide[k] {
			return fmt.Sprintf("row %s opens %s, which the guide doesn't have", f.Row.Name, k)
		}
	}
	return ""
}

// TestClosedPortsNotices gives the catalogue rows that open too much: each time,
// the check must say by which line.
func TestClosedPortsNotices(t *testing.T) {
	for _, c := range []struct{ row, from, to, service, shut string }{
		{"media-client-nbazd", "media", "client", "nbazd", "section 2-1, tcp 13722"},
		{"master-vxss-nbatd", "master", "vxss", "nbatd", "section 2-1, tcp 13783"},
		{"media-vxss-at", "media", "vxss", "vrts_at", "section 2-1, tcp 2821"},
		{"master-vxss-auth", "master", "vxss", "vrts_auth", "section 2-1, tcp 4032"},
		{"master-media-vnetd-old", "master", "media", "vnetd", "section 2-2, tcp 13724"},
		{"media-client-vnetd-resilient", "media", "client", "vnetd", "section 2-3, tcp 13724"},
		{"client-media-pbx", "client", "media", "pbx", "section 2-4 prose, tcp 1556"},
		{"client-msdp-spad", "client", "msdp", "spad", "section 2-4 prose, tcp 10102"},
		{"media-msdp-spoold", "media", "msdp", "spoold", "section 3-1, tcp 10082"},
		{"media-client-bpcd", "media", "client", "bpcd", "section 2-2, 2-3, tcp 13782"},
		{"client-master-bprd", "client", "master", "bprd", "section 2-5, tcp 13720"},
		{"java-console-media", "java_console", "media", "pbx", "section 2-8, tcp others"},
		{"backup-host-vcenter-902", "vmware_backup_host", "vcenter", "esx", "section VMware, tcp others"},
		{"backup-host-esx", "vmware_backup_host", "esx", "esx", "section VMware, tcp 902"},
		{"browser-opscenter-2-http", "web_browser", "opscenter_server", "opscenter_http_2", "section 3-2, tcp 8181"},
		{"agent-metabase-server-web", "puredisk_agent", "puredisk_metabase_server", "puredisk_web", "section 3-5, tcp 443"},
		{"metabase-server-spa", "puredisk_metabase_server", "puredisk_spa", "puredisk_metabase", "section 3-6, tcp 10085"},
		{"client-filer-ndmp", "client", "ndmp_filer", "ndmp", "the guide doesn't have"},
	} {
		t.Run(c.row, func(t *testing.T) {
			w := &crowd{c: embedded(t), only: []string{c.from, c.to, "cssc_consumer"}}
			w.b.WriteString(twoZones)
			w.domain(t, "plain", true, false, []string{"7.0", "7.5"})
			fmt.Fprintf(&w.b, "flow %q {\n  from = role.%s\n  to = role.%s\n  service = service.%s\n  covers = \"7.0 - 7.7\"\n  cite = [\"nowhere\"]\n  breaks = \"Nothing.\"\n}\n",
				c.row, c.from, c.to, c.service)
			if fault := firstFault(t, w.c, compiled(t, w.b.String()), closedLines(t)); !strings.Contains(fault, c.shut) {
				t.Errorf("have %q, want it shut by %s", fault, c.shut)
			}
		})
	}
}

// TestSimpleMSDPNeedsNoExtraPorts compiles domains in which each client hands
// its image to one media server, in every version, with every feature that
// leaves it simple: no port of table 3-1 is open.
func TestSimpleMSDPNeedsNoExtraPorts(t *testing.T) {
	c := embedded(t)
	for _, v := range sevens {
		version, err := lang.ParseVersion(v)
		if err != nil {
			t.Fatal(err)
		}
		var b strings.Builder
		b.WriteString(twoZones + "domain \"d\" {\n  version = \"7.6\"\n")
		for i, w := range sevens {
			other, _ := lang.ParseVersion(w)
			features := []*lang.Feature{}
			for _, name := range []string{"connect_options", "app_backup", "resilient", "grt"} {
				features = append(features, named(t, c.Features, name, func(f *lang.Feature) string { return f.Name }))
			}
			b.WriteString(hostsBlock(c, fmt.Sprintf("client_%d", i), fmt.Sprintf("10.1.%d.", i), roleNamed(t, c, "client"), &lang.Facts{Version: other, Features: features}, nil))
		}
		b.WriteString(hostsBlock(c, "master", "10.2.0.", roleNamed(t, c, "master"), &lang.Facts{Version: version}, nil))
		b.WriteString(hostsBlock(c, "msdp1", "10.2.1.", roleNamed(t, c, "media"), &lang.Facts{Version: version, Roles: []*lang.Role{roleNamed(t, c, "msdp")}}, nil))
		b.WriteString(hostsBlock(c, "msdp2", "10.1.100.", roleNamed(t, c, "media"), &lang.Facts{Version: version, Roles: []*lang.Role{roleNamed(t, c, "msdp")}}, nil))
		b.WriteString("}\n")
		g := compiled(t, b.String())
		for i := range g.Flows {
			for _, p := range g.Flows[i].Ports {
				if slices.Contains([]string{"tcp 10082", "tcp 10102", "tcp 443"}, portText(p)) {
					t.Errorf("servers of %s: row %s opens %s", v, g.Flows[i].Row.Name, portText(p))
				}
			}
		}
		if len(g.Flows) < 50 {
			t.Errorf("servers of %s: only %d flows", v, len(g.Flows))
		}
	}
}

// TestSourcePortsAreNeverFixed holds the guide's sentence on source ports: rules
// match any, or the non-reserved ones if the domain asks for it, and a policy
// that fixes one is refused.
func TestSourcePortsAreNeverFixed(t *testing.T) {
	if !slices.ContainsFunc(closedLines(t), func(c *closed) bool { return c.port == sourcePorts && c.unless == nil }) {
		t.Errorf("guide_closed.tsv has no line %q", sourcePorts)
	}
	const policy = twoZones + `domain "d" {
  version = "7.0"
  source_ports = "%s"
  hosts "master" {
    addresses = ["10.1.0.1"]
    roles     = [role.master, role.media]
  }
  hosts "client" {
    addresses = ["10.2.0.1"]
    roles     = [role.client]
  }
}
`
	for asked, from := range map[string]uint16{"any": 0, "nonreserved": 1024} {
		g, n := compiled(t, fmt.Sprintf(policy, asked)), 0
		for _, stage := range g.RuleSet(g.Firewalls[0]).Stages {
			for _, rule := range stage.Rules {
				for _, box := range rule.Service.Boxes() {
					if box.ProtoFrom != 6 || box.ProtoTo != 6 {
						continue
					}
					n++
					if box.Src.From != from || box.Src.To != 65535 {
						t.Errorf("source_ports %q: rule %s matches source ports %s", asked, rule.Name, box.Src)
					}
				}
			}
		}
		if n == 0 {
			t.Errorf("source_ports %q: no rule for TCP", asked)
		}
	}
	for _, fixed := range []string{"1023", "4711", "1024-5000"} {
		text := fmt.Sprintf(policy, "any") + fmt.Sprintf("service \"s\" { tcp = [1] }\nflow \"f\" {\n  from = zone.a\n  to = zone.b\n  service = service.s\n  sources = %q\n}\n", fixed)
		if p, _, diags := lang.Load(fstest.MapFS{"p.hcl": {Data: []byte(text)}}, "p.hcl", lang.Options{Catalog: catalog.FS}); p != nil || !diags.HasErrors() {
			t.Errorf("a flow from source ports %s is accepted", fixed)
		}
	}
}
