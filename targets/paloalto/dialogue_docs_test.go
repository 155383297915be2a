package paloalto

import (
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/nbfwc/nbfwc/lab/panos"
	"github.com/nbfwc/nbfwc/targets"
)

// documented are the blocks of commands below a heading of the page.
func documented(t *testing.T, heading string) []string {
	t.Helper()
	page, err := os.ReadFile("../../docs/targets/paloalto.md")
	if err != nil {
		t.Fatal(err)
	}
	_, part, ok := strings.Cut(string(page), "\n"+heading+"\n")
	if !ok {
		t.Fatalf("the page has no %q", heading)
	}
	part, _, _ = strings.Cut(part, "\n##")
	var blocks []string
	for _, m := range regexp.MustCompile("(?s)```\n(.*?)```").FindAllStringSubmatch(part, -1) {
		blocks = append(blocks, m[1])
	}
	return blocks
}

// told is what was typed, as the page says it.
func told(typed []string) string {
	var b strings.Builder
	edits := regexp.MustCompile(`^(set|delete|move) `)
	for _, line := range typed {
		prompt, line, _ := strings.Cut(line, " ")
		if strings.HasSuffix(prompt, "#") && edits.MatchString(line) {
			line = "set ..., delete ..., move ..."
		}
		line = regexp.MustCompile(`\bp1\b`).ReplaceAllString(strings.ReplaceAll(line, "admin "+me, "admin ACCOUNT"), "ID")
		line = regexp.MustCompile(`^show jobs id \d+$`).ReplaceAllString(line, "show jobs id N")
		if !strings.HasSuffix(b.String(), line+"\n") || !strings.HasPrefix(line, "set ...") {
			b.WriteString(line + "\n")
		}
	}
	return b.String()
}

// TestDocumentedCommands: the page lists what is typed, and all of it.
func TestDocumentedCommands(t *testing.T) {
	b := newBench(t)
	s, _, err := b.login(true)
	if err != nil {
		t.Fatal(err)
	}
	p, err := b.planned(s, "p1", b.new)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := b.dialogue.Pending(t.Context(), s, &targets.Push{Admin: me}); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(documented(t, "### Reading")[0], told(b.typed)); diff != "" {
		t.Errorf("reading (-documented +typed):\n%s", diff)
	}
	if s, _, err = b.login(false); err != nil {
		t.Fatal(err)
	}
	b.typed = nil
	if err := b.dialogue.Prepare(t.Context(), s, p); err != nil {
		t.Fatal(err)
	}
	if err := b.dialogue.Apply(t.Context(), s, p); err != nil {
		t.Fatal(err)
	}
	push := documented(t, "### Pushing")
	if diff := cmp.Diff(push[0], told(b.typed)); diff != "" {
		t.Errorf("pushing (-documented +typed):\n%s", diff)
	}
	b.typed = nil
	if err := b.end(t.Context(), p); err != nil {
		t.Fatal(err)
	}
	contains := func(list, typed string) {
		t.Helper()
		for line := range strings.Lines(list) {
			// A commit gives back the commit lock by itself.
			if !strings.Contains(typed, "\n"+line) && line != "request commit-lock remove\n" {
				t.Errorf("documented and not typed: %s", line)
			}
		}
	}
	contains(push[1], "\n"+told(b.typed))

	broken := newBench(t)
	half := broken.halfEdited("p1")
	broken.d.SetFaults(panos.Faults{})
	broken.typed = nil
	broken.settle(half)
	typed := "\n" + told(broken.typed)
	contains(documented(t, "### When it breaks")[0], typed)
	contains(push[1], typed)
	if !strings.Contains(typed, "\nrequest commit-lock remove\n") {
		t.Error("the commit lock isn't given back")
	}
}
