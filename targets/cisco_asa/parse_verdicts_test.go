package cisco_asa

import (
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/txtar"

	"github.com/nbfwc/nbfwc/ruleset"
	"github.com/nbfwc/nbfwc/targets"
)

// A verdictFile is a configuration with verdicts that were written by hand from
// the vendor's guides.
type verdictFile struct {
	name, config string
	// problems is whether the first line announces that there are some.
	problems bool
	cases    []verdictCase
}

type verdictCase struct {
	line   string
	packet ruleset.Packet
	want   string
}

// verdictFiles reads testdata/verdicts. A line is
//
//	IN > OUT SRC DST PROTOCOL SPORT DPORT = VERDICT: WHY
//
// where the verdict may be followed by "idle 8h0m0s" and "log".
func verdictFiles(t testing.TB) []verdictFile {
	t.Helper()
	names, err := filepath.Glob("testdata/verdicts/*.txtar")
	if err != nil || len(names) == 0 {
		t.Fatal("no verdicts", err)
	}
	var out []verdictFile
	for _, name := range names {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		ar := txtar.Parse(text)
		if len(ar.Files) != 2 || len(strings.TrimSpace(string(ar.Comment))) == 0 {
			t.Fatalf("%s: want a sentence, config and verdicts", name)
		}
		f := verdictFile{
			name: strings.TrimSuffix(filepath.Base(name), ".txtar"), config: string(ar.Files[0].Data),
			problems: strings.Contains(string(ar.Comment), "PROBLEMS"),
		}
		for _, line := range strings.Split(strings.TrimSpace(string(ar.Files[1].Data)), "\n") {
			c, err := parseVerdictCase(line)
			if err != nil {
				t.Fatalf("%s: %s: %v", name, line, err)
			}
			f.cases = append(f.cases, c)
		}
		out = append(out, f)
	}
	return out
}

func parseVerdictCase(line string) (verdictCase, error) {
	c := verdictCase{line: line}
	left, right, ok := strings.Cut(line, " = ")
	want, why, ok2 := strings.Cut(right, ": ")
	w := strings.Fields(left)
	if !ok || !ok2 || len(w) != 8 || why == "" {
		return c, fmt.Errorf("not of the form IN > OUT SRC DST PROTOCOL SPORT DPORT = VERDICT: WHY")
	}
	c.want = want
	c.packet.In, c.packet.Out = w[0], w[2]
	var err1, err2, err3, err4, err5 error
	c.packet.Src, err1 = netip.ParseAddr(w[3])
	c.packet.Dst, err2 = netip.ParseAddr(w[4])
	protos := map[string]string{"tcp": "6", "udp": "17", "icmp": "1", "icmp6": "58"}
	p := w[5]
	if n := protos[p]; n != "" {
		p = n
	}
	var proto, sport, dport uint64
	proto, err3 = strconv.ParseUint(p, 10, 8)
	sport, err4 = strconv.ParseUint(w[6], 10, 16)
	dport, err5 = strconv.ParseUint(w[7], 10, 16)
	c.packet.Proto, c.packet.SrcPort, c.packet.DstPort = uint8(proto), uint16(sport), uint16(dport)
	for _, err := range []error{err1, err2, err3, err4, err5} {
		if err != nil {
			return c, err
		}
	}
	return c, nil
}

// outcome is the verdict with the effects of what decided it.
func outcome(rs *ruleset.RuleSet, p ruleset.Packet) (string, []ruleset.Decision) {
	v, by := rs.Decide(p)
	out := v.String()
	var idle time.Duration
	log := false
	for _, d := range by {
		if d.Rule < 0 || d.Opaque {
			continue
		}
		r := &rs.Stages[d.Stage].Rules[d.Rule]
		if r.Idle != 0 && (idle == 0 || r.Idle < idle) {
			idle = r.Idle
		}
		log = log || r.Log
	}
	if v == ruleset.Passes && idle == never {
		out += " idle never"
	} else if v == ruleset.Passes && idle != 0 {
		out += " idle " + idle.String()
	}
	if log {
		out += " log"
	}
	return out, by
}

// TestVerdicts holds what is made of a configuration against verdicts that no
// code generated.
func TestVerdicts(t *testing.T) {
	n := 0
	for _, f := range verdictFiles(t) {
		t.Run(f.name, func(t *testing.T) {
			c := parsed(t, f.config, targets.ParseOptions{})
			if (len(c.Problems) > 0) != f.problems {
				t.Errorf("problems: %v", c.Problems)
			}
			for _, x := range f.cases {
				if have, by := outcome(&c.RuleSet, x.packet); have != x.want {
					t.Errorf("have %s, want %s\n%v", have, x.line, by)
				}
			}
		})
		n += len(f.cases)
	}
	if n < 100 {
		t.Errorf("%d verdicts", n)
	}
}
