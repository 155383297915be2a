package catalog_test

import (
	"fmt"
	"slices"
	"strings"

	"github.com/nbfwc/nbfwc/lang"
)

// guideRoles is the guide's words for hosts in the catalogue's. Where the word
// alone says too little, the service of the line tells.
var guideRoles = []struct{ word, service, roles string }{
	{"Master server", "", "master"},
	{"Master", "", "master"},
	{"NetBackup Master Server(s)", "", "master"},
	{"Media server", "", "media"},
	{"Media", "", "media"},
	{"media server", "", "media"},
	{"media server (DMA)", "", "media"},
	{"media server configured for cloud storage", "", "media"},
	{"Client", "", "client"},
	{"client", "", "client"},
	{"deduplication client", "", "client"},
	{"EMM server", "", "emm"},
	{"VxSS", "", "vxss"},
	{"VxSS server", "", "vxss"},
	{"VXSS server", "", "vxss"},
	{"NetWare", "", "netware"},
	{"Netware", "", "netware"},
	{"Netware client", "", "netware"},
	{"Windows Administration Console", "", "win_console"},
	{"NetBackup Administration Console", "", "win_console java_console"},
	{"Java server", "", "java_server"},
	{"Java Server", "", "java_server"},
	{"Java Console", "", "java_console"},
	{"NDMP filer", "", "ndmp_filer"},
	{"filer", "", "ndmp_filer"},
	{"target storage server", "", "data_domain"},
	{"storage server", "", "data_domain"},

	{"MSDP server", "", "msdp"},
	{"MSDP servers", "", "msdp"},
	{"MSDP storage server", "", "msdp"},
	{"PDDO server", "", "media"},
	{"PureDisk server", "Storage Pool Authority (SPA)", "puredisk_spa"},
	{"PureDisk server", "Content Router (spoold)", "puredisk_content_router"},
	{"PureDisk server", "", "puredisk_spa puredisk_content_router"},
	{"PureDisk storage server", "", "puredisk_spa puredisk_content_router"},
	{"PureDisk storage servers", "Storage Pool Authority (SPA)", "puredisk_spa"},
	{"storage servers", "Deduplication Engine (spoold)", "msdp puredisk_content_router"},
	{"storage servers that perform optimized duplications", "Deduplication Engine (spoold)", "msdp puredisk_content_router"},
	{"storage servers that perform optimized duplications", "Deduplication Manager (spad)", "msdp"},
	{"storage servers that perform optimized duplications", "Storage Pool Authority (SPA)", "puredisk_spa"},
	{"storage servers that perform optimized duplications", "", "msdp puredisk_content_router puredisk_spa"},
	{"Additional servers that handle finger printing", "", "fingerprint"},
	{"deduplication host", "", "media msdp client load_balancing fingerprint"},

	{"Symantec OpsCenter Server", "", "opscenter_server"},
	{"Symantec OpsCenter Client", "", "opscenter_client"},
	{"Web browser", "", "web_browser"},
	{"Mail Server", "", "mail_server"},
	{"SNMP Server", "", "snmp_server"},
	{"Host where Symantec Product Authentication Service (AT) Server is installed", "", "opscenter_at"},

	{"Command line", "", "command_line"},
	{"NetBackup ISM", "", "ism_console"},
	{"Symantec RM", "", "rm_console"},
	{"Appliance", "", "appliance"},
	{"Appliance IPMI", "", "appliance_ipmi"},
	{"5020/5200 Appliance IPMI", "", "appliance_ipmi"},
	{"5220/5x30 Appliance IPMI", "", "appliance_ipmi"},
	{"Call Home server", "", "call_home"},
	{"SCSP host", "", "scsp"},

	{"Client agents", "", "puredisk_agent"},
	{"all clients", "", "puredisk_agent"},
	{"Controller", "", "puredisk_controller"},
	{"Content router", "", "puredisk_content_router"},
	{"Storage pool authority", "", "puredisk_spa"},
	{"Storage pool authority node", "", "puredisk_spa"},
	{"Metabase server", "", "puredisk_metabase_server"},
	{"Metabase engine", "", "puredisk_metabase_engine"},
	{"Root broker host", "", "puredisk_root_broker"},
	{"All PureDisk services", "", "puredisk_node"},
	{"All PureDisk node services", "", "puredisk_node"},
	{"All PureDisk nodes", "", "puredisk_node"},
	{"Administrator's host system", "", "puredisk_admin_host"},
	{"DNS server", "", "dns_server"},
	{"NetBackup Export Engine gateways", "", "puredisk_export_gateway"},

	{"NetBackup", "", "master media vmware_backup_host"},
	{"backup host", "", "vmware_backup_host"},
	{"vCenter server", "", "vcenter"},
	{"ESX/ESXi hosts", "", "esx restore_esx"},

	// Decisions say which hosts these are.
	{"NetBackup domain (source)", "", ""},
	{"NetBackup domain (target)", "", ""},
	{"-", "", ""},
}

// rolesOf are the catalogue's roles for a word of the guide; ok is false if
// the table has no such word.
func rolesOf(word, service string) (roles []string, ok bool) {
	for _, r := range guideRoles {
		if r.word == word && (r.service == "" || r.service == service) {
			return strings.Fields(r.roles), true
		}
	}
	return nil, false
}

// guideServices is the guide's words for services in the catalogue's; lines
// without a word have any service with their port.
var guideServices = map[string]string{
	"VERITAS_PBX":        "pbx",
	"PBX (pbx_exchange)": "pbx",
	"VNETD":              "vnetd",
	"VRTS-AT-PORT":       "vrts_at",
	"NetBackup Product Authentication Service (vxatd)": "vrts_at",
	"VRTS-AUTH-PORT":                        "vrts_auth",
	"BPRD":                                  "bprd",
	"BPCD":                                  "bpcd",
	"Deduplication Manager (spad)":          "spad",
	"Deduplication Engine (spoold)":         "spoold",
	"Content Router (spoold)":               "spoold",
	"Storage Pool Authority (SPA)":          "puredisk_web",
	"nfs":                                   "nfs",
	"portmapper":                            "portmapper_tcp portmapper_udp",
	"mountd":                                "dd_mountd",
	"replication":                           "dd_replication",
	"nbfsd":                                 "nbfsd",
	"SMTP":                                  "smtp",
	"SNMP trap":                             "snmp_trap",
	"SNMP":                                  "snmp_trap",
	"HTTP":                                  "http opscenter_http_2 opscenter_http_3",
	"HTTPS":                                 "https opscenter_https_2 opscenter_https_3 puredisk_web",
	"http":                                  "http",
	"https":                                 "https",
	"Sybase database (dbsrv12)":             "opscenter_db",
	"ssh":                                   "ssh",
	"SSH":                                   "ssh",
	"KVM":                                   "ism_kvm ipmi_tcp ipmi_udp",
	"RMM":                                   "rmm_cli rmm_cdrom rmm_floppy rmm_kvm_encrypted",
	"NTPD":                                  "ntp_tcp ntp_udp",
	"debug logging daemon (DLD)":            "puredisk_dld",
	"CloudStore Service Container (nbcssc)": "nbcssc",
}

// guideTables are the names by which rows cite the parts of the guide.
var guideTables = map[string]string{
	"3-1 optimized duplication": "Table 3-1",
	"3-1 AIR":                   "Table 3-1, note on AIR",
	"NDMP":                      "NDMP server ports",
	"DataDomain":                "DataDomain OpenStorage ports",
	"GRT":                       "NetBackup Granular Restore Technology (GRT) ports",
	"VMware":                    "NetBackup VMware ports",
	"nbcssc":                    "NetBackup CloudStore Service Container (nbcssc)",
}

func tableName(table string) string {
	if name := guideTables[table]; name != "" {
		return name
	}
	return "Table " + table
}

// glossary has the words of the guide that conditions use, each as a condition
// on what the catalogue knows of the two hosts.
var glossary = map[string]string{
	"from resilient":                      "from has resilient",
	"to resilient":                        "to has resilient",
	"non-default connect options":         "from has connect_options",
	"application backups":                 "from has app_backup",
	"client-side deduplication":           "from has client_dedup",
	"PDDO":                                "from has pddo",
	"optimized duplication":               "to has optimized_duplication",
	"MSDP storage":                        "to is msdp",
	"PDDO storage":                        "to is puredisk_spa or to is puredisk_content_router",
	"DataDomain storage":                  "to is data_domain",
	"GRT":                                 "from has grt",
	"remote NDMP":                         "from has remote_ndmp or to has remote_ndmp",
	"TIR data movement":                   "from has ndmp_tir or to has ndmp_tir",
	"local NDMP":                          "from has ndmp_tir or to has ndmp_tir", // the feature is for these two kinds
	"3-way NDMP":                          "from has ndmp_tir or to has ndmp_tir",
	"first free web pair is 80/443":       "to.opscenter_web = 80/443",
	"first free web pair is 8181/8443":    "to.opscenter_web = 8181/8443",
	"first free web pair is 8282/8553":    "to.opscenter_web = 8282/8553",
	"NBAC on a master up to 7.0.1":        "from has nbac",
	"623 asked for with tcp":              "to.ipmi_623 = tcp or to.ipmi_623 = both",
	"623 asked for with udp":              "to.ipmi_623 = udp or to.ipmi_623 = both",
	"RMM unencrypted":                     "to.rmm_mode = clear or to.rmm_mode = both",
	"RMM encrypted":                       "to.rmm_mode = encrypted or to.rmm_mode = both",
	"PureDisk installed with names":       "from.puredisk_naming = names",
	"disaster recovery through NetBackup": "from has puredisk_dr or to has puredisk_dr",
	"NetBackup export engine implemented": "from is puredisk_export_gateway or to is puredisk_export_gateway",
	"HotAdd transport":                    "from has vmware_hotadd",
	"NBD transport":                       "from has vmware_nbd",
	"NBDSSL transport":                    "from has vmware_nbdssl",
	"restore bypassing vCenter":           "to is restore_esx",
	"cloud storage":                       "to has cloud_storage",
	"the policy names the source":         "from is cssc_consumer",
	"simple MSDP": "not (client-side deduplication or PDDO or optimized duplication or AIR or " +
		"from is load_balancing or from is fingerprint or to is fingerprint)",
}

// guideSettings are short names of settings in conditions, and guideModels what
// the guide writes for several models.
var guideSettings = map[string]string{"model": "appliance_model", "firmware": "appliance_firmware"}
var guideModels = map[string]string{"5x30": "5030 5230 5330"}

// pair is what a condition of guide.tsv is asked of: the two hosts, and whether
// they are in two domains that replicate.
type pair struct {
	from, to *lang.Facts
	air      bool
}

// expression is a condition of guide.tsv.
type expression interface {
	holds(p pair) bool
	// each calls use for all tests below.
	each(use func(test))
}

type both struct{ x, y expression }
type either struct{ x, y expression }
type neither struct{ x expression }

func (e both) holds(p pair) bool    { return e.x.holds(p) && e.y.holds(p) }
func (e either) holds(p pair) bool  { return e.x.holds(p) || e.y.holds(p) }
func (e neither) holds(p pair) bool { return !e.x.holds(p) }

func (e both) each(use func(test))    { e.x.each(use); e.y.each(use) }
func (e either) each(use func(test))  { e.x.each(use); e.y.each(use) }
func (e neither) each(use func(test)) { e.x.each(use) }

// test is the smallest condition: "from has grt", "to.version < 7.0.1", "AIR".
type test struct{ end, what, op, value string }

func (t test) each(use func(test)) { use(t) }

func (t test) holds(p pair) bool {
	f := p.from
	if t.end == "to" {
		f = p.to
	}
	switch t.op {
	case "always":
		return true
	case "AIR":
		return p.air
	case "strict":
		return f.Domain.Strict
	case "uncertain":
		return f.Domain.Uncertain
	case "has":
		return slices.ContainsFunc(f.Features, func(x *lang.Feature) bool { return x.Name == t.value })
	case "is":
		return slices.ContainsFunc(f.Roles, func(r *lang.Role) bool { return r.Name == t.value })
	}
	return t.compares(f)
}

func (t test) compares(f *lang.Facts) bool {
	if t.what == "version" {
		return compared(f.Version.String(), t.op, t.value)
	}
	for _, s := range f.Settings {
		if s.Name == t.what {
			return compared(fmt.Sprint(s.Value), t.op, t.value)
		}
	}
	return false
}

// compared reports whether have, if it is something, stands in the relation to
// want. Up to a release includes its maintenance releases.
func compared(have, op, want string) bool {
	if have == "" {
		return false
	}
	switch op {
	case "<":
		return older(have, want)
	case ">":
		return older(want, have)
	case ">=":
		return !older(have, want)
	case "<=":
		return !older(want, have) || strings.HasPrefix(have, want+".")
	}
	return have == want
}

// parseGuide reads a condition of guide.tsv: tests joined by and, or, not and
// brackets; and binds closer than or.
func parseGuide(text string) (expression, error) {
	text = strings.NewReplacer("(", " ( ", ")", " ) ").Replace(text)
	p := &guideParser{words: strings.Fields(text), text: text}
	e := p.or()
	if p.err == nil && len(p.words) > 0 {
		p.fail("%q is left over", strings.Join(p.words, " "))
	}
	return e, p.err
}

type guideParser struct {
	words []string
	text  string
	err   error
}

func (p *guideParser) fail(format string, args ...any) {
	if p.err == nil {
		p.err = fmt.Errorf("condition %q: %s", p.text, fmt.Sprintf(format, args...))
	}
}

func (p *guideParser) next(word string) bool {
	if len(p.words) == 0 || p.words[0] != word {
		return false
	}
	p.words = p.words[1:]
	return true
}

func (p *guideParser) or() expression {
	e := p.and()
	for p.next("or") {
		e = either{e, p.and()}
	}
	return e
}

func (p *guideParser) and() expression {
	e := p.not()
	for p.next("and") {
		e = both{e, p.not()}
	}
	return e
}

func (p *guideParser) not() expression {
	if p.next("not") {
		return neither{p.not()}
	}
	if p.next("(") {
		e := p.or()
		if !p.next(")") {
			p.fail("a bracket is not closed")
		}
		return e
	}
	return p.phrase()
}

// phrase is all words up to the next joining one: an entry of the glossary, or
// a test.
func (p *guideParser) phrase() expression {
	n := slices.IndexFunc(p.words, func(w string) bool { return slices.Contains([]string{"and", "or", "not", "(", ")"}, w) })
	if n < 0 {
		n = len(p.words)
	}
	phrase := strings.Join(p.words[:n], " ")
	p.words = p.words[n:]
	if meaning, ok := glossary[phrase]; ok {
		e, err := parseGuide(meaning)
		if err != nil {
			p.fail("%v", err)
		}
		return e
	}
	return p.test(phrase)
}

func (p *guideParser) test(phrase string) expression {
	w := strings.Fields(phrase)
	switch {
	case slices.Contains([]string{"always", "AIR", "strict", "uncertain"}, phrase):
		return test{op: phrase}
	case len(w) == 3 && (w[0] == "from" || w[0] == "to") && (w[1] == "has" || w[1] == "is"):
		return test{end: w[0], op: w[1], value: w[2]}
	case len(w) == 3 && slices.Contains([]string{"<", "<=", ">", ">=", "="}, w[1]):
		end, what, _ := strings.Cut(w[0], ".")
		if long := guideSettings[what]; long != "" {
			what = long
		}
		if end == "from" || end == "to" {
			return p.anyValue(test{end, what, w[1], w[2]})
		}
	}
	p.fail("%q is neither a test nor in the glossary", phrase)
	return test{op: "always"}
}

// anyValue is the test for each model that the value stands for.
func (p *guideParser) anyValue(t test) expression {
	values := strings.Fields(guideModels[t.value])
	if len(values) == 0 {
		return t
	}
	var e expression
	for _, v := range values {
		t.value = v
		if e == nil {
			e = t
		} else {
			e = either{e, t}
		}
	}
	return e
}
