package push_test

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/nbfwc/nbfwc/targets"
)

// fakeClock is the time of a test. Waiting makes it pass.
type fakeClock struct {
	mu sync.Mutex
	t  time.Time
}

func newClock() *fakeClock {
	return &fakeClock{t: time.Date(2026, 11, 23, 1, 0, 0, 0, time.UTC)}
}

func (c *fakeClock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.t
}

func (c *fakeClock) pass(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.t = c.t.Add(d)
}

func (c *fakeClock) wait(ctx context.Context, d time.Duration) error {
	c.pass(d)
	return ctx.Err()
}

// fault is what goes wrong at a line that is typed.
type fault uint8

const (
	nothing    fault = iota
	refuse           // the device refuses the line
	dropBefore       // the connection breaks before the device has the line
	dropAfter        // the connection breaks when the device has done it
	deadBefore       // and the device can't be reached any more
	deadAfter
	crashBefore // our process ends before the line is sent
	crashAfter  // our process ends when the line is done
	powerCut    // the device restarts with what it has saved (emulated devices)
	failover    // the other unit of a pair takes over (emulated devices)
)

var faultNames = []string{"nothing", "refused", "dropped before", "dropped after", "dead before", "dead after", "crash before", "crash after", "power cut", "failover"}

func (f fault) String() string { return faultNames[f] }

// crash is the end of our process.
type crash struct{}

// fakeDevice is a firewall whose configuration is lines such as
// "ours permit 10.1.0.1 443". Lines of ours let packets pass.
type fakeDevice struct {
	clock *fakeClock

	mu       sync.Mutex
	id       targets.Identity
	running  []string
	startup  []string
	draft    []string // the candidate; nil if there is none
	draftOf  string
	backup   []string // what it goes back to by itself
	deadline time.Time
	armedBy  string
	files    map[string]bool // left by pushes
	others   []string        // what others have not saved

	typed  []string // all lines, over all sessions
	lines  int
	at     int // the fault comes at this line
	what   fault
	dead   bool
	dials  int
	before func(d *fakeDevice, line string) // what others do before a line
	stored bool                             // a write fails: the disk is full
	// legal are the states that packets may be treated by; broken is the
	// first that was another one.
	legal  [][]string
	broken string
	peer   *fakeDevice // the unit that takes over what is done here
	lag    int         // how many reads late
	ends   [2]netip.AddrPort
}

func newFake(clock *fakeClock, lines ...string) *fakeDevice {
	return &fakeDevice{
		clock: clock, id: targets.Identity{Hostname: "edge", Model: "Fake 9", Version: "9.1(2)", Serial: "FK0001"},
		running: lines, startup: slices.Clone(lines), files: map[string]bool{},
	}
}

// clone is a device in the same state, without faults.
func (d *fakeDevice) clone() *fakeDevice {
	d.mu.Lock()
	defer d.mu.Unlock()
	c := &fakeClock{t: d.clock.now()}
	return &fakeDevice{
		clock: c, id: d.id, running: slices.Clone(d.running), startup: slices.Clone(d.startup), draft: slices.Clone(d.draft), draftOf: d.draftOf,
		backup: slices.Clone(d.backup), deadline: d.deadline, armedBy: d.armedBy, files: map[string]bool{}, legal: d.legal, stored: d.stored,
	}
}

// tick lets happen what time makes happen.
func (d *fakeDevice) tick() {
	if d.armedBy != "" && d.clock.now().After(d.deadline) {
		d.running, d.armedBy = slices.Clone(d.backup), ""
	}
}

// look says whether each packet is treated by a legal state.
func (d *fakeDevice) look(line string) {
	if len(d.legal) == 0 || d.broken != "" {
		return
	}
	for _, l := range d.running {
		if !strings.HasPrefix(l, "ours ") {
			continue
		}
		if !slices.ContainsFunc(d.legal, func(s []string) bool { return slices.Contains(s, l) }) {
			d.broken = fmt.Sprintf("after %q: %q lets pass what neither state does", line, l)
		}
	}
	for _, l := range d.legal[0] {
		if strings.HasPrefix(l, "ours ") && slices.Contains(d.legal[1], l) && !slices.Contains(d.running, l) {
			d.broken = fmt.Sprintf("after %q: %q is gone, which both states have", line, l)
		}
	}
}

// ours are the lines of ours in a configuration, sorted.
func ours(lines []string) []string {
	var out []string
	for _, l := range lines {
		if strings.HasPrefix(l, "ours ") {
			out = append(out, l)
		}
	}
	slices.Sort(out)
	return out
}

// run does a line and answers.
func (d *fakeDevice) run(line string) string {
	d.tick()
	w := strings.Fields(line)
	rest := strings.Join(w[1:], " ")
	switch w[0] {
	case "identity":
		role := "active"
		if d.id.Standby {
			role = "standby"
		}
		return fmt.Sprintf("%s|%s|%s|%s|%s\n", d.id.Hostname, d.id.Model, d.id.Version, d.id.Serial, role)
	case "running":
		if d.peer != nil && !d.id.Standby {
			d.peer.take(d)
		}
		return "hostname " + d.id.Hostname + "\nversion " + d.id.Version + "\n" + strings.Join(append(d.running, "end"), "\n") + "\n"
	case "pending":
		return strings.Join(d.others, "\n")
	case "backup":
		d.files[rest] = true
	case "forget":
		delete(d.files, rest)
	case "add":
		if slices.Contains(d.running, rest) {
			return "% it is there already\n"
		}
		d.running = append(d.running, rest)
	case "del":
		i := slices.Index(d.running, rest)
		if i < 0 {
			return "% it is not there\n"
		}
		d.running = slices.Delete(d.running, i, i+1)
	case "draft":
		d.draft, d.draftOf = slices.Clone(d.running), rest
	case "draft-add":
		d.draft = append(d.draft, rest)
	case "draft-del":
		d.draft = slices.DeleteFunc(d.draft, func(l string) bool { return l == rest })
	case "commit":
		if d.draft == nil || d.draftOf != rest {
			return "% there is no such candidate\n"
		}
		d.running, d.draft = d.draft, nil
	case "discard":
		if d.draftOf == rest {
			d.draft = nil
		}
	case "arm":
		seconds, _ := strconv.Atoi(w[2])
		d.backup, d.deadline, d.armedBy = slices.Clone(d.running), d.clock.now().Add(time.Duration(seconds)*time.Second), w[1]
	case "disarm":
		if d.armedBy != rest {
			return "% nothing waits for that; it went back\n"
		}
		d.armedBy = ""
	case "back":
		if d.armedBy == rest {
			d.running, d.armedBy = slices.Clone(d.backup), ""
		}
	case "write":
		if d.stored {
			return "% no space left on device\n"
		}
		d.startup = slices.Clone(d.running)
	default:
		return "% what?\n"
	}
	return ""
}

// take is how a standby unit follows the active one.
func (d *fakeDevice) take(from *fakeDevice) {
	if d.lag > 0 {
		d.lag--
		return
	}
	d.running = slices.Clone(from.running)
}

// fakeSession is a login.
type fakeSession struct {
	d        *fakeDevice
	readOnly bool
	gone     bool
	closed   bool
}

var errLost = errors.New("the connection is lost")

func (s *fakeSession) Do(ctx context.Context, commands ...targets.Command) ([]string, error) {
	var answers []string
	for i := range commands {
		c := &commands[i]
		if s.readOnly && !c.Reads {
			return answers, targets.ErrReadOnly
		}
		if err := ctx.Err(); err != nil {
			s.gone = true
			return answers, err
		}
		a, err := s.line(c.Line)
		if err != nil {
			return answers, err
		}
		answers = append(answers, a)
		if err := c.Check(a, "", ""); err != nil {
			return answers, err
		}
	}
	return answers, nil
}

func (s *fakeSession) line(line string) (answer string, err error) {
	d := s.d
	d.mu.Lock()
	defer d.mu.Unlock()
	if s.gone || s.closed || d.dead {
		return "", errLost
	}
	if d.before != nil {
		d.before(d, line)
	}
	d.lines++
	what := nothing
	if d.lines == d.at {
		what = d.what
	}
	switch what {
	case refuse:
		return "% refused\n", nil
	case deadBefore, dropBefore:
		s.gone, d.dead = true, what == deadBefore
		return "", errLost
	case crashBefore:
		panic(crash{})
	}
	d.typed = append(d.typed, line)
	answer = d.run(line)
	d.look(line)
	switch what {
	case deadAfter, dropAfter:
		s.gone, d.dead = true, what == deadAfter
		return "", errLost
	case crashAfter:
		panic(crash{})
	}
	return answer, nil
}

func (s *fakeSession) Mode() string                          { return "" }
func (s *fakeSession) ReadOnly() bool                        { return s.readOnly }
func (s *fakeSession) Ends() (client, device netip.AddrPort) { return s.d.ends[0], s.d.ends[1] }
func (s *fakeSession) Close() error                          { s.closed = true; return nil }
