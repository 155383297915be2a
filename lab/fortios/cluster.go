package fortios

import (
	"crypto/sha256"
	"fmt"
	"strings"
)

// Pair makes two devices the primary and the secondary unit of a cluster. It
// comes before their first logins. From then on what is changed on the primary
// replaces the configuration of the secondary, all but its host name and its
// part of the cluster's settings.
func Pair(primary, secondary *Device) {
	secondary.mu = primary.mu
	primary.peer, secondary.peer = secondary, primary
	primary.opt.HA, secondary.opt.HA = "primary", "secondary"
	primary.tell()
}

// Failover makes the other unit of the cluster the primary one.
func (d *Device) Failover() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.failover()
}

func (d *Device) failover() {
	if d.peer != nil {
		d.catchUp()
		d.peer.catchUp()
		d.opt.HA, d.peer.opt.HA = d.peer.opt.HA, d.opt.HA
	}
}

// tell notes that the other unit has to catch up.
func (d *Device) tell() {
	if d.peer != nil && d.opt.HA == "primary" && !d.opt.Faults.SyncFail {
		d.peer.behind = true
	}
}

// ownOfUnit are what each unit of a cluster has for itself.
func (cfg *config) ownOfUnit() (hostname []token, ha *table) {
	return cfg.object("system global").get("hostname"), cfg.global.byPath["system ha"]
}

// catchUp takes over what the primary unit has.
func (d *Device) catchUp() {
	if !d.behind || d.peer == nil {
		return
	}
	d.behind = false
	hostname, ha := d.cfg.ownOfUnit()
	take := func(from *config) *config {
		cfg := from.copy()
		t := cfg.global.table("system global", true)
		t.self = t.self.copy()
		t.self.drop("hostname")
		if hostname != nil {
			t.self.fields = append([]field{{"hostname", hostname}}, t.self.fields...)
		}
		if ha != nil {
			*cfg.global.table("system ha", true) = *ha.copy()
		}
		return cfg
	}
	d.cfg = take(d.peer.cfg)
	d.saved, d.dirty = nil, d.peer.dirty
	if d.peer.saved != nil {
		d.saved = take(d.peer.saved)
	}
	d.gen++
}

func (d *Device) roleInPrompt() string {
	if !d.opt.RolePrompt || d.opt.HA == "" {
		return ""
	}
	return "(" + strings.ToUpper(d.opt.HA[:1]) + d.opt.HA[1:] + ")"
}

// checksum is that of a scope, or of all if it is nil, without what each unit
// has for itself.
func (cfg *config) checksum(v *scope) string {
	p := printer{version: cfg.version}
	for _, x := range append([]*scope{cfg.global}, cfg.vdoms...) {
		if v != nil && x != v {
			continue
		}
		for _, t := range x.sorted() {
			if t.empty() || t.path == "system ha" {
				continue
			}
			if t.path == "system global" {
				t = t.copy()
				t.self = t.self.copy()
				t.self.drop("hostname")
			}
			p.table(t, 0, "")
		}
	}
	h := sha256.Sum256([]byte(p.b.String()))
	return fmt.Sprintf("% x", h[:16])
}

// units are those of the cluster, the primary first.
func (d *Device) units() []*Device {
	switch {
	case d.peer == nil:
		return []*Device{d}
	case d.opt.HA == "primary":
		return []*Device{d, d.peer}
	}
	return []*Device{d.peer, d}
}

func (c *call) checksums() {
	for i, u := range c.d.units() {
		u.catchUp()
		first := 1 - i
		if u.opt.HA == "" {
			first = 1
		}
		c.say("\n================== %s ==================\n\nis_manage_primary()=%d, is_root_primary()=%d", u.opt.Serial, first, first)
		for _, head := range []string{"debugzone", "checksum"} {
			c.say("%s\nglobal: %s ", head, u.cfg.checksum(u.cfg.global))
			for _, v := range u.cfg.vdoms {
				c.say("%s: %s ", v.name, u.cfg.checksum(v))
			}
			c.say("all: %s ", u.cfg.checksum(nil))
			if head == "debugzone" {
				c.say("")
			}
		}
	}
}

func (c *call) haStatus() {
	d := c.d
	c.say("HA Health Status: OK\nModel: %s", d.opt.Model)
	if d.opt.HA == "" {
		c.say("Mode: Standalone\nGroup: 0\nDebug: 0")
		return
	}
	units := d.units()
	c.say("Mode: HA A-P\nGroup: 1\nDebug: 0\nCluster Uptime: 12 days 3:04:05\nCluster state change time: %s", d.up.Format("2006-01-02 15:04:05"))
	c.say("Primary selected using:\n    <%s> %s is selected as the primary because its override priority is larger than peer member.", d.up.Format("2006/01/02 15:04:05"), units[0].opt.Serial)
	c.say("ses_pickup: enable, ses_pickup_delay=disable\noverride: disable\nConfiguration Status:")
	sum := units[0].cfg.checksum(nil)
	for _, u := range units {
		u.catchUp()
		state := "in-sync"
		if u.cfg.checksum(nil) != sum {
			state = "out-of-sync"
		}
		c.say("    %s(updated 3 seconds ago): %s", u.opt.Serial, state)
	}
	roles := []string{"Primary", "Secondary"}
	if len(units) == 1 && d.opt.HA == "secondary" {
		roles = roles[1:]
	}
	for i, u := range units {
		c.say("%-12s: %-16s, %s, HA cluster index = %d", roles[i], u.hostname(u.cfg), u.opt.Serial, i)
	}
	c.say("number of vcluster: 1\nvcluster 1: work 169.254.0.1")
	for i, u := range units {
		c.say("%s: %s, HA operating index = %d", roles[i], u.opt.Serial, i)
	}
}

// status is "get system status".
func (c *call) status() {
	d := c.d
	vdoms, mode := "disable", "NAT"
	if c.cfg.vdomMode {
		vdoms = "multiple"
	} else if c.cfg.object("system settings").word(nil, "opmode") == "transparent" {
		mode = "Transparent"
	}
	current := "root"
	if f := c.top(); f.kind == inVDOM {
		current = f.vdom
	}
	ha := "standalone"
	if d.opt.HA != "" {
		ha = "a-p, " + d.opt.HA
	}
	c.say("Version: %s v%s,build%s,230131 (GA.F)", d.opt.Model, c.cfg.version, c.cfg.build())
	c.say("Virus-DB: 1.00000(2018-04-09 18:07)\nExtended DB: 1.00000(2018-04-09 18:07)\nIPS-DB: 6.00741(2015-12-01 02:30)")
	c.say("Serial-Number: %s\nLog hard disk: Not available\nHostname: %s\nPrivate Encryption: Disable", d.opt.Serial, d.hostname(c.cfg))
	c.say("Operation Mode: %s\nCurrent virtual domain: %s\nMax number of virtual domains: 10", mode, current)
	c.say("Virtual domains status: %d in NAT mode, 0 in TP mode\nVirtual domain configuration: %s\nFIPS-CC mode: disable", len(c.cfg.vdoms), vdoms)
	c.say("Current HA mode: %s", ha)
	if d.opt.HA != "" {
		c.say("Cluster uptime: 12 days, 3 hours, 4 minutes, 5 seconds\nCluster state change time: %s", d.up.Format("2006-01-02 15:04:05"))
	}
	c.say("Branch point: %s\nRelease Version Information: GA\nSystem time: %s", c.cfg.build(), d.now().Format("Mon Jan _2 15:04:05 2006"))
}
