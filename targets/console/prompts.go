package console

import (
	"fmt"
	"regexp"
	"strings"

	"github.com/nbfwc/nbfwc/targets"
)

// maxPrompt bounds the bytes of a prompt or a question.
const maxPrompt = 1024

// prompts tell the modes of a platform. Before a host is learned they take any.
type prompts struct {
	names  []string
	whole  []*regexp.Regexp
	begin  []*regexp.Regexp // a prompt at the begin of a line
	end    []*regexp.Regexp // a prompt at the end of a line
	host   string           // "" before it is learned
	levels []string         // whole, as scrapligo wants them
}

// newPrompts compiles the prompts of a platform for one host, or for any.
func newPrompts(p targets.Platform, host string) (*prompts, error) {
	out := &prompts{host: host}
	text := "(?:" + p.Host + ")"
	if host != "" {
		text = regexp.QuoteMeta(host)
	}
	for _, m := range p.Modes {
		pattern := strings.ReplaceAll(m.Prompt, "{host}", text)
		for _, x := range []struct {
			to   *[]*regexp.Regexp
			text string
		}{
			{&out.whole, "^(?:" + pattern + ")$"},
			{&out.begin, "^(?:" + pattern + ")"},
			{&out.end, "(?:" + pattern + ")$"},
		} {
			re, err := regexp.Compile(x.text)
			if err != nil {
				return nil, fmt.Errorf("platform %s, mode %s: %w", p.Name, m.Name, err)
			}
			*x.to = append(*x.to, re)
		}
		out.names = append(out.names, m.Name)
		out.levels = append(out.levels, "^(?:"+pattern+")$")
	}
	if len(out.names) == 0 {
		return nil, fmt.Errorf("platform %s has no modes", p.Name)
	}
	return out, nil
}

// mode is the one whose prompt the line is, "" for none.
func (p *prompts) mode(line string) string {
	if len(line) == 0 || len(line) > maxPrompt || !strings.Contains(line, p.host) {
		return ""
	}
	for i, re := range p.whole {
		if re.MatchString(line) {
			return p.names[i]
		}
	}
	return ""
}

// prefix is the longest prompt that the line begins with.
func (p *prompts) prefix(line string) string {
	longest := ""
	for _, re := range p.begin {
		if m := re.FindString(line); len(m) > len(longest) {
			longest = m
		}
	}
	return longest
}

// suffix is the longest prompt that the line ends with.
func (p *prompts) suffix(line string) string {
	longest := ""
	for _, re := range p.end {
		if m := re.FindString(line); len(m) > len(longest) {
			longest = m
		}
	}
	return longest
}

// learn returns the text of the host in a prompt, the shortest that makes the
// whole prompt.
func learnHost(p targets.Platform, prompt string) (string, error) {
	for _, m := range p.Modes {
		pattern := strings.Replace(m.Prompt, "{host}", "(?P<host>"+p.Host+")", 1)
		re, err := regexp.Compile("^(?:" + strings.ReplaceAll(pattern, "{host}", "(?:"+p.Host+")") + ")$")
		if err != nil {
			return "", err
		}
		if found := re.FindStringSubmatch(prompt); found != nil {
			if i := re.SubexpIndex("host"); i >= 0 && found[i] != "" {
				return found[i], nil
			}
			return prompt, nil
		}
	}
	return "", fmt.Errorf("%q is no prompt", prompt)
}

// question compiles what a question ends the output with.
func compileAsk(list []targets.Question) ([]*regexp.Regexp, error) {
	var out []*regexp.Regexp
	for _, q := range list {
		re, err := regexp.Compile("(?:" + q.Ask + ")$")
		if err != nil {
			return nil, fmt.Errorf("question %q: %w", q.Ask, err)
		}
		out = append(out, re)
	}
	return out, nil
}
