package console

import (
	"bytes"
	"encoding/pem"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/crypto/ssh"
	"golang.org/x/crypto/ssh/knownhosts"

	"github.com/nbfwc/nbfwc/targets"
)

// linux is a host with a shell of ours.
var linux = targets.Platform{
	Name: "nftables", Host: `[\w-]+`,
	Modes:   []targets.Mode{{Name: "shell", Prompt: `{host}# `}},
	Program: `PS1='{host}# ' PS2= ENV= exec sh -i`,
	Width:   511,
}

// sshd starts a real OpenSSH server on loopback and returns how to log in.
func sshd(t *testing.T) (netip.AddrPort, Options) {
	t.Helper()
	program, err := exec.LookPath("/usr/sbin/sshd")
	if err != nil {
		t.Fatal("this test asks a real OpenSSH server (package openssh-server): ", err)
	}
	if os.Geteuid() == 0 {
		if err := os.MkdirAll("/run/sshd", 0o755); err != nil {
			t.Fatal(err)
		}
	}
	dir := t.TempDir()
	file := func(name, text string) string {
		name = filepath.Join(dir, name)
		if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return name
	}
	userFile, userKey := identity(t, "")
	_, hostKey := identity(t, "")
	hostSigner, err := ssh.NewSignerFromKey(hostKey)
	if err != nil {
		t.Fatal(err)
	}
	userSigner, err := ssh.NewSignerFromKey(userKey)
	if err != nil {
		t.Fatal(err)
	}
	block, err := ssh.MarshalPrivateKey(hostKey, "")
	if err != nil {
		t.Fatal(err)
	}
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	addr := netip.MustParseAddrPort(ln.Addr().String())
	ln.Close()
	config := fmt.Sprintf(`ListenAddress %s
HostKey %s
AuthorizedKeysFile %s
StrictModes no
UsePAM no
PidFile none
PasswordAuthentication no
KbdInteractiveAuthentication no
PermitRootLogin yes
PrintMotd no
`, addr, file("host_key", string(pem.EncodeToMemory(block))), file("authorized_keys", string(ssh.MarshalAuthorizedKey(userSigner.PublicKey()))))
	var log bytes.Buffer
	c := exec.Command(program, "-D", "-e", "-f", file("sshd_config", config))
	c.Stderr = &log
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = c.Process.Kill()
		_ = c.Wait()
		if t.Failed() {
			t.Log(log.String())
		}
	})
	for range 100 {
		x, err := net.Dial("tcp", addr.String())
		if err == nil {
			x.Close()
			break
		}
		time.Sleep(50 * time.Millisecond)
	}
	me, err := user.Current()
	if err != nil {
		t.Fatal(err)
	}
	return addr, Options{
		Username: me.Username, Platform: linux, Identities: []string{userFile},
		KnownHosts: []string{file("known_hosts", knownhosts.Line([]string{addr.String()}, hostSigner.PublicKey())+"\n")},
		Idle:       10 * time.Second,
	}
}

// A real OpenSSH server with a real shell does what is typed.
func TestOpenSSH(t *testing.T) {
	addr, o := sshd(t)
	keys, err := HostKeys(t.Context(), addr, o)
	if err != nil || len(keys) != 1 || keys[0].Type() != "ssh-ed25519" {
		t.Errorf("host keys: %v, %v", keys, err)
	}
	s, err := Dial(t.Context(), addr, o)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	var text strings.Builder
	for i := range 20_000 {
		fmt.Fprintf(&text, "add rule inet fw forward tcp dport 1556 accept comment \"line %d # \"\n", i)
	}
	name := filepath.Join(t.TempDir(), "rules.nft")
	for range 2 { // the second time the file is there, and others can read it
		if err := s.Upload(t.Context(), name, []byte(text.String())); err != nil {
			t.Fatal(err)
		}
		if info, err := os.Stat(name); err != nil || info.Mode().Perm() != 0o600 {
			t.Fatalf("%v, %v", info.Mode(), err)
		}
		if err := os.Chmod(name, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if data, err := os.ReadFile(name); err != nil || string(data) != text.String() {
		t.Fatal("the file differs", err)
	}
	got := mustDo(t, s, read("cat "+name), read("echo one; echo two >&2"), read("printf 'no line end'"), read("true"),
		read("x='"+strings.Repeat("long ", 500)+"'; echo ${#x}"), read("stty size"), read("printf 'a\\033[31mb\\033[0m\\n'"))
	want := []string{text.String(), "one\ntwo\n", "no line end\n", "", "2500\n", "255 511\n", "ab\n"}
	for i := range want {
		if got[i] != want[i] {
			t.Errorf("answer %d: %q, want %q", i, tail(got[i]), tail(want[i]))
		}
	}
	// Lines that are marked to be typed ahead are in step as well.
	var list []targets.Command
	for i := range 50 {
		list = append(list, targets.Command{Line: fmt.Sprint("echo ", i), Ahead: true, Accept: []string{fmt.Sprint(i)}})
	}
	mustDo(t, s, list...)
	if err := s.Upload(t.Context(), "/nonexistent/x", []byte("x")); err == nil || !strings.Contains(err.Error(), "exit status") {
		t.Errorf("upload: %v", err)
	}
	mustDo(t, s, read("true"))
	if _, err := s.Do(t.Context(), read("echo "+strings.Repeat("x", 5000))); err == nil {
		t.Error("a line that the terminal cuts was typed")
	}
	if _, err := s.Do(t.Context(), read("exit")); !errors.Is(err, errEnded) {
		t.Errorf("exit: %v", err)
	}
}

// A shell that starts late finds nothing typed before it: the terminal would
// echo that where nobody expects it.
func TestSlowShell(t *testing.T) {
	t.Parallel()
	addr, o := sshd(t)
	o.Platform.Program = "printf 'a notice without end'; sleep 4; " + o.Platform.Program
	s, err := Dial(t.Context(), addr, o)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if got := mustDo(t, s, read("echo one")); got[0] != "one\n" {
		t.Errorf("got %q", got)
	}
}
