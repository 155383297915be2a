package main

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/crypto/ssh"
	"golang.org/x/crypto/ssh/knownhosts"

	"github.com/nbfwc/nbfwc/lab"
	"github.com/nbfwc/nbfwc/lab/sshd"
)

// TestTranscriptsAreOurs: no transcript goes where others can read it, or have
// it led to.
func TestTranscriptsAreOurs(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	victim := filepath.Join(r.dir, "victim")
	r.write("victim", "precious\n")
	for name, c := range map[string]struct {
		make func(dir, file string) error
		want string
	}{
		"a link":           {func(_, file string) error { return os.Symlink(victim, file) }, "not an ordinary file"},
		"a broken link":    {func(_, file string) error { return os.Symlink(victim+"-2", file) }, "not an ordinary file"},
		"a directory":      {func(_, file string) error { return os.Mkdir(file, 0o700) }, "not an ordinary file"},
		"readable":         {func(_, file string) error { return os.WriteFile(file, nil, 0o644) }, "can be read by others"},
		"others can write": {func(dir, _ string) error { return os.Chmod(dir, 0o777) }, "can be written by others"},
	} {
		dir := filepath.Join(r.dir, "transcripts of "+name)
		if err := os.Mkdir(dir, 0o700); err != nil {
			t.Fatal(err)
		}
		if err := c.make(dir, filepath.Join(dir, "dc.log")); err != nil {
			t.Fatal(err)
		}
		_, errs := r.nbfwc(2, "audit", r.policy(), "-firewall", "dc", "-transcripts", dir)
		if !strings.Contains(strings.Join(strings.Fields(errs), " "), c.want) {
			t.Errorf("%s: want %q:\n%s", name, c.want, errs)
		}
	}
	if now := r.read("victim"); now != "precious\n" {
		t.Errorf("a transcript was written through a link:\n%s", now)
	}
	if _, err := os.Stat(victim + "-2"); err == nil {
		t.Error("a file was made through a link")
	}
}

// TestTrustAnotherType: where a key is on file, one of another type alone isn't
// trusted, whatever the user says: who is between can always make one.
func TestTrustAnotherType(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	known, err := ssh.NewPublicKey(&private.PublicKey)
	if err != nil {
		t.Fatal(err)
	}
	line := knownhosts.Line([]string{r.servers["dc"].Addr().String()}, known) + "\n"
	r.write("other_hosts", line)
	file := filepath.Join(r.dir, "other_hosts")
	_, errs := r.nbfwc(2, "device", "trust", r.policy(), "dc", "-yes", "-known-hosts", file)
	if !strings.Contains(errs, "doesn't have the key that is known") {
		t.Error(errs)
	}
	if now := r.read("other_hosts"); now != line {
		t.Errorf("the file has now:\n%s", now)
	}
	// With the key on file, one more is asked about as ever.
	_, errs = r.nbfwc(0, "device", "trust", r.policy(), "dc", "-known-hosts", filepath.Join(r.dir, "known_hosts"))
	if !strings.Contains(errs, "known") {
		t.Error(errs)
	}
}

// TestHostileWords: what a device says of itself in terminal escapes reaches
// neither a terminal nor JSON.
func TestHostileWords(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	s, err := sshd.Serve(r.devices["dc"], sshd.Options{Users: map[string]string{"admin": rigPassword}, Login: func(string) lab.Session {
		return hostile{r.devices["dc"].Login()}
	}, Banner: "\x1b[2J\x1b]0;owned\x07"})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	r.write("policy/policy.hcl", strings.Replace(r.read("policy/policy.hcl"), r.servers["dc"].Addr().String(), s.Addr().String(), 1))
	hosts := filepath.Join(r.dir, "known_hosts")
	r.nbfwc(0, "device", "trust", r.policy(), "dc", "-yes", "-known-hosts", hosts)
	for _, verb := range [][]string{{"audit"}, {"audit", "-json"}, {"plan"}, {"plan", "-json"}, {"push", "-yes"}, {"fetch", "-o", filepath.Join(r.dir, "out"), "-json"}} {
		args := append(append([]string{}, verb...), r.policy(), "-firewall", "dc", "-transcripts", filepath.Join(r.dir, "tr"))
		_, out, errs := r.run(args...)
		for _, bad := range []string{"\x1b", "\u009b", "\u202e", "\a"} {
			if strings.Contains(out+errs, bad) {
				t.Errorf("%v prints %q:\n%q", verb, bad, out+errs)
			}
		}
		if !strings.Contains(out+errs, "evil") {
			t.Errorf("%v doesn't say what the device said:\n%s%s", verb, out, errs)
		}
	}
	if text := r.read("tr/dc.log"); strings.ContainsAny(text, "\x1b\u009b\u202e\a") {
		t.Errorf("the transcript has escapes:\n%q", text)
	}
}

// hostile says something that steers terminals in answer to each "show version".
type hostile struct{ lab.Session }

func (h hostile) Send(line string) string {
	if line == "show failover" {
		return "evil\u009b31m\u202e\x1b[31mwords\a\n"
	}
	return h.Session.Send(line)
}
