package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/nbfwc/nbfwc/lab"
	"github.com/nbfwc/nbfwc/lab/asa"
	"github.com/nbfwc/nbfwc/lab/fortios"
	"github.com/nbfwc/nbfwc/lab/sshd"
	"github.com/nbfwc/nbfwc/targets/console"
)

// contextsPolicy has two firewalls, which are contexts of one device.
const contextsPolicy = `
zone "core" { networks = ["10.10.0.0/24"] }
zone "far" { networks = ["10.30.0.0/24"] }
zone "backbone" {
  networks = ["10.99.0.0/16"]
  transit  = true
}
device "box" {
  address  = "ADDRESS"
  username = "admin"
}
firewall "left" {
  target  = "TARGET"
  device  = device.box
  context = "left"
  anchor  = "top"
  interface "lin" { zones = [zone.core] }
  interface "lout" { zones = [zone.backbone] }
}
firewall "right" {
  target  = "TARGET"
  device  = device.box
  context = "right"
  anchor  = "top"
  interface "rin" { zones = [zone.far] }
  interface "rout" { zones = [zone.backbone] }
}
domain "prod" {
  version = "7.6"
  hosts "master" {
    zone      = zone.core
    addresses = { nbmaster = "10.10.0.10" }
    roles     = [role.master, role.media]
  }
  hosts "files" {
    zone      = zone.far
    addresses = { files1 = "10.30.0.5" }
    roles     = [role.client]
  }
}
`

// enter types lines on a device that takes them all.
func enter(t *testing.T, d lab.Device, lines string) {
	t.Helper()
	s := d.Login()
	defer s.Close()
	for _, l := range strings.Split(strings.TrimSpace(lines), "\n") {
		if answer := s.Send(l); s.Refused(answer) {
			t.Fatalf("%q: %s", l, answer)
		}
	}
}

// TestContextsOfOneDevice: two firewalls that are contexts of one device are
// planned together and pushed one after the other, each as it was planned.
func TestContextsOfOneDevice(t *testing.T) {
	t.Parallel()
	for target, make := range map[string]func(t *testing.T) lab.Device{
		"fortigate": func(t *testing.T) lab.Device {
			d := fortios.New(fortios.Options{Hostname: "box", VDOMs: []string{"left", "right"}, Now: hasty()})
			text := "config global\nconfig system interface\n"
			for _, i := range []string{"lin left 10.10.0.1", "lout left 10.99.0.1", "rin right 10.30.0.1", "rout right 10.99.0.2"} {
				f := strings.Fields(i)
				text += "edit \"" + f[0] + "\"\nset vdom \"" + f[1] + "\"\nset ip " + f[2] + " 255.255.255.0\nset type physical\nnext\n"
			}
			if err := d.Load(text + "end\nend\n"); err != nil {
				t.Fatal(err)
			}
			return d
		},
		"cisco_asa": func(t *testing.T) lab.Device {
			d := asa.New(asa.Options{Hostname: "box", Password: rigEnable, Enabled: true, Contexts: []string{"admin", "left", "right"}})
			for name, i := range map[string]string{"left": "lin 10.10.0.1 lout 10.99.0.1", "right": "rin 10.30.0.1 rout 10.99.0.2"} {
				f := strings.Fields(i)
				enter(t, d, "changeto context "+name+"\nconfigure terminal\n"+
					"interface GigabitEthernet0/0\nnameif "+f[0]+"\nsecurity-level 100\nip address "+f[1]+" 255.255.255.0\n"+
					"interface GigabitEthernet0/1\nnameif "+f[2]+"\nsecurity-level 0\nip address "+f[3]+" 255.255.255.0\n"+
					"access-list in extended permit udp any any eq 53\naccess-group in in interface "+f[0]+"\n"+
					"access-list out extended permit udp any any eq 53\naccess-group out in interface "+f[2]+"\nend\nwrite memory")
			}
			return d
		},
	} {
		t.Run(target, func(t *testing.T) {
			t.Parallel()
			d := make(t)
			s, err := sshd.Serve(d, sshd.Options{Users: map[string]string{"admin": rigPassword}})
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { s.Close() })
			r := &rig{t: t, dir: t.TempDir(), devices: map[string]lab.Device{"box": d}, servers: map[string]*sshd.Server{"box": s}}
			if err := os.Mkdir(filepath.Join(r.dir, "policy"), 0o700); err != nil {
				t.Fatal(err)
			}
			r.write("policy/policy.hcl", strings.NewReplacer("ADDRESS", s.Addr().String(), "TARGET", target).Replace(contextsPolicy))
			keys, err := console.HostKeys(t.Context(), s.Addr(), console.Options{})
			if err != nil {
				t.Fatal(err)
			}
			for _, k := range keys {
				if err := console.Trust(filepath.Join(r.dir, "known_hosts"), s.Addr(), k); err != nil {
					t.Fatal(err)
				}
			}
			out, _ := r.nbfwc(0, "push", r.policy(), "-yes")
			if n := strings.Count(out, "it does what the policy says, and will after a restart"); n != 2 {
				t.Errorf("%d of 2 pushed:\n%s", n, out)
			}
			out, _ = r.nbfwc(0, "push", r.policy(), "-yes")
			if n := strings.Count(out, "nothing was changed"); n != 2 {
				t.Errorf("the second push changes something:\n%s", out)
			}
		})
	}
}
