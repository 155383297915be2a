package console

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/crypto/ssh"
	"golang.org/x/crypto/ssh/agent"

	"github.com/nbfwc/nbfwc/targets"
)

func TestSecrets(t *testing.T) {
	file := write(t, "# who  what  secret\n\n* password everybody's\nedge-1 password own  with blanks \nedge-2 password another\n* enable \tmore\n")
	script := filepath.Join(t.TempDir(), "ask")
	if err := os.WriteFile(script, []byte("#!/bin/sh\n[ $2 = jump ] && exit 0\necho \"$1/$2\"\necho noise >&2\n"), 0o700); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		why, device, name string
		environ           []string
		file              string
		command           []string
		want              string
	}{
		{"nothing is known", "edge-1", "password", nil, "", nil, ""},
		{"the environment for all", "edge-1", "password", []string{"NBFWC_PASSWORD=env"}, file, []string{script}, "env"},
		{"the environment for the device", "edge-1", "password", []string{"NBFWC_PASSWORD=env", "NBFWC_PASSWORD_EDGE_1=mine"}, file, nil, "mine"},
		{"an empty variable is none", "edge-1", "password", []string{"NBFWC_PASSWORD="}, file, nil, "own  with blanks "},
		{"the variable of another name", "edge-1", "enable", []string{"NBFWC_PASSWORD=env"}, file, nil, "more"},
		{"the file for the device", "edge-1", "password", nil, file, []string{script}, "own  with blanks "},
		{"the file for all", "edge-9", "password", nil, file, nil, "everybody's"},
		{"the command", "edge-1", "passphrase", nil, file, []string{script}, "edge-1/passphrase"},
		{"the command knows none", "edge-1", "jump", nil, file, []string{script}, ""},
		{"a name that there isn't", "edge-1", "x;y", nil, file, []string{script}, ""},
	} {
		s, err := NewSecrets(c.environ, c.file, c.command, c.device)
		if err != nil {
			t.Fatal(err)
		}
		got, err := s.Secret(t.Context(), c.name)
		if got != c.want || c.want == "" && !errors.Is(err, ErrNoSecret) || c.want != "" && err != nil {
			t.Errorf("%s: %q, %v", c.why, got, err)
		}
	}
}

func TestSecretsRefused(t *testing.T) {
	good := "* password hush-hush\n"
	for name, make := range map[string]func(string) string{
		"others can read it": func(f string) string { _ = os.Chmod(f, 0o640); return f },
		"a directory":        filepath.Dir,
		"missing":            func(f string) string { return f + "x" },
		"a device":           func(string) string { return os.DevNull },
		"too large":          func(f string) string { _ = os.Truncate(f, maxSecretFile+1); return f },
		"an unknown name":    func(f string) string { _ = os.WriteFile(f, []byte("* passwd hush-hush\n"), 0o600); return f },
		"no secret":          func(f string) string { _ = os.WriteFile(f, []byte("* password\n"), 0o600); return f },
		"twice":              func(f string) string { _ = os.WriteFile(f, []byte(good+good), 0o600); return f },
		"control characters": func(f string) string { _ = os.WriteFile(f, []byte("* password hush-hush\x1b\n"), 0o600); return f },
		"a long line": func(f string) string {
			_ = os.WriteFile(f, []byte("* password "+strings.Repeat("hush-hush", 1000)), 0o600)
			return f
		},
	} {
		_, err := NewSecrets(nil, make(write(t, good)), nil, "edge-1")
		if err == nil || strings.Contains(err.Error(), "hush") {
			t.Errorf("%s: error %v", name, err)
		}
	}
	for name, script := range map[string]string{
		"it fails":       "echo hush-hush; echo hush-hush >&2; exit 3",
		"two lines":      "echo hush-hush; echo hush-hush",
		"endless output": "while :; do echo hush-hush; done",
		"control":        "printf 'hush-hush\\033\\n'",
	} {
		s, err := NewSecrets(os.Environ(), "", []string{"/bin/sh", "-c", script}, "edge-1")
		if err != nil {
			t.Fatal(err)
		}
		if got, err := s.Secret(t.Context(), "password"); err == nil || strings.Contains(err.Error(), "hush") {
			t.Errorf("%s: %q, error %v", name, got, err)
		}
	}
	// A command that doesn't end is not waited for.
	s, err := NewSecrets(os.Environ(), "", []string{"/bin/sh", "-c", "sleep 60"}, "edge-1")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	begin := time.Now()
	if _, err := s.Secret(ctx, "password"); err == nil || time.Since(begin) > 5*time.Second {
		t.Errorf("error %v after %s", err, time.Since(begin))
	}
}

// identity writes a key file, with a passphrase if it isn't "".
func identity(t *testing.T, passphrase string) (name string, key ed25519.PrivateKey) {
	t.Helper()
	_, key, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	block, err := ssh.MarshalPrivateKey(key, "")
	if passphrase != "" {
		block, err = ssh.MarshalPrivateKeyWithPassphrase(key, "", []byte(passphrase))
	}
	if err != nil {
		t.Fatal(err)
	}
	return write(t, string(pem.EncodeToMemory(block))), key
}

// Key files and agents log in; a file that others can read does not.
func TestKeys(t *testing.T) {
	plain, key := identity(t, "")
	locked, lockedKey := identity(t, "the passphrase")
	signer, err := ssh.NewSignerFromKey(key)
	if err != nil {
		t.Fatal(err)
	}
	lockedSigner, err := ssh.NewSignerFromKey(lockedKey)
	if err != nil {
		t.Fatal(err)
	}
	open, _ := identity(t, "")
	if err := os.Chmod(open, 0o644); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name    string
		users   ssh.PublicKey
		file    string
		secrets fixedSecrets
		want    string
	}{
		{"a key file", signer.PublicKey(), plain, nil, ""},
		{"a key file with a passphrase", lockedSigner.PublicKey(), locked, fixedSecrets{"passphrase": "the passphrase"}, ""},
		{"a wrong passphrase", lockedSigner.PublicKey(), locked, fixedSecrets{"passphrase": "wrong secret"}, "doesn't fit"},
		{"an unknown passphrase", lockedSigner.PublicKey(), locked, nil, "not known"},
		{"a file that others can read", signer.PublicKey(), open, nil, "others can read it"},
		{"a missing file", signer.PublicKey(), open + "x", nil, "no such file"},
		{"no key at all", signer.PublicKey(), write(t, "nonsense"), nil, "no key found"},
		{"a key that the device doesn't know", newSigner(t).PublicKey(), plain, nil, "unable to authenticate"},
	} {
		d := newDevice()
		d.methods, d.users = "key", c.users
		d.start(t)
		o := d.options(t)
		o.Identities, o.Secrets = []string{c.file}, c.secrets
		s, err := Dial(t.Context(), d.addr, o)
		if c.want == "" && err != nil || c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)) {
			t.Errorf("%s: error %v, want %q", c.name, err, c.want)
		}
		if err == nil {
			s.Close()
		} else if strings.Contains(err.Error(), "wrong secret") {
			t.Errorf("%s: the passphrase is in %v", c.name, err)
		}
		clean(t, d)
	}
}

func TestAgent(t *testing.T) {
	_, key := identity(t, "")
	ring := agent.NewKeyring()
	if err := ring.Add(agent.AddedKey{PrivateKey: key}); err != nil {
		t.Fatal(err)
	}
	socket := filepath.Join(t.TempDir(), "agent")
	ln, err := net.Listen("unix", socket)
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		for {
			c, err := ln.Accept()
			if err != nil {
				return
			}
			_ = agent.ServeAgent(ring, c) // ends with the connection
			c.Close()
		}
	}()
	signer, _ := ssh.NewSignerFromKey(key)
	d := newDevice()
	d.methods, d.users = "key", signer.PublicKey()
	d.start(t)
	s := d.dial(t, func(o *Options) { o.Agent, o.Secrets = socket, nil })
	s.Close()
	ln.Close()
	<-done // so the connection to the agent isn't kept
	clean(t, d)
}

// A device that shows a secret that it was told, at once or later, doesn't get
// it into an error or a transcript.
func TestSecretsThatAreShown(t *testing.T) {
	for name, c := range map[string]struct {
		leak bool
		show string
		then targets.Command
	}{
		"where it was typed":             {leak: true},
		"in a later answer":              {show: "enable password open-sesame\n", then: read("show it")},
		"the one of the login":           {show: "your password is let-me-in\n", then: read("show it")},
		"in an answer that is refused":   {show: "open-sesame, let-me-in\n", then: targets.Command{Line: "show it"}},
		"in what is no answer":           {show: "fw01# open-sesame let-me-in", then: read("show it")},
		"in an answer that is too short": {show: "let-me-in open-sesame\n", then: targets.Command{Line: "show it", Any: true, End: "end"}},
	} {
		t.Run(name, func(t *testing.T) {
			d := newDevice()
			d.leak, d.answers = c.leak, map[string]string{"show it": c.show}
			d.start(t)
			var log bytes.Buffer
			s := d.dial(t, func(o *Options) { o.Transcript, o.Idle = &log, time.Second })
			_, err := s.Do(t.Context(), enable)
			if err == nil {
				_, err = s.Do(t.Context(), c.then)
			}
			if said := fmt.Sprint(err) + log.String(); strings.Contains(said, "open-sesame") || strings.Contains(said, "let-me-in") {
				t.Errorf("a secret is in the error or the transcript:\n%v\n%s", err, log.String())
			}
			if !c.then.Reads && err == nil {
				t.Error("no error")
			}
		})
	}
	// What an answer says is not masked for what a secret has in common with it.
	d := newDevice()
	d.answers = map[string]string{"show it": "description open-sesame\n"}
	d.start(t)
	s := d.dial(t)
	if got := mustDo(t, s, enable, read("show it")); got[1] != "description open-sesame\n" {
		t.Errorf("the answer is %q", got[1])
	}
}

// A configuration that breaks off, or goes on behind what ended it, isn't quoted
// in the error: it can be in the middle of a secret.
func TestPrivateAnswersAreNotQuoted(t *testing.T) {
	private := read("show running-config")
	private.Private = true
	for name, c := range map[string]struct{ text, stop string }{
		"silence in the middle of a line":         {"hostname fw01\nusername eve password hash-of-eve", "hash-of-eve"},
		"silence behind what looks like a prompt": {"fw01# username eve password hash-of-eve", "hash-of-eve"},
	} {
		t.Run(name, func(t *testing.T) {
			d := newDevice()
			d.answers = map[string]string{private.Line: c.text}
			gone := make(chan struct{})
			d.pace = func(out io.Writer, text []byte) error {
				if _, err := out.Write(text); err != nil {
					return err
				}
				if bytes.Contains(text, []byte(c.stop)) {
					<-gone
				}
				return nil
			}
			d.start(t)
			t.Cleanup(func() { close(gone) })
			var log bytes.Buffer
			s := d.dial(t, func(o *Options) { o.Transcript, o.Idle = &log, 500*time.Millisecond })
			_, err := s.Do(t.Context(), private)
			if err == nil || strings.Contains(err.Error()+log.String(), "hash-of-eve") {
				t.Errorf("error %v, transcript\n%s", err, log.String())
			}
		})
	}
}
