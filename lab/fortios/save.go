package fortios

import (
	"strconv"
	"strings"
	"time"
)

// revision is a configuration that was kept on the device.
type revision struct {
	id             int
	at             time.Time
	admin, comment string
	cfg            *config
}

const errFlash = refusal("Failed to save config: no space left on device.\nCommand fail. Return code -28")

// unsaved notes that what runs is no longer what is saved.
func (d *Device) unsaved() {
	if d.saved == nil || d.justSaved {
		d.justSaved = false
		return
	}
	d.dirty = true
	g, k := d.cfg.object("system global"), schemas["system global"]
	if d.cfg.saveMode() != "revert" {
		d.revertAt = time.Time{}
		return
	}
	n, err := strconv.ParseInt(g.word(k, "cfg-revert-timeout"), 10, 64)
	if err != nil {
		return
	}
	d.revertIn(time.Duration(n) * time.Second)
}

// revertIn has the device go back to what is saved after some time, whether
// anybody types or not.
func (d *Device) revertIn(after time.Duration) {
	d.revertAt = d.now().Add(after)
	if d.opt.Now == nil {
		time.AfterFunc(after+time.Millisecond, func() {
			d.mu.Lock()
			defer d.mu.Unlock()
			d.tick()
		})
	}
}

// saveMode does what another value of cfg-save brings about; saved is what is
// in the flash until then.
func (d *Device) saveMode(was, is string, saved *config) {
	switch {
	case is == "automatic":
		d.saved, d.dirty, d.revertAt = nil, false, time.Time{}
	case was == "automatic":
		d.saved = saved.copy()
	case is == "manual":
		d.revertAt = time.Time{}
	}
}

func (cfg *config) saveMode() string {
	return cfg.object("system global").word(schemas["system global"], "cfg-save")
}

// save is "execute cfg save".
func (c *call) save() error {
	d := c.d
	switch {
	case d.saved == nil || !d.dirty:
		c.say("no config to be saved.")
		return nil
	case d.opt.Faults.SaveFail:
		return errFlash
	}
	d.saved, d.dirty, d.revertAt = d.cfg.copy(), false, time.Time{}
	d.tell()
	c.say("config saved.")
	return nil
}

// Unsaved says that a restart would lose changes.
func (d *Device) Unsaved() bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.tick()
	return d.saved != nil && d.dirty
}

func (c *call) reboot() error {
	if c.s.readOnly() {
		return errRights
	}
	c.say("This operation will reboot the system !")
	c.s.confirm = func(c *call) error {
		c.d.restart()
		return nil
	}
	return nil
}

// revision keeps, lists and restores configurations.
func (c *call) revision(w []string) error {
	d := c.d
	id := func() (*revision, error) {
		n, err := strconv.Atoi(w[3])
		for i := range d.revisions {
			if err == nil && d.revisions[i].id == n {
				return &d.revisions[i], nil
			}
		}
		return nil, refusal("Revision " + w[3] + " does not exist.\nCommand fail. Return code -1")
	}
	switch verb := strings.Join(w[:min(3, len(w))], " "); {
	case verb == "backup config flash" && len(w) <= 4:
		c.say("Please wait...")
		if d.opt.Faults.SaveFail {
			return errFlash
		}
		d.revID++
		r := revision{id: d.revID, at: d.now(), admin: c.s.admin, cfg: d.cfg.copy()}
		if len(w) == 4 {
			r.comment = w[3]
		}
		d.revisions = append([]revision{r}, d.revisions...)
		c.say("Config backed up to flash disk done.")
		return nil
	case verb == "revision list config" && len(w) == 3:
		c.say("Last Firmware Version: V0.0.0-build000-REL0")
		c.say("ID TIME                   ADMIN                \tFIRMWARE VERSION     \tCOMMENT")
		for _, r := range d.revisions {
			c.say("%2d %s    %-20s \tV%s-build%s-REL0\t%s", r.id, r.at.Format("2006-01-02 15:04:05"), r.admin, r.cfg.version, r.cfg.build(), r.comment)
		}
		return nil
	case verb == "revision delete config" && len(w) == 4:
		r, err := id()
		if err != nil {
			return err
		}
		for i := range d.revisions {
			if d.revisions[i].id == r.id {
				d.revisions = append(d.revisions[:i:i], d.revisions[i+1:]...)
				break
			}
		}
		return nil
	case verb == "restore config flash" && len(w) == 4:
		r, err := id()
		if err != nil {
			return err
		}
		c.say("This operation will overwrite the current setting and could possibly reboot the system!")
		c.s.confirm = func(c *call) error {
			c.say("Please wait...\n\nGet config from local disk OK.\nFile check OK.\nThe system is going down NOW !!")
			c.d.cfg = r.cfg.copy()
			if c.d.saved != nil {
				c.d.saved = r.cfg.copy()
			}
			c.d.dirty = false
			c.d.restart()
			return nil
		}
		return nil
	case len(w) < 4:
		return errIncomplete
	}
	return parseError(w[2])
}
