package paloalto

import (
	"context"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/nbfwc/nbfwc/targets"
)

// Pending lists uncommitted changes of other administrators, locks, and commits
// that have not finished.
func (d Dialogue) Pending(ctx context.Context, s targets.Session, p *targets.Push) ([]string, error) {
	var out []string
	owners, err := changeOwners(ctx, s)
	if err != nil {
		return nil, err
	}
	for _, o := range owners {
		if o != p.Admin {
			out = append(out, "changes of "+o+" that are not committed")
		}
	}
	locks, err := readLocks(ctx, s, p)
	if err != nil {
		return nil, err
	}
	for _, l := range locks {
		if !l.isOf(p) {
			out = append(out, "a "+l.kind+" lock: "+l.text)
		}
	}
	jobs, err := activeJobs(ctx, s)
	if err != nil {
		return nil, err
	}
	for _, j := range jobs {
		out = append(out, "a job that has not finished: "+j.String())
	}
	return out, nil
}

var changeOwner = regexp.MustCompile(`(?i)\bowner\b["'>:= \t]*([^\s"'<>,;]+)`)

// changeOwners are the administrators who have uncommitted changes, each once;
// the answer itself where it names nobody.
func changeOwners(ctx context.Context, s targets.Session) ([]string, error) {
	text, err := ask(ctx, s, operational, look("show config list changes"))
	if err != nil {
		return nil, err
	}
	return ownersIn(text), nil
}

// ownersIn reads the journal, be it a table with a column of owners or entries
// that each name one.
func ownersIn(text string) []string {
	var out []string
	add := func(name string) {
		if !contains(out, name) {
			out = append(out, name)
		}
	}
	unknown := func(line string) { add(fmt.Sprintf("somebody (%q)", clean(line, maxShown))) }
	if column, rows, ok := ownerColumn(text); ok {
		for line := range strings.Lines(rows) {
			switch line = strings.TrimRight(line, " \t\r\n"); {
			case line == "":
			case len(line) > column && column > 0 && line[column-1] == ' ' && line[column] != ' ':
				name, _, _ := strings.Cut(line[column:], " ")
				add(name)
			default:
				unknown(line)
			}
		}
		return out
	}
	for _, m := range changeOwner.FindAllStringSubmatch(text, -1) {
		add(m[1])
	}
	if text = strings.TrimSpace(text); len(out) == 0 && text != "" && !noChanges.MatchString(text) {
		unknown(text)
	}
	return out
}

// ownerColumn finds where the owners stand in a table, and its rows.
func ownerColumn(text string) (column int, rows string, ok bool) {
	before := ""
	for line := range strings.Lines(text) {
		if dashes.MatchString(strings.TrimSpace(line)) {
			column = strings.Index(before, "Owner")
			_, rows, _ = strings.Cut(text, line)
			return column, rows, column >= 0
		}
		before = line
	}
	return 0, "", false
}

var noChanges = regexp.MustCompile(`(?i)^(?:null|no (?:pending )?changes.*|<journal ?/>|<journal>\s*</journal>)$`)

// lock is what keeps others from editing or committing.
type lock struct {
	kind string // config or commit
	text string // as the device prints it
}

// comment is what our locks and commits are named by.
func comment(p *targets.Push) string { return "nbfwc " + p.ID }

var pushComment = regexp.MustCompile(`[ "']nbfwc [A-Za-z0-9-]+["']?$`)

// words are those before the comment of a push, and the comment.
func (l lock) words() ([]string, string) {
	i := len(l.text)
	if at := pushComment.FindStringIndex(l.text); at != nil {
		i = at[0]
	}
	return strings.Fields(l.text[:i]), strings.Trim(l.text[i:], ` "'`)
}

// isOf says whether a lock was taken by the push.
func (l lock) isOf(p *targets.Push) bool {
	words, note := l.words()
	return p.ID != "" && note == comment(p) && contains(words, p.Admin)
}

// isLike says whether a lock is of our account, and not clearly of the push nor
// of another one.
func (l lock) isLike(p *targets.Push) bool {
	words, note := l.words()
	return contains(words, p.Admin) && note != comment(p) && strings.HasPrefix(comment(p), note)
}

// readLocks are the locks that anybody holds.
func readLocks(ctx context.Context, s targets.Session, p *targets.Push) ([]lock, error) {
	var out []lock
	for _, kind := range []string{"config", "commit"} {
		line := "show " + kind + "-locks"
		c := look(line)
		if p.Part.Context != "" {
			c.Line += " vsys all"
		}
		text, err := tell(ctx, s, operational, c)
		if err == nil && c.Line != line && strings.HasPrefix(strings.TrimSpace(text), "Invalid syntax.") {
			text, err = tell(ctx, s, operational, look(line))
		}
		if err != nil {
			return nil, err
		}
		rows, known := lockLines(text)
		for _, t := range rows {
			l := lock{kind, t}
			out = append(out, l)
			known = known || l.isOf(p)
		}
		if !known {
			return nil, fmt.Errorf("%q: the answer isn't a table of locks: %q", line, clean(text, maxShown))
		}
	}
	return out, nil
}

var (
	dashes  = regexp.MustCompile(`^[- ]*--[- ]*$`)
	noLocks = regexp.MustCompile(`(?i)^(?:there are )?no (?:config |commit )?locks\b.*$`)
)

// lockLines are the rows of the table of locks, each a lock, and whether the
// answer is known to be whole: a table that has rows, or nothing. Where it isn't
// a table every line counts.
func lockLines(text string) (rows []string, known bool) {
	table := false
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(line)
		switch {
		case dashes.MatchString(line):
			rows, table = nil, true
		case line != "" && !noLocks.MatchString(line):
			rows = append(rows, strings.Join(strings.Fields(line), " "))
		}
	}
	return rows, table == (len(rows) > 0)
}

// job is a row of the table of jobs.
type job struct {
	id                   int
	kind, status, result string
	said                 string // what follows the table
}

func (j job) String() string {
	return fmt.Sprintf("job %d (%s): %s %s", j.id, j.kind, j.status, j.result)
}

var (
	jobRow  = regexp.MustCompile(`^\d{4}/\d\d/\d\d \d\d:\d\d:\d\d +(?:\d\d:\d\d:\d\d +)?(\d{1,9}) +(?:\d+ +)?(\S+) +(ENQ|PEND|ACT|FIN) +([A-Z]+)\b.*$`)
	jobDate = regexp.MustCompile(`^\d{4}/\d\d/\d\d `)
)

// readJobs reads the table of jobs. What comes after it belongs to its last row.
func readJobs(text string) ([]job, error) {
	var out []job
	header, ruled := 0, false
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(line)
		switch m := jobRow.FindStringSubmatch(line); {
		case m != nil:
			id, err := strconv.Atoi(m[1])
			if err != nil {
				return nil, err
			}
			out = append(out, job{id: id, kind: m[2], status: m[3], result: m[4]})
		case jobDate.MatchString(line):
			return nil, fmt.Errorf("this row of the table of jobs isn't known: %q", clean(line, maxShown))
		case strings.HasPrefix(line, "Enqueued "):
			header = len(line)
		case dashes.MatchString(line) && len(out) == 0:
			ruled = 10*len(line) >= 9*header
		case line != "" && len(out) > 0:
			out[len(out)-1].said += line + "\n"
		}
	}
	if header == 0 || !ruled {
		return nil, fmt.Errorf("the answer isn't a table of jobs: %q", clean(text, maxShown))
	}
	return out, nil
}

// commits says whether a job of the kind changes, or looks at, the candidate or
// the running configuration.
var commits = regexp.MustCompile(`(?i)com|valid|revert|load|rollback`)

// activeJobs are commits and the like that have not finished.
func activeJobs(ctx context.Context, s targets.Session) ([]job, error) {
	text, err := ask(ctx, s, operational, look("show jobs all"))
	if err != nil {
		return nil, err
	}
	jobs, err := readJobs(text)
	if err != nil {
		return nil, fmt.Errorf(`"show jobs all": %w`, err)
	}
	var out []job
	for _, j := range jobs {
		if j.status != "FIN" && commits.MatchString(j.kind) {
			out = append(out, j)
		}
	}
	return out, nil
}

// mostPolls bounds how often a job is looked at: with the usual pause, two hours.
const mostPolls = 1440

// finished waits for a job and returns how it ended.
func (d Dialogue) finished(ctx context.Context, s targets.Session, id int) (job, error) {
	line := fmt.Sprintf("show jobs id %d", id)
	for range mostPolls {
		text, err := ask(ctx, s, operational, look(line))
		if err != nil {
			return job{}, err
		}
		jobs, err := readJobs(text)
		if err != nil {
			return job{}, fmt.Errorf("%q: %w", line, err)
		}
		if len(jobs) != 1 || jobs[0].id != id {
			return job{}, fmt.Errorf("%q: the answer is not about that job: %q", line, clean(text, maxShown))
		}
		if jobs[0].status == "FIN" {
			return jobs[0], nil
		}
		if err := d.pause(ctx); err != nil {
			return job{}, err
		}
	}
	return job{}, fmt.Errorf("job %d has not finished after %d looks at it", id, mostPolls)
}

// pause waits before the next look.
func (d Dialogue) pause(ctx context.Context) error {
	poll := d.Poll
	if poll == 0 {
		poll = 5 * time.Second
	}
	t := time.NewTimer(poll)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-t.C:
		return nil
	}
}

// idle waits until no commit runs or is queued, and says which ones it saw.
func (d Dialogue) idle(ctx context.Context, s targets.Session) ([]string, error) {
	var found []string
	for range mostPolls {
		jobs, err := activeJobs(ctx, s)
		if err != nil || len(jobs) == 0 {
			return found, err
		}
		j, err := d.finished(ctx, s, jobs[len(jobs)-1].id)
		if err != nil {
			return found, err
		}
		found = append(found, j.String()+"; it was waited for")
	}
	return found, fmt.Errorf("there were commits again and again")
}
