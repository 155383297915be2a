package paloalto

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"strings"

	"github.com/nbfwc/nbfwc/targets"
)

// Settle waits for a commit that runs, takes back edits of ours that were not
// committed, and gives back our locks. A half-edited candidate counts as old:
// nothing of it has ever been in force.
func (d Dialogue) Settle(ctx context.Context, s targets.Session, p *targets.Push) ([]string, error) {
	if !plainID.MatchString(p.ID) || !plainAdmin.MatchString(p.Admin) {
		return nil, fmt.Errorf("no push of the account %q can have been begun as %q", p.Admin, p.ID)
	}
	found, err := d.idle(ctx, s)
	if err != nil {
		return found, err
	}
	more, err := d.takeBack(ctx, s, p)
	found = append(found, more...)
	if err != nil {
		return found, err
	}
	more, err = d.idle(ctx, s)
	found = append(found, more...)
	if err != nil {
		return found, err
	}
	more, err = d.cleanUp(ctx, s, p)
	return append(found, more...), err
}

// takeBack reverts our edits of the candidate. They are ours if the file from
// before the first of them is there, or the lock, and if they are of this push's
// objects and rules or were made under its lock. What other administrators have
// edited stays.
func (d Dialogue) takeBack(ctx context.Context, s targets.Session, p *targets.Push) ([]string, error) {
	running, err := d.running(ctx, s)
	if err != nil {
		return nil, err
	}
	vsys, lines, err := d.scopeOf(running, p)
	if err != nil {
		return nil, err
	}
	candidate, err := d.candidate(ctx, s)
	if err != nil {
		return nil, err
	}
	same, err := sameOutline(candidate, running, vsys, nil)
	if err != nil {
		return nil, err
	}
	owners, err := changeOwners(ctx, s)
	if err != nil {
		return nil, err
	}
	if same && !contains(owners, p.Admin) {
		return nil, nil
	}
	mine, err := sameOutline(candidate, running, vsys, touched(lines))
	if err != nil {
		return nil, err
	}
	began, err := d.saved(ctx, s, p)
	if err != nil {
		return nil, err
	}
	locked, err := holdsLock(ctx, s, p)
	if err != nil {
		return nil, err
	}
	switch others := len(owners) > 1 || len(owners) == 1 && owners[0] != p.Admin; {
	case !began && !(locked && mine):
		return notOurs(owners), nil
	case !mine && !locked && !others:
		return notOurs(owners), fmt.Errorf(`the candidate has changes beside those of this push, and its lock is gone; look at "show config list changes", then commit or revert those of %s`, p.Admin)
	}
	return d.revert(ctx, s, p, vsys, owners)
}

func notOurs(owners []string) []string {
	if len(owners) == 0 {
		return []string{"the candidate has changes that are not of this push; they were left alone"}
	}
	return []string{"the candidate has changes of " + strings.Join(owners, ", ") + " that are not of this push; they were left alone"}
}

// scopeOf is the vsys or device group of a push, as it stands in the text, and
// the lines of its change that edit.
func (Dialogue) scopeOf(text string, p *targets.Push) (string, []string, error) {
	have, err := Target{}.Parse(strings.NewReader(text), targets.ParseOptions{Context: contextOf(p.Part), Prefix: p.Prefix})
	if err != nil {
		return "", nil, err
	}
	lines, err := editLines(p.Change)
	return have.Context, lines, err
}

// revert takes back what our account has edited, and holds that it is gone.
func (d Dialogue) revert(ctx context.Context, s targets.Session, p *targets.Push, vsys string, owners []string) ([]string, error) {
	c := targets.Command{Line: "revert config partial admin " + p.Admin, Ask: []targets.Question{{Ask: sure, Answer: "y"}},
		Accept: []string{`(?i)(?:success.*|config.*|changes.*)revert.*`, editLine}, Wait: slow}
	if _, err := ask(ctx, s, configuration, c); err != nil {
		return nil, err
	}
	out := []string{"the candidate held edits of this push that were not committed; they were taken back"}
	left, err := changeOwners(ctx, s)
	if err != nil {
		return out, err
	}
	if contains(left, p.Admin) {
		return out, fmt.Errorf("changes of %s are still in the candidate after they were taken back", p.Admin)
	}
	for _, o := range owners {
		if o != p.Admin {
			out = append(out, "changes of "+o+" in the candidate were left alone")
		}
	}
	if len(left) > 0 {
		return out, nil
	}
	running, err := d.running(ctx, s)
	if err != nil {
		return out, err
	}
	same, err := d.candidateIs(ctx, s, running, vsys, nil)
	if err == nil && !same {
		err = errors.New("the candidate still differs from the running configuration after our edits were taken back")
	}
	return out, err
}

// saved says whether the file from before the first edit is there.
func (Dialogue) saved(ctx context.Context, s targets.Session, p *targets.Push) (bool, error) {
	c := look("show config saved " + savedFile(p))
	c.Private = true
	text, err := tell(ctx, s, operational, c)
	text = strings.TrimSpace(text)
	switch {
	case err != nil:
		return false, err
	case strings.HasPrefix(text, "<"):
		return true, nil
	case text == "" || missing.MatchString(text):
		return false, nil
	}
	return false, fmt.Errorf("%q: the answer is neither a configuration nor that there is none: %q", c.Line, clean(text, maxShown))
}

var missing = regexp.MustCompile(`(?i)^(?:Server error ?: )?.*(?:does(?:n't| not) exist|no such file|not found|invalid syntax)`)

// holdsLock says whether the configuration lock of this push is still held.
func holdsLock(ctx context.Context, s targets.Session, p *targets.Push) (bool, error) {
	locks, err := readLocks(ctx, s, p)
	for _, l := range locks {
		if l.kind == "config" && l.isOf(p) {
			return true, err
		}
	}
	return false, err
}

// Finish gives back the locks and removes the saved file.
func (d Dialogue) Finish(ctx context.Context, s targets.Session, p *targets.Push) error {
	if !plainID.MatchString(p.ID) {
		return nil
	}
	_, err := d.cleanUp(ctx, s, p)
	return err
}

// cleanUp gives back the locks of a push and removes its file. Locks of others,
// and of other pushes, stay.
func (d Dialogue) cleanUp(ctx context.Context, s targets.Session, p *targets.Push) ([]string, error) {
	locks, err := readLocks(ctx, s, p)
	if err != nil {
		return nil, err
	}
	var found []string
	for _, l := range locks {
		switch {
		case l.isLike(p):
			return found, fmt.Errorf("a %s lock of %s that isn't clearly of this push (%q): %s; remove it by hand if nobody needs it", l.kind, p.Admin, comment(p), l.text)
		case !l.isOf(p):
			continue
		}
		c := targets.Command{Line: "request " + l.kind + "-lock remove",
			Accept: []string{"(?i)successfully (?:removed|released) lock.*", "Commit lock is not currently held", "Config is not currently locked for scope .*"}}
		if _, err := ask(ctx, s, operational, c); err != nil {
			return found, err
		}
		found = append(found, "the "+l.kind+" lock of this push was held; it was given back")
	}
	return found, d.removeFile(ctx, s, p)
}

// removeFile removes the saved file. That it isn't there is believed if two
// commands say so.
func (d Dialogue) removeFile(ctx context.Context, s targets.Session, p *targets.Push) error {
	c := targets.Command{Line: "delete config saved " + savedFile(p), Ask: []targets.Question{{Ask: sure, Answer: "y"}}, Any: true}
	answer, err := tell(ctx, s, operational, c)
	switch answer = strings.TrimSpace(answer); {
	case err != nil:
		return err
	case removed.MatchString(answer):
		return nil
	case !missing.MatchString(answer):
		return &targets.AnswerError{Command: c.Line, Answer: answer, Why: "an unexpected answer"}
	}
	there, err := d.saved(ctx, s, p)
	if err == nil && there {
		err = &targets.AnswerError{Command: c.Line, Answer: answer, Why: "the file is still there"}
	}
	return err
}

var removed = regexp.MustCompile(`(?i)\bsuccessfully (?:removed|deleted)\b`)
