package cisco_asa

import (
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/nbfwc/nbfwc/targets"
)

// Bounds of what is read. A configuration of a device is far below them.
const (
	maxText     = 512 << 20
	maxLine     = 64 << 10
	maxProblems = 10_000
	// maxInserts bounds "line N" entries that stand above others, each of which
	// moves the rest of the list.
	maxInserts = 1000
)

// parse reads a running configuration. The model of the result is a *model.
// Everything that stands in the text is modelled, opaque, skipped because no
// forwarded packet depends on it, or a problem.
func parse(r io.Reader, opt targets.ParseOptions) (*targets.Config, error) {
	p, err := read(r, opt)
	if err != nil {
		return nil, fmt.Errorf("read ASA configuration: %w", err)
	}
	rs, problems := p.m.ruleSet(opt)
	c := &targets.Config{
		OS: p.m.version, Hostname: p.m.hostname, Context: p.m.context,
		Lines:    p.lines,
		RuleSet:  rs,
		Problems: append(p.problems, problems...),
		NAT:      p.m.natRules(), Interfaces: p.m.configInterfaces(opt),
		Elements: p.m.elements(),
		Digest:   p.m.digest(),
		Model:    p.m,
	}
	if p.m.timeouts.hasConn {
		c.Established = orNever(p.m.timeouts.conn)
	}
	return c, nil
}

// A parser reads one configuration. The words of the line that it stands at are
// in w; they share the memory of the text and are copied where they are kept.
type parser struct {
	opt      targets.ParseOptions
	m        *model
	text     string
	lines    int
	problems []targets.Problem

	num   int    // the line
	line  string // without its end and noise
	w     []string
	words map[string]string // words that are kept
	body  func()            // reads a line that belongs to the last head
	lists map[string]*listText
	order []*listText
	// inserts counts entries that moved others.
	inserts int
	ftd     bool
}

// A listText is where the lines of an access list stand in the text. They are
// read last, since their words depend on what the groups are.
type listText struct {
	name  string
	lines []entryAt
}

type entryAt struct {
	num  int32
	from int32 // offset of the line in the text
}

// read fills a model with the text of r.
func read(r io.Reader, opt targets.ParseOptions) (*parser, error) {
	text, err := readText(r)
	if err != nil {
		return nil, err
	}
	frame, err := selectContext(text, opt.Context)
	if err != nil {
		return nil, err
	}
	p := &parser{
		opt: opt, m: newModel(), text: frame.text, num: frame.before,
		words: map[string]string{}, lists: map[string]*listText{},
	}
	p.m.context, p.m.opt = frame.context, opt
	if err := p.readLines(); err != nil {
		return nil, err
	}
	p.lines = countLines(text)
	p.readLists()
	p.finish()
	return p, nil
}

// readText reads all text within bounds.
func readText(r io.Reader) (string, error) {
	var b strings.Builder
	if l, ok := r.(interface{ Len() int }); ok {
		b.Grow(min(l.Len(), maxText+1))
	}
	n, err := io.Copy(&b, io.LimitReader(r, maxText+1))
	if err != nil {
		return "", err
	}
	if n > maxText {
		return "", fmt.Errorf("the text has more than %d bytes", maxText)
	}
	if strings.IndexByte(b.String(), 0) >= 0 {
		return "", errors.New("the text holds a NUL byte; it is not what an ASA prints")
	}
	return b.String(), nil
}

func countLines(text string) int {
	n := strings.Count(text, "\n")
	if text != "" && !strings.HasSuffix(text, "\n") {
		n++
	}
	return n
}

// errAccessList says that the text is of another command.
var errAccessList = errors.New(`this is the output of "show access-list", which lacks objects, interfaces and bindings; hand in the output of "show running-config"`)

// readLines reads all lines but the entries of access lists, which are noted.
func (p *parser) readLines() error {
	for at := 0; at < len(p.text); {
		from := at
		raw := p.text[at:]
		if i := strings.IndexByte(raw, '\n'); i >= 0 {
			raw, at = raw[:i], at+i+1
		} else {
			at = len(p.text)
		}
		p.num++
		p.line = cleanLine(raw)
		if p.line == "" || p.line[0] == '!' {
			p.m.fragment = p.m.fragment || p.line == sectionComment
			continue
		}
		if len(p.line) > maxLine {
			p.problem("the line is longer than a device prints; it isn't read")
			p.body = nil
			continue
		}
		p.w = split(p.w[:0], p.line)
		if len(p.w) == 0 {
			continue
		}
		if isBlank(p.line[0]) {
			p.subLine()
			continue
		}
		if p.w[0] == "access-list" {
			if isShowAccessList(p.w) {
				return errAccessList
			}
			p.noteEntry(from)
			continue
		}
		if err := p.head(); err != nil {
			return err
		}
	}
	return nil
}

func isBlank(c byte) bool { return c == ' ' || c == '\t' }

// isShowAccessList tells a header or an entry of "show access-list" from a line
// of a configuration: "NAME; 14 elements; name hash: 0x…", "(hitcnt=0)".
func isShowAccessList(w []string) bool {
	if len(w) >= 5 && strings.HasSuffix(w[1], ";") && w[3] == "elements;" && w[4] == "name" {
		return true
	}
	if len(w) >= 3 && w[1] == "cached" && w[2] == "ACL" {
		return true
	}
	if len(w) < 6 || w[2] != "line" || w[4] == "remark" {
		return false
	}
	for _, s := range w[5:] {
		if strings.HasPrefix(s, "(hitcnt=") {
			return true
		}
	}
	return false
}

// subLine reads a line that belongs to the last head.
func (p *parser) subLine() {
	if p.body != nil {
		p.body()
		return
	}
	p.skip()
}

// cleanLine removes what a terminal leaves in a line: carriage returns, the
// pager's prompt and what erases it, blanks at the end.
func cleanLine(s string) string {
	if i := strings.LastIndex(s, morePrompt); i >= 0 {
		s = afterMore(s[i+len(morePrompt):])
	}
	if strings.IndexByte(s, '\r') >= 0 {
		s = strings.ReplaceAll(s, "\r", "")
	}
	return strings.TrimRight(s, " \t")
}

const morePrompt = "<--- More --->"

// afterMore removes what overwrites the pager's prompt: a carriage return or
// backspaces, as many blanks as the prompt is long, and the same again.
func afterMore(s string) string {
	s = strings.TrimLeft(s, "\r\b")
	s = strings.TrimPrefix(s, strings.Repeat(" ", len(morePrompt)))
	return strings.TrimLeft(s, "\r\b")
}

// split appends the words of a line.
func split(w []string, s string) []string {
	for i := 0; i < len(s); {
		if isBlank(s[i]) {
			i++
			continue
		}
		j := i
		for j < len(s) && !isBlank(s[j]) {
			j++
		}
		w = append(w, s[i:j])
		i = j
	}
	return w
}

// rest is the line from its n-th word on, as it is printed.
func (p *parser) rest(n int) string {
	s := p.line
	for i := 0; ; i++ {
		s = strings.TrimLeft(s, " \t")
		if i == n || s == "" {
			return s
		}
		if j := strings.IndexAny(s, " \t"); j >= 0 {
			s = s[j:]
		} else {
			s = ""
		}
	}
}

// keep returns a copy of a word that doesn't hold on to the text; equal words
// share one.
func (p *parser) keep(s string) string {
	k, ok := p.words[s]
	if !ok {
		k = strings.Clone(s)
		p.words[k] = k
	}
	return k
}

// at returns the i-th word, "" if there is none.
func (p *parser) at(i int) string {
	if i < len(p.w) {
		return p.w[i]
	}
	return ""
}

// problem reports the line.
func (p *parser) problem(why string) { p.problemAt(p.num, p.line, why) }

func (p *parser) problemAt(num int, text, why string) {
	switch {
	case len(p.problems) < maxProblems:
		p.problems = append(p.problems, targets.Problem{Line: num, Text: shortText(text), Why: why})
	case len(p.problems) == maxProblems:
		p.problems = append(p.problems, targets.Problem{Line: num, Why: "there are more problems below, which aren't listed"})
	}
}

// mode reports what makes the device another one than is modelled.
func (p *parser) mode(why string) {
	p.problem(why)
	if len(p.m.modes) < maxProblems {
		p.m.modes = append(p.m.modes, targets.Problem{Line: p.num, Text: shortText(p.line), Why: why})
	}
}

// shortText is a line as it is shown.
func shortText(s string) string {
	const most = 200
	s = strings.TrimSpace(s)
	if len(s) > most {
		s = s[:most] + "..."
	}
	return strings.ToValidUTF8(strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f {
			return '.'
		}
		return r
	}, s), "?")
}
