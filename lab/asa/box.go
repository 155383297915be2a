package asa

import (
	"sync"
	"time"
)

// box is the machine: what its contexts share.
type box struct {
	mu       *sync.Mutex // of both units of a pair
	opt      Options
	lines    int // typed since the start
	changes  int // of the configuration, of all contexts
	down     int // sessions that ended with a restart
	sessions map[*Session]bool
	files    map[string]string // disk0:
	reload   *reloadPlan

	system   *Device   // in multiple mode: the system execution space
	contexts []*Device // in single mode: one without a name

	peer      *box // the other unit of a pair
	secondary bool
	passive   bool // the standby unit
}

func newBox(opt Options) *box {
	return &box{mu: new(sync.Mutex), opt: opt, sessions: map[*Session]bool{}, files: map[string]string{}}
}

// lock makes the machine ours, after what has become due.
func (b *box) lock() {
	b.mu.Lock()
	b.due()
}

// multiple says that there are contexts.
func (b *box) multiple() bool { return b.system != nil }

// views are the configurations of the machine.
func (b *box) views() []*Device {
	if b.system != nil {
		return append([]*Device{b.system}, b.contexts...)
	}
	return b.contexts
}

// Tick does what has become due by the clock: a reload. Every other method
// does so as well.
func (d *Device) Tick() {
	d.lock()
	defer d.mu.Unlock()
}

// clock is the time.
func (b *box) clock() time.Time {
	if b.opt.Clock != nil {
		return b.opt.Clock()
	}
	return time.Date(2024, 1, 2, 3, 4, 5, 0, time.UTC)
}

// now is the time as the device prints it.
func (b *box) now() string { return stamp(b.clock()) }

func stamp(t time.Time) string { return t.UTC().Format("15:04:05.000 MST Mon Jan 2 2006") }

// changed notes who has changed the configuration. Where the clock stands, one
// change is a millisecond after the other.
func (d *Device) changedBy(who string) {
	d.changes++
	at := d.clock()
	if d.opt.Clock == nil {
		at = at.Add(time.Duration(d.changes) * time.Millisecond)
	}
	d.saved = false
	d.changed = who + " at " + stamp(at)
	d.replicate()
}

// Live is the options with the time of this computer.
func (o Options) Live() Options {
	o.Clock = time.Now
	o.Timer = func(d time.Duration, f func()) func() {
		t := time.AfterFunc(d, f)
		return func() { t.Stop() }
	}
	return o
}
