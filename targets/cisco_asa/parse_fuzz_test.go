package cisco_asa

import (
	"fmt"
	"strings"
	"testing"

	"github.com/nbfwc/nbfwc/ruleset"
	"github.com/nbfwc/nbfwc/targets"
)

// FuzzParse holds that no text makes the parser panic, that a text is read the
// same way twice, and that noise of a terminal doesn't change what is read.
func FuzzParse(f *testing.F) {
	for _, folder := range []string{"parse", "parse_rewrites"} {
		for _, parts := range txtars(f, folder) {
			for _, name := range []string{"running-config", "entered", "printed"} {
				if text, ok := parts[name]; ok {
					f.Add(text)
				}
			}
		}
	}
	for _, v := range verdictFiles(f) {
		f.Add(v.config)
	}
	f.Fuzz(func(t *testing.T, text string) {
		if len(text) > 1<<14 {
			return
		}
		c, err := parse(strings.NewReader(text), targets.ParseOptions{})
		if err != nil {
			return
		}
		again, err := parse(strings.NewReader(text), targets.ParseOptions{})
		if err != nil || again.Digest != c.Digest || !ruleset.SameSpelling(&c.RuleSet, &again.RuleSet) {
			t.Fatal("the text is read in two ways", err)
		}
		if strings.ContainsAny(text, "\r\b") {
			return
		}
		noisy, err := parse(strings.NewReader(strings.ReplaceAll(text, "\n", " \r\r\n")), targets.ParseOptions{})
		if err != nil || noisy.Digest != c.Digest {
			t.Fatal("line ends change what is read", err)
		}
		m := c.Model.(*model)
		for _, a := range m.acls {
			for _, l := range a.lines {
				if e := m.ace(l); !m.line(e, int(l.num)).sameAs(l) {
					t.Fatal("an entry isn't the same when it is put back")
				}
			}
		}
	})
}

// manyEntries is a configuration with n entries: of literal hosts, or of groups.
func manyEntries(n int, groups bool) string {
	var b strings.Builder
	b.WriteString("ASA Version 9.16(4)\ninterface GigabitEthernet0/0\n nameif outside\n security-level 0\n ip address 192.0.2.1 255.255.255.0\n")
	const sets = 500
	if groups {
		for g := range sets {
			fmt.Fprintf(&b, "object-group network G%d\n", g)
			for h := range 20 {
				fmt.Fprintf(&b, " network-object host 10.%d.%d.%d\n", g/250, g%250, h+1)
			}
		}
		for g := range 50 {
			fmt.Fprintf(&b, "object-group service S%d\n service-object tcp destination eq %d\n service-object udp destination eq %d\n", g, 1000+g, 2000+g)
		}
	}
	for i := range n {
		if groups {
			fmt.Fprintf(&b, "access-list X extended permit object-group S%d object-group G%d object-group G%d log \n", i%50, i%sets, i/sets%sets)
			continue
		}
		fmt.Fprintf(&b, "access-list X extended permit tcp host 10.%d.%d.%d host 172.16.%d.%d eq %d \n", i>>16&255, i>>8&255, i&255, i>>8&255, i&255, 1+i%60000)
	}
	b.WriteString("access-group X in interface outside\n")
	return b.String()
}

func benchmarkParse(b *testing.B, groups bool) {
	text := manyEntries(200_000, groups)
	b.SetBytes(int64(len(text)))
	b.ReportAllocs()
	for b.Loop() {
		c, err := parse(strings.NewReader(text), targets.ParseOptions{})
		if err != nil || len(c.Problems) > 0 || len(c.RuleSet.Stages[1].Rules) != 200_000 {
			b.Fatal(err, c.Problems)
		}
	}
}

func BenchmarkParseHosts200k(b *testing.B)  { benchmarkParse(b, false) }
func BenchmarkParseGroups200k(b *testing.B) { benchmarkParse(b, true) }
