package paloalto

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/nbfwc/nbfwc/targets"
)

const (
	// maxText bounds a configuration; the largest known ones have some tens of
	// megabytes.
	maxText = 512 << 20
	// maxProblems bounds the list of problems; the rest is counted.
	maxProblems = 1000
)

// parser reads one configuration.
type parser struct {
	opt      targets.ParseOptions
	tree     *tree
	m        *model
	problems []targets.Problem
	more     int // problems beyond maxProblems
}

// parse reads what a device printed, in any of its dialects.
func parse(r io.Reader, opt targets.ParseOptions) (*targets.Config, error) {
	data, err := io.ReadAll(io.LimitReader(r, maxText+1))
	if err != nil {
		return nil, err
	}
	if len(data) > maxText {
		return nil, fmt.Errorf("the configuration has more than %d MiB", maxText>>20)
	}
	p := &parser{opt: opt, m: &model{options: opt}}
	p.tree = newTree(p.prefix())
	lines := bytes.Count(data, []byte{'\n'})
	if len(data) > 0 && data[len(data)-1] != '\n' {
		lines++
	}
	if err := p.read(data); err != nil {
		return nil, err
	}
	if err := p.fill(); err != nil {
		return nil, err
	}
	p.tree = nil
	rs, problems := p.m.ruleSet(opt)
	for _, q := range problems {
		p.report(q)
	}
	if p.more > 0 {
		p.problems = append(p.problems, targets.Problem{Why: fmt.Sprintf("%d more problems", p.more)})
	}
	slices.SortStableFunc(p.problems, func(a, b targets.Problem) int { return a.Line - b.Line })
	manager := ""
	if p.m.managed != "" && !p.m.panorama {
		manager = "Panorama"
	}
	return &targets.Config{
		Manager:     manager,
		OS:          p.m.version,
		Hostname:    p.m.hostname,
		Context:     p.m.vsys,
		Lines:       lines,
		RuleSet:     rs,
		Problems:    p.problems,
		Interfaces:  p.m.configInterfaces(opt),
		NAT:         p.m.natRules(),
		Established: time.Duration(p.m.tcpTimeout) * time.Second,
		Digest:      p.m.digest(),
		Model:       p.m,
	}, nil
}

// sectionMark is a comment at the head of a section as Render writes it.
const sectionMark = "nbfwc section"

// read fills the tree from the text, whatever dialect it is in.
func (p *parser) read(data []byte) error {
	rest := data
	for skipped := 0; len(rest) > 0; {
		line, next := (&lexer{data: rest}).lineAt(0)
		t := bytes.TrimSpace(line)
		if len(t) == 0 || t[0] == '#' || t[0] == '!' || isNoise(t) {
			p.m.sectionOnly = p.m.sectionOnly || string(t) == "# "+sectionMark
			skipped += next
			rest = data[skipped:]
			continue
		}
		break
	}
	rest = bytes.TrimLeft(rest, " \t\r\n\ufeff")
	// Lines count from the beginning of the text, so that the readers get all of
	// it; what comes before the configuration is blank for them.
	before := data[:len(data)-len(rest)]
	switch {
	case len(rest) == 0 && p.m.sectionOnly: // a section without rules
		return nil
	case len(rest) == 0 && p.m.sectionOnly:
		return nil
	case len(rest) == 0:
		return errors.New("the text holds no configuration")
	case rest[0] == '<':
		return p.readXML(blank(before, data))
	case rest[0] == '{':
		return errors.New(`this is JSON; fetch the configuration as text: "set cli config-output-format set" (or default, xml) before "configure" and "show"`)
	case isScriptVerb(string(firstWord(firstLine(rest)))):
		p.readSet(blank(before, data))
		return nil
	}
	return p.readBraces(blank(before, data))
}

// blank returns data with what is before the configuration replaced by blanks.
// Its line ends stay.
func blank(before, data []byte) []byte {
	for i, c := range before {
		if c != '\n' {
			before[i] = ' '
		}
	}
	return data
}

func firstLine(b []byte) []byte {
	if i := bytes.IndexByte(b, '\n'); i >= 0 {
		return b[:i]
	}
	return b
}

// isScriptVerb says whether a line of configuration mode begins with the word.
func isScriptVerb(w string) bool {
	switch w {
	case "set", "delete", "move", "rename", "copy", "commit", "override", "edit", "load", "revert":
		return true
	}
	return false
}

var (
	prompt = regexp.MustCompile(`^[A-Za-z0-9._\\@+-]{1,128}@[A-Za-z0-9._-]{1,128}(\([a-z-]{1,32}\))?[>#]( |$)`)
	edit   = regexp.MustCompile(`^\[edit( [^\]]*)?\]$`)
)

// isNoise says whether a line is one that the command line prints beside a
// configuration: a prompt, with what was typed behind it, or a change of mode.
func isNoise(line []byte) bool {
	if len(line) == 0 {
		return true
	}
	switch string(line) {
	case "Entering configuration mode", "Exiting configuration mode":
		return true
	}
	if len(line) > 4 && string(line[:4]) == "set " {
		return false
	}
	return line[0] == '[' && edit.Match(line) || bytes.IndexByte(line, '@') > 0 && prompt.Match(line)
}

// strange reports a line that a printed configuration doesn't have.
func (p *parser) strange(n int, line []byte, verb string) {
	text := string(bytes.TrimSpace(line[:min(len(line), 4*maxShown)]))
	switch {
	case isScriptVerb(verb):
		p.problem(n, text, `this is a line of a script: a configuration that a device prints has only "set" lines, and what this line does is not applied`)
	case strings.HasPrefix(text, "--more--") || strings.HasPrefix(text, "lines "):
		p.problem(n, text, `the output was paged and can lack lines: use "set cli pager off" before`)
	default:
		p.problem(n, text, `not a line of a configuration in the form of "set" commands`)
	}
}

// maxShown bounds the text of a problem.
const maxShown = 200

func (p *parser) problem(line int, text, why string) {
	p.report(targets.Problem{Line: line, Text: text, Why: why})
}

func (p *parser) report(q targets.Problem) {
	if len(p.problems) >= maxProblems {
		p.more++
		return
	}
	q.Text = clean(q.Text, maxShown)
	p.problems = append(p.problems, q)
}

// clean returns the text on one line, with at most n bytes.
func clean(s string, n int) string {
	cut := len(s) > n
	if cut {
		s = s[:n]
	}
	s = strings.Map(func(c rune) rune {
		if c < ' ' || c == 0x7f || c == utf8.RuneError {
			return ' '
		}
		return c
	}, s)
	if cut {
		s += "..."
	}
	return s
}

// shorten returns s, or if it is longer than n bytes, its beginning and its hash.
func shorten(s string, n int) string {
	if len(s) <= n {
		return s
	}
	sum := sha256.Sum256([]byte(s))
	return fmt.Sprintf("%s... (%x)", clean(s[:n], n), sum[:8])
}
