package console

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"golang.org/x/crypto/ssh"
	"golang.org/x/crypto/ssh/knownhosts"
)

func write(t testing.TB, text string) string {
	t.Helper()
	name := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return name
}

// Nobody types a password on a device that isn't proved to be the right one.
func TestHostKeys(t *testing.T) {
	d := newDevice()
	d.keys = []ssh.Signer{newSigner(t), newECDSA(t)}
	d.start(t)
	at, old := d.addr.String(), knownhosts.Normalize("127.0.0.1:22")
	first, second, other := d.keys[0].PublicKey(), d.keys[1].PublicKey(), newSigner(t).PublicKey()
	line := func(host string, k ssh.PublicKey) string { return knownhosts.Line([]string{host}, k) + "\n" }
	for _, c := range []struct{ name, file, want string }{
		{"the key", line(at, first), ""},
		{"the other of its keys", line(at, second), ""},
		{"both keys", line(at, second) + line(at, first), ""},
		{"a hashed entry", knownhosts.HashHostname(knownhosts.Normalize(at)) + " " + string(ssh.MarshalAuthorizedKey(first)), ""},
		{"a pattern", "[127.0.0.*]:" + fmt.Sprint(d.addr.Port()) + " " + string(ssh.MarshalAuthorizedKey(first)), ""},
		{"a comment and blank lines", "# mine\n\n" + line(at, first), ""},
		{"no line end", strings.TrimSpace(line(at, first)), ""},
		{"another key", line(at, other), "somebody may be between"},
		{"an empty file", "", "no key is on file"},
		{"another port", line(old, first), "no key is on file"},
		{"a revoked key", line(at, first) + "@revoked * " + string(ssh.MarshalAuthorizedKey(first)), "revoked"},
		{"an authority, which is no host key", "@cert-authority * " + string(ssh.MarshalAuthorizedKey(first)), "no key is on file"},
		{"no known hosts at all", "nonsense\n", "known hosts"},
	} {
		o := d.options(t)
		o.KnownHosts = []string{write(t, c.file), filepath.Join(t.TempDir(), "missing")}
		s, err := Dial(t.Context(), d.addr, o)
		switch {
		case c.want == "" && err != nil:
			t.Errorf("%s: %v", c.name, err)
		case c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)):
			t.Errorf("%s: error %v, want %q", c.name, err, c.want)
		}
		if err == nil {
			s.Close()
		} else if n := len(d.tried()); n > 0 && c.want != "" {
			for _, p := range d.tried() {
				if p != "let-me-in" {
					t.Errorf("%s: %q was tried", c.name, p)
				}
			}
		}
		var p interface{ Permanent() bool }
		if c.want != "" && c.name != "no known hosts at all" && !errors.As(err, &p) {
			t.Errorf("%s: %v may be tried again", c.name, err)
		}
		var e *HostKeyError
		if c.want != "" && errors.As(err, &e) && !strings.Contains(err.Error(), e.Offered.Fingerprint()) {
			t.Errorf("%s: no fingerprint in %v", c.name, err)
		}
	}
	clean(t, d)
}

// A password is not typed where the key is wrong.
func TestNoPasswordForStrangers(t *testing.T) {
	d := newDevice().start(t)
	o := d.options(t)
	o.KnownHosts = []string{write(t, knownhosts.Line([]string{d.addr.String()}, newSigner(t).PublicKey())+"\n")}
	if _, err := Dial(t.Context(), d.addr, o); err == nil {
		t.Fatal("logged in")
	}
	if got := d.tried(); len(got) > 0 {
		t.Errorf("%d passwords were tried", len(got))
	}
	clean(t, d)
}

// The keys of a new device are shown, written after a yes, and then hold.
func TestTrust(t *testing.T) {
	d := newDevice()
	d.keys = []ssh.Signer{newSigner(t), newECDSA(t)}
	d.start(t)
	file := filepath.Join(t.TempDir(), "state", "ssh", "known_hosts")
	o := d.options(t)
	o.KnownHosts = []string{file}
	offered, err := HostKeys(t.Context(), d.addr, o)
	if err != nil || len(offered) != 2 || offered[0].Type() != "ssh-ed25519" || offered[0].Fingerprint() != ssh.FingerprintSHA256(d.keys[0].PublicKey()) {
		t.Fatalf("%v, %v", offered, err)
	}
	if got := d.tried(); len(got) > 0 {
		t.Errorf("passwords were tried: %d", len(got))
	}
	if known, err := Known([]string{file}, d.addr); err != nil || len(known) > 0 {
		t.Errorf("known before: %v, %v", known, err)
	}
	for range 2 { // the second time there is nothing to do
		for _, k := range offered {
			if err := Trust(file, d.addr, k); err != nil {
				t.Fatal(err)
			}
		}
	}
	known, err := Known([]string{file}, d.addr)
	if err != nil || len(known) != 2 {
		t.Errorf("known after: %v, %v", known, err)
	}
	info, err := os.Stat(file)
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("%v, %v", info.Mode(), err)
	}
	s, err := Dial(t.Context(), d.addr, o)
	if err != nil {
		t.Fatal(err)
	}
	s.Close()
	// Another key of the type is never written over the first.
	if err := Trust(file, d.addr, HostKey{newSigner(t).PublicKey()}); err == nil {
		t.Error("another key was trusted")
	}
	text, _ := os.ReadFile(file)
	if n := strings.Count(string(text), "\n"); n != 2 {
		t.Errorf("%d lines:\n%s", n, text)
	}
	clean(t, d)
}

// Several programs that trust at the same time write whole lines, each once.
func TestTrustTogether(t *testing.T) {
	file := write(t, "# no line end")
	key := HostKey{newSigner(t).PublicKey()}
	var wg sync.WaitGroup
	for i := range 40 {
		wg.Go(func() {
			if err := Trust(file, netip.AddrPortFrom(netip.MustParseAddr("2001:db8::1"), uint16(2000+i%20)), key); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	text, _ := os.ReadFile(file)
	if n := strings.Count(string(text), "ssh-ed25519"); n != 20 || !strings.HasPrefix(string(text), "# no line end\n[2001:db8::1]:20") {
		t.Errorf("%d entries:\n%s", n, text)
	}
	if known, err := Known([]string{file}, netip.MustParseAddrPort("[2001:db8::1]:2007")); err != nil || len(known) != 1 || !known[0].equal(key) {
		t.Errorf("%v, %v", known, err)
	}
}

// A refused password is tried once, whatever methods the device offers.
func TestRefusedPasswordOnce(t *testing.T) {
	for _, methods := range []string{"password", "keyboard", "both"} {
		d := newDevice()
		d.methods, d.password = methods, "another"
		d.start(t)
		_, err := Dial(t.Context(), d.addr, d.options(t))
		if err == nil || strings.Contains(err.Error(), "let-me-in") || !strings.Contains(err.Error(), "tried once") {
			t.Errorf("%s: error %v", methods, err)
		}
		if got := d.tried(); len(got) != 1 {
			t.Errorf("%s: %d attempts", methods, len(got))
		}
		var p interface{ Permanent() bool }
		if !errors.As(err, &p) || !p.Permanent() {
			t.Errorf("%s: %v may be tried again", methods, err)
		}
		clean(t, d)
	}
}

// Each way to log in works.
func TestLogins(t *testing.T) {
	for _, methods := range []string{"password", "keyboard", "both", "none"} {
		d := newDevice()
		d.methods = methods
		d.start(t)
		s, err := Dial(t.Context(), d.addr, d.options(t))
		if err != nil {
			t.Errorf("%s: %v", methods, err)
			continue
		}
		s.Close()
		clean(t, d)
	}
}

// An IPv6 literal is an address as any other.
func TestIPv6(t *testing.T) {
	d := newDevice().listen(t, "[::1]:0")
	s := d.dial(t)
	if _, device := s.Ends(); device != d.addr {
		t.Errorf("%s", device)
	}
	s.Close()
	clean(t, d)
}

// Jump hosts are verified as devices are, and don't get the device's password.
func TestJump(t *testing.T) {
	inner, outer, d := newDevice(), newDevice(), newDevice()
	outer.password, inner.password = "bastion", "bastion"
	d.answers = map[string]string{"show version": "Version\n"}
	outer.start(t)
	inner.start(t)
	d.start(t)
	o := d.options(t)
	o.KnownHosts = []string{d.know(t, outer, inner)}
	o.Secrets = fixedSecrets{"password": "let-me-in", "jump": "bastion"}
	o.Jump = []Hop{{outer.addr, "ops"}, {inner.addr, "ops"}}
	s, err := Dial(t.Context(), d.addr, o)
	if err != nil {
		t.Fatal(err)
	}
	if got := mustDo(t, s, read("show version")); got[0] != "Version\n" {
		t.Errorf("got %q", got)
	}
	if client, device := s.Ends(); client.IsValid() || device.IsValid() {
		t.Errorf("the ends are %s and %s", client, device)
	}
	if keys, err := HostKeys(t.Context(), d.addr, o); err != nil || len(keys) != 1 {
		t.Errorf("%v, %v", keys, err)
	}
	s.Close()

	for name, change := range map[string]func(*Options){
		"an unknown first host":  func(o *Options) { o.KnownHosts = []string{d.know(t, inner)} },
		"an unknown second host": func(o *Options) { o.KnownHosts = []string{d.know(t, outer)} },
		"no password for them":   func(o *Options) { o.Secrets = fixedSecrets{"password": "let-me-in"} },
		"nobody there":           func(o *Options) { o.Jump[1].Address = netip.MustParseAddrPort("127.0.0.1:1") },
	} {
		x := o
		x.Jump = append([]Hop(nil), o.Jump...)
		change(&x)
		if _, err := Dial(t.Context(), d.addr, x); err == nil || !strings.Contains(err.Error(), "jump host") {
			t.Errorf("%s: error %v", name, err)
		}
	}
	for _, p := range append(outer.tried(), inner.tried()...) {
		if p != "bastion" {
			t.Errorf("%q was typed on a jump host", p)
		}
	}
	outer.stop()
	inner.stop()
	clean(t, d)
}

// HostKeys on its way is cancelled as everything is.
func TestHostKeysOfNobody(t *testing.T) {
	d := newDevice()
	d.silent = "tcp"
	d.start(t)
	ctx, cancel := context.WithCancel(t.Context())
	o := d.options(t)
	cancel()
	if _, err := HostKeys(ctx, d.addr, o); !errors.Is(err, context.Canceled) {
		t.Errorf("error %v", err)
	}
	o.Handshake = 100 * 1e6
	if _, err := HostKeys(t.Context(), d.addr, o); !errors.Is(err, errSilent) {
		t.Errorf("error %v", err)
	}
	clean(t, d)
}
