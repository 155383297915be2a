package nftables

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/nbfwc/nbfwc/lab/kernel"
	"github.com/nbfwc/nbfwc/targets"
)

// An account that sudo refuses hears which lines it lacks. With those for reading
// it reads; with all of them it pushes (see the other tests).
func TestSudoRefuses(t *testing.T) {
	if !kernel.Require(t) {
		return
	}
	t.Parallel()
	ctx := context.Background()
	m := newMachine(t, kernel.User)
	before := m.rules()
	if err := m.host.Sudoers("# nothing\n"); err != nil {
		t.Fatal(err)
	}
	s, _, err := m.dial(true)
	if err == nil {
		s.Close()
	}
	if err == nil || !strings.Contains(err.Error(), "nbfwc ALL=(root) NOPASSWD: /usr/sbin/nft -s list ruleset") {
		t.Errorf("without any line: %v", err)
	}
	all := strings.Split(strings.TrimSpace(m.sudoers()), "\n")
	if err := m.host.Sudoers(strings.Join(all[:2], "\n") + "\n"); err != nil {
		t.Fatal(err)
	}
	s = m.login()
	p := m.push(s, jobOf(targets.Section, 1556), time.Minute)
	if pending, err := (Dialogue{}).Pending(ctx, s, p); err != nil || len(pending) > 0 {
		t.Errorf("with the lines for reading: %v %v", pending, err)
	}
	err = Dialogue{}.Prepare(ctx, s, p)
	if err == nil || !strings.Contains(err.Error(), "NOPASSWD: /usr/bin/tee") {
		t.Errorf("with the lines for reading, a push: %v", err)
	}
	// Each line but those for reading is needed, and missing ones are found
	// before anything is loaded.
	for i := 2; i < len(all); i++ {
		some := append(append([]string{}, all[:i]...), all[i+1:]...)
		if err := m.host.Sudoers(strings.Join(some, "\n") + "\n"); err != nil {
			t.Fatal(err)
		}
		err := errors.Join(Dialogue{}.Prepare(ctx, s, p))
		if err == nil || !strings.Contains(err.Error(), "NOPASSWD: /usr/bin/tee") {
			t.Errorf("without %q: %v", all[i], err)
		}
		_, err = Dialogue{}.Settle(ctx, s, p)
		if err != nil {
			t.Errorf("without %q, Settle: %v", all[i], err)
		}
	}
	if now := m.rules(); now != before {
		t.Errorf("the rules were\n%s\nand are\n%s", before, now)
	}
	// An old sudo can want a terminal, which a rollback hasn't.
	if err := m.host.Sudoers("Defaults requiretty\n" + m.sudoers()); err != nil {
		t.Fatal(err)
	}
	err = Dialogue{}.Prepare(ctx, s, p)
	if err == nil || !strings.Contains(err.Error(), "as the rollback will load them") || !strings.Contains(err.Error(), "tty") {
		t.Errorf("where sudo wants a terminal: %v", err)
	}
	if _, err = (Dialogue{}).Settle(ctx, s, p); err != nil {
		t.Error(err)
	}
	m.clean("after refusals")
}

// What a machine lacks for a push to be safe or to last is said before anything
// is put on it that matters.
func TestPrepareRefuses(t *testing.T) {
	if !kernel.Require(t) {
		return
	}
	t.Parallel()
	ctx := context.Background()
	m := newMachine(t, "root")
	before := m.rules()
	s := m.login()
	const conf = "/etc/nftables.conf"
	m.run("cp -a " + conf + " /etc/saved.conf")
	for _, c := range []struct{ what, spoil, says string }{
		{"no configuration for the boot", "rm " + conf, "nothing would be loaded at boot"},
		{"one that doesn't include our file", "sed -i '/nftables.d/d' " + conf, `include "/etc/nftables.d/*.nft"`},
		{"one that includes it in a comment", "sed -i 's/^include .*nftables.d/# &/' " + conf, "doesn't include"},
		{"one that flushes behind it", "echo 'flush  ruleset' >>" + conf, "flushes the rule set after it"},
		{"one that is wrong", "echo 'table inet x { chain y { bogus } }' >>" + conf, "wrong before the push"},
		{"no directory for the file", "rmdir /etc/nftables.d", "/etc/nftables.d"},
		{"a directory that can't be written", "mount -t tmpfs -o ro none /etc/nftables.d", "/etc/nftables.d"},
		{"another push", "mkdir -p /run/nbfwc/4711/other", "4711"},
		{"another push of the same account", "mkdir -p /run/nbfwc/0/sub", "push sub of the account with number 0"},
	} {
		m.run(c.spoil)
		p := m.push(s, jobOf(targets.Section, 1556), time.Minute)
		err := Dialogue{}.Prepare(ctx, s, p)
		if err == nil || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: %v, expected that it says %q", c.what, err, c.says)
		}
		if _, err := (Dialogue{}).Settle(ctx, s, p); err != nil {
			t.Errorf("%s: Settle: %v", c.what, err)
		}
		m.run("cp -a /etc/saved.conf " + conf + "; umount /etc/nftables.d 2>/dev/null; mkdir -p /etc/nftables.d; rm -rf /run/nbfwc")
	}
	p := m.push(s, jobOf(targets.Section, 1556), time.Minute)
	p.Change.Steps[0].Commands = append(p.Change.Steps[0].Commands, "add rule inet filter forward bogus")
	if err := (Dialogue{}).Prepare(ctx, s, p); err == nil || !strings.Contains(err.Error(), "check the new rules") || !strings.Contains(err.Error(), "syntax error") {
		t.Errorf("rules that nft doesn't take: %v", err)
	}
	if _, err := (Dialogue{}).Settle(ctx, s, p); err != nil {
		t.Error(err)
	}
	for _, id := range []string{"", "../x", "a b", "$(reboot)", strings.Repeat("x", 33)} {
		bad := *p
		bad.ID = id
		if err := (Dialogue{}).Prepare(ctx, s, &bad); err == nil {
			t.Errorf("an ID %q is taken", id)
		}
	}
	bad := *p
	bad.Timeout = 0
	if err := (Dialogue{}).Prepare(ctx, s, &bad); err == nil {
		t.Error("no time to confirm is taken")
	}
	if now := m.rules(); now != before {
		t.Errorf("the rules were\n%s\nand are\n%s", before, now)
	}
	m.clean("after refusals")
}

// Pushes of others and edits that nobody has loaded are said in words.
func TestPendingOverSSH(t *testing.T) {
	if !kernel.Require(t) {
		return
	}
	t.Parallel()
	ctx := context.Background()
	m := newMachine(t, kernel.User)
	pending := func(what, says string) {
		t.Helper()
		s, _, err := m.dial(true)
		if err != nil {
			t.Fatal(err)
		}
		defer s.Close()
		list, err := Dialogue{}.Pending(ctx, s, &targets.Push{ID: "mine", Before: []byte(m.rules())})
		if all := strings.Join(list, "\n"); err != nil || (says == "") != (all == "") || !strings.Contains(all, says) {
			t.Errorf("%s: %q %v, expected %q", what, list, err, says)
		}
	}
	pending("a machine that was never pushed", "")
	m.whole(jobOf(targets.Section, 1556))
	pending("after a push", "")
	m.run("sed -i s/1556/1557/ /etc/nftables.d/nbfwc.nft")
	pending("edited by hand", "edited by hand and isn't what runs")
	m.run("nft -f /etc/nftables.d/nbfwc.nft")
	pending("edited by hand and loaded", "")
	m.run("echo 'bogus {' >/etc/nftables.d/nbfwc.nft")
	pending("what is no file for nft", "isn't understood")
	m.run("rm /etc/nftables.d/nbfwc.nft")
	pending("removed by hand", "")

	s := m.login()
	p := m.push(s, jobOf(targets.Section, 13724), 5*time.Second)
	if err := m.apply(s, p); err != nil {
		t.Fatal(err)
	}
	pending("a push that waits", "push "+p.ID+" of the account with number 61001 is loaded and goes back by itself")
	m.awaitBack(p)
	pending("a push that went back", "")
	if _, err := (Dialogue{}).Settle(ctx, s, p); err != nil {
		t.Error(err)
	}
}

// What is fetched is what nft prints, byte for byte, also where it is long and
// where texts of others look like what ends an answer.
func TestFetchIsWhatNftPrints(t *testing.T) {
	if !kernel.Require(t) {
		return
	}
	t.Parallel()
	for _, user := range []string{"root", kernel.User} {
		m := newMachine(t, user)
		m.run("nft flush ruleset")
		s := m.login()
		fetched := func() string {
			text, err := Dialogue{}.Fetch(context.Background(), s, targets.Partition{})
			if err != nil {
				t.Fatal(err)
			}
			return string(text)
		}
		if text := fetched(); text != "" {
			t.Errorf("a machine without rules: %q", text)
		}
		var b strings.Builder
		b.WriteString("table inet x {\n set s { type ipv4_addr; flags interval; elements = {\n")
		for i := range 60000 {
			fmt.Fprintf(&b, "10.%d.%d.%d,\n", i>>15, i>>7&255, i<<1&255)
		}
		b.WriteString("} }\n chain c {\n tcp dport 1 accept comment \"status 0\"\n tcp dport 2 accept comment \"host> \"\n tcp dport 3 accept comment \"errors\"\n}\n}\n")
		if err := m.net.Load("r", b.String()); err != nil {
			t.Fatal(err)
		}
		want := m.rules()
		if text := fetched(); text != want {
			t.Errorf("%s: fetched are %d bytes, nft prints %d; the ends are %q and %q", user, len(text), len(want), tailOf(text), tailOf(want))
		}
	}
}

func tailOf(s string) string { return s[max(0, len(s)-300):] }

// A session that only reads types nothing else, whatever it is asked to do.
func TestReadOnlyOverSSH(t *testing.T) {
	if !kernel.Require(t) {
		return
	}
	t.Parallel()
	ctx := context.Background()
	m := newMachine(t, "root")
	s, id, err := m.dial(true)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if id.Serial != "0123456789abcdef0123456789abcdef" || id.Version != "1.0.6" && id.Version < "1" || id.Hostname == "" {
		t.Errorf("identity %+v", id)
	}
	p := m.push(s, jobOf(targets.Section, 1556), time.Minute)
	for what, err := range map[string]error{
		"Prepare": Dialogue{}.Prepare(ctx, s, p), "Apply": Dialogue{}.Apply(ctx, s, p), "Finish": Dialogue{}.Finish(ctx, s, p), "goBack": (&host{s: s}).goBack(ctx, p),
	} {
		if !errors.Is(err, targets.ErrReadOnly) {
			t.Errorf("%s: %v", what, err)
		}
	}
	if m.run("ls /run") != "sshd\nsshd.log\nsshd.pid\n" {
		t.Errorf("there is something new in /run: %s", m.run("ls /run"))
	}
}

// Where logind ends what a login leaves running, an account that isn't root
// couldn't go back by itself. The programs of systemd are made up here: a network
// namespace has none.
func TestPrepareWhereSystemdRuns(t *testing.T) {
	if !kernel.Require(t) {
		return
	}
	t.Parallel()
	ctx := context.Background()
	m := newMachine(t, kernel.User)
	fake := func(name, script string) {
		m.run("mkdir -p /run/systemd/system /etc/fake; printf '#!/bin/sh\\n%s\\n' '" + script + "' >/etc/fake/" + name + "; chmod 755 /etc/fake/" + name + "; " +
			"if [ -e /usr/bin/" + name + " ]; then umount /usr/bin/" + name + " 2>/dev/null; mount --bind /etc/fake/" + name + " /usr/bin/" + name + "; " +
			"else mountpoint -q /usr/local/sbin || mount -t tmpfs none /usr/local/sbin; cp /etc/fake/" + name + " /usr/local/sbin/; fi")
	}
	prepare := func() (notes string, err error) {
		s := m.login()
		defer s.Close()
		p := m.push(s, jobOf(targets.Section, 1556), time.Minute)
		p.Note = func(s string) { notes += s + "\n" }
		err = Dialogue{}.Prepare(ctx, s, p)
		if _, err := (Dialogue{}).Settle(ctx, s, p); err != nil {
			t.Error(err)
		}
		return notes, err
	}
	fake("systemctl", "echo disabled; exit 1")
	fake("busctl", `case $5 in KillUserProcesses) echo b true;; *) echo as 1 \"root\";; esac`)
	if _, err := prepare(); err == nil || !strings.Contains(err.Error(), "KillExcludeUsers") {
		t.Errorf("where logind ends programs: %v", err)
	}
	fake("busctl", `case $5 in KillUserProcesses) echo b true;; *) echo as 2 \"root\" \"nbfwc\";; esac`)
	if notes, err := prepare(); err != nil || !strings.Contains(notes, "systemctl enable nftables") {
		t.Errorf("where logind spares the account: %v, notes %q", err, notes)
	}
	fake("busctl", `case $5 in KillUserProcesses) echo b false;; *) echo as 1 \"root\";; esac`)
	fake("systemctl", "echo enabled")
	if notes, err := prepare(); err != nil || notes != "" {
		t.Errorf("where logind ends nothing: %v, notes %q", err, notes)
	}
	fake("busctl", `echo "Call failed: no such interface"; exit 1`)
	if _, err := prepare(); err == nil || !strings.Contains(err.Error(), "ask logind") {
		t.Errorf("where logind's answer isn't understood: %v", err)
	}
	m.run("rm -r /run/systemd")
}
