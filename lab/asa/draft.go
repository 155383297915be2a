package asa

import (
	"slices"
	"strings"
)

// draft is a configuration session: changes of access lists, objects and
// groups that come into force together.
type draft struct {
	name  string
	cfg   *config  // the configuration with the changes
	lines []string // that were taken
	undo  []string // the configuration before the commit, with revert-save
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
	e := &Device{opt: d.opt}
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
		if _, err := c.in.keyword("access-list", "object", "object-group"); err != nil {
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
	c.d.saved = false
	c.d.changed = "enable_15 at " + c.d.now()
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
	c.d.saved = false
	c.d.changed = "enable_15 at " + c.d.now()
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
	i := slices.IndexFunc(c.d.drafts, func(x *draft) bool { return x.name == n })
	if i < 0 {
		return refuse("ERROR: session %s does not exist", n)
	}
	c.d.drafts = slices.Delete(c.d.drafts, i, i+1)
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
