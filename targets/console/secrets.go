package console

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"time"
	"unicode"

	"github.com/nbfwc/nbfwc/targets"
)

// Secrets are asked for passwords when a device wants them.
type Secrets interface {
	// Secret returns the secret of that name: "password", "enable",
	// "passphrase" of key files, or "jump" for the password on jump hosts.
	Secret(ctx context.Context, name string) (string, error)
}

// ErrNoSecret says that nobody knows the secret.
var ErrNoSecret = errors.New("no secret is known")

const (
	maxSecret   = 1024             // bytes of a secret
	secretLimit = 30 * time.Second // of a command that tells one
)

// store knows the secrets of one device.
type store struct {
	device  string
	environ []string
	entries map[string]string // from the file
	file    string
	command []string
}

// NewSecrets returns the secrets of a device. What is first in this list counts:
//
//   - the environment: NBFWC_PASSWORD_EDGE_1 for the password of the device
//     "edge-1", then NBFWC_PASSWORD for that of any; likewise NBFWC_ENABLE,
//     NBFWC_PASSPHRASE and NBFWC_JUMP;
//   - the file, if it isn't "": lines "DEVICE NAME SECRET", where DEVICE can be
//     "*" for those that have no line of their own and the secret is the rest of
//     the line; empty lines and lines that begin with "#" don't count. A file
//     that others can read is refused;
//   - the command, if there is one: it is run with the device and the name
//     ("edge-1" "password") as further arguments and prints the secret as one
//     line, or nothing if it knows none.
//
// No error says what a secret is.
func NewSecrets(environ []string, file string, command []string, device string) (Secrets, error) {
	s := &store{device: device, environ: environ, file: file, command: command}
	if file == "" {
		return s, nil
	}
	data, err := readPrivate(file)
	if err != nil {
		return nil, fmt.Errorf("secrets in %s: %w", file, err)
	}
	if s.entries, err = readSecrets(data, device); err != nil {
		return nil, fmt.Errorf("secrets in %s: %w", file, err)
	}
	return s, nil
}

var secretNames = map[string]bool{"password": true, "enable": true, "passphrase": true, "jump": true}

// readSecrets returns the secrets of a device, by name.
func readSecrets(data []byte, device string) (map[string]string, error) {
	own, any := map[string]string{}, map[string]string{}
	n := 0
	for line := range strings.Lines(string(data)) {
		n++
		line = strings.TrimRight(line, "\r\n")
		head := strings.TrimLeft(line, " \t")
		if head == "" || head[0] == '#' {
			continue
		}
		who, rest := field(head)
		name, secret := field(rest)
		switch {
		case !secretNames[name]:
			return nil, fmt.Errorf("line %d: the second word must be password, enable, passphrase or jump", n)
		case checkSecret(secret) != nil:
			return nil, fmt.Errorf("line %d: %w", n, checkSecret(secret))
		}
		to := own
		switch who {
		case "*":
			to = any
		case device:
		default:
			continue
		}
		if _, twice := to[name]; twice {
			return nil, fmt.Errorf("line %d: the %s of %s stands here a second time", n, name, who)
		}
		to[name] = secret
	}
	for name, secret := range any {
		if _, there := own[name]; !there {
			own[name] = secret
		}
	}
	return own, nil
}

// field is the first word of s and what follows the blanks after it.
func field(s string) (word, rest string) {
	i := strings.IndexAny(s, " \t")
	if i < 0 {
		return s, ""
	}
	return s[:i], strings.TrimLeft(s[i:], " \t")
}

// checkSecret says what is wrong with a secret without saying what it is.
func checkSecret(s string) error {
	switch {
	case s == "":
		return errors.New("the secret is empty")
	case len(s) > maxSecret:
		return fmt.Errorf("the secret is longer than %d bytes", maxSecret)
	case strings.IndexFunc(s, unicode.IsControl) >= 0:
		return errors.New("the secret has control characters")
	}
	return nil
}

func (s *store) Secret(ctx context.Context, name string) (string, error) {
	if !secretNames[name] {
		return "", ErrNoSecret
	}
	if v, from := s.fromEnvironment(name); v != "" {
		if err := checkSecret(v); err != nil {
			return "", fmt.Errorf("%s: %w", from, err)
		}
		return v, nil
	}
	if v, ok := s.entries[name]; ok {
		return v, nil
	}
	if len(s.command) > 0 {
		return s.run(ctx, name)
	}
	return "", ErrNoSecret
}

// variable is the device's own variable: letters and digits, others as "_".
func variable(name, device string) string {
	return "NBFWC_" + strings.ToUpper(name) + "_" + strings.Map(func(r rune) rune {
		switch {
		case r >= 'a' && r <= 'z':
			return r - 'a' + 'A'
		case r >= 'A' && r <= 'Z', r >= '0' && r <= '9':
			return r
		}
		return '_'
	}, device)
}

// fromEnvironment is the value of the most special variable that isn't empty.
func (s *store) fromEnvironment(name string) (value, from string) {
	for _, from := range []string{variable(name, s.device), "NBFWC_" + strings.ToUpper(name)} {
		for _, v := range s.environ {
			if value, ok := strings.CutPrefix(v, from+"="); ok && value != "" {
				return value, from
			}
		}
	}
	return "", ""
}

// run asks the command. What it prints to its standard error is not shown: it
// could hold the secret.
func (s *store) run(ctx context.Context, name string) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, secretLimit)
	defer cancel()
	c := exec.CommandContext(ctx, s.command[0], append(s.command[1:len(s.command):len(s.command)], s.device, name)...)
	c.Env, c.WaitDelay = s.environ, time.Second
	out := &bounded{limit: maxSecret + 2}
	c.Stdout = out
	if err := c.Run(); err != nil {
		if cause := ctx.Err(); cause != nil {
			err = cause
		}
		return "", fmt.Errorf("the command for secrets (%s): %w", s.command[0], err)
	}
	secret := strings.TrimSuffix(strings.TrimSuffix(out.String(), "\n"), "\r")
	if secret == "" {
		return "", ErrNoSecret
	}
	if err := checkSecret(secret); err != nil {
		return "", fmt.Errorf("the command for secrets (%s): %w", s.command[0], err)
	}
	return secret, nil
}

// bounded keeps the first bytes that are written and fails at the next.
type bounded struct {
	kept  bytes.Buffer // not embedded: its ReadFrom has no bound
	limit int
}

func (b *bounded) Write(p []byte) (int, error) {
	if b.kept.Len()+len(p) > b.limit {
		return 0, io.ErrShortWrite
	}
	return b.kept.Write(p)
}

func (b *bounded) String() string { return b.kept.String() }

// told are secrets that remember what they have told, so that it can be masked
// wherever it comes up.
type told struct {
	Secrets
	mu   sync.Mutex
	list []string
}

func (t *told) Secret(ctx context.Context, name string) (string, error) {
	s, err := t.Secrets.Secret(ctx, name)
	if err == nil && len(s) >= shortestMasked {
		t.mu.Lock()
		defer t.mu.Unlock()
		if !slices.Contains(t.list, s) {
			t.list = append(t.list, s)
			// A secret that holds another one goes first.
			slices.SortFunc(t.list, func(a, b string) int { return len(b) - len(a) })
		}
	}
	return s, err
}

// shortestMasked is the length of the shortest secret that is masked; what is
// shorter stands everywhere.
const shortestMasked = 4

// mask is a text for people without the secrets that were told.
func (t *told) mask(text string) string {
	if t == nil {
		return text
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, s := range t.list {
		text = strings.ReplaceAll(text, s, "***")
		if shown := visible(s); shown != s {
			text = strings.ReplaceAll(text, shown, "***")
		}
	}
	return text
}

// maskError is an error whose text has no secret that was told.
func (t *told) maskError(err error) error {
	if err == nil {
		return nil
	}
	var answer *targets.AnswerError
	if errors.As(err, &answer) { // whose answer others look at
		if masked := t.mask(answer.Answer); masked != answer.Answer {
			clean := *answer
			clean.Answer = masked
			return &clean
		}
	}
	text := err.Error()
	if masked := t.mask(text); masked != text {
		return &maskedError{masked, err}
	}
	return err
}

type maskedError struct {
	text string
	error
}

func (e *maskedError) Error() string { return e.text }
func (e *maskedError) Unwrap() error { return e.error }
