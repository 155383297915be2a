package drift

import (
	"errors"
	"fmt"
	"io/fs"
	"slices"

	"github.com/nbfwc/nbfwc/compile"
	"github.com/nbfwc/nbfwc/lang"
	"github.com/nbfwc/nbfwc/ruleset"
	"github.com/nbfwc/nbfwc/targets"
)

// Source is a running configuration that a draft is made from.
type Source struct {
	File, Target string
	Config       *targets.Config
}

// Draft is a policy made from running configurations, and what of them it
// leaves out.
type Draft struct {
	// Text is the policy: it loads, compiles and is laid out as Format does it.
	Text      []byte
	Firewalls []DraftFirewall
	Hosts     []DraftHosts
	// Version is the NetBackup version that the roles were guessed with, "" if
	// no role is written.
	Version string
	// Flows counts the flow blocks: what no role explains.
	Flows int
	// Left is what the draft and the configurations treat differently, and
	// what couldn't be told; empty if on NetBackup's own ports they let the
	// same packets pass.
	Left []Leftover
}

// DraftFirewall says what became of one configuration.
type DraftFirewall struct {
	Label, File, Target string
	// Permits counts boxes of packets that were taken over.
	Permits int
	// Equal says that the draft lets the same packets pass on NetBackup's own
	// ports.
	Equal bool
}

// DraftHosts is a hosts block of the draft.
type DraftHosts struct {
	Label, Zone string
	Addresses   ruleset.AddrSet
	Guess       Guess
}

// Guess is which roles hosts could have.
type Guess struct {
	Roles []string
	// Percent is how sure the guess is; Evidence is what speaks for it, a
	// clause each.
	Percent  int
	Evidence []string
	// Written says that the draft has the roles. Against says what speaks
	// against it otherwise.
	Written bool
	Against string
}

// Leftover is packets of a configuration that the draft treats otherwise.
type Leftover struct {
	Firewall string
	// Kind is "missing" for packets that the configuration lets pass and the
	// draft doesn't, "extra" for the other way round, "unclear" for those that
	// depend on what is not modelled, "unread" for lines that were not
	// understood, "dropped" for what could not be written.
	Kind string
	Rule string
	Line int
	Why  string
	// Boxes are the packets; More counts those that are not listed.
	Boxes []ruleset.Box
	More  int
}

// ErrDraftTooLarge says that a configuration has more separate permits than a
// draft can be made of.
var ErrDraftTooLarge = errors.New("the configurations have too many separate permits on NetBackup's ports for one draft; import fewer files at a time")

// MakeDraft makes a policy from configurations. The files of the catalogue are
// those that the policy will be read with.
func MakeDraft(sources []Source, files fs.FS) (*Draft, error) {
	catalog, diags := lang.LoadCatalog(files)
	if diags.HasErrors() {
		return nil, diags
	}
	d := &drafter{files: files, catalog: catalog}
	d.ports = OwnPorts(catalog).Subtract(ReservedPorts(catalog))
	if err := d.read(sources); err != nil {
		return nil, err
	}
	d.makeZones()
	g, err := d.load(nil)
	if err != nil {
		return nil, err
	}
	if err := d.makeHosts(g); err != nil {
		return nil, err
	}
	if err := d.settleWays(); err != nil {
		return nil, err
	}
	if err := d.guessRoles(); err != nil {
		return nil, err
	}
	g, text, err := d.finish()
	if err != nil {
		return nil, err
	}
	out := &Draft{Text: text, Version: d.writtenVersion(), Flows: len(d.flows), Left: d.left}
	for _, h := range d.hosts {
		out.Hosts = append(out.Hosts, DraftHosts{h.label, d.zoneOf(h), h.set, h.guess})
	}
	for i := range d.firewalls {
		if err := d.compare(g, i, out); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// drafter is the state of one import.
type drafter struct {
	files     fs.FS
	catalog   *lang.Catalog
	ports     ruleset.ServiceSet // NetBackup's own, without the reserved ones
	firewalls []*draftFirewall
	zones     []*draftZone
	boxes     []draftBox // what the firewalls let pass, with consistent ends
	hosts     []*draftHosts
	pairs     []draftPair // what passes between hosts, sorted
	version   string
	allPaths  bool // several ways: all of them
	services  []draftService
	flows     []*draftFlow
	banned    map[[2]int]bool // pairs of hosts that no flow can be written for
	left      []Leftover
}

type draftFirewall struct {
	Source
	label      string
	rs         *ruleset.RuleSet // with the labels of the draft
	interfaces []*draftInterface
	permits    []draftBox // certain and bounded, before interfaces are looked at
	known      ruleset.IfaceSet
}

type draftInterface struct {
	label, device string
	networks      []prefix
	byDefault     bool
	zones         []int
}

// draftBox is packets that pass, with the line that lets them.
type draftBox struct {
	ruleset.Box
	firewall int
	rule     string
	line     int
}

// load loads the policy as it is now and makes its graph.
func (d *drafter) load(drop func(compile.Problem) bool) (*compile.Graph, error) {
	text, err := d.text()
	if err != nil {
		return nil, err
	}
	g, problems, err := d.loadText(text)
	if err != nil || g != nil {
		return g, err
	}
	for _, p := range problems {
		if p.Severity == compile.Error && drop != nil && drop(p) {
			return nil, nil
		}
	}
	for _, p := range problems {
		if p.Severity == compile.Error {
			return nil, fmt.Errorf("the draft doesn't compile: %s: %s", p.Summary, p.Detail)
		}
	}
	return nil, errors.New("the draft doesn't compile")
}

func (d *drafter) loadText(text []byte) (*compile.Graph, []compile.Problem, error) {
	policy, _, diags := lang.Load(oneFile(text), draftFile, lang.Options{Catalog: d.files})
	if policy == nil {
		return nil, nil, fmt.Errorf("the draft doesn't load: %w", diags)
	}
	g, problems := compile.New(policy, compile.Options{})
	return g, problems, nil
}

// settleWays loads the policy with all flows until it compiles: where there are
// several ways, all of them are taken; what has no way is dropped.
func (d *drafter) settleWays() error {
	d.banned = map[[2]int]bool{}
	for range len(d.pairs) + 2 {
		d.makeFlows(nil)
		g, err := d.load(d.obstacle)
		if g != nil || err != nil {
			return err
		}
	}
	return errors.New("the draft doesn't compile")
}

// obstacle removes what a problem of the graph is about, and says whether that
// changed anything.
func (d *drafter) obstacle(p compile.Problem) bool {
	if !d.allPaths && len(d.firewalls) > 1 {
		d.allPaths = true
		return true
	}
	for _, f := range d.flows {
		if p.Subject.Line < f.line || p.Subject.Line > f.lastLine {
			continue
		}
		for _, a := range f.from {
			for _, b := range f.to {
				d.banned[[2]int{a, b}] = true
			}
		}
		d.left = append(d.left, Leftover{
			Kind: "dropped", Why: fmt.Sprintf("%s: %s", p.Summary, p.Detail),
			Firewall: d.firewalls[d.boxes[f.box].firewall].label, Rule: d.boxes[f.box].rule, Line: d.boxes[f.box].line,
			Boxes: []ruleset.Box{{Src: d.union(f.from), Dst: d.union(f.to), Service: d.serviceOf(f)}},
		})
		return true
	}
	return false
}

func (d *drafter) union(hosts []int) (s ruleset.AddrSet) {
	for _, h := range hosts {
		s = s.Union(d.hosts[h].set)
	}
	return s
}

func (d *drafter) serviceOf(f *draftFlow) (s ruleset.ServiceSet) {
	for _, i := range f.services {
		s = s.Union(d.services[i].set)
	}
	return s
}

func (d *drafter) writtenVersion() string {
	if slices.ContainsFunc(d.hosts, func(h *draftHosts) bool { return h.guess.Written }) {
		return d.version
	}
	return ""
}
