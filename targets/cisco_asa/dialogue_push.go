package cisco_asa

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"regexp"
	"strings"

	"github.com/nbfwc/nbfwc/targets"
)

// ownPrefix begins the names of what a push makes on the device.
const ownPrefix = "nbfwc-"

// maxSessionName is how long the name of a configuration session can be.
const maxSessionName = 32

// sessionName is that of the configuration session of a push.
func sessionName(id string) string {
	if name := ownPrefix + id; len(name) <= maxSessionName {
		return name
	}
	sum := sha256.Sum256([]byte(id))
	return ownPrefix + hex.EncodeToString(sum[:])[:maxSessionName-len(ownPrefix)]
}

// backup is the copy of the running configuration on the device's disk.
func backup(id string) string { return ownPrefix + id + ".cfg" }

func note(p *targets.Push, format string, args ...any) {
	if p.Note != nil {
		p.Note(fmt.Sprintf(format, args...))
	}
}

var ownFile = regexp.MustCompile(`(?m)\s(nbfwc-[A-Za-z0-9-]{1,32}\.cfg)\s*$`)

// Prepare looks whether the commands can be typed, and keeps the running
// configuration on the device's disk. A context has no disk.
func (Dialogue) Prepare(ctx context.Context, s targets.Session, p *targets.Push) error {
	if _, err := phasesOf(p); err != nil {
		return err
	}
	if p.Part.Context != "" {
		note(p, "no copy is kept on the device: a security context has no disk of its own")
		return nil
	}
	c := reads("dir disk0:/")
	c.Begin = `Directory of disk0:/`
	dir, err := ask(ctx, s, c)
	if err != nil {
		return err
	}
	for _, m := range ownFile.FindAllStringSubmatch(dir, -1) {
		if m[1] != backup(p.ID) {
			note(p, "disk0:/%s is left from an earlier push", m[1])
		}
	}
	c = targets.Command{
		Line:   "copy /noconfirm running-config disk0:/" + backup(p.ID),
		Accept: []string{`Cryptochecksum: ?[0-9a-f ]{32,40}`, `!+`, `\d+ bytes copied in .*`},
		Begin:  `Cryptochecksum:.*|!+`,
		Wait:   slow,
	}
	if _, err := s.Do(ctx, c); err != nil {
		return fmt.Errorf("no copy of the running configuration can be kept on the device: %w", err)
	}
	note(p, "the running configuration is kept as disk0:/%s", backup(p.ID))
	return nil
}

// Apply types the change: first what no packet depends on, then the edits of
// what is in use within one configuration session, then what exchanges lists
// and removes what nothing uses any more; or, where that isn't safe or the
// version has no sessions, the commands of the plan in their order.
func (Dialogue) Apply(ctx context.Context, s targets.Session, p *targets.Push) error {
	ph, err := phasesOf(p)
	if err != nil {
		return err
	}
	if ph.ordered != "" {
		note(p, "the commands take effect one by one: %s", ph.ordered)
	}
	if err := configure(ctx, s, p, ph.before); err != nil {
		return err
	}
	if len(ph.session) > 0 {
		if err := commit(ctx, s, p, ph.session); err != nil {
			return err
		}
	}
	return configure(ctx, s, p, ph.after)
}

// stillActive says by an error that a unit of a pair is no longer the one that
// takes changes. What is typed on a standby unit stays there.
func stillActive(ctx context.Context, s targets.Session, p *targets.Push) error {
	if !p.Identity.Pair {
		return nil
	}
	_, standby, err := failover(ctx, s)
	if err == nil && standby {
		err = fmt.Errorf("the unit isn't the active one of its pair any more (%q)", cmdFailover)
	}
	return err
}

// configure types commands in configuration mode.
func configure(ctx context.Context, s targets.Session, p *targets.Push, list []typedLine) error {
	if len(list) == 0 {
		return nil
	}
	if err := stillActive(ctx, s, p); err != nil {
		return err
	}
	if _, err := s.Do(ctx, targets.Command{Line: "configure terminal", Then: modeConfig}); err != nil {
		return err
	}
	commands := make([]targets.Command, len(list))
	for i, l := range list {
		commands[i] = configCommand(l.text)
		commands[i].Then = modeConfig
		commands[i].Ahead = l.idle && i+1 < len(list) && list[i+1].idle
	}
	if err := typeAll(ctx, s, p, commands); err != nil {
		return err
	}
	_, err := s.Do(ctx, targets.Command{Line: "end", Then: modeEnable})
	return err
}

// commit types commands in a configuration session and has them come into force
// together.
func commit(ctx context.Context, s targets.Session, p *targets.Push, list []typedLine) error {
	name := sessionName(p.ID)
	if err := stillActive(ctx, s, p); err != nil {
		return err
	}
	note(p, "%d commands come into force together, with configuration session %s", len(list), name)
	if _, err := s.Do(ctx, targets.Command{Line: "configure session " + name, Then: modeSession}); err != nil {
		return err
	}
	commands := make([]targets.Command, len(list))
	for i, l := range list {
		commands[i] = configCommand(l.text)
		commands[i].Then = modeConfig // of its submode
		if strings.HasPrefix(l.text, "access-list ") || strings.HasPrefix(l.text, "no access-list ") {
			commands[i].Then = modeSession
		}
		commands[i].Ahead = i+1 < len(list)
	}
	if err := typeAll(ctx, s, p, commands); err != nil {
		return err
	}
	c := targets.Command{Line: "commit noconfirm revert-save", Then: modeEnable, Accept: harmless, Wait: slow}
	return typeAll(ctx, s, p, []targets.Command{c})
}

// harmless are answers that any configuration command may get.
var harmless = []string{`INFO: .*`, `WARNING: .*`}

// configCommand is a command of a plan. Repeating a member is harmless: the
// group then is as it should be. An entry of an access list that is there
// already stands at another line.
func configCommand(line string) targets.Command {
	c := targets.Command{Line: line, Accept: harmless, Wait: slow}
	word, member := strings.CutPrefix(line, " ")
	switch {
	case !member:
	case strings.HasPrefix(word, "no "):
		c.Accept = append(c.Accept[:len(c.Accept):len(c.Accept)], `(?:Removing obj \(.*\) from grp \(.*\) failed; )?[Oo]bj(?:ect)? does not exist in this group`)
	case strings.HasPrefix(word, "network-object "), strings.HasPrefix(word, "service-object "), strings.HasPrefix(word, "group-object "):
		c.Accept = append(c.Accept[:len(c.Accept):len(c.Accept)], `Adding obj \(.*\) to grp \(.*\) failed; object already exists`)
	}
	return c
}

// typeAll types commands and notes what the device remarks.
func typeAll(ctx context.Context, s targets.Session, p *targets.Push, commands []targets.Command) error {
	answers, err := s.Do(ctx, commands...)
	for i, a := range answers {
		if i == len(answers)-1 && err != nil {
			break // the error says it
		}
		for line := range strings.Lines(a) {
			if line = strings.TrimSpace(line); line != "" && !strings.HasPrefix(line, "INFO: ") {
				note(p, "%s: %s", strings.TrimSpace(commands[i].Line), line)
			}
		}
	}
	return err
}

// Confirm writes the startup configuration.
func (Dialogue) Confirm(ctx context.Context, s targets.Session, p *targets.Push) error {
	_, err := s.Do(ctx, targets.Command{
		Line: "write memory",
		Accept: []string{`Building configuration\.\.\.`, `Cryptochecksum: ?[0-9a-f ]{32,40}`, `\d+ bytes copied in .*`,
			`!+`, `INFO: .*`, `\[OK\]`},
		End:  `\[OK\]`,
		Wait: slow,
	})
	if err != nil {
		return fmt.Errorf("the startup configuration isn't written: %w", err)
	}
	return nil
}

// Settle deletes the configuration session of the push if there is one. If it
// wasn't committed, its commands were never in force; if it was, only the copy
// to go back to is deleted, and its commands stay in force. Either way the
// running configuration says where the device stands.
func (Dialogue) Settle(ctx context.Context, s targets.Session, p *targets.Push) ([]string, error) {
	return dropSession(ctx, s, p)
}

func dropSession(ctx context.Context, s targets.Session, p *targets.Push) ([]string, error) {
	var found []string
	name := sessionName(p.ID)
	for try := range 2 {
		list, err := openSessions(ctx, s, p.Identity)
		if err != nil {
			return found, err
		}
		var own *openSession
		for i := range list {
			if list[i].name == name {
				own = &list[i]
			}
		}
		switch {
		case own == nil:
			return found, nil
		case try > 0:
			return found, fmt.Errorf("configuration session %s can't be deleted; \"clear configuration session %s\" does it by hand", name, name)
		}
		if _, err := s.Do(ctx, targets.Command{Line: "clear configuration session " + name, Accept: harmless}); err != nil {
			return found, err
		}
		found = append(found, fmt.Sprintf("configuration session %s (%s, %d lines) was there and is deleted", name, own.state(), own.lines))
	}
	return found, nil
}

// Finish deletes the configuration session and the copy of the push.
func (Dialogue) Finish(ctx context.Context, s targets.Session, p *targets.Push) error {
	if _, err := dropSession(ctx, s, p); err != nil {
		return err
	}
	if p.Part.Context != "" {
		return nil
	}
	_, err := s.Do(ctx, targets.Command{Line: "delete /noconfirm disk0:/" + backup(p.ID),
		Accept: []string{`%Error deleting disk0:/\S+ \(No such file or directory\)`}})
	return err
}
