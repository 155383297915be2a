package panos

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// lock keeps other administrators from editing ("config") or committing
// ("commit") a part of the device.
type lock struct {
	kind, admin, scope, comment string
	at                          time.Time
}

const shared = "shared"

// scopeHere is the part that a session's locks are for.
func (s *Session) scopeHere() string {
	if s.target != "" {
		return s.target
	}
	return shared
}

func (d *Device) lockOn(kind, scope string) *lock {
	for i := range d.locks {
		if d.locks[i].kind == kind && d.locks[i].scope == scope {
			return &d.locks[i]
		}
	}
	return nil
}

// mayEdit says whether the candidate is free at a path.
func (s *Session) mayEdit(toks []token) error {
	for _, l := range s.d.locks {
		if l.kind != "config" || l.admin == s.admin {
			continue
		}
		at := s.scopeHere()
		if len(toks) > 1 && toks[0].text == "vsys" {
			at = toks[1].text
		}
		if l.scope == shared || len(toks) == 0 || l.scope == at {
			return refusal("Server error : Configuration is locked by " + l.admin)
		}
	}
	return nil
}

// mayCommit says whether others' locks allow a commit.
func (s *Session) mayCommit() error {
	for _, l := range s.d.locks {
		switch {
		case l.admin == s.admin:
		case l.kind == "config":
			return refusal("Server error : other administrators are holding config locks")
		case l.scope == shared:
			return refusal("Server error : other administrators are holding device wide commit locks")
		default:
			return refusal("Server error : other administrators are holding " + l.scope + " commit locks")
		}
	}
	return nil
}

// request takes and gives back locks.
func (s *Session) request(rest string) (string, error) {
	p := parser{r: reader{line: rest}}
	toks, err := p.tokens()
	if err != nil || len(toks) < 2 || len(toks)%2 != 0 {
		return "", errSyntax
	}
	l := lock{admin: s.admin, scope: s.scopeHere(), at: s.d.now()}
	for i := 2; i < len(toks); i += 2 {
		switch {
		case toks[i].is("comment") && toks[1].is("add"):
			l.comment = toks[i+1].text
		case toks[i].is("admin") && toks[1].is("remove"):
			l.admin = toks[i+1].text
		default:
			return "", errSyntax
		}
	}
	switch toks[0].text {
	case "config-lock":
		l.kind = "config"
	case "commit-lock":
		l.kind = "commit"
	default:
		return "", errSyntax
	}
	switch toks[1].text {
	case "add":
		return s.d.take(l)
	case "remove":
		return s.d.giveBack(l)
	}
	return "", errSyntax
}

func (d *Device) take(l lock) (string, error) {
	have := d.lockOn(l.kind, l.scope)
	switch {
	case have != nil && l.kind == "commit":
		return "", refusal("Commit lock is already held")
	case have != nil && have.admin == l.admin:
		return "", refusal("You already own a config lock for scope " + l.scope)
	case have != nil:
		return "", refusal("Config for scope " + l.scope + " is currently locked by " + have.admin)
	}
	d.locks = append(d.locks, l)
	blocks := "modify configuration for scope " + l.scope
	if l.kind == "commit" {
		blocks = "commit configuration for scope " + l.scope
	}
	return "Successfully acquired lock. Other administrators will not be able to " + blocks + " until lock is released\n", nil
}

func (d *Device) giveBack(l lock) (string, error) {
	have := d.lockOn(l.kind, l.scope)
	if have == nil || have.admin != l.admin {
		if l.kind == "commit" {
			return "", refusal("Commit lock is not currently held")
		}
		return "", refusal("Config is not currently locked for scope " + l.scope)
	}
	d.locks = slices.DeleteFunc(d.locks, func(x lock) bool { return x.kind == l.kind && x.scope == l.scope })
	return "Successfully removed lock\n", nil
}

// unlock ends the commit locks of an administrator who has committed.
func (d *Device) unlock(admin string) {
	d.locks = slices.DeleteFunc(d.locks, func(x lock) bool { return x.kind == "commit" && x.admin == admin })
}

func (d *Device) showLocks(kind string) string {
	var b strings.Builder
	for _, l := range d.locks {
		if l.kind != kind {
			continue
		}
		if b.Len() == 0 {
			fmt.Fprintf(&b, "%-16s %-10s %-20s %-9s %s\n%s\n", "Owner", "Scope", "Created", "Logged in", "Comment", strings.Repeat("-", 72))
		}
		in := "no"
		if slices.ContainsFunc(d.sessions, func(s *Session) bool { return s.admin == l.admin && !s.gone() }) {
			in = "yes"
		}
		fmt.Fprintf(&b, "%s\n", strings.TrimRight(fmt.Sprintf("%-16s %-10s %-20s %-9s %s", l.admin, l.scope, l.at.Format(stamp), in, l.comment), " "))
	}
	if b.Len() == 0 {
		return "no locks\n"
	}
	return b.String()
}

// Lock takes a lock as another administrator does; kind is "config" or
// "commit".
func (d *Device) Lock(kind, admin, comment string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.locks = append(d.locks, lock{kind: kind, admin: admin, scope: shared, comment: comment, at: d.now()})
}
