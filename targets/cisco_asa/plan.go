package cisco_asa

import (
	"fmt"
	"strings"
	"time"

	"github.com/nbfwc/nbfwc/targets"
)

// Plan returns the change from a device to a job. The device's model is changed
// to what it is to be, and the commands are what tells the two apart.
func Plan(have *targets.Config, job targets.Job, opt targets.PlanOptions) (*targets.Change, []targets.Problem) {
	m, problems := modelOf(have)
	if m == nil {
		return nil, problems
	}
	job.Established = establishedOf(m, job.Established)
	p := &planner{have: m, job: &job, opt: opt, prefix: job.Prefix, twins: map[string]bool{}, other: map[string]bool{}}
	p.l = newLayout(&job)
	p.problems = append(p.problems, p.l.problems...)
	p.checkDevice()
	if len(p.problems) > 0 {
		return nil, p.problems
	}
	p.literal = job.Manage == targets.Exclusive && p.l.isLiteral()
	return p.change(p.wanted, parseOptions(&job))
}

// Restore returns the change that takes what is ours from have back to what it
// was before.
func Restore(have, before *targets.Config) (*targets.Change, []targets.Problem) {
	m, problems := modelOf(have)
	old, more := modelOf(before)
	if problems = append(problems, more...); m == nil || old == nil {
		return nil, problems
	}
	prefix := m.opt.Prefix
	if prefix == "" {
		prefix = targets.DefaultPrefix
	}
	p := &planner{have: m, prefix: prefix, twins: map[string]bool{}, other: map[string]bool{}, before: old}
	return p.change(p.restored, m.opt)
}

// modelOf is the model of a configuration that can be planned for.
func modelOf(c *targets.Config) (*model, []targets.Problem) {
	if c == nil {
		return nil, []targets.Problem{{Why: "there is no configuration of the device to plan from; fetch it first"}}
	}
	m, ok := c.Model.(*model)
	if !ok {
		return nil, []targets.Problem{{Text: c.Hostname, Why: "the configuration is not that of an ASA; fetch it again"}}
	}
	if len(m.modes) > 0 {
		return nil, m.modes
	}
	return m, nil
}

// establishedOf is the longer of what the policy says that the device gives to
// connections and what the device says itself: a timeout of ours is never below
// it. "timeout conn 0:0:0" is never.
func establishedOf(m *model, stated time.Duration) time.Duration {
	if !m.timeouts.hasConn {
		return stated
	}
	if m.timeouts.conn == 0 {
		return maxIdle
	}
	if stated == 0 {
		stated = defaultEstablished
	}
	return max(stated, m.timeouts.conn)
}

func parseOptions(job *targets.Job) targets.ParseOptions {
	return targets.ParseOptions{Interfaces: job.Interfaces, Context: job.Context, Prefix: job.Prefix, Behind: job.Want.Behind}
}

// planner makes one change.
type planner struct {
	have, want *model
	prefix     string
	job        *targets.Job // nil to restore
	l          *layout
	before     *model // to restore
	opt        targets.PlanOptions
	// literal says that entries of an exclusive list may refer to no object at
	// all.
	literal bool
	// twins are names of objects that have to be made anew under their other
	// name, other the interfaces whose list is.
	twins, other map[string]bool

	problems, findings []targets.Problem
}

func (p *planner) problem(text, format string, args ...any) {
	p.problems = append(p.problems, targets.Problem{Text: text, Why: fmt.Sprintf(format, args...)})
}

func (p *planner) finding(l line, text, format string, args ...any) {
	p.findings = append(p.findings, targets.Problem{Line: int(l.num), Text: text, Why: fmt.Sprintf(format, args...)})
}

// maxAttempts bounds how often objects are given their other name.
const maxAttempts = 40

// change asks for the wanted model until its commands can be put in order.
func (p *planner) change(wanted func(), opt targets.ParseOptions) (*targets.Change, []targets.Problem) {
	for range maxAttempts {
		p.want, p.problems, p.findings = p.have.clone(), nil, nil
		wanted()
		if len(p.problems) > 0 {
			return nil, p.problems
		}
		s := newSteps(p.have, p.want, p.prefix)
		again, err := s.order()
		if err != nil {
			return nil, []targets.Problem{{Why: fmt.Sprintf("the change can't be put in order: %v; change the policy in smaller steps", err)}}
		}
		if !again.isEmpty() {
			if !p.rename(again) {
				return nil, p.problems
			}
			continue
		}
		p.coverage()
		rs, _ := p.want.ruleSet(opt)
		c := &targets.Change{Steps: s.steps, Result: rs, Findings: p.findings, Cut: s.cut()}
		if len(c.Steps) > 0 {
			c.Connections = s.connections()
		}
		return c, nil
	}
	return nil, []targets.Problem{{Why: "no order of the commands was found in which every state is safe; change the policy in smaller steps"}}
}

// rename has objects and lists made anew under their other names in the next
// attempt. It reports what can't.
func (p *planner) rename(r renames) bool {
	ok := false
	for _, name := range r.objects {
		if !p.twins[name] {
			p.twins[name], ok = true, true
		}
	}
	for _, nameif := range r.lists {
		if p.job == nil || p.job.Manage != targets.Exclusive {
			p.problem(nameif, "an entry of ours would stand in its access list twice on the way, and has no object-group that could tell the two apart; give the rule groups, or remove the other entry")
			return false
		}
		if !p.other[nameif] {
			p.other[nameif], ok = true, true
		}
	}
	if !ok {
		p.problem(strings.Join(append(r.objects, r.lists...), " "), "it would have to be made anew, and both of its names are taken; finish or undo the change that was interrupted first")
	}
	return ok
}

// checkDevice finds what of the device stands in the way of any plan.
func (p *planner) checkDevice() {
	m := p.have
	if p.job.OS != "" && m.version != "" && !sameRelease(p.job.OS, m.version) {
		p.problem(m.version, "the policy says os = %q, and the device runs another release; correct the policy", p.job.OS)
	}
	for _, f := range p.job.Interfaces {
		nameif := nameifOf(f)
		if _, ok := m.iface(nameif); !ok && len(m.ifaces) > 0 {
			p.problem(nameif, "the device has no interface of this nameif; correct the policy")
		}
	}
}

// sameRelease says whether a version of the policy, "9.16" or "9.16(4)", is
// what the device prints.
func sameRelease(stated, printed string) bool {
	rest, ok := strings.CutPrefix(printed, stated)
	return ok && (rest == "" || rest[0] < '0' || rest[0] > '9')
}

// isLiteral says whether a rule is spelled without any object.
func (l *layout) isLiteral() bool {
	for _, r := range l.rules {
		if r.service == "" && r.src.name == "" && r.dst.name == "" {
			return true
		}
	}
	return false
}

// owner is who a line belongs to, by the names in it.
type owner uint8

const (
	nobodys owner = iota // no name at all
	ourOwn               // only names with our prefix
	others               // a name of others, or a condition that we never write
)

// lineOwner says to whom an entry belongs. uses are objects of others that we
// use.
func (m *model) lineOwner(l line, prefix string, uses ...string) owner {
	pool := m.pool
	t := &pool.tails.list[l.x]
	if t.raw != "" || t.unread != "" || t.inactive || t.timeRange != "" {
		return others
	}
	if proto := pool.protos.list[l.proto]; isServiceName(proto.name, prefix) {
		return ourOwn // its addresses can be an object of others that we use
	}
	out := nobodys
	for _, name := range [...]string{pool.protos.list[l.proto].name, pool.addrs.list[l.src].name, pool.addrs.list[l.dst].name, pool.ports.list[l.sport].name, pool.ports.list[l.dport].name, t.icmp.group} {
		switch {
		case name == "":
		case strings.HasPrefix(name, prefix):
			out = max(out, ourOwn)
		default:
			used := false
			for _, u := range uses {
				used = used || u == name
			}
			if !used {
				return others
			}
			out = max(out, ourOwn)
		}
	}
	return out
}

// isServiceName says whether a name is that of the services of a rule of ours.
func isServiceName(name, prefix string) bool {
	return strings.HasPrefix(name, prefix) && strings.HasSuffix(strings.TrimSuffix(name, twinSuffix), serviceSuffix)
}

// closes says whether a line decides all packets: "deny ip any any".
func (m *model) closes(l line) bool {
	if l.remark {
		return false
	}
	e := m.ace(l)
	return e.proto.kind == ipProto && e.src.kind == anyAddr && e.dst.kind == anyAddr &&
		!e.tail.inactive && e.tail.timeRange == "" && e.tail.unread == "" && e.tail.raw == ""
}

// spelled is a line as it is shown: with the name of its list.
func (m *model) spelled(a *acl, l line) string {
	e := m.ace(l)
	return "access-list " + a.name + " " + aceText(&e)
}
