package push

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/nbfwc/nbfwc/targets"
)

// A login is a session on the unit of a device that takes changes, and on the
// other unit of a pair.
type login struct {
	s    targets.Session
	id   targets.Identity
	unit int
	// peer is the session on the other unit of a pair; nil where there is none,
	// and then apart says why.
	peer   targets.Session
	peerID targets.Identity
	apart  string
	closed bool
}

func (l *login) close() {
	if l.closed {
		return
	}
	l.closed = true
	_ = l.s.Close()
	if l.peer != nil {
		_ = l.peer.Close()
	}
}

// identities are those of the units that were reached.
func (l *login) identities() []targets.Identity {
	if l.peer == nil {
		return []targets.Identity{l.id}
	}
	return []targets.Identity{l.id, l.peerID}
}

// login logs in on a device, on both units of a pair, and makes sure that it is
// the one that the policy means. record wraps the sessions for a journal; it may
// be nil.
func (e *Engine) login(ctx context.Context, d *Device, readOnly bool, record func(targets.Session) targets.Session) (*login, error) {
	units := max(d.Units, 1)
	sessions, ids, errs := make([]targets.Session, units), make([]targets.Identity, units), make([]error, units)
	for i := range units {
		// Of a pair the unit that takes changes isn't known before both were
		// asked; what is only read is asked for by sessions that can't change.
		sessions[i], ids[i], errs[i] = e.unit(ctx, d, i, readOnly, record)
	}
	l, err := choose(d, sessions, ids, errs)
	if err == nil {
		err = rightDevice(d, l)
	}
	if err != nil {
		for _, s := range sessions {
			if s != nil {
				_ = s.Close()
			}
		}
		return nil, err
	}
	return l, nil
}

// unit logs in on one unit.
func (e *Engine) unit(ctx context.Context, d *Device, i int, readOnly bool, record func(targets.Session) targets.Session) (targets.Session, targets.Identity, error) {
	s, err := e.Dial(ctx, d, i, readOnly)
	if err != nil {
		return nil, targets.Identity{}, fmt.Errorf("device %s: %w", unitName(d, i), err)
	}
	if record != nil {
		s = record(s)
	}
	opened := false
	defer func() {
		if !opened {
			_ = s.Close()
		}
	}()
	id, err := d.Dialogue.Open(ctx, s, d.Part)
	if err != nil {
		return nil, id, fmt.Errorf("device %s: %w", unitName(d, i), err)
	}
	opened = true
	return s, id, nil
}

func unitName(d *Device, i int) string {
	if d.Units < 2 {
		return d.Name
	}
	return fmt.Sprintf("%s (unit %d)", d.Name, i+1)
}

// choose finds the unit that takes changes.
func choose(d *Device, sessions []targets.Session, ids []targets.Identity, errs []error) (*login, error) {
	if len(sessions) == 1 {
		switch {
		case errs[0] != nil:
			return nil, errs[0]
		case ids[0].Standby:
			return nil, fmt.Errorf("device %s: %s is the standby unit of a pair, which takes no changes; give the addresses of both units", d.Name, called(ids[0]))
		}
		return &login{s: sessions[0], id: ids[0]}, nil
	}
	var active, reached []int
	for i := range sessions {
		if errs[i] != nil {
			continue
		}
		reached = append(reached, i)
		if !ids[i].Standby {
			active = append(active, i)
		}
	}
	switch {
	case len(reached) == 0:
		return nil, errors.Join(errs...)
	case len(active) == 0 && len(reached) < len(sessions):
		return nil, fmt.Errorf("%w; the other unit, %s, is on standby and takes no changes", errors.Join(errs...), called(ids[reached[0]]))
	case len(active) == 0:
		return nil, fmt.Errorf("device %s: both units say that they are on standby; nothing can be changed before one of them takes over", d.Name)
	case len(active) > 1:
		return nil, fmt.Errorf("device %s: both units, %s and %s, say that they are active; they are no pair, or have lost sight of each other", d.Name, called(ids[0]), called(ids[1]))
	}
	l := &login{s: sessions[active[0]], id: ids[active[0]], unit: active[0]}
	other := 1 - active[0]
	if errs[other] != nil {
		l.apart = "the other unit can't be asked: " + errs[other].Error()
	} else {
		l.peer, l.peerID = sessions[other], ids[other]
	}
	return l, nil
}

// rightDevice compares what a device says of itself with what the policy says.
// The units of a pair may have different names, of which the policy says one.
func rightDevice(d *Device, l *login) error {
	named := d.Hostname == ""
	for _, id := range l.identities() {
		named = named || id.Hostname == "" || strings.EqualFold(id.Hostname, d.Hostname)
		switch {
		case !SameRelease(id.Version, d.OS):
			return fmt.Errorf("device %s: %s runs version %s, the policy says os = %q; correct one of them", d.Name, called(id), id.Version, d.OS)
		case len(d.Serials) > 0 && id.Serial != "" && !slices.Contains(d.Serials, id.Serial):
			return fmt.Errorf("device %s: %s has the serial number %s, the policy says %s: it is another device", d.Name, called(id), id.Serial, strings.Join(d.Serials, ", "))
		}
	}
	if !named {
		return fmt.Errorf("device %s: the device calls itself %s, the policy says hostname = %q: it is another device", d.Name, l.id.Hostname, d.Hostname)
	}
	return nil
}

// sameDevice says by an error that a login is on another device than earlier
// ones were. Of a pair the units may have changed places since.
func sameDevice(d *Device, l *login, known []targets.Identity) error {
	if slices.ContainsFunc(known, func(k targets.Identity) bool { return sameUnit(k, l.id) }) || slices.Contains(d.Serials, l.id.Serial) {
		return nil
	}
	return fmt.Errorf("device %s: %s answers where %s was before: it is another device", d.Name, called(l.id), called(known[0]))
}

func sameUnit(a, b targets.Identity) bool {
	if a.Serial != "" && b.Serial != "" {
		return a.Serial == b.Serial
	}
	return a.Hostname == b.Hostname && a.Model == b.Model
}

// called is what a unit is called in a message.
func called(id targets.Identity) string {
	name := id.Hostname
	if name == "" {
		name = "a unit without a name"
	}
	if id.Serial != "" {
		name += " (serial number " + id.Serial + ")"
	}
	return name
}

// SameRelease says whether the version that a device states is the one that the
// policy says, which may be less exact: 9.16(4) is 9.16, and 7.2.4 is 7.2. An
// unknown one contradicts nothing.
func SameRelease(have, want string) bool {
	rest, ok := strings.CutPrefix(have, want)
	return have == "" || want == "" || ok && (rest == "" || rest[0] < '0' || rest[0] > '9')
}

// permanent says that an error of Dial stays the same however often one tries.
func permanent(err error) bool {
	var p interface{ Permanent() bool }
	return errors.As(err, &p) && p.Permanent()
}

// reach logs in on a device again that may be out of reach for a while: it
// tries until the time is over, seldom enough not to look like an attack.
func (x *run) reach() (*login, error) {
	until := x.e.Now().Add(x.e.timeout() + x.e.timeout()/4)
	for pause := time.Second; ; pause = min(2*pause, 15*time.Second) {
		l, err := x.e.login(x.hard, x.d, false, x.record)
		if err == nil {
			if err = sameDevice(x.d, l, x.known); err == nil {
				return l, nil
			}
			l.close()
			return nil, err
		}
		x.note("no login: %v", err)
		if x.hard.Err() != nil || permanent(err) || x.e.Now().Add(pause).After(until) {
			return nil, err
		}
		x.progress("waiting for the device to answer again")
		if x.e.wait(x.hard, pause) != nil {
			return nil, err
		}
	}
}

// wait waits, unless the context is done before.
func (e *Engine) wait(ctx context.Context, d time.Duration) error {
	if e.Wait != nil {
		return e.Wait(ctx, d)
	}
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
