package main

import (
	"bytes"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/nbfwc/nbfwc/lab"
	"github.com/nbfwc/nbfwc/lab/asa"
	"github.com/nbfwc/nbfwc/lab/fortios"
	"github.com/nbfwc/nbfwc/lab/panos"
	"github.com/nbfwc/nbfwc/lab/sshd"
	"github.com/nbfwc/nbfwc/targets/console"
)

// rig is the example of three vendors with emulated devices behind SSH servers.
type rig struct {
	t       *testing.T
	dir     string // work directory: policy/, state/, known_hosts
	devices map[string]lab.Device
	servers map[string]*sshd.Server
	stdin   string
}

const rigPassword, rigEnable = "login-secret-7", "enable-secret-8"

func newRig(t *testing.T) *rig {
	t.Helper()
	r := &rig{t: t, dir: t.TempDir(), devices: map[string]lab.Device{}, servers: map[string]*sshd.Server{}}
	if err := os.CopyFS(filepath.Join(r.dir, "policy"), os.DirFS(filepath.Join(repository, "examples", "vendors"))); err != nil {
		t.Fatal(err)
	}
	running := filepath.Join(r.dir, "policy", "running")
	policy := r.read("policy/policy.hcl")
	for _, d := range []struct {
		name, file, address string
		device              lab.Device
	}{
		{"dc", "dc.asa", "127.0.0.1:2201", asa.New(asa.Options{Password: rigEnable})},
		{"apps", "apps.set", "127.0.0.1:2202", panos.New(panos.Options{})},
		{"branch", "branch.conf", "127.0.0.1:2203", fortios.New(fortios.Options{Now: hasty()})},
	} {
		text, err := os.ReadFile(filepath.Join(running, d.file))
		if err != nil {
			t.Fatal(err)
		}
		if err := d.device.Load(string(text)); err != nil {
			t.Fatalf("%s: %v", d.file, err)
		}
		s, err := sshd.Serve(d.device, sshd.Options{Users: map[string]string{"admin": rigPassword}})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { s.Close() })
		r.devices[d.name], r.servers[d.name] = d.device, s
		policy = strings.Replace(policy, d.address, s.Addr().String(), 1)
		keys, err := console.HostKeys(t.Context(), s.Addr(), console.Options{})
		if err != nil {
			t.Fatal(err)
		}
		for _, k := range keys {
			if err := console.Trust(filepath.Join(r.dir, "known_hosts"), s.Addr(), k); err != nil {
				t.Fatal(err)
			}
		}
	}
	r.write("policy/policy.hcl", policy)
	return r
}

// hasty is a clock of devices that runs a hundred times too fast, so that nobody
// waits the minutes after which a FortiGate gives up a transaction.
func hasty() func() time.Time {
	began := time.Now()
	return func() time.Time { return began.Add(100 * time.Since(began)) }
}

func (r *rig) read(name string) string {
	r.t.Helper()
	text, err := os.ReadFile(filepath.Join(r.dir, name))
	if err != nil {
		r.t.Fatal(err)
	}
	return string(text)
}

func (r *rig) write(name, text string) {
	r.t.Helper()
	if err := os.WriteFile(filepath.Join(r.dir, name), []byte(text), 0o600); err != nil {
		r.t.Fatal(err)
	}
}

// nbfwc runs the program. Neither of the secrets may be in what it prints.
func (r *rig) nbfwc(want int, args ...string) (stdout, stderr string) {
	r.t.Helper()
	status, stdout, stderr := r.run(args...)
	if status != want {
		r.t.Fatalf("%v: status %d, want %d\n%s%s", args, status, want, stdout, stderr)
	}
	return stdout, stderr
}

func (r *rig) run(args ...string) (status int, stdout, stderr string) {
	r.t.Helper()
	var out, errs bytes.Buffer
	status = run(env{
		args: args, stdin: strings.NewReader(r.stdin), stdout: &out, stderr: &errs, now: time.Now, who: "alice@admin1", environ: r.environ(),
	})
	r.noSecrets(strings.Join(args, " "), out.String()+errs.String())
	return status, out.String(), errs.String()
}

func (r *rig) environ() []string {
	return []string{
		"NBFWC_PASSWORD=" + rigPassword, "NBFWC_ENABLE=" + rigEnable, "NBFWC_STATE=" + filepath.Join(r.dir, "state"),
		"NBFWC_KNOWN_HOSTS=" + filepath.Join(r.dir, "known_hosts"),
	}
}

func (r *rig) noSecrets(what, text string) {
	r.t.Helper()
	for _, secret := range []string{rigPassword, rigEnable} {
		if strings.Contains(text, secret) {
			r.t.Errorf("%s shows a secret:\n%s", what, text)
		}
	}
}

func (r *rig) policy() string { return filepath.Join(r.dir, "policy") }

// type types lines on a device, as another administrator.
func (r *rig) tamper(name string, lines ...string) {
	r.t.Helper()
	s := r.devices[name].Login()
	defer s.Close()
	for _, l := range lines {
		if answer := s.Send(l); s.Refused(answer) {
			r.t.Fatalf("%s refuses %q: %s", name, l, answer)
		}
	}
}

// TestDevicesEndToEnd: three firewalls are audited, pushed to, audited, tampered
// with, audited and repaired, over SSH.
func TestDevicesEndToEnd(t *testing.T) {
	t.Parallel()
	r := newRig(t)

	_, stderr := r.nbfwc(1, "audit", r.policy())
	if strings.Contains(stderr, "nbfwc:") {
		t.Error(stderr)
	}
	out, _ := r.nbfwc(0, "push", r.policy(), "-yes")
	if n := strings.Count(out, "it does what the policy says, and will after a restart"); n != 3 {
		t.Errorf("%d of 3 pushed:\n%s", n, out)
	}
	// The example has rules of others that are findings whatever we do.
	out, _ = r.nbfwc(1, "audit", r.policy(), "-json")
	if strings.Contains(out, `"kind": "missing"`) || strings.Contains(out, `"commands": 1`) {
		t.Errorf("not in line after the push:\n%s", out)
	}
	out, _ = r.nbfwc(0, "push", r.policy(), "-yes")
	if n := strings.Count(out, "nothing was changed"); n != 3 {
		t.Errorf("the second push changes something:\n%s", out)
	}

	// Somebody puts another host in the place of a media server on the ASA.
	r.tamper("dc", "enable", rigEnable, "configure terminal", "object-group network NBU-media-inside",
		"network-object host 10.10.0.99", "no network-object host 10.10.0.21", "end", "write memory")
	out, _ = r.nbfwc(1, "audit", r.policy(), "-firewall", "dc")
	for _, want := range []string{"missing", "10.10.0.21", "extra", "10.10.0.99"} {
		if !strings.Contains(out, want) {
			t.Errorf("the audit doesn't say %q:\n%s", want, out)
		}
	}
	r.nbfwc(0, "push", r.policy(), "-firewall", "dc", "-yes")
	out, _ = r.nbfwc(1, "audit", r.policy(), "-firewall", "dc")
	if strings.Contains(out, "missing") || strings.Contains(out, "10.10.0.99") {
		t.Errorf("not repaired:\n%s", out)
	}

	out, _ = r.nbfwc(0, "history")
	if n := strings.Count(out, "alice@admin1"); n < 4 {
		t.Errorf("%d records:\n%s", n, out)
	}
	if err := filepath.WalkDir(filepath.Join(r.dir, "state"), func(path string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		text, err := os.ReadFile(path)
		r.noSecrets(path, string(text))
		return err
	}); err != nil {
		t.Error(err)
	}
}

// readOnly are the commands that may be typed on each device by what only reads.
var readOnly = map[string]*regexp.Regexp{
	"dc":     regexp.MustCompile(`^(show |enable$|terminal pager 0$|terminal no monitor$|changeto |\*+$|exit$|$)`),
	"apps":   regexp.MustCompile(`^(show |set cli |configure$|exit$|check pending-changes$|$)`),
	"branch": regexp.MustCompile(`^(get |show|diagnose sys |config vdom$|edit |end$|exit$|$)`),
}

// TestReadOnly: what fetch, plan, audit and push -read-only type on a device are
// commands that show something, and they leave it as it was.
func TestReadOnly(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	before := map[string]string{}
	for name, d := range r.devices {
		before[name] = d.Running()
	}
	transcripts := filepath.Join(r.dir, "transcripts")
	r.nbfwc(0, "fetch", r.policy(), "-o", filepath.Join(r.dir, "running"), "-transcripts", transcripts)
	r.nbfwc(1, "plan", r.policy(), "-transcripts", transcripts)
	r.nbfwc(1, "audit", r.policy(), "-transcripts", transcripts)
	r.nbfwc(1, "push", r.policy(), "-read-only", "-transcripts", transcripts)
	for name, d := range r.devices {
		text := r.read("transcripts/" + name + ".log")
		r.noSecrets("the transcript", text)
		typed := regexp.MustCompile(`(?m)^> (.*)$`).FindAllStringSubmatch(text, -1)
		if len(typed) < 10 {
			t.Errorf("%s: only %d lines typed:\n%s", name, len(typed), text)
		}
		for _, line := range typed {
			if !readOnly[name].MatchString(line[1]) {
				t.Errorf("%s: %q is typed by what only reads", name, line[1])
			}
		}
		if strings.Contains(text, "access-list") || strings.Contains(text, "10.10.0.10") {
			t.Errorf("%s: the transcript has a configuration in it:\n%s", name, text)
		}
		if now := d.Running(); now != before[name] {
			t.Errorf("%s was changed:\n%s", name, diffText(t, before[name], now))
		}
	}
}
