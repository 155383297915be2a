package paloalto

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"strings"

	"github.com/nbfwc/nbfwc/ruleset"
	"github.com/nbfwc/nbfwc/targets"
)

// savedFile is the copy of the candidate from before the first edit. It is made
// when the candidate was found clean, so that what differs later is ours.
func savedFile(p *targets.Push) string { return "nbfwc-" + p.ID + ".xml" }

var (
	plainID    = regexp.MustCompile(`^[A-Za-z0-9-]{1,32}$`)
	plainAdmin = regexp.MustCompile(`^[A-Za-z0-9._@+-]{1,128}$`)
)

// writable holds that a push can be named in commands, and that the unit takes
// changes.
func writable(ctx context.Context, s targets.Session, p *targets.Push) error {
	if !plainID.MatchString(p.ID) {
		return fmt.Errorf("%q can't name a push: letters, digits and hyphens, at most 32", p.ID)
	}
	if !plainAdmin.MatchString(p.Admin) {
		return fmt.Errorf("the account %q can't be named in a command that commits its changes only; use one of letters, digits and . _ - @ +", p.Admin)
	}
	_, standby, err := pairState(ctx, s)
	if err == nil && standby {
		err = errors.New("this unit of the pair isn't the active one; changes are made on that")
	}
	return err
}

// Prepare takes the locks, and holds that the configuration is the one of the
// plan and that nobody has begun to change it.
func (d Dialogue) Prepare(ctx context.Context, s targets.Session, p *targets.Push) error {
	lines, err := editLines(p.Change)
	if err != nil || len(lines) == 0 {
		return err
	}
	if err := writable(ctx, s, p); err != nil {
		return err
	}
	for _, kind := range []string{"config", "commit"} {
		c := targets.Command{Line: "request " + kind + `-lock add comment "` + comment(p) + `"`, Accept: []string{"Successfully acquired lock.*"}}
		if _, err := ask(ctx, s, operational, c); err != nil {
			return fmt.Errorf("the %s lock: %w", kind, err)
		}
	}
	jobs, err := activeJobs(ctx, s)
	if err != nil {
		return err
	}
	if len(jobs) > 0 {
		return fmt.Errorf("%s; try again when it has finished", jobs[0])
	}
	if err := d.unchanged(ctx, s, p); err != nil {
		return err
	}
	file := savedFile(p)
	_, err = ask(ctx, s, configuration, targets.Command{Line: "save config to " + file, Accept: []string{"Config saved to " + regexp.QuoteMeta(file), editLine}, Begin: "Config saved to .*"})
	return err
}

// unchanged holds that the running configuration is the one that was planned
// for, and that the candidate has nothing else.
func (d Dialogue) unchanged(ctx context.Context, s targets.Session, p *targets.Push) error {
	running, err := d.running(ctx, s)
	if err != nil {
		return err
	}
	whole, err := d.withPushed(ctx, s, running, p.Part)
	if err != nil {
		return err
	}
	now, err := Target{}.Parse(bytes.NewReader(whole), p.Parse)
	if err != nil {
		return err
	}
	before, err := Target{}.Parse(bytes.NewReader(p.Before), p.Parse)
	if err != nil {
		return fmt.Errorf("the configuration of the plan: %w", err)
	}
	if now.Digest != before.Digest {
		return errors.New("the configuration of the device was changed since the plan was made; plan again")
	}
	same, err := d.candidateIs(ctx, s, running, now.Context, nil)
	if err == nil && !same {
		err = fmt.Errorf(`the candidate has changes that are not committed (by %s, or an administrator that "show config list changes" names); commit or revert them first`, p.Admin)
	}
	return err
}

// candidateIs says whether the candidate is the running configuration, but for
// the objects and rules of skip.
func (d Dialogue) candidateIs(ctx context.Context, s targets.Session, running, vsys string, skip map[string]bool) (bool, error) {
	candidate, err := d.candidate(ctx, s)
	if err != nil {
		return false, err
	}
	return sameOutline(candidate, running, vsys, skip)
}

func sameOutline(a, b, vsys string, skip map[string]bool) (bool, error) {
	x, err := outline(a, vsys, skip)
	if err != nil {
		return false, err
	}
	y, err := outline(b, vsys, skip)
	return x == y, err
}

// Apply edits the candidate, holds that it is what was planned and nothing else,
// lets the device validate it, and commits.
func (d Dialogue) Apply(ctx context.Context, s targets.Session, p *targets.Push) error {
	lines, err := editLines(p.Change)
	if err != nil || len(lines) == 0 {
		return err
	}
	if err := mode(ctx, s, configuration); err != nil {
		return err
	}
	commands := make([]targets.Command, len(lines))
	for i, line := range lines {
		commands[i] = targets.Command{Line: line, Accept: []string{editLine}, Ahead: true}
	}
	if _, err := s.Do(ctx, commands...); err != nil {
		return err
	}
	if err := d.intended(ctx, s, p, lines); err != nil {
		return err
	}
	if err := d.runJob(ctx, s, p, "validate full", "Validate"); err != nil {
		return err
	}
	if err := writable(ctx, s, p); err != nil {
		return err
	}
	if err := d.runJob(ctx, s, p, fmt.Sprintf("commit partial admin %s description %q", p.Admin, comment(p)), "Commit"); err != nil {
		return err
	}
	if p.Part.DeviceGroup != "" && p.Note != nil {
		p.Note("Panorama has the change; its firewalls go on as before until it is pushed to them: commit-all shared-policy device-group " + quoted(p.Part.DeviceGroup))
	}
	return nil
}

// intended holds that the candidate does what the plan says, and differs from
// the running configuration in nothing but what the plan names.
func (d Dialogue) intended(ctx context.Context, s targets.Session, p *targets.Push, lines []string) error {
	candidate, err := d.candidate(ctx, s)
	if err != nil {
		return err
	}
	whole, err := d.withPushed(ctx, s, candidate, p.Part)
	if err != nil {
		return err
	}
	have, err := Target{}.Parse(bytes.NewReader(whole), p.Parse)
	if err != nil {
		return fmt.Errorf("the candidate: %w", err)
	}
	same, err := ruleset.SameEffect(&have.RuleSet, &p.Change.Result)
	if err != nil {
		return fmt.Errorf("the candidate: %w", err)
	}
	if !same {
		return errors.New("the candidate isn't what was planned, though each line was taken; nothing was committed")
	}
	running, err := d.running(ctx, s)
	if err != nil {
		return err
	}
	only, err := sameOutline(candidate, running, have.Context, touched(lines))
	if err == nil && !only {
		err = errors.New(`the candidate has changes that are not of this push (look at "show config list changes"); nothing was committed`)
	}
	return err
}

// runJob types a command that begins a job, waits for it and holds that it
// ended well. What the screen shows of it doesn't count.
func (d Dialogue) runJob(ctx context.Context, s targets.Session, p *targets.Push, line, kind string) error {
	begins := kind + ` job (\d{1,9}) is in progress\..*`
	c := targets.Command{Line: line, Any: true, Begin: begins, Wait: slow}
	answer, err := ask(ctx, s, configuration, c)
	for tries := 0; tries < 20 && isBusy(err); tries++ {
		if err := d.pause(ctx); err != nil {
			return err
		}
		answer, err = ask(ctx, s, configuration, c)
	}
	if err != nil {
		return err
	}
	m := regexp.MustCompile(begins).FindStringSubmatch(answer)
	if m == nil {
		return fmt.Errorf("%q: the answer names no job", line)
	}
	id, err := strconv.Atoi(m[1])
	if err != nil {
		return err
	}
	j, err := d.finished(ctx, s, id)
	if err != nil {
		return fmt.Errorf("%q: %w", line, err)
	}
	if j.kind != kind || j.result != "OK" {
		return fmt.Errorf("%q: %s: %s", line, j, clean(j.said, 4*maxShown))
	}
	if p.Note != nil && strings.Contains(j.said, "Warning") {
		p.Note(fmt.Sprintf("%s: %s", j, clean(j.said, 4*maxShown)))
	}
	return nil
}

// isBusy says whether a job wasn't begun because another one runs.
func isBusy(err error) bool {
	var a *targets.AnswerError
	return errors.As(err, &a) && (strings.HasPrefix(a.Answer, "Another commit/validate is in progress") || strings.HasPrefix(a.Answer, "A commit is in progress"))
}

// Confirm holds that what runs is what was planned. A commit lasts by itself.
func (d Dialogue) Confirm(ctx context.Context, s targets.Session, p *targets.Push) error {
	if _, err := d.idle(ctx, s); err != nil {
		return err
	}
	if lines, err := editLines(p.Change); err != nil || len(lines) == 0 {
		return err
	}
	text, err := d.Fetch(ctx, s, p.Part)
	if err != nil {
		return err
	}
	have, err := Target{}.Parse(bytes.NewReader(text), p.Parse)
	if err != nil {
		return err
	}
	same, err := ruleset.SameEffect(&have.RuleSet, &p.Change.Result)
	if err == nil && !same {
		err = errors.New("the running configuration isn't what was planned")
	}
	return err
}
