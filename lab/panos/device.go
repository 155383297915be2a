package panos

import (
	"errors"
	"fmt"
	"strings"
	"sync"

	"github.com/nbfwc/nbfwc/lab"
)

// Options is what a device begins with.
type Options struct {
	Hostname string // PA-VM if empty
	Version  string // 10.2.0 if empty
	// MultiVsys are the names of the virtual systems; without them there is
	// one, vsys1, that isn't named in commands.
	MultiVsys []string
	// Applications are names of applications beside the few that every device
	// has.
	Applications []string
	Faults       Faults
}

// change is an edit of the candidate that hasn't been committed.
type change struct {
	admin string
	do    func(*node) error
}

// job is a commit or a validation.
type job struct {
	id     int
	kind   string
	ok     bool
	detail string
}

// Device is an emulated firewall. It may be used by several sessions at once.
type Device struct {
	mu         sync.Mutex
	opt        Options
	running    *node
	candidate  *node
	pushed     *node
	pending    []change
	versions   []*node
	saved      map[string]*node
	jobs       []job
	hits       map[string]int
	configLock string // who holds it
	commitLock string
	lines      int
}

var _ lab.Device = (*Device)(nil)

// New returns a device without zones, objects and rules.
func New(opt Options) *Device {
	if opt.Hostname == "" {
		opt.Hostname = "PA-VM"
	}
	if opt.Version == "" {
		opt.Version = "10.2.0"
	}
	root := &node{s: configSchema}
	return &Device{opt: opt, running: root, candidate: root.copy(), pushed: &node{s: pushedSchema},
		versions: []*node{root.copy()}, saved: map[string]*node{}, hits: map[string]int{}}
}

func (d *Device) scope(target string) scope {
	sc := scope{root: configSchema, multi: d.opt.MultiVsys, target: target}
	if len(sc.multi) == 0 {
		sc.target = "vsys1"
	}
	return sc
}

// Load replaces running and candidate configuration by a printed one: lines of
// "set", braces or XML. It is an error, and nothing changes, if a line isn't
// taken or the commit of the whole fails.
func (d *Device) Load(text string) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	root, err := d.scope("").read(text)
	if err != nil {
		return err
	}
	if faults := d.check(root); len(faults) > 0 {
		return errors.New(strings.Join(faults[:min(len(faults), 10)], "\n"))
	}
	d.running, d.candidate, d.pending = root, root.copy(), nil
	d.versions = append(d.versions, root.copy())
	return nil
}

// Push gives the device what Panorama pushes: lines of "set" for objects,
// pre-rulebase and post-rulebase.
func (d *Device) Push(text string) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	sc := d.scope("")
	sc.root = pushedSchema
	root, err := sc.read(text)
	if err != nil {
		return fmt.Errorf("pushed: %w", err)
	}
	d.pushed = root
	return nil
}

// Running prints the running configuration as lines of "set".
func (d *Device) Running() string {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.asSet(d.running)
}

// RunningXML prints the running configuration as XML.
func (d *Device) RunningXML() string {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.asXML(d.running)
}

// RunningBraces prints the running configuration in braces.
func (d *Device) RunningBraces() string {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.asBraces(d.running)
}

// Candidate prints the candidate configuration as lines of "set".
func (d *Device) Candidate() string {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.asSet(d.candidate)
}

// SetHits sets the hit count of a rule of vsys1.
func (d *Device) SetHits(rule string, hits int) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.hits[rule] = hits
}

func (d *Device) hostname() string {
	if h := d.running.text("deviceconfig", "system", "hostname"); h != "" {
		return h
	}
	return d.opt.Hostname
}

// Faults are what can go wrong on request. Lines are counted over all sessions
// from 1.
type Faults struct {
	DropAfter  int      // ends a session after so many lines of it were done
	DropBefore int      // ends it when this line comes, which isn't done
	DropCommit bool     // a commit ends the session; the job goes on
	RefuseNth  int      // "Server error : Timed out" to this line
	MeddleNth  int      // before this line another administrator types Meddle
	Meddle     []string // in configuration mode, as admin "other"
	AutoCommit bool     // the auto-commit after the start has not finished
	Busy       int      // so many commits are refused because another one runs
	CommitFail string   // commits fail with this text
}

// SetFaults replaces the faults. Lines go on being counted from 1.
func (d *Device) SetFaults(f Faults) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.opt.Faults, d.lines = f, 0
}
