package kernel

import (
	"net/netip"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"testing"
	"time"
)

// What is done on a host stays there, and ends with it.
func TestHostIsApart(t *testing.T) {
	if !Require(t) {
		return
	}
	n := start(t, two())
	h, err := n.ServeSSH(netip.MustParseAddr("10.9.9.1"), netip.MustParseAddr("10.1.0.5"))
	if err != nil {
		t.Fatal(err)
	}
	defer h.Close()
	login := func(user, command string) (string, error) {
		out, err := exec.Command("ssh", "-F", "none", "-p", strings.Split(h.Addr.String(), ":")[1], "-i", h.Key, "-o", "UserKnownHostsFile="+h.KnownHosts,
			"-o", "StrictHostKeyChecking=yes", "-o", "BatchMode=yes", "-o", "ConnectTimeout=3", user+"@"+h.Addr.Addr().String(), command).CombinedOutput()
		return strings.TrimSpace(string(out)), err
	}
	if out, err := login("root", "id -u; echo $SSH_CONNECTION; echo x >/etc/nbfwc-apart; echo x >/run/nbfwc-apart; nft add table inet nbfwc_apart; sleep 1000 >/dev/null 2>&1 & true"); err != nil || !strings.HasPrefix(out, "0\n10.1.0.5 ") {
		t.Fatalf("%q %v", out, err)
	}
	if out, err := login(User, "sudo -n id -u"); err == nil {
		t.Errorf("%s has sudo before it is given: %q", User, out)
	}
	if err := h.Sudoers(User + " ALL=(root) NOPASSWD: /usr/bin/id -u\n"); err != nil {
		t.Fatal(err)
	}
	if out, err := login(User, "sudo -n id -u"); err != nil || out != "0" {
		t.Errorf("sudo: %q %v", out, err)
	}
	for _, name := range []string{"/etc/nbfwc-apart", "/run/nbfwc-apart"} {
		if _, err := os.Stat(name); err == nil {
			t.Errorf("%s is on the machine itself", name)
		}
	}
	if out, err := exec.Command("nft", "list", "tables").CombinedOutput(); err != nil || strings.Contains(string(out), "nbfwc_apart") {
		t.Errorf("the machine's own rules: %s %v", out, err)
	}

	if err := h.Cut(true); err != nil {
		t.Fatal(err)
	}
	if out, err := login("root", "true"); err == nil {
		t.Errorf("a login although packets are dropped: %q", out)
	}
	if err := h.Cut(false); err != nil {
		t.Fatal(err)
	}
	if err := h.KillSSH(); err != nil {
		t.Fatal(err)
	}
	if out, err := login("root", "true"); err == nil {
		t.Errorf("a login although the server was killed: %q", out)
	}
	if err := h.StartSSH(); err != nil {
		t.Fatal(err)
	}
	if out, err := login("root", "cat /run/nbfwc-apart; pgrep -c sleep"); err != nil || out != "x\n1" {
		t.Errorf("after the server was killed and started: %q %v", out, err)
	}
	if err := h.Reboot(); err != nil {
		t.Fatal(err)
	}
	if out, err := login("root", "cat /etc/nbfwc-apart; ls /run/nbfwc-apart; pgrep -c sleep; nft list tables"); err == nil && strings.Contains(out, "nbfwc_apart") || !strings.HasPrefix(out, "x\n") || !strings.Contains(out, "No such file") || !strings.Contains(out, "\n0") {
		t.Errorf("after a restart: %q %v", out, err)
	}
	dir, pid := h.dir, h.init.Process.Pid
	h.Close()
	for end := time.Now().Add(10 * time.Second); ; time.Sleep(10 * time.Millisecond) {
		_, err1 := os.Stat(dir)
		_, err2 := os.Stat("/proc/" + strconv.Itoa(pid))
		if err1 != nil && err2 != nil {
			break
		}
		if time.Now().After(end) {
			t.Fatalf("left behind: %v %v", err1, err2)
		}
	}
}
