package console

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"regexp"
	"strings"

	"golang.org/x/crypto/ssh"
	"golang.org/x/crypto/ssh/agent"

	"github.com/nbfwc/nbfwc/targets"
)

// authority proves to one host who we are. Each secret is asked for when the
// host wants it and typed once: x/crypto would offer a refused password again
// by the next method, and three of those lock an account.
type authority struct {
	username string
	secret   string // name of the password
	o        *Options
	ctx      context.Context
	patience *patience

	typed bool // the password was used
	agent net.Conn
	notes []error // why a method was left out
}

func (o Options) authority(username, secret string) *authority {
	return &authority{username: username, secret: secret, o: &o}
}

func (a *authority) close() {
	if a.agent != nil {
		_ = a.agent.Close()
	}
}

// explain adds what x/crypto can't know to its error.
func (a *authority) explain(err error) error {
	var host *HostKeyError
	if errors.As(err, &host) {
		return host
	}
	if a.typed {
		what := "password"
		if a.secret != what {
			what = "password of the jump host"
		}
		err = fmt.Errorf("%w; the %s was tried once", err, what)
	}
	for _, note := range a.notes {
		err = fmt.Errorf("%w; %w", err, note)
	}
	broken := errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) || errors.Is(err, errSilent)
	said := errors.Is(err, errTyped) || strings.Contains(err.Error(), "unable to authenticate") || a.typed && strings.Contains(err.Error(), "ssh: disconnect")
	if said || len(a.notes) > 0 && !broken {
		return &permanentError{err}
	}
	return err
}

// permanentError is a login that fails again if it is tried again, and may lock
// the account.
type permanentError struct{ error }

func (e *permanentError) Permanent() bool { return true }
func (e *permanentError) Unwrap() error   { return e.error }

func (a *authority) methods() []ssh.AuthMethod {
	var out []ssh.AuthMethod
	if len(a.o.Identities) > 0 || a.o.Agent != "" {
		out = append(out, ssh.PublicKeysCallback(a.signers))
	}
	if a.o.Secrets != nil {
		out = append(out, ssh.PasswordCallback(a.password))
	}
	return append(out, ssh.KeyboardInteractive(a.challenge))
}

// note keeps why a method doesn't work and hands the error on.
func (a *authority) note(err error) error {
	a.notes = append(a.notes, err)
	return err
}

// ask gets a secret; the time for the handshake doesn't run meanwhile.
func (a *authority) ask(name string) (string, error) {
	if a.o.Secrets == nil {
		return "", a.note(fmt.Errorf("%s: %w", name, ErrNoSecret))
	}
	a.patience.pause()
	defer a.patience.resume()
	s, err := a.o.Secrets.Secret(a.ctx, name)
	if err != nil {
		return "", a.note(fmt.Errorf("%s: %w", name, err))
	}
	return s, nil
}

var errTyped = errors.New("the password was refused before")

func (a *authority) password() (string, error) {
	if a.typed {
		return "", errTyped
	}
	s, err := a.ask(a.secret)
	a.typed = err == nil
	return s, err
}

var askPassword = regexp.MustCompile(`(?i)pass(word|code|phrase)`)

// challenge answers questions: one for the password, and those that the
// platform knows.
func (a *authority) challenge(_, _ string, questions []string, echos []bool) ([]string, error) {
	answers := make([]string, len(questions))
	for i, q := range questions {
		switch known := a.greeting(q); {
		case known != nil:
			answers[i] = known.Answer
		case !echos[i] && askPassword.MatchString(q):
			s, err := a.password()
			if err != nil {
				return nil, err
			}
			answers[i] = s
		default:
			return nil, a.note(fmt.Errorf("the host asks %q, which has no answer", clip(visible(q))))
		}
	}
	return answers, nil
}

// greeting is the platform's question that q is.
func (a *authority) greeting(q string) *targets.Question {
	for i := range a.o.Platform.Greeting {
		g := &a.o.Platform.Greeting[i]
		if re, err := regexp.Compile("(?:" + g.Ask + `)\s*$`); err == nil && g.Secret == "" && re.MatchString(q) {
			return g
		}
	}
	return nil
}

// signers are the keys of the files, then those of the agent.
func (a *authority) signers() ([]ssh.Signer, error) {
	var out []ssh.Signer
	for _, name := range a.o.Identities {
		s, err := a.identity(name)
		if err != nil {
			return nil, a.note(fmt.Errorf("key file %s: %w", name, err))
		}
		out = append(out, s)
	}
	if a.o.Agent == "" {
		return out, nil
	}
	more, err := a.agentSigners()
	if err != nil {
		_ = a.note(fmt.Errorf("agent: %w", err))
	}
	return append(out, more...), nil
}

func (a *authority) agentSigners() ([]ssh.Signer, error) {
	conn, err := new(net.Dialer).DialContext(a.ctx, "unix", a.o.Agent)
	if err != nil {
		return nil, err
	}
	a.agent = conn
	context.AfterFunc(a.ctx, func() { _ = conn.Close() })
	return agent.NewClient(conn).Signers()
}

// maxSecretFile bounds key files and files of secrets.
const maxSecretFile = 1 << 20

// readPrivate reads a file that only its owner can read.
func readPrivate(name string) ([]byte, error) {
	before, err := os.Lstat(name)
	if err == nil && before.Mode()&os.ModeSymlink != 0 {
		// A link is as good as what it points to.
		before, err = os.Stat(name)
	}
	switch {
	case err != nil:
		return nil, err
	case !before.Mode().IsRegular():
		return nil, errors.New("it is no regular file")
	}
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	info, err := f.Stat()
	switch {
	case err != nil:
		return nil, err
	case !os.SameFile(before, info):
		return nil, errors.New("it was replaced while it was read")
	case info.Mode().Perm()&0o077 != 0:
		return nil, fmt.Errorf("others can read it (mode %04o): chmod 600", info.Mode().Perm())
	case !ownedByUs(info):
		return nil, errors.New("it belongs to somebody else")
	}
	data, err := io.ReadAll(io.LimitReader(f, maxSecretFile+1))
	if err == nil && len(data) > maxSecretFile {
		err = fmt.Errorf("it is larger than %d MiB", maxSecretFile>>20)
	}
	return data, err
}

func (a *authority) identity(name string) (ssh.Signer, error) {
	data, err := readPrivate(name)
	if err != nil {
		return nil, err
	}
	s, err := ssh.ParsePrivateKey(data)
	var locked *ssh.PassphraseMissingError
	if !errors.As(err, &locked) {
		return s, err
	}
	pass, err := a.ask("passphrase")
	if err != nil {
		return nil, errors.New("it has a passphrase that is not known")
	}
	s, err = ssh.ParsePrivateKeyWithPassphrase(data, []byte(pass))
	if err != nil {
		return nil, errors.New("the passphrase doesn't fit")
	}
	return s, nil
}

func clip(s string) string {
	const most = 400
	if len(s) <= most {
		return s
	}
	return s[:most] + "…"
}
