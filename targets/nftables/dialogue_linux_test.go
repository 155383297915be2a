package nftables

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/nbfwc/nbfwc/lab/kernel"
	"github.com/nbfwc/nbfwc/ruleset"
	"github.com/nbfwc/nbfwc/targets"
	"github.com/nbfwc/nbfwc/targets/console"
)

// A machine is a router between lan0 and wan0 that is logged in to from mgmt0.
type machine struct {
	t    *testing.T
	net  *kernel.Net
	host *kernel.Host
	user string
	ids  int
}

const (
	lanHost, wanHost = "10.0.0.7", "192.0.2.9"
	mgmtHost         = "10.99.0.5"
)

func prefix1(s string) []netip.Prefix { return []netip.Prefix{netip.MustParsePrefix(s)} }

// newMachine makes a machine whose own table has a section and a rule for SSH.
func newMachine(t *testing.T, user string) *machine {
	t.Helper()
	n := newNet(t, kernel.Topology{
		Routers: []kernel.Router{{Name: "r", Addrs: prefix1("10.99.9.1/32")}},
		Zones: []kernel.Zone{
			{Name: "lan", Router: "r", Device: "lan0", Addrs: prefix1("10.0.0.0/24")},
			{Name: "wan", Router: "r", Device: "wan0", Addrs: prefix1("192.0.2.0/24")},
			{Name: "mgmt", Router: "r", Device: "mgmt0", Addrs: prefix1("10.99.0.0/24")},
		},
	})
	h, err := n.ServeSSH(netip.MustParseAddr("10.99.9.1"), netip.MustParseAddr(mgmtHost))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(h.Close)
	m := &machine{t: t, net: n, host: h, user: user}
	m.run(`printf '%s' '` + users + `' >/etc/user.nft; sed -i '2a include "/etc/user.nft"' /etc/nftables.conf; nft -f /etc/nftables.conf`)
	if user != "root" {
		// As on many machines, sudo complains each time that it can't resolve the
		// machine's name.
		m.run(`echo 127.0.0.1 localhost >/etc/hosts; echo hosts: files >/etc/nsswitch.conf; echo passwd: files >>/etc/nsswitch.conf`)
		if err := h.Sudoers(m.sudoers()); err != nil {
			t.Fatal(err)
		}
	}
	if user != "root" && !strings.Contains(m.run("su -s /bin/sh "+user+" -c 'sudo -n -l' 2>&1"), "unable to resolve host") {
		t.Fatal("sudo doesn't complain of the machine's name")
	}
	return m
}

// sudoers are the lines that the dialogue asks for.
func (m *machine) sudoers() string {
	h := host{user: kernel.User, uid: fmt.Sprint(kernel.UserNum), nft: "/usr/sbin/nft", boot: "/etc/nftables.conf"}
	_, lines, _ := strings.Cut(h.sudoers(), "\n")
	return lines + "\n"
}

func (m *machine) run(command string) string {
	m.t.Helper()
	out, err := m.host.Run(command)
	if err != nil {
		m.t.Fatal(err)
	}
	return out
}

func (m *machine) rules() string { return m.run("nft -s list ruleset") }

// session is a login over SSH.
type session struct {
	*console.Session
	// typed is called before a line is typed or a file is written; after an error
	// it isn't.
	typed func(line string) error
}

func (s *session) Do(ctx context.Context, commands ...targets.Command) ([]string, error) {
	if s.typed == nil {
		return s.Session.Do(ctx, commands...)
	}
	var answers []string
	for _, c := range commands {
		if err := s.typed(c.Line); err != nil {
			return answers, err
		}
		more, err := s.Session.Do(ctx, c)
		if answers = append(answers, more...); err != nil {
			return answers, err
		}
	}
	return answers, nil
}

func (s *session) Upload(ctx context.Context, path string, content []byte) error {
	if s.typed != nil {
		if err := s.typed("upload " + path); err != nil {
			return err
		}
	}
	return s.Session.Upload(ctx, path, content)
}

// dial logs in and opens the dialogue.
func (m *machine) dial(readOnly bool) (*session, targets.Identity, error) {
	m.t.Helper()
	in, err := console.Dial(context.Background(), m.host.Addr, console.Options{
		Username: m.user, Platform: Dialogue{}.Platform(), KnownHosts: []string{m.host.KnownHosts}, Identities: []string{m.host.Key},
		ReadOnly: readOnly, Handshake: 3 * time.Second, Idle: 5 * time.Second,
	})
	s := &session{Session: in}
	if err != nil {
		return nil, targets.Identity{}, err
	}
	id, err := Dialogue{}.Open(context.Background(), s, targets.Partition{})
	if err != nil {
		s.Close()
		return nil, id, err
	}
	return s, id, nil
}

func (m *machine) login() *session {
	m.t.Helper()
	s, _, err := m.dial(false)
	if err != nil {
		m.t.Fatalf("%v\n%s", err, m.host.Log())
	}
	m.t.Cleanup(func() { s.Close() })
	return s
}

// push is a change that brings the machine to a job.
func (m *machine) push(s *session, job targets.Job, timeout time.Duration) *targets.Push {
	m.t.Helper()
	text, err := Dialogue{}.Fetch(context.Background(), s, targets.Partition{})
	if err != nil {
		m.t.Fatal(err)
	}
	have, change := planOf(m.t, string(text), job)
	if have.Digest == "" || len(change.Steps) == 0 {
		m.t.Fatalf("nothing to push:\n%s", text)
	}
	m.ids++
	return &targets.Push{ID: fmt.Sprintf("20261123-%d", m.ids), Admin: m.user, Before: text, Prefix: job.Prefix, Change: change, Timeout: timeout}
}

func jobOf(manage targets.Manage, ports ...uint16) targets.Job {
	job := sectionJob()
	job.Manage = manage
	if manage == targets.Exclusive {
		job.Anchor = ""
	}
	var list []ruleset.PortRange
	for _, p := range ports {
		list = append(list, ruleset.PortRange{From: p, To: p})
	}
	job.Want.Stages[0].Rules[0].Service = ruleset.TCPPorts(list...)
	return job
}

// open says which of some ports real connections from lan to wan reach.
func (m *machine) open(ports ...uint16) string {
	m.t.Helper()
	var probes []kernel.Tuple
	for _, p := range ports {
		probes = append(probes, kernel.Tuple{Src: netip.MustParseAddr(lanHost), Dst: netip.MustParseAddr(wanHost), Proto: kernel.TCP, DstPort: p})
	}
	results, err := m.net.Probe(probes)
	if err != nil {
		m.t.Fatal(err)
	}
	var out []string
	for _, r := range results {
		if r.Answer == kernel.Open {
			out = append(out, fmt.Sprint(r.DstPort))
		}
	}
	return strings.Join(out, " ")
}

func (m *machine) mustOpen(when, want string) {
	m.t.Helper()
	if have := m.open(1556, 13724, 10082); have != want {
		m.t.Errorf("%s: open are %q, want %q\n%s", when, have, want, m.rules())
	}
}

// clean says that no push has left anything on the machine.
func (m *machine) clean(when string) {
	m.t.Helper()
	left := m.run(`ls -d /run/nbfwc/*/* /etc/nftables.d/.nbfwc.nft 2>/dev/null; for p in /proc/[0-9]*/cmdline; do tr '\0' ' ' <$p | grep agent[.]sh; done 2>/dev/null; true`)
	for end := time.Now().Add(3 * time.Second); strings.Contains(left, "agent.sh") && time.Now().Before(end); time.Sleep(100 * time.Millisecond) {
		left = m.run(`for p in /proc/[0-9]*/cmdline; do tr '\0' ' ' <$p | grep agent[.]sh; done 2>/dev/null; true`) // it notices within a second
	}
	if left != "" {
		m.t.Errorf("%s: left behind: %s", when, left)
	}
}

// make prepares and applies.
func (m *machine) apply(s targets.Session, p *targets.Push) error {
	if pending, err := (Dialogue{}).Pending(context.Background(), s, p); err != nil || len(pending) > 0 {
		return fmt.Errorf("pending: %v %w", pending, errOrNil(err))
	}
	if err := (Dialogue{}).Prepare(context.Background(), s, p); err != nil {
		return err
	}
	return Dialogue{}.Apply(context.Background(), s, p)
}

func errOrNil(err error) error {
	if err == nil {
		return errors.New("no error")
	}
	return err
}

// awaitBack waits until the machine says that it has gone back.
func (m *machine) awaitBack(p *targets.Push) {
	m.t.Helper()
	m.run("n=0; while [ ! -e /run/nbfwc/*/" + p.ID + "/back ]; do sleep 0.1; n=$((n + 1)); [ $n -lt 300 ] || exit 1; done")
}

// whole is a push from the first login to the last command.
func (m *machine) whole(job targets.Job) {
	m.t.Helper()
	s := m.login()
	p := m.push(s, job, time.Minute)
	if err := m.apply(s, p); err != nil {
		m.t.Fatal(err)
	}
	s.Close()
	s = m.login()
	if err := (Dialogue{}).Confirm(context.Background(), s, p); err != nil {
		m.t.Fatal(err)
	}
	if err := (Dialogue{}).Finish(context.Background(), s, p); err != nil {
		m.t.Fatal(err)
	}
	s.Close()
	m.clean("after a push")
}

// each runs a test as root and by sudo, for both ways to manage a firewall.
func each(t *testing.T, f func(m *machine, manage targets.Manage)) {
	if !kernel.Require(t) {
		return
	}
	for _, user := range []string{"root", kernel.User} {
		t.Run(user, func(t *testing.T) {
			t.Parallel()
			m := newMachine(t, user)
			f(m, targets.Section)
			// An exclusive firewall stands beside a chain of the user's that lets
			// everything pass.
			m.run("rm -rf /etc/nftables.d/*; sed -i 's/priority filter; policy drop/priority filter; policy accept/' /etc/user.nft; nft -f /etc/nftables.conf")
			f(m, targets.Exclusive)
		})
	}
}

// A push opens exactly what the policy says, lasts over a restart, and a second
// one finds nothing to do. What others have on the machine stays.
func TestPushOverSSH(t *testing.T) {
	each(t, func(m *machine, manage targets.Manage) {
		_, others := oursOnly(m.t, m.rules())
		before := map[targets.Manage]string{targets.Section: "", targets.Exclusive: "1556 13724 10082"}[manage]
		m.mustOpen("at first", before)
		m.whole(jobOf(manage, 1556))
		m.mustOpen("after a push", "1556")
		m.whole(jobOf(manage, 13724, 10082))
		m.mustOpen("after another push", "13724 10082")
		if _, now := oursOnly(m.t, m.rules()); now != others {
			m.t.Errorf("what is of others was %s\nand is %s", others, now)
		}
		if err := m.host.Reboot(); err != nil {
			m.t.Fatal(err)
		}
		m.mustOpen("after a restart", "13724 10082")
		_, again := planOf(m.t, m.rules(), jobOf(manage, 13724, 10082))
		if len(again.Steps) > 0 {
			m.t.Errorf("after a restart there is still to do: %s", again.Steps[0].Commands)
		}
		// Tampered with by hand, it is found, and pushed again.
		if manage == targets.Exclusive {
			m.run("nft insert rule inet nbfwc nb_forward tcp dport 1556 accept")
		} else {
			m.run("nft insert rule inet filter nb_section tcp dport 1556 accept")
		}
		m.mustOpen("after tampering", "1556 13724 10082")
		m.whole(jobOf(manage, 13724, 10082))
		m.mustOpen("after a push that repairs", "13724 10082")
	})
}

// What nobody confirms goes back by itself, also when everything that logged in
// is killed, and the boot configuration stays.
func TestUnconfirmedGoesBack(t *testing.T) {
	each(t, func(m *machine, manage targets.Manage) {
		m.whole(jobOf(manage, 1556))
		old, _ := oursOnly(m.t, m.rules())
		kept := m.run("cat /etc/nftables.d/nbfwc.nft")
		s := m.login()
		p := m.push(s, jobOf(manage, 13724), 4*time.Second)
		if err := m.apply(s, p); err != nil {
			m.t.Fatal(err)
		}
		m.mustOpen("while it waits", "13724")
		if err := m.host.KillSSH(); err != nil {
			m.t.Fatal(err)
		}
		m.awaitBack(p)
		m.mustOpen("after the time", "1556")
		if now, _ := oursOnly(m.t, m.rules()); now != old {
			m.t.Errorf("ours was\n%s\nand is\n%s", old, now)
		}
		if now := m.run("cat /etc/nftables.d/nbfwc.nft"); now != kept {
			m.t.Error("what is loaded at boot was changed")
		}
		if err := m.host.StartSSH(); err != nil {
			m.t.Fatal(err)
		}
		s = m.login()
		if err := (Dialogue{}).Confirm(context.Background(), s, p); err == nil || !strings.Contains(err.Error(), "gone back") {
			m.t.Errorf("confirmed too late: %v", err)
		}
		found, err := Dialogue{}.Settle(context.Background(), s, p)
		if err != nil || !strings.Contains(strings.Join(found, "\n"), "has gone back") {
			m.t.Errorf("settled: %q %v", found, err)
		}
		m.clean("after Settle")
		m.whole(jobOf(manage, 13724))
		m.mustOpen("pushed again", "13724")
	})
}
