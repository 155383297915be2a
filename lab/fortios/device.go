package fortios

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/nbfwc/nbfwc/lab"
)

// Options is what a device begins with.
type Options struct {
	Hostname string // FortiGate if empty
	Version  string // 7.2.4 if empty
	// VDOMs switches VDOM mode on; root is there whether it is named or not.
	VDOMs []string
	// NoNewVDOMs refuses "edit" of an absent VDOM, which else creates it.
	NoNewVDOMs bool
	// OneLineQuotes refuses a line that ends inside a quote, as scripts do;
	// else it goes on in the next.
	OneLineQuotes bool
	Model         string // FortiGate-VM64-KVM if empty
	Serial        string // FGVMEVK6YYXXXXXX if empty
	// NoHeader leaves the lines with "#" out of "show".
	NoHeader bool
	// NoTransactions is a device without workspace mode.
	NoTransactions bool
	// ReadOnly are administrators who change nothing; their prompt ends in "$".
	ReadOnly []string
	// HA is the role of the unit in a cluster: primary, secondary; "" for none.
	HA string
	// RolePrompt puts the role behind the host name in the prompt.
	RolePrompt bool
	// Now tells the time, by which transactions expire, unsaved changes are
	// taken back and idle sessions end; the wall clock if it is nil.
	Now    func() time.Time
	Faults Faults
}

// Device is an emulated FortiGate. It may be used by several sessions at once.
type Device struct {
	mu    *sync.Mutex // shared by a cluster
	opt   Options
	cfg   *config
	saved *config // what a restart loads; nil: what runs
	lines int     // typed since the start
	down  int     // sessions that ended with a restart
	hits  map[use]int
	gen   int // counts changes
	txID  int
	txs   []*transaction
	batch *batch
	last  string // the log of the last batch

	batchLeft int       // lines that a batch lasts yet
	dirty     bool      // what runs isn't what is saved
	justSaved bool      // the change that follows is saved already
	revertAt  time.Time // when unsaved changes are taken back; zero: never
	revisions []revision
	sessions  []*Session
	revID     int
	peer      *Device
	behind    bool // the peer has something newer
	up        time.Time
}

var _ lab.Device = (*Device)(nil)

// New returns a device with the configuration of a new one, without
// interfaces.
func New(opt Options) *Device {
	if opt.Hostname == "" {
		opt.Hostname = "FortiGate"
	}
	if opt.Version == "" {
		opt.Version = "7.2.4"
	}
	if opt.Model == "" {
		opt.Model = "FortiGate-VM64-KVM"
	}
	if opt.Serial == "" {
		opt.Serial = "FGVMEVK6YYXXXXXX"
	}
	d := &Device{mu: new(sync.Mutex), opt: opt, hits: map[use]int{}}
	d.up = d.now()
	if err := d.Load(""); err != nil {
		panic("fortios: the factory configuration is not taken: " + err.Error())
	}
	return d
}

// Load replaces the configuration by a printed one. A line that the device
// would not take is an error, and the configuration stays. Sessions end.
func (d *Device) Load(text string) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	cfg, err := d.read(text)
	if err != nil {
		return err
	}
	d.cfg, d.saved, d.revertAt, d.dirty = cfg, nil, time.Time{}, false
	if mode := cfg.object("system global").word(nil, "cfg-save"); mode != "" && mode != "automatic" {
		d.saved = cfg.copy()
	}
	d.hangUp()
	d.txs, d.batch, d.batchLeft = nil, nil, 0
	d.gen++
	d.tell()
	return nil
}

func (d *Device) now() time.Time {
	if d.opt.Now != nil {
		return d.opt.Now()
	}
	return time.Now()
}

func (d *Device) read(text string) (*config, error) {
	cfg := newConfig(d.opt.Version)
	complete := false
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(line)
		if line == "" {
			continue
		}
		if !strings.HasPrefix(line, "#") {
			break
		}
		if cfg.header(line) {
			complete = true
		}
	}
	if !complete {
		cfg.vdomMode = len(d.opt.VDOMs) > 0
	}
	cfg.vdoms = []*scope{newScope("root")}
	if cfg.vdomMode {
		for _, n := range d.opt.VDOMs {
			if cfg.vdom(n) == nil {
				cfg.vdoms = append(cfg.vdoms, newScope(n))
			}
		}
	}
	s := &Session{d: d, loading: true, own: cfg, complete: complete, fresh: map[*entry]bool{}}
	if !complete {
		s.own.global.table("system global", true).self = &entry{fields: []field{{"hostname", []token{{d.opt.Hostname, true}}}}}
		for _, v := range cfg.vdoms {
			if err := s.furnish(cfg, v, false); err != nil {
				return nil, err
			}
		}
	}
	if err := s.load(text); err != nil {
		return nil, err
	}
	return cfg, cfg.resolve()
}

// header reads a line of the header and says whether it is the first.
func (cfg *config) header(line string) bool {
	if v, ok := strings.CutPrefix(line, "#conf_file_ver="); ok {
		if n, err := strconv.ParseUint(v, 10, 63); err == nil {
			cfg.fileVer = n
		}
		return false
	}
	rest, ok := strings.CutPrefix(line, "#config-version=")
	if !ok {
		return false
	}
	first, _, _ := strings.Cut(rest, ":")
	if f := strings.Split(first, "-"); len(f) > 1 && plainName(f[1]) {
		cfg.version = f[1]
	}
	cfg.vdomMode = strings.Contains(rest, ":vdom=1")
	return true
}

// load types a configuration.
func (s *Session) load(text string) error {
	number, began := 0, 0
	open := ""
	for line := range strings.Lines(text) {
		number++
		line = printable(strings.TrimRight(line, "\r\n"))
		if open != "" {
			line = open + "\n" + line
			open = ""
		} else {
			began = number
			if line = strings.TrimLeft(line, " \t"); line == "" || line[0] == '#' {
				continue
			}
		}
		c := call{d: s.d, s: s, cfg: s.own}
		err := c.line(line)
		if errors.Is(err, errOpen) {
			open = line
			continue
		}
		if err != nil {
			return fmt.Errorf("line %d: %s: %w", began, strings.TrimSpace(line), err)
		}
	}
	if open != "" {
		return fmt.Errorf("line %d: %w", began, errOpen)
	}
	if len(s.stack) > 0 {
		return fmt.Errorf("line %d: the configuration ends inside \"config %s\"", number, s.stack[len(s.stack)-1].path)
	}
	return nil
}

// furnish gives a VDOM what a new one has, unless it is to stay bare.
func (s *Session) furnish(cfg *config, v *scope, bare bool) error {
	if bare {
		return nil
	}
	for _, f := range factoryEntries() {
		path, k, key := f.path, schemas[f.path], f.key
		e := &entry{key: key}
		for _, l := range f.lines {
			toks, err := tokens(l)
			if err != nil {
				return err
			}
			d := k.byName[toks[1].text]
			if toks[0].text == "unset" {
				continue
			}
			c := call{d: s.d, s: &Session{d: s.d, loading: true}, cfg: cfg}
			vals, err := c.value(d, e, toks[2:])
			if err != nil {
				return err
			}
			e.put(d.name, vals)
		}
		t := v.table(path, true)
		cfg.complete(k, e)
		t.place(e)
		if s.loading {
			s.fresh[e] = true
		} else {
			cfg.count(v.name, k, e, 1)
		}
	}
	return nil
}

// complete adds what the device adds by itself.
func (cfg *config) complete(k *schema, e *entry) {
	if k == nil {
		return
	}
	if k.hasUUID(cfg.version) && e.get("uuid") == nil {
		cfg.serial++
		h := sha256.Sum256(fmt.Appendf(nil, "%d %s %s", cfg.serial, k.path, e.key))
		h[6] = h[6]&0x0f | 0x10
		h[8] = h[8]&0x3f | 0x80
		e.put("uuid", []token{{text: fmt.Sprintf("%x-%x-%x-%x-%x", h[:4], h[4:6], h[6:8], h[8:10], h[10:16])}})
	}
	if k.path == "system interface" && e.get("vdom") == nil {
		e.fields = append([]field{{"vdom", []token{{"root", true}}}}, e.fields...)
	}
}

// resolve says that every reference of a configuration that was read has its
// object, and counts them.
func (cfg *config) resolve() error {
	all := append([]*scope{cfg.global}, cfg.vdoms...)
	for _, v := range all {
		if t := v.byPath["firewall policy"]; t != nil {
			for _, s := range t.slots {
				if n := s.e.word(nil, "name"); n != "" {
					if v.names[n] != "" {
						return fmt.Errorf("policy %s: %w", s.e.key, checkFail("name", n, -163))
					}
					v.names[n] = s.e.key
				}
			}
		}
	}
	for _, v := range all {
		for _, t := range v.tables {
			if t.k == nil {
				continue
			}
			for _, s := range t.slots {
				if err := cfg.resolveEntry(v, t, s.e); err != nil {
					return fmt.Errorf("%s %s: %w", t.path, s.e.key, err)
				}
				cfg.count(v.name, t.k, s.e, 1)
			}
		}
	}
	return nil
}

func (cfg *config) resolveEntry(v *scope, t *table, e *entry) (err error) {
	references(t.k, e, func(d *fieldDef, name string) {
		if err == nil {
			err = cfg.refer(v.name, t.path, d, e, name)
		}
	})
	if err != nil {
		return err
	}
	return cfg.clash(v.name, t.path, e.key)
}

// object returns what an object of the first VDOM, or a global one, holds.
func (cfg *config) object(path string) *entry {
	return cfg.scopeOf("root", path).object(path)
}

func (d *Device) hostname(cfg *config) string {
	if h := cfg.object("system global").word(nil, "hostname"); h != "" {
		return h
	}
	return d.opt.Hostname
}

// Restart restarts the device with the configuration that is saved, as a power
// cut does.
func (d *Device) Restart() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.restart()
}

func (d *Device) restart() {
	if d.saved != nil {
		d.cfg = d.saved.copy()
	}
	d.hangUp()
	d.gen++
	d.txs, d.batch, d.batchLeft, d.revertAt, d.up, d.dirty = nil, nil, 0, time.Time{}, d.now(), false
	d.tell()
}

// hangUp ends the sessions.
func (d *Device) hangUp() {
	d.down++
	for _, s := range d.sessions {
		for _, f := range s.onEnd {
			go f()
		}
	}
	d.sessions = nil
}

// SetHits sets the hit count of a policy; "" is the VDOM root.
func (d *Device) SetHits(vdom, id string, hits int) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if vdom == "" {
		vdom = "root"
	}
	d.hits[use{vdom, "policy", id}] = hits
}
