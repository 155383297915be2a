package panos

import (
	"fmt"
	"slices"
	"strings"
)

// config does a line of configuration mode.
func (s *Session) config(word, rest string) (string, error) {
	d := s.d
	switch word {
	case "set", "delete", "move", "rename", "copy":
		return "", s.change(word, rest)
	case "show":
		return s.show(rest)
	case "run":
		w, r, _ := strings.Cut(rest, " ")
		return s.op(w, strings.TrimSpace(r))
	case "exit", "quit":
		if s.edit != "" {
			s.edit = ""
			return "", nil
		}
		s.configure = false
		return "Exiting configuration mode\n", nil
	case "top":
		s.edit = ""
		return "", nil
	case "edit":
		toks, err := s.tokens(rest)
		if err != nil || len(toks) == 0 {
			return "", errSyntax
		}
		sc := d.scope(s.target)
		if at, err := sc.find(d.candidate, toks); err != nil || at.members != nil {
			return "", errSyntax
		}
		s.edit = strings.TrimSpace(s.edit + " " + rest)
		return "", nil
	case "commit":
		return s.commit(rest)
	case "validate":
		return s.validate(rest)
	case "check":
		if rest != "pending-changes" {
			return "", errSyntax
		}
		if d.candidate.same(d.running) {
			return "no\n", nil
		}
		return "yes\n", nil
	case "revert":
		return s.revert(rest)
	case "save", "load":
		return s.files(word, rest)
	case "request":
		return s.request(rest)
	}
	return "", refusal("Unknown command: " + word)
}

func (s *Session) tokens(rest string) ([]token, error) {
	p := parser{r: reader{line: strings.TrimSpace(s.edit + " " + rest)}}
	toks, err := p.tokens()
	for _, t := range toks {
		if !t.quoted && strings.Contains(t.text, "|") {
			return nil, errSyntax
		}
	}
	return toks, err
}

// change edits the candidate and remembers the edit for partial commits.
func (s *Session) change(word, rest string) error {
	d := s.d
	if d.configLock != "" && d.configLock != s.admin {
		return refusal("Server error : Configuration is locked by " + d.configLock)
	}
	toks, err := s.tokens(rest)
	if err != nil {
		return err
	}
	sc := d.scope(s.target)
	var do func(*node) error
	switch word {
	case "set":
		p := parser{scope: sc, r: reader{line: strings.TrimSpace(s.edit + " " + rest)}}
		acts, err := p.sets()
		if err != nil {
			return err
		}
		do = func(root *node) error { return apply(root, acts, false) }
	case "delete":
		do = func(root *node) error { return sc.deletes(root, toks) }
	case "move":
		do = func(root *node) error { return sc.moves(root, toks) }
	default:
		do = func(root *node) error { return sc.renames(root, toks, word == "copy") }
	}
	if err := do(d.candidate); err != nil {
		return err
	}
	d.pending = append(d.pending, change{s.admin, do})
	return nil
}

// show prints the candidate, or a part of it, in the format of the session.
func (s *Session) show(rest string) (string, error) {
	d := s.d
	toks, err := s.tokens(rest)
	if err != nil {
		return "", err
	}
	sc := d.scope(s.target)
	at, err := sc.find(d.candidate, toks)
	switch {
	case err != nil:
		return "", err
	case at.members != nil:
		return "", errSyntax
	case at.node == nil:
		return "", nil
	}
	w := printer{single: len(d.opt.MultiVsys) == 0}
	switch s.format {
	case "set":
		if len(toks) == 0 {
			return d.asSet(d.candidate), nil
		}
		prefix := "set"
		for _, p := range at.path {
			prefix += " " + quote(p)
		}
		w.set(at.node, prefix)
	case "xml":
		w.WriteString("<response status=\"success\"><result>\n")
		if len(toks) == 0 {
			w.WriteString(d.asXML(d.candidate))
		} else {
			w.xml(at.node, "  ")
		}
		w.WriteString("</result></response>\n")
	default:
		w.braces(at.node, "")
	}
	return w.String(), nil
}

// commit activates the candidate, or an administrator's part of it.
func (s *Session) commit(rest string) (string, error) {
	d := s.d
	toks, err := s.tokens(rest)
	if err != nil {
		return "", err
	}
	admin, force := "", false
	for i := 0; i < len(toks); i++ {
		switch {
		case toks[i].is("force"):
			force = true
		case toks[i].is("partial"):
		case toks[i].is("admin") && i+1 < len(toks):
			i++
			admin = toks[i].text
		case toks[i].is("description") && i+1 < len(toks):
			i++
		case (toks[i].is("device-and-network") || toks[i].is("shared-object") || toks[i].is("policy-and-objects")) && i+1 < len(toks) && toks[i+1].is("excluded"):
			i++
		default:
			return "", errSyntax
		}
	}
	switch f := &d.opt.Faults; {
	case f.AutoCommit && !force:
		return "", refusal(`Server error : Commit job was not queued since auto-commit not yet finished successfully. Please use "commit force" to schedule commit job`)
	case f.Busy > 0:
		f.Busy--
		return "", refusal("Another commit/validate is in progress. Please try again later")
	case d.commitLock != "" && d.commitLock != s.admin:
		return "", refusal("Server error : other administrators are holding device wide commit locks")
	case d.configLock != "" && d.configLock != s.admin:
		return "", refusal("Server error : other administrators are holding config locks")
	}
	next, left := d.candidate.copy(), []change(nil)
	var faults []string
	if admin != "" {
		next = d.running.copy()
		for _, c := range d.pending {
			if c.admin != admin {
				left = append(left, c)
			} else if err := c.do(next); err != nil {
				faults = append(faults, " "+err.Error())
			}
		}
	}
	if next.same(d.running) && len(faults) == 0 && !force {
		return "There are no changes to commit.\n", nil
	}
	faults = append(faults, d.check(next)...)
	if d.opt.Faults.CommitFail != "" {
		faults = append(faults, "Error: "+d.opt.Faults.CommitFail)
	}
	out := d.job("Commit", faults)
	if len(faults) == 0 {
		d.running, d.pending = next, left
		d.versions = append(d.versions, next.copy())
		d.commitLock = ""
	}
	if d.opt.Faults.DropCommit {
		s.closed = true
		return out[:strings.IndexByte(out, '\n')+1], nil
	}
	return out, nil
}

// job notes a job that has ended and returns what the screen shows of it.
func (d *Device) job(kind string, faults []string) string {
	j := job{id: len(d.jobs) + 2, kind: kind, ok: len(faults) == 0, detail: strings.Join(faults, "\n")}
	good, bad := "Configuration committed successfully", "Commit failed"
	if kind == "Validate" {
		good, bad = "Configuration is valid", "Configuration is invalid"
	}
	out := fmt.Sprintf("%s job %d is in progress. Use Ctrl+C to return to command prompt\n", kind, j.id)
	if j.ok {
		j.detail = good
		out += "......55%70%.98%........100%\n" + good + "\n\n"
	} else {
		out += "......55%\nValidation Error:\n" + j.detail + "\n(Module: device)\n" + bad + "\n\n"
	}
	d.jobs = append(d.jobs, j)
	return out
}

func (s *Session) validate(rest string) (string, error) {
	if rest != "full" && !strings.HasPrefix(rest, "partial admin ") {
		return "", errSyntax
	}
	return s.d.job("Validate", s.d.check(s.d.candidate)), nil
}

// revert makes the candidate the running configuration again, or takes the
// edits of an administrator back.
func (s *Session) revert(rest string) (string, error) {
	d := s.d
	admin, partial := strings.CutPrefix(rest, "config partial admin ")
	admin = strings.Trim(admin, "[ ]")
	if rest != "config" && (!partial || admin == "") {
		return "", errSyntax
	}
	next, left := d.running.copy(), []change(nil)
	for _, c := range d.pending {
		if partial && c.admin != admin {
			if err := c.do(next); err != nil {
				return "", refusal("Server error : " + err.Error())
			}
			left = append(left, c)
		}
	}
	d.candidate, d.pending = next, left
	return "", nil
}

func (s *Session) files(word, rest string) (string, error) {
	d, f := s.d, strings.Fields(rest)
	var from *node
	switch {
	case word == "save" && len(f) == 3 && f[0] == "config" && f[1] == "to":
		d.saved[f[2]] = d.candidate.copy()
		return "Config saved to " + f[2] + "\n", nil
	case word == "save":
		return "", errSyntax
	case len(f) == 3 && f[0] == "config" && f[1] == "from":
		from = d.saved[f[2]]
	case len(f) == 3 && f[0] == "config" && f[1] == "version":
		if n, ok := decimal(f[2]); ok && n >= 1 && n <= len(d.versions) {
			from = d.versions[n-1]
		}
	default:
		return "", errSyntax
	}
	switch {
	case from == nil:
		return "", refusal("Server error : " + f[2] + " does not exist")
	case d.configLock != "" && d.configLock != s.admin:
		return "", refusal("Server error : Configuration is locked by " + d.configLock)
	}
	from = from.copy()
	d.candidate = from.copy()
	do := func(root *node) error {
		*root = *from.copy()
		root.each(func(k *node) { k.parent = root })
		return nil
	}
	d.pending = append(d.pending, change{s.admin, do})
	return "Config loaded from " + f[2] + "\n", nil
}

// request takes and gives back locks.
func (s *Session) request(rest string) (string, error) {
	d, f := s.d, strings.Fields(rest)
	if len(f) < 2 || f[1] != "add" && f[1] != "remove" || len(f) > 2 && f[2] != "comment" {
		return "", errSyntax
	}
	lock, held, free := &d.configLock, "You already own a config lock for scope shared", "Config is not currently locked for scope shared"
	if f[0] == "commit-lock" {
		lock, held, free = &d.commitLock, "Commit lock is already held", "Commit lock is not currently held"
	} else if f[0] != "config-lock" {
		return "", errSyntax
	}
	switch {
	case f[1] == "add" && *lock == s.admin, f[1] == "add" && *lock != "" && f[0] == "commit-lock":
		return "", refusal(held)
	case f[1] == "add" && *lock != "":
		return "", refusal("Config for scope shared is currently locked by " + *lock)
	case f[1] == "add":
		*lock = s.admin
		return "Successfully acquired lock\n", nil
	case *lock != s.admin:
		return "", refusal(free)
	}
	*lock = ""
	return "Successfully removed lock\n", nil
}

var formats = []string{"default", "set", "xml"}

// op does a line of operational mode.
func (s *Session) op(word, rest string) (string, error) {
	d := s.d
	switch word {
	case "configure":
		if s.configure || rest != "" {
			return "", errSyntax
		}
		s.configure = true
		return "Entering configuration mode\n", nil
	case "exit", "quit":
		s.closed = true
		return "", nil
	case "set":
		return s.settings(strings.Fields(rest))
	case "request":
		return s.request(rest)
	case "show":
		f := strings.Fields(rest)
		switch {
		case rest == "config running":
			return d.asXML(d.running), nil
		case rest == "system info":
			return "hostname: " + d.hostname() + "\nsw-version: " + d.opt.Version + "\n", nil
		case rest == "config-locks":
			return locks(d.configLock), nil
		case rest == "commit-locks":
			return locks(d.commitLock), nil
		case len(f) >= 2 && f[0] == "jobs":
			return d.showJobs(f[1:])
		case len(f) == 8 && f[0] == "rule-hit-count" && f[7] == "all":
			return d.showHits(f[3])
		}
		return "", errSyntax
	}
	return "", refusal("Unknown command: " + word)
}

func locks(owner string) string {
	if owner == "" {
		return "no locks\n"
	}
	return "shared " + owner + "\n"
}

func (s *Session) settings(f []string) (string, error) {
	switch {
	case len(f) == 3 && f[0] == "cli" && f[1] == "config-output-format":
		if !slices.Contains(formats, f[2]) {
			return "", errSyntax
		}
		s.format = f[2]
	case len(f) == 3 && f[0] == "cli" && (f[1] == "scripting-mode" || f[1] == "pager" || f[1] == "confirmation-prompt") && (f[2] == "on" || f[2] == "off"):
	case len(f) == 4 && f[0] == "cli" && f[1] == "terminal" && (f[2] == "width" || f[2] == "height"):
		if _, ok := decimal(f[3]); !ok {
			return "", errSyntax
		}
	case len(f) == 4 && f[0] == "system" && f[1] == "setting" && f[2] == "target-vsys" && len(s.d.opt.MultiVsys) > 0:
		if f[3] != "none" && !slices.Contains(s.d.opt.MultiVsys, f[3]) {
			return "", errSyntax
		}
		s.target = strings.TrimPrefix(f[3], "none")
		return "Session target vsys changed to " + f[3] + "\n", nil
	default:
		return "", errSyntax
	}
	return "", nil
}

func (d *Device) showJobs(f []string) (string, error) {
	if f[0] != "all" && (f[0] != "id" || len(f) != 2) {
		return "", errSyntax
	}
	var b strings.Builder
	b.WriteString("Enqueued              Dequeued           ID  PositionInQ   Type      Status Result Completed\n" + strings.Repeat("-", 90) + "\n")
	found := false
	for _, j := range slices.Backward(d.jobs) {
		if f[0] == "id" && f[1] != fmt.Sprint(j.id) {
			continue
		}
		found = true
		result := "FAIL"
		if j.ok {
			result = "OK"
		}
		fmt.Fprintf(&b, "2024/01/02 03:04:05   03:04:05     %8d              %9s      FIN %6s 03:04:09\n", j.id, j.kind, result)
		if f[0] == "id" {
			b.WriteString("Warnings:\nDetails:\n" + j.detail + "\n")
		}
	}
	if !found && f[0] == "id" {
		return "", refusal("Server error : job " + f[1] + " not found")
	}
	return b.String(), nil
}

func (d *Device) showHits(vsys string) (string, error) {
	n := d.running.at("vsys", vsys)
	if n == nil && len(d.opt.MultiVsys) > 0 && !slices.Contains(d.opt.MultiVsys, vsys) {
		return "", errSyntax
	}
	var b strings.Builder
	b.WriteString("Rule Name                       Hit Count   Last Hit Timestamp\n" + strings.Repeat("-", 63) + "\n")
	line := func(name string) { fmt.Fprintf(&b, "%-31s %-11d -\n", name, d.hits[name]) }
	n.at("rulebase", "security", "rules").each(func(r *node) { line(r.word) })
	line("intrazone-default")
	line("interzone-default")
	return b.String(), nil
}
