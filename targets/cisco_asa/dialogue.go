package cisco_asa

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"strings"
	"time"

	"github.com/nbfwc/nbfwc/targets"
)

// Dialogue is how an ASA is read and changed over SSH; its zero value is ready.
type Dialogue struct{}

var _ targets.Dialogue = Dialogue{}

// The modes of the command line. Submodes of both configuration modes are
// modeConfig.
const (
	modeExec    = "exec"
	modeEnable  = "enable"
	modeConfig  = "config"
	modeSession = "session" // of a configuration session
)

// Platform is the command line of an ASA. A prompt is the host name, then what
// "prompt" adds (context, priority, state), which changes on the way.
func (Dialogue) Platform() targets.Platform {
	const head = `{host}(?:/[A-Za-z0-9._-]+)*`
	return targets.Platform{
		Name: "cisco_asa",
		Host: `[A-Za-z0-9][A-Za-z0-9._-]*`,
		Modes: []targets.Mode{
			{Name: modeExec, Prompt: head + `> ?`},
			{Name: modeEnable, Prompt: head + `# ?`},
			{Name: modeSession, Prompt: head + `\(config-s\)# ?`},
			{Name: modeConfig, Prompt: head + `\(config(?:-[a-z0-9-]+)?\)# ?`},
		},
		More:  `<--- More --->`,
		Width: 511,
	}
}

// What is typed to read a device, in this order; NAME stands for the context.
// The lines with "context" and "system" are for a policy that names one, "enable"
// for a login that isn't privileged.
const (
	cmdEnable    = "enable"
	cmdNoMonitor = "terminal no monitor"
	cmdNoPager   = "terminal pager 0"
	cmdMode      = "show mode"
	cmdSystem    = "changeto system"
	cmdContexts  = "show context"
	cmdContext   = "changeto context "
	cmdVersion   = "show version"
	cmdFirewall  = "show firewall"
	cmdHostname  = "show hostname"
	cmdFailover  = "show failover"
	cmdRunning   = "show running-config"
	cmdStartup   = "show startup-config"
	cmdSessions  = "show configuration session"
)

// ReadCommands are all lines that fetch, plan and audit type on an ASA. NAME
// stands for the name of a context.
func ReadCommands() []string {
	return []string{cmdEnable, cmdNoMonitor, cmdNoPager, cmdMode, cmdSystem, cmdContexts, cmdContext + "NAME", cmdVersion,
		cmdFirewall, cmdHostname, cmdFailover, cmdRunning, cmdStartup, cmdSessions}
}

// slow is how long a device may be silent while it prints or takes a large
// configuration.
const slow = 5 * time.Minute

// reads is a command that changes nothing; accept are the lines that it may
// print, any if there are none.
func reads(line string, accept ...string) targets.Command {
	return targets.Command{Line: line, Reads: true, Any: len(accept) == 0, Accept: accept}
}

// ask types one command and returns its answer.
func ask(ctx context.Context, s targets.Session, c targets.Command) (string, error) {
	answers, err := s.Do(ctx, c)
	if err != nil {
		return "", err
	}
	return answers[0], nil
}

// Open makes the login privileged, goes to the context and says what the device
// is. What isn't a routed ASA is an error that names it.
func (Dialogue) Open(ctx context.Context, s targets.Session, at targets.Partition) (targets.Identity, error) {
	var id targets.Identity
	if err := enable(ctx, s); err != nil {
		return id, err
	}
	quiet := targets.Command{Reads: true}
	for _, quiet.Line = range []string{cmdNoMonitor, cmdNoPager} {
		if _, err := s.Do(ctx, quiet); err != nil {
			return id, err
		}
	}
	if err := enterContext(ctx, s, at.Context); err != nil {
		return id, err
	}
	return identify(ctx, s)
}

// enable makes a login privileged that isn't.
func enable(ctx context.Context, s targets.Session) error {
	c := targets.Command{Line: "end", Then: modeEnable, Reads: true}
	switch s.Mode() {
	case modeEnable:
		return nil
	case modeExec:
		c = targets.Command{Line: cmdEnable, Then: modeEnable, Reads: true, Accept: []string{`Password: ?`},
			Ask: []targets.Question{{Ask: `Password: ?`, Secret: "enable"}}}
	}
	if _, err := s.Do(ctx, c); err != nil {
		return fmt.Errorf("the login doesn't become privileged: %w", err)
	}
	return nil
}

// enterContext goes to the security context that is worked on; "" is for a
// device that has none.
func enterContext(ctx context.Context, s targets.Session, name string) error {
	mode, err := ask(ctx, s, reads(cmdMode, `Security context mode: (?:single|multiple)`, `The flash mode is .*`))
	if err != nil {
		return err
	}
	multiple := strings.Contains(mode, "mode: multiple")
	switch {
	case !multiple && name == "":
		return nil
	case !multiple:
		return fmt.Errorf("the device has no security contexts (%q says single), and the policy names context %q; remove it from the policy", cmdMode, name)
	}
	// Only the system execution space knows all contexts; a login that ends at
	// a context which isn't the admin context can't leave it.
	var refused *targets.AnswerError
	confined := false
	if _, err := s.Do(ctx, targets.Command{Line: cmdSystem, Reads: true}); errors.As(err, &refused) {
		confined = true
	} else if err != nil {
		return err
	}
	list := reads(cmdContexts)
	list.Begin = `Context Name .*`
	table, err := ask(ctx, s, list)
	if err != nil {
		return err
	}
	names := contextNames(table)
	found := false
	for _, n := range names {
		found = found || n == name
	}
	switch {
	case name == "":
		return fmt.Errorf("the device has security contexts, and the policy names none; it has %s", strings.Join(names, ", "))
	case !found && confined:
		return fmt.Errorf("the login ends at context %s, which isn't the admin context, and the policy names context %q; log in to an address of that one", strings.Join(names, ", "), name)
	case !found:
		return fmt.Errorf("the device has no context %q; it has %s", name, strings.Join(names, ", "))
	case confined:
		return nil
	}
	// A context may have a pager of its own.
	_, err = s.Do(ctx, targets.Command{Line: cmdContext + name, Reads: true}, targets.Command{Line: cmdNoPager, Reads: true})
	return err
}

var contextRow = regexp.MustCompile(`^[* ]([A-Za-z0-9][A-Za-z0-9-]{0,31})(?:\s|$)`)

// contextNames are the contexts of "show context". Rows begin with a blank, or
// a star for the admin context; what doesn't fit a row goes on further to the
// right.
func contextNames(table string) []string {
	var names []string
	for line := range strings.Lines(table) {
		if m := contextRow.FindStringSubmatch(strings.TrimRight(line, "\r\n")); m != nil {
			names = append(names, m[1])
		}
	}
	return names
}

// Fetch returns what "show running-config" prints, which is complete only with
// its last line.
func (Dialogue) Fetch(ctx context.Context, s targets.Session, at targets.Partition) ([]byte, error) {
	text, err := ask(ctx, s, printed(cmdRunning))
	if err != nil {
		return nil, err
	}
	if strings.HasPrefix(text, "%ASA-") || strings.Contains(text, "\n%ASA-") {
		return nil, fmt.Errorf("%q: messages of the log stand in the answer; end \"terminal monitor\" for this login", cmdRunning)
	}
	return []byte(text), nil
}

// printed is a command that prints a whole configuration, secrets too.
func printed(line string) targets.Command {
	c := reads(line)
	c.End, c.Private, c.Wait = `: end`, true, slow
	return c
}

// Guarantee is what a push holds on to.
func (Dialogue) Guarantee(id targets.Identity) targets.Guarantee {
	if hasSessions(id.Version) {
		return targets.Guarantee{Text: "Edits of access lists and groups that are in use come into force together, with one commit of a configuration session, " +
			"unless lists are exchanged by access-group in the same plan; every other command takes effect by itself. After each step every packet " +
			"is treated as before or as after. The device goes back by itself only at a restart: the startup configuration is written after the verification."}
	}
	return targets.Guarantee{Text: "Every command takes effect by itself, in an order in which every packet is treated as before or as after. " +
		"The device goes back by itself only at a restart: the startup configuration is written after the verification."}
}
