package fortigate

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/nbfwc/nbfwc/lab"
	"github.com/nbfwc/nbfwc/lab/fortios"
	"github.com/nbfwc/nbfwc/ruleset"
	"github.com/nbfwc/nbfwc/targets"
	"github.com/nbfwc/nbfwc/targets/targettest"
)

// Two policies for the same firewall. From the first to the second a client and
// a media server come and others go, a flow gets another port and so its policy
// is replaced, one flow ends and another begins.
const (
	firstPolicy = `{"Firewall": "edge", "Manage": "section", "Anchor": "before clean-up",
		"Interfaces": [{"Label": "inside", "Devices": ["inside"]}, {"Label": "dmz", "Devices": ["dmz"]}],
		"Groups": [
			{"Name": "NBU-master", "Reason": "master", "Members": ["10.1.0.10 master"]},
			{"Name": "NBU-media", "Reason": "media", "Members": ["10.1.0.21 med1", "10.1.0.22 med2"]},
			{"Name": "NBU-client", "Reason": "client", "Members": ["10.2.0.5 web1", "10.2.0.6 web2", "2001:db8:2::5 web1"]},
			{"Name": "NBU-master6", "Reason": "master", "Members": ["2001:db8:1::10 master"]}],
		"Stages": [{"Default": "next", "Rules": [
			{"Name": "NBU-master-to-client", "Reason": "master to client", "In": "inside", "Out": "dmz", "Src": "@NBU-master", "Dst": "@NBU-client", "Service": "tcp 1556, tcp 13724", "Action": "permit", "Idle": "8h"},
			{"Name": "NBU-media-to-client", "Reason": "media to client", "In": "inside", "Out": "dmz", "Src": "@NBU-media", "Dst": "@NBU-client", "Service": "tcp 1556", "Action": "permit"},
			{"Name": "NBU-client-to-media", "Reason": "client to media", "In": "dmz", "Out": "inside", "Src": "@NBU-client", "Dst": "@NBU-media", "Service": "tcp 10082, tcp 10102", "Action": "permit", "Log": true}]}]}`
	secondPolicy = `{"Firewall": "edge", "Manage": "section", "Anchor": "before clean-up",
		"Interfaces": [{"Label": "inside", "Devices": ["inside"]}, {"Label": "dmz", "Devices": ["dmz"]}],
		"Groups": [
			{"Name": "NBU-master", "Reason": "master", "Members": ["10.1.0.10 master"]},
			{"Name": "NBU-media", "Reason": "media", "Members": ["10.1.0.21 med1", "10.1.0.23 med3"]},
			{"Name": "NBU-client", "Reason": "client", "Members": ["10.2.0.5 web1", "10.2.0.7 web3", "2001:db8:2::5 web1", "2001:db8:2::7 web3"]},
			{"Name": "NBU-ops", "Reason": "console", "Members": ["10.1.0.30 ops"]}],
		"Stages": [{"Default": "next", "Rules": [
			{"Name": "NBU-master-to-client", "Reason": "master to client", "In": "inside", "Out": "dmz", "Src": "@NBU-master", "Dst": "@NBU-client", "Service": "tcp 1556, tcp 13782", "Action": "permit", "Idle": "8h"},
			{"Name": "NBU-client-to-media", "Reason": "client to media, deduplicated", "In": "dmz", "Out": "inside", "Src": "@NBU-client", "Dst": "@NBU-media", "Service": "tcp 10082, tcp 10102", "Action": "permit", "Log": true},
			{"Name": "NBU-ops-to-client", "Reason": "console to client", "In": "inside", "Out": "dmz", "Src": "@NBU-ops", "Dst": "@NBU-client", "Service": "tcp 1556", "Action": "permit"}]}]}`
	cleanUp = `config firewall policy
edit 9
set name "clean-up"
set srcintf "any"
set dstintf "any"
set srcaddr "all"
set dstaddr "all"
set schedule "always"
set service "ALL"
next
end
`
)

// story is a device that has the first policy and is to have the second.
type story struct {
	t       testing.TB
	kind    kind
	d       *fortios.Device
	job     targets.Job // the second
	before  string
	packets []lab.Packet
	was     []lab.Verdict
	will    []lab.Verdict
	wires   []*wire // the sessions, in order
}

// kind is a device of the matrix.
type kind struct {
	name, version, vdom string
}

var kinds = []kind{
	{"transaction", "7.2.4", ""},
	{"transaction in a VDOM", "7.4.1", "blue"},
	{"stepwise", "6.0.12", ""},
	{"stepwise in a VDOM", "6.0.12", "blue"},
}

func eachKind(t *testing.T, test func(t *testing.T, k kind)) {
	for _, k := range kinds {
		t.Run(k.name, func(t *testing.T) { t.Parallel(); test(t, k) })
	}
}

// device is a new one of the kind, with interfaces and nothing else.
func (k kind) device(t testing.TB) *fortios.Device {
	t.Helper()
	opt := fortios.Options{Hostname: "edge", Version: k.version}
	text := labInterfaces
	if k.vdom != "" {
		opt.VDOMs = []string{k.vdom}
		text = "config global\n" + strings.ReplaceAll(text, `set vdom "root"`, `set vdom "`+k.vdom+`"`) + "end\n"
	}
	d := fortios.New(opt)
	if err := d.Load(text); err != nil {
		t.Fatal(err)
	}
	return d
}

func (k kind) part() targets.Partition { return targets.Partition{Context: k.vdom} }

func (k kind) job(t testing.TB, text string) targets.Job {
	job, err := readJob([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	job.Context = k.vdom
	return job
}

// newStory is a device that has the first policy.
func newStory(t testing.TB, k kind) *story {
	t.Helper()
	y := &story{t: t, kind: k, d: k.device(t), job: k.job(t, secondPolicy)}
	y.enter(strings.Split(strings.TrimSpace(cleanUp), "\n"))
	if c := y.plan(y.d, k.job(t, firstPolicy)); c != nil {
		for _, s := range c.Steps {
			y.d.Login().Send(strings.Join(s.Commands, "\n"))
		}
	}
	y.before = y.d.Running()
	for _, src := range []string{"10.1.0.10", "10.1.0.21", "10.1.0.22", "10.1.0.23", "10.1.0.30", "2001:db8:1::10"} {
		for _, dst := range []string{"10.2.0.5", "10.2.0.6", "10.2.0.7", "2001:db8:2::5", "2001:db8:2::7"} {
			a, b := netip.MustParseAddr(src), netip.MustParseAddr(dst)
			if a.Is4() != b.Is4() {
				continue
			}
			for _, port := range []uint16{1556, 13724, 13782, 10082} {
				y.packets = append(y.packets,
					lab.Packet{In: "inside", Out: "dmz", Src: a, Dst: b, Proto: 6, SrcPort: 50000, DstPort: port},
					lab.Packet{In: "dmz", Out: "inside", Src: b, Dst: a, Proto: 6, SrcPort: 50000, DstPort: port})
			}
		}
	}
	y.was = y.decide(y.d)
	// A device that has the second policy from the start says what will be.
	other := &story{t: t, kind: k, d: k.device(t)}
	other.enter(strings.Split(strings.TrimSpace(cleanUp), "\n"))
	for _, s := range other.plan(other.d, y.job).Steps {
		other.d.Login().Send(strings.Join(s.Commands, "\n"))
	}
	y.will = y.decide(other.d)
	if slices.Equal(y.was, y.will) {
		t.Fatal("the two policies do the same")
	}
	return y
}

// enter types commands of the VDOM.
func (y *story) enter(lines []string) {
	y.t.Helper()
	if y.kind.vdom != "" {
		lines = slices.Concat([]string{"config vdom", "edit " + y.kind.vdom}, lines, []string{"end"})
	}
	s := y.d.Login()
	for _, l := range lines {
		if a := s.Send(l); s.Refused(a) {
			y.t.Fatalf("%q: %s", l, a)
		}
	}
}

func (y *story) decide(d *fortios.Device) []lab.Verdict {
	out := make([]lab.Verdict, len(y.packets))
	for i, p := range y.packets {
		out[i] = d.Decide(p)
	}
	return out
}

// oldOrNew holds that the device treats each packet by the one or the other
// policy.
func (y *story) oldOrNew(when string) {
	y.t.Helper()
	for i, v := range y.decide(y.d) {
		if v != y.was[i] && v != y.will[i] {
			y.t.Fatalf("%s: %v: %d, by the old policy %d, by the new %d", when, y.packets[i], v, y.was[i], y.will[i])
		}
	}
}

// wholly holds that it treats all packets by the same.
func (y *story) wholly(when string) {
	y.t.Helper()
	if now := y.decide(y.d); !slices.Equal(now, y.was) && !slices.Equal(now, y.will) {
		y.t.Fatalf("%s: neither the old nor the new policy", when)
	}
}

func (y *story) does(want []lab.Verdict, when string) {
	y.t.Helper()
	for i, v := range y.decide(y.d) {
		if v != want[i] {
			y.t.Fatalf("%s: %v: %d, expected %d\n%s", when, y.packets[i], v, want[i], y.d.Running())
		}
	}
}

// restart loads a configuration and forgets the sessions.
func (y *story) restart(text string) {
	y.t.Helper()
	if err := y.d.Load(text); err != nil {
		y.t.Fatal(err)
	}
	y.d.Expire()
	y.wires = nil
}

// plan is the change to a job, nil if there is nothing to do.
func (y *story) plan(d *fortios.Device, job targets.Job) *targets.Change {
	y.t.Helper()
	have := mustParse(y.t, d.Running(), optionsOf(&job))
	c, problems := Target{}.Plan(have, job, targets.PlanOptions{})
	if problems != nil {
		y.t.Fatalf("no plan: %v\n%s", problems, d.Running())
	}
	return c
}

// push is the change that the device needs.
func (y *story) push(c *targets.Change) *targets.Push {
	return &targets.Push{ID: "20261123-0001", Admin: "nbfwc", Part: y.kind.part(), Before: []byte(y.d.Running()), Prefix: targets.DefaultPrefix,
		Identity: targets.Identity{Version: y.kind.version}, Change: c, Timeout: time.Minute}
}

// wire is a session that a test can listen to, cut and answer in place of the
// device.
type wire struct {
	lab.Session
	typed []string
	// instead gives an answer in place of the device's; nil for the device's.
	instead func(n int, line string) *string
	// cut ends the session at this line: before it is done, or when it is done
	// and before its answer.
	cut   int
	after bool
	heard func(line string) // after each line
}

func (w *wire) Send(line string) string {
	w.typed = append(w.typed, line)
	n := len(w.typed)
	if w.cut == n && !w.after {
		w.Close()
		return ""
	}
	if w.instead != nil {
		if a := w.instead(n, line); a != nil {
			return *a
		}
	}
	answer := w.Session.Send(line)
	if w.cut == n {
		w.Close()
		return ""
	}
	if w.heard != nil {
		w.heard(line)
	}
	return answer
}

// login begins a session, as prepared by with.
func (y *story) login(readOnly bool, with func(*wire)) (*targettest.Console, error) {
	w := &wire{Session: y.d.Login()}
	if with != nil {
		with(w)
	}
	y.wires = append(y.wires, w)
	return targettest.Connect(w, Dialogue{}.Platform(), readOnly, nil)
}

var quick = Dialogue{Poll: time.Millisecond}

// change does what a push does: the change in one session, its confirmation in
// another one.
func (y *story) change(p *targets.Push, with func(*wire)) error {
	ctx := context.Background()
	s, err := y.login(false, with)
	if err != nil {
		return err
	}
	defer s.Close()
	id, err := quick.Open(ctx, s, p.Part)
	if err != nil {
		return err
	}
	p.Identity = id
	pending, err := quick.Pending(ctx, s, p)
	if err == nil && len(pending) > 0 {
		err = errors.New(strings.Join(pending, "; "))
	}
	for _, do := range []func(context.Context, targets.Session, *targets.Push) error{quick.Prepare, quick.Apply} {
		if err == nil {
			err = do(ctx, s, p)
		}
	}
	if err != nil {
		return err
	}
	return y.confirm(p)
}

func (y *story) confirm(p *targets.Push) error {
	ctx := context.Background()
	s, err := y.login(false, nil)
	if err != nil {
		return err
	}
	defer s.Close()
	if _, err := quick.Open(ctx, s, p.Part); err != nil {
		return err
	}
	return errors.Join(quick.Confirm(ctx, s, p), quick.Finish(ctx, s, p))
}

// settle settles a push in a new session. The device discards what an old
// session left open while that waits.
func (y *story) settle(p *targets.Push) []string {
	y.t.Helper()
	looks := 0
	s, err := y.login(false, func(w *wire) {
		w.heard = func(line string) {
			if strings.HasSuffix(line, "txn-info") {
				if looks++; looks == 3 {
					y.d.Expire()
				}
			}
		}
	})
	if err != nil {
		y.t.Fatal(err)
	}
	defer s.Close()
	ctx := context.Background()
	if _, err := quick.Open(ctx, s, p.Part); err != nil {
		y.t.Fatal(err)
	}
	found, err := quick.Settle(ctx, s, p)
	if err != nil {
		y.t.Fatal(err)
	}
	return found
}

// fetched is what Fetch returns in a read-only session.
func (y *story) fetched() string {
	y.t.Helper()
	s, err := y.login(true, nil)
	if err != nil {
		y.t.Fatal(err)
	}
	defer s.Close()
	if _, err := quick.Open(context.Background(), s, y.kind.part()); err != nil {
		y.t.Fatal(err)
	}
	text, err := quick.Fetch(context.Background(), s, y.kind.part())
	if err != nil {
		y.t.Fatal(err)
	}
	return string(text)
}

// lines is what a session typed.
func lines(w *wire) string { return strings.Join(w.typed, "\n") }

func where(n int, typed []string) string { return fmt.Sprintf("line %d, %q", n, typed[n-1]) }

type ruleGroup = ruleset.Group

func member(a netip.Addr, name string) ruleset.Member {
	return ruleset.Member{Range: ruleset.Range{From: a, To: a}, Name: name}
}

// setMembers brings rules up to date with the members of a group.
func setMembers(job *targets.Job, g *ruleset.Group) {
	g.Set = ruleset.MemberSet(g.Members)
	for i := range job.Want.Stages[0].Rules {
		r := &job.Want.Stages[0].Rules[i]
		if r.SrcGroup == g.Name {
			r.Src = g.Set
		}
		if r.DstGroup == g.Name {
			r.Dst = g.Set
		}
	}
}
