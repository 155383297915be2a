package panos

import (
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

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
	// Readers are administrators who change nothing (superreader).
	Readers []string
	// Panorama is a Panorama instead of a firewall: its configuration has
	// device groups, and it decides about no packets.
	Panorama bool
	// FormatRunning prints "show config running" in the format of "set cli
	// config-output-format"; else it is XML, whatever that says.
	FormatRunning bool
	Model         string // PA-VM if empty
	Serial        string // 007051000000001 if empty
	// HA is the state of the unit in a pair, as its prompt shows it: active,
	// passive, active-primary, active-secondary, suspended; "" for no pair.
	HA string
	// Now tells the time; if it is nil each line takes a second from
	// 2026-01-02 03:04:05 UTC on, and jobs take their time by the wall clock.
	Now    func() time.Time
	Faults Faults
}

// Device is an emulated firewall. It may be used by several sessions at once.
type Device struct {
	mu        *sync.Mutex // shared by a pair
	opt       Options
	running   *node
	candidate *node
	pushed    *node
	pending   []change
	versions  []version
	saved     map[string]*node
	jobs      []*job
	queue     []*job // those that have not ended
	hits      map[string]int
	locks     []lock
	sessions  []*Session
	peer      *Device
	outOfSync bool
	down      int // counts restarts
	lines     int // since the faults were set
	ticks     int // lines ever
	edits     int // changes ever
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
	if opt.Model == "" {
		opt.Model = "PA-VM"
		if opt.Panorama {
			opt.Model = "Panorama"
		}
	}
	if opt.Serial == "" {
		opt.Serial = "007051000000001"
	}
	root := &node{s: configSchema}
	if opt.Panorama {
		root.s = panoramaSchema
	}
	return &Device{mu: new(sync.Mutex), opt: opt, running: root, candidate: root.copy(), pushed: &node{s: pushedSchema},
		versions: []version{{root: root.copy(), admin: "admin"}}, saved: map[string]*node{}, hits: map[string]int{}}
}

// now is the time that the device prints.
func (d *Device) now() time.Time {
	if d.opt.Now != nil {
		return d.opt.Now()
	}
	return time.Date(2026, 1, 2, 3, 4, 5+d.ticks, 0, time.UTC)
}

// clock is the time by which jobs take theirs.
func (d *Device) clock() time.Time {
	if d.opt.Now != nil {
		return d.opt.Now()
	}
	return time.Now()
}

func (d *Device) scope(target string) scope {
	sc := scope{root: d.running.s, multi: d.opt.MultiVsys, target: target}
	if len(sc.multi) == 0 && !d.opt.Panorama {
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
	d.versions = append(d.versions, version{root: root.copy(), at: d.now(), admin: "admin"})
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
	d.settle()
	return d.asSet(d.running)
}

// RunningXML prints the running configuration as XML.
func (d *Device) RunningXML() string {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.settle()
	return d.asXML(d.running)
}

// RunningBraces prints the running configuration in braces.
func (d *Device) RunningBraces() string {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.settle()
	return d.asBraces(d.running)
}

// Candidate prints the candidate configuration as lines of "set".
func (d *Device) Candidate() string {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.settle()
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
