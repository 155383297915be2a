package fortigate

import (
	"fmt"
	"io"
	"strconv"

	"github.com/nbfwc/nbfwc/targets"
)

// Policy ids of ours are the lowest free ones of a range of their own: an id is
// an identity, not a position, and "edit 0" would leave the choice to the
// device.
const (
	firstID = 700000
	lastID  = 799999
)

// render writes the complete configuration of a job, for a VDOM that has
// nothing of ours. It is what "show" would print of it, with a remark at the
// top; typed in, it does the same.
func render(w io.Writer, job targets.Job) error {
	l := newLayout(&job)
	if len(l.problems) > 0 {
		p := l.problems[0]
		return fmt.Errorf("%s: %s (%d problems in all)", p.Text, p.Why, len(l.problems))
	}
	p := &printer{}
	p.header(&job)
	if job.Context != "" {
		p.line("config vdom")
		p.line("edit", job.Context)
	}
	p.ours(&l.ours)
	if job.Context != "" {
		p.line("end")
	}
	_, err := w.Write(p.b)
	return err
}

// Remarks of the first line, which Parse looks for: no device prints remarks,
// and in the text of a section the rules of others are missing.
const (
	sectionRemark   = "# nbfwc section"
	exclusiveRemark = "# nbfwc exclusive"
)

func (p *printer) header(job *targets.Job) {
	if job.Manage == targets.Section {
		p.line(sectionRemark)
	} else {
		p.line(exclusiveRemark)
	}
	for _, line := range job.Header {
		if line = cleanText(line, maxLine); line != "" {
			p.line("#", line)
		}
	}
}

// ours writes all entries, what is referred to first.
func (p *printer) ours(o *ours) {
	for _, v6 := range []bool{false, true} {
		p.table(addressTable(v6), func() {
			for i := range o.addresses {
				if a := &o.addresses[i]; a.v6 == v6 {
					p.entry(a.name, func() { p.address(a) })
				}
			}
		})
	}
	for _, v6 := range []bool{false, true} {
		p.table(groupTable(v6), func() {
			for i := range o.groups {
				if g := &o.groups[i]; g.v6 == v6 {
					p.entry(g.name, func() { p.group(g) })
				}
			}
		})
	}
	p.table(serviceTable, func() {
		for i := range o.services {
			p.entry(o.services[i].name, func() { p.service(&o.services[i]) })
		}
	})
	p.table(policyTable, func() {
		for i := range o.policies {
			p.policyEntry(uint32(firstID+i), func() { p.policy(&o.policies[i]) })
		}
	})
}

// The tables that have entries of ours.
const (
	serviceTable = "firewall service custom"
	policyTable  = "firewall policy"
)

func addressTable(v6 bool) string { return inFamily("firewall address", v6) }
func groupTable(v6 bool) string   { return inFamily("firewall addrgrp", v6) }

func inFamily(table string, v6 bool) string {
	if v6 {
		return table + "6"
	}
	return table
}

// table writes a table, or nothing if it has no entries.
func (p *printer) table(name string, entries func()) {
	start := len(p.b)
	p.config(name)
	filled := len(p.b)
	if entries(); len(p.b) == filled {
		p.b = p.b[:start]
		p.depth--
		return
	}
	p.end()
}

func (p *printer) entry(name string, fields func()) {
	p.edit(name)
	fields()
	p.next()
}

func (p *printer) policyEntry(id uint32, fields func()) {
	p.line("edit", strconv.FormatUint(uint64(id), 10))
	p.depth++
	fields()
	p.next()
}
