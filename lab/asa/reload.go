package asa

import (
	"fmt"
	"strings"
	"time"
)

// reloadPlan is a reload that has been asked for.
type reloadPlan struct {
	at     time.Time
	stop   func()
	reason string
}

// reloadOptions are the words of a reload command.
type reloadOptions struct {
	in, cancel, quick, noConfirm, save bool
	after                              time.Duration
	reason                             string
}

// doReload is "reload [in TIME | quick] [noconfirm] [save-config] [reason ...]"
// and "reload cancel".
func (c *call) doReload() error {
	if c.d.multiple() && c.d != c.d.system {
		return invalid(0)
	}
	o, err := c.reloadWords()
	if err != nil {
		return err
	}
	switch {
	case o.cancel:
		return c.cancelReload()
	case o.save:
		if err := c.save(); err != nil {
			return err
		}
	}
	if o.noConfirm {
		return c.planReload(o)
	}
	confirm := func() {
		c.s.ask("Proceed with reload? [confirm]", func(c *call, answer string) error {
			if a := strings.ToLower(strings.TrimSpace(answer)); a != "" && !strings.HasPrefix("yes", a) {
				return nil
			}
			return c.planReload(o)
		})
	}
	if c.d.saved {
		confirm()
		return nil
	}
	c.s.ask("System config has been modified. Save? [Y]es/[N]o: ", func(c *call, answer string) error {
		if strings.HasPrefix(strings.ToLower(strings.TrimSpace(answer)), "y") {
			if err := c.save(); err != nil {
				return err
			}
		}
		confirm()
		return nil
	})
	return nil
}

func (c *call) reloadWords() (o reloadOptions, err error) {
	for !c.in.end() {
		w, err := c.in.keyword("in", "cancel", "quick", "noconfirm", "save-config", "reason")
		if err != nil {
			return o, err
		}
		switch w {
		case "in":
			at := c.in
			t, err := c.in.word()
			if err != nil {
				return o, err
			}
			var ok bool
			if o.after, ok = hoursMinutes(t); !ok || o.in {
				return o, at.bad()
			}
			o.in = true
		case "cancel":
			o.cancel = true
			return o, c.in.done()
		case "quick":
			o.quick = true
		case "noconfirm":
			o.noConfirm = true
		case "save-config":
			o.save = true
		case "reason":
			o.reason = c.in.rest()
		}
	}
	return o, nil
}

// hoursMinutes reads "mm" or "hh:mm".
func hoursMinutes(t string) (time.Duration, bool) {
	h, m, colon := strings.Cut(t, ":")
	if !colon {
		h, m = "0", t
	}
	hours, ok1 := decimal(h)
	minutes, ok2 := decimal(m)
	d := time.Duration(hours)*time.Hour + time.Duration(minutes)*time.Minute
	return d, ok1 && ok2 && d > 0 && d <= 24*24*time.Hour && (!colon || minutes < 60)
}

func (c *call) planReload(o reloadOptions) error {
	if !o.in {
		if err := c.d.restart(); err != nil {
			return refusal(err.Error())
		}
		return nil
	}
	b := c.d.box
	b.cancel()
	p := &reloadPlan{at: b.clock().Add(o.after), reason: o.reason}
	b.reload = p
	if b.opt.Timer != nil {
		p.stop = b.opt.Timer(o.after, func() { b.lock(); b.mu.Unlock() })
	}
	c.say("***\n*** --- SHUTDOWN in %s ---\n***", colons(o.after))
	if o.reason != "" {
		c.say("*** %s", o.reason)
	}
	return nil
}

// colons prints a time as H:MM:SS.
func colons(d time.Duration) string {
	s := int(d.Seconds())
	return fmt.Sprintf("%d:%02d:%02d", s/3600, s/60%60, s%60)
}

func (b *box) cancel() {
	if b.reload != nil && b.reload.stop != nil {
		b.reload.stop()
	}
	b.reload = nil
}

func (c *call) cancelReload() error {
	if c.d.reload == nil {
		return refuse("ERROR: No reload is scheduled.")
	}
	c.d.cancel()
	c.say("***\n*** --- SHUTDOWN ABORTED ---\n***")
	return nil
}

func (c *call) showReload() {
	p := c.d.reload
	if p == nil {
		c.say("No reload is scheduled.")
		return
	}
	left := p.at.Sub(c.d.clock())
	text := fmt.Sprintf("%d minutes", int(left.Minutes()))
	if h := int(left.Hours()); h > 0 {
		text = fmt.Sprintf("%d hours and %d minutes", h, int(left.Minutes())%60)
	}
	c.say("Reload scheduled for %s (in %s)", p.at.UTC().Format("15:04:05 MST Mon Jan 2 2006"), text)
	if p.reason != "" {
		c.say("Reload reason: %s", p.reason)
	}
}

// due does what the clock has come to.
func (b *box) due() {
	if b.reload != nil && !b.clock().Before(b.reload.at) {
		b.restart()
	}
}

// Reload restarts the device with its startup configuration, which ends all
// sessions.
func (d *Device) Reload() error {
	d.lock()
	defer d.mu.Unlock()
	return d.restart()
}

// restart ends all sessions, loses what isn't saved and starts again with what
// is. The other unit of a pair takes over, and gives its configuration.
func (b *box) restart() error {
	b.down++
	b.cancel()
	for s := range b.sessions {
		s.ended()
	}
	clear(b.sessions)
	if b.peer != nil && !b.passive {
		b.passive, b.peer.passive = true, false
	}
	for i, d := range b.views() {
		d.unpack()
		d.drafts = nil
		if b.peer != nil {
			d.follow(b.peer.views()[i])
			continue
		}
		if err := d.load(d.startup); err != nil {
			return err
		}
	}
	return nil
}
