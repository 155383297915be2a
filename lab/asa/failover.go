package asa

import "fmt"

// NewPair returns two units of a failover pair. The primary unit is active:
// what is changed on it is changed on the other. What is changed on the standby
// unit stays there, with a warning.
func NewPair(opt Options) (primary, secondary *Device) {
	primary = New(opt)
	second := opt
	second.Serial = primary.opt.Serial[:len(primary.opt.Serial)-1] + "2"
	secondary = New(second)
	a, b := primary.box, secondary.box
	b.mu = a.mu
	a.peer, b.peer = b, a
	b.secondary, b.passive = true, true
	for i, d := range b.views() {
		d.follow(a.views()[i])
	}
	return primary, secondary
}

// Failover makes this unit of a pair the active one.
func (d *Device) Failover() {
	d.lock()
	defer d.mu.Unlock()
	d.takeOver()
}

func (b *box) takeOver() {
	if b.peer == nil {
		return
	}
	b.passive, b.peer.passive = false, true
}

// Standby says that the unit is the one that takes no changes over.
func (d *Device) Standby() bool {
	d.lock()
	defer d.mu.Unlock()
	return d.standby()
}

func (b *box) standby() bool {
	if b.peer != nil {
		return b.passive
	}
	return b.opt.Faults.Standby
}

// other is the same context of the other unit, nil if there is none.
func (d *Device) other() *Device {
	if d.peer == nil {
		return nil
	}
	for i, v := range d.views() {
		if v == d {
			return d.peer.views()[i]
		}
	}
	return nil
}

// follow gives the unit the configurations of the other.
func (d *Device) follow(from *Device) {
	d.cfg, d.own = from.cfg, false
	d.startup, d.sum, d.written, d.saved, d.changed = from.startup, from.sum, from.written, from.saved, from.changed
}

// replicate brings a change of the active unit to the standby unit, if that has
// no changes of its own.
func (d *Device) replicate() {
	if p := d.other(); p != nil && !d.passive && !p.own {
		p.cfg, p.saved, p.changed = d.cfg, false, d.changed
	}
}

// part gives the standby unit a configuration of its own, before it is changed.
func (d *Device) part() error {
	if d.peer == nil || !d.passive || d.own {
		return nil
	}
	cfg, err := d.reread(d.cfg.body())
	if err != nil {
		return err
	}
	d.cfg, d.own = cfg, true
	return nil
}

// mirror types lines of the active unit on a standby unit that has changes of
// its own.
func (d *Device) mirror(in mode, lines ...string) {
	p := d.other()
	if p == nil || d.passive || !p.own {
		return
	}
	s := &Session{d: p, down: p.down, mode: in, replica: true}
	for _, l := range lines {
		s.run(l)
	}
}

const standbyWarning = "**** WARNING ****\n\tConfiguration Replication is NOT performed from Standby unit to Active unit.\n\tConfigurations are no longer synchronized."

// writeStandby is "write standby": the standby unit takes the configuration of
// the active one.
func (c *call) writeStandby() error {
	p := c.d.other()
	if p == nil || c.d.passive {
		return refuse("ERROR: the other unit is not ready to take the configuration")
	}
	p.cfg, p.own, p.saved, p.changed = c.d.cfg, false, p.startup == c.d.startup && c.d.saved, c.d.changed
	c.say("Building configuration...\n[OK]")
	return nil
}

// failoverActive is "[no] failover active", in enable mode.
func (c *call) failoverActive(on bool) error {
	if !on {
		if _, err := c.in.keyword("failover"); err != nil {
			return err
		}
	}
	if _, err := c.in.keyword("active"); err != nil {
		return err
	}
	if err := c.in.done(); err != nil {
		return err
	}
	switch {
	case c.d.peer == nil:
		return refuse("ERROR: failover is not enabled")
	case on:
		c.d.takeOver()
	case !c.d.passive:
		c.d.peer.takeOver()
	}
	return nil
}

// showFailover is "show failover".
func (c *call) showFailover() {
	f := c.d.opt.Faults
	if c.d.peer == nil && !f.Standby {
		c.say("Failover Off \nFailover unit Secondary\nFailover LAN Interface: not Configured\nReconnect timeout 0:00:00")
		return
	}
	unit, other := "Primary", "Secondary"
	if c.d.secondary {
		unit, other = other, unit
	}
	mine, theirs := "Active", "Standby Ready"
	if c.d.standby() {
		mine, theirs = theirs, mine
	}
	if f.PeerFailed {
		theirs = "Failed"
	}
	version, mate := c.cfg.version, c.d.opt.Serial
	if c.d.peer != nil {
		mate = c.d.peer.opt.Serial
	}
	c.say("Failover On \nFailover unit %s\nFailover LAN Interface: FAILOVER GigabitEthernet0/3 (up)\nReconnect timeout 0:00:00", unit)
	c.say("Unit Poll frequency 1 seconds, holdtime 15 seconds\nInterface Poll frequency 5 seconds, holdtime 25 seconds\nInterface Policy 1")
	c.say("Monitored Interfaces %d of 1285 maximum\nMAC Address Move Notification Interval not set", len(c.cfg.interfaces))
	c.say("Version: Ours %s, Mate %s\nSerial Number: Ours %s, Mate %s\nLast Failover at: 03:04:05 UTC Jan 2 2024", version, version, c.d.opt.Serial, mate)
	for _, u := range [][2]string{{"This host: " + unit + " - " + mine, "Active time: 86400 (sec)"}, {"Other host: " + other + " - " + theirs, "Active time: 0 (sec)"}} {
		c.say("\t%s \n\t\t%s\n\t\tslot 0: empty", u[0], u[1])
		for _, i := range c.cfg.interfaces {
			if i.nameif != "" {
				c.say("\t\t  Interface %s (%s): Normal (Monitored)", i.nameif, i.ip)
			}
		}
	}
	c.say("")
}

// showFailoverState is "show failover state".
func (c *call) showFailoverState() {
	if c.d.peer == nil && !c.d.opt.Faults.Standby {
		c.say("This host  -   Secondary\n               Disabled\nOther host -   Primary\n               Not Detected")
		return
	}
	unit, other, mine, theirs := "Primary", "Secondary", "Active", "Standby Ready"
	if c.d.secondary {
		unit, other = other, unit
	}
	if c.d.standby() {
		mine, theirs = theirs, mine
	}
	c.say("               State          Last Failure Reason      Date/Time\n%s", fmt.Sprintf("This host  -   %s\n               %-14s None\nOther host -   %s\n               %-14s None", unit, mine, other, theirs))
}
