package kernel

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"
)

// Host is a router that can be logged in to: OpenSSH serves in its namespace,
// with an /etc and a /run of its own, so that what is written there stays in
// the test, and with processes of its own, which end with the test.
type Host struct {
	// Addr is where this process, and programs that it starts, reach the
	// server: a port of the loopback device, which is passed on into the
	// network as connections from an address of a zone.
	Addr netip.AddrPort
	// Key and KnownHosts are files for a client of root's and User's. The server
	// is known by its own address too, for clients that come through a jump host.
	Key, KnownHosts string

	router *node
	zone   *node
	from   netip.Addr
	at     netip.AddrPort
	dir    string
	init   *exec.Cmd
	hold   io.Closer // the processes end when this does
	pid    int
	relay  net.Listener

	mu    sync.Mutex
	conns map[net.Conn]bool
}

// User is an account of a Host that isn't root's. It has a number of its own.
const (
	User    = "nbfwc"
	UserNum = 61001
)

// ServeSSH makes the router that has an address one that can be logged in to,
// from an address of a zone. Close must be called before that of the network.
func (n *Net) ServeSSH(at, from netip.Addr) (*Host, error) {
	r, err := n.node(n.Holder(at))
	if err != nil {
		return nil, err
	}
	z, err := n.node(n.Holder(from))
	if err != nil {
		return nil, err
	}
	h := &Host{router: r, zone: z, from: from, at: netip.AddrPortFrom(at, 22), conns: map[net.Conn]bool{}}
	if err := h.start(); err != nil {
		h.Close()
		return nil, fmt.Errorf("%w\n%s", err, h.Log())
	}
	return h, nil
}

func (h *Host) start() error {
	for _, program := range []string{"bash", "unshare", "nsenter", "ssh-keygen", "sudo", "/usr/sbin/sshd"} {
		if err := lookPath(program); err != nil {
			return err
		}
	}
	var err error
	if h.dir, err = os.MkdirTemp("", "nbfwc-host-"); err != nil {
		return err
	}
	relay, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		return err
	}
	h.relay, h.Addr = relay, relay.Addr().(*net.TCPAddr).AddrPort()
	if err := h.files(); err != nil {
		return err
	}
	if err := h.processes(); err != nil {
		return err
	}
	go h.accept()
	return h.StartSSH()
}

// files makes the host's own /etc and /run.
func (h *Host) files() error {
	etc, run := filepath.Join(h.dir, "etc"), filepath.Join(h.dir, "run")
	if out, err := exec.Command("cp", "-a", "/etc", etc).CombinedOutput(); err != nil {
		return fmt.Errorf("copy /etc: %w: %s", err, out)
	}
	if err := os.MkdirAll(filepath.Join(run, "sshd"), 0o755); err != nil {
		return err
	}
	h.Key, h.KnownHosts = filepath.Join(h.dir, "key"), filepath.Join(h.dir, "known_hosts")
	hostKey := filepath.Join(etc, "ssh", "nbfwc_host_key")
	for _, key := range []string{h.Key, hostKey} {
		if out, err := exec.Command("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "test", "-f", key).CombinedOutput(); err != nil {
			return fmt.Errorf("ssh-keygen: %w: %s", err, out)
		}
	}
	public, err := os.ReadFile(hostKey + ".pub")
	if err != nil {
		return err
	}
	client, err := os.ReadFile(h.Key + ".pub")
	if err != nil {
		return err
	}
	known := fmt.Sprintf("[%s]:%d %s%s %s", h.Addr.Addr(), h.Addr.Port(), public, h.at.Addr(), public)
	account := fmt.Sprintf("%s:x:%d:%d::/:/bin/sh\n", User, UserNum, UserNum)
	for name, text := range map[string]string{
		h.KnownHosts:                         known,
		filepath.Join(etc, "ssh/nbfwc"):      "Port 22\nListenAddress " + h.at.Addr().String() + "\nHostKey /etc/ssh/nbfwc_host_key\nPidFile /run/sshd.pid\nAuthorizedKeysFile /etc/ssh/nbfwc_keys\nStrictModes no\nPermitRootLogin prohibit-password\nPasswordAuthentication no\nKbdInteractiveAuthentication no\nUsePAM no\nPrintMotd no\nUseDNS no\nMaxStartups 100\nSubsystem sftp internal-sftp\n",
		filepath.Join(etc, "ssh/nbfwc_keys"): string(client),
		filepath.Join(etc, "nftables.conf"):  "#!/usr/sbin/nft -f\nflush ruleset\ninclude \"/etc/nftables.d/*.nft\"\n",
		filepath.Join(etc, "machine-id"):     "0123456789abcdef0123456789abcdef\n",
	} {
		if err := os.WriteFile(name, []byte(text), 0o644); err != nil {
			return err
		}
	}
	for name, text := range map[string]string{"passwd": account, "group": fmt.Sprintf("%s:x:%d:\n", User, UserNum), "shadow": User + ":*:19000:0:99999:7:::\n"} {
		if err := appendTo(filepath.Join(etc, name), text); err != nil {
			return err
		}
	}
	return errors.Join(os.MkdirAll(filepath.Join(etc, "nftables.d"), 0o755), os.Chmod(filepath.Join(etc, "machine-id"), 0o444))
}

func appendTo(name, text string) error {
	f, err := os.OpenFile(name, os.O_APPEND|os.O_WRONLY|os.O_CREATE, 0o644)
	if err != nil {
		return err
	}
	_, err = f.WriteString(text)
	return errors.Join(err, f.Close())
}

// processes makes the host's process 1, which ends, and everything below it
// with it, when its input does.
func (h *Host) processes() error {
	script := `mount --bind "$0/etc" /etc && mount --bind "$0/run" /run && echo ready && read line`
	h.init = exec.Command("unshare", "--mount", "--propagation", "private", "--pid", "--fork", "--kill-child", "--mount-proc", "bash", "-c", script, h.dir)
	in, err := h.init.StdinPipe()
	if err != nil {
		return err
	}
	h.hold = in
	out, err := h.init.StdoutPipe()
	if err != nil {
		return err
	}
	h.init.Stderr = os.Stderr
	if err := h.router.run(h.init.Start); err != nil {
		return fmt.Errorf("start the host's processes: %w", err)
	}
	if _, err := io.ReadFull(out, make([]byte, len("ready\n"))); err != nil {
		return fmt.Errorf("the host's processes don't start: %w", err)
	}
	pid := h.init.Process.Pid
	child, err := os.ReadFile(fmt.Sprintf("/proc/%d/task/%d/children", pid, pid))
	if err != nil {
		return err
	}
	h.pid, err = strconv.Atoi(strings.TrimSpace(string(child)))
	return err
}

// Run runs a shell command on the host, as root, and returns what it printed.
func (h *Host) Run(command string) (string, error) {
	c := exec.Command("nsenter", "--target", strconv.Itoa(h.pid), "--mount", "--pid", "--net", "--", "sh", "-c", command)
	var out bytes.Buffer
	c.Stdout, c.Stderr = &out, &out
	if err := c.Run(); err != nil {
		return out.String(), fmt.Errorf("on the host: %s: %w\n%s", command, err, out.String())
	}
	return out.String(), nil
}

// StartSSH starts the server, and waits until it answers.
func (h *Host) StartSSH() error {
	if _, err := h.Run("/usr/sbin/sshd -f /etc/ssh/nbfwc -E /run/sshd.log"); err != nil {
		return err
	}
	for end := time.Now().Add(20 * time.Second); ; time.Sleep(20 * time.Millisecond) {
		_, err := h.Run("grep -q 'Server listening' /run/sshd.log")
		if err == nil {
			return nil
		}
		if time.Now().After(end) {
			return fmt.Errorf("the SSH server doesn't start: %w", err)
		}
	}
}

// KillSSH kills the server and all logins, as a crash does. What logins have
// left running in the background goes on.
func (h *Host) KillSSH() error {
	_, err := h.Run(`for p in /proc/[0-9]*; do read -r name <$p/comm && [ "$name" = sshd ] && kill -9 ${p#/proc/}; done 2>/dev/null; : >/run/sshd.log; true`)
	return err
}

// Log is what the server has logged.
func (h *Host) Log() string {
	text, _ := os.ReadFile(filepath.Join(h.dir, "run", "sshd.log"))
	return string(text)
}

// Sudoers replaces what the account User may run as root.
func (h *Host) Sudoers(text string) error {
	name := filepath.Join(h.dir, "etc", "sudoers.d", "nbfwc")
	if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
		return err
	}
	if err := os.WriteFile(name, []byte(text), 0o440); err != nil {
		return err
	}
	_, err := h.Run("chown root:root /etc/sudoers.d/nbfwc && visudo -cqf /etc/sudoers.d/nbfwc")
	return err
}

// Cut drops, or no longer drops, every packet of the logins, in both
// directions and without a word, outside the host.
func (h *Host) Cut(cut bool) error {
	text := "table inet nbfwc_cut\ndelete table inet nbfwc_cut\n"
	if cut {
		text += fmt.Sprintf("table inet nbfwc_cut {\n chain o { type filter hook output priority 0; ip daddr %[1]s tcp dport 22 drop; }\n chain i { type filter hook input priority 0; ip saddr %[1]s tcp sport 22 drop; }\n}\n", h.at.Addr())
	}
	_, err := h.zone.exec(text, "nft", "-f", "-")
	return err
}

// Hangup breaks every connection to the server, from the client's side.
func (h *Host) Hangup() {
	h.mu.Lock()
	defer h.mu.Unlock()
	for c := range h.conns {
		c.Close()
	}
}

func (h *Host) accept() {
	for {
		c, err := h.relay.Accept()
		if err != nil {
			return
		}
		go h.pass(c)
	}
}

// pass carries one connection into the network.
func (h *Host) pass(c net.Conn) {
	defer c.Close()
	var up net.Conn
	err := h.zone.run(func() error {
		d := net.Dialer{LocalAddr: &net.TCPAddr{IP: h.from.AsSlice()}, Timeout: 3 * time.Second}
		var err error
		up, err = d.Dial("tcp4", h.at.String())
		return err
	})
	if err != nil {
		return
	}
	defer up.Close()
	h.mu.Lock()
	h.conns[c], h.conns[up] = true, true
	h.mu.Unlock()
	done := make(chan struct{}, 2)
	for _, ends := range [][2]net.Conn{{up, c}, {c, up}} {
		go func() {
			_, _ = io.Copy(ends[0], ends[1])
			done <- struct{}{}
		}()
	}
	<-done
	h.mu.Lock()
	delete(h.conns, c)
	delete(h.conns, up)
	h.mu.Unlock()
}

// Reboot ends every process, empties /run and the rule set, and loads what the
// machine loads at boot. Logins are possible again afterwards.
func (h *Host) Reboot() error {
	if _, err := h.Run("nft flush ruleset"); err != nil {
		return err
	}
	h.stop()
	if err := os.RemoveAll(filepath.Join(h.dir, "run")); err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Join(h.dir, "run", "sshd"), 0o755); err != nil {
		return err
	}
	if err := h.processes(); err != nil {
		return err
	}
	if _, err := h.Run("nft -f /etc/nftables.conf"); err != nil {
		return err
	}
	return h.StartSSH()
}

// stop ends all processes of the host.
func (h *Host) stop() {
	if h.hold != nil {
		h.hold.Close()
	}
	if h.init != nil && h.init.Process != nil {
		ended := make(chan struct{})
		go func() {
			select {
			case <-ended:
			case <-time.After(5 * time.Second):
				_ = h.init.Process.Signal(syscall.SIGKILL)
			}
		}()
		_ = h.init.Wait()
		close(ended)
	}
}

// Close ends the host's processes and removes its files.
func (h *Host) Close() {
	if h.relay != nil {
		h.relay.Close()
	}
	h.Hangup()
	h.stop()
	if h.dir != "" {
		os.RemoveAll(h.dir)
	}
}
