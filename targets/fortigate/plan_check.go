package fortigate

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/nbfwc/nbfwc/ruleset"
	"github.com/nbfwc/nbfwc/targets"
)

// maxNamed bounds how many entries a problem names.
const maxNamed = 5

// checkDevice finds what on the device stands in the way of any plan.
func (p *planner) checkDevice() {
	p.problems = append(p.problems, p.have.refused...)
	for _, u := range p.have.unread {
		u.Why += "; a plan needs to know what it does"
		p.problems = append(p.problems, u)
	}
	if p.have.section {
		p.problem("", "the configuration is a file that Render wrote, not what a device runs")
	}
	if p.have.settings.manager == "fortimanager" {
		p.finding(0, "central-management", "a FortiManager manages the device; its next install can undo the change")
	}
	for i := range p.have.policies {
		q := &p.have.policies[i]
		p.checkMark("policy "+idText(q.id), q.name, q.comments, q.line)
	}
	for i := range p.have.addresses {
		a := &p.have.addresses[i]
		p.checkMark("address", a.name, a.comment, a.line)
	}
	for i := range p.have.groups {
		g := &p.have.groups[i]
		p.checkMark("group", g.name, g.comment, g.line)
	}
	for i := range p.have.services {
		s := &p.have.services[i]
		p.checkMark("service", s.name, s.comment, s.line)
	}
	for i := range p.have.svcGroups {
		g := &p.have.svcGroups[i]
		p.checkMark("service group", g.name, "", g.line)
	}
	for i := range p.have.nat {
		n := &p.have.nat[i]
		p.checkMark(n.table, n.name, "", n.line)
	}
}

// checkMark holds that what has our prefix has our mark: we never overwrite what
// isn't ours, and a name that is taken can't be had.
func (p *planner) checkMark(what, name, comment string, line int) {
	if strings.HasPrefix(name, p.prefix) && !isMarked(comment) {
		p.problems = append(p.problems, targets.Problem{Line: line, Text: name, Why: fmt.Sprintf(
			"the %s has the prefix %s of our names, but its comment doesn't begin with %q, so it isn't ours; rename it, or give it the comment to hand it over", what, p.prefix, mark)})
	}
}

// checkFor finds what stands in the way of a job.
func (p *planner) checkFor(job *targets.Job, l *layout) {
	switch {
	case job.Context != p.have.vdom && job.Context == "":
		p.problem(p.have.vdom, "the device has VDOMs (%s); name one with context", list(p.have.vdoms))
	case job.Context != p.have.vdom && len(p.have.vdoms) > 0:
		p.problem(job.Context, "the device has no such VDOM, only %s; \"edit\" would create it", list(p.have.vdoms))
	case job.Context != p.have.vdom:
		p.problem(job.Context, "the configuration has no VDOMs; leave out context")
	case job.Context != "" && !slices.Contains(p.have.vdoms, job.Context):
		p.problem(job.Context, "the configuration doesn't list this VDOM, and \"edit\" would create one that isn't there; fetch the whole configuration of the device")
	}
	if h := p.have.header; job.OS != "" && h.major > 0 {
		if v := h.version(); !strings.HasPrefix(v+".", job.OS+".") {
			p.problem(job.OS, "the device runs FortiOS %s", v)
		}
	}
	p.checkPlaces(job, l)
	p.checkUsed(job)
}

// checkPlaces holds that policies can name the interfaces.
func (p *planner) checkPlaces(job *targets.Job, l *layout) {
	known := map[string]bool{}
	for i := range p.have.interfaces {
		known[p.have.interfaces[i].name] = true
	}
	zoneOf := map[string]string{}
	for i := range p.have.zones {
		z := &p.have.zones[i]
		known[z.name] = true
		for _, m := range z.members {
			zoneOf[m] = z.name
		}
	}
	complete := p.have.tables["system interface"]
	for i := range p.have.policies {
		for _, name := range slices.Concat(p.have.policies[i].srcIntf, p.have.policies[i].dstIntf) {
			known[name] = true
		}
	}
	for _, f := range job.Interfaces {
		for _, d := range l.devices[f.Label] {
			if z := zoneOf[d]; z != "" && z != d {
				p.problem(d, "the interface is a member of the zone %q, so policies can name the zone only; write devices = [%q]", z, z)
			} else if complete && !known[d] {
				p.problem(d, "the device has no such interface or zone")
			}
		}
	}
}

// checkUsed holds that objects of the device that stand for groups of ours hold
// the same addresses.
func (p *planner) checkUsed(job *targets.Job) {
	o := newObjects(p.have, ignore)
	for _, name := range sortedKeys(job.UseObjects) {
		i := slices.IndexFunc(job.Want.Groups, func(g ruleset.Group) bool { return g.Name == name })
		if i >= 0 {
			p.checkObject(o, job.UseObjects[name], &job.Want.Groups[i])
		}
	}
}

func (p *planner) checkObject(o *objects, object string, g *ruleset.Group) {
	var have ruleset.AddrSet
	for _, v6 := range []bool{false, true} {
		k := objKey{object, v6}
		if g.Set.Intersect(family(v6)).IsEmpty() {
			continue
		}
		if o.addresses[k] == nil && o.groups[k] == nil {
			p.problem(object, "the device has no such %s; it is to stand for %s", what(v6), g.Name)
			return
		}
		a := o.find(object, v6)
		if !a.exact() {
			p.problem(object, "what the object holds isn't known (%s); it is to stand for %s", strings.Join(a.unknown, ", "), g.Name)
			return
		}
		have = have.Union(a.lo)
	}
	if lacks, more := g.Set.Subtract(have), have.Subtract(g.Set); !lacks.IsEmpty() || !more.IsEmpty() {
		p.problem(object, "the object doesn't hold the addresses of %s:%s%s; it is not edited, so change it or the policy", g.Name, someOf(" it lacks ", lacks), someOf(" it has besides ", more))
	}
}

func what(v6 bool) string {
	if v6 {
		return "IPv6 address or group"
	}
	return "address or group"
}

// someOf names the first addresses of a set, "" if there are none.
func someOf(word string, s ruleset.AddrSet) string {
	if s.IsEmpty() {
		return ""
	}
	ranges := s.Ranges()
	var names []string
	for _, r := range ranges[:min(len(ranges), maxNamed)] {
		names = append(names, r.String())
	}
	return word + list(names) + more(len(ranges)-len(names))
}

func more(n int) string {
	if n <= 0 {
		return ""
	}
	return fmt.Sprintf(" and %d more", n)
}

func list(names []string) string {
	quoted := make([]string, len(names))
	for i, n := range names {
		quoted[i] = strconv.Quote(n)
	}
	return strings.Join(quoted, ", ")
}

// about names a policy in messages.
func about(q *policy) string {
	if q.name == "" {
		return idText(q.id)
	}
	return idText(q.id) + " " + strconv.Quote(q.name)
}

// checkTakeOver refuses to delete policies of others.
func (p *planner) checkTakeOver() {
	var names []string
	n := 0
	for i := range p.have.policies {
		if q := &p.have.policies[i]; !p.ownPolicy(q) {
			if n++; n <= maxNamed {
				names = append(names, about(q))
			}
		}
	}
	if n > 0 {
		p.problem(p.vdom, "%s of others would be deleted: %s%s; say that the firewall may be taken over, or write manage = \"section\"",
			some(n, "a policy", "policies"), strings.Join(names, ", "), more(n-len(names)))
	}
}

// placeForeign checks the anchor where it is needed, and takes stock of what
// others use.
func (p *planner) placeForeign() {
	own := func(l line) bool { return l.own }
	if p.exclusive || p.was != nil || len(p.desired.policies) == 0 || slices.ContainsFunc(p.haveLines, own) {
		return
	}
	if _, why := p.anchorIndex(p.haveLines); why != "" {
		p.problem(p.anchor, "%s", why)
	}
}

// anchorIndex is where the policies of ours go in a list of others; why not, if
// the anchor doesn't say.
func (p *planner) anchorIndex(lines []line) (at int, why string) {
	if len(lines) == 0 {
		return 0, ""
	}
	if p.anchor == "" {
		return 0, fmt.Sprintf("the VDOM has %s of others and none of ours; say with anchor where ours go: \"top\", \"bottom\", or before or after a policy, which is named by its name or id", some(len(lines), "a policy", "policies"))
	}
	a, err := targets.ParseAnchor(p.anchor)
	if err != nil {
		return 0, err.Error()
	}
	switch a.Place {
	case targets.Top:
		return 0, ""
	case targets.Bottom:
		return p.bottom(lines), ""
	}
	var found []int
	for i := range lines {
		if lines[i].name == a.Name || idText(lines[i].id) == a.Name {
			found = append(found, i)
		}
	}
	switch {
	case len(found) == 0:
		var names []string
		for i := range lines[:min(len(lines), maxNamed)] {
			names = append(names, about(&lines[i].policy))
		}
		return 0, fmt.Sprintf("the anchor names a policy that isn't there; there are %s%s", strings.Join(names, ", "), more(len(lines)-len(names)))
	case len(found) > 1:
		return 0, fmt.Sprintf("the anchor can mean the policies %s and %s; name the one by its id, or rename the other", about(&lines[found[0]].policy), about(&lines[found[1]].policy))
	}
	if a.Place == targets.After {
		return found[0] + 1, ""
	}
	return found[0], ""
}

// bottom is above the policies at the end that deny everything between some
// interfaces.
func (p *planner) bottom(lines []line) int {
	rules := rulesOf(p.have, lines, p.opt)
	at := len(lines)
	for i := len(lines) - 1; i >= 0; i-- {
		switch r := rules[i]; {
		case r == nil:
		case r.Action != ruleset.Permit && r.Opaque == nil && r.Service.IsAny() && wide(r.Src) && wide(r.Dst):
			at = i
		default:
			return at
		}
	}
	return at
}

// anchorOf says where our policies stood: below the policy of others that stood
// above the first of them, if it is still there.
func (p *planner) anchorOf(before *model) string {
	last := ""
	for i := range before.policies {
		q := &before.policies[i]
		if !p.ownPolicy(q) {
			last = idText(q.id)
			continue
		}
		if last != "" && slices.ContainsFunc(p.have.policies, func(h policy) bool { return idText(h.id) == last }) {
			return "after " + last
		}
		break
	}
	return "top"
}

// findLost finds policies of others that a take-over has deleted: it deletes from
// the bottom, so what is left of them is what stood at the top. If they are what
// they were, ours go where they were among them.
func (p *planner) findLost(before *model) {
	var were, are []policy
	for _, q := range before.policies {
		if !p.ownPolicy(&q) {
			were = append(were, q)
		}
	}
	for _, q := range p.have.policies {
		if !p.ownPolicy(&q) {
			are = append(are, q)
		}
	}
	if len(are) > len(were) {
		return
	}
	for i := range are {
		if are[i].id != were[i].id {
			return
		}
	}
	p.lost, p.was = were[len(are):], before
	for i := range p.lost {
		q := &p.lost[i]
		if q.action == otherAction {
			p.problem(about(q), "the policy of others was deleted and can't be put back by commands; restore it from a backup")
		}
		p.finding(q.line, about(q), "the policy of others was deleted since; it is put back")
	}
}

// heldByOthers are groups of ours that something of others uses, with the
// groups in them.
func (p *planner) heldByOthers() map[string]bool {
	held := map[string]bool{}
	var hold func(name string)
	hold = func(name string) {
		g := p.haveGroups.byName[name]
		if g == nil || held[name] {
			return
		}
		held[name] = true
		for _, e := range g.entries {
			if e != nil {
				for _, m := range e.members {
					hold(m)
				}
			}
		}
	}
	for i := range p.wantLines {
		if l := &p.wantLines[i]; !l.own {
			for _, name := range addressNamesOf(&l.policy) {
				hold(name)
			}
		}
	}
	for i := range p.have.groups {
		if g := &p.have.groups[i]; !p.isOwn(g.name, g.comment) {
			for _, name := range slices.Concat(g.members, g.excluded) {
				hold(name)
			}
		}
	}
	for name := range p.have.usedElsewhere {
		hold(name)
	}
	return held
}
