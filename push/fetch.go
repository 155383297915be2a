package push

import (
	"bytes"
	"context"
	"fmt"

	"github.com/nbfwc/nbfwc/ruleset"
	"github.com/nbfwc/nbfwc/targets"
)

// Fetch reads what a device runs, of a pair what both units run. It types only
// what reads.
func (e *Engine) Fetch(ctx context.Context, d *Device) (*Fetched, error) {
	e.progress(d, "logging in")
	l, err := e.login(ctx, d, true, nil)
	if err != nil {
		return nil, err
	}
	defer l.close()
	return e.fetch(ctx, d, l, newID(e.Now()), true)
}

func (e *Engine) progress(d *Device, doing string) {
	if e.Progress != nil {
		e.Progress(d, doing)
	}
}

// fetch reads what a device runs, for a push with that ID; with peer, also what
// the other unit runs.
func (e *Engine) fetch(ctx context.Context, d *Device, l *login, id string, peer bool) (*Fetched, error) {
	e.progress(d, "reading the configuration")
	f := &Fetched{Identity: l.id, Unit: l.unit, At: e.Now(), Apart: l.apart}
	var err error
	if f.Text, f.Config, err = read(ctx, d, l.s); err != nil {
		return nil, err
	}
	f.Pending, err = d.Dialogue.Pending(ctx, l.s, &targets.Push{
		ID: id, Parse: d.parse(), Timeout: e.timeout(), Admin: d.Admin, Part: d.Part, Identity: l.id, Before: f.Text, Prefix: d.prefix(), Change: &targets.Change{},
	})
	if err != nil {
		return nil, fmt.Errorf("device %s: what others have not saved yet: %w", d.Name, err)
	}
	if peer && l.peer != nil {
		_, f.Peer, err = read(ctx, d, l.peer)
		f.Apart = apart(f.Config, f.Peer, err)
	}
	return f, nil
}

// read is the running configuration of one unit.
func read(ctx context.Context, d *Device, s targets.Session) ([]byte, *targets.Config, error) {
	text, err := d.Dialogue.Fetch(ctx, s, d.Part)
	if err != nil {
		return nil, nil, fmt.Errorf("device %s: reading the configuration: %w", d.Name, err)
	}
	c, err := parse(d, text)
	return text, c, err
}

func parse(d *Device, text []byte) (*targets.Config, error) {
	c, err := d.Target.Parse(bytes.NewReader(text), d.parse())
	if err != nil {
		return nil, fmt.Errorf("device %s: the configuration: %w", d.Name, err)
	}
	return c, nil
}

// parse is how the device's configuration is read.
func (d *Device) parse() targets.ParseOptions {
	opt := d.Parse
	if d.Part.Context != "" {
		opt.Context = d.Part.Context
	}
	return opt
}

func (d *Device) prefix() string {
	switch {
	case d.Parse.Prefix != "":
		return d.Parse.Prefix
	case d.Job.Prefix != "":
		return d.Job.Prefix
	}
	return targets.DefaultPrefix
}

// apart says how the units of a pair differ, "" if they treat packets alike.
func apart(active, peer *targets.Config, err error) string {
	switch {
	case err != nil:
		return "the other unit can't be read: " + err.Error()
	case active.Digest != "" && active.Digest == peer.Digest:
		return ""
	}
	why, err := differ(&peer.RuleSet, &active.RuleSet, "the standby unit", "the active one", 0)
	switch {
	case err != nil:
		return "the units have different configurations: " + err.Error()
	case why == "" && !sameNAT(active, peer):
		return "the units have different rules that change addresses"
	}
	return why
}

// differ says by an example how two rule sets treat packets differently, "" if
// they don't. After an error nothing is known: they are too large to compare.
func differ(have, want *ruleset.RuleSet, haveName, wantName string, limit int) (string, error) {
	have, want = identified(have), identified(want)
	if sameRules(have, want) {
		return "", nil
	}
	diff, err := ruleset.Compare(have, want, ruleset.CompareOptions{Effects: true, MaxBoxes: 1, Limit: limit})
	if err != nil || diff.IsEmpty() {
		return "", err
	}
	list := append(diff.Certain, diff.Unknown...)
	x := list[0]
	more := len(list) - 1 + diff.MoreCertain + diff.MoreUnknown
	if x.EffectsOnly {
		return fmt.Sprintf("%s and %s treat %s alike but for log, profile, idle timeout or the answer to the sender%s", haveName, wantName, x.Witness, others(more)), nil
	}
	return fmt.Sprintf("%s: by %s it %s, by %s it %s%s", x.Witness, haveName, word(x.Have), wantName, word(x.Want), others(more)), nil
}

func others(n int) string {
	if n == 0 {
		return ""
	}
	return fmt.Sprintf(" (and %d more)", n)
}
