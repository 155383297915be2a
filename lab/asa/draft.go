package asa

import (
	"slices"
	"strings"
)

// draft is a configuration session: changes of access lists, objects and
// groups that come into force together.
type draft struct {
	name  string
	cfg   *config         // the configuration with the changes
	lines []string        // that were taken
	undo  []string        // the configuration before the commit, with revert-save
	made  map[string]bool // objects and groups that were created here
}

const (
	mostDrafts     = 3
	draftNameLimit = 32
)

// draftWords are the commands of a configuration session.
var draftWords = []string{"access-list", "object", "object-group", "no", "commit", "abort", "revert", "show", "exit", "quit", "end", "clear"}

// current is the configuration that the session changes.
func (s *Session) current() *config {
	if s.draft != nil {
		return s.draft.cfg
	}
	return s.d.cfg
}

// top is the mode that global commands are typed in.
func (s *Session) top() mode {
	if s.draft != nil {
		return mode{kind: modeDraft}
	}
	return mode{kind: modeConfig}
}

// reread makes a configuration of its printed lines.
func (d *Device) reread(body []string) (*config, error) {
	e := &Device{box: d.box, name: d.name}
	if err := e.load(strings.Join(body, "\n")); err != nil {
		return nil, err
	}
	e.cfg.version = d.cfg.version
	return e.cfg, nil
}

// openDraft is "configure session NAME".
func (c *call) openDraft() error {
	n, err := c.in.name(draftNameLimit)
	if err != nil {
		return err
	}
	if err := c.in.done(); err != nil {
		return err
	}
	x := find(c.d.drafts, func(x *draft) bool { return x.name == n })
	if x == nil {
		if len(c.d.drafts) >= mostDrafts {
			return refuse("ERROR: Only %d configuration sessions are allowed", mostDrafts)
		}
		cfg, err := c.d.reread(c.cfg.body())
		if err != nil {
			return refusal(err.Error())
		}
		x = &draft{name: n, cfg: cfg}
		c.d.drafts = append(c.d.drafts, x)
	}
	c.s.draft = x
	c.s.mode = mode{kind: modeDraft}
	return nil
}

// draftCommand runs a line in a configuration session. It returns false if the
// line is an ordinary command that may stand there.
func (c *call) draftCommand() (bool, error) {
	start := c.in.at
	w, err := c.in.keyword(draftWords...)
	if err != nil {
		return true, err
	}
	switch w {
	case "commit":
		return true, c.commit()
	case "abort":
		return true, c.abandon()
	case "revert":
		return true, c.revert()
	case "no":
		w, err := c.in.keyword("access-list", "object", "object-group")
		if err != nil {
			return true, err
		}
		if err := c.editable(w); err != nil {
			return true, err
		}
	case "access-list", "object", "object-group":
		if err := c.editable(w); err != nil {
			return true, err
		}
	case "end":
		c.s.draft = nil
	case "exit", "quit":
		if c.s.mode.kind == modeDraft {
			c.s.draft = nil
			c.s.mode = mode{kind: modeEnable}
			return true, c.in.done()
		}
	}
	c.in.at = start
	return false, nil
}

// editable says whether the list, object or group that comes next may be edited
// in a configuration session: a list that only access-groups name, and nothing
// that was created in it.
func (c *call) editable(what string) error {
	in := c.in // nothing is read
	name, err := in.word()
	if err != nil {
		return err
	}
	if what == "access-list" {
		if by := c.cfg.otherUser(name); by != "" {
			return refuse("ERROR: access-list <%s> is used by %s and can't be edited in a configuration session", name, by)
		}
		return nil
	}
	if name, err = in.word(); err != nil {
		return nil // the command says so itself
	}
	x := c.s.draft
	if x.made[name] && (c.cfg.objects[name] != nil || c.cfg.groups[name] != nil) {
		return refuse("ERROR: %s (%s) was created in this configuration session and can't be edited in it", what, name)
	}
	if c.cfg.objects[name] == nil && c.cfg.groups[name] == nil {
		if x.made == nil {
			x.made = map[string]bool{}
		}
		x.made[name] = true
	}
	return nil
}

// otherUser is what uses an access list beside access-groups, "" if nothing
// does.
func (cfg *config) otherUser(list string) string {
	for _, m := range cfg.classMaps {
		if m.matches(list) {
			return "class-map " + m.name
		}
	}
	for _, b := range cfg.blocks {
		for _, l := range append([]string{b.top}, b.subs...) {
			if f := strings.Fields(l); f[0] != "access-list" && f[0] != "banner" && f[0] != "description" && slices.Contains(f[1:], list) {
				return b.top
			}
		}
	}
	return ""
}

func (c *call) leaveDraft() {
	c.d.drafts = without(c.d.drafts, c.s.draft)
	c.s.draft = nil
	c.s.mode = mode{kind: modeEnable}
}

// commit is "commit noconfirm [revert-save | config-save]". All lines come into
// force, or none.
func (c *call) commit() error {
	if _, err := c.in.keyword("noconfirm"); err != nil {
		return err
	}
	save := c.in.accept("revert-save", "config-save")
	if err := c.in.done(); err != nil {
		return err
	}
	x := c.s.draft
	if c.d.opt.Faults.CommitFails {
		return refuse("ERROR: commit of session %s failed", x.name)
	}
	if save == "config-save" {
		if err := c.write0("config-session-"+x.name+".cfg", c.d.running()); err != nil {
			return err
		}
	}
	before := c.d.cfg.body()
	cfg, err := c.d.reread(before)
	if err != nil {
		return refusal(err.Error())
	}
	replay := &Session{d: c.d, draft: &draft{cfg: cfg}, mode: mode{kind: modeDraft}}
	for _, l := range x.lines {
		if a := replay.run(l); replay.Refused(a) {
			return refuse("ERROR: commit of session %s failed at: %s\n%s", x.name, l, strings.TrimSuffix(a, "\n"))
		}
	}
	c.d.cfg = cfg
	c.leaveDraft()
	c.d.changedBy(c.s.user())
	c.d.mirror(mode{kind: modeConfig}, x.lines...)
	if save == "revert-save" {
		c.d.drafts = append(c.d.drafts, &draft{name: x.name, cfg: cfg, undo: before})
	}
	return nil
}

// abandon is "abort".
func (c *call) abandon() error {
	if err := c.in.done(); err != nil {
		return err
	}
	c.leaveDraft()
	return nil
}

// revert puts back what was before a commit with revert-save.
func (c *call) revert() error {
	if err := c.in.done(); err != nil {
		return err
	}
	if c.s.draft.undo == nil {
		return refuse("ERROR: session %s has nothing to revert", c.s.draft.name)
	}
	cfg, err := c.d.reread(c.s.draft.undo)
	if err != nil {
		return refusal(err.Error())
	}
	c.d.cfg = cfg
	c.leaveDraft()
	c.d.changedBy(c.s.user())
	return nil
}

// clearDraft is "clear session NAME".
func (c *call) clearDraft() error {
	n, err := c.in.word()
	if err != nil {
		return err
	}
	c.in.accept("configuration")
	if err := c.in.done(); err != nil {
		return err
	}
	return c.dropDraft(n)
}

// clearDrafts is "clear configuration session [NAME]".
func (c *call) clearDrafts() error {
	if _, err := c.in.keyword("session"); err != nil {
		return err
	}
	n := c.in.peek()
	c.in.at += len(n)
	if err := c.in.done(); err != nil {
		return err
	}
	if n != "" {
		return c.dropDraft(n)
	}
	for len(c.d.drafts) > 0 {
		if err := c.dropDraft(c.d.drafts[0].name); err != nil {
			return err
		}
	}
	return nil
}

// dropDraft removes a configuration session, which throws out whoever is in it.
func (c *call) dropDraft(name string) error {
	x := find(c.d.drafts, func(x *draft) bool { return x.name == name })
	if x == nil {
		return refuse("ERROR: session %s does not exist", name)
	}
	c.d.drafts = without(c.d.drafts, x)
	for s := range c.d.sessions {
		if s.draft == x {
			s.draft = nil
			s.mode = mode{kind: modeEnable}
		}
	}
	return nil
}

// showDrafts is "show configuration session [NAME]".
func (c *call) showDrafts() error {
	if _, err := c.in.keyword("session"); err != nil {
		return err
	}
	n := c.in.peek()
	c.in.at += len(n)
	if err := c.in.done(); err != nil {
		return err
	}
	for _, x := range c.d.drafts {
		if n != "" && x.name != n {
			continue
		}
		c.say("config-session %s", x.name)
		for _, l := range x.lines {
			c.say("%s", l)
		}
	}
	return nil
}
