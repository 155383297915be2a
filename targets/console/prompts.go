package console

import (
	"fmt"
	"regexp"
	"strings"
	"sync"

	"github.com/nbfwc/nbfwc/targets"
)

// maxPrompt bounds the bytes of a prompt or a question.
const maxPrompt = 1024

// patterns are the prompts of a platform, compiled once for all its sessions.
type patterns struct {
	names []string
	any   []*regexp.Regexp // whole prompts of any host
	// known are whole prompts in which hostMark stands for the host, and begin
	// is what begins a line with one.
	known []*regexp.Regexp
	begin *regexp.Regexp
	// hosts is how often the host stands in a prompt, at most.
	hosts int
}

// hostMark stands for the host that a session has learned. Nothing that the
// filter lets through is equal to it.
const hostMark = "\x00"

var compiled sync.Map // platforms' patterns, by their text

// patternsOf compiles the prompts of a platform.
func patternsOf(p targets.Platform) (*patterns, error) {
	key := fmt.Sprintf("%q %q %q", p.Name, p.Host, p.Modes)
	if done, ok := compiled.Load(key); ok {
		return done.(*patterns), nil
	}
	out := &patterns{}
	var begin []string
	for _, m := range p.Modes {
		out.hosts = max(out.hosts, strings.Count(m.Prompt, "{host}"))
		known := "(?:" + strings.ReplaceAll(m.Prompt, "{host}", hostMark) + ")"
		for _, x := range []struct {
			to   *[]*regexp.Regexp
			text string
		}{
			{&out.any, "(?:" + strings.ReplaceAll(m.Prompt, "{host}", "(?:"+p.Host+")") + ")"},
			{&out.known, known},
		} {
			re, err := regexp.Compile("^" + x.text + "$")
			if err != nil {
				return nil, fmt.Errorf("platform %s, mode %s: %w", p.Name, m.Name, err)
			}
			*x.to = append(*x.to, re)
		}
		out.names = append(out.names, m.Name)
		begin = append(begin, known)
	}
	if len(out.names) == 0 {
		return nil, fmt.Errorf("platform %s has no modes", p.Name)
	}
	out.begin = regexp.MustCompile("^(?:" + strings.Join(begin, "|") + ")")
	out.begin.Longest()
	compiled.Store(key, out)
	return out, nil
}

// prompts tell the modes of a session. Before a host is learned they take any.
type prompts struct {
	*patterns
	host string // "" before it is learned
}

// mode is the one whose prompt the line is, "" for none.
func (p prompts) mode(line string) string {
	if len(line) == 0 || len(line) > maxPrompt {
		return ""
	}
	list := p.any
	if p.host != "" {
		if !strings.Contains(line, p.host) {
			return ""
		}
		line, list = strings.Replace(line, p.host, hostMark, p.hosts), p.known
	}
	for i, re := range list {
		if re.MatchString(line) {
			return p.names[i]
		}
	}
	return ""
}

// prefix is the longest prompt that the line begins with.
func (p prompts) prefix(line string) string {
	if p.host == "" {
		return ""
	}
	found := p.begin.FindString(strings.Replace(line, p.host, hostMark, p.hosts))
	return strings.Replace(found, hostMark, p.host, p.hosts)
}

// suffix is the prompt that the line ends with, where prompts begin with a host
// that stands nowhere else.
func (p prompts) suffix(line string) string {
	i := strings.LastIndex(line, p.host)
	if i < 0 || p.host == "" || p.mode(line[i:]) == "" {
		return ""
	}
	return line[i:]
}

// learnHost returns the text of the host in a prompt.
func learnHost(p targets.Platform, prompt string) (string, error) {
	for _, m := range p.Modes {
		pattern := strings.Replace(m.Prompt, "{host}", "(?P<host>"+p.Host+")", 1)
		re, err := cachedRegexp("^(?:" + strings.ReplaceAll(pattern, "{host}", "(?:"+p.Host+")") + ")$")
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
		re, err := cachedRegexp("(?:" + q.Ask + ")$")
		if err != nil {
			return nil, fmt.Errorf("question %q: %w", q.Ask, err)
		}
		out = append(out, re)
	}
	return out, nil
}

// cache keeps compiled patterns. Those of dialogues are few; should there be
// names of devices in some, the cache begins anew.
var cache = struct {
	sync.Mutex
	m map[string]*regexp.Regexp
}{m: map[string]*regexp.Regexp{}}

const maxCached = 1000

func cachedRegexp(pattern string) (*regexp.Regexp, error) {
	cache.Lock()
	defer cache.Unlock()
	if re := cache.m[pattern]; re != nil {
		return re, nil
	}
	re, err := regexp.Compile(pattern)
	if err != nil {
		return nil, err
	}
	if len(cache.m) >= maxCached {
		clear(cache.m)
	}
	cache.m[pattern] = re
	return re, nil
}
