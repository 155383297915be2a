package flowin

import (
	"bytes"
	"net/netip"
	"time"
)

// exporter is what is kept of an address.
type exporter struct {
	id           uint32
	addr         netip.Addr
	seen         int64
	domains      map[domainKey]*domain
	templates    int // in all domains
	bytes        int // of all templates
	waiting      int // sets without template
	waitingBytes int
}

type domainKey struct {
	version uint16
	id      uint32
}

// domain is what is kept of an observation domain: templates, sampling and
// sequence numbers are its own (RFC 3954, section 5.1; RFC 7011, section 3.1).
type domain struct {
	of        *exporter
	key       domainKey
	seen      int64
	templates map[uint16]*template
	waiting   []waitingSet
	sampling  uint32
	samplers  map[uint64]uint32
	booted    int64
	track     track
}

// waitingSet is a data set that came before its template.
type waitingSet struct {
	id    uint16
	body  []byte
	at    moment
	since int64
}

// domain returns the state for a datagram's exporter and domain, or nil and has
// counted why not.
func (d *Decoder) domain(in *arrival, version uint16, id uint32) *domain {
	e := d.exporters[in.from]
	if e == nil {
		if len(d.exporters) >= d.limits.Exporters {
			d.stats.Datagrams.ExporterLimit++
			return nil
		}
		d.last++
		e = &exporter{id: d.last, addr: in.from, domains: map[domainKey]*domain{}}
		d.exporters[in.from] = e
		d.names[e.id] = in.from
	}
	e.seen = in.received
	key := domainKey{version, id}
	dom := e.domains[key]
	if dom == nil {
		if len(e.domains) >= d.limits.Domains {
			d.stats.Datagrams.DomainLimit++
			return nil
		}
		dom = &domain{of: e, key: key, templates: map[uint16]*template{}, samplers: map[uint64]uint32{}}
		e.domains[key] = dom
	}
	dom.seen = in.received
	return dom
}

// blank is a record before its fields are read.
func (dom *domain) blank(at *moment) Record {
	return Record{Exporter: dom.of.id, Domain: dom.key.id, Sampling: dom.sampling, First: at.sent, Last: at.sent}
}

// template returns a domain's template unless it has not been refreshed for too
// long.
func (dom *domain) template(id uint16, now int64, life time.Duration) *template {
	t := dom.templates[id]
	if t == nil || now-t.seen > life.Milliseconds() {
		return nil
	}
	return t
}

func (e *exporter) add(dom *domain, id uint16, t *template) {
	dom.templates[id] = t
	e.templates++
	e.bytes += t.cost()
}

func (e *exporter) drop(dom *domain, id uint16) {
	if t := dom.templates[id]; t != nil {
		e.templates--
		e.bytes -= t.cost()
		delete(dom.templates, id)
	}
}

// wait keeps a copy of a set whose template has not come.
func (d *Decoder) wait(m *message, id uint16, b []byte) {
	e := m.exp
	if e.waiting >= d.limits.WaitingSets || e.waitingBytes+len(b) > d.limits.WaitingBytes {
		d.expireWaiting(m.dom, m.in.received)
	}
	if e.waiting >= d.limits.WaitingSets || e.waitingBytes+len(b) > d.limits.WaitingBytes {
		d.stats.Sets.NoRoom++
		return
	}
	m.dom.waiting = append(m.dom.waiting, waitingSet{id, bytes.Clone(b), m.at, m.in.received})
	e.waiting++
	e.waitingBytes += len(b)
	d.stats.Sets.Waiting++
}

// release takes those sets out of a domain's waiting ones that match, and
// returns them.
func (d *Decoder) release(dom *domain, match func(*waitingSet) bool) []waitingSet {
	var out []waitingSet
	kept := dom.waiting[:0]
	for _, w := range dom.waiting {
		if !match(&w) {
			kept = append(kept, w)
			continue
		}
		out = append(out, w)
		dom.of.waiting--
		dom.of.waitingBytes -= len(w.body)
	}
	clear(dom.waiting[len(kept):])
	if dom.waiting = kept; len(kept) == 0 {
		dom.waiting = nil
	}
	d.stats.Sets.Waiting -= uint64(len(out))
	return out
}

func (d *Decoder) expireWaiting(dom *domain, now int64) {
	gone := d.release(dom, func(w *waitingSet) bool { return now-w.since > d.limits.Wait.Milliseconds() })
	d.stats.Sets.Expired += uint64(len(gone))
}

// late decodes what waited for a template.
func (d *Decoder) late(m *message, id uint16, t *template, dst []Record) []Record {
	if len(m.dom.waiting) == 0 {
		return dst
	}
	d.expireWaiting(m.dom, m.in.received)
	for _, w := range d.release(m.dom, func(w *waitingSet) bool { return w.id == id }) {
		d.stats.Sets.Late++
		dst, _ = d.data(m.dom, t.plan, &w.at, w.body, dst)
	}
	return dst
}

// forsake gives up the sets whose template was refused.
func (d *Decoder) forsake(dom *domain, id uint16) {
	gone := d.release(dom, func(w *waitingSet) bool { return w.id == id })
	d.stats.Sets.Dropped += uint64(len(gone))
}

// restart forgets what an exporter told before it booted: RFC 3954, section 9,
// has it send its templates anew, perhaps others under the same ids.
func (d *Decoder) restart(dom *domain) {
	for id := range dom.templates {
		dom.of.drop(dom, id)
	}
	gone := d.release(dom, func(*waitingSet) bool { return true })
	d.stats.Sets.Dropped += uint64(len(gone))
	dom.sampling, dom.booted = 0, 0
	clear(dom.samplers)
	d.stats.Sequence.Restarts++
	dom.track.restarts++
	dom.track.known = false
}

// learn keeps what an options record tells.
func (dom *domain) learn(h *hints, most int) {
	if h.initTime != 0 {
		dom.booted = h.initTime
	}
	rate := h.rate()
	if rate == 0 {
		return
	}
	if _, known := dom.samplers[h.sampler]; known || len(dom.samplers) < most {
		dom.samplers[h.sampler] = rate
	}
	dom.sampling = rate
}

// sample sets a record's sampling from its own fields, or by the sampler that
// it names.
func (dom *domain) sample(r *Record, h *hints) {
	if rate := h.rate(); rate != 0 {
		r.Sampling = rate
	} else if rate, known := dom.samplers[h.sampler]; known && h.sampler != 0 {
		r.Sampling = rate
	}
}

// Expire forgets templates, waiting sets, domains and exporters whose time is
// over. Nothing depends on how often it is called but memory: what has expired
// is not used either way.
func (d *Decoder) Expire(at time.Time) {
	now := at.UnixMilli()
	for addr, e := range d.exporters {
		for key, dom := range e.domains {
			d.expireWaiting(dom, now)
			for id, t := range dom.templates {
				if now-t.seen > d.limits.TemplateLife.Milliseconds() {
					e.drop(dom, id)
				}
			}
			if now-dom.seen > d.limits.ExporterLife.Milliseconds() {
				d.stats.Sets.Expired += uint64(len(d.release(dom, func(*waitingSet) bool { return true })))
				for id := range dom.templates {
					e.drop(dom, id)
				}
				delete(e.domains, key)
			}
		}
		if now-e.seen > d.limits.ExporterLife.Milliseconds() && len(e.domains) == 0 {
			delete(d.exporters, addr)
			delete(d.names, e.id)
		}
	}
}
