package panos

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// version is a configuration that was committed.
type version struct {
	root    *node
	at      time.Time
	admin   string
	job     int
	comment string
}

// revert makes the candidate the running configuration again, or takes the
// edits of an administrator back.
func (s *Session) revert(rest string) (string, error) {
	d := s.d
	word, more, _ := strings.Cut(rest, " ")
	w, err := s.commitWords(more)
	if word != "config" || err != nil || w.full || w.force || w.description != "" {
		return "", errSyntax
	}
	if err := s.mayEdit(nil); err != nil {
		return "", err
	}
	if len(d.queue) > 0 {
		return "", errBusyEdit
	}
	next, left := d.running.copy(), []change(nil)
	for _, c := range d.pending {
		if len(w.admins) == 0 || slices.Contains(w.admins, c.admin) {
			continue
		}
		if err := c.do(next); err != nil {
			return "", refusal("Server error : " + err.Error())
		}
		left = append(left, c)
	}
	d.candidate, d.pending = next, left
	return "", nil
}

const longestFile = 64

// files is "save config" and "load config".
func (s *Session) files(word, rest string) (string, error) {
	d := s.d
	toks, err := s.tokens(rest)
	if err != nil || len(toks) < 2 || toks[0].text != "config" || len(toks) > 3 {
		return "", errSyntax
	}
	name := toks[len(toks)-1].text
	if name == "" || len(name) > longestFile || strings.ContainsAny(name, "/ ") {
		return "", errSyntax
	}
	var from *node
	switch how := toks[1].text; {
	case word == "save" && how == "to" && len(toks) == 3:
		if d.opt.Faults.DiskFull {
			return "", refusal("Server error : Failed to save config to " + name + ": No space left on device")
		}
		d.saved[name] = d.candidate.copy()
		return "Config saved to " + name + "\n", nil
	case word == "save":
		return "", errSyntax
	case how == "from" && len(toks) == 3:
		if from = d.saved[name]; name == "running-config.xml" {
			from = d.running
		}
	case how == "version" && len(toks) == 3:
		if n, ok := decimal(name); ok && n >= 1 && n <= len(d.versions) {
			from = d.versions[n-1].root
		}
	case how == "last-saved" && len(toks) == 2:
		from = d.running
	default:
		return "", errSyntax
	}
	if from == nil {
		return "", refusal("Server error : " + name + " does not exist")
	}
	if err := s.mayEdit(nil); err != nil {
		return "", err
	}
	d.load(s, from)
	return "Config loaded from " + name + "\n", nil
}

// load makes a configuration the candidate.
func (d *Device) load(s *Session, from *node) {
	from = from.copy()
	d.candidate = from.copy()
	d.note(s, "load", nil, func(root *node) error {
		*root = *from.copy()
		root.each(func(k *node) { k.parent = root })
		return nil
	})
}

// remove is "delete config saved".
func (s *Session) remove(f []string) (string, error) {
	if len(f) != 3 || f[0] != "config" || f[1] != "saved" {
		return "", errSyntax
	}
	if s.d.saved[f[2]] == nil {
		return "", refusal("Server error : " + f[2] + " does not exist")
	}
	delete(s.d.saved, f[2])
	return "successfully removed " + f[2] + "\n", nil
}

// Saved are the names of the configurations that were saved.
func (d *Device) Saved() []string {
	d.mu.Lock()
	defer d.mu.Unlock()
	var names []string
	for n := range d.saved {
		names = append(names, n)
	}
	slices.Sort(names)
	return names
}

// audit lists the versions, the newest first.
func (d *Device) audit() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%-8s %-20s %-6s %-16s %s\n%s\n", "Version", "Date", "Job", "Admin", "Description", strings.Repeat("-", 72))
	for i, v := range slices.Backward(d.versions) {
		fmt.Fprintf(&b, "%s\n", strings.TrimRight(fmt.Sprintf("%-8d %-20s %-6d %-16s %s", i+1, v.at.Format(stamp), v.job, v.admin, v.comment), " "))
	}
	return b.String()
}
