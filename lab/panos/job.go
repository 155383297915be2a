package panos

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

const stamp = "2006/01/02 15:04:05"

type jobState uint8

const (
	enqueued jobState = iota
	active
	finished
)

// job is a commit, a validation or what the other unit of a pair sends.
type job struct {
	id                     int
	kind, admin, comment   string
	state                  jobState
	ok                     bool
	faults, warnings       []string
	enqueued, began, ended time.Time
	until                  time.Time // by the clock
	lines                  int       // that it lasts yet
	polls                  int
	prepare                func() *node // what is checked
	done                   func(*node)  // what follows when nothing is wrong
	next                   *node
}

// commitWords is what follows "commit" or "validate".
type commitWords struct {
	admins      []string
	description string
	force, full bool
}

func (s *Session) commitWords(rest string) (w commitWords, err error) {
	toks, err := s.tokens(rest)
	if err != nil {
		return w, err
	}
	partial := false
	for i := 0; i < len(toks); i++ {
		more := i+1 < len(toks)
		switch t := toks[i]; {
		case t.is("force"):
			w.force = true
		case t.is("full"):
			w.full = true
		case t.is("partial"):
			partial = true
		case t.is("admin") && partial && more:
			i++
			if !toks[i].is("[") {
				w.admins = append(w.admins, toks[i].text)
				continue
			}
			for i++; i < len(toks) && !toks[i].is("]"); i++ {
				w.admins = append(w.admins, toks[i].text)
			}
		case t.is("description") && more:
			i++
			if w.description = toks[i].text; len(w.description) > 512 {
				return w, errSyntax
			}
		case (t.is("device-and-network") || t.is("shared-object") || t.is("policy-and-objects")) && partial && more && toks[i+1].is("excluded"):
			i++
		default:
			return w, errSyntax
		}
	}
	if partial && len(w.admins) == 0 || w.full && partial {
		return w, errSyntax
	}
	return w, nil
}

// busy says that the device takes no job now.
func (d *Device) busy() error {
	f := &d.opt.Faults
	if f.Busy > 0 {
		f.Busy--
		return errBusy
	}
	if f.NoQueue && len(d.queue) > 0 {
		return errBusy
	}
	return nil
}

const (
	errBusy     refusal = "Another commit/validate is in progress. Please try again later"
	errBusyEdit refusal = "Server error : A commit is in progress."
)

// part returns the changes that a commit of these administrators takes, all
// of them if none are named, and the configuration that it makes: the candidate
// itself if there are no others.
func (d *Device) part(admins []string) (own map[int]bool, make func() (*node, []string)) {
	own = map[int]bool{}
	var changes []change
	for _, c := range d.pending {
		if len(admins) == 0 || slices.Contains(admins, c.admin) {
			own[c.seq] = true
			changes = append(changes, c)
		}
	}
	if len(changes) == len(d.pending) {
		whole := d.candidate.copy()
		return own, func() (*node, []string) { return whole, nil }
	}
	return own, func() (next *node, faults []string) {
		next = d.running.copy()
		for _, c := range changes {
			if err := c.do(next); err != nil {
				faults = append(faults, " "+err.Error())
			}
		}
		return next, faults
	}
}

// commit activates the candidate, or an administrator's part of it.
func (s *Session) commit(rest string) (string, error) {
	d := s.d
	w, err := s.commitWords(rest)
	if err != nil || w.full {
		return "", errSyntax
	}
	if d.opt.Faults.AutoCommit && !w.force {
		return "", refusal(`Server error : Commit job was not queued since auto-commit not yet finished successfully. Please use "commit force" to schedule commit job`)
	}
	if err := d.busy(); err != nil {
		return "", err
	}
	if err := s.mayCommit(); err != nil {
		return "", err
	}
	own, build := d.part(w.admins)
	if next, faults := build(); len(d.queue) == 0 && next.same(d.running) && len(faults) == 0 && !w.force {
		if d.opt.Faults.SameCommit {
			return "The result of this commit would be the same as the previous commit queued/processed.\nNo edits have been made between these subsequent commits.\nPlease check the previous commit status. If still needed, use commit force instead.\n", nil
		}
		return "There are no changes to commit.\n", nil
	}
	j := d.newJob("Commit", s.admin, w.description)
	j.prepare = func() *node {
		next, faults := build()
		j.faults = append(faults, d.check(next)...)
		if t := d.opt.Faults.ValidateFail; t != "" {
			j.faults = append(j.faults, t)
		}
		if t := d.opt.Faults.CommitFail; t != "" {
			j.faults = append(j.faults, "Error: "+t)
		}
		j.warnings = d.opt.Faults.CommitWarn
		return next
	}
	j.done = func(next *node) {
		d.running = next
		d.pending = slices.DeleteFunc(slices.Clone(d.pending), func(c change) bool { return own[c.seq] })
		d.versions = append(d.versions, version{next.copy(), d.now(), j.admin, j.id, j.comment})
		d.unlock(j.admin)
		d.sync()
	}
	return s.wait(j), nil
}

// validate checks what a commit would activate.
func (s *Session) validate(rest string) (string, error) {
	d := s.d
	w, err := s.commitWords(rest)
	if err != nil || w.full == (len(w.admins) > 0) || w.force {
		return "", errSyntax
	}
	if err := d.busy(); err != nil {
		return "", err
	}
	_, build := d.part(w.admins)
	j := d.newJob("Validate", s.admin, "")
	j.prepare = func() *node {
		next, faults := build()
		j.faults = append(faults, d.check(next)...)
		if t := d.opt.Faults.ValidateFail; t != "" {
			j.faults = append(j.faults, t)
		}
		return next
	}
	return s.wait(j), nil
}

// newJob puts a job in the queue.
func (d *Device) newJob(kind, admin, comment string) *job {
	j := &job{id: len(d.jobs) + 2, kind: kind, admin: admin, comment: comment, enqueued: d.now()}
	d.jobs, d.queue = append(d.jobs, j), append(d.queue, j)
	return j
}

// settle begins and ends the jobs whose time has come.
func (d *Device) settle() {
	for len(d.queue) > 0 {
		j := d.queue[0]
		if j.state == enqueued {
			j.state, j.began = active, d.now()
			j.lines, j.until = d.opt.Faults.JobLines, d.clock().Add(d.opt.Faults.JobTime)
			j.next = j.prepare()
		}
		if j.lines > 0 || d.clock().Before(j.until) {
			return
		}
		j.state, j.ended, j.ok = finished, d.now(), len(j.faults) == 0
		d.queue = d.queue[1:]
		if j.ok && j.done != nil {
			j.done(j.next)
		}
		j.prepare, j.done, j.next = nil, nil, nil
	}
}

// wait returns what the screen shows of a job: all of it if the session waits
// for its end.
func (s *Session) wait(j *job) string {
	d := s.d
	head := fmt.Sprintf("\n%s job %d is in progress. Use Ctrl+C to return to command prompt\n", j.kind, j.id)
	d.settle()
	if d.opt.Faults.DropCommit {
		s.closed = true
		return head
	}
	if d.opt.Faults.JobLines > 0 {
		return head + "......\n"
	}
	s.interrupted = false
	for j.state != finished {
		d.mu.Unlock()
		time.Sleep(2 * time.Millisecond)
		d.mu.Lock()
		d.settle()
		if s.interrupted || s.gone() {
			return head + "......\n"
		}
	}
	return head + j.screen()
}

// Interrupt is Ctrl-C: the session no longer waits for its job, which goes on.
func (s *Session) Interrupt() {
	s.d.mu.Lock()
	defer s.d.mu.Unlock()
	s.interrupted = true
}

// screen is what is shown of a job that has ended.
func (j *job) screen() string {
	good, bad := "Configuration committed successfully", "Commit failed"
	if j.kind == "Validate" {
		good, bad = "Configuration is valid", "Configuration is invalid"
	}
	var b strings.Builder
	if j.ok {
		b.WriteString("......55%70%.98%........100%\n")
		for _, w := range j.warnings {
			b.WriteString(w + "\n")
		}
		if len(j.warnings) > 0 {
			b.WriteString("(Module: device)\n")
		}
		return b.String() + good + "\n\n"
	}
	b.WriteString("......55%\n")
	if len(j.faults) > 1 || !strings.HasPrefix(j.faults[0], "Error: ") {
		b.WriteString("Validation Error:\n")
	}
	return b.String() + strings.Join(j.faults, "\n") + "\n(Module: device)\n" + bad + "\n\n"
}

// details is what "show jobs id" says at the end.
func (j *job) details() string {
	var b strings.Builder
	b.WriteString("Warnings:\n")
	for _, w := range j.warnings {
		b.WriteString(w + "\n")
	}
	b.WriteString("Details:\n")
	switch {
	case j.state != finished:
	case !j.ok:
		b.WriteString(strings.Join(j.faults, "\n") + "\n")
	case j.kind == "Validate":
		b.WriteString("Configuration is valid\n")
	default:
		b.WriteString("Configuration committed successfully\n")
	}
	return b.String()
}

func (d *Device) showJobs(f []string) (string, error) {
	list := slices.Clone(d.jobs)
	slices.Reverse(list)
	switch {
	case len(f) == 1 && f[0] == "all":
	case len(f) == 1 && f[0] == "pending":
		list = slices.DeleteFunc(list, func(j *job) bool { return j.state == finished })
	case len(f) == 1 && f[0] == "processed":
		list = slices.DeleteFunc(list, func(j *job) bool { return j.state != finished })
	case len(f) == 2 && f[0] == "id":
		n, ok := decimal(f[1])
		if !ok {
			return "", errSyntax
		}
		list = slices.DeleteFunc(list, func(j *job) bool { return j.id != n })
		if len(list) == 0 {
			return "", refusal("Server error : job " + f[1] + " not found")
		}
	default:
		return "", errSyntax
	}
	var b strings.Builder
	b.WriteString("Enqueued              Dequeued           ID  PositionInQ   Type      Status Result Completed\n" + strings.Repeat("-", 90) + "\n")
	for _, j := range list {
		b.WriteString(d.row(j) + "\n")
	}
	if f[0] == "id" {
		b.WriteString(list[0].details())
	}
	return b.String(), nil
}

// row is a line of the table of jobs.
func (d *Device) row(j *job) string {
	place, begun, state, result, completed := "", "", "ENQ", "PEND", "0%"
	switch j.state {
	case enqueued:
		place = strconv.Itoa(slices.Index(d.queue, j))
	case active:
		j.polls++
		state, completed = "ACT", []string{"0%", "55%", "70%", "98%"}[min(j.polls, 3)]
	case finished:
		state, result, completed = "FIN", "FAIL", j.ended.Format("15:04:05")
		if j.ok {
			result = "OK"
		}
	}
	if j.state != enqueued {
		begun = j.began.Format("15:04:05")
	}
	return fmt.Sprintf("%s   %-8s     %8d  %-11s %9s      %s %6s %s", j.enqueued.Format(stamp), begun, j.id, place, j.kind, state, result, completed)
}
