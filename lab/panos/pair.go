package panos

import "strings"

// Pair makes two devices the active and the passive unit of a pair. It comes
// before their first logins. From then on a commit on one of them reaches the
// other, all but the part that is about the device itself.
func Pair(active, passive *Device) {
	passive.mu = active.mu
	active.peer, passive.peer = passive, active
	active.opt.HA, passive.opt.HA = "active", "passive"
}

// SetHA sets the state that the unit has in its pair.
func (d *Device) SetHA(state string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.opt.HA = state
}

// Failover makes the other unit of the pair the active one.
func (d *Device) Failover() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.failover()
}

func (d *Device) failover() {
	if d.peer != nil {
		d.opt.HA, d.peer.opt.HA = d.peer.opt.HA, d.opt.HA
	}
}

// sync gives the other unit what runs here.
func (d *Device) sync() {
	p := d.peer
	if p == nil || p.peer != d {
		return
	}
	d.outOfSync = d.opt.Faults.SyncFail
	p.outOfSync = d.outOfSync
	if d.outOfSync {
		return
	}
	next := d.running.copy()
	next.take(p.running, "deviceconfig")
	p.running, p.candidate, p.pending = next, next.copy(), nil
	j := p.newJob("HA-Sync", d.running.text("deviceconfig", "system", "hostname"), "")
	p.queue = p.queue[:len(p.queue)-1]
	j.state, j.ok, j.began, j.ended = finished, true, p.now(), p.now()
	p.versions = append(p.versions, version{next.copy(), p.now(), "HA-Sync", j.id, ""})
}

// take makes a section that of another configuration.
func (n *node) take(from *node, word string) {
	if k := n.child(word); k != nil {
		k.remove()
	}
	if k := from.child(word); k != nil {
		after := n.last
		for after != nil && after.s.rank > k.s.rank {
			after = after.prev
		}
		n.insert(k.copy(), after)
	}
}

// haState is "show high-availability state".
func (d *Device) haState() string {
	if d.opt.HA == "" {
		return "\nHA not enabled\n\n"
	}
	mode, other := "Active-Passive", map[string]string{"active": "passive", "passive": "active", "active-primary": "active-secondary", "active-secondary": "active-primary"}[d.opt.HA]
	if strings.HasPrefix(d.opt.HA, "active-") {
		mode = "Active-Active"
	}
	serial := "007051000000002"
	if d.peer != nil {
		other, serial = d.peer.opt.HA, d.peer.opt.Serial
	} else if other == "" {
		other = "active"
	}
	sync := "synchronized"
	if d.outOfSync {
		sync = "not synchronized"
	}
	return "\nGroup 1:\n  Mode: " + mode + "\n" +
		"  Local Information:\n    Version: 1\n    Mode: " + mode + "\n    State: " + d.opt.HA + " (last 12 days)\n" +
		"    Device Information:\n      Model: " + d.opt.Model + "\n      Management IPv4 Address: 192.0.2.1/24\n" +
		"    Election Option Information:\n      Priority: 100\n      Preemptive: no\n    State Synchronization: Complete\n" +
		"  Peer Information:\n    Connection status: up\n    Version: 1\n    Mode: " + mode + "\n    State: " + other + " (last 12 days)\n" +
		"    Device Information:\n      Model: " + d.opt.Model + "\n      Serial Num: " + serial + "\n      Management IPv4 Address: 192.0.2.2/24\n" +
		"  Configuration Synchronization:\n    Enabled: yes\n    Running Configuration: " + sync + "\n\n"
}
