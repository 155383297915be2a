package main

import (
	"crypto/ed25519"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"golang.org/x/crypto/ssh"

	"github.com/nbfwc/nbfwc/targets/console"
)

// jumpHost is an SSH server that only forwards connections.
type jumpHost struct {
	addr netip.AddrPort
	conf ssh.ServerConfig

	mu    sync.Mutex
	tried []string // passwords
	led   []string // where connections went
}

const jumpPassword = "bastion-secret-9"

func newJumpHost(t *testing.T) *jumpHost {
	t.Helper()
	_, key, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	signer, err := ssh.NewSignerFromKey(key)
	if err != nil {
		t.Fatal(err)
	}
	j := &jumpHost{}
	j.conf.AddHostKey(signer)
	j.conf.PasswordCallback = func(m ssh.ConnMetadata, password []byte) (*ssh.Permissions, error) {
		j.mu.Lock()
		defer j.mu.Unlock()
		j.tried = append(j.tried, string(password))
		if m.User() != "ops" || string(password) != jumpPassword {
			return nil, errors.New("denied")
		}
		return nil, nil
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	j.addr = netip.MustParseAddrPort(l.Addr().String())
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go j.serve(c)
		}
	}()
	return j
}

func (j *jumpHost) serve(c net.Conn) {
	defer c.Close()
	conn, channels, requests, err := ssh.NewServerConn(c, &j.conf)
	if err != nil {
		return
	}
	defer conn.Close()
	go ssh.DiscardRequests(requests)
	for ch := range channels {
		var to struct {
			Host   string
			Port   uint32
			Origin string
			From   uint32
		}
		if ch.ChannelType() != "direct-tcpip" || ssh.Unmarshal(ch.ExtraData(), &to) != nil {
			_ = ch.Reject(ssh.Prohibited, "this host only leads to others")
			continue
		}
		go j.lead(ch, net.JoinHostPort(to.Host, fmt.Sprint(to.Port)))
	}
}

func (j *jumpHost) lead(ch ssh.NewChannel, to string) {
	out, err := net.Dial("tcp", to)
	if err != nil {
		_ = ch.Reject(ssh.ConnectionFailed, err.Error())
		return
	}
	defer out.Close()
	in, requests, err := ch.Accept()
	if err != nil {
		return
	}
	defer in.Close()
	j.mu.Lock()
	j.led = append(j.led, to)
	j.mu.Unlock()
	go ssh.DiscardRequests(requests)
	go func() {
		_, _ = io.Copy(out, in)
		out.Close()
	}()
	_, _ = io.Copy(in, out)
}

// TestThroughAJumpHost: a device behind a bastion is trusted, read and changed
// through it. The bastion has to be known as the device has, and never gets the
// device's password.
func TestThroughAJumpHost(t *testing.T) {
	t.Parallel()
	r, j := newRig(t), newJumpHost(t)
	policy := r.read("policy/policy.hcl")
	r.write("policy/policy.hcl", strings.Replace(policy, `device "dc" {`, fmt.Sprintf(`device "bastion" {
  address  = %q
  username = "ops"
}
device "dc" {
  jump = device.bastion`, j.addr), 1))
	fetch := []string{"fetch", r.policy(), "-firewall", "dc", "-o", filepath.Join(r.dir, "running")}

	_, stderr := r.nbfwc(2, fetch...)
	if !strings.Contains(stderr, "nbfwc: dc: device dc: jump host ") || !strings.Contains(stderr, "no key is on file") {
		t.Errorf("an unknown jump host: %s", stderr)
	}
	keys, err := console.HostKeys(t.Context(), j.addr, console.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if err := console.Trust(filepath.Join(r.dir, "known_hosts"), j.addr, keys[0]); err != nil {
		t.Fatal(err)
	}
	_, stderr = r.nbfwc(2, fetch...)
	if !strings.Contains(stderr, "jump host ") || !strings.Contains(stderr, "jump: no secret is known") {
		t.Errorf("a jump host without its password: %s", stderr)
	}
	r.write("secrets", "dc jump wrong-secret\n")
	_, stderr = r.nbfwc(2, append(fetch, "-credentials", filepath.Join(r.dir, "secrets"))...)
	if !strings.Contains(stderr, "jump host ") || !strings.Contains(stderr, "the password of the jump host was tried once") {
		t.Errorf("a jump host with another password: %s", stderr)
	}
	r.write("secrets", "dc jump "+jumpPassword+"\n")
	r.nbfwc(0, append(fetch, "-credentials", filepath.Join(r.dir, "secrets"))...)
	r.nbfwc(0, "push", r.policy(), "-firewall", "dc", "-yes", "-credentials", filepath.Join(r.dir, "secrets"))
	if !strings.Contains(r.devices["dc"].Running(), "NBU-") {
		t.Error("nothing was pushed")
	}
	out, _ := r.nbfwc(0, "device", "list", r.policy())
	if !strings.Contains(out, "bastion") {
		t.Error(out)
	}

	j.mu.Lock()
	defer j.mu.Unlock()
	if len(j.tried) < 3 || slices.ContainsFunc(j.tried, func(p string) bool { return p != jumpPassword && p != "wrong-secret" }) {
		t.Errorf("typed on the jump host: %q", j.tried)
	}
	device := r.servers["dc"].Addr().String()
	if len(j.led) < 3 || slices.ContainsFunc(j.led, func(to string) bool { return to != device }) {
		t.Errorf("the jump host led to %q", j.led)
	}
}
