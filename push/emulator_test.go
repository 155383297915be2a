package push_test

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
	"github.com/nbfwc/nbfwc/lab/asa"
	"github.com/nbfwc/nbfwc/lab/fortios"
	"github.com/nbfwc/nbfwc/lab/panos"
	"github.com/nbfwc/nbfwc/push"
	"github.com/nbfwc/nbfwc/ruleset"
	"github.com/nbfwc/nbfwc/targets"
	"github.com/nbfwc/nbfwc/targets/cisco_asa"
	"github.com/nbfwc/nbfwc/targets/fortigate"
	"github.com/nbfwc/nbfwc/targets/paloalto"
	"github.com/nbfwc/nbfwc/targets/targettest"
)

// maker is a kind of emulated device, and how it is talked with.
type maker struct {
	name     string
	target   targets.Target
	dialogue targets.Dialogue
	os       string
	// device is one with interfaces and nothing of ours.
	device func(t *testing.T) lab.Device
	// refusal is what the device says to a command that isn't allowed.
	refusal string
	// looks is what a dialogue types again and again while it waits for what a
	// broken session left; expire lets the time pass that it waits for.
	looks  string
	expire func(lab.Device)
	// restart has the device begin again with what is saved.
	restart func(lab.Device) error
	// pair makes two devices the active and the other unit of a pair, failover
	// has the other one take over.
	pair     func(t *testing.T) (active, other lab.Device)
	failover func(active, other lab.Device)
}

var makers = []maker{
	{
		name: "ASA with configuration sessions", target: cisco_asa.Target{}, dialogue: cisco_asa.Dialogue{}, os: "9.16",
		device:  func(t *testing.T) lab.Device { return newASA(t, "9.16(4)") },
		refusal: "Command authorization failed\n",
		restart: func(d lab.Device) error { return d.(*asa.Device).Reload() },
		pair: func(t *testing.T) (active, other lab.Device) {
			a, b := asa.NewPair(asa.Options{Hostname: "edge", Version: "9.16(4)", Enabled: true})
			typeAll(t, a, interfacesOfASA())
			return a, b
		},
		failover: func(_, other lab.Device) { other.(*asa.Device).Failover() },
	},
	{
		name: "ASA line by line", target: cisco_asa.Target{}, dialogue: cisco_asa.Dialogue{}, os: "9.1",
		device:  func(t *testing.T) lab.Device { return newASA(t, "9.1(7)") },
		refusal: "Command authorization failed\n",
		restart: func(d lab.Device) error { return d.(*asa.Device).Reload() },
	},
	{
		name: "PAN-OS", target: paloalto.Target{}, dialogue: paloalto.Dialogue{Poll: time.Microsecond}, os: "10.2",
		device:  func(t *testing.T) lab.Device { return newPANOS(t, "007051000000001") },
		refusal: "Server error : permission denied\n",
		restart: func(d lab.Device) error { d.(*panos.Device).Restart(); return nil },
		pair: func(t *testing.T) (active, other lab.Device) {
			a, b := newPANOS(t, "007051000000001"), newPANOS(t, "007051000000002")
			panos.Pair(a.(*panos.Device), b.(*panos.Device))
			return a, b
		},
		failover: func(active, _ lab.Device) { active.(*panos.Device).Failover() },
	},
	{
		name: "FortiGate with transactions", target: fortigate.Target{}, dialogue: fortigate.Dialogue{Poll: time.Microsecond}, os: "7.2",
		device:  func(t *testing.T) lab.Device { return newFortiOS(t, "7.2.4") },
		refusal: "Unknown action 0\n\nCommand fail. Return code -61\n",
		looks:   "txn-info", expire: func(d lab.Device) { d.(*fortios.Device).Expire() },
		pair: func(t *testing.T) (active, other lab.Device) {
			a, b := newFortiOS(t, "7.2.4"), newFortiOS(t, "7.2.4")
			fortios.Pair(a.(*fortios.Device), b.(*fortios.Device))
			return a, b
		},
		failover: func(active, _ lab.Device) { active.(*fortios.Device).Failover() },
		restart:  func(d lab.Device) error { d.(*fortios.Device).Restart(); return nil },
	},
	{
		name: "FortiGate line by line", target: fortigate.Target{}, dialogue: fortigate.Dialogue{}, os: "6.0",
		device:  func(t *testing.T) lab.Device { return newFortiOS(t, "6.0.12") },
		refusal: "Unknown action 0\n\nCommand fail. Return code -61\n",
		restart: func(d lab.Device) error { d.(*fortios.Device).Restart(); return nil },
	},
}

var sides = []string{"inside", "dmz", "outside"}

func newASA(t *testing.T, version string) lab.Device {
	d := asa.New(asa.Options{Hostname: "edge", Version: version, Enabled: true})
	typeAll(t, d, interfacesOfASA())
	return d
}

func interfacesOfASA() []string {
	lines := []string{"configure terminal"}
	for i, name := range sides {
		lines = append(lines, fmt.Sprintf("interface GigabitEthernet0/%d", i), "nameif "+name, fmt.Sprintf("security-level %d", 100-40*i),
			fmt.Sprintf("ip address 10.%d.0.254 255.255.255.0", i+1), "no shutdown", "exit")
	}
	return append(lines, "end", "write memory")
}

func newPANOS(t *testing.T, serial string) lab.Device {
	d := panos.New(panos.Options{Hostname: "edge", Version: "10.2.0", Serial: serial})
	lines := []string{"configure"}
	for i, zone := range sides {
		port := fmt.Sprintf("ethernet1/%d", i+1)
		lines = append(lines, fmt.Sprintf("set network interface ethernet %s layer3 ip 10.%d.0.254/24", port, i+1),
			fmt.Sprintf("set zone %s network layer3 %s", zone, port))
	}
	typeAll(t, d, append(lines, "commit", "exit"))
	return d
}

func newFortiOS(t *testing.T, version string) lab.Device {
	d := fortios.New(fortios.Options{Hostname: "edge", Version: version})
	text := "config system interface\n"
	for i, name := range sides {
		text += fmt.Sprintf("edit %q\nset vdom \"root\"\nset ip 10.%d.0.1 255.255.255.0\nnext\n", name, i+1)
	}
	if err := d.Load(text + "end\n"); err != nil {
		t.Fatal(err)
	}
	return d
}

func typeAll(t *testing.T, d lab.Device, lines []string) {
	t.Helper()
	s := d.Login()
	defer s.Close()
	for _, l := range lines {
		if a := s.Send(l); s.Refused(a) {
			t.Fatalf("%q: %s", l, a)
		}
	}
}

// hostGroup is a group of hosts.
func hostGroup(name string, addresses ...string) ruleset.Group {
	g := ruleset.Group{Name: name, Reason: "hosts of " + name}
	for _, a := range addresses {
		ip := netip.MustParseAddr(a)
		g.Members = append(g.Members, ruleset.Member{Range: ruleset.Range{From: ip, To: ip}, Name: "h-" + strings.ReplaceAll(a, ".", "-")})
	}
	g.Set = ruleset.MemberSet(g.Members)
	return g
}

func permit(name, in, out string, src, dst ruleset.Group, ports ...uint16) ruleset.Rule {
	var list []ruleset.PortRange
	for _, p := range ports {
		list = append(list, ruleset.PortRange{From: p, To: p})
	}
	return ruleset.Rule{
		In: ruleset.Ifaces(in), Out: ruleset.Ifaces(out), Src: src.Set, Dst: dst.Set, SrcGroup: src.Name, DstGroup: dst.Name,
		Service: ruleset.TCPPorts(list...), Action: ruleset.Permit, Name: name, Reason: name,
	}
}

func exclusiveJob(groups []ruleset.Group, rules ...ruleset.Rule) targets.Job {
	job := targets.Job{Firewall: "edge", Manage: targets.Exclusive, Prefix: targets.DefaultPrefix}
	for _, s := range sides {
		job.Interfaces = append(job.Interfaces, targets.Interface{Label: s, Devices: []string{s}})
	}
	other := ruleset.NotIfaces(ruleset.Self)
	job.Want = ruleset.RuleSet{Groups: groups, Stages: []ruleset.Stage{{Name: "forward", In: other, Out: other, Default: ruleset.Deny, Rules: rules}}}
	return job
}

// jobs are an old policy and a new one: hosts come and go, a rule gets another
// port, one goes and one comes.
func jobs() (before, after targets.Job) {
	client, media := hostGroup("NBU-client", "10.3.0.7", "10.3.0.9"), hostGroup("NBU-media", "10.1.0.5")
	before = exclusiveJob([]ruleset.Group{client, media},
		permit("NBU-client-to-media", "outside", "inside", client, media, 1556),
		permit("NBU-media-to-client", "inside", "outside", media, client, 1556))
	client, media = hostGroup("NBU-client", "10.3.0.8", "10.3.0.9"), hostGroup("NBU-media", "10.1.0.5", "10.1.0.6")
	ops := hostGroup("NBU-ops", "10.2.0.7")
	after = exclusiveJob([]ruleset.Group{client, media, ops},
		permit("NBU-client-to-media", "outside", "inside", client, media, 1556, 13724),
		permit("NBU-ops-to-media", "dmz", "inside", ops, media, 443))
	return before, after
}

func samplePackets() []lab.Packet {
	hosts := map[string][]string{"inside": {"10.1.0.5", "10.1.0.6"}, "dmz": {"10.2.0.7"}, "outside": {"10.3.0.7", "10.3.0.8", "10.3.0.9"}}
	var out []lab.Packet
	for _, in := range sides {
		for _, to := range sides {
			for _, src := range hosts[in] {
				for _, dst := range hosts[to] {
					for _, port := range []uint16{443, 1556, 13724} {
						if in != to {
							out = append(out, lab.Packet{In: in, Out: to, Src: netip.MustParseAddr(src), Dst: netip.MustParseAddr(dst), Proto: 6, SrcPort: 50000, DstPort: port})
						}
					}
				}
			}
		}
	}
	return out
}

func verdicts(d lab.Device, packets []lab.Packet) []lab.Verdict {
	out := make([]lab.Verdict, len(packets))
	for i, p := range packets {
		out[i] = d.Decide(p)
	}
	return out
}

// site is an emulated device that is pushed to.
type site struct {
	m       *maker
	d       lab.Device // the unit that is active
	units   []lab.Device
	dev     *push.Device
	eng     *push.Engine
	packets []lab.Packet
	was     []lab.Verdict
	will    []lab.Verdict

	typed  []string
	at     int
	what   fault
	looked int // how often the dialogue looked in vain
	broken string
}

// wire is a login on a site, whose lines are counted over all logins.
type wire struct {
	lab.Session
	s *site
}

func (w *wire) Send(line string) string {
	s := w.s
	if w.Prompt() == "" {
		return ""
	}
	s.typed = append(s.typed, line)
	what := nothing
	if len(s.typed) == s.at {
		what = s.what
	}
	switch what {
	case refuse:
		return s.m.refusal
	case dropBefore:
		w.Close()
		return ""
	case crashBefore:
		w.Close()
		panic(crash{})
	}
	switch what {
	case powerCut:
		if err := s.m.restart(s.d); err != nil {
			s.broken = err.Error()
		}
	case failover:
		other := s.units[0]
		if s.d == other {
			other = s.units[1]
		}
		s.m.failover(s.d, other)
		s.d = other
	}
	if s.m.looks != "" && strings.HasSuffix(line, s.m.looks) {
		if s.looked++; s.looked%5 == 0 {
			s.m.expire(s.d)
		}
	}
	answer := w.Session.Send(line)
	s.look(line)
	switch what {
	case dropAfter:
		w.Close()
		return ""
	case crashAfter:
		w.Close()
		panic(crash{})
	}
	return answer
}

// look holds that each packet is treated as by the old or by the new policy.
func (s *site) look(line string) {
	if s.broken != "" || s.was == nil {
		return
	}
	for i, v := range verdicts(s.d, s.packets) {
		if v != s.was[i] && v != s.will[i] {
			s.broken = fmt.Sprintf("after line %d (%q) %+v is treated as %d; the old policy says %d, the new one %d", len(s.typed), line, s.packets[i], v, s.was[i], s.will[i])
			return
		}
	}
}

func (s *site) dial(ctx context.Context, d *push.Device, unit int, readOnly bool) (targets.Session, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	c, err := targettest.Connect(&wire{s.login(s.units[unit], d.Admin), s}, d.Dialogue.Platform(), readOnly, nil)
	if err != nil {
		return nil, err
	}
	return c, nil
}

func (s *site) login(d lab.Device, admin string) lab.Session {
	if d, ok := d.(*panos.Device); ok {
		return d.LoginAs(admin)
	}
	return d.Login()
}

func newSite(t *testing.T, m *maker, paired bool, job targets.Job) *site {
	t.Helper()
	clock := newClock()
	s := &site{m: m, packets: samplePackets()}
	if paired {
		active, other := m.pair(t)
		s.units = []lab.Device{other, active} // the first address needn't be that of the active unit
	} else {
		s.units = []lab.Device{m.device(t)}
	}
	s.d = s.units[len(s.units)-1]
	s.dev = &push.Device{
		Name: "edge", Firewall: "edge", Units: len(s.units), Admin: "nbfwc", Target: m.target, Dialogue: m.dialogue, Job: job,
		Parse:    targets.ParseOptions{Interfaces: job.Interfaces, Prefix: job.Prefix},
		Hostname: "edge", OS: m.os, PolicyDigest: "abc",
	}
	s.eng = &push.Engine{Dial: s.dial, State: stateDir(t), Now: clock.now, Who: "alice@desk", Timeout: time.Minute, Wait: clock.wait}
	return s
}

// matrix is a kind of device with the two configurations that it is between.
type matrix struct {
	m         *maker
	paired    bool
	oldText   string
	packets   []lab.Packet
	was, will []lab.Verdict
	lines     int // of a push without faults
}

// newMatrix pushes the old policy to a bare device, then the new one.
func newMatrix(t *testing.T, m *maker, paired bool) *matrix {
	t.Helper()
	before, after := jobs()
	x := &matrix{m: m, paired: paired}
	s := newSite(t, m, paired, before)
	s.mustPush(t)
	x.oldText, x.was = s.d.Running(), verdicts(s.d, s.packets)
	s.dev.Job, s.typed = after, nil
	s.mustPush(t)
	x.will, x.lines = verdicts(s.d, s.packets), len(s.typed)
	x.choose(t, s.packets)
	o, err := s.eng.Push(context.Background(), s.dev, push.Options{})
	if err != nil || o.Stand != push.Unchanged {
		t.Fatalf("a second push: %v, %+v", err, o)
	}
	return x
}

// choose keeps the packets that tell the policies apart, and some others.
func (x *matrix) choose(t *testing.T, all []lab.Packet) {
	t.Helper()
	was, will, same := x.was, x.will, 0
	x.was, x.will = nil, nil
	for i, p := range all {
		if was[i] == will[i] {
			if same++; same > 4 && was[i] != lab.Passes {
				continue
			}
		}
		x.packets, x.was, x.will = append(x.packets, p), append(x.was, was[i]), append(x.will, will[i])
	}
	if len(x.packets) < same/4 || !slices.Contains(was, lab.Passes) || slices.Equal(x.was, x.will) {
		t.Fatal("the packets don't tell the two policies apart")
	}
	t.Logf("%d packets", len(x.packets))
}

func (s *site) mustPush(t *testing.T) {
	t.Helper()
	o, err := s.eng.Push(context.Background(), s.dev, push.Options{Plan: targets.PlanOptions{TakeOver: true}})
	if err != nil || o.Err != nil || o.Stand != push.New || o.Open {
		t.Fatalf("%s: a push without faults: %v, %+v\ntyped:\n%s", s.m.name, err, o, strings.Join(s.typed, "\n"))
	}
}

// site is a device with the old policy that is to get the new one.
func (x *matrix) site(t *testing.T) *site {
	t.Helper()
	_, after := jobs()
	s := newSite(t, x.m, x.paired, after)
	for _, d := range slices.Backward(s.units) {
		if err := d.Load(x.oldText); err != nil {
			t.Fatal(err)
		}
	}
	s.packets, s.was, s.will = x.packets, x.was, x.will
	return s
}

// At every line of a push to every kind of emulated firewall, the device refuses
// it, the connection breaks before it or after it, the power fails, or our
// process ends. After
// that every packet is treated as by the old or by the new policy, what is
// reported is true, an open record can be resumed to the new policy and
// abandoned to the old one, and both last over a restart.
func TestAFaultAtEveryLineOnEmulatedFirewalls(t *testing.T) {
	for i := range makers {
		t.Run(makers[i].name, func(t *testing.T) {
			t.Parallel()
			x := newMatrix(t, &makers[i], false)
			seen := map[push.Stand]int{}
			for at := 1; at <= x.lines; at += everyNth {
				for _, what := range []fault{refuse, dropBefore, dropAfter, powerCut}[:4-at%2] { // the power fails at every other line
					s := x.site(t)
					s.at, s.what = at, what
					o, err := s.eng.Push(context.Background(), s.dev, push.Options{})
					s.isTrue(t, o, err)
					seen[standOf(o, err)]++
					if o != nil && o.Open {
						s.recovers(t, []push.Recovery{push.Resume, push.Abandon}[at%2])
					}
				}
				// A process that ends before a line ends after the one before it.
				for _, what := range []push.Recovery{push.Resume, push.Abandon} {
					s := x.site(t)
					s.at, s.what = at, crashAfter
					if !try(func() { _, _ = s.eng.Push(context.Background(), s.dev, push.Options{}) }) {
						t.Fatalf("line %d was not typed", at)
					}
					if !s.recovers(t, what) {
						break // the push hadn't begun
					}
				}
				if t.Failed() {
					return
				}
			}
			t.Logf("%d lines; where the devices stood: %v", x.lines, seen)
		})
	}
}

// At every other line of a push to a pair the other unit takes over. The
// same holds, for the unit that is active then.
func TestAFailoverInAPushToEmulatedPairs(t *testing.T) {
	for i := range makers {
		if makers[i].pair == nil {
			continue
		}
		t.Run(makers[i].name, func(t *testing.T) {
			t.Parallel()
			x := newMatrix(t, &makers[i], true)
			seen := map[push.Stand]int{}
			for at := 1 + i%2; at <= x.lines; at += 2 * everyNth {
				s := x.site(t)
				s.at, s.what = at, failover
				o, err := s.eng.Push(context.Background(), s.dev, push.Options{})
				s.isTrue(t, o, err)
				seen[standOf(o, err)]++
				if o != nil && o.Open {
					s.recovers(t, []push.Recovery{push.Resume, push.Abandon}[at%2])
				}
				if t.Failed() {
					return
				}
			}
			t.Logf("%d lines; where the devices stood: %v", x.lines, seen)
		})
	}
}

// isTrue holds that what an outcome says is so.
func (s *site) isTrue(t *testing.T, o *push.Outcome, err error) {
	t.Helper()
	fail := func(why string) {
		t.Helper()
		lines := make([]string, len(s.typed))
		for i, l := range s.typed {
			lines[i] = fmt.Sprintf("%3d %s", i+1, l)
		}
		t.Errorf("%s, line %d %s: %s\noutcome %+v, error %v\n%s", s.m.name, s.at, s.what, why, o, err, strings.Join(lines, "\n"))
	}
	if s.broken != "" {
		fail(s.broken)
	}
	now := verdicts(s.d, s.packets)
	isOld, isNew := slices.Equal(now, s.was), slices.Equal(now, s.will)
	stand := standOf(o, err)
	switch {
	case stand == push.New && !isNew, stand == push.Unsaved && !isNew, (stand == push.Old || stand == push.Unchanged) && !isOld:
		fail("that is not where the device stands")
	case stand == push.Between && (isOld || isNew):
		fail("the device is not between")
	}
	if r, err := push.OpenRecord(s.eng.State, "edge"); err != nil || (r != nil) != (o != nil && o.Open) {
		fail(fmt.Sprintf("the record says something else: %+v, %v", r, err))
	}
	if (stand == push.New || stand == push.Old && !o.Open) && len(s.units) == 1 {
		if err := s.m.restart(s.d); err != nil {
			fail(err.Error())
		}
		if !slices.Equal(verdicts(s.d, s.packets), now) {
			fail("after a restart the device does something else")
		}
	}
}

// recovers resumes or abandons an open record; false if there is none.
func (s *site) recovers(t *testing.T, what push.Recovery) bool {
	t.Helper()
	r, err := push.OpenRecord(s.eng.State, "edge")
	if err != nil {
		t.Fatal(err)
	}
	if r == nil {
		o := &push.Outcome{Stand: push.Unchanged}
		if slices.Equal(verdicts(s.d, s.packets), s.will) {
			o.Stand = push.New
		}
		s.isTrue(t, o, nil)
		return false
	}
	dev := s.dev
	if what == push.Abandon { // needs no policy
		if dev, err = r.NewDevice(s.m.target, s.m.dialogue); err != nil {
			t.Fatal(err)
		}
	}
	was := s.what
	s.at = 0
	o, err := s.eng.Recover(context.Background(), dev, what, push.Options{})
	want := []push.Stand{push.New, push.Old}[what]
	if err != nil || o.Stand != want || o.Err != nil || o.Open {
		t.Errorf("%s, %s: recovery %d: %v, %+v", s.m.name, was, what, err, errors.Join(o.Err))
	}
	s.isTrue(t, o, err)
	return true
}
