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
	names []string
	texts []string // patterns
	whole []*regexp.Regexp
	begin *regexp.Regexp // prompts at the begin of a line; nil before it is needed
	end   *regexp.Regexp // and at the end of one
	host  string         // "" before it is learned
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
		re, err := regexp.Compile("^(?:" + pattern + ")$")
		if err != nil {
			return nil, fmt.Errorf("platform %s, mode %s: %w", p.Name, m.Name, err)
		}
		out.names = append(out.names, m.Name)
		out.texts = append(out.texts, "(?:"+pattern+")")
		out.whole = append(out.whole, re)
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

// prefix is the prompt that the line begins with.
func (p *prompts) prefix(line string) string {
	if p.begin == nil {
		p.begin = regexp.MustCompile("^(?:" + strings.Join(p.texts, "|") + ")")
		p.begin.Longest()
	}
	return p.begin.FindString(line)
}

// suffix is the prompt that the line ends with.
func (p *prompts) suffix(line string) string {
	if p.end == nil {
		p.end = regexp.MustCompile("(?:" + strings.Join(p.texts, "|") + ")$")
	}
	return p.end.FindString(line)
}

// learnHost returns the text of the host in a prompt, the shortest that makes the
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

// compileAsk compiles what questions end the output with.
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
