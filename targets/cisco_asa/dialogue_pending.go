package cisco_asa

import (
	"bytes"
	"context"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/nbfwc/nbfwc/targets"
)

// Pending lists configuration sessions that are open, and says whether what
// runs isn't saved. An ASA doesn't tell which other logins are in configuration
// mode.
func (Dialogue) Pending(ctx context.Context, s targets.Session, p *targets.Push) ([]string, error) {
	var list []string
	sessions, err := openSessions(ctx, s, p.Identity)
	if err != nil {
		return nil, err
	}
	for _, x := range sessions {
		text := fmt.Sprintf("configuration session %s (%s) is open", x.name, x.state())
		if strings.HasPrefix(x.name, ownPrefix) {
			text += `; an earlier push of nbfwc has left it: resume or abandon that one, or "clear configuration session ` + x.name + `"`
		}
		list = append(list, text)
	}
	unsaved, err := unsaved(ctx, s, p)
	if err != nil {
		return nil, err
	}
	if unsaved != "" {
		list = append(list, unsaved)
	}
	return list, nil
}

// unsaved says how the running configuration differs from the startup
// configuration, "" if it doesn't.
func unsaved(ctx context.Context, s targets.Session, p *targets.Push) (string, error) {
	text, err := ask(ctx, s, printed(cmdStartup))
	if err != nil {
		return "", err
	}
	running, startup := configLines(p.Before), configLines([]byte(text))
	if slices.EqualFunc(running, startup, bytes.Equal) {
		return "", nil
	}
	version, err := ask(ctx, s, reads(cmdVersion))
	if err != nil {
		return "", err
	}
	out := "the running configuration isn't saved (\"write memory\")"
	if who := first(modifiedLine, version); who != "" {
		out += ", last modified by " + who
	}
	if sameDigest(p, text) {
		out += "; it differs from the startup configuration in what no rule depends on"
	} else {
		out += "; it differs from the startup configuration in what rules depend on"
	}
	return out + ": " + apart(running, startup), nil
}

// configLines are the lines of a printed configuration without those that say
// when, by whom and on what it was written.
func configLines(text []byte) [][]byte {
	out := make([][]byte, 0, bytes.Count(text, []byte("\n")))
	for line := range bytes.Lines(text) {
		line = bytes.TrimRight(line, " \t\r\n")
		if len(line) == 0 || line[0] == ':' || line[0] == '!' ||
			bytes.HasPrefix(line, []byte("Cryptochecksum:")) || bytes.HasPrefix(line, []byte("ASA Version ")) {
			continue
		}
		out = append(out, line)
	}
	return out
}

func sameDigest(p *targets.Push, startup string) bool {
	opt := targets.ParseOptions{Context: p.Part.Context, Prefix: p.Prefix}
	a, err := parse(bytes.NewReader(p.Before), opt)
	if err != nil {
		return false
	}
	b, err := parse(strings.NewReader(startup), opt)
	return err == nil && a.Digest == b.Digest
}

// apart counts the lines that only one of two texts has, and names the commands
// that they begin with: the rest of a line can be a secret.
func apart(running, startup [][]byte) string {
	count := map[string]int{}
	for _, l := range running {
		count[string(l)]++
	}
	for _, l := range startup {
		count[string(l)]--
	}
	only, words := [2]int{}, map[string]bool{}
	for l, n := range count {
		switch {
		case n > 0:
			only[0] += n
		case n < 0:
			only[1] -= n
		default:
			continue
		}
		if w, _, _ := strings.Cut(strings.TrimSpace(l), " "); len(w) <= 40 {
			words[w] = true
		}
	}
	if only == [2]int{} {
		return "the same lines in another order"
	}
	var names []string
	for w := range words {
		names = append(names, w)
	}
	slices.Sort(names)
	if len(names) > 5 {
		names = append(names[:5], "…")
	}
	return fmt.Sprintf("%d of its lines aren't there, and %d of there not here (%s)", only[0], only[1], strings.Join(names, ", "))
}

// openSession is a configuration session that the device holds.
type openSession struct {
	name, note string
	lines      int
}

func (x openSession) state() string {
	if x.note == "" {
		return "open"
	}
	return x.note
}

var sessionHead = regexp.MustCompile(`^config-session (\S{1,64})(?: \((.{1,40})\))?$`)

// openSessions are the configuration sessions of the device.
func openSessions(ctx context.Context, s targets.Session, id targets.Identity) ([]openSession, error) {
	if !hasSessions(id.Version) {
		return nil, nil
	}
	text, err := ask(ctx, s, reads(cmdSessions))
	if err != nil {
		return nil, err
	}
	var list []openSession
	for line := range strings.Lines(text) {
		line = strings.TrimRight(line, " \t\r\n")
		m := sessionHead.FindStringSubmatch(line)
		switch {
		case m != nil:
			list = append(list, openSession{name: m[1], note: m[2]})
		case line == "":
		case len(list) == 0:
			return nil, &targets.AnswerError{Command: cmdSessions, Answer: text, Why: "the answer doesn't begin as expected"}
		default:
			list[len(list)-1].lines++
		}
	}
	return list, nil
}
