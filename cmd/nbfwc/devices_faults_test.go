package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/nbfwc/nbfwc/lab"
	"github.com/nbfwc/nbfwc/lab/sshd"
)

// crossing are packets of the policy's flows at one firewall, and some that are
// none of the policy's business.
func (r *rig) crossing(name string) []lab.Packet {
	r.t.Helper()
	e := env{stderr: os.Stderr, now: time.Now}
	l, err := loadGraph(&e, r.policy(), &policyFlags{})
	if err != nil {
		r.t.Fatal(err)
	}
	var out []lab.Packet
	for i := range l.graph.Flows {
		f := &l.graph.Flows[i]
		for _, path := range f.Paths {
			for _, hop := range path {
				if hop.Firewall.Name != name {
					continue
				}
				src := f.From.Group.Legs[f.From.Leg].Addrs[0].From
				dst := f.To.Group.Legs[f.To.Leg].Addrs[0].From
				for _, port := range f.Ports {
					p := lab.Packet{In: hop.In.Label, Out: hop.Out.Label, Src: src, Dst: dst, Proto: port.Proto, SrcPort: 50000, DstPort: port.From}
					out = append(out, p)
					p.DstPort = 13783
					out = append(out, p)
					p.Src, p.DstPort = src.Next().Next().Next().Next(), port.From
					out = append(out, p)
				}
			}
		}
	}
	if len(out) < 9 {
		r.t.Fatalf("only %d packets cross %s", len(out), name)
	}
	return out
}

func verdicts(d lab.Device, packets []lab.Packet) []lab.Verdict {
	out := make([]lab.Verdict, len(packets))
	for i, p := range packets {
		out[i] = d.Decide(p)
	}
	return out
}

func alike(a, b []lab.Verdict) bool {
	for i := range a {
		if a[i] != b[i] {
			return false
		}
	}
	return true
}

// stand says what a report says of where the device stands, and whether its
// record is open.
func stand(report string) (words string, open bool) {
	for name, text := range map[string]string{
		"unchanged": "nothing was changed", "new": "it does what the policy says, and will", "old": "it does what it did before the push",
		"between": "it is between old and new", "unsaved": "but would not after a restart", "unknown": "where it stands is not known",
	} {
		if strings.Contains(strings.Join(strings.Fields(report), " "), text) {
			words = name
		}
	}
	return words, strings.Contains(report, "-resume")
}

// beginsChange are lines that begin to change a device.
var beginsChange = regexp.MustCompile(`(?m)^> (configure terminal|configure|execute config-transaction start)$`)

// TestCutAtEveryCommand: a push of each kind of device over SSH is cut off at
// each of its commands, before or after the device has done it; the device can
// be reached again at once, or only later. What the report says of the device is
// true, every packet is treated by the old or the new policy, and afterwards
// -resume leads to the new one and -abandon to the old one.
func TestCutAtEveryCommand(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"dc", "apps", "branch"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			const lanes = 16
			for lane := range lanes {
				t.Run(fmt.Sprint(lane), func(t *testing.T) {
					t.Parallel()
					for at := 1 + lane; cutAt(t, name, at); at += lanes {
					}
				})
			}
		})
	}
}

// cutAt says whether the push had as many commands.
func cutAt(t *testing.T, name string, at int) bool {
	t.Helper()
	r := newRig(t)
	d, packets := r.devices[name], r.crossing(name)
	old := verdicts(d, packets)
	f := sshd.Faults{Gone: at%2 == 0, Reset: at%5 == 0}
	if at%3 == 0 {
		f.DropBefore = at
	} else {
		f.DropAfter = at
	}
	what := fmt.Sprintf("%s, cut at command %d (%+v)", name, at, f)
	r.servers[name].SetFaults(f)
	status, report := r.try("push", r.policy(), "-firewall", name, "-yes", "-timeout", "1s", "-silence", "5s")
	reached := r.servers[name].Severed()
	r.servers[name].SetFaults(sshd.Faults{})
	if status == 0 && !reached {
		return false
	}
	words, open := stand(report)
	now := verdicts(d, packets)
	fail := func(format string, args ...any) {
		t.Helper()
		t.Errorf("%s: status %d: %s\n%s", what, status, fmt.Sprintf(format, args...), report)
	}
	uncleared := strings.Contains(report, "clearing up: ") // a lock or a file is left there
	if (status == 0) != (words == "new" && !uncleared) || status == 1 {
		fail("status and report don't fit")
	}
	if (words == "old" || words == "unchanged") && !alike(now, old) {
		fail("the device doesn't do what it did before")
	}
	if (words == "between" || words == "unknown" || words == "unsaved" || uncleared) != open {
		fail("open: %v", open)
	}
	if words == "" && (!alike(now, old) || !strings.Contains(report, "Nothing was sent")) {
		fail("nothing is said of the device")
	}

	switch {
	case open && at%4 < 2:
		status, report = r.try("push", "-abandon", name)
		if words, open := stand(report); status != 0 || words != "old" || open || !alike(verdicts(d, packets), old) {
			fail("-abandon says %q, open %v", words, open)
		}
	case open:
		status, report = r.try("push", "-resume", name)
		if words, open := stand(report); status != 0 || words != "new" || open {
			fail("-resume says %q, open %v", words, open)
		}
	}
	for range 20 { // a FortiGate keeps a lost transaction for its five minutes
		status, report = r.try("push", r.policy(), "-firewall", name, "-yes")
		if status == 0 || name != "branch" || !strings.Contains(report, "config transactions of others are open") {
			break
		}
		time.Sleep(500 * time.Millisecond)
	}
	if status != 0 {
		fail("the next push")
	}
	want := verdicts(d, packets)
	for i := range packets {
		if now[i] != old[i] && now[i] != want[i] {
			fail("%v was treated neither as before (%d) nor as after (%d) but %d", packets[i], old[i], want[i], now[i])
		}
	}
	if words == "new" && !alike(now, want) {
		fail("it was not new")
	}
	if alike(old, want) {
		fail("the push changes nothing for these packets")
	}
	if status, out := r.try("audit", r.policy(), "-json", "-firewall", name); status == 2 || !strings.Contains(out, `"commands": 0`) {
		fail("the audit is not content: %s", out)
	}
	return true
}

// try runs the program and returns all that it prints.
func (r *rig) try(args ...string) (status int, report string) {
	r.t.Helper()
	status, out, errs := r.run(args...)
	return status, out + errs
}

// TestTerminalsThatMisbehave: a push over a terminal that is slow, cuts
// everything to pieces, colours, or throws lines in between, does all or says
// why not. It never does something else.
func TestTerminalsThatMisbehave(t *testing.T) {
	t.Parallel()
	for _, x := range []struct {
		name    string
		faults  sshd.Faults
		mayFail bool
	}{
		{"byte by byte", sshd.Faults{Chunk: 1}, false},
		{"slow", sshd.Faults{Chunk: 40, Delay: 300 * time.Microsecond}, false},
		{"a pause after each look-alike of a prompt", sshd.Faults{PromptPause: 3 * time.Millisecond}, false},
		{"prompts in two halves", sshd.Faults{CutPrompt: 20 * time.Millisecond}, false},
		{"escapes of a terminal", sshd.Faults{Escapes: true}, false},
		{"lines broken at 80 columns", sshd.Faults{WrapOutput: 80}, true},
		{"lines of others in answers", sshd.Faults{Noise: "%ASA-5-111008: User 'bob' executed the 'show clock' command.", NoiseEvery: 7}, true},
		{"slow logins", sshd.Faults{LoginDelay: 300 * time.Millisecond, ShellDelay: 700 * time.Millisecond}, false},
		{"the channel ends, the connection doesn't", sshd.Faults{Exit: sshd.ExitChannel}, false},
		{"no word at the end", sshd.Faults{Exit: sshd.ExitConnection}, false},
	} {
		for _, name := range []string{"dc", "apps", "branch"} {
			t.Run(x.name+"/"+name, func(t *testing.T) {
				t.Parallel()
				r := newRig(t)
				d, packets := r.devices[name], r.crossing(name)
				old := verdicts(d, packets)
				r.servers[name].SetFaults(x.faults)
				status, report := r.try("push", r.policy(), "-firewall", name, "-yes", "-timeout", "2s")
				r.servers[name].SetFaults(sshd.Faults{})
				words, open := stand(report)
				if status != 0 && !x.mayFail {
					t.Errorf("status %d, %s, open %v:\n%s", status, words, open, report)
				}
				if open { // it didn't like what it read: on a better line it can be undone
					r.nbfwc(0, "push", "-abandon", name)
				}
				if status != 0 && !alike(verdicts(d, packets), old) {
					t.Errorf("the device doesn't do what it did:\n%s", report)
				}
				if audit, out := r.try("audit", r.policy(), "-json", "-firewall", name); status == 0 && (audit == 2 || !strings.Contains(out, `"commands": 0`)) {
					t.Errorf("the audit is not content:\n%s", out)
				}
			})
		}
	}
}

// TestKilled: a push whose process is killed while the device is working on a
// command can be finished, or undone.
func TestKilled(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"dc", "apps", "branch"} {
		for i, recovery := range []string{"-resume", "-abandon"} {
			t.Run(name+recovery, func(t *testing.T) {
				t.Parallel()
				r := newRig(t)
				d, packets := r.devices[name], r.crossing(name)
				old := verdicts(d, packets)
				r.servers[name].SetFaults(sshd.Faults{Chunk: 500, Delay: 2 * time.Millisecond})
				transcript := filepath.Join(r.dir, "transcripts", name+".log")
				cmd := exec.Command("nbfwc", "push", r.policy(), "-firewall", name, "-yes", "-transcripts", filepath.Dir(transcript))
				cmd.Env = append(os.Environ(), r.environ()...)
				var report strings.Builder
				cmd.Stdout, cmd.Stderr = &report, &report
				if err := cmd.Start(); err != nil {
					t.Fatal(err)
				}
				for {
					text, _ := os.ReadFile(transcript)
					if at := beginsChange.FindIndex(text); at != nil && strings.Count(string(text[at[0]:]), "\n> ") >= 10+10*i {
						break
					}
					time.Sleep(time.Millisecond)
				}
				if err := cmd.Process.Kill(); err != nil {
					t.Fatal(err)
				}
				cmd.Wait()
				for r.servers[name].Sessions() > 0 { // the device still does what it has got
					time.Sleep(time.Millisecond)
				}
				r.servers[name].SetFaults(sshd.Faults{})

				if _, text := r.try("push", r.policy(), "-firewall", name, "-yes"); !strings.Contains(text, "-resume "+name) {
					t.Errorf("the next push doesn't say that one is open:\n%s\nafter:\n%s", text, report.String())
				}
				out, _ := r.nbfwc(0, "push", recovery, name)
				words, open := stand(out)
				now := verdicts(d, packets)
				want := []string{"new", "old"}[i]
				if words != want || open || alike(now, old) != (want == "old") {
					t.Errorf("%s: %s, open %v, as before: %v\n%s", recovery, words, open, alike(now, old), out)
				}
			})
		}
	}
}

// TestResumeIsReviewed: what is left of a push that was cut off is held to what a
// push that begins is held to. Here somebody has added a line meanwhile that stops
// packets of the policy at night.
func TestResumeIsReviewed(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.servers["dc"].SetFaults(sshd.Faults{DropAfter: 130, Gone: true})
	if _, report := r.try("push", r.policy(), "-firewall", "dc", "-yes", "-timeout", "1s"); !strings.Contains(report, "-resume dc") {
		t.Fatalf("no record is open:\n%s", report)
	}
	r.servers["dc"].SetFaults(sshd.Faults{})
	r.tamper("dc", "enable", rigEnable, "configure terminal", "time-range NIGHT", "periodic daily 1:00 to 2:00", "exit",
		"access-list outside_in line 1 extended deny tcp any any eq 1556 time-range NIGHT", "end", "write memory")
	status, report := r.try("push", "-resume", "dc")
	if status != 2 || !strings.Contains(strings.Join(strings.Fields(report), " "), "depending on lines that are not understood") {
		t.Errorf("status %d:\n%s", status, report)
	}
	r.nbfwc(0, "push", "-abandon", "dc")
}
