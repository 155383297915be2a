package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/nbfwc/nbfwc/compile"
	"github.com/nbfwc/nbfwc/lab"
	"github.com/nbfwc/nbfwc/lab/asa"
	"github.com/nbfwc/nbfwc/lab/fortios"
	"github.com/nbfwc/nbfwc/lab/panos"
	"github.com/nbfwc/nbfwc/lab/sshd"
	"github.com/nbfwc/nbfwc/targets/console"
)

// storyUnit is an emulated device of a story, one unit of it for a pair.
type storyUnit struct {
	device lab.Device
	server *sshd.Server
	logins atomic.Int64 // since they were asked for
}

type storyUnitsKey struct{}

// scriptDevices starts the emulated devices of a policy behind SSH servers, and
// says in the environment all that is needed to work on them.
func scriptDevices(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: devices POLICY-DIRECTORY")
	}
	dir := ts.MkAbs(args[0])
	e := env{stderr: ts.Stderr(), now: time.Now}
	l, err := loadGraph(&e, dir, &policyFlags{})
	ts.Check(err)
	units := ts.Value(storyUnitsKey{}).(map[string]*storyUnit)
	policy := ts.ReadFile(filepath.Join(args[0], "policy.hcl"))
	known := ts.MkAbs("known_hosts")
	for _, fw := range l.graph.Firewalls {
		if fw.Device == nil {
			continue
		}
		devices, err := storyDevices(fw, filepath.Join(dir, "running"))
		ts.Check(err)
		for i, d := range devices {
			name := fw.Device.Name
			if len(devices) > 1 {
				name += fmt.Sprintf("-%d", i+1)
			}
			u := &storyUnit{device: d}
			u.serve(ts, "")
			units[name] = u
			was := fw.Device.Addresses[i].String()
			if strings.Count(policy, `"`+was+`"`) != 1 {
				ts.Fatalf("%s isn't once in the policy", was)
			}
			policy = strings.Replace(policy, was, u.server.Addr().String(), 1)
			u.know(ts, known)
		}
	}
	ts.Check(os.WriteFile(filepath.Join(dir, "policy.hcl"), []byte(policy), 0o600))
	for name, value := range map[string]string{
		"NBFWC_PASSWORD": rigPassword, "NBFWC_ENABLE": rigEnable, "NBFWC_KNOWN_HOSTS": known, "NBFWC_STATE": ts.MkAbs("state"),
	} {
		ts.Setenv(name, value)
	}
}

// storyDevices are the units of a firewall's device, the active one first.
func storyDevices(fw *compile.Firewall, configs string) ([]lab.Device, error) {
	text, err := firstConfig(configs, fw.Name)
	if err != nil {
		return nil, err
	}
	var out []lab.Device
	pair := len(fw.Device.Addresses) > 1
	switch fw.Target {
	case "cisco_asa":
		opt := asa.Options{Password: rigEnable}
		if pair {
			a, b := asa.NewPair(opt)
			out = []lab.Device{a, b}
		} else {
			out = []lab.Device{asa.New(opt)}
		}
	case "paloalto":
		out = []lab.Device{panos.New(panos.Options{})}
		if pair {
			out = append(out, panos.New(panos.Options{Serial: "007051000000002"}))
			panos.Pair(out[0].(*panos.Device), out[1].(*panos.Device))
		}
	case "fortigate":
		out = []lab.Device{fortios.New(fortios.Options{Now: hasty()})}
		if pair {
			out = append(out, fortios.New(fortios.Options{Now: hasty(), Serial: "FGVMEVK6YYXXXXX2"}))
		}
	default:
		return nil, fmt.Errorf("there is no emulated %s", fw.Target)
	}
	for _, d := range out {
		if err := d.Load(text); err != nil {
			return nil, err
		}
	}
	if pair && fw.Target == "fortigate" {
		fortios.Pair(out[0].(*fortios.Device), out[1].(*fortios.Device))
	}
	return out, nil
}

// serve begins to serve the unit, with a new host key.
func (u *storyUnit) serve(ts *testscript.TestScript, address string) {
	login := func(user string) lab.Session {
		u.logins.Add(1)
		if a, ok := u.device.(lab.Accounts); ok {
			return a.LoginAs(user)
		}
		return u.device.Login()
	}
	var err error
	u.server, err = sshd.Serve(u.device, sshd.Options{Address: address, Users: map[string]string{"admin": rigPassword}, Login: login})
	ts.Check(err)
	server := u.server
	ts.Defer(func() { server.Close() })
}

// know writes down the unit's host key.
func (u *storyUnit) know(ts *testscript.TestScript, file string) {
	keys, err := console.HostKeys(context.Background(), u.server.Addr(), console.Options{})
	ts.Check(err)
	for _, k := range keys {
		ts.Check(console.Trust(file, u.server.Addr(), k))
	}
}

func unitOfStory(ts *testscript.TestScript, name string) *storyUnit {
	units := ts.Value(storyUnitsKey{}).(map[string]*storyUnit)
	u := units[name]
	if u == nil {
		ts.Fatalf("there is no emulated device %q", name)
	}
	return u
}

// scriptTypes types lines on a device, as another administrator.
func scriptTypes(ts *testscript.TestScript, neg bool, args []string) {
	wantArgs(ts, neg, args, 2, "types DEVICE LINE...")
	s := unitOfStory(ts, args[0]).device.Login()
	defer s.Close()
	for _, line := range args[1:] {
		if answer := s.Send(line); s.Refused(answer) {
			ts.Fatalf("%s refuses %q: %s", args[0], line, answer)
		}
	}
}

// scriptLogins demands how often somebody has logged in on a device since this
// was asked the last time.
func scriptLogins(ts *testscript.TestScript, neg bool, args []string) {
	wantArgs(ts, neg, args, 2, "logins N DEVICE...")
	want, err := strconv.ParseInt(args[0], 10, 64)
	ts.Check(err)
	for _, name := range args[1:] {
		if got := unitOfStory(ts, name).logins.Swap(0); got != want {
			ts.Fatalf("%d logins on %s", got, name)
		}
	}
}

// scriptRekey gives a device another host key.
func scriptRekey(ts *testscript.TestScript, neg bool, args []string) {
	wantArgs(ts, neg, args, 1, "rekey DEVICE")
	u := unitOfStory(ts, args[0])
	at := u.server.Addr()
	u.server.Close()
	u.serve(ts, at.String())
}

// scriptUnplug cuts a device off.
func scriptUnplug(ts *testscript.TestScript, neg bool, args []string) {
	wantArgs(ts, neg, args, 1, "unplug DEVICE")
	unitOfStory(ts, args[0]).server.Close()
}

// scriptFailover makes the other unit of a pair the active one.
func scriptFailover(ts *testscript.TestScript, neg bool, args []string) {
	wantArgs(ts, neg, args, 1, "failover UNIT")
	switch d := unitOfStory(ts, args[0]).device.(type) {
	case *asa.Device:
		d.Failover()
	case *panos.Device:
		d.Failover()
	case *fortios.Device:
		d.Failover()
	}
}

// scriptHolds demands that what a device runs has a text in it, or not.
func scriptHolds(ts *testscript.TestScript, neg bool, args []string) {
	if len(args) != 2 {
		ts.Fatalf("usage: [!] holds DEVICE TEXT")
	}
	if has := strings.Contains(unitOfStory(ts, args[0]).device.Running(), args[1]); has == neg {
		ts.Fatalf("%s has %q: %v", args[0], args[1], has)
	}
}

// scriptFingerprint sets a variable to the fingerprint of a device's key.
func scriptFingerprint(ts *testscript.TestScript, neg bool, args []string) {
	wantArgs(ts, neg, args, 2, "fingerprint VARIABLE DEVICE")
	keys, err := console.HostKeys(context.Background(), unitOfStory(ts, args[1]).server.Addr(), console.Options{})
	ts.Check(err)
	ts.Setenv(args[0], keys[0].Fingerprint())
}

// storyCommands are the commands of stories with devices.
var storyCommands = map[string]func(*testscript.TestScript, bool, []string){
	"devices": scriptDevices, "types": scriptTypes, "logins": scriptLogins, "rekey": scriptRekey, "unplug": scriptUnplug,
	"failover": scriptFailover, "holds": scriptHolds, "fingerprint": scriptFingerprint,
}
