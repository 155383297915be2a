package paloalto

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"strings"
	"time"

	"github.com/nbfwc/nbfwc/targets"
)

// Dialogue talks with firewalls and Panorama over their command line. The zero
// value is ready.
type Dialogue struct {
	// Poll is how long to wait before a job that runs is looked at again; 0 for
	// five seconds.
	Poll time.Duration
}

var _ targets.Dialogue = Dialogue{}

// Modes of the command line.
const (
	operational   = "operational"
	configuration = "configuration"
)

// hostPattern is the account and the name of the device. The state of high
// availability that may follow isn't part of it, since it changes.
const hostPattern = `[A-Za-z0-9._\\@+-]+@[A-Za-z0-9._-]+`

// Platform is what the command line looks like: "admin@fw1>", in a pair
// "admin@fw1(active)>", and "#" in configuration mode.
func (Dialogue) Platform() targets.Platform {
	return targets.Platform{
		Name: "paloalto",
		Host: hostPattern,
		Modes: []targets.Mode{
			{Name: operational, Prompt: `{host}(?:\([a-z-]+\))?> ?`},
			{Name: configuration, Prompt: `{host}(?:\([a-z-]+\))?# ?`},
		},
		Greeting: []targets.Question{{Ask: `(?i)do you accept and acknowledge the statement above ?\? ?\(yes/no\) ?:? ?`, Answer: "yes"}},
		Width:    500,
	}
}

// Guarantee is the same for all models: a commit.
func (Dialogue) Guarantee(id targets.Identity) targets.Guarantee {
	if isPanorama(id.Model) {
		return targets.Guarantee{Atomic: true, Text: "one commit makes the change Panorama's configuration; firewalls go on as before until somebody pushes it to them (commit-all shared-policy), and each of them takes it at once"}
	}
	return targets.Guarantee{Atomic: true, Text: "all edits take effect together, in one commit, or not at all; nothing is undone by itself if the client disappears after it"}
}

// slow is how long a long answer may take to go on.
const slow = 15 * time.Minute

const (
	editLine = `\[edit\]`
	warning  = `(?i)warning:.*`
	sure     = `(?i)do you want to continue\? ?\(y(?:es)? or no?\) ?`
)

// look is a command that prints something.
func look(line string) targets.Command {
	return targets.Command{Line: line, Any: true, Reads: true, Wait: slow}
}

// session are settings of the login; none is of the device. The output has no
// pages and no help, no question is asked, and configurations are XML.
var sessionSettings = []targets.Command{
	{Line: "set cli scripting-mode on", Reads: true},
	{Line: "set cli pager off", Reads: true},
	{Line: "set cli terminal width 500", Reads: true},
	{Line: "set cli confirmation-prompt off", Reads: true},
	{Line: "set cli config-output-format xml", Reads: true},
}

// mode goes to a mode of the command line. The prompt says whether it got there;
// what the device warns of on the way is nothing that was done.
func mode(ctx context.Context, s targets.Session, want string) error {
	if s.Mode() == want {
		return nil
	}
	c := targets.Command{Line: "configure", Then: configuration, Accept: []string{"Entering configuration mode", warning, editLine}, Reads: true}
	if want == operational {
		c = targets.Command{Line: "exit", Then: operational, Accept: []string{"Exiting configuration mode", warning}, Reads: true}
	}
	_, err := s.Do(ctx, c)
	return err
}

// failure begins an answer that says that a command wasn't done.
var failure = regexp.MustCompile(`^(?:Unknown command:|Invalid syntax\.|Server error|Validation Error)`)

// ask does one command in a mode and returns the answer, which isn't that the
// command wasn't done.
func ask(ctx context.Context, s targets.Session, in string, c targets.Command) (string, error) {
	answer, err := tell(ctx, s, in, c)
	if err == nil && failure.MatchString(strings.TrimSpace(answer)) {
		err = &targets.AnswerError{Command: c.Line, Answer: strings.TrimSpace(answer), Why: "the device refuses"}
	}
	return answer, err
}

// tell does one command in a mode and returns the answer, whatever it is.
func tell(ctx context.Context, s targets.Session, in string, c targets.Command) (string, error) {
	if err := mode(ctx, s, in); err != nil {
		return "", err
	}
	answers, err := s.Do(ctx, c)
	if err != nil {
		return "", err
	}
	return answers[0], nil
}

// Open prepares the login, says what the device is, and checks that the vsys or
// device group is there. It doesn't set a target vsys: commands name theirs.
func (d Dialogue) Open(ctx context.Context, s targets.Session, at targets.Partition) (targets.Identity, error) {
	var id targets.Identity
	if err := mode(ctx, s, operational); err != nil {
		return id, err
	}
	if _, err := s.Do(ctx, sessionSettings...); err != nil {
		return id, err
	}
	info, err := ask(ctx, s, operational, look("show system info"))
	if err != nil {
		return id, err
	}
	id, multi, err := readIdentity(info)
	if err != nil {
		return id, err
	}
	if id.Pair, id.Standby, err = pairState(ctx, s); err != nil {
		return id, err
	}
	return id, d.checkPartition(ctx, s, id, multi, at)
}

var infoLine = regexp.MustCompile(`(?m)^([a-z0-9-]+): ?(.*?)[ \t]*$`)

// readIdentity reads the answer to "show system info".
func readIdentity(info string) (id targets.Identity, multi bool, err error) {
	values := map[string]string{}
	for _, m := range infoLine.FindAllStringSubmatch(info, -1) {
		values[m[1]] = m[2]
	}
	id = targets.Identity{Hostname: values["hostname"], Model: values["model"], Version: values["sw-version"], Serial: values["serial"]}
	if id.Serial == "unknown" {
		id.Serial = ""
	}
	if id.Hostname == "" || id.Version == "" {
		return id, false, fmt.Errorf(`"show system info": the answer has no hostname or no sw-version; is this PAN-OS? It begins %q`, clean(info, maxShown))
	}
	return id, values["multi-vsys"] == "on", nil
}

var panoramaModel = regexp.MustCompile(`^(Panorama.*|M-\d+)$`)

func isPanorama(model string) bool { return panoramaModel.MatchString(model) }

var haState = regexp.MustCompile(`(?m)^ +State: ([a-z-]+)`)

// pairState asks whether the unit is one of a pair, and the one that takes no
// changes. Of two active firewalls that is the secondary one.
func pairState(ctx context.Context, s targets.Session) (pair, standby bool, err error) {
	text, err := ask(ctx, s, operational, look("show high-availability state"))
	if err != nil {
		return false, false, err
	}
	if strings.Contains(text, "not enabled") {
		return false, false, nil
	}
	_, local, found := strings.Cut(text, "Local Information:")
	local, _, _ = strings.Cut(local, "Peer Information:")
	m := haState.FindStringSubmatch(local)
	if !found || m == nil {
		return false, false, fmt.Errorf(`"show high-availability state": the answer doesn't say the state of this unit: %q`, clean(text, maxShown))
	}
	switch m[1] {
	case "active", "active-primary", "primary-active", "secondary-active":
		return true, false, nil
	}
	return true, true, nil
}

// checkPartition holds that the vsys or device group exists.
func (d Dialogue) checkPartition(ctx context.Context, s targets.Session, id targets.Identity, multi bool, at targets.Partition) error {
	switch panorama := isPanorama(id.Model); {
	case panorama && at.DeviceGroup == "":
		return errors.New("this is Panorama; the policy must name the device group that the rules belong to")
	case !panorama && at.DeviceGroup != "":
		return fmt.Errorf("the policy names the device group %q, and this is a firewall (%s); device groups are Panorama's", at.DeviceGroup, id.Model)
	case !panorama && !multi && at.Context != "" && at.Context != "vsys1":
		return fmt.Errorf("there is no %s; the firewall has one vsys, vsys1", at.Context)
	case !panorama && (!multi || at.Context == ""):
		return nil
	}
	text, err := d.running(ctx, s)
	if err != nil {
		return err
	}
	_, err = Target{}.Parse(strings.NewReader(text), targets.ParseOptions{Context: contextOf(at)})
	return err
}

// contextOf is the name that Parse knows a partition by.
func contextOf(at targets.Partition) string {
	if at.DeviceGroup != "" {
		return at.DeviceGroup
	}
	return at.Context
}

// Fetch returns the running configuration. What Panorama has pushed to a
// firewall is added to it, where the device prints it in a known form.
func (d Dialogue) Fetch(ctx context.Context, s targets.Session, at targets.Partition) ([]byte, error) {
	text, err := d.running(ctx, s)
	if err != nil {
		return nil, err
	}
	return d.withPushed(ctx, s, text, at)
}

// document is a command that prints a whole configuration.
func document(line string) targets.Command {
	return targets.Command{Line: line, Any: true, Begin: `<(?:config|response)[ >].*`, End: `</(?:config|response)>`, Reads: true, Private: true, Wait: slow}
}

// running is what the device does.
func (Dialogue) running(ctx context.Context, s targets.Session) (string, error) {
	return ask(ctx, s, operational, document("show config running"))
}

// withPushed adds the rules and objects that Panorama has pushed. They are in no
// text of the firewall's own.
func (Dialogue) withPushed(ctx context.Context, s targets.Session, text string, at targets.Partition) ([]byte, error) {
	i := strings.LastIndex(text, "</config>")
	if i < 0 || !strings.Contains(text, "<panorama-server>") || at.DeviceGroup != "" {
		return []byte(text), nil
	}
	line := "show config pushed-shared-policy"
	if at.Context != "" {
		line += " vsys " + quoted(at.Context)
	}
	c := look(line)
	c.Private = true
	answer, err := ask(ctx, s, operational, c)
	if err != nil {
		return nil, err
	}
	policy := strings.TrimSpace(answer)
	if !strings.HasPrefix(policy, "<policy>") || !strings.HasSuffix(policy, "</policy>") {
		return []byte(text), nil // Parse says that the pushed rules are missing
	}
	return []byte(text[:i] + policy + "\n" + text[i:]), nil
}
