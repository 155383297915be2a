package fortigate

import (
	"context"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/nbfwc/nbfwc/targets"
)

// Pending lists config transactions that are open, units of a cluster that
// aren't in sync, that the device doesn't save by itself, and what of it the
// device doesn't tell. An account that only reads need not have the right to ask.
func (Dialogue) Pending(ctx context.Context, s targets.Session, p *targets.Push) ([]string, error) {
	st, err := askStatus(ctx, s)
	if err != nil {
		return nil, err
	}
	asks := []func(context.Context, targets.Session, *status) ([]string, error){pendingSave}
	if hasTransactions(st.Version) {
		asks = append(asks, pendingTransactions)
	}
	if st.Pair {
		asks = append(asks, pendingSync)
	}
	var list []string
	for _, ask := range asks {
		found, err := ask(ctx, s, &st)
		switch {
		case refused(err) && s.Mode() == root && s.ReadOnly():
		case refused(err) && s.Mode() == root:
			found = []string{"what others have pending isn't known: " + err.Error()}
		case err != nil:
			return nil, err
		}
		list = append(list, found...)
	}
	return list, nil
}

func pendingTransactions(ctx context.Context, s targets.Session, st *status) ([]string, error) {
	ids, err := askOpen(ctx, s, st)
	if err != nil || len(ids) == 0 {
		return nil, err
	}
	return []string{"config transactions of others are open (" + strings.Join(ids, ", ") + "), and what they have changed is locked; wait until they are committed or aborted"}, nil
}

func pendingSave(ctx context.Context, s targets.Session, st *status) ([]string, error) {
	mode, err := askSaveMode(ctx, s, st)
	if err != nil || mode == "automatic" {
		return nil, err
	}
	return []string{"changes are saved by command only (cfg-save " + mode + "), and the command line doesn't tell whether some of others are unsaved, which a push would save with its own; save or revert them, and set cfg-save automatic"}, nil
}

var transactionID = regexp.MustCompile(`(?m)^` + openTransaction)

// askOpen reads the numbers of the config transactions that are open.
func askOpen(ctx context.Context, s targets.Session, st *status) ([]string, error) {
	answers, err := global(ctx, s, st, readOpen)
	if err != nil {
		return nil, err
	}
	var ids []string
	for _, m := range transactionID.FindAllStringSubmatch(answers[0], -1) {
		ids = append(ids, m[1])
	}
	return ids, nil
}

var modeInAnswer = regexp.MustCompile(saveMode)

// askSaveMode reads when the device saves changes.
func askSaveMode(ctx context.Context, s targets.Session, st *status) (string, error) {
	answers, err := global(ctx, s, st, readSave)
	if err != nil {
		return "", err
	}
	return modeInAnswer.FindStringSubmatch(answers[0])[1], nil // it was accepted
}

var memberState = regexp.MustCompile(`(?m)^\s*([A-Z0-9]+) ?\(updated [^)\n]*\): *(.*?)\s*$`)

// pendingSync lists the units of a cluster that aren't in sync.
func pendingSync(ctx context.Context, s targets.Session, st *status) ([]string, error) {
	answers, err := global(ctx, s, st, readHA)
	if err != nil {
		return nil, err
	}
	var list []string
	for _, m := range memberState.FindAllStringSubmatch(answers[0], -1) {
		if m[2] != "in-sync" {
			list = append(list, "the unit "+m[1]+" of the cluster is "+m[2])
		}
	}
	return list, nil
}

// saveConfig makes the running configuration the one that a restart loads.
var saveConfig = targets.Command{Line: "execute cfg save", Wait: 2 * time.Minute,
	Begin: `config saved\.|no config to be saved\.`, Accept: []string{`config saved\.`, `no config to be saved\.`}}

// Confirm saves the configuration where the device doesn't by itself, and waits
// until the other units of a cluster have it.
func (d Dialogue) Confirm(ctx context.Context, s targets.Session, p *targets.Push) error {
	st, err := askStatus(ctx, s)
	if err != nil {
		return err
	}
	mode, err := askSaveMode(ctx, s, &st)
	if err != nil {
		return err
	}
	if mode != "automatic" {
		if _, err := global(ctx, s, &st, saveConfig); err != nil {
			return err
		}
	}
	if !st.Pair {
		return nil
	}
	return d.agree(ctx, s, &st)
}

// agree waits until the units of a cluster have the same configuration.
func (d Dialogue) agree(ctx context.Context, s targets.Session, st *status) error {
	const looks = 24 // two minutes
	for i := 0; ; i++ {
		answers, err := global(ctx, s, st, readChecksum)
		if err != nil {
			return err
		}
		units, same := checksums(answers[0])
		if same && len(units) > 0 {
			return nil
		}
		if i == looks {
			return &targets.AnswerError{Command: readChecksum.Line, Why: "the other unit of the cluster doesn't take over the configuration, and would not have it after a failover", Answer: answers[0]}
		}
		if err := d.pause(ctx); err != nil {
			return err
		}
	}
}

var (
	checksumUnit = regexp.MustCompile(`^=+ (\S+) =+$`)
	checksumAll  = regexp.MustCompile(`^all: ([0-9a-f ]+)$`)
)

// checksums are the sums over the whole configuration, by unit, and whether they
// are the same. The last of a unit is that of what it has.
func checksums(answer string) (units []string, same bool) {
	sums := map[string]string{}
	for line := range strings.Lines(answer) {
		line = strings.TrimSpace(line)
		if m := checksumUnit.FindStringSubmatch(line); m != nil {
			units = append(units, m[1])
		} else if m := checksumAll.FindStringSubmatch(line); m != nil && len(units) > 0 {
			sums[units[len(units)-1]] = m[1]
		}
	}
	for _, u := range units {
		if sums[u] == "" || sums[u] != sums[units[0]] {
			return units, false
		}
	}
	return units, true
}

// pause waits until the next look.
func (d Dialogue) pause(ctx context.Context) error {
	every := d.Poll
	if every == 0 {
		every = 5 * time.Second
	}
	t := time.NewTimer(every)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// Settle waits for the end of config transactions that were open when it began:
// one of them can be the push's, whose session is gone. The device discards it
// after five minutes, or has still to commit it; no other session can end it.
// Without transactions there is nothing to end: an entry that was open is lost
// with its session. Where the device goes back by itself if nothing is saved,
// what runs is saved.
func (d Dialogue) Settle(ctx context.Context, s targets.Session, p *targets.Push) ([]string, error) {
	st, err := askStatus(ctx, s)
	if err != nil {
		return nil, err
	}
	var found []string
	if hasTransactions(st.Version) {
		if found, err = d.outlast(ctx, s, &st, p); err != nil {
			return found, err
		}
	}
	mode, err := askSaveMode(ctx, s, &st)
	if err != nil {
		return found, err
	}
	if mode == "revert" {
		if _, err := global(ctx, s, &st, saveConfig); err != nil {
			return found, err
		}
		found = append(found, "the device would have gone back to the saved configuration by itself (cfg-save revert); what runs is saved now")
	}
	return found, nil
}

// outlast waits until the transactions that are open have ended.
func (d Dialogue) outlast(ctx context.Context, s targets.Session, st *status, p *targets.Push) ([]string, error) {
	const looks = 66 // five and a half minutes
	first, err := askOpen(ctx, s, st)
	if err != nil || len(first) == 0 {
		return nil, err
	}
	names := strings.Join(first, ", ")
	note(p, "config transactions are open on the device ("+names+"); waiting for their end, at most five and a half minutes")
	left := first
	for range looks {
		if err := d.pause(ctx); err != nil {
			return nil, fmt.Errorf("config transactions are open on the device (%s), and one of them can be the push's: %w", names, err)
		}
		now, err := askOpen(ctx, s, st)
		if err != nil {
			return nil, err
		}
		left = slices.DeleteFunc(slices.Clone(left), func(id string) bool { return !slices.Contains(now, id) })
		if len(left) == 0 {
			return []string{"config transactions were open (" + names + "); they have ended"}, nil
		}
	}
	return []string{"config transactions of others are open (" + strings.Join(left, ", ") + "); one of the push would have ended by now"}, nil
}

// Finish leaves the revision that Prepare made: it is the device's own way back.
func (Dialogue) Finish(context.Context, targets.Session, *targets.Push) error { return nil }
