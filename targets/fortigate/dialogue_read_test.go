package fortigate

import (
	"context"
	"errors"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/nbfwc/nbfwc/lab"
	"github.com/nbfwc/nbfwc/lab/fortios"
	"github.com/nbfwc/nbfwc/targets"
	"github.com/nbfwc/nbfwc/targets/targettest"
)

// reading are all lines that a read-only session types.
var reading = []string{
	"get system status", "config global", "get system ha status", "diagnose sys vd list", "end", "show",
	"diagnose sys config-transaction show txn-info", "get system global | grep cfg-save",
}

// open logs in on a device, for reading.
func open(t testing.TB, d *fortios.Device, at targets.Partition, with func(*wire)) (*targettest.Console, targets.Identity, error) {
	t.Helper()
	w := &wire{Session: d.Login()}
	if with != nil {
		with(w)
	}
	s, err := targettest.Connect(w, Dialogue{}.Platform(), true, nil)
	if err != nil {
		t.Fatal(err)
	}
	id, err := quick.Open(context.Background(), s, at)
	return s, id, err
}

// instead answers a line in place of the device.
func instead(line, answer string) func(*wire) {
	return func(w *wire) {
		w.instead = func(_ int, typed string) *string {
			if typed != line {
				return nil
			}
			return &answer
		}
	}
}

func TestOpen(t *testing.T) {
	plain := func() *fortios.Device {
		return fortios.New(fortios.Options{Hostname: "edge-1.lab", Version: "7.6.2", Serial: "FGT60F0001"})
	}
	vdoms := func() *fortios.Device { return fortios.New(fortios.Options{VDOMs: []string{"blue", "green-2"}}) }
	one := targets.Identity{Hostname: "edge-1.lab", Model: "FortiGate-VM64-KVM", Version: "7.6.2", Serial: "FGT60F0001"}
	for _, c := range []struct {
		name string
		d    *fortios.Device
		at   targets.Partition
		with func(*wire)
		want targets.Identity
		why  string
	}{
		{name: "a device without VDOMs", d: plain(), want: one},
		{name: "a VDOM", d: vdoms(), at: targets.Partition{Context: "green-2"}, want: targets.Identity{Hostname: "FortiGate", Model: "FortiGate-VM64-KVM", Version: "7.2.4", Serial: "FGVMEVK6YYXXXXXX"}},
		{name: "a VDOM that isn't there", d: vdoms(), at: targets.Partition{Context: "gren-2"}, why: `the device has no VDOM "gren-2", only root, blue, green-2`},
		{name: "a VDOM of a device without", d: plain(), at: targets.Partition{Context: "root"}, why: "the device has no VDOMs"},
		{name: "a device group", d: plain(), at: targets.Partition{DeviceGroup: "dc"}, why: "no device groups"},
		{name: "an account without diagnose", d: vdoms(), at: targets.Partition{Context: "red"}, with: instead("diagnose sys vd list", "Permission denied.\nCommand fail. Return code -37\n"), why: `no VDOM "red", only root, blue, green-2`},
		{name: "an account without get", d: plain(), with: instead("get system status", "Permission denied.\nCommand fail. Return code -37\n"), why: `"get system status": the answer doesn't begin as expected: the device answered "Permission denied`},
		{name: "no FortiGate", d: plain(), with: instead("get system status", "Version: FortiAnalyzer\nSerial-Number: FAZ\nHostname: faz\n"), why: "doesn't say the version"},
		{name: "a status that is cut", d: plain(), with: instead("get system status", "Version: FortiGate-60F v7.2.4,build1396,230131 (GA.F)\nSerial-Number: FGT60F\n"), why: "doesn't say the name and serial number"},
		{name: "a new VDOM mode", d: plain(), with: instead("get system status", "Version: FortiGate-60F v7.2.4,build1396,230131 (GA.F)\nSerial-Number: FGT60F\nHostname: a\nVirtual domain configuration: fabric\n"), why: "doesn't say whether there are VDOMs"},
		{name: "no HA mode", d: plain(), with: instead("get system status", "Version: FortiGate-60F v7.2.4,build1396,230131 (GA.F)\nSerial-Number: FGT60F\nHostname: a\nVirtual domain configuration: disable\n"), why: "doesn't say the HA mode"},
		{name: "an unknown list of VDOMs", d: vdoms(), at: targets.Partition{Context: "blue"}, with: instead("diagnose sys vd list", "list virtual firewall info:\nname=vsys_ha/vsys_ha index=1\n"), why: "lists no VDOM"},
	} {
		t.Run(c.name, func(t *testing.T) {
			before := withoutVersion(c.d.Running())
			s, id, err := open(t, c.d, c.at, c.with)
			if c.why != "" {
				if err == nil || !strings.Contains(err.Error(), c.why) {
					t.Errorf("%v, expected %s", err, c.why)
				}
			} else if err != nil || id != c.want {
				t.Errorf("%+v, %v", id, err)
			}
			if withoutVersion(c.d.Running()) != before {
				t.Error("the device was changed")
			}
			if s.Mode() != root {
				t.Errorf("the session is in %s", s.Mode())
			}
		})
	}
}

func cluster(t testing.TB, vdom string) (primary, secondary *fortios.Device) {
	t.Helper()
	k := kind{version: "7.2.4", vdom: vdom}
	opt := func(name, serial string) fortios.Options {
		o := fortios.Options{Hostname: name, Version: k.version, Serial: serial}
		if vdom != "" {
			o.VDOMs = []string{vdom}
		}
		return o
	}
	primary, secondary = fortios.New(opt("edge-1", "FGT1")), fortios.New(opt("edge-2", "FGT2"))
	fortios.Pair(primary, secondary)
	return primary, secondary
}

func TestOpenCluster(t *testing.T) {
	for _, vdom := range []string{"", "blue"} {
		a, b := cluster(t, vdom)
		at := targets.Partition{Context: vdom}
		for _, failover := range []bool{false, true} {
			if failover {
				a.Failover()
			}
			_, first, err1 := open(t, a, at, nil)
			_, second, err2 := open(t, b, at, nil)
			if err1 != nil || err2 != nil || !first.Pair || !second.Pair || first.Standby != failover || second.Standby == failover {
				t.Errorf("%+v %v, %+v %v", first, err1, second, err2)
			}
			if first.Hostname != "edge-1" || second.Hostname != "edge-2" || second.Serial != "FGT2" {
				t.Errorf("%+v, %+v", first, second)
			}
		}
	}
	a, _ := cluster(t, "")
	_, id, err := open(t, a, targets.Partition{}, instead("get system ha status", "HA Health Status: OK\nMaster: FGT9, operating cluster index = 0\nSlave : FGT1, operating cluster index = 1\n"))
	if err == nil || !strings.Contains(err.Error(), "that it is slave; wait for the end of the failover") {
		t.Errorf("%+v %v", id, err)
	}
	_, id, err = open(t, a, targets.Partition{}, instead("get system ha status", "HA Health Status: OK\nMaster: FGT9, operating cluster index = 0\n"))
	if err == nil || !strings.Contains(err.Error(), "doesn't name this unit, FGT1") {
		t.Errorf("%+v %v", id, err)
	}
	old := "Version: FortiGate-60F v6.4.9,build1966,220421 (GA)\nSerial-Number: FGT1\nHostname: a\nVirtual domain configuration: disable\nCurrent HA mode: a-p, backup\n"
	_, id, err = open(t, a, targets.Partition{}, func(w *wire) {
		instead("get system status", old)(w)
		status := w.instead
		w.instead = func(n int, line string) *string {
			if line == "get system ha status" {
				text := "HA Health Status: OK\nMaster: FGT9, operating cluster index = 0\nSlave : FGT1, operating cluster index = 1\n"
				return &text
			}
			return status(n, line)
		}
	})
	if err != nil || !id.Standby || !id.Pair || id.Version != "6.4.9" {
		t.Errorf("%+v %v", id, err)
	}
}

// An account that may only read, a device that asks after the login and one that
// pages: what is fetched is what the device has, and it is read as such.
func TestFetch(t *testing.T) {
	for _, k := range kinds {
		y := newStory(t, k)
		y.d.SetFaults(fortios.Faults{ReadOnly: true, Banner: true, Pager: true}) // paging is on where nobody has turned it off
		text := y.fetched()
		if withoutBlanks(text) != withoutBlanks(y.d.Running()) { // a page that was turned leaves some
			t.Errorf("%s: fetched:\n%s\nhas:\n%s", k.name, text, y.d.Running())
		}
		if c := y.plan(y.d, y.job); len(c.Steps) == 0 {
			t.Error("nothing to do")
		}
		if !slices.Contains(y.wires[0].typed, " ") || !slices.Contains(y.wires[0].typed, "a") {
			t.Errorf("%s: there were no pages, or no banner: %q", k.name, y.wires[0].typed)
		}
	}
}

// withoutBlanks is a text without those at the ends of lines.
func withoutBlanks(text string) string {
	var b strings.Builder
	for line := range strings.Lines(text) {
		b.WriteString(strings.TrimRight(line, " \r\n") + "\n")
	}
	return strings.TrimSpace(b.String())
}

// A configuration that was cut anywhere is not taken for a whole one, and one
// whose rest comes later isn't either.
func TestFetchIsComplete(t *testing.T) {
	for _, k := range kinds[:2] {
		y := newStory(t, k)
		whole := strings.SplitAfter(y.d.Running(), "\n")
		for n := range whole {
			cut := strings.Join(whole[:n], "")
			s, _, err := open(t, y.d, k.part(), instead("show", cut))
			if err != nil {
				t.Fatal(err)
			}
			if _, err := quick.Fetch(context.Background(), s, k.part()); err == nil && !atTopOf(whole[:n]) {
				t.Fatalf("taken for whole:\n%s", cut)
			}
		}
		cut := 0
		for n := range whole {
			if !atTopOf(whole[:n]) || strings.TrimSpace(strings.Join(whole[n:], "")) == "" {
				continue
			}
			// The prompt stood in a text, so the rest comes before the next answer.
			late := strings.Join(whole[n:], "")
			seen := 0
			s, _, err := open(t, y.d, k.part(), func(w *wire) {
				w.instead = func(_ int, line string) *string {
					first := strings.Join(whole[:n], "")
					switch {
					case line == "show":
						seen++
						return &first
					case line == "get system status" && seen > 0:
						rest := late + w.Session.Send(line)
						return &rest
					}
					return nil
				}
			})
			if err != nil {
				t.Fatal(err)
			}
			if _, err := quick.Fetch(context.Background(), s, k.part()); err == nil || !strings.Contains(err.Error(), "the end of the configuration wasn't found") {
				t.Fatalf("%v: taken for whole:\n%s", err, strings.Join(whole[:n], ""))
			}
			cut++
		}
		if cut < 5 {
			t.Errorf("%d places", cut)
		}
	}
	y := newStory(t, kinds[0])
	for answer, why := range map[string]string{
		"#config-version=X\nconfig system global\n    set alias \"a\nend\n":                   "a quote of line 3 isn't closed",
		"#config-version=X\nconfig firewall address\n    edit \"a\"\n        config x\nend\n": `ends inside of "config firewall address"`,
		"config system global\nend\n":             "doesn't begin as expected",
		"#config-version=X\nconfig system global": "not complete",
		"": "doesn't begin as expected",
		"Permission denied.\nCommand fail. Return code -37\n": "doesn't begin as expected",
	} {
		s, _, err := open(t, y.d, targets.Partition{}, instead("show", answer))
		if err != nil {
			t.Fatal(err)
		}
		_, err = quick.Fetch(context.Background(), s, targets.Partition{})
		if err == nil || !strings.Contains(err.Error(), why) {
			t.Errorf("%q: %v, expected %s", answer, err, why)
		}
		if err != nil && strings.Contains(err.Error(), "Permission") {
			t.Errorf("the error shows a configuration: %v", err)
		}
	}
}

// atTopOf says whether lines end with an "end" of the first level.
func atTopOf(lines []string) bool {
	for len(lines) > 0 && strings.TrimSpace(lines[len(lines)-1]) == "" {
		lines = lines[:len(lines)-1]
	}
	depth := 0
	for _, l := range lines {
		switch w := strings.Fields(l); {
		case len(w) > 0 && w[0] == "config":
			depth++
		case len(w) > 0 && w[0] == "end":
			depth--
		}
	}
	return depth == 0 && len(lines) > 0 && strings.TrimSpace(lines[len(lines)-1]) == "end"
}

// Another device answers, after a failover in the middle.
func TestFetchOfTwoDevices(t *testing.T) {
	y := newStory(t, kinds[0])
	s, _, err := open(t, y.d, targets.Partition{}, func(w *wire) {
		w.heard = func(line string) {
			if line == "show" {
				instead("get system status", "Version: FortiGate-60F v7.2.4,build1396,230131 (GA.F)\nSerial-Number: FGT2\nHostname: edge\nVirtual domain configuration: disable\nCurrent HA mode: standalone\n")(w)
			}
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := quick.Fetch(context.Background(), s, targets.Partition{}); err == nil || !strings.Contains(err.Error(), "and is edge (FGT2) now") {
		t.Error(err)
	}
}

// Reading types only what reads, the configuration stays out of transcripts, and
// nothing is changed. A read-only session refuses to type anything of a push.
func TestReadOnly(t *testing.T) {
	for _, k := range kinds[:2] {
		y := newStory(t, k)
		before := y.d.Running()
		s, _, err := open(t, y.d, k.part(), nil)
		if err != nil {
			t.Fatal(err)
		}
		ctx, p := context.Background(), y.push(y.plan(y.d, y.job))
		p.Identity.Version = k.version
		if _, err := quick.Fetch(ctx, s, k.part()); err != nil {
			t.Error(err)
		}
		if list, err := quick.Pending(ctx, s, p); err != nil || len(list) > 0 {
			t.Error(list, err)
		}
		for _, line := range s.Typed {
			if !slices.Contains(reading, line) {
				t.Errorf("%q is typed in a read-only session and isn't listed", line)
			}
		}
		n := len(s.Typed)
		for _, do := range []func(context.Context, targets.Session, *targets.Push) error{quick.Prepare, quick.Apply} {
			if err := do(ctx, s, p); !errors.Is(err, targets.ErrReadOnly) {
				t.Error(err)
			}
		}
		for _, line := range s.Typed[n:] {
			if !slices.Contains(reading, line) {
				t.Errorf("%q is typed in a read-only session", line)
			}
		}
		if y.d.Running() != before {
			t.Error("the device was changed")
		}
	}
	for _, c := range []targets.Command{readStatus, readHA, readVDOMs, readConfig, readSave, readOpen, readChecksum, enterGlobal, leaveGlobal} {
		if !c.Reads || c.Ahead {
			t.Errorf("%q", c.Line)
		}
	}
	if !readConfig.Private || saveConfig.Reads {
		t.Error("the configuration is to be private, and saving doesn't read")
	}
}

// The documentation lists exactly the lines that are typed when a device is
// read, and in a cluster with VDOMs all of them are.
func TestReadingIsDocumented(t *testing.T) {
	doc, err := os.ReadFile("../../docs/targets/fortigate.md")
	if err != nil {
		t.Fatal(err)
	}
	_, part, ok := strings.Cut(string(doc), "All lines that are typed when a device is read:")
	part, _, ok2 := strings.Cut(part, "\nPaging")
	if !ok || !ok2 {
		t.Fatal("the list isn't there")
	}
	var listed []string
	for _, m := range regexp.MustCompile("(?m)^\\| (`.+`) \\| ").FindAllStringSubmatch(part, -1) {
		for _, line := range strings.Split(m[1], ", ") {
			listed = append(listed, strings.ReplaceAll(strings.Trim(line, "`"), `\|`, "|"))
		}
	}
	a, _ := cluster(t, "blue")
	at := targets.Partition{Context: "blue"}
	s, id, err := open(t, a, at, nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := quick.Fetch(context.Background(), s, at); err != nil {
		t.Fatal(err)
	}
	if _, err := quick.Pending(context.Background(), s, &targets.Push{Identity: id, Part: at}); err != nil {
		t.Fatal(err)
	}
	for name, list := range map[string][]string{"typed": s.Typed, "documented": listed} {
		list = slices.Compact(slices.Sorted(slices.Values(list)))
		if want := slices.Sorted(slices.Values(reading)); !slices.Equal(list, want) {
			t.Errorf("%s: %q\nexpected: %q", name, list, want)
		}
	}
}

func TestPlatform(t *testing.T) {
	p := Dialogue{}.Platform()
	for prompt, mode := range map[string]string{
		"edge # ": root, "FGT60F-1.dc $ ": root, "edge (policy) # ": scope, "edge (700001) $ ": scope, "edge (NBU master, two) # ": scope, "fg_1 (global) # ": scope,
		"edge-1(Primary) # ": root, "edge-2(Secondary) (blue) $ ": scope,
		"edge #": "", "edge (a) (b) # ": "", "see edge # ": "", "config # x": "", "edge> ": "", "edge (a\nb) # ": "",
	} {
		if got := modeOf(p, prompt); got != mode {
			t.Errorf("%q is the prompt of %q", prompt, got)
		}
	}
}

func modeOf(p targets.Platform, prompt string) string {
	c, err := targettest.Connect(&fixed{prompt: prompt}, p, true, nil)
	if err != nil {
		return ""
	}
	return c.Mode()
}

// fixed is a session that shows one prompt.
type fixed struct {
	lab.Session
	prompt string
}

func (f *fixed) Prompt() string     { return f.prompt }
func (f *fixed) Send(string) string { return "" }
