package cisco_asa

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/nbfwc/nbfwc/targets"
)

// TestHostileTexts holds that texts that are made to be expensive are read in
// bounded time.
func TestHostileTexts(t *testing.T) {
	texts := map[string]func(b *strings.Builder){
		"each group contains the one before twice": func(b *strings.Builder) {
			b.WriteString("object-group network G0\n network-object host 10.0.0.1\n")
			for i := 1; i < 1000; i++ {
				fmt.Fprintf(b, "object-group network G%d\n group-object G%d\n group-object G%d\n", i, i-1, i-1)
			}
			b.WriteString("access-list X extended permit ip object-group G999 any\naccess-group X global\n")
		},
		"groups of groups": func(b *strings.Builder) {
			b.WriteString("object-group network G0\n")
			for i := range 2000 {
				fmt.Fprintf(b, " network-object host 10.0.%d.%d\n", i/250, i%250)
			}
			for i := 1; i < 1000; i++ {
				fmt.Fprintf(b, "object-group network G%d\n group-object G0\n", i)
			}
		},
		"masks with gaps": func(b *strings.Builder) {
			for i := range 20 {
				fmt.Fprintf(b, "access-list X extended permit ip 10.0.%d.%d 255.0.0.255 any\n", i/250, i%250)
			}
			b.WriteString("access-group X global\n")
		},
		"port groups": func(b *strings.Builder) {
			b.WriteString("object-group service P tcp\n")
			for i := range 20000 {
				fmt.Fprintf(b, " port-object eq %d\n", 2*i)
			}
			for i := range 500 {
				fmt.Fprintf(b, "object-group service P%d tcp\n group-object P\n port-object eq %d\n", i, i)
				fmt.Fprintf(b, "access-list X extended permit tcp any object-group P%d any object-group P%d\n", i, i)
			}
			b.WriteString("access-group X global\n")
		},
		"service groups": func(b *strings.Builder) {
			b.WriteString("object-group service S0\n")
			for i := range 20000 {
				fmt.Fprintf(b, " service-object tcp source eq %d destination neq %d\n", i, i)
			}
			for i := 1; i < 300; i++ {
				fmt.Fprintf(b, "object-group service S%d\n group-object S%d\n service-object udp destination eq %d\n", i, i-1, i)
				fmt.Fprintf(b, "access-list X extended permit object-group S%d any any\n", i)
			}
			b.WriteString("access-group X global\n")
		},
		"entries at line 1": func(b *strings.Builder) {
			for i := range 50000 {
				fmt.Fprintf(b, "access-list X line 1 extended permit tcp any any eq %d\n", i)
			}
			b.WriteString("access-group X global\n")
		},
		"interfaces": func(b *strings.Builder) {
			for i := range 20000 {
				fmt.Fprintf(b, "interface G%d\n nameif n%d\n security-level %d\n", i, i, i%2)
			}
			for i := range 20000 {
				fmt.Fprintf(b, "access-group X in interface n%d\n", i)
			}
		},
		"classes": func(b *strings.Builder) {
			for i := range 2000 {
				fmt.Fprintf(b, "access-list X extended permit tcp host 10.0.%d.%d any\n", i/250, i%250)
				fmt.Fprintf(b, "access-list C extended deny tcp any host 10.0.%d.%d\n", i/250, i%250)
			}
			b.WriteString("access-group X global\nclass-map C\n match access-list C\n")
			for i := range 300 {
				fmt.Fprintf(b, "policy-map P%d\n class C\n  set connection timeout idle 2:0:%d\n class C\n  set connection timeout idle 3:0:0\n", i, i%60)
				fmt.Fprintf(b, "service-policy P%d interface n%d\n", i, i)
			}
		},
		"one line":     func(b *strings.Builder) { b.WriteString(strings.Repeat("a ", 1<<20)) },
		"short lines":  func(b *strings.Builder) { b.WriteString(strings.Repeat("a\n", 1<<19)) },
		"pager noise":  func(b *strings.Builder) { b.WriteString(strings.Repeat(morePrompt, 1<<18)) },
		"new contexts": func(b *strings.Builder) { b.WriteString(strings.Repeat("changeto context a\n", 1<<18)) },
		"unknown names": func(b *strings.Builder) {
			for i := range 20000 {
				fmt.Fprintf(b, "access-list X extended permit object-group S%d object-group A%d object-group B%d\n", i, i, i)
			}
			b.WriteString("access-group X global\n")
		},
	}
	for name, write := range texts {
		t.Run(name, func(t *testing.T) {
			var b strings.Builder
			write(&b)
			start := time.Now()
			c, err := parse(strings.NewReader(b.String()), targets.ParseOptions{})
			if d := time.Since(start); d > 2*time.Minute {
				t.Errorf("took %v", d)
			} else {
				t.Logf("%v for %d KiB, %v", d, b.Len()>>10, err)
			}
			if err == nil && len(c.Problems) > 2*maxProblems+10 {
				t.Errorf("%d problems", len(c.Problems))
			}
		})
	}
}
