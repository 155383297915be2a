package fortigate

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/nbfwc/nbfwc/targets"
)

// Dialogue is how a FortiGate is talked with over SSH. Its zero value is ready.
type Dialogue struct {
	// Poll is the time between two looks at something that takes a while; 0
	// for five seconds.
	Poll time.Duration
}

var _ targets.Dialogue = Dialogue{}

// The modes of the command line: the top, and inside of "config" and "edit".
const (
	root  = "root"
	scope = "scope"
)

// Platform is FortiOS: "HOST # " or, for accounts with fewer rights, "HOST $ ".
// Inside of a scope the prompt has its innermost word, which can be the name of
// an entry with blanks. A setting of the whole device turns paging on; it is
// never changed, the pages are turned.
func (Dialogue) Platform() targets.Platform {
	return targets.Platform{
		Name: "fortigate",
		Host: `[A-Za-z0-9][A-Za-z0-9_.-]{0,63}(?:\((?:Primary|Secondary)\))?`,
		Modes: []targets.Mode{
			{Name: root, Prompt: `{host} [#$] `},
			{Name: scope, Prompt: `{host} \([^()\r\n]{1,79}\) [#$] `},
		},
		Greeting: []targets.Question{{Ask: `\(Press 'a' to accept\): ?`, Answer: "a", Key: true}},
		More:     `(?:^|[\r\n])--More-- `,
		Width:    2 * maxTyped,
	}
}

// Commands that read.
var (
	readStatus   = targets.Command{Line: "get system status", Reads: true, Any: true, Begin: `Version: .+`}
	readHA       = targets.Command{Line: "get system ha status", Reads: true, Any: true, Begin: `HA Health Status:.*|Model:.*`}
	readVDOMs    = targets.Command{Line: "diagnose sys vd list", Reads: true, Any: true, Begin: `system fib version=\d+|list virtual firewall info:|name=.+`, End: `name=.+`}
	readConfig   = targets.Command{Line: "show", Reads: true, Any: true, Private: true, Begin: `#config-version=.+`, End: `end`}
	readSave     = targets.Command{Line: "get system global | grep cfg-save", Reads: true, Begin: saveMode, Accept: []string{saveMode}}
	readOpen     = targets.Command{Line: "diagnose sys config-transaction show txn-info", Reads: true, Accept: []string{`current-jiffies=\d+`, openTransaction}}
	readChecksum = targets.Command{Line: "diagnose sys ha checksum cluster", Reads: true, Any: true, Begin: `=+ \S+ =+`, End: `all: .+`}
	enterGlobal  = targets.Command{Line: "config global", Reads: true, Then: scope}
	leaveGlobal  = targets.Command{Line: "end", Reads: true, Then: root}
)

const (
	saveMode        = `cfg-save\s*:\s*(automatic|manual|revert)\s*`
	openTransaction = `txn-id=(\d+), .*`
)

// status is what a device says of itself.
type status struct {
	targets.Identity
	vdoms bool // it has VDOMs
	role  string
}

var (
	statusVersion = regexp.MustCompile(`^Version: (\S+) v(\d+\.\d+\.\d+)\b`)
	statusField   = regexp.MustCompile(`^([A-Z][A-Za-z -]*): *(.*?) *$`)
)

// askStatus reads what a device says of itself.
func askStatus(ctx context.Context, s targets.Session) (status, error) {
	var st status
	if s.Mode() != root {
		return st, errors.New("the login isn't at the top of the command line: the account is bound to a VDOM; use one for the whole device")
	}
	answers, err := s.Do(ctx, readStatus)
	if err != nil {
		return st, err
	}
	fields := map[string]string{}
	for line := range strings.Lines(answers[0]) {
		if m := statusField.FindStringSubmatch(strings.TrimSpace(line)); m != nil && fields[m[1]] == "" {
			fields[m[1]] = m[2]
		}
	}
	m := statusVersion.FindStringSubmatch(strings.TrimSpace(answers[0]))
	if m == nil {
		return st, statusError("the version", answers[0])
	}
	st.Model, st.Version = m[1], m[2]
	st.Hostname, st.Serial = fields["Hostname"], fields["Serial-Number"]
	if st.Hostname == "" || st.Serial == "" {
		return st, statusError("the name and serial number", answers[0])
	}
	switch fields["Virtual domain configuration"] {
	case "disable":
	case "multiple", "enable", "split-task":
		st.vdoms = true
	default:
		return st, statusError("whether there are VDOMs", answers[0])
	}
	mode, role, _ := strings.Cut(fields["Current HA mode"], ",")
	if mode == "" {
		return st, statusError("the HA mode", answers[0])
	}
	st.Pair, st.role = mode != "standalone", strings.TrimSpace(role)
	return st, nil
}

func statusError(what, answer string) error {
	return &targets.AnswerError{Command: readStatus.Line, Why: "the answer doesn't say " + what, Answer: strings.TrimSpace(answer)}
}

// global types commands where the settings of the whole device are.
func global(ctx context.Context, s targets.Session, st *status, commands ...targets.Command) ([]string, error) {
	if !st.vdoms {
		return s.Do(ctx, commands...)
	}
	if _, err := s.Do(ctx, enterGlobal); err != nil {
		return nil, err
	}
	answers, err := s.Do(ctx, commands...)
	if err == nil || refused(err) || errors.Is(err, targets.ErrReadOnly) {
		_, err2 := s.Do(ctx, leaveGlobal)
		err = errors.Join(err, err2)
	}
	return answers, err
}

// refused says that an error is an answer; the session goes on.
func refused(err error) bool {
	var e *targets.AnswerError
	return errors.As(err, &e)
}

// Open reads what the device is and holds that the VDOM is there. The login
// stays at the top of the command line: from there the whole configuration is
// shown, and "edit" of a VDOM that isn't there would create it.
func (Dialogue) Open(ctx context.Context, s targets.Session, at targets.Partition) (targets.Identity, error) {
	if at.DeviceGroup != "" {
		return targets.Identity{}, fmt.Errorf("a FortiGate has no device groups, %q is asked for", at.DeviceGroup)
	}
	st, err := askStatus(ctx, s)
	if err != nil {
		return targets.Identity{}, err
	}
	if st.Pair {
		if err := askRole(ctx, s, &st); err != nil {
			return st.Identity, err
		}
	}
	switch {
	case at.Context == "":
	case !st.vdoms:
		return st.Identity, fmt.Errorf("the device has no VDOMs, %q is asked for; leave out context", at.Context)
	default:
		names, err := askVDOMs(ctx, s, &st)
		if err != nil {
			return st.Identity, err
		}
		if !slices.Contains(names, at.Context) {
			return st.Identity, fmt.Errorf("the device has no VDOM %q, only %s", at.Context, strings.Join(names, ", "))
		}
	}
	return st.Identity, nil
}

// askRole reads whether a unit of a cluster is its secondary.
func askRole(ctx context.Context, s targets.Session, st *status) error {
	answers, err := global(ctx, s, st, readHA)
	if err != nil {
		return err
	}
	member := regexp.MustCompile(`^(Primary|Master|Secondary|Slave) *:.*\b` + regexp.QuoteMeta(st.Serial) + `\b`)
	role := ""
	for line := range strings.Lines(answers[0]) {
		if m := member.FindStringSubmatch(line); m != nil {
			role = m[1]
			break
		}
	}
	if role == "" {
		return &targets.AnswerError{Command: readHA.Line, Why: "the answer doesn't name this unit, " + st.Serial, Answer: answers[0]}
	}
	st.Standby = role == "Secondary" || role == "Slave"
	if active, known := roles[st.role]; known && active == st.Standby {
		return fmt.Errorf("%q says that the unit is %s of its cluster, %q that it is %s; wait for the end of the failover", readStatus.Line, st.role, readHA.Line, strings.ToLower(role))
	}
	return nil
}

// roles are the words of "get system status": whether the unit takes changes.
var roles = map[string]bool{"primary": true, "master": true, "secondary": false, "slave": false, "backup": false}

var listedVDOM = regexp.MustCompile(`(?m)^name=([A-Za-z0-9_-]+)/`)

// askVDOMs reads the names of the VDOMs. An account that may not ask by
// "diagnose" can still have the configuration shown, which lists them.
func askVDOMs(ctx context.Context, s targets.Session, st *status) ([]string, error) {
	var names []string
	answers, err := global(ctx, s, st, readVDOMs)
	var e *targets.AnswerError
	switch {
	case errors.As(err, &e) && e.Command == readVDOMs.Line && s.Mode() == root:
		text, err := fetch(ctx, s)
		if err != nil {
			return nil, err
		}
		m, err := readModel(text, targets.ParseOptions{})
		if err != nil {
			return nil, err
		}
		names = m.vdoms
	case err != nil:
		return nil, err
	default:
		for _, m := range listedVDOM.FindAllStringSubmatch(answers[0], -1) {
			names = append(names, m[1])
		}
	}
	names = slices.DeleteFunc(names, func(name string) bool { return strings.HasPrefix(name, "vsys_") })
	if len(names) == 0 {
		return nil, fmt.Errorf("%q lists no VDOM", readVDOMs.Line)
	}
	return names, nil
}

// Fetch returns the whole configuration of the device, with all VDOMs and what
// is global: interfaces are.
func (Dialogue) Fetch(ctx context.Context, s targets.Session, at targets.Partition) ([]byte, error) {
	text, err := fetch(ctx, s)
	if err != nil {
		return nil, err
	}
	return []byte(text), nil
}

// fetch shows the configuration. It is complete if it ends with the "end" of its
// first level and the device then answers another question properly: a text in
// the configuration that looks like a prompt would have cut it, and the rest
// would stand in that answer.
func fetch(ctx context.Context, s targets.Session) (string, error) {
	before, err := askStatus(ctx, s)
	if err != nil {
		return "", err
	}
	answers, err := s.Do(ctx, readConfig)
	if err != nil {
		return "", err
	}
	after, err := askStatus(ctx, s)
	if err != nil {
		return "", fmt.Errorf("the end of the configuration wasn't found: %w", err)
	}
	if before.Serial != after.Serial || before.Hostname != after.Hostname {
		return "", fmt.Errorf("the device was %s (%s) before the configuration was shown, and is %s (%s) now", before.Hostname, before.Serial, after.Hostname, after.Serial)
	}
	return answers[0], closed(answers[0])
}

// closed holds that a configuration ends outside of its tables and quotes.
func closed(text string) error {
	scan := scanner{text: text}
	var open []string
	for {
		c, ok := scan.next()
		switch {
		case !ok && scan.open > 0:
			return fmt.Errorf("%q: the answer is not complete: a quote of line %d isn't closed", readConfig.Line, scan.open)
		case !ok && len(open) > 0:
			return fmt.Errorf("%q: the answer is not complete: it ends inside of %q", readConfig.Line, open[len(open)-1])
		case !ok:
			return nil
		case c.words[0] == "config":
			open = append(open, clip(c.text))
		case c.words[0] == "end" && len(open) > 0:
			open = open[:len(open)-1]
		}
	}
}

// hasTransactions says whether a version has config transactions: 6.2 and
// later.
func hasTransactions(version string) bool {
	major, rest, _ := strings.Cut(version, ".")
	minor, _, _ := strings.Cut(rest, ".")
	return number(major) > 6 || number(major) == 6 && number(minor) >= 2
}

// Guarantee is a transaction where the version has it.
func (Dialogue) Guarantee(id targets.Identity) targets.Guarantee {
	if hasTransactions(id.Version) {
		return targets.Guarantee{Atomic: true, Text: "The change is one config transaction: nothing of it takes effect before its commit, and a broken connection or a refused line discards it. FortiOS doesn't go back by itself after the commit."}
	}
	return targets.Guarantee{Text: "The change is made step by step: each entry takes effect and is saved as it is left, and after each of them every packet is treated as by the old or by the new policy. An interrupted change stays where it is, and is finished by -resume or undone by -abandon."}
}
