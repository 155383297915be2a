package paloalto

import (
	"fmt"
	"net/netip"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/txtar"

	"github.com/nbfwc/nbfwc/ruleset"
	"github.com/nbfwc/nbfwc/targets"
)

// A verdictFile is a configuration with verdicts that were written by hand.
type verdictFile struct {
	name, config string
	opt          targets.ParseOptions
	verdicts     []string
}

// verdictFiles reads testdata/verdicts: a sentence, config, perhaps options, and
// verdicts, whose lines are
//
//	IN > OUT SRC DST PROTOCOL SPORT DPORT = VERDICT: WHY
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
		if len(strings.TrimSpace(string(ar.Comment))) == 0 {
			t.Fatalf("%s: want a sentence first", name)
		}
		f := verdictFile{name: strings.TrimSuffix(filepath.Base(name), ".txtar")}
		for _, part := range ar.Files {
			text := string(part.Data)
			switch part.Name {
			case "config":
				f.config = text
			case "options":
				f.opt = options(t, text)
			case "verdicts":
				f.verdicts = strings.Split(strings.TrimSpace(text), "\n")
			default:
				t.Fatalf("%s: what is %s?", name, part.Name)
			}
		}
		out = append(out, f)
	}
	return out
}

// options reads lines "context NAME" and "interface LABEL DEVICE...".
func options(t testing.TB, text string) (opt targets.ParseOptions) {
	t.Helper()
	for _, line := range strings.Split(strings.TrimSpace(text), "\n") {
		switch w := strings.Fields(line); {
		case len(w) == 2 && w[0] == "context":
			opt.Context = w[1]
		case len(w) > 2 && w[0] == "interface":
			opt.Interfaces = append(opt.Interfaces, targets.Interface{Label: w[1], Devices: w[2:]})
		default:
			t.Fatalf("option %q", line)
		}
	}
	return opt
}

func packetOf(line string) (p ruleset.Packet, want string, err error) {
	left, right, ok := strings.Cut(line, " = ")
	want, why, ok2 := strings.Cut(right, ": ")
	w := strings.Fields(left)
	if !ok || !ok2 || len(w) != 8 || why == "" {
		return p, "", fmt.Errorf("not of the form IN > OUT SRC DST PROTOCOL SPORT DPORT = VERDICT: WHY")
	}
	proto := w[5]
	if n := map[string]string{"tcp": "6", "udp": "17", "icmp": "1", "icmpv6": "58"}[proto]; n != "" {
		proto = n
	}
	var numbers [3]uint64
	for i, s := range []string{proto, w[6], w[7]} {
		if numbers[i], err = strconv.ParseUint(s, 10, 16); err != nil {
			return p, "", err
		}
	}
	p = ruleset.Packet{In: w[0], Out: w[2], Proto: uint8(numbers[0]), SrcPort: uint16(numbers[1]), DstPort: uint16(numbers[2])}
	if p.Src, err = netip.ParseAddr(w[3]); err != nil {
		return p, "", err
	}
	p.Dst, err = netip.ParseAddr(w[4])
	return p, want, err
}

// TestVerdicts holds the reading of configurations against verdicts that no code
// generated, in all dialects.
func TestVerdicts(t *testing.T) {
	n := 0
	for _, f := range verdictFiles(t) {
		for _, d := range dialects(t, f.config) {
			c, err := parse(strings.NewReader(d.text), f.opt)
			if err != nil {
				t.Errorf("%s, %s: %v\n%s", f.name, d.name, err, d.text)
				continue
			}
			for _, line := range f.verdicts {
				p, want, err := packetOf(line)
				if err != nil {
					t.Fatalf("%s: %s: %v", f.name, line, err)
				}
				if have, by := c.RuleSet.Decide(p); have.String() != want {
					t.Errorf("%s, %s: have %v, want %s\n%v", f.name, d.name, have, line, by)
				}
			}
		}
		n += len(f.verdicts)
	}
	if n < 100 {
		t.Errorf("%d verdicts", n)
	}
}

// TestVerdictsHaveNoProblems allows problems only in files that are about them.
func TestVerdictsHaveNoProblems(t *testing.T) {
	problems := map[string]bool{"groups-in-a-circle": true, "unfinished-rules": true, "panorama-names-of-two-scopes": true,
		"rules-in-shared": true, "default-rule-not-known": true}
	for _, f := range verdictFiles(t) {
		c, err := parse(strings.NewReader(f.config), f.opt)
		if err != nil {
			t.Fatal(f.name, err)
		}
		if (len(c.Problems) > 0) != problems[f.name] {
			t.Errorf("%s: %v", f.name, c.Problems)
		}
	}
}
