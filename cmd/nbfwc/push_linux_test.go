package main

import (
	"bytes"
	"fmt"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/nbfwc/nbfwc/lab/kernel"
	"github.com/nbfwc/nbfwc/push"
)

// A hostRig is a Linux router that is pushed to over SSH, by OpenSSH's server in
// its network namespace, and hosts around it that make real connections.
type hostRig struct {
	t    *testing.T
	dir  string // policy/, state/
	user string
	net  *kernel.Net
	host *kernel.Host
	jump *kernel.Host // nil for none
}

const hostPolicy = `
zone "lan" { networks = ["10.0.0.0/24"] }
zone "wan" { networks = ["192.0.2.0/24"] }
device "edge" {
  address  = "ADDRESS"
  username = "USER"
}
firewall "edge" {
  target = "nftables"
  device = device.edge
  MANAGE
  interface "lan0" { zones = [zone.lan] }
  interface "wan0" { zones = [zone.wan] }
}
domain "prod" {
  version = "7.6"
  hosts "master" {
    roles     = [role.master]
    addresses = { m1 = "192.0.2.9" }
  }
  hosts "web" {
    roles     = [role.client]
    addresses = { c1 = "10.0.0.7", c2 = "10.0.0.8" }
  }
}
service "agent" { tcp = [PORT] }
flow "agent" {
  from    = hosts.web
  to      = hosts.master
  service = service.agent
}
`

// usersTable is what the machine has by itself: a table with a place for a
// section.
const usersTable = `table inet filter {
	chain nb_section {
	}
	chain forward {
		type filter hook forward priority filter; policy POLICY;
		ct state established,related accept
		jump nb_section
	}
}
`

// newHostRig makes the router. An exclusive policy is pushed as root, a section
// by an account that has sudo.
func newHostRig(t *testing.T, exclusive bool) *hostRig {
	t.Helper()
	one := func(s string) []netip.Prefix { return []netip.Prefix{netip.MustParsePrefix(s)} }
	n, err := kernel.New(kernel.Topology{
		Routers: []kernel.Router{{Name: "r", Addrs: one("10.99.9.1/32")}, {Name: "jump", Addrs: one("10.99.8.1/32")}},
		Joins:   []kernel.Join{{A: "r", ADevice: "jump0", B: "jump", BDevice: "r0"}},
		Zones: []kernel.Zone{
			{Name: "lan", Router: "r", Device: "lan0", Addrs: one("10.0.0.0/24")},
			{Name: "wan", Router: "r", Device: "wan0", Addrs: one("192.0.2.0/24")},
			{Name: "mgmt", Router: "r", Device: "mgmt0", Addrs: one("10.99.0.0/24")},
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(n.Close)
	h, err := n.ServeSSH(netip.MustParseAddr("10.99.9.1"), netip.MustParseAddr("10.99.0.5"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(h.Close)
	r := &hostRig{t: t, dir: t.TempDir(), net: n, host: h, user: "root"}
	user := strings.Replace(usersTable, "POLICY", "accept", 1)
	if !exclusive {
		r.user, user = kernel.User, strings.Replace(usersTable, "POLICY", "drop", 1)
		if err := h.Sudoers(kernel.User + " ALL=(root) NOPASSWD: ALL\n"); err != nil {
			t.Fatal(err)
		}
	}
	r.on(`printf '%s' '` + user + `' >/etc/user.nft; sed -i '2a include "/etc/user.nft"' /etc/nftables.conf; nft -f /etc/nftables.conf`)
	if err := os.MkdirAll(filepath.Join(r.dir, "policy"), 0o700); err != nil {
		t.Fatal(err)
	}
	r.policy(exclusive, 8400)
	return r
}

// policy writes the policy with a port of the agent.
func (r *hostRig) policy(exclusive bool, port int) {
	r.t.Helper()
	manage := `anchor = "inet filter forward"`
	if exclusive {
		manage = `manage = "exclusive"`
	}
	text := strings.NewReplacer("ADDRESS", r.host.Addr.String(), "USER", r.user, "MANAGE", manage, "PORT", fmt.Sprint(port)).Replace(hostPolicy)
	if err := os.WriteFile(filepath.Join(r.dir, "policy", "policy.hcl"), []byte(text), 0o600); err != nil {
		r.t.Fatal(err)
	}
}

// on runs a command on the machine, as somebody does by hand.
func (r *hostRig) on(command string) string {
	r.t.Helper()
	out, err := r.host.Run(command)
	if err != nil {
		r.t.Fatal(err)
	}
	return out
}

func (r *hostRig) environ() []string {
	known := r.host.KnownHosts
	if r.jump != nil {
		known += string(filepath.ListSeparator) + r.jump.KnownHosts
	}
	return []string{"NBFWC_STATE=" + filepath.Join(r.dir, "state"), "NBFWC_KNOWN_HOSTS=" + known}
}

func (r *hostRig) args(args ...string) []string {
	args = append(args, "-identity", r.host.Key)
	if r.jump != nil {
		args = append(args, "-identity", r.jump.Key)
	}
	if len(args) > 3 && (args[1] == "-resume" || args[1] == "-abandon") {
		return args
	}
	return append([]string{args[0], filepath.Join(r.dir, "policy")}, args[1:]...)
}

// nbfwc runs a verb and wants an exit status.
func (r *hostRig) nbfwc(want int, args ...string) string {
	r.t.Helper()
	var out bytes.Buffer
	status := run(env{args: r.args(args...), stdin: strings.NewReader(""), stdout: &out, stderr: &out, now: time.Now, who: "alice@admin1", environ: r.environ()})
	if status != want {
		r.t.Fatalf("%v: status %d, want %d\n%s", args, status, want, out.String())
	}
	return out.String()
}

// open are the ports that the clients' connections to the master reach.
func (r *hostRig) open(client string) string {
	r.t.Helper()
	var probes []kernel.Tuple
	for _, port := range []uint16{1556, 8400, 8401, 13782} {
		probes = append(probes, kernel.Tuple{Src: netip.MustParseAddr(client), Dst: netip.MustParseAddr("192.0.2.9"), Proto: kernel.TCP, DstPort: port})
	}
	results, err := r.net.Probe(probes)
	if err != nil {
		r.t.Fatal(err)
	}
	var out []string
	for _, p := range results {
		if p.Answer == kernel.Open {
			out = append(out, fmt.Sprint(p.DstPort))
		}
	}
	return strings.Join(out, " ")
}

func (r *hostRig) mustOpen(when, client, want string) {
	r.t.Helper()
	if have := r.open(client); have != want {
		r.t.Errorf("%s: %s reaches %q, want %q\n%s", when, client, have, want, r.on("nft list ruleset"))
	}
}

// A newcomer's day with a Linux firewall: pushed, audited, tampered with by hand,
// which the audit finds with the packets that it opens or closes, pushed again,
// clean again, and still so after a restart.
func TestPushAuditTamperRepair(t *testing.T) {
	if !kernel.Require(t) {
		return
	}
	for _, exclusive := range []bool{true, false} {
		t.Run(map[bool]string{true: "exclusive, root", false: "section, sudo"}[exclusive], func(t *testing.T) {
			t.Parallel()
			r := newHostRig(t, exclusive)
			where := map[bool]string{true: "inet nbfwc nb_forward", false: "inet filter nb_section"}[exclusive]
			set := map[bool]string{true: "inet nbfwc", false: "inet filter"}[exclusive]
			r.mustOpen("at first", "10.0.0.7", map[bool]string{true: "1556 8400 8401 13782", false: ""}[exclusive])
			r.nbfwc(exitFindings, "audit")
			r.nbfwc(exitClean, "push", "-yes")
			r.mustOpen("pushed", "10.0.0.7", "1556 8400")
			r.nbfwc(exitClean, "audit")
			r.nbfwc(exitClean, "plan")

			// A hole is opened by hand.
			r.on("nft insert rule " + where + " ip saddr 10.0.0.7 tcp dport 13782 accept")
			r.mustOpen("a hole", "10.0.0.7", "1556 8400 13782")
			if said := r.nbfwc(exitFindings, "audit"); !strings.Contains(said, "13782") || !strings.Contains(said, "10.0.0.7") {
				t.Errorf("the audit doesn't name what was opened:\n%s", said)
			}
			r.nbfwc(exitClean, "push", "-yes")
			r.mustOpen("the hole is closed", "10.0.0.7", "1556 8400")
			r.nbfwc(exitClean, "audit")

			// A client is lost by hand.
			name := strings.TrimSpace(r.on(`nft -s list sets ` + strings.Fields(set)[0] + ` | awk '$1=="set" {s=$2} /10.0.0.8/ {print s; exit}'`))
			r.on("nft delete element " + set + " " + name + " '{ 10.0.0.8 }'")
			r.mustOpen("one client", "10.0.0.7", "1556 8400")
			lost := r.open("10.0.0.8")
			if lost == "1556 8400" {
				t.Fatalf("set %s is not what lets 10.0.0.8 pass", name)
			}
			if said := r.nbfwc(exitFindings, "audit"); !strings.Contains(said, "10.0.0.8") {
				t.Errorf("the audit doesn't name the client that is lost (open are %q):\n%s", lost, said)
			}
			r.nbfwc(exitClean, "push", "-yes")
			r.mustOpen("repaired", "10.0.0.8", "1556 8400")
			r.nbfwc(exitClean, "audit")

			if err := r.host.Reboot(); err != nil {
				t.Fatal(err)
			}
			r.mustOpen("after a restart", "10.0.0.8", "1556 8400")
			r.nbfwc(exitClean, "audit")
			if left := r.on("ls -A /run/nbfwc /etc/nftables.d 2>/dev/null; true"); strings.TrimSpace(left) != "/etc/nftables.d:\nnbfwc.nft" && strings.TrimSpace(left) != "nbfwc.nft" {
				t.Errorf("left behind: %s", left)
			}
		})
	}
}

// The program is killed at ten moments of a push, and the network or the server
// is lost at others. Real connections are treated by the old or by the new
// policy, whatever happened; -resume then reaches the new one, -abandon the old
// one, and the machine keeps it over a restart.
func TestPushIsCutOff(t *testing.T) {
	if !kernel.Require(t) {
		return
	}
	for _, exclusive := range []bool{true, false} {
		t.Run(map[bool]string{true: "exclusive, root", false: "section, sudo"}[exclusive], func(t *testing.T) {
			t.Parallel()
			r := newHostRig(t, exclusive)
			r.nbfwc(exitClean, "push", "-yes")
			began := time.Now()
			r.policy(exclusive, 8401)
			r.nbfwc(exitClean, "push", "-yes")
			whole := time.Since(began)
			port := 8401
			const moments = 10
			for i := range moments {
				port = r.cutOff(i, time.Duration(float64(whole)*(float64(i)+0.5)/moments), exclusive, port)
			}
		})
	}
}

// cutOff begins a push to the other port, kills it after a time, and resumes or
// abandons it. It returns the port that is open then.
func (r *hostRig) cutOff(i int, after time.Duration, exclusive bool, port int) int {
	r.t.Helper()
	other := 8400 + 8401 - port
	r.policy(exclusive, other)
	cmd := exec.Command("nbfwc", r.args("push", "-yes")...)
	cmd.Env = append(os.Environ(), r.environ()...)
	var said bytes.Buffer
	cmd.Stdout, cmd.Stderr = &said, &said
	if err := cmd.Start(); err != nil {
		r.t.Fatal(err)
	}
	time.Sleep(after)
	_ = cmd.Process.Kill()
	_ = cmd.Wait()
	when := fmt.Sprintf("killed after %v", after.Round(time.Millisecond))
	is := func(port int) string { return fmt.Sprintf("1556 %d", port) }
	if now := r.open("10.0.0.7"); now != is(port) && now != is(other) {
		r.t.Fatalf("%s: open are %q\n%s", when, now, said.String())
	}
	want := port
	if _, err := os.Stat(filepath.Join(r.dir, "state")); err != nil {
		r.t.Fatal(err)
	}
	switch open := r.openRecord(); {
	case !open: // it hadn't begun, or was at its end
		if now := r.open("10.0.0.7"); now == is(other) {
			want = other
		}
	case i%2 == 0:
		r.nbfwc(exitClean, "push", "-resume", "edge")
		want = other
	default:
		r.nbfwc(exitClean, "push", "-abandon", "edge")
	}
	r.mustOpen(when+", and settled", "10.0.0.7", is(want))
	if r.openRecord() {
		r.t.Errorf("%s: the record is still open", when)
	}
	r.on("nft -f /etc/nftables.conf")
	r.mustOpen(when+", settled and booted", "10.0.0.7", is(want))
	if left := r.on("ls -d /run/nbfwc/*/* 2>/dev/null; true"); left != "" {
		r.t.Errorf("%s: left behind: %s", when, left)
	}
	return want
}

// openRecord says whether a push has to be resumed or abandoned.
func (r *hostRig) openRecord() bool {
	r.t.Helper()
	rec, err := push.OpenRecord(filepath.Join(r.dir, "state"), "edge")
	if err != nil {
		r.t.Fatal(err)
	}
	return rec != nil
}

// The server dies, or every packet to it is dropped, in the middle of a push: the
// machine goes back by itself, and the program says so or leaves the record
// open.
func TestPushLosesTheMachine(t *testing.T) {
	if !kernel.Require(t) {
		return
	}
	t.Parallel()
	r := newHostRig(t, true)
	r.nbfwc(exitClean, "push", "-yes")
	for _, c := range []struct {
		name      string
		cut, mend func() error
	}{
		{"the server dies", r.host.KillSSH, r.host.StartSSH},
		{"packets are dropped", func() error { return r.host.Cut(true) }, func() error { return r.host.Cut(false) }},
	} {
		r.policy(true, 8401)
		cmd := exec.Command("nbfwc", r.args("push", "-yes", "-timeout", "4s", "-silence", "2s")...)
		cmd.Env = append(os.Environ(), r.environ()...)
		var said bytes.Buffer
		cmd.Stdout, cmd.Stderr = &said, &said
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		r.on("n=0; while ! ls /run/nbfwc/0/*/armed >/dev/null 2>&1 && [ $n -lt 4000 ]; do sleep 0.005; n=$((n + 1)); done")
		if err := c.cut(); err != nil {
			t.Fatal(err)
		}
		r.on("n=0; while ! ls /run/nbfwc/0/*/back >/dev/null 2>&1; do sleep 0.1; n=$((n + 1)); [ $n -lt 300 ] || exit 1; done")
		r.mustOpen(c.name, "10.0.0.7", "1556 8400")
		if err := c.mend(); err != nil {
			t.Fatal(err)
		}
		if err := cmd.Wait(); err == nil {
			t.Errorf("%s: the push says that it succeeded:\n%s", c.name, said.String())
		}
		if r.openRecord() {
			r.nbfwc(exitClean, "push", "-abandon", "edge")
		}
		r.mustOpen(c.name+", abandoned", "10.0.0.7", "1556 8400")
		r.nbfwc(exitFindings, "audit")
	}
	r.nbfwc(exitClean, "push", "-yes")
	r.mustOpen("pushed in the end", "10.0.0.7", "1556 8401")
}

// Through a jump host nobody foresees that a policy locks us out: the machine sees
// an address that we don't know. The push is loaded, no new login comes through,
// the machine goes back by itself, and the program finds it as it was.
func TestPushThatLocksUsOut(t *testing.T) {
	if !kernel.Require(t) {
		return
	}
	t.Parallel()
	r := newHostRig(t, true)
	var err error
	if r.jump, err = r.net.ServeSSH(netip.MustParseAddr("10.99.8.1"), netip.MustParseAddr("10.99.8.1")); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(r.jump.Close)
	if _, err := r.net.Exec("jump", "", "sh", "-c", "ip route change $(ip route show 10.99.9.1) src 10.99.8.1"); err != nil {
		t.Fatal(err)
	}
	name := filepath.Join(r.dir, "policy", "policy.hcl")
	text, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	policy := strings.Replace(string(text), r.host.Addr.String(), "10.99.9.1\"\n  jump     = device.jump\n  hostname = \""+strings.TrimSpace(r.on("uname -n")), 1)
	policy += fmt.Sprintf("\ndevice \"jump\" {\n  address  = %q\n  username = \"root\"\n}\n", r.jump.Addr)
	write := func() {
		if err := os.WriteFile(name, []byte(policy), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write()
	r.nbfwc(exitClean, "push", "-yes")
	r.mustOpen("through a jump host", "10.0.0.7", "1556 8400")
	before := r.on("nft -s list ruleset")

	policy = strings.Replace(policy, `target = "nftables"`, "target = \"nftables\"\n  self   = [hosts.media]", 1)
	policy = strings.Replace(policy, `  hosts "web" {`, "  hosts \"media\" {\n    roles     = [role.media]\n    addresses = { s1 = \"10.0.0.1\" }\n  }\n  hosts \"web\" {", 1)
	policy += "management { from = [\"203.0.113.0/24\"] }\n"
	write()
	began := time.Now()
	said := r.nbfwc(exitFailure, "push", "-yes", "-timeout", "5s", "-silence", "2s")
	if time.Since(began) < 5*time.Second || !strings.Contains(said, "does what it did before") {
		t.Errorf("after %v it says:\n%s", time.Since(began), said)
	}
	if now := r.on("nft -s list ruleset"); now != before {
		t.Errorf("the rules were\n%s\nand are\n%s", before, now)
	}
	r.mustOpen("locked out", "10.0.0.7", "1556 8400")
	if left := r.on("ls -d /run/nbfwc/*/* 2>/dev/null; true"); left != "" {
		t.Errorf("left behind: %s", left)
	}
}
