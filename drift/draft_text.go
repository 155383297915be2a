package drift

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/nbfwc/nbfwc/lang"
	"github.com/nbfwc/nbfwc/ruleset"
)

// draftService is a service of the catalogue, or one of the draft's own.
type draftService struct {
	name string
	set  ruleset.ServiceSet
	own  bool
	tcp  bool
	port ruleset.PortRange
}

// draftFlow is a flow block: from each of some hosts to each of others.
type draftFlow struct {
	label      string
	from, to   []int
	services   []int
	nonReserve bool
	box        int
	// line and lastLine are where the text has it.
	line, lastLine int
}

// explained says which services from hosts to hosts the roles open already.
type explained map[[2]int]ruleset.ServiceSet

// makeFlows makes flow blocks of the pairs that roles don't explain.
func (d *drafter) makeFlows(known explained) {
	d.flows, d.services = nil, nil
	type rest struct {
		services string
		list     []int
		reserved bool
		from     int
		to       []int
		box      int
	}
	var rests []*rest
	at := map[string]*rest{}
	for _, p := range d.pairs {
		ends := [2]int{p.from, p.to}
		if d.banned[ends] {
			continue
		}
		free, high := portsBySource(p.service.Subtract(known[ends]))
		for k, s := range []ruleset.ServiceSet{free, high.Subtract(free)} {
			if s.IsEmpty() {
				continue
			}
			list := d.servicesOf(s)
			key := fmt.Sprint(p.from, k, list)
			r := at[key]
			if r == nil {
				r = &rest{fmt.Sprint(list), list, k == 1, p.from, nil, p.box}
				at[key] = r
				rests = append(rests, r)
			}
			r.to = append(r.to, p.to)
		}
	}
	labels := unique{}
	same := map[string]*draftFlow{}
	for _, r := range rests {
		key := fmt.Sprint(r.services, r.reserved, r.to)
		f := same[key]
		if f == nil {
			f = &draftFlow{to: r.to, services: r.list, nonReserve: r.reserved, box: r.box}
			f.label = labels.pick(safeLabel(clipText(d.hosts[r.from].label, 18) + "-" + clipText(d.hosts[r.to[0]].label, 18)))
			same[key] = f
			d.flows = append(d.flows, f)
		}
		f.from = append(f.from, r.from)
	}
}

func clipText(s string, n int) string { return s[:min(len(s), n)] }

// portsBySource splits services into those from any source port and those from
// non-reserved ones; others can't be written.
func portsBySource(s ruleset.ServiceSet) (free, high ruleset.ServiceSet) {
	var any, most []ruleset.ServiceBox
	for _, b := range s.Boxes() {
		all := b
		all.Src = ruleset.PortRange{To: 65535}
		if b.Src == all.Src {
			any = append(any, all)
		}
		if b.Src.From <= 1024 && b.Src.To == 65535 {
			most = append(most, all)
		}
	}
	return ruleset.NewServiceSet(any...), ruleset.NewServiceSet(most...)
}

// servicesOf spells a set by services of the catalogue and of the draft.
func (d *drafter) servicesOf(s ruleset.ServiceSet) (out []int) {
	for _, c := range d.catalog.Services {
		if !c.NetBackup || c.Reserved {
			continue
		}
		if p := portsOf(c); p.Subtract(s).IsEmpty() && !p.Intersect(s).IsEmpty() {
			out = append(out, d.service(draftService{name: c.Name, set: p}))
			s = s.Subtract(p)
		}
	}
	for _, b := range s.Boxes() {
		if b.ProtoFrom != b.ProtoTo {
			continue
		}
		x := draftService{own: true, tcp: b.ProtoFrom == ruleset.TCP, port: b.Dst, set: ruleset.NewServiceSet(b)}
		x.name = fmt.Sprintf("imported_%d_%d_%d", b.ProtoFrom, b.Dst.From, b.Dst.To)
		out = append(out, d.service(x))
	}
	return out
}

func (d *drafter) service(s draftService) int {
	if k := slices.IndexFunc(d.services, func(x draftService) bool { return x.name == s.name }); k >= 0 {
		return k
	}
	d.services = append(d.services, s)
	return len(d.services) - 1
}

// text is the policy as it is now.
func (d *drafter) text() ([]byte, error) {
	w := &draftWriter{}
	w.line("# A draft made by nbfwc import. Read it before it is used: zones and roles are")
	w.line("# guesses, flows are what the configurations let pass.")
	for _, z := range d.zones {
		w.line("")
		w.comment(z.comment)
		w.line("zone %q {", z.name)
		w.list("networks", prefixTexts(z.networks))
		if z.transit {
			w.line("transit = true")
		}
		w.line("}")
	}
	if d.allPaths && len(d.firewalls) > 1 {
		w.line("")
		w.comment("The configurations don't say which of several ways packets take.")
		w.line("path \"all\" {")
		w.line("all = true")
		w.line("}")
	}
	for _, fw := range d.firewalls {
		d.firewallText(w, fw)
	}
	for _, s := range d.services {
		if s.own {
			w.line("")
			w.line("service %q {", s.name)
			w.line("%s = [\"%d-%d\"]", map[bool]string{true: "tcp", false: "udp"}[s.tcp], s.port.From, s.port.To)
			w.line("}")
		}
	}
	if len(d.hosts) > 0 {
		d.domainText(w)
	}
	text, diags := lang.Format([]byte(w.b.String()), draftFile)
	if diags.HasErrors() {
		return nil, diags
	}
	return text, nil
}

func (d *drafter) firewallText(w *draftWriter, fw *draftFirewall) {
	w.line("")
	w.comment("From " + fw.File + ".")
	w.line("firewall %q {", fw.label)
	w.line("target = %q", fw.Target)
	if isWord(fw.Config.OS) {
		w.line("os = %q", fw.Config.OS)
	}
	if isWord(fw.Config.Context) {
		w.line("context = %q", fw.Config.Context)
	}
	w.line("manage = \"section\"")
	w.comment("Where our section begins: see the target's page.")
	w.line("anchor = %q", fw.anchor())
	for _, i := range fw.interfaces {
		w.line("interface %q {", i.label)
		var zones []string
		for _, z := range i.zones {
			zones = append(zones, "zone."+d.zones[z].name)
		}
		if len(zones) > 0 {
			w.line("zones = [%s]", strings.Join(zones, ", "))
		}
		if i.byDefault {
			w.line("default = true")
		}
		w.line("}")
	}
	w.line("}")
}

// anchor is where a section begins: above all rules, or on nftables in the base
// chain of forwarded packets.
func (fw *draftFirewall) anchor() string {
	if fw.Target != "nftables" {
		return "top"
	}
	for _, s := range fw.rs.Stages {
		if isWord(s.Name) && len(strings.Fields(s.Name)) == 3 && strings.Contains(s.Name, "forward") {
			return s.Name
		}
	}
	return "inet filter forward"
}

func (d *drafter) domainText(w *draftWriter) {
	w.line("")
	w.comment("Hosts without a role that is known: only the flows below are theirs.")
	w.line("role \"imported\" {")
	w.line("title = \"Host of an imported configuration\"")
	w.line("external = true")
	w.line("}")
	w.line("")
	w.line("domain \"imported\" {")
	if v := d.writtenVersion(); v != "" {
		w.comment("A guess: say what your hosts run.")
		w.line("version = %q", v)
	}
	for _, h := range d.hosts {
		w.line("")
		w.guess(h.guess)
		w.line("hosts %q {", h.label)
		w.line("zone = zone.%s", d.zoneOf(h))
		h.addressText(w)
		roles := []string{"role.imported"}
		if h.guess.Written {
			roles = nil
			for _, r := range h.guess.Roles {
				roles = append(roles, "role."+r)
			}
		}
		w.line("roles = [%s]", strings.Join(roles, ", "))
		w.line("}")
	}
	for _, f := range d.flows {
		w.line("")
		b := &d.boxes[f.box]
		if b.rule != "" || b.line > 0 {
			w.comment(fmt.Sprintf("%s: %s", d.firewalls[b.firewall].label, ruleText(&ruleset.Rule{Name: b.rule, Line: b.line})))
		}
		f.line = w.lines + 1
		w.line("flow %q {", f.label)
		w.line("from = [%s]", d.hostRefs(f.from))
		w.line("to = [%s]", d.hostRefs(f.to))
		var names []string
		for _, s := range f.services {
			names = append(names, "service."+d.services[s].name)
		}
		w.line("service = [%s]", strings.Join(names, ", "))
		if f.nonReserve {
			w.line("sources = \"nonreserved\"")
		}
		w.line("}")
		f.lastLine = w.lines
	}
	w.line("}")
}

func (d *drafter) hostRefs(list []int) string {
	var out []string
	for _, h := range list {
		out = append(out, "hosts."+d.hosts[h].label)
	}
	return strings.Join(out, ", ")
}

func (h *draftHosts) addressText(w *draftWriter) {
	ranges := h.set.Ranges()
	var n int
	for _, r := range ranges {
		if r.From == r.To {
			n++
		}
	}
	if n == len(ranges) && len(h.names) == n {
		w.line("addresses = {")
		for _, r := range ranges {
			w.line("%q = %q", h.names[r.From], r.From)
		}
		w.line("}")
		return
	}
	var texts []string
	for _, r := range ranges {
		text := r.String()
		if p, ok := r.Prefix(); ok && r.From != r.To {
			text = p.String()
		}
		texts = append(texts, text)
	}
	w.list("addresses", texts)
}

func prefixTexts(list []prefix) []string {
	out := make([]string, len(list))
	for i, p := range list {
		out[i] = p.String()
	}
	return out
}

// draftWriter collects lines.
type draftWriter struct {
	b     strings.Builder
	lines int
}

func (w *draftWriter) line(format string, args ...any) {
	fmt.Fprintf(&w.b, format+"\n", args...)
	w.lines++
}

// comment writes text as one line of comment, in printable ASCII.
func (w *draftWriter) comment(text string) {
	if text == "" {
		return
	}
	clean := strings.Map(func(r rune) rune {
		if r < ' ' || r >= 0x7f {
			return '?'
		}
		return r
	}, text)
	w.line("# %s", strings.TrimSpace(clipText(clean, 300)))
}

func (w *draftWriter) list(name string, items []string) {
	if len(items) <= 4 {
		for i, s := range items {
			items[i] = fmt.Sprintf("%q", s)
		}
		w.line("%s = [%s]", name, strings.Join(items, ", "))
		return
	}
	w.line("%s = [", name)
	for _, s := range items {
		w.line("%q,", s)
	}
	w.line("]")
}

func (w *draftWriter) guess(g Guess) {
	if len(g.Roles) == 0 {
		return
	}
	w.comment(fmt.Sprintf("A guess, %d %%: %s. %s.", g.Percent, strings.Join(g.Roles, ", "), strings.Join(g.Evidence, "; ")))
	if !g.Written {
		w.comment(cmp.Or(g.Against, "The role explains none of the permits."))
	}
}
