package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/nbfwc/nbfwc/lab"
	"github.com/nbfwc/nbfwc/lab/asa"
	"github.com/nbfwc/nbfwc/lab/fortios"
	"github.com/nbfwc/nbfwc/lab/panos"
	"github.com/nbfwc/nbfwc/targets"
)

// TestVendorsAgree: the example's three firewalls, emulated, with the running
// configurations that it has, are told what plan says. Then each flow of the
// policy passes all of them on its way, and there is nothing more to plan.
func TestVendorsAgree(t *testing.T) {
	dir := filepath.Join(repository, "examples", "vendors")
	e := env{stderr: os.Stderr, now: time.Now}
	l, err := loadGraph(&e, dir, &policyFlags{})
	if err != nil {
		t.Fatal(err)
	}
	devices := map[string]lab.Device{}
	for name, d := range map[string]struct {
		file         string
		device       lab.Device
		enter, leave []string
	}{
		"dc":     {"dc.asa", asa.New(asa.Options{Enabled: true}), []string{"configure terminal"}, []string{"end"}},
		"apps":   {"apps.set", panos.New(panos.Options{}), []string{"configure"}, nil},
		"branch": {"branch.conf", fortios.New(fortios.Options{}), nil, nil},
	} {
		text, err := os.ReadFile(filepath.Join(dir, "running", d.file))
		if err != nil {
			t.Fatal(err)
		}
		if err := d.device.Load(string(text)); err != nil {
			t.Fatalf("%s: %v", d.file, err)
		}
		fw, err := chooseFirewall(l.graph, name)
		if err != nil {
			t.Fatal(err)
		}
		plan := func() *targets.Change {
			target, _ := targetByName(fw.Target)
			job := jobOf(l.graph, fw, l.graph.RuleSet(fw), nil)
			have, err := target.Parse(strings.NewReader(d.device.Running()), parseOptions(l.graph, fw, &job))
			if err != nil {
				t.Fatal(err)
			}
			c, problems := target.Plan(have, job, targets.PlanOptions{})
			if c == nil {
				t.Fatalf("%s: %v", name, problems)
			}
			return c
		}
		s := d.device.Login()
		list := d.enter
		for _, step := range plan().Steps {
			list = append(list, step.Commands...)
		}
		for _, command := range append(list, d.leave...) {
			if answer := s.Send(command); s.Refused(answer) {
				t.Fatalf("%s refuses %q: %s", name, command, answer)
			}
		}
		s.Close()
		if c := plan(); len(c.Steps) > 0 {
			t.Errorf("%s has something left to do: %+v", name, c.Steps)
		}
		devices[name] = d.device
	}

	crossed := 0
	for i := range l.graph.Flows {
		f := &l.graph.Flows[i]
		for _, path := range f.Paths {
			for _, hop := range path {
				for _, src := range f.From.Group.Legs[f.From.Leg].Addrs {
					for _, dst := range f.To.Group.Legs[f.To.Leg].Addrs {
						for _, port := range f.Ports {
							p := lab.Packet{In: hop.In.Label, Out: hop.Out.Label, Src: src.From, Dst: dst.From, Proto: port.Proto, SrcPort: 50000, DstPort: port.From}
							if v := devices[hop.Firewall.Name].Decide(p); v != lab.Passes {
								t.Errorf("%s: %v doesn't pass (%d)", hop.Firewall.Name, p, v)
							}
							crossed++
							// A neighbour of the source has no business here, but for a rule of others.
							p.Src = src.From.Next().Next().Next().Next()
							p.DstPort = 13782
							if v := devices[hop.Firewall.Name].Decide(p); v == lab.Passes && hop.In.Label != "lan" {
								t.Errorf("%s: %v passes", hop.Firewall.Name, p)
							}
						}
					}
				}
			}
		}
	}
	if crossed < 20 {
		t.Errorf("only %d crossings", crossed)
	}
}
