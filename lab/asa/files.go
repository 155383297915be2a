package asa

import (
	"slices"
	"strings"
)

const (
	mostFiles = 64
	mostBytes = 64 << 20 // on disk0:
)

// onDisk is the name of a file on disk0:, "" if it is elsewhere.
func onDisk(url string) string {
	for _, p := range []string{"disk0:", "flash:"} {
		if rest, ok := strings.CutPrefix(strings.ToLower(url), p); ok {
			return strings.TrimPrefix(url[len(url)-len(rest):], "/")
		}
	}
	return ""
}

// copy is "copy [/noconfirm] FROM TO" between the configurations and disk0:.
func (c *call) copy() error {
	sure := c.in.accept("/noconfirm") != ""
	fromAt := c.in
	from, err := c.in.word()
	if err != nil {
		return err
	}
	toAt := c.in
	to, err := c.in.word()
	if err != nil {
		return err
	}
	if err := c.in.done(); err != nil {
		return err
	}
	place := func(w string) string {
		p, more := choose(w, []string{"running-config", "startup-config"})
		if p == "" && !more && onDisk(w) != "" {
			p = w
		}
		return p
	}
	if from = place(from); from == "" {
		return fromAt.bad()
	}
	if to = place(to); to == "" {
		return toAt.bad()
	}
	if sure {
		return c.transfer(from, to)
	}
	c.say("")
	c.s.ask("Source filename ["+short(from)+"]? ", func(c *call, _ string) error {
		if short(to) == to {
			return c.transfer(from, to)
		}
		c.say("")
		c.s.ask("Destination filename ["+short(to)+"]? ", func(c *call, _ string) error { return c.transfer(from, to) })
		return nil
	})
	return nil
}

// short is the name that a question proposes.
func short(place string) string {
	if n := onDisk(place); n != "" {
		return n
	}
	return place
}

func (c *call) transfer(from, to string) error {
	if from == to {
		return refuse("%%Error copying %s (Source and destination are the same)", from)
	}
	if from == "running-config" && to == "startup-config" {
		return c.save()
	}
	text, err := c.read(from)
	if err != nil {
		return err
	}
	switch {
	case to == "startup-config":
		if _, err := c.d.reread(strings.Split(text, "\n")); err != nil {
			return refuse("%%Error copying %s (%s)", from, err)
		}
		c.d.keep(body(text), checksum(strings.Split(strings.TrimSuffix(body(text), "\n"), "\n")), c.s.who)
		c.d.saved = c.d.startup == strings.Join(c.cfg.body(), "\n")+"\n"
	case to == "running-config":
		return c.merge(text)
	default:
		return c.write0(onDisk(to), text)
	}
	c.copied(len(text))
	return nil
}

// read is the text of a configuration or a file.
func (c *call) read(from string) (string, error) {
	switch from {
	case "running-config":
		return c.d.running(), nil
	case "startup-config":
		return c.d.startupText(), nil
	}
	text, ok := c.d.files[onDisk(from)]
	if !ok {
		return "", refuse("%%Error opening %s (No such file or directory)", from)
	}
	return text, nil
}

// body is a printed configuration without what isn't commands.
func body(text string) string {
	var b strings.Builder
	for l := range strings.Lines(text) {
		l = strings.TrimRight(l, "\r\n")
		if l == "" || l[0] == ':' || strings.HasPrefix(l, "Cryptochecksum:") || strings.HasPrefix(l, "ASA Version ") {
			continue
		}
		b.WriteString(l + "\n")
	}
	return b.String()
}

// merge types a configuration, as a copy to the running one does.
func (c *call) merge(text string) error {
	s := &Session{d: c.d, down: c.d.down, who: c.s.who, mode: mode{kind: modeConfig}}
	for l := range strings.Lines(body(text)) {
		if a := s.run(strings.TrimRight(l, "\n")); a != "" {
			c.out.WriteString(a)
		}
	}
	c.copied(len(text))
	return nil
}

// write0 writes a file to disk0:.
func (c *call) write0(name, text string) error {
	used := 0
	for n, t := range c.d.files {
		if n != name {
			used += len(t)
		}
	}
	_, there := c.d.files[name]
	if c.d.opt.Faults.DiskFull || used+len(text) > mostBytes || !there && len(c.d.files) >= mostFiles {
		return refuse("%%Error writing disk0:/%s (No space left on device)", name)
	}
	c.d.files[name] = text
	sum := checksum(c.cfg.body())
	c.say("Cryptochecksum: %s %s %s %s \n", sum[:8], sum[8:16], sum[16:24], sum[24:])
	c.copied(len(text))
	return nil
}

func (c *call) copied(n int) { c.say("%d bytes copied in 1.20 secs (%d bytes/sec)", n, n) }

// moreFile is "more FILE".
func (c *call) moreFile() error {
	n, err := c.in.word()
	if err != nil {
		return err
	}
	if err := c.in.done(); err != nil {
		return err
	}
	name := onDisk(n)
	if name == "" {
		name = n
	}
	text, ok := c.d.files[name]
	if !ok {
		return refuse("%%Error opening disk0:/%s (No such file or directory)", name)
	}
	c.out.WriteString(text)
	return nil
}

// delete is "delete [/noconfirm] FILE".
func (c *call) delete() error {
	sure := c.in.accept("/noconfirm") != ""
	n, err := c.in.word()
	if err != nil {
		return err
	}
	if err := c.in.done(); err != nil {
		return err
	}
	name := onDisk(n)
	if name == "" {
		name = n
	}
	remove := func(c *call, answer string) error {
		if strings.HasPrefix(strings.ToLower(answer), "n") {
			return nil
		}
		if _, ok := c.d.files[name]; !ok {
			return refuse("%%Error deleting disk0:/%s (No such file or directory)", name)
		}
		delete(c.d.files, name)
		return nil
	}
	if sure {
		return remove(c, "")
	}
	c.say("")
	c.s.ask("Delete disk0:/"+name+"? [confirm]", remove)
	return nil
}

// dir is "dir" and "show disk0:".
func (c *call) dir() error {
	if w := c.in.peek(); w != "" && (strings.EqualFold(w, "disk0:") || strings.EqualFold(w, "flash:") || strings.EqualFold(w, "disk0:/")) {
		c.in.at += len(w)
	}
	if err := c.in.done(); err != nil {
		return err
	}
	c.say("\nDirectory of disk0:/\n")
	used := 0
	var names []string
	for n, t := range c.d.files {
		names = append(names, n)
		used += len(t)
	}
	slices.Sort(names)
	for i, n := range names {
		c.say("%-6d -rwx  %-12d %s  %s", 80+i, len(c.d.files[n]), c.d.clock().UTC().Format("15:04:05 Jan 02 2006"), n)
	}
	c.say("\n%d bytes total (%d bytes free)", mostBytes, mostBytes-used)
	return nil
}

// write is "write [memory [all] | terminal | standby]".
func (c *call) write() error {
	w := "memory"
	if c.in.peek() != "" {
		var err error
		if w, err = c.in.keyword("memory", "terminal", "standby"); err != nil {
			return err
		}
	}
	all := w == "memory" && c.d.multiple() && c.d == c.d.system && c.in.accept("all") != ""
	c.in.accept("/noconfirm")
	if err := c.in.done(); err != nil {
		return err
	}
	switch {
	case w == "terminal":
		c.out.WriteString(c.d.running())
		return nil
	case w == "standby":
		return c.writeStandby()
	case all:
		for _, d := range c.d.contexts {
			d.keep(strings.Join(d.cfg.body(), "\n")+"\n", checksum(d.cfg.body()), c.s.who)
			d.saved = true
		}
	}
	return c.save()
}

// save writes the running configuration to the startup configuration, of both
// units of a pair.
func (c *call) save() error {
	c.say("Building configuration...")
	f := &c.d.opt.Faults
	reason := f.WriteError
	if reason == "" && (f.WriteFails || f.DiskFull) {
		reason = "No space left on device"
	}
	if f.WriteBusy > 0 {
		f.WriteBusy--
		reason = "Device or resource busy"
	}
	if reason != "" {
		return refuse("%%Error copying system:/running-config (%s)\nError executing command\n[FAILED]", reason)
	}
	lines := c.d.cfg.body()
	text := strings.Join(lines, "\n") + "\n"
	sum := checksum(lines)
	c.say("Cryptochecksum: %s %s %s %s \n", sum[:8], sum[8:16], sum[16:24], sum[24:])
	c.copied(len(text))
	c.say("[OK]")
	c.d.keep(text, sum, c.s.who)
	c.d.saved = true
	if p := c.d.other(); p != nil && !c.d.passive {
		p.keep(text, sum, c.s.who)
		p.saved = !p.own
	}
	return nil
}

// keep replaces the startup configuration.
func (d *Device) keep(text, sum, who string) {
	if who == "" {
		who = "enable_15"
	}
	d.startup, d.sum, d.written = text, sum, who+" at "+d.now()
}

// startupText is the startup configuration as it is printed.
func (d *Device) startupText() string {
	return ": Saved\n: Written by " + d.written + "\n!\n" + d.versionLine() + "\n" + d.startup + "Cryptochecksum:" + d.sum + "\n: end\n"
}
