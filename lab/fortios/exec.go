package fortios

import (
	"slices"
	"strings"
)

// transaction is a configuration of its own until it is committed.
type transaction struct {
	id      int
	cfg     *config
	began   int // the generation that it began with
	lines   []string
	touched map[string]bool
	gone    bool // it has expired
}

// batch are lines that are run together.
type batch struct{ lines []string }

// touch notes that an entry was changed, for other sessions.
func (c *call) touch(f *frame) {
	if c.s.tx != nil {
		c.s.tx.touched[touched(f)] = true
	}
}

// locked says that another transaction has changed the entry.
func (c *call) locked(f *frame) error {
	if c.s.loading || f.sub != nil {
		return nil
	}
	for _, x := range c.d.txs {
		if x != c.s.tx && x.touched[touched(f)] {
			return refusal("The object is locked by another config transaction.\nCommand fail. Return code -37")
		}
	}
	return nil
}

// execute is about the device itself.
func (c *call) execute() error {
	w := texts(c.in)
	if len(w) < 2 {
		return errIncomplete
	}
	if c.d.opt.Faults.ReadOnly {
		return errRights
	}
	switch strings.Join(w[:2], " ") {
	case "config-transaction start":
		return c.startTransaction()
	case "config-transaction commit":
		return c.commitTransaction()
	case "config-transaction abort":
		if c.s.tx == nil {
			return errNoTransaction
		}
		c.endTransaction()
		return nil
	case "config-transaction show":
		if c.s.tx != nil && len(w) > 2 && w[2] == "txn-cli-commands" {
			c.say("%s", strings.Join(c.s.tx.lines, "\n"))
		}
		return nil
	case "cfg save":
		if c.d.saved == nil {
			c.say("no config to be saved.")
			return nil
		}
		c.d.saved = c.d.cfg.copy()
		c.say("config saved.")
		return nil
	case "cfg reload":
		c.d.restart()
		return nil
	case "batch start", "batch end", "batch status", "batch lastlog":
		return c.batch(w[1])
	case "log filter", "log display", "backup config", "ha manage", "revision list":
		return nil
	}
	return parseError(w[0])
}

const errNoTransaction = refusal("There is no config transaction.\nCommand fail. Return code -1")

func (c *call) startTransaction() error {
	if c.s.tx != nil {
		return refusal("A config transaction is running already.\nCommand fail. Return code -1")
	}
	c.d.txID++
	x := &transaction{id: c.d.txID, cfg: c.d.cfg.copy(), began: c.d.gen, touched: map[string]bool{}}
	c.d.txs = append(c.d.txs, x)
	c.s.tx, c.s.own = x, x.cfg
	return nil
}

// commitTransaction makes its configuration the device's. What others have
// changed in between stays: then its lines are done again.
func (c *call) commitTransaction() error {
	x := c.s.tx
	if x == nil {
		return errNoTransaction
	}
	c.endTransaction()
	if x.began == c.d.gen {
		c.d.cfg = x.cfg
		c.d.gen++
		return nil
	}
	again := &Session{d: c.d, down: c.d.down}
	for _, l := range x.lines[:len(x.lines)-1] { // without the commit
		again.run(l)
	}
	return nil
}

func (c *call) endTransaction() {
	c.d.txs = slices.DeleteFunc(c.d.txs, func(x *transaction) bool { return x == c.s.tx })
	c.s.tx, c.s.own = nil, nil
}

// Expire ends the transactions, as five minutes of silence do.
func (d *Device) Expire() {
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, x := range d.txs {
		x.gone = true
	}
	d.txs = nil
}

// batch collects lines and runs them at once; one that fails doesn't stop the
// rest.
func (c *call) batch(verb string) error {
	if c.cfg.vdomMode && len(c.s.stack) > 0 && c.top().kind != inGlobal || c.s.tx != nil {
		return parseError("batch")
	}
	switch verb {
	case "start":
		c.d.batch = &batch{}
		c.s.inBatch = true
		c.say("Enter batch mode...")
	case "end":
		if !c.s.inBatch {
			return errIncomplete
		}
		c.d.runBatch()
		c.s.inBatch = false
		c.say("Exit and run batch commands...")
	case "status":
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
