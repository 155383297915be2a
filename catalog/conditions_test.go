package catalog_test

import (
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/hashicorp/hcl/v2"
	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/function"
)

// host is one end of a flow as a test tells it. Settings are text.
type host struct {
	version  string
	features string // separated by blanks
	roles    string // beside the row's own
	settings map[string]string
}

// story is one question to the catalogue: which ports does a host of one role
// need to a host of another?
type story struct {
	name              string
	from, to          string
	source, target    host
	link              string
	strict, uncertain bool
	want              string // in the catalogue's order; "?" for nothing known
}

// older is the order of versions, written anew and on purpose plainly.
func older(v, than string) bool {
	a, b := strings.Split(v, "."), strings.Split(than, ".")
	for i := range max(len(a), len(b)) {
		x, y := 0, 0
		if i < len(a) {
			x, _ = strconv.Atoi(a[i])
		}
		if i < len(b) {
			y, _ = strconv.Atoi(b[i])
		}
		if x != y {
			return x < y
		}
	}
	return false
}

// within reports whether a version is in "7.0 - 7.7"; the upper bound includes
// what begins with it.
func within(v, covers string) bool {
	low, high, ok := strings.Cut(covers, " - ")
	if !ok {
		high = low
	}
	return !older(v, low) && (!older(high, v) || v == high || strings.HasPrefix(v, high+"."))
}

func end(h host, role string, settings []*block, t *testing.T) cty.Value {
	set := map[string]cty.Value{}
	for _, s := range settings {
		text, ok := h.settings[s.label]
		if def := s.value(t, "default"); !ok && def != cty.NilVal {
			if def.Type() == cty.Number {
				text = def.AsBigFloat().String()
			} else {
				text = def.AsString()
			}
		}
		set[s.label] = cty.StringVal(text)
	}
	return cty.ObjectVal(map[string]cty.Value{
		"version":  cty.StringVal(h.version),
		"features": cty.StringVal(" " + h.features + " "),
		"roles":    cty.StringVal(" " + role + " " + h.roles + " "),
		"setting":  cty.ObjectVal(set),
	})
}

func claim(ends bool, holds func(a, b string) bool, attr string) function.Function {
	first := function.Parameter{Type: cty.String}
	if ends {
		first.Type = cty.DynamicPseudoType
	}
	return function.New(&function.Spec{
		Params: []function.Parameter{first, {Type: cty.String}},
		Type:   function.StaticReturnType(cty.Bool),
		Impl: func(args []cty.Value, _ cty.Type) (cty.Value, error) {
			a := args[0]
			if ends {
				a = a.GetAttr(attr)
			}
			return cty.BoolVal(holds(a.AsString(), args[1].AsString())), nil
		},
	})
}

func listed(list, name string) bool { return strings.Contains(list, " "+name+" ") }

func (s *story) context(t *testing.T, l *library) *hcl.EvalContext {
	names := func(kind string) cty.Value {
		m := map[string]cty.Value{}
		for _, b := range l.all(kind) {
			m[b.label] = cty.StringVal(b.label)
		}
		return cty.ObjectVal(m)
	}
	settings := l.all("setting")
	return &hcl.EvalContext{
		Variables: map[string]cty.Value{
			"from": end(s.source, s.from, settings, t),
			"to":   end(s.target, s.to, settings, t),
			"role": names("role"), "feature": names("feature"),
			"domain": cty.ObjectVal(map[string]cty.Value{"strict": cty.BoolVal(s.strict), "uncertain": cty.BoolVal(s.uncertain)}),
		},
		Functions: map[string]function.Function{
			"older":   claim(false, func(v, w string) bool { return v != "" && older(v, w) }, ""),
			"atleast": claim(false, func(v, w string) bool { return v != "" && !older(v, w) }, ""),
			"has":     claim(true, listed, "features"),
			"plays":   claim(true, listed, "roles"),
		},
	}
}

// answer asks the catalogue: the ports of the rows that hold, or "?" and the
// row for which nothing is known.
func (s *story) answer(t *testing.T, l *library) string {
	ctx := s.context(t, l)
	counts := func(role string) bool { return l.by["role."+role].attrs["versioned"] != nil }
	covers := func(row *block) bool {
		from, to := row.text(t, "from_covers"), row.text(t, "to_covers")
		if c := row.text(t, "covers"); c != "" {
			from, to = c, c
		}
		return (!counts(s.from) || within(s.source.version, from)) && (!counts(s.to) || within(s.target.version, to))
	}
	var out []string
	answered, open := map[string]bool{}, map[string]string{}
	for _, row := range l.all("flow") {
		if row.name("from") != s.from || row.name("to") != s.to || row.text(t, "link") != s.link {
			continue
		}
		holds := cty.True
		if e := row.attrs["when"]; e != nil {
			v, diags := e.Value(ctx)
			if diags.HasErrors() {
				t.Fatalf("%s: %v", row, diags)
			}
			holds = v
		}
		service := row.name("service")
		switch {
		case covers(row):
			answered[service] = true
			if holds.True() {
				out = append(out, s.ports(t, l, row, ctx)...)
			}
		case holds.True():
			open[service] = row.label
		}
	}
	for service, row := range open {
		if !answered[service] {
			return "? " + row
		}
	}
	var unique []string
	for _, p := range out {
		if !slices.Contains(unique, p) {
			unique = append(unique, p)
		}
	}
	return strings.Join(unique, ", ")
}

func (s *story) ports(t *testing.T, l *library, row *block, ctx *hcl.EvalContext) []string {
	ports := portsOf(t, l.by["service."+row.name("service")])
	e := row.attrs["ports"]
	if e == nil {
		return ports
	}
	v, diags := e.Value(ctx)
	if diags.HasErrors() {
		t.Fatalf("%s: %v", row, diags)
	}
	proto, _, _ := strings.Cut(ports[0], " ")
	if v.AsString() == "" {
		return []string{proto + " unstated"}
	}
	return []string{proto + " " + v.AsString()}
}

func at(version string) host { return host{version: version} }

func with(version string, features string) host { return host{version: version, features: features} }

func set(pairs ...string) host {
	h := host{version: "7.6", settings: map[string]string{}}
	for i := 0; i < len(pairs); i += 2 {
		h.settings[pairs[i]] = pairs[i+1]
	}
	return h
}

// TestStories asks for what the guide's notes and sentences say, above all where
// a note speaks of one end only.
func TestStories(t *testing.T) {
	l := load(t)
	const pbx, both = "tcp 1556", "tcp 1556, tcp 13724"
	new7, old := at("7.6"), at("7.0")
	for _, s := range []story{
		{name: "the master needs vnetd to old media servers only", from: "master", to: "media", source: old, target: new7, want: pbx},
		{name: "an old media server", from: "master", to: "media", source: new7, target: old, want: both},
		{name: "7.0.1 is not before 7.0.1", from: "master", to: "media", source: new7, target: at("7.0.1"), want: pbx},
		{name: "7.0.0.1 is", from: "master", to: "media", source: new7, target: at("7.0.0.1"), want: both},
		{name: "an old media server as source", from: "media", to: "master", source: old, target: new7, want: both},
		{name: "an old master is no old media server", from: "media", to: "master", source: new7, target: old, want: pbx},
		{name: "media servers, the source is old", from: "media", to: "media", source: old, target: new7, want: both},
		{name: "media servers, the destination is old", from: "media", to: "media", source: new7, target: old, want: both},
		{name: "media servers, both new", from: "media", to: "media", source: new7, target: new7, want: pbx},
		{name: "the master and an old client", from: "master", to: "client", source: new7, target: old, want: both},
		{name: "the master and a resilient client: no vnetd, its note names none", from: "master", to: "client", source: new7, target: with("7.6", "resilient"), want: pbx},
		{name: "a media server and a resilient client", from: "media", to: "client", source: new7, target: with("7.5", "resilient"), want: both},
		{name: "resilient before 7.5 is nothing", from: "media", to: "client", source: new7, target: with("7.1", "resilient"), want: pbx},
		{name: "an old media server doesn't make a client old", from: "media", to: "client", source: old, target: new7, want: pbx},
		{name: "a resilient client to its master: note *, not **", from: "client", to: "master", source: with("7.6", "resilient"), target: new7, want: pbx},
		{name: "an old client to its master", from: "client", to: "master", source: old, target: new7, want: both},
		{name: "a resilient client to a media server", from: "client", to: "media", source: with("7.6", "resilient"), target: new7, want: both},
		{name: "an old client to a media server", from: "client", to: "media", source: old, target: new7, want: both},
		{name: "strict closes client to media", from: "client", to: "media", source: new7, target: new7, strict: true, want: ""},
		{name: "strict with application backups", from: "client", to: "media", source: with("7.6", "app_backup"), target: new7, strict: true, want: pbx},
		{name: "strict with connect options, old", from: "client", to: "media", source: with("7.0", "connect_options"), target: new7, strict: true, want: both},
		{name: "strict leaves what a resilient client needs", from: "client", to: "media", source: with("7.6", "resilient"), target: new7, strict: true, want: "tcp 13724"},
		{name: "VxSS up to 7.0.1", from: "master", to: "vxss", source: at("7.0.1"), want: "tcp 2821, tcp 4032"},
		{name: "no VxSS from 7.1 on", from: "master", to: "vxss", source: at("7.1"), want: ""},
		{name: "clients don't authorize", from: "client", to: "vxss", source: old, want: "tcp 2821"},
		{name: "consoles neither", from: "win_console", to: "vxss", source: old, want: "tcp 2821"},
		{name: "consoles need vnetd in all versions", from: "win_console", to: "media", source: new7, target: new7, want: both},
		{name: "the Java server too", from: "java_server", to: "media", source: new7, target: new7, want: both},
		{name: "the Java Console too", from: "java_console", to: "java_server", source: new7, target: new7, want: both},
		{name: "but not to media servers", from: "java_console", to: "media", source: new7, target: new7, want: ""},
		{name: "NetWare", from: "master", to: "netware", source: new7, want: "tcp 13724, tcp 13782"},
		{name: "NetWare calls bprd", from: "netware", to: "master", target: new7, want: "tcp 13720, tcp 13724"},
		{name: "local NDMP needs no window", from: "ndmp_filer", to: "media", target: new7, want: ""},
		{name: "remote NDMP without the window", from: "ndmp_filer", to: "media", source: with("", "remote_ndmp"), target: new7, want: "tcp unstated"},
		{name: "remote NDMP with the window", from: "ndmp_filer", to: "media", target: host{version: "7.6", features: "remote_ndmp", settings: map[string]string{"server_port_window": "5000-5100"}}, want: "tcp 5000-5100"},
		{name: "DataDomain", from: "media", to: "data_domain", source: new7, want: "tcp 2049, tcp 111, udp 111, tcp 2052"},
		{name: "DataDomain with optimized duplication", from: "media", to: "data_domain", source: new7, target: with("", "optimized_duplication"), want: "tcp 2049, tcp 111, udp 111, tcp 2052, tcp 2051"},
		{name: "GRT goes from client to media", from: "client", to: "media", source: with("7.6", "grt"), target: new7, want: "tcp 1556, tcp 111, tcp 7394"},
		{name: "simple MSDP", from: "media", to: "msdp", source: new7, target: new7, want: ""},
		{name: "simple MSDP, client", from: "client", to: "msdp", source: new7, target: new7, want: ""},
		{name: "client-side deduplication", from: "client", to: "msdp", source: with("7.6", "client_dedup"), target: new7, want: "tcp 10102, tcp 10082"},
		{name: "PureDisk has no 10102", from: "client", to: "puredisk_spa", source: with("7.6", "client_dedup"), want: "tcp 443"},
		{name: "PDDO", from: "media", to: "puredisk_content_router", source: with("7.6", "pddo"), want: "tcp 10082"},
		{name: "AIR, MSDP", from: "msdp", to: "msdp", source: new7, target: new7, link: "air", want: "tcp 1556, tcp 10082, tcp 10102"},
		{name: "AIR, PDDO", from: "media", to: "puredisk_spa", source: with("7.6", "pddo"), link: "air", want: "tcp 443"},
		{name: "OpsCenter's mail server on another port", from: "opscenter_server", to: "mail_server", source: set("smtp_port", "2525"), want: "tcp 2525"},
		{name: "traps are udp", from: "opscenter_server", to: "snmp_server", source: new7, want: "udp 162"},
		{name: "PBX of OpsCenter and master", from: "master", to: "opscenter_server", source: new7, target: set("opscenter_pbx_port", "1600"), want: "tcp 1600"},
		{name: "PBX of OpsCenter Clients stays", from: "opscenter_client", to: "opscenter_server", source: new7, target: set("opscenter_pbx_port", "1600"), want: pbx},
		{name: "one pair of web ports", from: "web_browser", to: "opscenter_server", target: new7, want: "tcp 80, tcp 443"},
		{name: "another pair", from: "web_browser", to: "opscenter_server", target: set("opscenter_web", "8282/8553"), want: "tcp 8282, tcp 8553"},
		{name: "no AT without NBAC", from: "opscenter_server", to: "opscenter_at", source: new7, want: ""},
		{name: "AT with NBAC", from: "opscenter_server", to: "opscenter_at", source: with("7.6", "nbac"), want: "tcp 2821"},
		{name: "firmware 2.13 is not above 2.13", from: "web_browser", to: "appliance_ipmi", target: set("appliance_firmware", "2.13"), want: "tcp 80"},
		{name: "firmware 2.13.1 is", from: "web_browser", to: "appliance_ipmi", target: set("appliance_firmware", "2.13.1"), want: "tcp 80, tcp 443"},
		{name: "firmware 2.9 is older than 2.13", from: "web_browser", to: "appliance_ipmi", target: set("appliance_firmware", "2.9"), want: "tcp 80"},
		{name: "ISM of a 5020", from: "ism_console", to: "appliance_ipmi", target: set("appliance_model", "5020"), want: "tcp 5900"},
		{name: "with the optional port", from: "ism_console", to: "appliance_ipmi", target: set("appliance_model", "5200", "ipmi_623", "both"), want: "tcp 5900, tcp 623, udp 623"},
		{name: "a 5220 has no ISM", from: "ism_console", to: "appliance_ipmi", target: set("appliance_model", "5220", "ipmi_623", "both"), want: ""},
		{name: "RM, clear", from: "rm_console", to: "appliance_ipmi", target: set("appliance_model", "5220", "rmm_mode", "clear"), want: "tcp 7578, tcp 5120, tcp 5123"},
		{name: "RM, encrypted", from: "rm_console", to: "appliance_ipmi", target: set("appliance_model", "5330", "rmm_mode", "encrypted"), want: "tcp 7582, tcp 5124, tcp 5127"},
		{name: "a 5200 has no RM", from: "rm_console", to: "appliance_ipmi", target: set("appliance_model", "5200", "rmm_mode", "both"), want: ""},
		{name: "the appliance's traps", from: "appliance", to: "snmp_server", source: set("snmp_port", "1162"), want: "udp 1162"},
		{name: "the garbled line", from: "puredisk_agent", to: "puredisk_metabase_server", want: ""},
		{name: "the garbled line, asked for", from: "puredisk_agent", to: "puredisk_metabase_server", uncertain: true, want: "tcp 443"},
		{name: "PureDisk installed with names", from: "puredisk_agent", to: "dns_server", source: set("puredisk_naming", "names"), want: "udp 53, tcp 53"},
		{name: "PureDisk installed with addresses", from: "puredisk_agent", to: "dns_server", source: set("puredisk_naming", "addresses"), want: ""},
		{name: "nodes to the storage pool authority", from: "puredisk_node", to: "puredisk_spa", want: "tcp 123, udp 123, tcp 443, udp 10087"},
		{name: "PureDisk through NetBackup", from: "puredisk_node", to: "media", source: with("", "puredisk_dr"), target: new7, want: pbx},
		{name: "and back, old", from: "media", to: "puredisk_node", source: old, target: with("", "puredisk_dr"), want: both},
		{name: "SAN transport", from: "vmware_backup_host", to: "esx", source: with("7.6", "vmware_san"), want: ""},
		{name: "NBD transport", from: "vmware_backup_host", to: "esx", source: with("7.6", "vmware_nbd"), want: "tcp 902"},
		{name: "Restore ESX", from: "vmware_backup_host", to: "restore_esx", source: with("7.6", "vmware_san"), want: "tcp 902"},
		{name: "nbcssc", from: "cssc_consumer", to: "media", target: with("7.6", "cloud_storage"), want: "tcp 5637"},

		{name: "10.1, media to client", from: "media", to: "client", source: at("10.1"), target: at("9.1"), want: pbx},
		{name: "8.1 servers don't call clients without reason", from: "master", to: "client", source: at("8.1"), target: at("8.1"), want: ""},
		{name: "discovery is a reason", from: "master", to: "client", source: at("8.1"), target: with("7.7", "discovery"), want: pbx},
		{name: "8.1 clients need the master", from: "client", to: "master", source: at("8.1"), target: at("8.2"), want: pbx},
		{name: "8.0 clients don't", from: "client", to: "master", source: at("8.0"), target: at("8.2"), want: ""},
		{name: "nor behind a tunnel", from: "client", to: "master", source: with("8.1", "http_tunnel"), target: at("8.2"), want: ""},
		{name: "the tunnel", from: "client", to: "media", source: with("8.1", "http_tunnel"), target: with("8.2", "http_tunnel"), want: pbx},
		{name: "an old client and a new master", from: "master", to: "client", source: at("8.1"), target: old, want: "?"},
		{name: "an old media server and a new master", from: "media", to: "master", source: old, target: at("8.1"), want: "?"},
		{name: "GRT of 8.1 isn't known", from: "client", to: "media", source: with("8.1", "grt"), target: at("8.1"), want: "?"},
		{name: "resilient clients of 8.1 aren't known", from: "media", to: "client", source: at("8.1"), target: with("8.1", "resilient"), want: "?"},
		{name: "MSDP of 8.1 without extras needs nothing", from: "client", to: "msdp", source: at("8.1"), target: at("8.1"), want: ""},
		{name: "client-side deduplication of 8.1 isn't known", from: "client", to: "msdp", source: with("8.1", "client_dedup"), target: at("8.1"), want: "?"},
		{name: "that of 10.1.1 is", from: "client", to: "msdp", source: with("10.1.1", "client_dedup"), target: at("10.1.1"), want: "tcp 10102, tcp 10082"},
		{name: "an EMM on its 8.1 master", from: "media", to: "emm", source: at("8.1"), target: host{version: "8.1", roles: "master"}, want: ""},
		{name: "an EMM of its own at 8.1", from: "media", to: "emm", source: at("8.1"), target: at("8.1"), want: "?"},
		{name: "a Java server on its 8.1 master", from: "java_server", to: "media", source: host{version: "8.1", roles: "master"}, target: at("8.1"), want: ""},
		{name: "media to media at 11.1", from: "media", to: "media", source: at("11.1"), target: at("11.1"), want: "?"},
		{name: "nbcssc of 8.1", from: "cssc_consumer", to: "media", target: host{version: "8.1", features: "cloud_storage", settings: map[string]string{"cssc_port": "9999"}}, want: "tcp 5637"},
		{name: "the web UI", from: "webui_browser", to: "master", target: at("9.1"), want: "tcp 443"},
		{name: "no web UI at 7.6", from: "webui_browser", to: "master", target: new7, want: "?"},
		{name: "a browser has no business with a 7.6 master", from: "web_browser", to: "master", target: new7, want: ""},
	} {
		t.Run(s.name, func(t *testing.T) {
			got := s.answer(t, l)
			if s.want == "?" && strings.HasPrefix(got, "?") {
				got = "?"
			}
			if got != s.want {
				t.Errorf("%s to %s: have %q, want %q", s.from, s.to, got, s.want)
			}
			if byLang := s.loaded(t, l); byLang != got {
				t.Errorf("%s to %s: package lang says %q, the test's own evaluator %q", s.from, s.to, byLang, got)
			}
		})
	}
}

// TestMixedVersionsAreAnsweredOnce goes through all pairs of releases and the
// core roles: what 7.x hosts need comes from the guide alone, and no pair gets
// a port from both.
func TestMixedVersionsAreAnsweredOnce(t *testing.T) {
	l := load(t)
	versions := strings.Fields("7.0 7.0.1 7.1 7.5 7.6 7.7 7.7.3 8.0 8.1 8.1.1 8.1.2 8.2 9.0 10.0 10.1.1 10.5 11.0 11.1")
	for _, from := range []string{"master", "media", "client"} {
		for _, to := range []string{"master", "media", "client"} {
			for _, v := range versions {
				for _, w := range versions {
					s := story{from: from, to: to, source: at(v), target: at(w)}
					rows := map[string]string{}
					for _, row := range l.all("flow") {
						if row.name("from") != from || row.name("to") != to || row.text(t, "link") != "" {
							continue
						}
						if row.attrs["when"] == nil && covers(t, row, v, w) {
							if other := rows[row.name("service")]; other != "" {
								t.Errorf("%s %s to %s %s: both %s and %s", from, v, to, w, other, row.label)
							}
							rows[row.name("service")] = row.label
							if seven := older(v, "8.0") && older(w, "8.0"); seven != (row.file != "newer.hcl") {
								t.Errorf("%s %s to %s %s: answered by %s", from, v, to, w, row)
							}
						}
					}
					if got := s.answer(t, l); strings.HasPrefix(got, "?") && older(v, "8.0") && older(w, "8.0") {
						t.Errorf("%s %s to %s %s: %s", from, v, to, w, got)
					}
				}
			}
		}
	}
}

func covers(t *testing.T, row *block, v, w string) bool {
	from, to := row.text(t, "from_covers"), row.text(t, "to_covers")
	if c := row.text(t, "covers"); c != "" {
		from, to = c, c
	}
	return within(v, from) && within(w, to)
}
