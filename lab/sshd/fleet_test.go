package sshd

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/nbfwc/nbfwc/lab/asa"
)

// What was saved on a device is there after the lab was stopped and started
// again, with the same addresses and host keys; what wasn't saved is gone.
func TestLabSurvivesARestart(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "lab")
	o := FleetOptions{Dir: dir, Server: Options{Users: map[string]string{"ann": "secret"}}}
	f, err := NewFleet(o)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := NewFleet(o); err == nil || !strings.Contains(err.Error(), "another process") {
		t.Errorf("two at a time: %v", err)
	}
	start := func(f *Fleet) *Member {
		t.Helper()
		m, err := f.Start(Member{Name: "fw1", Vendor: "cisco_asa", Device: asa.New(asa.Options{Hostname: "fw1", Enabled: true})})
		if err != nil {
			t.Fatal(err)
		}
		return m
	}
	m := start(f)
	x := open(t, m.Server)
	x.until("fw1# ")
	x.typed("conf t\robject network KEPT\rhost 10.0.0.1\rwrite memory\robject network LOST\rhost 10.0.0.2\rend\rexit\r")
	if got := x.rest(); !strings.Contains(got, "[OK]") {
		t.Fatalf("not saved: %q", got)
	}
	var table strings.Builder
	if err := f.Table(&table); err != nil {
		t.Fatal(err)
	}
	before := f.KnownHosts()
	for _, want := range []string{"fw1 ", "cisco_asa", m.Server.Addr().String(), "SHA256:"} {
		if !strings.Contains(table.String(), want) {
			t.Errorf("%q is not in the table\n%s", want, table.String())
		}
	}
	if err := waitFor(func() bool {
		b, err := os.ReadFile(filepath.Join(dir, "fw1.conf"))
		return err == nil && strings.Contains(string(b), "KEPT")
	}); err != nil {
		t.Error("the configuration is not kept when somebody logs out")
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	if f, err = NewFleet(o); err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := f.Close(); err != nil {
			t.Error(err)
		}
	}()
	m = start(f)
	if after := f.KnownHosts(); after != before || after == "" {
		t.Errorf("known hosts before\n%safter\n%s", before, after)
	}
	if r := m.Device.Running(); !strings.Contains(r, "object network KEPT") || strings.Contains(r, "LOST") {
		t.Error(r)
	}
	info, err := os.Stat(filepath.Join(dir, "fw1.key"))
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the key's file: %v, %v", info, err)
	}
}

func TestWhatALabRefuses(t *testing.T) {
	dir := t.TempDir()
	f, err := NewFleet(FleetOptions{Dir: dir, Server: Options{Users: map[string]string{"ann": "secret"}}})
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	write := func(name, text string) {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write("badconf.conf", "object network\n")
	write("badkey.key", "x")
	write("badaddr.addr", "nowhere")
	if _, err := f.Start(Member{Name: "ok", Device: asa.New(asa.Options{})}); err != nil {
		t.Fatal(err)
	}
	write("taken.addr", f.Members()[0].Server.Addr().String())
	for name, want := range map[string]string{
		"../x": "no name", "": "no name", ".x": "no name", "ok": "runs already",
		"badconf": "badconf.conf", "badkey": "badkey.key", "badaddr": "badaddr.addr", "taken": "address already in use",
	} {
		if _, err := f.Start(Member{Name: name, Device: asa.New(asa.Options{})}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v", name, err)
		}
	}
	if err := f.Stop("nobody"); err == nil {
		t.Error("a device that isn't there was stopped")
	}
	if n := len(f.Members()); n != 1 {
		t.Errorf("%d members", n)
	}
}
