package fortios

import (
	"flag"
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/tools/txtar"

	"github.com/nbfwc/nbfwc/lab"
)

var update = flag.Bool("update", false, "rewrite the transcripts")

// TestTranscripts plays the sessions of testdata: the prompts, the lines typed
// and the answers. In a file, "options" come first, then "have.conf" is
// loaded; "session" is typed by one administrator; "packets" are decided;
// "running.conf" is what the device prints then without its header and the
// factory's objects; "refused.conf" doesn't load.
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
	opt := optionsOf(t, string(ar.Comment))
	d := New(opt)
	for i, f := range ar.Files {
		switch text := string(f.Data); f.Name {
		case "have.conf":
			if err := d.Load(text); err != nil {
				t.Fatal(err)
			}
		case "refused.conf":
			if err := d.Load(text); err == nil {
				t.Errorf("it is loaded:\n%s", text)
			} else if msg := "# " + strings.ReplaceAll(err.Error(), "\n", "\n# ") + "\n"; !strings.HasPrefix(text, msg) {
				ar.Files[i].Data = []byte(msg + uncommented(text))
			}
		case "session":
			ar.Files[i].Data = []byte(play(d, text))
		case "packets":
			ar.Files[i].Data = []byte(packets(t, d, text))
		case "running.conf":
			ar.Files[i].Data = []byte(ownPart(d, opt))
		default:
			t.Fatalf("section %q", f.Name)
		}
	}
	if after := string(txtar.Format(ar)); after != before {
		if *update {
			if err := os.WriteFile(file, []byte(after), 0o644); err != nil {
				t.Fatal(err)
			}
		} else {
			t.Error(cmp.Diff(before, after))
		}
	}
	fixpoint(t, d)
}

func uncommented(text string) string {
	var b strings.Builder
	for l := range strings.Lines(text) {
		if !strings.HasPrefix(l, "#") {
			b.WriteString(l)
		}
	}
	return b.String()
}

// ownPart is what a device has beside a new one.
func ownPart(d *Device, opt Options) string {
	fresh := map[string]bool{}
	e := New(opt)
	for _, l := range entries(e.Running()) {
		fresh[l] = true
	}
	var b strings.Builder
	for _, l := range entries(d.Running()) {
		if !fresh[l] || l == "end\n" || strings.HasPrefix(l, "config ") {
			b.WriteString(l)
		}
	}
	out := b.String()
	for l := range strings.Lines(out) {
		out = strings.Replace(out, l+"end\n", map[bool]string{true: "", false: l + "end\n"}[strings.HasPrefix(l, "config ")], 1)
	}
	return out
}

// entries cuts a configuration in "config" and "end" lines, entries and other
// lines.
func entries(text string) []string {
	var list []string
	open := ""
	for l := range strings.Lines(text) {
		switch {
		case strings.HasPrefix(l, "    edit "):
			open = l
		case open != "":
			if open += l; l == "    next\n" {
				list = append(list, open)
				open = ""
			}
		case !strings.HasPrefix(l, "#"):
			list = append(list, l)
		}
	}
	return list
}

// optionsOf reads "options:" in the comment of a transcript.
func optionsOf(t *testing.T, comment string) Options {
	o := Options{Hostname: "fw1", Now: func() time.Time { return time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC) }}
	_, list, _ := strings.Cut(comment, "options:")
	list, _, _ = strings.Cut(list, "\n")
	for _, w := range strings.Fields(list) {
		k, v, _ := strings.Cut(w, "=")
		n, _ := strconv.Atoi(v)
		switch k {
		case "vdoms":
			o.VDOMs = strings.Split(v, ",")
		case "no-new-vdoms":
			o.NoNewVDOMs = true
		case "version":
			o.Version = v
		case "one-line-quotes":
			o.OneLineQuotes = true
		case "drop-after":
			o.Faults.DropAfter = n
		case "drop-before":
			o.Faults.DropBefore = n
		case "refuse":
			o.Faults.RefuseNth = n
		case "noise":
			o.Faults.NoiseEvery = n
		case "pager":
			o.Faults.Pager = true
		case "banner":
			o.Faults.Banner = true
		case "read-only":
			o.Faults.ReadOnly = true
		case "echo":
			o.Faults.Echo = true
		case "policies":
			o.Faults.MaxEntries = map[string]int{"firewall policy": n}
		case "meddle":
			o.Faults.MeddleNth = n
			o.Faults.Meddle = []string{"config firewall address", "edit MEDDLED", "next", "end"}
		default:
			t.Fatalf("option %q", w)
		}
	}
	return o
}

// play types the lines of a transcript and returns what the screen shows. What
// is refused is marked by "!" before the answer.
func play(d *Device, text string) string {
	s := d.login()
	var out strings.Builder
	for line := range strings.Lines(text) {
		line = strings.TrimSuffix(line, "\n")
		rest, ok := strings.CutPrefix(line, "(closed) ")
		if !ok {
			rest, ok = typed(line, s.Prompt())
		}
		if !ok {
			continue
		}
		if s.Closed() {
			out.WriteString("(closed) " + rest + "\n")
			continue
		}
		fmt.Fprintf(&out, "%s%s\n", s.Prompt(), rest)
		answer := s.Send(strings.NewReplacer("<C-c>", "\x03", "<C-v>", "\x16").Replace(rest))
		mark := ""
		if s.Refused(answer) {
			mark = "! "
		}
		for l := range strings.Lines(answer) {
			out.WriteString(visible(mark + strings.TrimSuffix(l, "\n") + "\n"))
		}
	}
	return out.String()
}

// typed is what stands behind a prompt. A new transcript has "> " for all of
// them.
func typed(line, prompt string) (string, bool) {
	if rest, ok := strings.CutPrefix(line, ">> "); ok {
		return rest, true
	}
	if rest, ok := strings.CutPrefix(line, strings.TrimRight(prompt, " ")); ok {
		return strings.TrimPrefix(rest, " "), true
	}
	return "", false
}

// visible shows control characters and blanks at the end of lines.
func visible(s string) string {
	s = strings.ReplaceAll(s, " \n", "·\n")
	return strings.NewReplacer("\r", "<CR>", "\b", "<BS>").Replace(s)
}

var protoNumbers = map[string]uint8{"tcp": 6, "udp": 17, "icmp": 1, "icmp6": 58, "esp": 50, "gre": 47, "sctp": 132}

var verdicts = map[lab.Verdict]string{lab.Undecided: "undecided", lab.Passes: "passes", lab.Drops: "drops", lab.Rejects: "rejects"}

// packets decides lines "inside 10.0.0.1 1024 outside 10.0.0.2 443 tcp".
func packets(t *testing.T, d *Device, text string) string {
	var out strings.Builder
	for line := range strings.Lines(text) {
		f := strings.Fields(line)
		if len(f) < 7 || strings.HasPrefix(line, " ") || strings.HasPrefix(line, "#") {
			if !strings.HasPrefix(line, " ") {
				out.WriteString(line)
			}
			continue
		}
		sport, err1 := strconv.Atoi(f[2])
		dport, err2 := strconv.Atoi(f[5])
		if err1 != nil || err2 != nil || protoNumbers[f[6]] == 0 {
			t.Fatalf("packet %q", line)
		}
		p := lab.Packet{In: f[0], Src: netip.MustParseAddr(f[1]), SrcPort: uint16(sport),
			Out: f[3], Dst: netip.MustParseAddr(f[4]), DstPort: uint16(dport), Proto: protoNumbers[f[6]]}
		fmt.Fprintf(&out, "%s\n    %s, idle %s: %s\n", strings.Join(f[:7], " "), verdicts[d.Decide(p)], d.Idle(p), d.Explain(p))
	}
	return out.String()
}

// fixpoint checks that what the device prints loads and prints the same, and
// that names in use are counted right.
func fixpoint(t *testing.T, d *Device) {
	t.Helper()
	first := d.Running()
	e := New(Options{Hostname: "other"})
	if err := e.Load(first); err != nil {
		t.Errorf("what it prints doesn't load: %v\n%s", err, first)
		return
	}
	if diff := cmp.Diff(first, e.Running()); diff != "" {
		t.Errorf("printed again it differs:\n%s", diff)
	}
	if diff := cmp.Diff(e.cfg.uses, d.cfg.uses, cmp.AllowUnexported(use{})); diff != "" {
		t.Errorf("names in use:\n%s", diff)
	}
}

// TestSize loads 100,000 addresses, and edits and deletes among them.
func TestSize(t *testing.T) {
	var b strings.Builder
	b.WriteString("config firewall address\n")
	const n = 100_000
	for i := range n {
		fmt.Fprintf(&b, "    edit \"h%d\"\n        set subnet 10.%d.%d.%d 255.255.255.255\n        set comment \"nbfwc\"\n    next\n", i, i>>16, i>>8&255, i&255)
	}
	b.WriteString("end\n")
	d := New(Options{})
	began := time.Now()
	if err := d.Load(b.String()); err != nil {
		t.Fatal(err)
	}
	loaded := time.Since(began)
	s := d.login()
	s.Send("config firewall address")
	for i := range 500 {
		if a := s.Send(fmt.Sprintf("delete h%d", i*7)); a != "" {
			t.Fatal(a)
		}
		if a := s.Send(fmt.Sprintf("edit n%d\nset subnet 192.0.2.0/24\nnext", i)); s.Refused(a) {
			t.Fatal(a)
		}
	}
	d.Running()
	if total := time.Since(began); total > 2*time.Minute {
		t.Errorf("loaded in %v, %v in all", loaded, total)
	} else {
		t.Logf("loaded in %v, %v in all", loaded, total)
	}
}
