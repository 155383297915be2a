package targettest

import (
	"context"
	"errors"
	"net/netip"
	"regexp"
	"strings"
	"sync"

	"github.com/nbfwc/nbfwc/lab"
	"github.com/nbfwc/nbfwc/targets"
)

// Console is a login on an emulated device as a dialogue sees it, without a
// network and a terminal between them.
type Console struct {
	// Secrets are typed where a question asks for them.
	Secrets map[string]string
	// Typed are the lines that were typed, in order, with "***" for secrets.
	Typed []string

	s        lab.Session
	p        targets.Platform
	mode     string
	readOnly bool
	err      error // why the session is of no further use
}

var _ targets.Session = (*Console)(nil)

// errEnded says that the device ended the session.
var errEnded = errors.New("the device closed the connection")

// Connect begins a console on a session that has just begun.
func Connect(s lab.Session, p targets.Platform, readOnly bool, secrets map[string]string) (*Console, error) {
	c := &Console{s: s, p: p, readOnly: readOnly, Secrets: secrets}
	for range 10 {
		prompt := s.Prompt()
		if prompt == "" {
			return nil, errEnded
		}
		if c.mode = c.modeOf(prompt); c.mode != "" {
			return c, nil
		}
		q := question(p.Greeting, prompt)
		if q == nil {
			return nil, errors.New("no prompt but " + prompt)
		}
		c.answer(*q)
	}
	return nil, errors.New("too many questions before the first prompt")
}

func (c *Console) modeOf(prompt string) string {
	for _, m := range c.p.Modes {
		if pattern("^(?:" + strings.ReplaceAll(m.Prompt, "{host}", "(?:"+c.p.Host+")") + ")$").MatchString(prompt) {
			return m.Name
		}
	}
	return ""
}

var patterns sync.Map // text -> *regexp.Regexp; a platform has few

func pattern(text string) *regexp.Regexp {
	re, ok := patterns.Load(text)
	if !ok {
		re, _ = patterns.LoadOrStore(text, regexp.MustCompile(text))
	}
	return re.(*regexp.Regexp)
}

func question(list []targets.Question, text string) *targets.Question {
	for i := range list {
		if pattern("(?:" + list[i].Ask + ")$").MatchString(text) {
			return &list[i]
		}
	}
	return nil
}

func (c *Console) answer(q targets.Question) string {
	if q.Secret != "" {
		c.Typed = append(c.Typed, "***")
		return c.s.Send(c.Secrets[q.Secret])
	}
	c.Typed = append(c.Typed, q.Answer)
	return c.s.Send(q.Answer)
}

// Do types commands one after the other.
func (c *Console) Do(ctx context.Context, commands ...targets.Command) ([]string, error) {
	var answers []string
	for i := range commands {
		if c.err == nil {
			c.err = ctx.Err()
		}
		if c.err != nil {
			return answers, c.err
		}
		cmd := &commands[i]
		if c.readOnly && !cmd.Reads {
			return answers, targets.ErrReadOnly
		}
		before := c.mode
		answer, err := c.run(cmd)
		if err != nil {
			c.err = err
			return answers, err
		}
		answers = append(answers, answer)
		if err := cmd.Check(answer, before, c.mode); err != nil {
			return answers, err
		}
	}
	return answers, nil
}

func (c *Console) run(cmd *targets.Command) (string, error) {
	c.Typed = append(c.Typed, cmd.Line)
	var out strings.Builder
	out.WriteString(c.s.Send(cmd.Line))
	asked := map[string]bool{}
	for {
		prompt := c.s.Prompt()
		if prompt == "" {
			return "", errEnded
		}
		if mode := c.modeOf(prompt); mode != "" {
			c.mode = mode
			return clean(out.String()), nil
		}
		if c.p.More != "" && regexp.MustCompile("(?:"+c.p.More+")$").MatchString(prompt) {
			out.WriteString(c.s.Send(" "))
			continue
		}
		q := question(cmd.Ask, out.String()+prompt)
		switch {
		case q == nil:
			return "", errors.New("no prompt but " + prompt)
		case q.Secret != "" && asked[q.Secret]:
			return "", errors.New("the secret " + q.Secret + " was refused")
		}
		asked[q.Secret] = true
		out.WriteString(prompt + "\n" + c.answer(*q))
	}
}

// clean is an answer without what only a terminal shows.
func clean(s string) string {
	var out strings.Builder
	for line := range strings.Lines(s) {
		line = strings.TrimRight(line, "\r\n")
		if i := strings.LastIndexByte(line, '\r'); i >= 0 {
			line = line[i+1:]
		}
		out.WriteString(line + "\n")
	}
	return out.String()
}

// Mode is the one whose prompt came last.
func (c *Console) Mode() string { return c.mode }

// ReadOnly says that only what reads is typed.
func (c *Console) ReadOnly() bool { return c.readOnly }

// Ends are unknown: there is no network.
func (c *Console) Ends() (client, device netip.AddrPort) { return }

// Close ends the login.
func (c *Console) Close() error {
	c.s.Close()
	c.err = errEnded
	return nil
}
