package panos

import (
	"flag"
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/tools/txtar"

	"github.com/nbfwc/nbfwc/lab"
)

var update = flag.Bool("update", false, "rewrite the transcripts")

var typed = regexp.MustCompile(`^admin@\S+[>#] (.*)$`)

// TestTranscripts plays the sessions of testdata: the prompts, the lines typed
// and the answers. "have.conf" is loaded first; "packets" are decided by what
// was committed.
func TestTranscripts(t *testing.T) {
	files, err := filepath.Glob("testdata/*.txtar")
	if err != nil || len(files) == 0 {
		t.Fatal("no transcripts", err)
	}
	for _, f := range files {
		t.Run(strings.TrimSuffix(filepath.Base(f), ".txtar"), func(t *testing.T) { transcript(t, f) })
	}
}

func transcript(t *testing.T, file string) {
	ar, err := txtar.ParseFile(file)
	if err != nil {
		t.Fatal(err)
	}
	before := string(txtar.Format(ar))
	d := New(Options{})
	for i, f := range ar.Files {
		switch text := string(f.Data); f.Name {
		case "have.conf":
			if err := d.Load(text); err != nil {
				t.Fatal(err)
			}
		case "session":
			var out strings.Builder
			s := d.Login()
			for line := range strings.Lines(text) {
				if m := typed.FindStringSubmatch(strings.TrimSuffix(line, "\n")); m != nil {
					out.WriteString(s.Prompt() + m[1] + "\n" + s.Send(m[1]))
				}
			}
			ar.Files[i].Data = []byte(out.String())
		case "packets":
			ar.Files[i].Data = []byte(packets(t, d, text))
		}
	}
	if after := string(txtar.Format(ar)); after != before {
		if !*update {
			t.Error(cmp.Diff(before, after))
		} else if err := os.WriteFile(file, []byte(after), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	fixpoint(t, d)
}

var protocols = map[string]uint8{"tcp": 6, "udp": 17, "icmp": 1, "icmp6": 58}

var verdicts = map[lab.Verdict]string{lab.Undecided: "undecided", lab.Passes: "passes", lab.Drops: "drops", lab.Rejects: "rejects"}

// packets decides lines "core 10.0.0.1 1024 client 10.0.0.2 443 tcp".
func packets(t *testing.T, d *Device, text string) string {
	var out strings.Builder
	for line := range strings.Lines(text) {
		f := strings.Fields(line)
		if strings.HasPrefix(line, " ") {
			continue
		}
		if len(f) != 7 {
			out.WriteString(line)
			continue
		}
		sport, _ := strconv.Atoi(f[2])
		dport, _ := strconv.Atoi(f[5])
		p := lab.Packet{In: f[0], Src: netip.MustParseAddr(f[1]), SrcPort: uint16(sport),
			Out: f[3], Dst: netip.MustParseAddr(f[4]), DstPort: uint16(dport), Proto: protocols[f[6]]}
		fmt.Fprintf(&out, "%s\n    %s, idle %s: %s\n", strings.Join(f, " "), verdicts[d.Decide(p)], d.Idle(p), d.Explain(p))
	}
	return out.String()
}

// fixpoint checks that all that the device prints loads and prints the same.
func fixpoint(t *testing.T, d *Device) {
	t.Helper()
	first := d.Running()
	for _, text := range []string{first, d.RunningBraces(), d.RunningXML()} {
		e := New(Options{MultiVsys: d.opt.MultiVsys, Applications: d.opt.Applications})
		if err := e.Load(text); err != nil {
			t.Errorf("what it prints doesn't load: %v\n%s", err, text)
		} else if diff := cmp.Diff(first, e.Running()); diff != "" {
			t.Errorf("printed again it differs:\n%s\nloaded:\n%s", diff, text)
		}
	}
}

// Two virtual systems have objects of one name.
func TestMultiVsys(t *testing.T) {
	d := New(Options{MultiVsys: []string{"vsys1", "vsys2"}})
	s := d.Login()
	for _, l := range []string{"configure", "set vsys vsys1 address A ip-netmask 10.0.0.1", "set vsys vsys2 address A ip-netmask 10.0.0.2",
		"exit", "set system setting target-vsys vsys2", "configure", "set address B ip-netmask 10.0.0.3", "commit"} {
		if a := s.Send(l); s.Refused(a) {
			t.Fatal(l, a)
		}
	}
	want := "set vsys vsys1 address A ip-netmask 10.0.0.1\nset vsys vsys2 address A ip-netmask 10.0.0.2\nset vsys vsys2 address B ip-netmask 10.0.0.3\n"
	if diff := cmp.Diff(want, d.Running()); diff != "" {
		t.Error(diff)
	}
	if a := s.Send("set vsys vsys3 address A ip-netmask 10.0.0.1"); !s.Refused(a) {
		t.Error(a)
	}
	fixpoint(t, d)
}

// An administrator's commit leaves the edits of another pending.
func TestPartial(t *testing.T) {
	d := New(Options{})
	a, b := d.LoginAs("ann"), d.LoginAs("bob")
	a.Send("configure\nset address A ip-netmask 10.0.0.1")
	b.Send("configure\nset address B ip-netmask 10.0.0.2")
	if x := a.Send("commit partial admin ann"); !strings.Contains(x, "Configuration committed successfully") {
		t.Error(x)
	}
	if r := d.Running(); r != "set address A ip-netmask 10.0.0.1\n" {
		t.Error(r)
	}
	if x := a.Send("check pending-changes"); !strings.HasPrefix(x, "yes") {
		t.Error(x)
	}
	b.Send("request config-lock add")
	if x := a.Send("delete address A"); !a.Refused(x) {
		t.Error(x)
	}
}

// FuzzType types lines. Nothing panics, and what the device then prints loads
// and prints the same again.
func FuzzType(f *testing.F) {
	f.Add("set zone z network layer3 ethernet1/1\nset rulebase security rules r from z to z source any destination any application any service any action allow\ncommit\n")
	f.Add("set address A ip-netmask 10.0.0.1\nset address-group G static [ A ]\nrename address A to B\ncopy address B to C\nmove address C top\ncommit force\nshow\n")
	f.Add("set deviceconfig system a b c\nset deviceconfig system a b d\nset network x [ a b ]\ndelete network x a\nset network x a y\ncommit\n")
	f.Add("set address A description '\"' ip-range 1.1.1.1-1.1.1.2\nset tag t color color3\nedit address A\nset tag t\ncommit\nexit\nsave config to x\nload config from x\nrevert config\n")
	f.Add("set address A ip-netmask 10.0.0.1\nrun show config diff\nrun show config list changes\nrequest config-lock add comment \"a b\"\nrun show config-locks\nvalidate full\ncommit partial admin [ admin x ] description d\nrun show jobs all\nrequest config-lock remove\n")
	f.Add("commit\nload config version 1\nrun show config audit info\nrun show running security-policy\nrun test security-policy-match source 10.0.0.1 destination ::1 protocol 6\nrevert config partial admin admin\nrun show rule-hit-count vsys vsys-name vsys1 rule-base security rules list [ a ]\nrun set cli pager on\nrun delete config saved x\n")
	f.Fuzz(func(t *testing.T, text string) {
		if len(text) > 4000 || strings.ContainsRune(text, 0xFFFD) || !strings.Contains(text, "\n") || strings.ToValidUTF8(text, "") != text {
			return
		}
		d := New(Options{})
		s := d.Login()
		s.Send("configure")
		for l := range strings.SplitSeq(text, "\n") {
			if strings.ContainsAny(l, "\"'") && !strings.Contains(l, "description") {
				continue
			}
			s.Refused(s.Send(l))
		}
		s.Send("commit")
		first := d.Running()
		e := New(Options{})
		if err := e.Load(first); err != nil || e.Running() != first {
			t.Errorf("%v\n%s", err, cmp.Diff(first, e.Running()))
		}
	})
}

// TestSize loads 100,000 lines.
func TestSize(t *testing.T) {
	var b strings.Builder
	for i := range 100_000 {
		fmt.Fprintf(&b, "set address H%d ip-netmask 10.%d.%d.%d/32\n", i, i>>16, i>>8&255, i&255)
	}
	d := New(Options{})
	began := time.Now()
	if err := d.Load(b.String()); err != nil {
		t.Fatal(err)
	}
	if d.Running() != b.String() {
		t.Error("printed otherwise")
	}
	if took := time.Since(began); took > 2*time.Minute {
		t.Error(took)
	} else {
		t.Log(took)
	}
}
