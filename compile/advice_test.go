package compile

import (
	"strings"
	"testing"

	"github.com/nbfwc/nbfwc/lang"
	"github.com/nbfwc/nbfwc/ruleset"
)

// advised is a graph in the making: hosts in one domain and flows between them,
// told in words.
type advised struct {
	g     *Graph
	d     *lang.Domain
	roles map[string]*lang.Role
}

func newAdvised() *advised {
	d := &lang.Domain{Name: "prod", Origin: lang.Origin{File: "policy.hcl", Line: 1}}
	p := &lang.Policy{Domains: []*lang.Domain{d}, Catalog: &lang.Catalog{Services: []*lang.Service{
		{Name: "nbatd", TCP: []lang.PortRange{{From: 13783, To: 13783}}, NetBackup: true, Reserved: true},
		{Name: "nbazd", TCP: []lang.PortRange{{From: 13722, To: 13722}}, NetBackup: true, Reserved: true},
	}}}
	return &advised{g: &Graph{Policy: p}, d: d, roles: map[string]*lang.Role{}}
}

func (a *advised) role(name string) *lang.Role {
	if a.roles[name] == nil {
		external := strings.Contains("web_browser esx vcenter ndmp_filer data_domain dns_server ism_console rm_console call_home", name)
		a.roles[name] = &lang.Role{Name: name, Versioned: !external, External: external}
	}
	return a.roles[name]
}

// hosts adds a group: roles and features separated by blanks, settings as pairs.
func (a *advised) hosts(block, roles, version, features string, settings ...any) *lang.Group {
	f := &lang.Facts{Domain: a.d}
	if version != "" {
		f.Version = release(version)
	}
	for _, r := range strings.Fields(roles) {
		f.Roles = append(f.Roles, a.role(r))
	}
	for _, x := range strings.Fields(features) {
		f.Features = append(f.Features, &lang.Feature{Name: x})
	}
	for i := 0; i < len(settings); i += 2 {
		f.Settings = append(f.Settings, lang.Setting{Name: settings[i].(string), Value: settings[i+1], Declared: true})
	}
	g := &lang.Group{Domain: a.d, Block: block, Roles: f.Roles, Facts: f, Names: []string{""},
		Origin: lang.Origin{File: "policy.hcl", Line: 10 + len(a.d.Groups)}}
	a.d.Groups = append(a.d.Groups, g)
	return g
}

// row adds a flow of a row of the catalogue between two groups.
func (a *advised) row(name string, from, to *lang.Group, service string, ports ...Port) *Flow {
	a.g.Flows = append(a.g.Flows, Flow{Domain: a.d, From: End{Group: from}, To: End{Group: to}, Ports: ports,
		Row: &lang.Row{Name: name, From: from.Roles[0], To: to.Roles[0], Service: &lang.Service{Name: service}}})
	return &a.g.Flows[len(a.g.Flows)-1]
}

// custom adds a flow of the policy's own.
func (a *advised) custom(name string, from, to *lang.Group, ports ...Port) *Flow {
	a.g.Flows = append(a.g.Flows, Flow{From: End{Group: from}, To: End{Group: to}, Ports: ports,
		Custom: &lang.Flow{Name: name, Origin: lang.Origin{File: "policy.hcl", Line: 90}}})
	return &a.g.Flows[len(a.g.Flows)-1]
}

func tcp(port uint16) Port { return Port{Proto: ruleset.TCP, From: port, To: port} }
func udp(port uint16) Port { return Port{Proto: ruleset.UDP, From: port, To: port} }

// TestAdvice has for each warning the policy that deserves it and the nearest
// that doesn't.
func TestAdvice(t *testing.T) {
	const none = ""
	for _, c := range []struct {
		name string
		make func(*advised)
		want string // "severity summary / words of the detail", "" for no advice
	}{
		{"NAT below 8.2", func(a *advised) {
			a.row("r", a.hosts("m", "master", "8.3", ""), a.hosts("c", "client", "8.1", "nat"), "pbx", tcp(1556))
		}, `error Address translation between NetBackup hosts / "c" are translated`},
		{"NAT from 8.2 on", func(a *advised) {
			a.row("r", a.hosts("m", "media", "8.2", ""), a.hosts("c", "client", "8.2", "nat"), "pbx", tcp(1556))
		}, "warning Address translation between NetBackup hosts / NAT support switched on"},
		{"the worst flow of translated hosts counts", func(a *advised) {
			c := a.hosts("c", "client", "8.2", "nat")
			a.row("r", a.hosts("m", "media", "8.2", ""), c, "pbx", tcp(1556))
			a.row("s", a.hosts("n", "media", "8.1", ""), c, "pbx", tcp(1556))
		}, "error Address translation between NetBackup hosts / s goes from"},
		{"NAT towards a browser", func(a *advised) {
			a.row("r", a.hosts("b", "web_browser", "", ""), a.hosts("o", "opscenter_server", "7.6", "nat"), "https", tcp(443))
		}, none},
		{"13783 within a range of the policy's own", func(a *advised) {
			f := a.custom("wide", a.hosts("c", "client", "7.6", ""), a.hosts("s", "emm", "7.6", ""))
			f.Ports = []Port{{Proto: ruleset.TCP, From: 13780, To: 13790}}
		}, "warning Reserved port is open / 13783 (nbatd)"},
		{"13783 by udp is another port", func(a *advised) {
			a.custom("u", a.hosts("c", "client", "7.6", ""), a.hosts("s", "emm", "7.6", ""), udp(13783))
		}, none},
		{"7528", func(a *advised) {
			a.g.Policy.Catalog.Services = append(a.g.Policy.Catalog.Services, &lang.Service{Name: "kvm", TCP: []lang.PortRange{{From: 7528, To: 7528}}})
		}, `error Port 7528 is a misprint / "kvm"`},
		{"a wide range isn't 7528", func(a *advised) {
			a.g.Policy.Catalog.Services = append(a.g.Policy.Catalog.Services, &lang.Service{Name: "any", TCP: []lang.PortRange{{From: 1024, To: 65535}}})
		}, none},
		{"DNS by udp alone", func(a *advised) {
			a.custom("dns", a.hosts("p", "puredisk_agent", "", "", "puredisk_naming", "names"), a.hosts("d", "dns_server", "", ""), udp(53))
		}, "warning Port is open in one protocol of two / wants TCP as well"},
		{"DNS by both", func(a *advised) {
			a.custom("dns", a.hosts("p", "puredisk_agent", "", "", "puredisk_naming", "names"), a.hosts("d", "dns_server", "", ""), udp(53), tcp(53))
		}, none},
		{"master to media, not back", func(a *advised) {
			a.custom("one", a.hosts("m", "master", "7.6", ""), a.hosts("s", "media", "7.6", ""), tcp(1556))
		}, `warning Open in one direction only / from "s" to "m"`},
		{"master to media and back", func(a *advised) {
			m, s := a.hosts("m", "master", "7.6", ""), a.hosts("s", "media", "7.6", "")
			a.row("one", m, s, "pbx", tcp(1556))
			a.custom("two", s, m, tcp(1556))
		}, none},
		{"OpsCenter by another PBX port, one way", func(a *advised) {
			a.row("one", a.hosts("m", "master", "7.6", ""), a.hosts("o", "opscenter_server", "7.6", ""), "pbx", tcp(1600))
		}, "warning Open in one direction only / and their work needs both"},
		{"a client may be called and not call", func(a *advised) {
			a.row("one", a.hosts("m", "media", "7.6", ""), a.hosts("c", "client", "7.6", ""), "pbx", tcp(1556))
		}, none},
		{"a second pair of web ports", func(a *advised) {
			a.custom("web", a.hosts("b", "web_browser", "", ""), a.hosts("o", "opscenter_server", "7.6", "", "opscenter_web", "80/443"), tcp(8443))
		}, "warning More than one pair of OpsCenter web ports / pair 8181/8443"},
		{"the pair in use", func(a *advised) {
			a.custom("web", a.hosts("b", "web_browser", "", ""), a.hosts("o", "opscenter_server", "7.6", "", "opscenter_web", "8181/8443"), tcp(8443))
		}, none},
		{"13724 for an old client", func(a *advised) {
			a.row("r", a.hosts("m", "media", "7.6", ""), a.hosts("c", "client", "7.1", ""), "vnetd", tcp(13724)).Row.Class = "old"
			a.hosts("x", "vxss", "", "")
			a.d.Groups[1].Facts.Version = release("7.0")
		}, `notice Old hosts keep 13724 open / hosts "c" are older than 7.0.1`},
		{"13724 that something else needs too", func(a *advised) {
			a.hosts("x", "vxss", "", "")
			m, c := a.hosts("m", "java_server", "7.6", ""), a.hosts("c", "media", "7.0", "")
			a.row("r", m, c, "vnetd", tcp(13724)).Row.Class = "old"
			a.row("java-server-media-vnetd", m, c, "vnetd", tcp(13724))
		}, none},
		{"flows inside a zone", func(a *advised) {
			a.row("r", a.hosts("m", "media", "7.6", ""), a.hosts("c", "client", "7.6", ""), "pbx", tcp(1556)).Local = SameZone
		}, "notice Flows that cross no firewall / flows: 1"},
		{"roles on one host", func(a *advised) {
			m := a.hosts("m", "media client", "7.6", "")
			a.row("r", m, m, "pbx", tcp(1556)).Local = SameHost
		}, none},
		{"flows behind one interface", func(a *advised) {
			a.row("r", a.hosts("m", "media", "7.6", ""), a.hosts("c", "client", "7.6", ""), "pbx", tcp(1556)).Local = SameInterface
		}, "notice Flows that no firewall enforces / hairpin"},
		{"TLS towards a master of 8.0", func(a *advised) {
			a.row("r", a.hosts("c", "client", "7.7", ""), a.hosts("m", "master", "8.0", ""), "pbx", tcp(1556))
		}, "notice TLS to the master server must pass / inspection"},
		{"a master of 7.7", func(a *advised) {
			a.row("r", a.hosts("c", "client", "7.7", ""), a.hosts("m", "master", "7.7", ""), "pbx", tcp(1556))
		}, none},
		{"an appliance without its model", func(a *advised) {
			a.hosts("r", "rm_console", "", "")
			a.hosts("i", "appliance_ipmi", "", "")
		}, `error Setting for a condition is missing / appliance_model`},
		{"without the firmware", func(a *advised) {
			a.hosts("b", "web_browser", "", "")
			a.hosts("i", "appliance_ipmi", "", "")
		}, `error Setting for a condition is missing / appliance_firmware`},
		{"Remote Management without a mode", func(a *advised) {
			a.hosts("r", "rm_console", "", "")
			a.hosts("i", "appliance_ipmi", "", "", "appliance_model", "5220")
		}, `error Setting for a condition is missing / rmm_mode`},
		{"a 5200 has no mode", func(a *advised) {
			a.hosts("r", "rm_console", "", "")
			a.hosts("i", "appliance_ipmi", "", "", "appliance_model", "5200")
		}, none},
		{"PureDisk agents and a DNS server", func(a *advised) {
			a.hosts("p", "puredisk_agent", "", "")
			a.hosts("d", "dns_server", "", "")
		}, `error Setting for a condition is missing / puredisk_naming`},
		{"connect options", func(a *advised) { a.hosts("c", "client", "7.6", "connect_options") }, "warning Connect options are not the default / bpclient"},
		{"simple MSDP", func(a *advised) { a.hosts("s", "msdp", "7.6", "") }, "notice Simple MSDP needs no extra ports / stay closed"},
		{"MSDP with client-side deduplication", func(a *advised) {
			a.hosts("s", "msdp", "7.6", "")
			a.hosts("c", "client", "7.6", "client_dedup")
		}, none},
		{"MSDP with a load balancing server", func(a *advised) {
			a.hosts("s", "msdp", "7.6", "")
			a.hosts("l", "load_balancing", "7.6", "")
		}, none},
		{"MSDP with Auto Image Replication", func(a *advised) {
			a.hosts("s", "msdp", "7.6", "")
			a.g.Policy.Links = []*lang.Link{{Name: "dr", Kind: "air", Source: a.d, Target: &lang.Domain{Name: "dr"}}}
		}, none},
		{"another PBX port with OpsCenter Clients", func(a *advised) {
			a.hosts("o", "opscenter_server", "7.6", "", "opscenter_pbx_port", 1600)
			a.hosts("c", "opscenter_client", "7.6", "")
		}, "warning PBX port can't be changed for OpsCenter Clients / 1600"},
		{"another PBX port without them", func(a *advised) {
			a.hosts("o", "opscenter_server", "7.6", "", "opscenter_pbx_port", 1600)
		}, none},
		{"the same PBX port", func(a *advised) {
			a.hosts("o", "opscenter_server", "7.6", "", "opscenter_pbx_port", 1556)
			a.hosts("c", "opscenter_client", "7.6", "")
		}, none},
		{"a narrow window", func(a *advised) {
			a.hosts("m", "media", "7.6", "", "server_port_window", []lang.PortRange{{From: 5000, To: 5255}})
		}, `notice Port window must be set on the host / "SERVER_PORT_WINDOW = 5000 5255"`},
		{"a wide window", func(a *advised) {
			a.hosts("m", "media", "7.6", "", "server_port_window", []lang.PortRange{{From: 5000, To: 5256}})
		}, `warning Port window is wide / 257 ports`},
		{"a window of two ranges", func(a *advised) {
			a.hosts("m", "media", "7.6", "", "server_port_window", []lang.PortRange{{From: 5000, To: 5010}, {From: 6000, To: 6010}})
		}, `warning Port window is not one range / SERVER_PORT_WINDOW = 5000 6010`},
		{"a window that begins too low", func(a *advised) {
			a.hosts("m", "media", "7.6", "", "server_port_window", []lang.PortRange{{From: 900, To: 910}})
		}, `warning Port window has reserved ports / begins with 900`},
		{"Remote Management in clear", func(a *advised) { a.hosts("i", "appliance_ipmi", "", "", "rmm_mode", "clear") }, "warning Remote Management in clear / passwords"},
		{"in both modes", func(a *advised) { a.hosts("i", "appliance_ipmi", "", "", "rmm_mode", "both") }, "warning Remote Management in clear / Both modes"},
		{"encrypted", func(a *advised) { a.hosts("i", "appliance_ipmi", "", "", "rmm_mode", "encrypted") }, none},
		{"VxSS for nobody", func(a *advised) {
			a.hosts("x", "vxss", "7.0.1", "")
			a.hosts("m", "master", "7.1", "")
		}, "warning VxSS is not needed / newer than 7.0.1"},
		{"VxSS for a 7.0.1 master", func(a *advised) {
			a.hosts("x", "vxss", "", "")
			a.hosts("m", "master", "7.0.1", "")
		}, none},
		{"no VxSS for old hosts", func(a *advised) { a.hosts("m", "master", "7.0.1", "") }, "notice No VxSS server for old hosts / role.vxss"},
		{"NBAC with a 7.1 master", func(a *advised) {
			a.hosts("o", "opscenter_server", "7.5", "nbac")
			a.hosts("m", "master", "7.1", "")
		}, "warning NBAC without an old master server / vxatd"},
		{"NBAC with a 7.0.1 master", func(a *advised) {
			a.hosts("o", "opscenter_server", "7.5", "nbac")
			a.hosts("m", "master", "7.0.1", "")
			a.hosts("x", "vxss", "", "")
		}, none},
		{"resilient at 7.1", func(a *advised) { a.hosts("c", "client", "7.1", "resilient") }, "warning Client is too old for resilient connections / 7.1"},
		{"resilient at 7.5", func(a *advised) { a.hosts("c", "client", "7.5", "resilient") }, none},
		{"nbcssc without a source", func(a *advised) { a.hosts("m", "media", "7.6", "cloud_storage") }, "error CloudStore Service Container without a source / role.cssc_consumer"},
		{"nbcssc with a source", func(a *advised) { a.hosts("m", "media cssc_consumer", "7.6", "cloud_storage", "cssc_port", 5637) }, none},
		{"nbcssc on another port", func(a *advised) { a.hosts("m", "media cssc_consumer", "7.6", "cloud_storage", "cssc_port", 5638) }, "warning CloudStore Service Container is not on 5637 / 5638"},
		{"no nbcssc from 8.1.2 on", func(a *advised) { a.hosts("m", "media", "8.1.2", "cloud_storage") }, none},
		{"a consumer of nothing", func(a *advised) { a.hosts("m", "master cssc_consumer", "7.6", "") }, "warning CloudStore Service Container is nowhere / Nothing is opened"},
		{"a backup host without transport", func(a *advised) {
			a.hosts("v", "vmware_backup_host", "7.6", "")
			a.hosts("e", "esx", "", "")
		}, "warning No VMware transport is declared / 902"},
		{"with SAN transport", func(a *advised) {
			a.hosts("v", "vmware_backup_host", "7.6", "vmware_san")
			a.hosts("e", "esx", "", "")
		}, none},
		{"a Windows console", func(a *advised) { a.hosts("w", "win_console", "7.6", "") }, "notice Consoles must be trusted servers / trusted servers of the master"},
	} {
		t.Run(c.name, func(t *testing.T) {
			a := newAdvised()
			c.make(a)
			onFlows, onHosts := a.g.advice()
			head, words, _ := strings.Cut(c.want, " / ")
			_, summary, _ := strings.Cut(head, " ")
			got := withoutGaps(append(onFlows, onHosts...), summary)
			if c.want == none {
				for _, p := range got {
					t.Errorf("unexpected: %s: %s", p.Summary, p.Detail)
				}
				return
			}
			if len(got) != 1 {
				t.Fatalf("have %d problems, want one: %+v", len(got), got)
			}
			name := [...]string{Error: "error", Warning: "warning", Notice: "notice"}[got[0].Severity]
			if name+" "+got[0].Summary != head || !strings.Contains(got[0].Detail, words) {
				t.Errorf("have %s %s / %s\nwant %s", name, got[0].Summary, got[0].Detail, c.want)
			}
			if got[0].Subject == (lang.Origin{}) && !strings.Contains(head, "7528") {
				t.Error("the problem has no place")
			}
		})
	}
}
