package main

import (
	"errors"
	"maps"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
)

// TestScripts runs the stories in testdata/script: the program as a user runs
// it. Each runs in a directory of its own that has examples/ in it. Beside the
// commands of testscript there are
//
//	exits STATUS COMMAND...   the command ends with exactly this status
//	json FILE KIND            the file is a document of the kind (docs/json.md)
//	narrow FILE WIDTH         no line of the file is wider
//	clean FILE                the file has no control characters but line ends
//	dns NAME=ADDRESS...       a DNS server on the loopback, $DNS, knows the names
//	keep FILE, kept FILE      the file was not written to since keep
//	replace FILE OLD NEW      changes a file
//	repeat N FILE LINE        writes a file of N lines
//
// and, over SSH and with emulated devices,
//
//	devices DIRECTORY         starts those of the policy in it; the environment
//	                          has their secrets and host keys
//	types DEVICE LINE...      another administrator types lines
//	logins N DEVICE...        so often somebody has logged in since the last logins
//	[!] holds DEVICE TEXT     what the device runs has the text in it
//	rekey DEVICE              gives it another host key
//	unplug DEVICE             cuts it off
//	failover UNIT             the pair changes over
//	fingerprint VAR DEVICE    that of its host key
func TestScripts(t *testing.T) {
	t.Parallel()
	testscript.Run(t, testscript.Params{
		Dir:                 filepath.Join("testdata", "script"),
		UpdateScripts:       *update,
		RequireExplicitExec: true,
		RequireUniqueNames:  true,
		Setup: func(e *testscript.Env) error {
			e.Setenv("GIT_CONFIG_GLOBAL", "/dev/null")
			e.Setenv("GIT_CONFIG_NOSYSTEM", "1")
			e.Setenv("BELL", "\x1b[2J\x07\u202e") // what a hostile name could do to a terminal
			e.Values[keptKey{}] = map[string]os.FileInfo{}
			e.Values[storyUnitsKey{}] = map[string]*storyUnit{}
			return os.CopyFS(filepath.Join(e.WorkDir, "examples"), os.DirFS(filepath.Join(repository, "examples")))
		},
		Cmds: scriptCommands(),
	})
}

func scriptCommands() map[string]func(*testscript.TestScript, bool, []string) {
	all := map[string]func(*testscript.TestScript, bool, []string){
		"exits": scriptExits, "json": scriptJSON, "narrow": scriptNarrow, "clean": scriptClean,
		"dns": scriptDNS, "keep": scriptKeep, "kept": scriptKept, "replace": scriptReplace, "repeat": scriptRepeat,
	}
	maps.Copy(all, storyCommands)
	return all
}

func wantArgs(ts *testscript.TestScript, neg bool, args []string, least int, usage string) {
	if neg || len(args) < least {
		ts.Fatalf("usage: %s", usage)
	}
}

func scriptExits(ts *testscript.TestScript, neg bool, args []string) {
	wantArgs(ts, neg, args, 2, "exits STATUS COMMAND...")
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	status := 0
	if err := ts.Exec(args[1], args[2:]...); err != nil {
		exit := (*exec.ExitError)(nil)
		if !errors.As(err, &exit) {
			ts.Check(err)
		}
		status = exit.ExitCode()
	}
	if status != want {
		ts.Fatalf("exit status %d, want %d", status, want)
	}
}

func scriptNarrow(ts *testscript.TestScript, neg bool, args []string) {
	wantArgs(ts, neg, args, 2, "narrow FILE WIDTH")
	width, err := strconv.Atoi(args[1])
	ts.Check(err)
	for line := range strings.Lines(ts.ReadFile(args[0])) {
		if n := len([]rune(strings.TrimSuffix(line, "\n"))); n > width {
			ts.Fatalf("%d columns: %s", n, line)
		}
	}
}

func scriptClean(ts *testscript.TestScript, neg bool, args []string) {
	wantArgs(ts, neg, args, 1, "clean FILE")
	for i, r := range ts.ReadFile(args[0]) {
		if r != '\n' && (r < ' ' || r >= 0x7f && r < 0xa0 || r == 0x202e) {
			ts.Fatalf("character %U at byte %d of %s", r, i, args[0])
		}
	}
}

type keptKey struct{}

func scriptKeep(ts *testscript.TestScript, neg bool, args []string) {
	wantArgs(ts, neg, args, 1, "keep FILE")
	path := ts.MkAbs(args[0])
	old := time.Unix(1_000_000_000, 0) // so that a rewrite within the clock's resolution is seen
	ts.Check(os.Chtimes(path, old, old))
	info, err := os.Stat(path)
	ts.Check(err)
	ts.Value(keptKey{}).(map[string]os.FileInfo)[path] = info
}

func scriptKept(ts *testscript.TestScript, neg bool, args []string) {
	if len(args) != 1 {
		ts.Fatalf("usage: [!] kept FILE")
	}
	path := ts.MkAbs(args[0])
	before := ts.Value(keptKey{}).(map[string]os.FileInfo)[path]
	if before == nil {
		ts.Fatalf("no keep %s before", args[0])
	}
	now, err := os.Stat(path)
	ts.Check(err)
	if same := os.SameFile(before, now) && before.ModTime().Equal(now.ModTime()); same == neg {
		ts.Fatalf("%s: left alone: %v", args[0], same)
	}
}

func scriptReplace(ts *testscript.TestScript, neg bool, args []string) {
	wantArgs(ts, neg, args, 3, "replace FILE OLD NEW")
	text := ts.ReadFile(args[0])
	if strings.Count(text, args[1]) != 1 {
		ts.Fatalf("%s has %q %d times", args[0], args[1], strings.Count(text, args[1]))
	}
	ts.Check(os.WriteFile(ts.MkAbs(args[0]), []byte(strings.Replace(text, args[1], args[2], 1)), 0o644))
}

func scriptRepeat(ts *testscript.TestScript, neg bool, args []string) {
	wantArgs(ts, neg, args, 3, "repeat N FILE LINE")
	n, err := strconv.Atoi(args[0])
	ts.Check(err)
	ts.Check(os.WriteFile(ts.MkAbs(args[1]), []byte(strings.Repeat(args[2]+"\n", n)), 0o644))
}

func scriptDNS(ts *testscript.TestScript, neg bool, args []string) {
	wantArgs(ts, neg, args, 1, "dns NAME=ADDRESS...")
	names := map[string][]netip.Addr{}
	for _, arg := range args {
		name, text, _ := strings.Cut(arg, "=")
		addr, err := netip.ParseAddr(text)
		ts.Check(err)
		names[name] = append(names[name], addr)
	}
	server, err := startDNS(names)
	ts.Check(err)
	ts.Defer(func() { ts.Check(server.Close()) })
	ts.Setenv("DNS", server.LocalAddr().String())
}

func scriptJSON(ts *testscript.TestScript, neg bool, args []string) {
	wantArgs(ts, neg, args, 2, "json FILE KIND")
	if err := checkDocument([]byte(ts.ReadFile(args[0])), args[1]); err != nil {
		ts.Fatalf("%s: %v", args[0], err)
	}
}

// The stories must show every verb: with -help, with a mistake, and at work.
func TestScriptsCoverEveryVerb(t *testing.T) {
	files, err := filepath.Glob(filepath.Join("testdata", "script", "*.txtar"))
	if err != nil {
		t.Fatal(err)
	}
	seen := map[string]bool{}
	for _, f := range files {
		text, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		for line := range strings.Lines(string(text)) {
			words := strings.Fields(line)
			if i := slices.Index(words, "nbfwc"); i >= 1 {
				for n := i + 2; n <= min(len(words), i+3); n++ { // of a verb, or of a verb's verb
					path := strings.Join(words[i:n], " ")
					seen[path+" "+words[i-1]] = true
					if slices.Contains(words, "-json") {
						seen[path+" -json"] = true
					}
				}
			}
		}
	}
	for _, verb := range verbs() {
		name := verb.Name()
		want := []string{"0", "2"}
		if verb.HasSubCommands() {
			want = want[1:]
		}
		if slices.Contains([]string{"fmt", "query", "explain", "diff", "resolve", "plan", "audit", "push"}, name) {
			want = append(want, "1")
		}
		if verb.Flags().Lookup("json") != nil {
			want = append(want, "-json")
		}
		for _, w := range want {
			if path := verb.CommandPath(); !seen[path+" "+w] && !(w == "0" && seen[path+" exec"]) {
				t.Errorf("no script runs: exits %s %s", w, path)
			}
		}
	}
}
