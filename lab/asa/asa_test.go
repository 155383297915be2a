package asa

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

	"github.com/google/go-cmp/cmp"
	"golang.org/x/tools/txtar"

	"github.com/nbfwc/nbfwc/lab"
)

var update = flag.Bool("update", false, "rewrite the transcripts")

// typed is a line of a transcript that is typed after a prompt.
var typed = regexp.MustCompile(`^(?:asa\S*[>#] |Password: )(.*)$`)

// TestTranscripts plays the sessions of testdata: the prompts, the lines typed
// and the answers. In a file, "have.conf" is loaded first; "session" is typed
// by one administrator; "packets" are decided afterwards.
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
	d := New(Options{Hostname: "asa", Faults: faultsOf(string(ar.Comment))})
	for i, f := range ar.Files {
		switch text := string(f.Data); f.Name {
		case "have.conf":
			if err := d.Load(text); err != nil {
				t.Fatal(err)
			}
			s := d.login()
			s.mode.kind = modeConfig
		case "refused.conf":
			for line := range strings.Lines(text) {
				if err := d.Load(line); err == nil {
					t.Errorf("%q is loaded", line)
				}
			}
		case "session":
			ar.Files[i].Data = []byte(play(d, text))
		case "packets":
			ar.Files[i].Data = []byte(packets(t, d, text))
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

// faultsOf reads "faults:" in the comment of a transcript.
func faultsOf(comment string) (f Faults) {
	_, list, ok := strings.Cut(comment, "faults:")
	if !ok {
		return f
	}
	for _, w := range strings.Fields(list) {
		k, v, _ := strings.Cut(w, "=")
		n, _ := strconv.Atoi(v)
		switch k {
		case "echo":
			f.Echo = true
		case "pager":
			f.Pager = true
		case "write-fails":
			f.WriteFails = true
		case "standby":
			f.Standby = true
		case "drop-after":
			f.DropAfter = n
		case "drop-before":
			f.DropBefore = n
		case "disk-full":
			f.DiskFull = true
		case "write-busy":
			f.WriteBusy = n
		case "commit-fails":
			f.CommitFails = true
		case "noise-inside":
			f.NoiseInside = true
		case "drop-nth":
			f.DropNth = n
		case "drop-done":
			f.DropDone = n
		case "cut":
			f.CutNth = n
		case "cut-drop":
			f.CutDrop = n
		case "refuse":
			f.RefuseNth = n
		case "noise":
			f.NoiseEvery = n
		case "meddle":
			f.MeddleNth = n
			f.Meddle = []string{"access-list IN extended permit udp any any eq 53"}
		}
	}
	return f
}

// play types the lines of a transcript and returns what the screen shows.
func play(d *Device, text string) string { return screen(d.login(), text) }

// screen types the lines of a transcript in a session and returns what the
// screen shows.
func screen(s *Session, text string) string {
	var out strings.Builder
	for line := range strings.Lines(text) {
		line = strings.TrimSuffix(line, "\n")
		m := typed.FindStringSubmatch(line)
		if rest, ok := strings.CutPrefix(line, "(closed) "); ok {
			m = []string{line, rest}
		} else if rest, ok := strings.CutPrefix(line, s.Prompt()); ok && (s.typed != "" || s.asked != nil) {
			m = []string{line, rest}
		}
		if strings.HasPrefix(line, morePrompt) {
			m = []string{line, strings.TrimPrefix(line, morePrompt)}
		}
		if m == nil {
			continue
		}
		if s.Closed() {
			out.WriteString("(closed) " + m[1] + "\n")
			continue
		}
		fmt.Fprintf(&out, "%s%s\n%s", s.Prompt(), m[1], visible(s.Send(m[1])))
	}
	return out.String()
}

// visible shows control characters, blanks at the end of lines, and where no
// line ends.
func visible(s string) string {
	if s != "" && !strings.HasSuffix(s, "\n") {
		s += "<cut>\n"
	}
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
		fmt.Fprintf(&out, "%s\n    %s, idle %s: %s\n", strings.Join(f[:7], " "), verdicts[d.Decide(p)], clock(d.Idle(p)), d.Explain(p))
	}
	return out.String()
}

// fixpoint checks that what the device prints loads and prints the same.
func fixpoint(t *testing.T, d *Device) {
	t.Helper()
	first := d.Running()
	e := New(Options{Hostname: "other"})
	if err := e.Load(first); err != nil {
		t.Errorf("what it prints doesn't load: %v\n%s", err, first)
		return
	}
	if diff := cmp.Diff(strings.TrimPrefix(first, ": Saved\n\n"), strings.TrimPrefix(e.Running(), ": Saved\n\n")); diff != "" {
		t.Errorf("printed again it differs:\n%s", diff)
	}
}
