package paloalto

import (
	"context"
	"fmt"
	"net/netip"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/nbfwc/nbfwc/lab"
	"github.com/nbfwc/nbfwc/lab/panos"
	"github.com/nbfwc/nbfwc/lab/sshd"
	"github.com/nbfwc/nbfwc/targets"
	"github.com/nbfwc/nbfwc/targets/console"
)

// password is all that is secret about the emulated firewall.
type password string

func (p password) Secret(context.Context, string) (string, error) { return string(p), nil }

// overSSH puts a bench behind an SSH server.
func overSSH(t testing.TB, b *bench, f sshd.Faults, more func(*lab.Terminal)) *sshd.Server {
	t.Helper()
	terminal := b.d.Terminal()
	if more != nil {
		more(&terminal)
	}
	server, err := sshd.Serve(b.d, sshd.Options{
		Users: map[string]string{me: "secret"}, Terminal: &terminal, Faults: f,
		Login: func(user string) lab.Session { return watched{b.d.LoginAs(user), b} },
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { server.Close() })
	known := filepath.Join(t.TempDir(), "known_hosts")
	o := console.Options{Username: me, Platform: b.dialogue.Platform(), KnownHosts: []string{known}, Secrets: password("secret"), Idle: 20 * time.Second}
	trust(t, server.Addr(), known, o)
	b.dial = func(readOnly bool) (targets.Session, error) {
		o := o
		o.ReadOnly = readOnly
		return console.Dial(t.Context(), server.Addr(), o)
	}
	return server
}

func trust(t testing.TB, addr netip.AddrPort, file string, o console.Options) {
	t.Helper()
	keys, err := console.HostKeys(t.Context(), addr, o)
	if err != nil || len(keys) == 0 {
		t.Fatal(keys, err)
	}
	if err := console.Trust(file, addr, keys[0]); err != nil {
		t.Fatal(err)
	}
}

// TestOverSSH: a push and the way back through a terminal, with all that a
// terminal and a network do to it.
func TestOverSSH(t *testing.T) {
	for _, x := range []struct {
		name   string
		faults sshd.Faults
		device panos.Faults
		more   func(*lab.Terminal)
		ha     string
	}{
		{name: "plain"},
		{name: "a terminal with pages and escapes", device: panos.Faults{Pager: true, Terminal: true}},
		{name: "one byte at a time", faults: sshd.Faults{Chunk: 1}},
		{name: "prompts in two halves", faults: sshd.Faults{CutPrompt: 3 * time.Millisecond}},
		{name: "escapes", faults: sshd.Faults{Escapes: true}},
		{name: "a greeting that looks like a prompt", more: func(x *lab.Terminal) {
			x.Greeting = "Last login: Mon Nov 23 from 192.0.2.9\nadmin@other> \nNumber of failed attempts since last successful login: 0\n"
		}},
		{name: "an active unit", ha: "active"},
	} {
		t.Run(strings.ReplaceAll(x.name, " ", "-"), func(t *testing.T) {
			b := newBench(t)
			b.d.SetHA(x.ha)
			b.d.SetFaults(x.device)
			overSSH(t, b, x.faults, x.more)
			p, err := b.push("p1", b.new)
			if err != nil || b.stand() != "new" {
				t.Fatalf("%v; it stands at %s\ntyped:\n%s", err, b.stand(), strings.Join(b.typed, "\n"))
			}
			if err := b.restore(p); err != nil || b.stand() != "old" {
				t.Fatalf("%v; it stands at %s", err, b.stand())
			}
			b.d.SetFaults(panos.Faults{})
			b.clean()
		})
	}
}

// TestOverSSHBroken: the connection breaks somewhere in a push, and so does the
// device's own session. Another login settles it.
func TestOverSSHBroken(t *testing.T) {
	stands := map[string]int{}
	for nth := 14; ; nth += 4 {
		b := newBench(t)
		server := overSSH(t, b, sshd.Faults{DropAfter: nth, Reset: nth%2 == 0}, nil)
		p, err := b.push("p1", b.new)
		server.SetFaults(sshd.Faults{})
		if err == nil {
			break // that was beyond its end
		}
		if p != nil {
			b.settle(p)
		}
		stands[b.stand()]++
		b.clean()
	}
	if stands["old"] == 0 || stands["new"] == 0 || stands["between"] > 0 {
		t.Error(stands)
	}
}

// TestOverSSHLarge: thousands of lines go ahead of their answers.
func TestOverSSHLarge(t *testing.T) {
	b := newBench(t)
	overSSH(t, b, sshd.Faults{}, nil)
	b.some, b.was, b.now = nil, nil, nil
	s, _, err := b.login(false)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	p, err := b.planned(s, "p1", b.new)
	if err != nil {
		t.Fatal(err)
	}
	var lines []string
	for i := range 5000 {
		name := fmt.Sprintf("NBU-10.1.%d.%d", i>>8, i&255)
		lines = append(lines, fmt.Sprintf("set address %s ip-netmask 10.1.%d.%d/32", name, i>>8, i&255), "set address "+name+" tag nbfwc")
	}
	p.Change.Steps = append([]targets.Step{{Why: "many objects", Commands: lines}}, p.Change.Steps...)
	began := time.Now()
	if err := b.dialogue.Prepare(t.Context(), s, p); err != nil {
		t.Fatal(err)
	}
	if err := b.dialogue.Apply(t.Context(), s, p); err != nil {
		t.Fatal(err)
	}
	if n := strings.Count(b.d.Running(), "set address NBU-10.1."); n < 5000 {
		t.Errorf("%d lines arrived", n)
	}
	if took := time.Since(began); took > 2*time.Minute {
		t.Error(took)
	} else {
		t.Log(took)
	}
}
