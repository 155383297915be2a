package cisco_asa

import (
	"net/netip"
	"strings"
	"testing"

	"github.com/nbfwc/nbfwc/ruleset"
	"github.com/nbfwc/nbfwc/targets"
)

func TestSection(t *testing.T) {
	const begin, end, entry = "remark nbfwc begin", "remark nbfwc end", "extended permit ip any any"
	for _, c := range []struct {
		name     string
		lines    []string
		from, to int
		ok       bool
		problem  string
	}{
		{name: "none", lines: []string{entry}},
		{name: "empty", lines: []string{begin, end}, from: 0, to: 1, ok: true},
		{name: "among others", lines: []string{entry, begin, entry, end, entry}, from: 1, to: 3, ok: true},
		{name: "another remark", lines: []string{begin + "s", entry, "remark " + end}},
		{name: "not ended", lines: []string{begin, entry}, problem: "no \"nbfwc end\""},
		{name: "not begun", lines: []string{entry, end}, problem: "no \"nbfwc begin\""},
		{name: "twice begun", lines: []string{begin, begin, end}, problem: "more than once"},
		{name: "twice ended", lines: []string{begin, end, end}, problem: "more than once"},
		{name: "upside down", lines: []string{end, entry, begin}, problem: "exchange them"},
	} {
		t.Run(c.name, func(t *testing.T) {
			m := parsed(t, "access-list X "+strings.Join(c.lines, "\naccess-list X "), targets.ParseOptions{}).Model.(*model)
			from, to, ok, problem := m.section(m.aclIndex["X"])
			if from != c.from || to != c.to || ok != c.ok || !strings.Contains(problem, c.problem) || (problem == "") != (c.problem == "") {
				t.Errorf("have %d %d %v %q", from, to, ok, problem)
			}
		})
	}
}

// TestRulesOfEntries holds what a rule tells of the entry that it was made of.
func TestRulesOfEntries(t *testing.T) {
	c := parsed(t, `object network O
 host 10.0.0.1
object-group network G
 network-object object O
object-group service S
 service-object tcp destination eq 1556
object-group service P tcp
 port-object eq 1557
access-list X remark nbfwc begin
access-list X remark why
access-list X extended permit object-group S object-group G any log
access-list X extended permit tcp object O any object-group P
access-list X remark nbfwc end
access-list X extended deny ip any any
access-group X global
`, targets.ParseOptions{})
	type told struct {
		name, src, dst, service, reason string
		line                            int
	}
	want := []told{
		{"X line 3", "G", "", "S", "why", 11},
		{"X line 4", "O", "", "P", "", 12},
		{"X line 6", "", "", "", "", 14},
	}
	rules := c.RuleSet.Stages[0].Rules
	if len(rules) != len(want) {
		t.Fatal(ruleLines(&c.RuleSet))
	}
	for i, r := range rules {
		if have := (told{r.Name, r.SrcGroup, r.DstGroup, r.ServiceGroup, r.Reason, r.Line}); have != want[i] {
			t.Errorf("have %+v, want %+v", have, want[i])
		}
	}
	if g := c.RuleSet.Groups; len(g) != 2 || g[1].Name != "G" || g[1].Members[0] != (ruleset.Member{Range: g[0].Set.Ranges()[0], Name: "O"}) {
		t.Error(g)
	}
}

// TestClone holds that a copy can be changed without the original.
func TestClone(t *testing.T) {
	c := parsed(t, txtars(t, "parse")["example"]["running-config"], targets.ParseOptions{})
	m := c.Model.(*model)
	k := m.clone()
	if k.digest() != c.Digest {
		t.Error("the copy is another model")
	}
	k.acls[0].lines[1] = k.line(ace{permit: true, proto: protoSpec{kind: ipProto}, src: hostOperand(netip.MustParseAddr("10.9.9.9")), dst: operand{kind: anyAddr}}, 0)
	k.index["NBU-G-CORE"].nets = k.index["NBU-G-CORE"].nets[:1]
	k.index["NBU-G-CORE"].nets[0].addr.name = "other"
	k.index["NBU-S-TO-CORE"].services[0].dst.from = 1
	k.removeObject("NBU-S-PORTMAP")
	k.removeACL("NBU-IDLE")
	k.bindings[0].acl = "other"
	k.policyMap("global_policy").classes[1].timeout.idle = 1
	k.classMap("NBU-IDLE").matches[0].text = "other"
	k.sameInter = true
	if m.digest() != c.Digest {
		t.Error("a change of the copy changes the original")
	}
	if k.digest() == c.Digest {
		t.Error("the changes don't show")
	}
}

// TestOperands holds that each form of addresses is what it was made of.
func TestOperands(t *testing.T) {
	for _, c := range []struct {
		prefix string
		kind   addrKind
		mask   string
	}{
		{"10.1.2.3/32", hostAddr, ""}, {"10.1.2.0/24", netAddr, "255.255.255.0"}, {"0.0.0.0/0", any4Addr, ""},
		{"128.0.0.0/1", netAddr, "128.0.0.0"}, {"::/0", any6Addr, ""}, {"2001:db8::/32", netAddr, ""},
		{"2001:db8::1/128", hostAddr, ""}, {"10.1.2.2/31", netAddr, "255.255.255.254"},
	} {
		p := netip.MustParsePrefix(c.prefix)
		o := prefixOperand(p)
		if o.kind != c.kind {
			t.Errorf("%v: kind %d", p, o.kind)
		}
		if q, ok := o.prefix(); (o.kind == hostAddr || o.kind == netAddr) && (!ok || q != p) {
			t.Errorf("%v: have %v", p, q)
		}
		if c.mask != "" && o.maskAddr().String() != c.mask {
			t.Errorf("%v: mask %v", p, o.maskAddr())
		}
	}
}
