package asa

import (
	"regexp"
	"slices"
	"strings"
)

// execWords are the commands of exec and of enable mode.
var execWords = map[modeKind][]string{
	modeExec: {"enable", "exit", "quit", "logout", "show", "terminal"},
	modeEnable: {"enable", "exit", "quit", "logout", "end", "show", "terminal", "configure", "disable", "write", "clear", "copy", "reload",
		"changeto", "more", "dir", "delete", "failover", "no"},
}

// exec runs a command of exec or enable mode.
func (c *call) exec(words []string) error {
	w, err := c.in.keyword(words...)
	if err != nil {
		return err
	}
	inConfig := c.s.mode.kind >= modeConfig
	switch w {
	case "show":
		return c.show()
	case "terminal":
		return c.terminal()
	case "write":
		return c.write()
	case "clear":
		return c.clear()
	case "copy":
		return c.copy()
	case "reload":
		return c.doReload()
	case "failover", "no":
		return c.failoverActive(w == "failover")
	case "changeto":
		return c.changeTo()
	case "more":
		return c.moreFile()
	case "dir":
		return c.dir()
	case "delete":
		return c.delete()
	case "configure":
		if c.in.peek() != "" {
			w, err := c.in.keyword("terminal", "session")
			if err != nil {
				return err
			}
			if w == "session" {
				return c.openDraft()
			}
		}
		if err := c.in.done(); err != nil {
			return err
		}
		if c.d.standby() {
			if err := c.d.part(); err != nil {
				return refusal(err.Error())
			}
			c.say(standbyWarning)
		}
		c.s.mode = mode{kind: modeConfig}
		return nil
	}
	if err := c.in.done(); err != nil {
		return err
	}
	switch {
	case w == "enable" && inConfig:
		return errIncomplete
	case w == "enable" && c.s.mode.kind == modeExec:
		c.s.mode.kind = modePassword
	case w == "disable":
		c.s.mode = mode{kind: modeExec}
	case w == "end" && !inConfig:
		return invalid(0)
	case w == "end":
		c.s.mode = mode{kind: modeEnable}
	case w == "exit" || w == "quit":
		c.leave()
	case w == "logout":
		c.logout()
	}
	return nil
}

// leave goes one mode up.
func (c *call) leave() {
	switch k := c.s.mode.kind; {
	case k == modePolicyClass:
		c.s.mode.kind, c.s.mode.class = modePolicyMap, ""
	case k > modeConfig:
		c.s.mode = c.s.top()
	case k == modeConfig:
		c.s.mode = mode{kind: modeEnable}
	default:
		c.logout()
	}
}

func (c *call) logout() {
	c.s.closed = true
	c.say("\nLogoff\n")
}

// terminal is "terminal pager" and, in configuration mode, "terminal width".
func (c *call) terminal() error {
	words := []string{"pager", "monitor", "no"}
	if c.s.mode.kind >= modeConfig {
		words = append(words, "width")
	}
	w, err := c.in.keyword(words...)
	if err != nil {
		return err
	}
	switch w {
	case "pager":
		c.in.accept("lines")
		n, err := c.in.number(0, 2147483)
		if err != nil {
			return err
		}
		if err := c.in.done(); err != nil {
			return err
		}
		c.s.pager = n
	case "width":
		at := c.in
		n, err := c.in.number(0, 511)
		if err != nil {
			return err
		}
		if n > 0 && n < 40 {
			return at.bad()
		}
		if err := c.in.done(); err != nil {
			return err
		}
		c.s.width = n
		c.s.mode = mode{kind: modeConfig}
		c.cfg.blocks = slices.DeleteFunc(c.cfg.blocks, func(b *block) bool { return strings.HasPrefix(b.top, "terminal width ") })
		if n != 80 {
			c.cfg.blocks = append(c.cfg.blocks, &block{top: "terminal width " + itoa(n), rank: rankHead})
		}
		c.changed()
	default:
		c.in.rest()
	}
	return nil
}

// clear is "clear configure" in configuration mode, and what resets counters
// and cuts connections.
func (c *call) clear() error {
	words := []string{"access-list", "conn", "local-host", "xlate", "session"}
	if c.s.mode.kind >= modeConfig {
		words = append(words, "configure")
	}
	if tok := c.in.peek(); len(tok) > len("configur") && strings.HasPrefix("configuration", strings.ToLower(tok)) && !strings.EqualFold(tok, "configure") {
		words = append(words, "configuration") // shorter it is configure
	}
	w, err := c.in.keyword(words...)
	if err != nil {
		return err
	}
	switch w {
	case "configure":
		return c.clearConfigure()
	case "access-list":
		n, err := c.in.word()
		if err != nil {
			return err
		}
		if _, err := c.in.keyword("counters"); err != nil {
			return err
		}
		a := c.cfg.acls[n]
		if a == nil {
			return refuse("ERROR: access-list <%s> does not exist", n)
		}
		for _, e := range a.lines {
			e.hits = 0
		}
		return c.in.done()
	case "conn":
		return c.clearConn()
	case "session":
		return c.clearDraft()
	case "configuration":
		return c.clearDrafts()
	}
	c.in.rest()
	return nil
}

func (c *call) clearConn() error {
	if c.in.end() {
		return errIncomplete
	}
	for !c.in.end() {
		w, err := c.in.keyword("all", "address", "port", "protocol", "netmask", "zone")
		if err != nil {
			return err
		}
		if w == "all" {
			continue
		}
		if _, err := c.in.word(); err != nil {
			return err
		}
	}
	c.say("0 connection(s) deleted.")
	return nil
}

func (c *call) clearConfigure() error {
	w, err := c.in.keyword("access-list", "access-group")
	if err != nil {
		return err
	}
	name := c.in.peek()
	if name != "" {
		c.in.at += len(name)
	}
	if err := c.in.done(); err != nil {
		return err
	}
	c.s.mode = c.s.top()
	if w == "access-group" {
		if name != "" {
			return c.at(name)
		}
		c.cfg.accessGroups = nil
		c.changed()
		return nil
	}
	if name != "" && c.cfg.acls[name] == nil {
		return refuse("ERROR: access-list <%s> does not exist", name)
	}
	for _, a := range slices.Clone(c.cfg.aclOrder) {
		if name != "" && a.name != name {
			continue
		}
		if err := c.dropACL(a); err != nil {
			return err
		}
		c.changed()
	}
	return nil
}

// filter is what stands after "|" of a show command.
func filter(text, word, pattern string) (string, bool) {
	if len(pattern) > 200 {
		return "", false
	}
	re, err := regexp.Compile(pattern)
	if err != nil {
		return "", false
	}
	var b strings.Builder
	begun := false
	for l := range strings.Lines(text) {
		hit := re.MatchString(strings.TrimRight(l, "\n"))
		begun = begun || hit
		if word == "include" && hit || word == "exclude" && !hit || word == "begin" && begun || word == "grep" && hit {
			b.WriteString(l)
		}
	}
	return b.String(), true
}

// help is the answer to "?".
func (d *Device) help(text string) string {
	return "\nERROR: % Unrecognized command\n"
}
