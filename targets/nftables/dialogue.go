package nftables

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"strings"
	"time"

	"github.com/nbfwc/nbfwc/targets"
)

// Dialogue talks with a Linux machine; its zero value is ready. The login is
// root, or an account that may run a few commands by sudo without a password.
type Dialogue struct{}

var _ targets.Dialogue = Dialogue{}

// program reads lines and runs them, one after the other. It is no interactive
// shell: those edit and redraw what is typed, each in its own way.
const program = `exec env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin:/usr/local/sbin:/usr/local/bin LC_ALL=C ` +
	`sh -c 'umask 077; while printf "%s> " {host} && IFS= read -r l; do eval "$l" </dev/null; done'`

// Platform is a POSIX shell with a prompt that nothing on the machine knows.
func (Dialogue) Platform() targets.Platform {
	return targets.Platform{
		Name: "nftables", Host: `[A-Za-z][A-Za-z0-9-]{0,62}`,
		Modes:   []targets.Mode{{Name: "shell", Prompt: `{host}> `}},
		Program: program, Width: 511,
	}
}

// Guarantee is that of the kernel and of the program that Prepare leaves on the
// machine.
func (Dialogue) Guarantee(targets.Identity) targets.Guarantee {
	return targets.Guarantee{Atomic: true, Timed: true,
		Text: "One transaction of nft loads the change, and the machine goes back by itself unless a new login confirms it in time."}
}

// slow is how long nft may work without a word: it reads or loads large sets.
const slow = 2 * time.Minute

// host is a session with what the commands depend on.
type host struct {
	s                targets.Session
	uid, user        string
	nft, sudo, bg    string // paths; "" for what is missing
	boot             string // what is loaded at boot
	systemd          bool
	name, os, number string
	version          string
}

// known are the lines that a machine says of itself, by their first word.
var known = []string{
	`uid [0-9]+`, `user [^ ]+`, `nft( /[\w./-]+)?`, `sudo( /[\w./-]+)?`, `setsid( [\w./-]+)?`, `boot( /[\w./-]+)?`,
	`systemd (yes|no)`, `name( [\w.-]+)?`, `os .+`, `number( [0-9a-f]+)?`, `version.*`,
}

// look asks a machine what it is.
func look(ctx context.Context, s targets.Session) (*host, error) {
	if s.Mode() != "shell" {
		return nil, fmt.Errorf("nftables: the session is in mode %q, not in the shell", s.Mode())
	}
	h := &host{s: s}
	answer, err := h.read(ctx, "ask what the machine is", `echo "uid $(id -u)"; echo "user $(id -un)"; for p in nft sudo setsid; do echo "$p $(command -v $p)"; done; `+
		`b=; for f in /etc/nftables.conf /etc/sysconfig/nftables.conf; do [ -z "$b" ] && [ -e $f ] && b=$f; done; echo "boot $b"; `+
		`[ -d /run/systemd/system ] && echo "systemd yes" || echo "systemd no"; echo "name $(uname -n)"; echo "os $(uname -sm)"; `+
		`echo "number $(cat /etc/machine-id 2>/dev/null)"; echo "version $(nft --version 2>/dev/null)"`, known...)
	if err != nil {
		return nil, err
	}
	for line := range strings.Lines(answer) {
		word, value, _ := strings.Cut(strings.TrimRight(line, "\n"), " ")
		switch word {
		case "uid":
			h.uid = value
		case "user":
			h.user = value
		case "nft":
			h.nft = value
		case "sudo":
			h.sudo = value
		case "setsid":
			h.bg = value
		case "boot":
			h.boot = value
		case "systemd":
			h.systemd = value == "yes"
		case "name":
			h.name = value
		case "os":
			h.os = value
		case "number":
			h.number = value
		case "version":
			h.version = value
		}
	}
	switch {
	case h.uid == "":
		return nil, errors.New("nftables: the machine doesn't say which account this is")
	case h.nft == "":
		return nil, errors.New("nftables: the machine has no program nft; install the package nftables")
	case h.uid != "0" && h.sudo == "":
		return nil, fmt.Errorf("nftables: the account %s isn't root, and the machine has no program sudo; log in as root, or install sudo", h.user)
	}
	return h, nil
}

// root is a command as it is typed to run as root.
func (h *host) root(command string) string {
	if h.uid == "0" {
		return command
	}
	return "sudo -n " + command
}

// statusLine ends the answer to every line.
var statusLine = regexp.MustCompile(`(?:^|\n)status ([0-9]+)\n*$`)

// The lines that a command stands in. They write to a pipe: sudo meddles with a
// terminal.
const (
	lineBegin = `{ `
	lineEnd   = `; echo "status $?"; } 2>&1 | cat`
)

// harmless is what sudo says, and then does what it was asked to.
const harmless = `sudo: unable to resolve host .*`

// do types a line that changes something. It must succeed, and its answer, with
// what it says of errors, has no lines but those that are accepted.
func (h *host) do(ctx context.Context, what, line string, accept ...string) (string, error) {
	return h.line(ctx, what, targets.Command{Line: line, Accept: accept})
}

// read types a line that changes nothing.
func (h *host) read(ctx context.Context, what, line string, accept ...string) (string, error) {
	return h.line(ctx, what, targets.Command{Line: line, Accept: accept, Reads: true})
}

func (h *host) line(ctx context.Context, what string, c targets.Command) (string, error) {
	if h.nft != "" && strings.Contains(c.Line, h.nft) {
		c.Wait = slow
	}
	c.Line = lineBegin + c.Line + lineEnd
	c.Accept, c.End = append([]string{"status 0", harmless}, c.Accept...), "status 0"
	answers, err := h.s.Do(ctx, c)
	if err != nil {
		return "", h.failed(what, err)
	}
	return statusLine.ReplaceAllString(answers[0], "\n"), nil
}

// content types a line that prints something which stays out of transcripts,
// and returns that, and the line's status and what it said of errors.
func (h *host) content(ctx context.Context, what, line string) (text, errs string, ok bool, err error) {
	c := targets.Command{
		Line:  `{ e=$(` + line + ` 2>&1 >&3); r=$?; echo; echo "errors"; [ $r = 0 ] || printf '%s\n' "$e"; echo "status $r"; } 3>&1 | cat`,
		Reads: true, Any: true, Private: true, End: `status [0-9]+`,
	}
	if strings.Contains(line, h.nft) {
		c.Wait = slow
	}
	answers, err := h.s.Do(ctx, c)
	if err != nil {
		return "", "", false, h.failed(what, err)
	}
	m := statusLine.FindStringSubmatchIndex(answers[0])
	cut := strings.LastIndex(answers[0], "\nerrors\n")
	if m == nil || cut < 0 {
		return "", "", false, fmt.Errorf("nftables: %s: the answer to %q is not complete", what, line)
	}
	text = answers[0][:cut]
	errs = strings.TrimSpace(strings.TrimPrefix(answers[0][cut:m[0]], "\nerrors"))
	return text, errs, answers[0][m[2]:m[3]] == "0", nil
}

// failed says what was to be done, which line failed, and what sudo needs if it
// was that.
func (h *host) failed(what string, err error) error {
	var answer *targets.AnswerError
	if !errors.As(err, &answer) {
		return fmt.Errorf("nftables: %s: %w", what, err)
	}
	plain := *answer
	plain.Command = strings.TrimSuffix(strings.TrimPrefix(plain.Command, lineBegin), lineEnd)
	if m := statusLine.FindStringSubmatchIndex(plain.Answer); m != nil && plain.Answer[m[2]:m[3]] != "0" {
		plain.Why = "it failed with status " + plain.Answer[m[2]:m[3]]
		plain.Answer = strings.TrimSpace(plain.Answer[:m[0]])
	}
	if h.refused(plain.Answer) {
		return fmt.Errorf("nftables: %s: %w\n%s", what, &plain, h.sudoers())
	}
	return fmt.Errorf("nftables: %s: %w", what, &plain)
}

// refused says whether sudo didn't run what it was asked to.
func (h *host) refused(answer string) bool {
	return h.uid != "0" && (strings.HasPrefix(answer, "sudo:") || strings.Contains(answer, "\nsudo:") || strings.Contains(answer, "is not allowed to execute"))
}

// sudoers is what an account needs, without a wildcard.
func (h *host) sudoers() string {
	boot := h.boot
	if boot == "" {
		boot = "/etc/nftables.conf"
	}
	return fmt.Sprintf(`the account needs these lines in /etc/sudoers.d/nbfwc (visudo -f), the first two for reading, all of them for pushing:
  %[1]s ALL=(root) NOPASSWD: %[2]s -s list ruleset
  %[1]s ALL=(root) NOPASSWD: /usr/bin/cat %[4]s
  %[1]s ALL=(root) NOPASSWD: %[2]s -c -f -, %[2]s -f -, %[2]s -c -f %[6]s, /usr/bin/cat %[6]s
  %[1]s ALL=(root) NOPASSWD: /usr/bin/install -d -m 0755 %[7]s, /usr/bin/install -d -m 0755 -o %[3]s %[7]s/%[3]s
  %[1]s ALL=(root) NOPASSWD: /usr/bin/tee %[5]s, /usr/bin/mv -f %[5]s %[4]s, /usr/bin/rm -f %[5]s, /usr/bin/rm -f %[4]s`,
		h.user, h.nft, h.uid, persistent, temporary, boot, runDir)
}

// Open says what the machine is, and that its rule set may be read.
func (Dialogue) Open(ctx context.Context, s targets.Session, at targets.Partition) (targets.Identity, error) {
	if at != (targets.Partition{}) {
		return targets.Identity{}, fmt.Errorf("nftables: there are no contexts or device groups on a Linux machine, and the policy names %q", at.Context+at.DeviceGroup)
	}
	h, err := look(ctx, s)
	if err != nil {
		return targets.Identity{}, err
	}
	if h.uid != "0" {
		if _, err := h.read(ctx, "ask sudo", "sudo -n -l "+h.nft+" -s list ruleset", regexp.QuoteMeta(h.nft)+" -s list ruleset"); err != nil {
			return targets.Identity{}, withHint(err, h)
		}
	}
	id := targets.Identity{Hostname: h.name, Model: h.os, Serial: h.number}
	if m := regexp.MustCompile(`^nftables v([0-9.]+)`).FindStringSubmatch(h.version); m != nil {
		id.Version = m[1]
	}
	return id, nil
}

// withHint adds what sudo needs, if it isn't there yet: "sudo -l" refuses
// without a word.
func withHint(err error, h *host) error {
	var answer *targets.AnswerError
	if !errors.As(err, &answer) || strings.Contains(err.Error(), "NOPASSWD") {
		return err
	}
	return fmt.Errorf("%w\n%s", err, h.sudoers())
}

// Fetch returns the listing of all tables.
func (Dialogue) Fetch(ctx context.Context, s targets.Session, _ targets.Partition) ([]byte, error) {
	h, err := look(ctx, s)
	if err != nil {
		return nil, err
	}
	text, err := h.list(ctx)
	return []byte(text), err
}

// list returns the listing of all tables, without the values of counters.
func (h *host) list(ctx context.Context) (string, error) {
	line := h.root(h.nft + " -s list ruleset")
	text, errs, ok, err := h.content(ctx, "list the rule set", line)
	switch {
	case err != nil:
		return "", err
	case !ok:
		return "", h.failed("list the rule set", &targets.AnswerError{Command: line, Answer: errs, Why: "the command failed"})
	}
	return text, nil
}
