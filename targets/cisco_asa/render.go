package cisco_asa

import (
	"bufio"
	"fmt"
	"io"
	"strings"

	"github.com/nbfwc/nbfwc/ruleset"
	"github.com/nbfwc/nbfwc/targets"
)

// defaultPolicy is the policy-map that a new device applies to all interfaces.
const defaultPolicy = "global_policy"

// sectionComment stands in the text of a section. Its lists are bound to no
// interface there; Parse reads them as what they add to the lists that are.
const sectionComment = "! nbfwc section"

// Render writes the complete configuration of a job.
func Render(w io.Writer, job targets.Job) error {
	l := newLayout(&job)
	if len(l.problems) > 0 {
		p := l.problems[0]
		return fmt.Errorf("%s: %s", cleanText(p.Text, maxDescription), p.Why)
	}
	b := bufio.NewWriter(w)
	writeHeader(b, &job)
	writeModel(b, l.blank())
	return b.Flush()
}

// blank is the model of a device that has what the job wants and nothing else.
func (l *layout) blank() *model {
	m := newModel()
	u := l.ours(m, func(*object) spot { return spot{} })
	for _, o := range u.objects {
		m.addObject(o)
	}
	for i, list := range l.lists {
		if l.job.Manage == targets.Section && len(list.rules) == 0 {
			continue
		}
		a := &acl{name: listName(l.job.Prefix, list.nameif, false), kind: "extended"}
		a.lines = u.lists[i]
		if l.job.Manage == targets.Exclusive {
			a.lines = append(a.lines, m.line(l.closingEntry(), 0))
			m.bindings = append(m.bindings, binding{acl: a.name, kind: bindIn, iface: list.nameif})
		}
		m.addACL(a)
	}
	if len(u.idles) == 0 {
		return m
	}
	p := &policyMap{name: defaultPolicy}
	for i := range u.idles {
		c := &u.idles[i]
		m.addACL(&acl{name: c.name, kind: "extended", lines: c.lines})
		m.classMaps = append(m.classMaps, c.classMap())
		p.classes = append(p.classes, c.policyClass())
	}
	m.policyMaps = append(m.policyMaps, p)
	m.servicePolicies = append(m.servicePolicies, servicePolicy{policy: p.name})
	return m
}

func writeHeader(b *bufio.Writer, job *targets.Job) {
	comment := func(format string, args ...any) {
		b.WriteString("! " + cleanText(fmt.Sprintf(format, args...), maxDescription) + "\n")
	}
	for _, h := range job.Header {
		comment("%s", h)
	}
	comment("Firewall %s, Cisco ASA.", job.Firewall)
	if job.Context != "" {
		comment("To be entered in the context %s.", job.Context)
	}
	for _, group := range sortedKeys(job.UseObjects) {
		comment("%s of the device is used in place of %s, and has to have its addresses.", job.UseObjects[group], group)
	}
	if job.Manage == targets.Section {
		b.WriteString(sectionComment + "\n")
		comment("These lists are bound to no interface. \"nbfwc plan\" places their lines in")
		comment("the lists that are bound on the device.")
	}
	if rejects(&job.Want) {
		comment("An ASA can't answer with a reset for one rule. What is denied gets one on")
		comment("all interfaces or none, as \"service resetinbound\" of the device says.")
	}
}

// rejects says whether a rule wants senders to be told.
func rejects(rs *ruleset.RuleSet) bool {
	for i := range rs.Stages {
		for j := range rs.Stages[i].Rules {
			if rs.Stages[i].Rules[j].Action == ruleset.Reject {
				return true
			}
		}
	}
	return false
}

// writeModel writes what we make of a model, in the order in which a device
// prints it: nothing refers to what comes after it.
func writeModel(b *bufio.Writer, m *model) {
	for _, kind := range []objectKind{networkObject, networkGroup, serviceGroup} {
		for _, o := range m.objects {
			if o.kind == kind {
				writeBlock(b, o.head(), o.body())
			}
		}
	}
	for _, a := range m.acls {
		for _, l := range a.lines {
			e := m.ace(l)
			b.WriteString("access-list " + a.name + " " + aceText(&e) + "\n")
		}
	}
	for _, g := range m.bindings {
		b.WriteString(g.text() + "\n")
	}
	for _, c := range m.classMaps {
		writeBlock(b, c.head(), c.body())
	}
	for _, p := range m.policyMaps {
		b.WriteString("policy-map " + p.name + "\n")
		for _, c := range p.classes {
			b.WriteString(" class " + c.class + "\n  " + c.timeout.text() + "\n")
		}
	}
	for _, s := range m.servicePolicies {
		b.WriteString(s.text() + "\n")
	}
}

func writeBlock(b *bufio.Writer, head string, body []string) {
	b.WriteString(head + "\n")
	for _, line := range body {
		b.WriteString(" " + line + "\n")
	}
}

func (g binding) text() string {
	switch g.kind {
	case bindGlobal:
		return "access-group " + g.acl + " global"
	case bindOut:
		return "access-group " + g.acl + " out interface " + g.iface
	case bindControl:
		return "access-group " + g.acl + " in interface " + g.iface + " control-plane"
	}
	return "access-group " + g.acl + " in interface " + g.iface
}

func (c *classMap) head() string {
	if c.matchAny {
		return "class-map match-any " + c.name
	}
	return "class-map " + c.name
}

// body are the commands of a class-map of ours.
func (c *classMap) body() []string {
	list := []string{"description " + c.description}
	for _, m := range c.matches {
		if m.kind == matchACL {
			list = append(list, "match access-list "+m.text)
		}
	}
	return list
}

// text is the line of a class of ours that sets its timeout.
func (t connTimeout) text() string {
	return "set connection timeout idle " + clockText(t.idle) + " dcd " + clockText(t.dcdRetry) + " " + fmt.Sprint(t.dcdMax)
}

func (s servicePolicy) text() string {
	if s.iface == "" {
		return "service-policy " + s.policy + " global"
	}
	return strings.Join([]string{"service-policy", s.policy, "interface", s.iface}, " ")
}
