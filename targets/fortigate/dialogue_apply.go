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

var pushID = regexp.MustCompile(`^[A-Za-z0-9-]{1,32}$`)

// Prepare holds that the change can be typed and keeps the configuration as a
// revision on the device's flash, where there is room for revisions.
func (Dialogue) Prepare(ctx context.Context, s targets.Session, p *targets.Push) error {
	if p.Identity.Standby {
		return errors.New("the unit is the secondary of its cluster; changes are made on the primary")
	}
	if !pushID.MatchString(p.ID) {
		return fmt.Errorf("%q is no name for a push", p.ID)
	}
	if _, err := commandsOf(p); err != nil {
		return err
	}
	st, err := askStatus(ctx, s)
	if err != nil {
		return err
	}
	_, err = global(ctx, s, &st, targets.Command{
		Line: "execute backup config flash nbfwc-" + p.ID, Wait: 2 * time.Minute,
		Accept: []string{`Please wait\.\.\.`, `Config backed up to flash disk done\.`}, End: `Config backed up to flash disk done\.`,
	})
	var e *targets.AnswerError
	if errors.As(err, &e) && s.Mode() == root && strings.Contains(e.Answer, "Return code -61") {
		note(p, "the device keeps no revisions of its configuration on flash")
		return nil
	}
	return err
}

func note(p *targets.Push, text string) {
	if p.Note != nil {
		p.Note(text)
	}
}

// Apply makes the change: in one config transaction where the version has them,
// else entry by entry.
func (Dialogue) Apply(ctx context.Context, s targets.Session, p *targets.Push) error {
	lines, err := commandsOf(p)
	if err != nil || len(lines) == 0 {
		return err
	}
	if s.Mode() != root {
		return errors.New("the session isn't at the top of the command line")
	}
	if hasTransactions(p.Identity.Version) {
		return together(ctx, s, lines)
	}
	if _, err := s.Do(ctx, lines...); err != nil {
		if refused(err) {
			err = errors.Join(explained(err), leave(ctx, s))
		}
		return err
	}
	return nil
}

// explained says what it means that the device opened an entry that the change
// was to make.
func explained(err error) error {
	var e *targets.AnswerError
	if errors.As(err, &e) && e.Answer == "" && strings.HasPrefix(e.Command, "edit ") {
		return fmt.Errorf("%w: there is such an entry already, which wasn't there when the change was planned", err)
	}
	return err
}

const (
	// silence is how long a transaction may get no line from us: the device
	// discards it after five minutes, and takes the lines that come then as
	// they come.
	silence = 4 * time.Minute
	// run is how many lines are typed before their answers are waited for.
	run = 250
)

// together types lines in one config transaction. Up to the commit nothing of
// them has an effect, so they are typed ahead of their answers.
func together(ctx context.Context, s targets.Session, lines []targets.Command) error {
	guard, stop := context.WithTimeout(ctx, silence)
	defer func() { stop() }()
	if _, err := s.Do(guard, targets.Command{Line: "execute config-transaction start"}); err != nil {
		return err
	}
	for part := range slices.Chunk(lines, run) {
		part = slices.Clone(part)
		for i := range part[:len(part)-1] {
			part[i].Ahead = part[i].Accept == nil || part[i].Begin != "" // not the name of a VDOM
		}
		// The time for these lines began with those before them.
		next, stopNext := context.WithTimeout(ctx, silence)
		_, err := s.Do(guard, part...)
		stop()
		guard, stop = next, stopNext
		if refused(err) {
			return errors.Join(explained(err), leave(ctx, s), discard(ctx, s))
		}
		if err != nil {
			return fmt.Errorf("the config transaction is discarded after five minutes: %w", err)
		}
	}
	if err := guard.Err(); err != nil {
		return fmt.Errorf("the config transaction is not committed, and discarded after five minutes: %w", err)
	}
	_, err := s.Do(ctx, targets.Command{Line: "execute config-transaction commit", Wait: 5 * time.Minute})
	if refused(err) {
		_, _ = s.Do(ctx, targets.Command{Line: abortTransaction, Any: true}) // it may have ended with the commit
	}
	return err
}

const abortTransaction = "execute config-transaction abort"

// discard ends a transaction without effect.
func discard(ctx context.Context, s targets.Session) error {
	if s.Mode() != root {
		return errors.New("the config transaction stays open until the device discards it after five minutes")
	}
	_, err := s.Do(ctx, targets.Command{Line: abortTransaction})
	return err
}

// leave goes to the top of the command line after a line that was refused. An
// entry that is open is not saved.
func leave(ctx context.Context, s targets.Session) error {
	for i := range 6 {
		if s.Mode() == root {
			return nil
		}
		c := targets.Command{Line: "end", Then: root}
		if i == 0 {
			c.Line = "abort"
		}
		_, err := s.Do(ctx, c)
		var e *targets.AnswerError
		if errors.As(err, &e) && e.Answer != "" || err != nil && e == nil {
			return fmt.Errorf("after a refused line: %w", err)
		}
	}
	return errors.New("the top of the command line wasn't found")
}

// commandsOf are the lines of a change, each with the answers that it may have. A
// line that isn't one of a change to our tables is an error, and so are lines
// that don't enter and leave tables and entries in pairs.
func commandsOf(p *targets.Push) ([]targets.Command, error) {
	if p.Change == nil || len(p.Change.Steps) == 0 {
		return nil, nil
	}
	m, err := readModel(string(p.Before), targets.ParseOptions{Context: p.Part.Context, Prefix: p.Prefix})
	if err != nil {
		return nil, fmt.Errorf("the configuration before the change: %w", err)
	}
	y := typist{vdom: p.Part.Context, has: entriesOf(m)}
	for _, step := range p.Change.Steps {
		for _, line := range step.Commands {
			if err := y.line(line); err != nil {
				return nil, fmt.Errorf("%s: %q: %w", step.Why, line, err)
			}
		}
	}
	if y.at != atTop {
		return nil, errors.New("the lines of the change don't end at the top of the command line")
	}
	return y.out, nil
}

// entry is a table and the name of an entry.
type entryName struct{ table, name string }

// entriesOf are the entries of the tables that a change of ours touches.
func entriesOf(m *model) map[entryName]bool {
	has := map[entryName]bool{}
	for i := range m.addresses {
		has[entryName{addressTable(m.addresses[i].v6), m.addresses[i].name}] = true
	}
	for i := range m.groups {
		has[entryName{groupTable(m.groups[i].v6), m.groups[i].name}] = true
	}
	for i := range m.services {
		has[entryName{serviceTable, m.services[i].name}] = true
	}
	for i := range m.policies {
		has[entryName{policyTable, idText(m.policies[i].id)}] = true
	}
	return has
}

// place is where a typist is.
type place uint8

const (
	atTop place = iota
	atVDOMs
	inVDOM
	inTable
	inEntry
)

// typist follows lines through the scopes of the command line.
type typist struct {
	vdom  string
	has   map[entryName]bool // that the device has when the next line is typed
	at    place
	table string
	out   []targets.Command
}

var (
	errPlace = errors.New("the line doesn't stand where it means what it says")
	errTable = errors.New("no table that a change of ours touches")
)

// line adds a line.
func (y *typist) line(text string) error {
	scan := scanner{text: text}
	c, ok := scan.next()
	if _, more := scan.next(); !ok || more || scan.open > 0 || !canBeTyped(text) {
		return errors.New("not a line that can be typed")
	}
	out := targets.Command{Line: text}
	var err error
	switch verb, args := c.words[0], c.words[1:]; verb {
	case "config":
		err = y.config(strings.Join(args, " "))
	case "edit":
		err = y.edit(&out, args)
	case "set", "append", "unselect", "unset":
		if y.at != inEntry {
			err = errPlace
		}
	case "next":
		err = y.move(inEntry, inTable)
	case "delete":
		err = y.delete(args)
	case "move":
		if y.at != inTable || y.table != policyTable {
			err = errPlace
		}
	case "end":
		err = y.end()
	default:
		err = errors.New("no line of a change")
	}
	if out.Then = scope; y.at == atTop {
		out.Then = root
	}
	y.out = append(y.out, out)
	return err
}

func (y *typist) move(from, to place) error {
	if y.at != from {
		return errPlace
	}
	y.at = to
	return nil
}

func (y *typist) config(path string) error {
	if path == "vdom" && y.vdom != "" {
		return y.move(atTop, atVDOMs)
	}
	if !ownTables[path] {
		return errTable
	}
	y.table = path
	if y.vdom != "" {
		return y.move(inVDOM, inTable)
	}
	return y.move(atTop, inTable)
}

// edit opens an entry. Whether it is a new one is known before, so that nothing
// is created that was thought to be there, and nothing overwritten that wasn't.
func (y *typist) edit(out *targets.Command, args []string) error {
	if len(args) != 1 {
		return errPlace
	}
	name := args[0]
	switch y.at {
	case atVDOMs:
		if name != y.vdom {
			return fmt.Errorf("not the VDOM %q", y.vdom)
		}
		y.at = inVDOM
		out.Accept = []string{`current vf=` + regexp.QuoteMeta(name) + `:\d+`}
		return nil
	case inTable:
		y.at = inEntry
		if key := (entryName{y.table, name}); !y.has[key] {
			y.has[key] = true
			out.Begin = `new entry '` + regexp.QuoteMeta(name) + `' added`
			out.Accept = []string{out.Begin}
		}
		return nil
	}
	return errPlace
}

func (y *typist) delete(args []string) error {
	if y.at != inTable || len(args) != 1 {
		return errPlace
	}
	delete(y.has, entryName{y.table, args[0]})
	return nil
}

func (y *typist) end() error {
	switch {
	case y.at == inTable && y.vdom != "":
		y.at = inVDOM
	case y.at == inTable || y.at == inVDOM:
		y.at = atTop
	default:
		return errPlace
	}
	return nil
}
