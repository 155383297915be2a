package fortigate

import (
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"golang.org/x/tools/txtar"

	"github.com/nbfwc/nbfwc/ruleset"
	"github.com/nbfwc/nbfwc/targets"
)

// A verdictFile is a configuration with verdicts that were written by hand from
// Fortinet's documentation. No code made them.
type verdictFile struct {
	name, config string
	cases        []verdictCase
}

type verdictCase struct {
	line   string
	packet ruleset.Packet
	want   string
}

// verdictFiles reads testdata/verdicts. A line is
//
//	IN > OUT SRC DST PROTOCOL SPORT DPORT -> VERDICT  # WHY
//
// where type and code of ICMP stand in place of the ports.
func verdictFiles(t testing.TB) []verdictFile {
	t.Helper()
	names, err := filepath.Glob("testdata/verdicts/*.txtar")
	if err != nil || len(names) == 0 {
		t.Fatal("no verdicts", err)
	}
	var out []verdictFile
	for _, name := range names {
		ar, err := txtar.ParseFile(name)
		if err != nil {
			t.Fatal(err)
		}
		if len(ar.Files) != 2 || len(strings.TrimSpace(string(ar.Comment))) == 0 {
			t.Fatalf("%s: want a sentence, have.conf and verdicts", name)
		}
		f := verdictFile{name: strings.TrimSuffix(filepath.Base(name), ".txtar"), config: string(ar.Files[0].Data)}
		for line := range strings.Lines(strings.TrimSpace(string(ar.Files[1].Data))) {
			c, err := parseVerdict(strings.TrimSpace(line))
			if err != nil {
				t.Fatalf("%s: %s: %v", name, line, err)
			}
			f.cases = append(f.cases, c)
		}
		out = append(out, f)
	}
	return out
}

func parseVerdict(line string) (verdictCase, error) {
	c := verdictCase{line: line}
	left, right, ok := strings.Cut(line, " -> ")
	want, why, ok2 := strings.Cut(right, "  # ")
	w := strings.Fields(left)
	if !ok || !ok2 || len(w) != 8 || w[1] != ">" || why == "" {
		return c, fmt.Errorf("not of the form IN > OUT SRC DST PROTOCOL SPORT DPORT -> VERDICT  # WHY")
	}
	c.want = want
	numbers := map[string]string{"tcp": "6", "udp": "17", "icmp": "1", "icmp6": "58", "sctp": "132"}
	if n := numbers[w[5]]; n != "" {
		w[5] = n
	}
	src, err := netip.ParseAddr(w[3])
	dst, err2 := netip.ParseAddr(w[4])
	proto, err3 := strconv.ParseUint(w[5], 10, 8)
	sport, err4 := strconv.ParseUint(w[6], 10, 16)
	dport, err5 := strconv.ParseUint(w[7], 10, 16)
	for _, err := range []error{err, err2, err3, err4, err5} {
		if err != nil {
			return c, err
		}
	}
	c.packet = ruleset.Packet{In: w[0], Out: w[2], Src: src, Dst: dst, Proto: uint8(proto), SrcPort: uint16(sport), DstPort: uint16(dport)}
	return c, nil
}

func TestVerdicts(t *testing.T) {
	n := 0
	for _, f := range verdictFiles(t) {
		t.Run(f.name, func(t *testing.T) {
			config, err := parse(strings.NewReader(f.config), targets.ParseOptions{})
			if err != nil {
				t.Fatal(err)
			}
			crlf, err := parse(strings.NewReader(strings.ReplaceAll(f.config, "\n", "\r\n")), targets.ParseOptions{})
			if err != nil || crlf.Digest != config.Digest || !ruleset.SameSpelling(&crlf.RuleSet, &config.RuleSet) {
				t.Errorf("with CRLF it is read otherwise: %v", err)
			}
			frozen, err := ruleset.Freeze(&config.RuleSet)
			if err != nil {
				t.Fatal(err)
			}
			for _, c := range f.cases {
				have, by := config.RuleSet.Decide(c.packet)
				if have.String() != c.want {
					t.Errorf("%s\nhave %v, decided by %+v\nproblems %v", c.line, have, by, config.Problems)
				}
				if frozen.Verdict(c.packet) != have {
					t.Errorf("%s: frozen differs", c.line)
				}
				n++
			}
		})
	}
	if n < 100 {
		t.Errorf("%d verdicts, want at least 100", n)
	}
}

// TestVerdictsReached makes sure that the cases tell something apart: each
// verdict is reached, and unknown only where the file says so in its name.
func TestVerdictsReached(t *testing.T) {
	reached := map[string]int{}
	for _, f := range verdictFiles(t) {
		for _, c := range f.cases {
			reached[c.want]++
			if c.want == "unknown" && !strings.HasPrefix(f.name, "opaque-") {
				t.Errorf("%s: %s: only files opaque-* have unknown verdicts", f.name, c.line)
			}
		}
	}
	for _, v := range []string{"passes", "drops", "rejects", "unknown"} {
		if reached[v] < 5 {
			t.Errorf("%s: %d cases", v, reached[v])
		}
	}
}

// readTestdata returns a file of testdata.
func readTestdata(t testing.TB, name string) string {
	t.Helper()
	b, err := os.ReadFile(filepath.Join("testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}
