package push_test

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/nbfwc/nbfwc/push"
	"github.com/nbfwc/nbfwc/ruleset"
	"github.com/nbfwc/nbfwc/targets"
)

// kind is how a fake device takes changes.
type kind string

const (
	stepwise kind = "stepwise" // line by line
	atomic   kind = "atomic"   // as a candidate
	timed    kind = "timed"    // line by line, and back by itself
	early    kind = "early"    // the same, but it saves before it stops the timer
)

// fakeDialogue talks with fake devices.
type fakeDialogue struct{ kind kind }

func reads(line string) targets.Command { return targets.Command{Line: line, Reads: true, Any: true} }

func (fakeDialogue) Platform() targets.Platform { return targets.Platform{Name: "fake"} }

func (fakeDialogue) Open(ctx context.Context, s targets.Session, _ targets.Partition) (targets.Identity, error) {
	a, err := s.Do(ctx, reads("identity"))
	if err != nil {
		return targets.Identity{}, err
	}
	w := strings.Split(strings.TrimSpace(a[0]), "|")
	if len(w) != 5 {
		return targets.Identity{}, fmt.Errorf("no identity: %q", a[0])
	}
	return targets.Identity{Hostname: w[0], Model: w[1], Version: w[2], Serial: w[3], Standby: w[4] == "standby"}, nil
}

func (fakeDialogue) Fetch(ctx context.Context, s targets.Session, _ targets.Partition) ([]byte, error) {
	c := reads("running")
	c.End, c.Private = "end", true
	a, err := s.Do(ctx, c)
	if err != nil {
		return nil, err
	}
	return []byte(a[0]), nil
}

func (fakeDialogue) Pending(ctx context.Context, s targets.Session, p *targets.Push) ([]string, error) {
	if p.ID == "" {
		return nil, errors.New("a push has a name")
	}
	a, err := s.Do(ctx, reads("pending"))
	if err != nil || a[0] == "" {
		return nil, err
	}
	return strings.Split(a[0], "\n"), nil
}

func (f fakeDialogue) Guarantee(targets.Identity) targets.Guarantee {
	return targets.Guarantee{Atomic: f.kind == atomic, Timed: f.kind == timed || f.kind == early, Text: "as a test needs it"}
}

func do(ctx context.Context, s targets.Session, lines ...string) error {
	commands := make([]targets.Command, len(lines))
	for i, l := range lines {
		commands[i] = targets.Command{Line: l}
	}
	_, err := s.Do(ctx, commands...)
	return err
}

func (f fakeDialogue) Prepare(ctx context.Context, s targets.Session, p *targets.Push) error {
	if p.Change.Result.Stages == nil {
		return errors.New("a push that is made knows its result")
	}
	if err := known(p); err != nil {
		return err
	}
	p.Note("a copy is kept")
	return do(ctx, s, "backup "+p.ID)
}

func (f fakeDialogue) Apply(ctx context.Context, s targets.Session, p *targets.Push) error {
	var lines []string
	for _, step := range p.Change.Steps {
		lines = append(lines, step.Commands...)
	}
	switch f.kind {
	case timed, early:
		lines = append([]string{fmt.Sprintf("arm %s %d", p.ID, int(p.Timeout.Seconds()))}, lines...)
	case atomic:
		if err := do(ctx, s, "draft "+p.ID); err != nil {
			return err
		}
		ahead := make([]targets.Command, len(lines))
		for i, l := range lines {
			ahead[i] = targets.Command{Line: "draft-" + l, Ahead: true}
		}
		if _, err := s.Do(ctx, append(ahead, targets.Command{Line: "commit " + p.ID})...); err != nil {
			return err
		}
		return nil
	}
	return do(ctx, s, lines...)
}

func (f fakeDialogue) Confirm(ctx context.Context, s targets.Session, p *targets.Push) error {
	lines := []string{"write"}
	switch {
	case len(p.Change.Steps) == 0:
	case f.kind == timed:
		lines = []string{"disarm " + p.ID, "write"}
	case f.kind == early:
		lines = []string{"write", "disarm " + p.ID}
	}
	return do(ctx, s, lines...)
}

// known holds that a push says all that a dialogue may want to know, also when
// it comes from a record.
func known(p *targets.Push) error {
	if !bytes.HasSuffix(p.Before, []byte("end\n")) || fmt.Sprint(p.Parse) != fmt.Sprint(parseOptions) || p.Admin != "nbfwc" || p.Prefix != "NB-" ||
		p.Part.Context != "blue" || p.Identity.Serial == "" || p.Timeout != time.Minute || p.Change == nil || p.ID == "" {
		return fmt.Errorf("the push doesn't say all: %+v", p)
	}
	return nil
}

func (f fakeDialogue) Settle(ctx context.Context, s targets.Session, p *targets.Push) ([]string, error) {
	if err := known(p); err != nil {
		return nil, err
	}
	switch f.kind {
	case atomic:
		return []string{"the candidate was discarded"}, do(ctx, s, "discard "+p.ID)
	case timed, early:
		return []string{"it went back"}, do(ctx, s, "back "+p.ID)
	}
	return nil, nil
}

func (f fakeDialogue) Finish(ctx context.Context, s targets.Session, p *targets.Push) error {
	return do(ctx, s, "forget "+p.ID)
}

// fakeTarget reads and plans configurations of fake devices. What is wanted are
// the lines of Job.Header.
type fakeTarget struct{ targets.Target }

func (fakeTarget) Name() string { return "fake" }

// parseOptions are how fake devices are to be read, always.
var parseOptions = targets.ParseOptions{
	Interfaces: []targets.Interface{{Label: "inside", Devices: []string{"eth0", "eth1"}}}, Context: "blue", Prefix: "NB-",
	Behind: map[string]ruleset.AddrSet{"inside": ruleset.PrefixSet(netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("2001:db8::/32")), "": {}},
}

func (fakeTarget) Parse(r io.Reader, opt targets.ParseOptions) (*targets.Config, error) {
	if fmt.Sprint(opt) != fmt.Sprint(parseOptions) {
		return nil, fmt.Errorf("the configuration is read with %v, not with %v", opt, parseOptions)
	}
	c := &targets.Config{}
	var lines []string
	in := bufio.NewScanner(r)
	for in.Scan() {
		w := strings.Fields(in.Text())
		switch w[0] {
		case "hostname":
			c.Hostname = w[1]
		case "version": // of the software
			c.OS = w[1]
		case "manager":
			c.Manager = w[1]
		case "nat":
			c.NAT = append(c.NAT, targets.NATRule{Text: in.Text()})
			c.Digest += in.Text() + ";"
		case "ours", "other":
			lines = append(lines, in.Text())
		case "end":
			c.RuleSet, c.Model, c.Digest = rulesOf(lines), lines, c.Digest+strings.Join(lines, ";")
			return c, nil
		default:
			return nil, fmt.Errorf("no line of a fake device: %q", in.Text())
		}
	}
	return nil, errors.New("the end is missing")
}

func rulesOf(lines []string) ruleset.RuleSet {
	st := ruleset.Stage{Name: "forward", Default: ruleset.Deny}
	for _, l := range lines {
		w := strings.Fields(l)
		port, _ := strconv.Atoi(w[3])
		r := ruleset.Rule{
			Name: l, Dst: ruleset.AnyAddr(), Action: ruleset.Permit,
			Service: ruleset.TCPPorts(ruleset.PortRange{From: uint16(port), To: uint16(port)}),
		}
		if r.Src = ruleset.AnyAddr(); w[2] != "any" {
			r.Src = ruleset.PrefixSet(netip.PrefixFrom(netip.MustParseAddr(w[2]), 32))
		}
		if w[1] == "deny" {
			r.Action = ruleset.Deny
		}
		st.Rules = append(st.Rules, r)
	}
	return ruleset.RuleSet{Stages: []ruleset.Stage{st}}
}

func (fakeTarget) Plan(have *targets.Config, job targets.Job, _ targets.PlanOptions) (*targets.Change, []targets.Problem) {
	return change(have, job.Header)
}

func (fakeTarget) Restore(have, before *targets.Config) (*targets.Change, []targets.Problem) {
	return change(have, before.Model.([]string))
}

// change adds what is missing, then removes what isn't wanted.
func change(have *targets.Config, want []string) (*targets.Change, []targets.Problem) {
	now := slices.Clone(have.Model.([]string))
	if slices.Contains(now, "other deny any 666") {
		return nil, []targets.Problem{{Text: "other deny any 666", Why: "it hides all of ours"}}
	}
	c := &targets.Change{}
	for _, l := range want {
		if strings.HasPrefix(l, "ours ") && !slices.Contains(now, l) {
			c.Steps = append(c.Steps, targets.Step{Why: "permit " + l, Commands: []string{"add " + l}})
			now = append(now, l)
		}
	}
	for _, l := range ours(now) {
		if !slices.Contains(want, l) {
			c.Steps = append(c.Steps, targets.Step{Why: "remove " + l, Commands: []string{"del " + l}})
			now = slices.DeleteFunc(now, func(x string) bool { return x == l })
		}
	}
	c.Result = rulesOf(now)
	return c, nil
}

// world is a device and the policy for it.
type world struct {
	clock *fakeClock
	fake  *fakeDevice
	units []*fakeDevice
	dev   *push.Device
	eng   *push.Engine
}

var (
	oldLines = []string{"other permit 10.9.0.1 22", "ours permit 10.1.0.1 1556", "ours permit 10.1.0.2 1556", "ours permit 10.1.0.3 13724"}
	newLines = []string{"ours permit 10.1.0.1 1556", "ours permit 10.1.0.4 1556", "ours permit 10.1.0.5 443"}
)

// newWorld is a device with the old configuration, and the policy that asks for
// the new one.
func newWorld(state string, k kind) *world {
	clock := newClock()
	w := &world{clock: clock, fake: newFake(clock, oldLines...)}
	w.fake.legal = [][]string{oldLines, newLines}
	w.on(state, k, w.fake)
	return w
}

// on has the engine work on a device.
func (w *world) on(state string, k kind, fake *fakeDevice) {
	w.fake, w.clock, w.units = fake, fake.clock, []*fakeDevice{fake}
	w.dev = &push.Device{
		Name: "edge", Firewall: "edge-fw", Units: 1, Admin: "nbfwc", Target: fakeTarget{}, Dialogue: fakeDialogue{k},
		Part: targets.Partition{Context: "blue"}, Parse: targets.ParseOptions{Interfaces: parseOptions.Interfaces, Prefix: "NB-", Behind: parseOptions.Behind},
		Job: targets.Job{Firewall: "edge-fw", Prefix: "NBU-", Header: newLines}, Hostname: "edge", OS: "9.1",
		Policy: "policy.hcl", PolicyDigest: "abc", Reach: []byte(`{"at":"192.0.2.1:22"}`),
	}
	w.eng = &push.Engine{
		Dial: w.dial, State: state, Now: w.clock.now, Who: "alice@desk", Timeout: time.Minute, Wait: w.clock.wait,
	}
}

func (w *world) dial(ctx context.Context, _ *push.Device, unit int, readOnly bool) (targets.Session, error) {
	d := w.units[unit]
	d.mu.Lock()
	defer d.mu.Unlock()
	d.dials++
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if d.dead {
		return nil, errors.New("no route to host")
	}
	return &fakeSession{d: d, readOnly: readOnly}, nil
}

// heal takes away what is wrong with a device.
func (d *fakeDevice) heal() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.at, d.dead, d.before, d.stored = 0, false, nil, false
}
