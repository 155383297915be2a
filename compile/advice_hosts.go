package compile

import (
	"fmt"
	"slices"
	"strings"

	"github.com/nbfwc/nbfwc/lang"
)

// unstatedSettings names the hosts whose rows hang on a setting that has no
// default: without it the rows would just not be there.
func unstatedSettings(d *lang.Domain) []Problem {
	var out []Problem
	for _, need := range []struct {
		setting string
		peers   []string // the setting matters if one of these roles is there
		of      string   // role of the hosts that must have it
		models  []string // and their appliance_model is one of these, if any
		why     string
	}{
		{"appliance_model", []string{"ism_console", "rm_console"}, "appliance_ipmi", nil,
			`Which console ports an appliance has depends on its model: write settings = { appliance_model = "5220" }, or 5020, 5200, 5030, 5230 or 5330`},
		{"appliance_firmware", []string{"web_browser"}, "appliance_ipmi", nil,
			`The management module has HTTPS only with firmware above 2.13: write settings = { appliance_firmware = "2.14" } with the version that it has`},
		{"rmm_mode", []string{"rm_console"}, "appliance_ipmi", []string{"5220", "5030", "5230", "5330"},
			`Remote Management uses other ports in clear than in encrypted mode: write settings = { rmm_mode = "encrypted" }, or "clear"`},
		{"puredisk_naming", []string{"dns_server"}, "puredisk_agent", nil,
			`PureDisk agents ask the DNS only if PureDisk was installed with names: write settings = { puredisk_naming = "names" }, or "addresses"`},
	} {
		if !slices.ContainsFunc(need.peers, func(r string) bool { return len(playing(d, r)) > 0 }) {
			continue
		}
		for _, g := range playing(d, need.of) {
			model, _ := setting(g, "appliance_model")
			if text, _ := model.(string); need.models != nil && !slices.Contains(need.models, text) {
				continue
			}
			if v, _ := setting(g, need.setting); v == nil {
				out = append(out, Problem{Severity: Error, Summary: "Setting for a condition is missing", Subject: g.Origin,
					Detail: fmt.Sprintf("Hosts %q don't say their %s. %s.", g.Block, need.setting, need.why)})
			}
		}
	}
	return out
}

// connectOptions warns of hosts whose ports are chosen otherwise than the guide
// describes.
func connectOptions(d *lang.Domain) []Problem {
	var out []Problem
	for _, g := range playing(d, "client") {
		if uses(g, "connect_options") {
			out = append(out, Problem{Severity: Warning, Summary: "Connect options are not the default", Subject: g.Origin,
				Detail: fmt.Sprintf("For the clients %q connect options are configured. They can change which ports are used, and the catalogue knows those of the default only. "+
					"Look up the clients in the master server's Client Attributes (bpclient), and add a flow for each port that they name.", g.Block)})
		}
	}
	return out
}

const sumSimpleMSDP = "Simple MSDP needs no extra ports"

// simpleMSDP says of domains in which nothing opens the deduplication ports that
// this is as it should be, and what would change it.
func simpleMSDP(g *Graph) []Problem {
	var out []Problem
	for _, d := range g.Policy.Domains {
		linked := slices.ContainsFunc(g.Policy.Links, func(l *lang.Link) bool { return l.Source == d || l.Target == d })
		servers := playing(d, "msdp")
		more := slices.ContainsFunc(d.Groups, func(g *lang.Group) bool {
			return uses(g, "client_dedup") || uses(g, "pddo") || uses(g, "optimized_duplication") && plays(g, "msdp") ||
				plays(g, "load_balancing") || plays(g, "fingerprint")
		})
		if len(servers) == 0 || linked || more {
			continue
		}
		out = append(out, Problem{Severity: Notice, Summary: sumSimpleMSDP, Subject: servers[0].Origin,
			Detail: fmt.Sprintf("In domain %q each client sends its data to one MSDP server, which deduplicates: 10082 and 10102 stay closed (note before table 3-1). "+
				"If clients deduplicate, other media servers write to %s, or storage servers duplicate among themselves, say so: "+
				"feature.client_dedup, role.load_balancing, feature.optimized_duplication.", d.Name, blockText(servers))})
	}
	return out
}

// pbxPort warns where the PBX port is changed but OpsCenter Clients, which can't
// follow, are there.
func pbxPort(d *lang.Domain) []Problem {
	clients := playing(d, "opscenter_client")
	if len(clients) == 0 {
		return nil
	}
	var out []Problem
	for _, g := range playing(d, "opscenter_server") {
		port, declared := setting(g, "opscenter_pbx_port")
		if !declared || port == 1556 {
			continue
		}
		out = append(out, Problem{Severity: Warning, Summary: "PBX port can't be changed for OpsCenter Clients", Subject: g.Origin,
			Detail: fmt.Sprintf("Hosts %q set opscenter_pbx_port = %v. Table 3-2 supports that between OpsCenter Server and master servers, but not for OpsCenter Clients (%s): "+
				"their flow stays on 1556, where the server must listen as well. Leave the port at 1556.", g.Block, port, blockText(clients))})
	}
	return out
}

// wideWindow is how many ports a SERVER_PORT_WINDOW may have before it is
// called wide. Each NDMP session that runs takes one; the product's own
// default, 1024-5000, has 3977.
const wideWindow = 256

// portWindow prints the line that the media server needs to keep to its window,
// and warns of windows that the host can't keep to or that are wide.
func portWindow(d *lang.Domain) []Problem {
	var out []Problem
	for _, g := range playing(d, "media") {
		value, _ := setting(g, "server_port_window")
		window, _ := value.([]lang.PortRange)
		if len(window) == 0 {
			continue
		}
		first, last, ports := window[0].From, window[len(window)-1].To, 0
		for _, r := range window {
			ports += int(r.To) - int(r.From) + 1
		}
		line := fmt.Sprintf("SERVER_PORT_WINDOW = %d %d", first, last)
		switch {
		case len(window) > 1:
			out = append(out, Problem{Severity: Warning, Summary: "Port window is not one range", Subject: g.Origin,
				Detail: fmt.Sprintf("SERVER_PORT_WINDOW of a media server is one range, but hosts %q have %d. The host can choose only from %q, of which the firewall would close a part. Give one range.", g.Block, len(window), line)})
		case first < 1024:
			out = append(out, Problem{Severity: Warning, Summary: "Port window has reserved ports", Subject: g.Origin,
				Detail: fmt.Sprintf("SERVER_PORT_WINDOW is for ports from 1024 on, but that of hosts %q begins with %d. Begin at 1024 or above.", g.Block, first)})
		case ports > wideWindow:
			out = append(out, Problem{Severity: Warning, Summary: "Port window is wide", Subject: g.Origin,
				Detail: fmt.Sprintf("The window of hosts %q has %d ports, and NDMP filers may connect to all of them. One port for each NDMP session that runs at a time is enough: "+
					"a window such as \"%d-%d\" with the line \"SERVER_PORT_WINDOW = %d %d\" in the configuration of the media server.", g.Block, ports, first, int(first)+99, first, int(first)+99)})
		default:
			out = append(out, Problem{Severity: Notice, Summary: "Port window must be set on the host", Subject: g.Origin,
				Detail: fmt.Sprintf("The media servers %q keep to the window only with the line %q in their configuration (bp.conf, or the Port Ranges host properties).", g.Block, line)})
		}
	}
	return out
}

// clearManagement warns of management modules that are reached in clear.
func clearManagement(d *lang.Domain) []Problem {
	var out []Problem
	for _, g := range playing(d, "appliance_ipmi") {
		mode, _ := setting(g, "rmm_mode")
		if mode != "clear" && mode != "both" {
			continue
		}
		detail := "Remote Management of hosts %q is in clear mode: passwords and consoles can be read on the way (7578, 5120, 5123)."
		if mode == "both" {
			detail = "Both modes of Remote Management of hosts %q are open; a module is in one of them."
		}
		out = append(out, Problem{Severity: Warning, Summary: "Remote Management in clear", Subject: g.Origin,
			Detail: fmt.Sprintf(detail+" Use the encrypted mode: settings = { rmm_mode = \"encrypted\" } opens 7582, 5124 and 5127 and nothing else.", g.Block)})
	}
	return out
}

// authentication compares the VxSS servers of a domain with its hosts: those of
// 7.0.1 and before are the only ones that use them.
func authentication(d *lang.Domain) []Problem {
	limit := release("7.0.2")
	var old []*lang.Group
	for _, g := range d.Groups {
		user := slices.ContainsFunc([]string{"master", "media", "client", "win_console", "java_server"}, func(r string) bool { return plays(g, r) })
		if user && before(g, limit) {
			old = append(old, g)
		}
	}
	servers := playing(d, "vxss")
	switch {
	case len(servers) > 0 && len(old) == 0:
		return []Problem{{Severity: Warning, Summary: "VxSS is not needed", Subject: servers[0].Origin,
			Detail: fmt.Sprintf("Hosts %s are VxSS servers, but all hosts of domain %q are newer than 7.0.1: nbatd and nbazd took their place in 7.1 and are reached by PBX (1556). Nothing is opened to them; remove the role.", blockText(servers), d.Name)}}
	case len(servers) == 0 && len(old) > 0:
		return []Problem{{Severity: Notice, Summary: "No VxSS server for old hosts", Subject: old[0].Origin,
			Detail: fmt.Sprintf("In domain %q hosts %s are 7.0.1 or older. If they use access control (NBAC), they need 2821 and 4032 to a VxSS server: declare the host with role.vxss. Without NBAC there is nothing to do.", d.Name, blockText(old))}}
	}
	return nil
}

// accessControl warns of an OpsCenter Server that asks vxatd for a master server
// that the domain doesn't have: that service went with 7.1.
func accessControl(d *lang.Domain) []Problem {
	if slices.ContainsFunc(playing(d, "master"), func(g *lang.Group) bool { return before(g, release("7.0.2")) }) {
		return nil
	}
	var out []Problem
	for _, g := range playing(d, "opscenter_server") {
		if uses(g, "nbac") {
			out = append(out, Problem{Severity: Warning, Summary: "NBAC without an old master server", Subject: g.Origin,
				Detail: fmt.Sprintf("Hosts %q have the feature nbac, which opens the port of vxatd for a master server of 7.0.1 or older with NBAC, but domain %q has no such master server. Remove the feature, or correct the version of the master server.", g.Block, d.Name)})
		}
	}
	return out
}

// resilientOld warns of clients that are too old for the feature.
func resilientOld(d *lang.Domain) []Problem {
	var out []Problem
	for _, g := range playing(d, "client") {
		if uses(g, "resilient") && before(g, release("7.5")) {
			out = append(out, Problem{Severity: Warning, Summary: "Client is too old for resilient connections", Subject: g.Origin,
				Detail: fmt.Sprintf("The clients %q are %s; resilient network connections came with 7.5. Nothing is opened for the feature. Remove it or correct the version.", g.Block, g.Facts.Version)})
		}
	}
	return out
}

// cloudContainer: the guide doesn't say who connects to nbcssc, so the policy
// must; and newer texts don't let it listen elsewhere.
func cloudContainer(d *lang.Domain) []Problem {
	var out []Problem
	users := playing(d, "cssc_consumer")
	var containers []*lang.Group
	for _, g := range playing(d, "media") {
		if !uses(g, "cloud_storage") || !before(g, release("8.1.2")) {
			continue
		}
		containers = append(containers, g)
		if port, _ := setting(g, "cssc_port"); port != nil && port != 5637 {
			out = append(out, Problem{Severity: Warning, Summary: "CloudStore Service Container is not on 5637", Subject: g.Origin,
				Detail: fmt.Sprintf("Hosts %q set cssc_port = %v. The guide for 7.x lets CSSC_PORT be changed, but from 7.7 on the master server reaches media servers only on 5637. Set it back, if you can.", g.Block, port)})
		}
	}
	switch {
	case len(containers) > 0 && len(users) == 0:
		out = append(out, Problem{Severity: Error, Summary: "CloudStore Service Container without a source", Subject: containers[0].Origin,
			Detail: fmt.Sprintf("Media servers %s are configured for cloud storage, so that nbcssc listens on them. The guide doesn't say who connects to it: give role.cssc_consumer to the hosts of domain %q that do (often the master server and the OpsCenter Server).", blockText(containers), d.Name)})
	case len(users) > 0 && len(containers) == 0:
		out = append(out, Problem{Severity: Warning, Summary: "CloudStore Service Container is nowhere", Subject: users[0].Origin,
			Detail: fmt.Sprintf("Hosts %s use a CloudStore Service Container, but no media server of domain %q before 8.1.2 has feature.cloud_storage. Nothing is opened.", blockText(users), d.Name)})
	}
	return out
}

// transports: whether a backup host needs the ESX hosts depends on what it says
// of its transports.
func transports(d *lang.Domain) []Problem {
	hosts := playing(d, "esx")
	if len(hosts) == 0 {
		return nil
	}
	var out []Problem
	for _, g := range playing(d, "vmware_backup_host") {
		said := slices.ContainsFunc(g.Facts.Features, func(f *lang.Feature) bool { return strings.HasPrefix(f.Name, "vmware_") })
		if !said {
			out = append(out, Problem{Severity: Warning, Summary: "No VMware transport is declared", Subject: g.Origin,
				Detail: fmt.Sprintf("The backup hosts %q don't say how they read virtual machines, so 902 to the ESX hosts (%s) is closed. "+
					"Give them those of feature.vmware_hotadd, vmware_nbd, vmware_nbdssl and vmware_san that they use.", g.Block, blockText(hosts))})
		}
	}
	return out
}

// trustedServers reminds of what no firewall can open.
func trustedServers(d *lang.Domain) []Problem {
	consoles := playing(d, "win_console")
	if len(consoles) == 0 {
		return nil
	}
	return []Problem{{Severity: Notice, Summary: "Consoles must be trusted servers", Subject: consoles[0].Origin,
		Detail: fmt.Sprintf("The DNS names of the Windows Administration Consoles %s must be in the list of trusted servers of the master server of domain %q: without it, open ports don't help.", blockText(consoles), d.Name)}}
}
