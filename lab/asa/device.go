package asa

import (
	"cmp"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"time"

	"github.com/nbfwc/nbfwc/lab"
)

// Options is what a device begins with.
type Options struct {
	Hostname string // ciscoasa if empty
	Version  string // 9.16(4) if empty
	// Password asks for this one after "enable"; empty, as on a new device, it
	// takes an empty line.
	Password string
	// Enabled logins begin at "#" (aaa authorization exec auto-enable).
	Enabled bool
	// Clock tells the time; without it it stands, and nothing becomes due.
	Clock func() time.Time
	// Timer calls f after some time, unless it is stopped. Without it, what has
	// become due by the clock is done when the device is next talked to.
	Timer func(d time.Duration, f func()) (stop func())
	// Model is ASAv and Serial 9ABCDEFGHJK if empty.
	Model, Serial string
	// Contexts makes the device one of several contexts; the first is the admin
	// context, which is the Device that New returns.
	Contexts []string
	// Compact keeps the configuration packed while nobody is logged in, in a
	// tenth of the memory, without hit counts. It is for many devices; those of
	// a pair or with contexts aren't packed.
	Compact bool
	Faults  Faults
}

// Device is an emulated ASA, or one context of it. It may be used by several
// sessions at once.
type Device struct {
	*box
	name    string // of the context
	cfg     *config
	packed  []byte // in place of cfg
	startup string
	written string // who wrote it, and when
	sum     string // its checksum
	saved   bool   // the running configuration is the startup configuration
	changed string // who changed the running one last, and when
	drafts  []*draft
	own     bool // of a standby unit: it has changes that the active one has not
}

var (
	_ lab.Device    = (*Device)(nil)
	_ lab.Accounts  = (*Device)(nil)
	_ lab.Terminals = (*Device)(nil)
	_ lab.Startup   = (*Device)(nil)
)

// config is the running configuration.
type config struct {
	hostname   string
	version    string
	namesOff   bool
	names      []nameEntry
	nameByWord map[string]nameEntry
	nameByAddr map[netip.Addr]string

	interfaces               []*iface
	interPermit, intraPermit bool
	forwardRef               bool
	periods                  map[string]*period
	periodOrder              []*period

	objects     map[string]*object
	objectOrder []*object
	groups      map[string]*group
	groupOrder  []*group
	uses        map[string]int // lines that name an object, group or time-range

	acls         map[string]*acl
	aclOrder     []*acl
	accessGroups []accessGroup
	nat          []string

	timeouts map[string]time.Duration
	uauth    string

	classMaps       []*classMap
	policyMaps      []*policyMap
	servicePolicies []servicePolicy

	blocks []*block
}

func newConfig(hostname, version string) *config {
	return &config{hostname: hostname, version: version,
		nameByWord: map[string]nameEntry{}, nameByAddr: map[netip.Addr]string{},
		periods: map[string]*period{}, objects: map[string]*object{}, groups: map[string]*group{},
		uses: map[string]int{}, acls: map[string]*acl{},
		timeouts: defaultTimeouts(), uauth: "absolute"}
}

func (cfg *config) spelling() spelling {
	if cfg.namesOff {
		return spelling{}
	}
	return spelling{cfg.nameByAddr}
}

// factory is what a new device has beside its defaults.
const factory = `ftp mode passive
pager lines 24
class-map inspection_default
 match default-inspection-traffic
policy-map global_policy
 class inspection_default
  inspect ftp
  inspect h323 h225
  inspect h323 ras
  inspect rsh
  inspect esmtp
  inspect sqlnet
  inspect sunrpc
  inspect xdmcp
  inspect netbios
  inspect tftp
service-policy global_policy global
prompt hostname context
`

// New returns a device with the configuration of a new one: no interfaces
// named, no access lists, the default inspection policy.
func New(opt Options) *Device {
	if opt.Hostname == "" {
		opt.Hostname = "ciscoasa"
	}
	if opt.Version == "" {
		opt.Version = "9.16(4)"
	}
	if opt.Model == "" {
		opt.Model = "ASAv"
	}
	if opt.Serial == "" {
		opt.Serial = "9ABCDEFGHJK"
	}
	b := newBox(opt)
	var err error
	if len(opt.Contexts) > 0 {
		if err = checkContexts(opt.Contexts); err == nil {
			err = b.addContexts(opt.Contexts)
		}
	} else {
		b.contexts = []*Device{{box: b}}
		err = b.contexts[0].load(factory)
	}
	if err != nil {
		panic("asa: the factory configuration is not taken: " + err.Error())
	}
	return b.contexts[0]
}

// Load replaces the configuration by a printed one. A line that the device
// would not take is an error, and the configuration stays.
func (d *Device) Load(text string) error {
	d.lock()
	defer d.mu.Unlock()
	if err := d.load(text); err != nil {
		return err
	}
	if p := d.other(); p != nil {
		if d.own = d.passive; !d.passive {
			p.follow(d)
		}
	}
	d.pack()
	return nil
}

func (d *Device) load(text string) error {
	cfg := newConfig(d.opt.Hostname, d.opt.Version)
	s := &Session{d: d, loading: true}
	s.mode.kind = modeConfig
	number := 0
	for line := range strings.Lines(text) {
		number++
		raw := printable(strings.TrimRight(line, "\r\n"))
		line = strings.TrimRight(raw, " \t")
		if skipped(line) {
			continue
		}
		if v, ok := strings.CutPrefix(line, "ASA Version "); ok {
			cfg.version, _, _ = strings.Cut(strings.TrimSpace(v), " ")
			continue
		}
		c := call{d: d, s: s, cfg: cfg}
		c.in.text = line
		if err := c.loadLine(); err != nil {
			return fmt.Errorf("line %d: %s: %w", number, strings.TrimSpace(line), err)
		}
		s.block.keepBlank(raw)
	}
	if err := cfg.resolved(); err != nil {
		return err
	}
	d.cfg, d.packed = cfg, nil
	lines := cfg.body()
	d.keep(strings.Join(lines, "\n")+"\n", checksum(lines), "")
	d.saved = true
	d.changed = ""
	return nil
}

// printable drops control characters, which nobody can type.
func printable(s string) string {
	control := func(b byte) bool { return b < 0x20 && b != '\t' || b == 0x7f }
	for i := range len(s) {
		if control(s[i]) {
			return string(slices.DeleteFunc([]byte(s), control))
		}
	}
	return s
}

// keepBlank keeps the blank at the end of a line that has just been added.
func (b *block) keepBlank(raw string) {
	switch {
	case b == nil || !strings.HasSuffix(raw, " "):
	case indented(raw) && len(b.subs) > 0:
		i := len(b.subs) - 1
		b.subs[i] = trimRight(b.subs[i]) + " "
	default:
		b.tail = " "
	}
}

func skipped(line string) bool {
	if line == "" {
		return true
	}
	return line[0] == ':' || line[0] == '!' || strings.HasPrefix(line, "Cryptochecksum:")
}

// loadLine takes a line of a printed configuration. An indented line belongs
// to the command before it.
func (c *call) loadLine() error {
	if !indented(c.in.text) {
		c.s.mode = mode{kind: modeConfig}
		c.s.block = nil
		return c.config()
	}
	if strings.TrimLeft(c.in.text, " \t")[0] == '!' {
		return nil
	}
	if b := c.s.block; b != nil {
		b.subs = append(b.subs, c.in.text)
		return nil
	}
	taken, err := c.sub()
	if !taken && err == nil {
		c.in.skip()
		return invalid(c.in.at)
	}
	return err
}

func indented(s string) bool { return s != "" && (s[0] == ' ' || s[0] == '\t') }

// resolved says that every reference has its object, once the whole
// configuration has been read.
func (cfg *config) resolved() error {
	if cfg.forwardRef {
		return cfg.kinds()
	}
	for n := range cfg.uses {
		if p, ok := strings.CutPrefix(n, periodKey); ok && cfg.periods[p] != nil {
			continue
		}
		if cfg.objects[n] == nil && cfg.groups[n] == nil {
			return refuse("ERROR: object (%s) does not exist.", n)
		}
		if g := cfg.groups[n]; g != nil && len(g.members) == 0 {
			return refuse("ERROR: specified object group <%s> is empty", n)
		}
		if o := cfg.objects[n]; o != nil && o.value == "" {
			return refuse("ERROR: object (%s) is empty.", n)
		}
	}
	for _, g := range cfg.accessGroups {
		if cfg.acls[g.acl] == nil {
			return refuse("ERROR: access-list <%s> does not exist", g.acl)
		}
	}
	for _, m := range cfg.classMaps {
		for _, l := range m.match {
			if n, ok := strings.CutPrefix(l, "access-list "); ok && cfg.acls[n] == nil {
				return refuse("ERROR: access-list <%s> does not exist", n)
			}
		}
	}
	for _, p := range cfg.policyMaps {
		for _, k := range p.classes {
			if k.name != "class-default" && cfg.classMap(k.name) == nil {
				return refuse("ERROR: %% class-map %s not configured", k.name)
			}
		}
	}
	return cfg.kinds()
}

// kinds says that references that were read before what they name are of the
// right type.
func (cfg *config) kinds() error {
	group := func(n string, kinds ...string) error {
		g := cfg.groups[n]
		if n == "" || g == nil && cfg.objects[n] == nil || g != nil && slices.Contains(kinds, g.class()) {
			return nil
		}
		return refuse("ERROR: specified object group <%s> has wrong type; expecting %s type", n, kindWord(kinds[0]))
	}
	object := func(n, kind string) error {
		o := cfg.objects[n]
		if n == "" || o == nil && cfg.groups[n] == nil || o != nil && o.kind == kind {
			return nil
		}
		return refuse("ERROR: specified object <%s> has wrong type; expecting %s type", n, kind)
	}
	address := func(a address) error {
		switch a.kind {
		case addrGroup:
			return group(a.name, "network")
		case addrObject:
			return object(a.name, "network")
		}
		return nil
	}
	for _, a := range cfg.aclOrder {
		for _, e := range a.lines {
			if err := cmp.Or(address(e.src), address(e.dst), object(e.proto.object, "service"),
				group(e.proto.group, "service", "protocol"), group(e.icmp, "icmp-type")); err != nil {
				return err
			}
		}
	}
	for _, g := range cfg.groupOrder {
		for _, m := range g.members {
			var err error
			switch m.word {
			case "group-object":
				err = group(m.name, g.class())
			case "service-object":
				err = object(m.name, "service")
			default:
				err = address(m.addr)
			}
			if err != nil {
				return err
			}
		}
	}
	return nil
}

// SetHits sets the hit count of a line of an access list.
func (d *Device) SetHits(list string, line, hits int) {
	d.lock()
	defer d.mu.Unlock()
	d.unpack()
	if a := d.cfg.acls[list]; a != nil && line >= 1 && line <= len(a.lines) {
		a.lines[line-1].hits = hits
	}
}
