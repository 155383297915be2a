package sshd

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"encoding/pem"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/crypto/ssh"
	"golang.org/x/crypto/ssh/knownhosts"

	"github.com/nbfwc/nbfwc/lab/asa"
)

// openSSH runs OpenSSH's client, which knows the server's key, with what is
// typed, and returns what the terminal showed.
func openSSH(t *testing.T, s *Server, typed string, env []string, args ...string) (string, error) {
	t.Helper()
	dir := t.TempDir()
	known := filepath.Join(dir, "known_hosts")
	line := knownhosts.Line([]string{s.Addr().String()}, s.HostKey()) + "\n"
	if err := os.WriteFile(known, []byte(line), 0o600); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	args = append([]string{"-tt", "-F", "none", "-o", "StrictHostKeyChecking=yes", "-o", "UserKnownHostsFile=" + known,
		"-o", "GlobalKnownHostsFile=none", "-o", "NumberOfPasswordPrompts=1", "-o", "IdentityAgent=none",
		"-p", fmt.Sprint(s.Addr().Port()), "-l", "ann"}, args...)
	cmd := exec.CommandContext(ctx, "ssh", append(args, s.Addr().Addr().String())...)
	cmd.Env = append(os.Environ(), env...)
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	if err := cmd.Start(); err != nil {
		t.Fatalf("OpenSSH's client is needed: %v", err)
	}
	io.WriteString(in, typed)
	err = cmd.Wait()
	return out.String(), err
}

// askpass is the environment in which OpenSSH gets its password from a program.
func askpass(t *testing.T, password string) []string {
	file := filepath.Join(t.TempDir(), "askpass")
	if err := os.WriteFile(file, []byte("#!/bin/sh\necho '"+password+"'\n"), 0o700); err != nil {
		t.Fatal(err)
	}
	return []string{"SSH_ASKPASS=" + file, "SSH_ASKPASS_REQUIRE=force", "DISPLAY=:0"}
}

const asaVisit = "enable\re\rshow running-config hostname\rexit\r"

func TestOpenSSHWithPasswords(t *testing.T) {
	for _, method := range []string{"password", "keyboard-interactive"} {
		s := serve(t, asa.New(asa.Options{Hostname: "fw1", Password: "e"}), Options{Banner: "Authorized users only\n"})
		got, err := openSSH(t, s, asaVisit, askpass(t, "secret"), "-o", "PreferredAuthentications="+method)
		if err != nil {
			t.Errorf("%s: %v", method, err)
		}
		for _, want := range []string{"Authorized users only", "fw1> enable\r\n", "Password: \r\n", "fw1# show running-config hostname\r\nhostname fw1\r\n", "Logoff"} {
			if !strings.Contains(got, want) {
				t.Errorf("%s: %q is missing in %q", method, want, got)
			}
		}
		if strings.Contains(got, "Password: e") {
			t.Errorf("the secret was shown: %q", got)
		}
		got, err = openSSH(t, s, asaVisit, askpass(t, "wrong"), "-o", "PreferredAuthentications="+method)
		if err == nil || !strings.Contains(got, "Permission denied") {
			t.Errorf("%s, wrong: %v: %q", method, err, got)
		}
	}
}

func TestOpenSSHWithAKey(t *testing.T) {
	public, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	key, err := ssh.NewPublicKey(public)
	if err != nil {
		t.Fatal(err)
	}
	block, err := ssh.MarshalPrivateKey(private, "")
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "id")
	if err := os.WriteFile(file, pem.EncodeToMemory(block), 0o600); err != nil {
		t.Fatal(err)
	}
	s := serve(t, asa.New(asa.Options{Hostname: "fw1", Password: "e"}), Options{Keys: []ssh.PublicKey{key}})
	got, err := openSSH(t, s, asaVisit, nil, "-i", file, "-o", "IdentitiesOnly=yes", "-o", "BatchMode=yes")
	if err != nil || !strings.Contains(got, "hostname fw1\r\n") {
		t.Errorf("%v: %q", err, got)
	}
}

func TestOpenSSHRefusesAnotherHostKey(t *testing.T) {
	s := serve(t, &machine{prompt: "fw# "}, Options{})
	other, err := newHostKey()
	if err != nil {
		t.Fatal(err)
	}
	addr := s.Addr().String()
	s.Close()
	s2 := serve(t, &machine{prompt: "fw# "}, Options{Address: addr, HostKey: other})
	s2.key = s.key // what the client knows
	got, err := openSSH(t, s2, "exit\r", askpass(t, "secret"))
	if err == nil || !strings.Contains(got, "Host key verification failed") {
		t.Errorf("%v: %q", err, got)
	}
}
