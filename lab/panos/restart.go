package panos

import "strings"

// Restart ends the sessions and the jobs. Since 10.1 the candidate stays, as
// the locks do; before, it is what runs.
func (d *Device) Restart() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.restart()
}

func (d *Device) restart() {
	d.down++
	for _, s := range d.sessions {
		for _, f := range s.onEnd {
			go f()
		}
	}
	d.sessions, d.queue = nil, nil
	for _, j := range d.jobs {
		if j.state != finished {
			j.state, j.ok, j.ended, j.faults = finished, false, d.now(), []string{"Error: the device was restarted"}
		}
	}
	if old(d.opt.Version) {
		d.candidate, d.pending = d.running.copy(), nil
	}
}

// old says that a version is one before 10.1.
func old(version string) bool {
	return strings.HasPrefix(version, "9.") || strings.HasPrefix(version, "8.") || strings.HasPrefix(version, "10.0")
}
