package main

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/nbfwc/nbfwc/lab/kernel"
	"github.com/nbfwc/nbfwc/targets/fortigate"
	"github.com/nbfwc/nbfwc/targets/paloalto"
)

var update = flag.Bool("update", false, "rewrite golden output, also in documents")

func TestMain(m *testing.M) {
	// Emulated devices are fast, and so they are looked at often.
	dialogues["fortigate"] = fortigate.Dialogue{Poll: 60 * time.Millisecond}
	dialogues["paloalto"] = paloalto.Dialogue{Poll: 20 * time.Millisecond}
	testscript.Main(m, map[string]func(){"nbfwc": main, "nbfwc-measured": measured, "nbfwc-farm": deviceFarm})
}

// repository is the root of the source tree.
const repository = "../.."

// TestDocuments runs every command that a document shows. A block that begins
// with ```console has lines "$ COMMAND", each followed by what it prints; a
// line "..." stands for any lines. The commands of a document run in one
// directory that has examples/ in it.
func TestDocuments(t *testing.T) {
	for _, doc := range documents(t) {
		t.Run(filepath.ToSlash(doc), func(t *testing.T) {
			t.Parallel()
			if strings.Contains(filepath.ToSlash(doc), "nftables-host") && !kernel.Require(t) {
				return
			}
			path := filepath.Join(repository, doc)
			text, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			if bytes.Contains(text, []byte("nbfwc lab start examples/vendors")) {
				labPorts.Lock() // the example's devices have fixed ports
				defer labPorts.Unlock()
			}
			work := t.TempDir()
			if err := os.CopyFS(filepath.Join(work, "examples"), os.DirFS(filepath.Join(repository, "examples"))); err != nil {
				t.Fatal(err)
			}
			got := runDocument(t, work, string(text))
			if got == string(text) {
				return
			}
			if *update {
				if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
					t.Fatal(err)
				}
				return
			}
			t.Errorf("%s shows other output than the program gives (go test ./cmd/nbfwc -run TestDocuments -update):\n%s", doc, diffText(t, string(text), got))
		})
	}
}

var labPorts sync.Mutex

// documents are all Markdown files of the repository that users read.
func documents(t *testing.T) []string {
	t.Helper()
	var docs []string
	for _, pattern := range []string{"*.md", "docs/*.md", "docs/*/*.md", "examples/*.md", "examples/*/*.md"} {
		found, err := filepath.Glob(filepath.Join(repository, pattern))
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range found {
			rel, err := filepath.Rel(repository, f)
			if err != nil {
				t.Fatal(err)
			}
			docs = append(docs, rel)
		}
	}
	if len(docs) < 10 {
		t.Fatalf("found only %d documents: %v", len(docs), docs)
	}
	return docs
}

var consoleBlock = regexp.MustCompile("(?s)```console\n(.*?)```")

// runDocument is the document with what its commands print now.
func runDocument(t *testing.T, work, text string) string {
	return consoleBlock.ReplaceAllStringFunc(text, func(block string) string {
		body := consoleBlock.FindStringSubmatch(block)[1]
		var out strings.Builder
		for _, part := range strings.Split("\n"+body, "\n$ ")[1:] {
			command, want, _ := strings.Cut(part, "\n")
			want = strings.TrimSuffix(want, "\n")
			got := runCommand(t, work, command)
			if matchesOutput(want, got) {
				got = want
			}
			out.WriteString("$ " + command + "\n")
			if got != "" {
				out.WriteString(got + "\n")
			}
		}
		return "```console\n" + out.String() + "```"
	})
}

// elsewhere are commands of documents that other tests run, or that can't run
// in a test: each with the reason.
var elsewhere = map[string]string{
	"sudo ./test.sh":                   "it runs this test",
	"go install ./cmd/nbfwc":           "the test has the program already",
	"sudo nft -f out/edge.nft":         "the kernel proof loads every example",
	"sudo nft -c -f out/edge.nft":      "the kernel proof loads every example",
	"git clone REPOSITORY && cd nbfwc": "REPOSITORY is for the reader to fill in",
}

func runCommand(t *testing.T, work, command string) string {
	t.Helper()
	if elsewhere[command] != "" {
		return ""
	}
	line := strings.Replace(command, "go run ./cmd/nbfwc ", "nbfwc ", 1)
	cmd := exec.Command("bash", "-c", line)
	cmd.Dir = work
	cmd.Env = append(os.Environ(), "NO_COLOR=1")
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	err := cmd.Run()
	if exit := (*exec.ExitError)(nil); err != nil && !asExit(err, &exit) {
		t.Fatalf("%s: %v", command, err)
	}
	return strings.TrimSuffix(strings.ReplaceAll(out.String(), work, "."), "\n")
}

func asExit(err error, exit **exec.ExitError) bool {
	e, ok := err.(*exec.ExitError)
	*exit = e
	return ok
}

// matchesOutput compares output with what a document shows, in which a line
// "..." stands for any lines.
func matchesOutput(want, got string) bool {
	if !strings.Contains("\n"+want+"\n", "\n...\n") {
		return want == got
	}
	var pattern strings.Builder
	pattern.WriteString(`(?s)\A`)
	for i, part := range strings.Split("\n"+want+"\n", "\n...\n") {
		if i > 0 {
			pattern.WriteString(`\n(.*\n)?`)
		}
		pattern.WriteString(regexp.QuoteMeta(part))
	}
	pattern.WriteString(`\z`)
	return regexp.MustCompile(pattern.String()).MatchString("\n" + got + "\n")
}

func TestMatchesOutput(t *testing.T) {
	for _, c := range []struct {
		want, got string
		ok        bool
	}{
		{"a\nb", "a\nb", true},
		{"a\n...\nd", "a\nb\nc\nd", true},
		{"a\n...\nd", "a\nd", true},
		{"a\n...", "a\nb", true},
		{"...\nb", "a\nb", true},
		{"a\n...\nd", "a\nb\nc", false},
		{"a\nb", "a\nc", false},
	} {
		if got := matchesOutput(c.want, c.got); got != c.ok {
			t.Errorf("matchesOutput(%q, %q) = %v", c.want, c.got, got)
		}
	}
}

func diffText(t *testing.T, want, got string) string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range map[string]string{"shown": want, "printed": got} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	cmd := exec.Command("diff", "-u", "shown", "printed")
	cmd.Dir = dir
	out, err := cmd.Output()
	if exit := (*exec.ExitError)(nil); err != nil && !asExit(err, &exit) {
		return fmt.Sprintf("shown:\n%s\nprinted:\n%s", want, got)
	}
	return string(out)
}
