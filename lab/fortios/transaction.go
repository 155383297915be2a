package fortios

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

// transaction is a configuration of its own until it is committed.
type transaction struct {
	id      int
	admin   string
	cfg     *config
	began   int // the generation that it began with
	at      time.Time
	last    time.Time // when it was last used
	patient time.Duration
	lines   []string
	touched map[string]bool
	gone    bool // it has expired
}

const (
	errNoTransaction = refusal("There is no config transaction.\nCommand fail. Return code -1")
	errInTransaction = refusal("This command cannot be used in a config transaction.\nCommand fail. Return code -1")
	errLocked        = refusal("The object is locked by another config transaction.\nCommand fail. Return code -37")
)

// outsideTransactions are tables that can't be changed in a transaction,
// fixedInTransactions fields of objects that can.
var (
	outsideTransactions = splitPaths("system console|system resource-limits|system elbc|system npu|system np6|system vdom-property|system storage|system wireless")
	fixedInTransactions = map[string][]string{
		"system global":   {"split-port", "vdom-admin", "vdom-mode", "management-vdom", "wireless-mode", "internal-switch-mode"},
		"system settings": {"opmode"},
	}
)

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
			return errLocked
		}
	}
	for _, l := range c.d.opt.Faults.Locked {
		if f.path == l[0] && f.e.key == l[1] && (f.vdom == "root" || f.vdom == "") {
			return errLocked
		}
	}
	return nil
}

// transact is "execute config-transaction".
func (c *call) transact(verb string, more []string) error {
	if c.d.opt.NoTransactions || !newer(c.cfg.version, "6.2.0") {
		return parseError("config-transaction")
	}
	switch verb {
	case "start":
		return c.startTransaction(more)
	case "show":
		return c.transactionInfo(append([]string{"show"}, more...))
	}
	switch x := c.s.tx; {
	case len(more) > 0:
		return parseError(more[0])
	case x == nil:
		return errNoTransaction
	case verb == "abort":
		c.endTransaction()
		return nil
	case c.d.opt.Faults.CommitFail != "":
		return refusal(c.d.opt.Faults.CommitFail + "\nCommand fail. Return code -1")
	}
	c.commitTransaction()
	return nil
}

func (c *call) startTransaction(more []string) error {
	patient := 5 * time.Minute
	if len(more) > 0 {
		n, err := strconv.Atoi(more[0])
		if err != nil || n < 1 || n > 60 || len(more) > 1 || !newer(c.cfg.version, "7.4.0") {
			return parseError(more[0])
		}
		patient = time.Duration(n) * time.Minute
	}
	if c.s.tx != nil {
		return refusal("A config transaction is running already.\nCommand fail. Return code -1")
	}
	if c.s.inBatch {
		return errInTransaction
	}
	c.d.txID++
	now := c.d.now()
	x := &transaction{id: c.d.txID, admin: c.s.admin, cfg: c.d.cfg.copy(), began: c.d.gen, at: now, last: now, patient: patient, touched: map[string]bool{}}
	c.d.txs = append(c.d.txs, x)
	c.s.tx, c.s.own = x, x.cfg
	return nil
}

// commitTransaction makes its configuration the device's. What others have
// changed in between stays: then its lines are done again.
func (c *call) commitTransaction() {
	x := c.s.tx
	c.endTransaction()
	if x.began == c.d.gen {
		old := c.d.cfg
		c.d.cfg = x.cfg
		if was, is := old.saveMode(), x.cfg.saveMode(); is != was {
			c.d.saveMode(was, is, old)
		}
		c.d.gen++
		c.d.unsaved()
		c.d.tell()
		return
	}
	again := &Session{d: c.d, down: c.d.down, admin: x.admin}
	for _, l := range x.lines {
		if !strings.HasPrefix(strings.TrimSpace(l), "ex") { // execute, exit
			again.run(l)
		}
	}
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

// Transactions is how many transactions are open, those of lost sessions
// among them.
func (d *Device) Transactions() int {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.tick()
	return len(d.txs)
}

// tick does what the time brings about.
func (d *Device) tick() {
	now := d.now()
	for _, x := range d.txs {
		x.gone = x.gone || now.Sub(x.last) >= x.patient
	}
	d.txs = slices.DeleteFunc(d.txs, func(x *transaction) bool { return x.gone })
	if !d.revertAt.IsZero() && !now.Before(d.revertAt) {
		d.restart()
	}
	d.catchUp()
}

// patience is how long a session may be silent.
func (d *Device) patience() time.Duration {
	n, err := strconv.Atoi(d.cfg.object("system global").word(schemas["system global"], "admintimeout"))
	if err != nil {
		return 0
	}
	return time.Duration(n) * time.Minute
}

// idle ends a session that has been silent for too long.
func (s *Session) idle() {
	if n := s.d.patience(); n > 0 && !s.typedAt.IsZero() && s.d.now().Sub(s.typedAt) >= n {
		s.closed = true
	}
}

// expired is what the device has said of the session's transaction since its
// last line. When it has expired, the session goes on outside of it, at the
// top: what it types takes effect at once.
func (s *Session) expired() string {
	x := s.tx
	if x == nil {
		return ""
	}
	var b strings.Builder
	silent := s.d.now().Sub(x.last)
	for _, n := range []int{30, 20, 10} {
		if silent >= x.patient-time.Duration(n)*time.Second {
			fmt.Fprintf(&b, "config transaction id=%d will expire in %d seconds\n", x.id, n)
		}
	}
	if x.gone {
		s.tx, s.own, s.stack, s.open = nil, nil, nil, ""
		fmt.Fprintf(&b, "config transaction id=%d has expired\n", x.id)
	}
	x.last = s.d.now()
	return b.String()
}

// transactionInfo tells of transactions.
func (c *call) transactionInfo(w []string) error {
	if c.d.opt.NoTransactions || !newer(c.cfg.version, "6.2.0") {
		return parseError("config-transaction")
	}
	x := c.s.tx
	switch strings.Join(w, " ") {
	case "status":
		c.say("config transaction count: %d", len(c.d.txs))
		for _, x := range c.d.txs {
			c.say("id=%d user=%s cli lines=%d expires in %d seconds", x.id, x.admin, len(x.lines), int((x.patient - c.d.now().Sub(x.last)).Seconds()))
		}
	case "show txn-meta":
		c.say("txn-next-id=%d(%#x), txn-nr=%d", c.d.txID+1, c.d.txID+1, len(c.d.txs))
	case "show txn-info":
		c.say("current-jiffies=%d", c.d.jiffies(c.d.now()))
		for _, x := range c.d.txs {
			c.say("txn-id=%d, expires=%d, clicmd-fpath='/dev/cmdb/txn/%d_EiLl9G.conf'", x.id, c.d.jiffies(x.last.Add(x.patient)), x.id)
		}
	case "show txn-entity", "show txn-lock":
		for _, x := range c.d.txs {
			for _, k := range sortedKeys(x.touched) {
				f := strings.Split(k, "\x00")
				c.say("id=%d vdom=%s %s %s", x.id, f[0], f[1], f[2])
			}
		}
	case "show txn-cli-commands":
		if x != nil && len(x.lines) > 1 {
			c.say("%s", strings.Join(x.lines[:len(x.lines)-1], "\n"))
		}
	default:
		if len(w) == 0 {
			return errIncomplete
		}
		return parseError(w[len(w)-1])
	}
	return nil
}

// jiffies is a time as the device counts it: hundredths of a second since its
// start.
func (d *Device) jiffies(t time.Time) int64 { return t.Sub(d.up).Milliseconds() / 10 }

func sortedKeys(m map[string]bool) []string {
	var list []string
	for k := range m {
		list = append(list, k)
	}
	slices.Sort(list)
	return list
}
