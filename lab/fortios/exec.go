package fortios

import "strings"

// batch are lines that are run together.
type batch struct{ lines []string }

// execute is about the device itself.
func (c *call) execute() error {
	w := texts(c.in)
	if len(w) < 2 {
		if len(w) == 1 && w[0] == "reboot" {
			return c.reboot()
		}
		return errIncomplete
	}
	if c.s.readOnly() {
		return errRights
	}
	switch strings.Join(w[:2], " ") {
	case "config-transaction start", "config-transaction commit", "config-transaction abort", "config-transaction show":
		return c.transact(w[1], w[2:])
	case "cfg save":
		return c.save()
	case "cfg reload":
		c.say("configs reloaded. system will reboot.")
		c.d.restart()
		return nil
	case "batch start", "batch end", "batch status", "batch lastlog":
		return c.batch(w[1])
	case "backup config", "revision list", "revision delete", "restore config":
		return c.revision(w)
	case "log filter", "log display":
		return nil
	case "ha manage":
		return refusal("Could not manage member.\nCommand fail. Return code -1")
	}
	return parseError(w[0])
}

// batch collects lines and runs them at once; one that fails doesn't stop the
// rest.
func (c *call) batch(verb string) error {
	if c.cfg.vdomMode && len(c.s.stack) > 0 && c.top().kind != inGlobal || c.s.tx != nil {
		return parseError("batch")
	}
	switch verb {
	case "start":
		if c.d.batch != nil {
			return refusal("Batch mode is running already.\nCommand fail. Return code -1")
		}
		c.d.batch = &batch{}
		c.s.inBatch = true
		c.say("Enter batch mode...")
	case "end":
		if !c.s.inBatch {
			return errIncomplete
		}
		c.s.inBatch = false
		if c.d.batchLeft = c.d.opt.Faults.BatchLines; c.d.batchLeft == 0 {
			c.d.runBatch()
		}
		c.say("Exit and run batch commands...")
	case "status":
		if c.d.batchLeft > 0 || c.s.inBatch {
			c.say("batch mode is running")
			return nil
		}
		c.say("batch mode is stopped")
	case "lastlog":
		c.out.WriteString(c.d.last)
	}
	return nil
}

// runBatch runs the lines that were collected. The log has a return code for
// each.
func (d *Device) runBatch() {
	var log strings.Builder
	other := &Session{d: d, down: d.down}
	if d.batch != nil {
		for _, l := range d.batch.lines {
			code := "0"
			if a := other.run(l); other.Refused(a) {
				code = "-1"
				if _, rest, ok := strings.Cut(a, "Return code "); ok {
					code = strings.Fields(rest)[0]
				}
			}
			log.WriteString(code + ": " + l + "\n")
		}
	}
	d.last, d.batch = log.String(), nil
}
