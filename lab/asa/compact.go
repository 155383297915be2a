package asa

import (
	"bytes"
	"compress/flate"
	"io"
	"strings"
	"sync"
)

var deflaters = sync.Pool{New: func() any {
	w, _ := flate.NewWriter(io.Discard, flate.BestSpeed) // the level is a good one
	return w
}}

// pack keeps a configuration that nobody uses as a small text. One that isn't
// saved stays as it is.
func (d *Device) pack() {
	if !d.opt.Compact || d.cfg == nil || !d.saved || len(d.sessions) > 0 || len(d.drafts) > 0 || d.peer != nil || d.multiple() {
		return
	}
	var b bytes.Buffer
	w := deflaters.Get().(*flate.Writer)
	w.Reset(&b)
	io.WriteString(w, "ASA Version "+d.cfg.version+"\n"+d.startup)
	w.Close()
	deflaters.Put(w)
	d.packed = bytes.Clone(b.Bytes())
	d.cfg, d.startup = nil, ""
}

// unpack makes the configuration of its text again.
func (d *Device) unpack() {
	if d.cfg != nil {
		return
	}
	var b strings.Builder
	changed, written := d.changed, d.written
	if _, err := io.Copy(&b, flate.NewReader(bytes.NewReader(d.packed))); err != nil {
		panic("asa: a packed configuration doesn't unpack: " + err.Error())
	}
	if err := d.load(b.String()); err != nil {
		panic("asa: a packed configuration isn't taken: " + err.Error())
	}
	d.changed, d.written = changed, written
}
