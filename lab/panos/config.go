package panos

import (
	"slices"
	"strings"
)

// config does a line of configuration mode.
func (s *Session) config(word, rest string) (string, error) {
	d := s.d
	if s.reader() && !slices.Contains([]string{"show", "run", "exit", "quit", "top", "up", "edit", "check"}, word) {
		return "", refusal("Unknown command: " + word)
	}
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

// reader says that the administrator changes nothing.
func (s *Session) reader() bool { return slices.Contains(s.d.opt.Readers, s.admin) }

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
	toks, err := s.tokens(rest)
	if err != nil {
		return err
	}
	if err := s.mayEdit(toks); err != nil {
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
	d.note(s, word, toks, do)
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
