package paloalto

import (
	"strings"
	"testing"

	"github.com/nbfwc/nbfwc/lab/panos"
	"github.com/nbfwc/nbfwc/targets"
	"github.com/nbfwc/nbfwc/targets/targettest"
)

// TestIdentity reads what published devices print.
func TestIdentity(t *testing.T) {
	for _, x := range []struct {
		name, info string
		want       targets.Identity
		multi      bool
	}{
		{"a virtual firewall without a licence", "hostname: pa1\nip-address: 10.0.0.90\nipv6-default-gateway: \nmodel: PA-VM\nserial: unknown\nsw-version: 7.0.1\nmulti-vsys: off\n",
			targets.Identity{Hostname: "pa1", Model: "PA-VM", Version: "7.0.1"}, false},
		{"a firewall with several vsys", "\nhostname: fw-core\nmodel: PA-5220\nserial: 013101000000\nsw-version: 11.1.13-h3\nmulti-vsys: on\n\n",
			targets.Identity{Hostname: "fw-core", Model: "PA-5220", Serial: "013101000000", Version: "11.1.13-h3"}, true},
		{"Panorama", "hostname: pano\nmodel: M-600\nserial: 000710\nsw-version: 11.2.5-h1\nsystem-mode: panorama\n",
			targets.Identity{Hostname: "pano", Model: "M-600", Serial: "000710", Version: "11.2.5-h1"}, false},
	} {
		id, multi, err := readIdentity(x.info)
		if err != nil || id != x.want || multi != x.multi {
			t.Errorf("%s: %+v %v %v", x.name, id, multi, err)
		}
		if isPanorama(id.Model) != (x.name == "Panorama") {
			t.Errorf("%s: Panorama or not?", x.name)
		}
	}
	for _, info := range []string{"", "hostname: a\n", "Linux 6.1\n", "  hostname: a\n  sw-version: 1\n"} {
		if id, _, err := readIdentity(info); err == nil {
			t.Errorf("%q: %+v", info, id)
		}
	}
}

// TestJobTables reads the tables of jobs of old and new versions.
func TestJobTables(t *testing.T) {
	old := "Enqueued                     ID             Type    Status Result Completed \n--------------------------------------------------------------------------\n" +
		"2016/04/28 03:05:24        2341      FqdnRefresh       FIN     OK 03:05:41  \n2016/04/28 02:35:05        2340           Commit       ACT   PEND        70%\n\n"
	recent := "\nEnqueued              Dequeued           ID  PositionInQ                              Type                         Status Result Completed\n" + strings.Repeat("-", 138) + "\n" +
		"2017/02/28 10:13:22                       6            1                            Commit                            ENQ   PEND         0%\n" +
		"2017/02/28 10:13:22   10:13:22            5                                         Commit                            FIN   FAIL 10:13:49\n\nWarnings:\nDetails:\nCommit failed\n"
	for text, want := range map[string][]job{
		old:    {{id: 2341, kind: "FqdnRefresh", status: "FIN", result: "OK"}, {id: 2340, kind: "Commit", status: "ACT", result: "PEND"}},
		recent: {{id: 6, kind: "Commit", status: "ENQ", result: "PEND"}, {id: 5, kind: "Commit", status: "FIN", result: "FAIL", said: "Warnings:\nDetails:\nCommit failed\n"}},
	} {
		have, err := readJobs(text)
		if err != nil || len(have) != len(want) || have[0] != want[0] || have[1] != want[1] {
			t.Errorf("%+v %v, want %+v", have, err, want)
		}
	}
	for _, text := range []string{"", "Server error : busy\n", old[:60], old[:100], strings.Replace(old, "ACT", "WAT", 1), recent[:200], strings.Replace(recent, " 5 ", " x ", 1)} {
		if have, err := readJobs(text); err == nil {
			t.Errorf("taken for a table of jobs: %q: %+v", text, have)
		}
	}
}

// TestLocksAndChanges: who holds locks and has edits, in the forms that are
// known, and what isn't known counts as somebody's.
func TestLocksAndChanges(t *testing.T) {
	table := "Owner   Scope   Created              Logged in Comment\n------------------------------------\n"
	mine := &targets.Push{ID: "p1", Admin: "nbfwc"}
	for _, x := range []struct {
		text        string
		known       bool
		rows        int
		ours, liked bool // of the first row
	}{
		{"", true, 0, false, false},
		{"no locks\n", true, 0, false, false},
		{"No config locks are held.\n", true, 0, false, false},
		{table + "nbfwc  shared  2026/01/02 03:04:05  yes  nbfwc p1\n", true, 1, true, false},
		{table + "nbfwc  shared  2026/01/02 03:04:05  yes  \"nbfwc p1\"\n", true, 1, true, false},
		{table + "nbfwc  shared  2026/01/02 03:04:05  yes  nbfwc p12\nbob vsys2 2026/01/02 03:04:05 no\n", true, 2, false, false},
		{table + "bob  shared  2026/01/02 03:04:05  yes  nbfwc p1\n", true, 1, false, false},
		{table + "nbfwc  shared  2026/01/02 03:04:05  yes\n", true, 1, false, true},
		{table + "nbfwc  shared  2026/01/02 03:04:05  yes nbfwc p\n", true, 1, false, true},
		{table, false, 0, false, false},
		{table[:30], false, 1, false, false},
		{"Server error : Timed out\n", false, 1, false, false},
	} {
		rows, known := lockLines(x.text)
		if known != x.known || len(rows) != x.rows {
			t.Errorf("%q: %q %v", x.text, rows, known)
			continue
		}
		if len(rows) > 0 {
			if l := (lock{"config", rows[0]}); l.isOf(mine) != x.ours || l.isLike(mine) != x.liked {
				t.Errorf("%q: ours %v, perhaps ours %v", rows[0], l.isOf(mine), l.isLike(mine))
			}
		}
	}
	for text, want := range map[string]string{
		"":                                    "",
		"no changes\n":                        "",
		"<journal/>\n":                        "",
		"null\n":                              "",
		"something else\n":                    `somebody ("something else")`,
		"<entry><owner>bob</owner></entry>\n": "bob",
		`{"xpath": "/config", "owner": "ann", "action": "EDIT"}, {"owner": "bob"}` + "\n":                                                  "ann bob",
		"Time                Owner  Action\n---------------------------\n2026/01/02 03:04:05 bob    SET\n2026/01/02 03:04:05 ann    SET\n": "bob ann",
		"Time                Owner  Action\n---------------------------\n2026/01/02 0\n":                                                   `somebody ("2026/01/02 0")`,
	} {
		if have := strings.Join(ownersIn(text), " "); have != want {
			t.Errorf("%q: %q, want %q", text, have, want)
		}
	}
}

// configXML is a configuration with something in the vsys and something else.
func configXML(vsys, system string) string {
	return `<config version="10.2.0"><mgt-config><users><entry name="admin"/></users></mgt-config><devices><entry name="localhost.localdomain"><deviceconfig><system>` + system +
		`</system></deviceconfig><vsys><entry name="vsys1">` + vsys + `</entry></vsys></entry></devices></config>`
}

// TestOutline: an outline sees each change but those that it leaves out, and
// nothing in how the text is written.
func TestOutline(t *testing.T) {
	const a, b = `<entry name="NBU-a"><ip-netmask>10.0.0.1</ip-netmask></entry>`, `<entry name="b"><ip-netmask>10.0.0.2</ip-netmask></entry>`
	rule := func(name, action string) string {
		return `<rulebase><security><rules><entry name="` + name + `"><action>` + action + `</action></entry></rules></security></rulebase>`
	}
	base := configXML("<address>"+a+b+"</address>", "<hostname>fw</hostname>")
	skip := touched([]string{"set address NBU-a ip-netmask 10.0.0.9", "delete rulebase security rules \"my rule\"", "set vsys vsys1 tag nbfwc comments x"})
	for _, x := range []struct {
		name, text string
		whole      bool // the same outline without leaving anything out
		left       bool // the same with what was touched left out
	}{
		{"the same", base, true, true},
		{"other white space", strings.ReplaceAll(base, "><", ">\n  <"), true, true},
		{"attributes", strings.ReplaceAll(base, `<entry name="b"`, `<entry dirtyId="7" name="b" uuid="x"`), true, true},
		{"in an answer of the API", `<response status="success"><result>` + base + `</result></response>`, true, true},
		{"empty tables", configXML("<tag/><rulebase><security><rules></rules></security></rulebase><address>"+a+b+"</address>", "<hostname>fw</hostname>"), true, true},
		{"what was touched is otherwise", strings.ReplaceAll(base, "10.0.0.1", "10.0.0.9"), false, true},
		{"what was touched is gone", strings.ReplaceAll(base, a, ""), false, true},
		{"what was touched is there", configXML("<address>"+a+b+"</address>"+rule("my rule", "deny"), "<hostname>fw</hostname>"), false, true},
		{"what was touched moved", strings.ReplaceAll(base, a+b, b+a), false, true},
		{"another rule", configXML("<address>"+a+b+"</address>"+rule("my", "deny"), "<hostname>fw</hostname>"), false, false},
		{"another object is otherwise", strings.ReplaceAll(base, "10.0.0.2", "10.0.0.9"), false, false},
		{"another object is gone", strings.ReplaceAll(base, b, ""), false, false},
		{"the same name in another table", strings.ReplaceAll(base, "</address>", `</address><service><entry name="NBU-a"><protocol/></entry></service>`), false, false},
		{"a setting of the system", configXML("<address>"+a+b+"</address>", "<hostname>fw</hostname><timezone>UTC</timezone>"), false, false},
		{"an empty setting of the system", configXML("<address>"+a+b+"</address>", "<hostname>fw</hostname><panorama/>"), false, false},
		{"another vsys", strings.ReplaceAll(base, `"vsys1"`, `"vsys2"`), false, false},
		{"text that moved to another element", configXML("<address>"+a+b+"</address>", "<hostnam>efw</hostnam>"), false, false},
	} {
		for _, skip := range []map[string]bool{nil, skip} {
			want := x.whole
			if skip != nil {
				want = x.left
			}
			if same, err := sameOutline(x.text, base, "vsys1", skip); err != nil || same != want {
				t.Errorf("%s: %v %v, leaving out %d", x.name, same, err, len(skip))
			}
		}
	}
	for _, text := range []string{"", "set address a", base[:len(base)-9], base[:200], base + "</config>", "<a></b>", strings.Repeat("<a>", 300)} {
		if _, err := outline(text, "vsys1", nil); err == nil {
			t.Errorf("taken for whole: %.80q", text)
		}
	}
}

// TestPushedRules: on a firewall that Panorama manages, what is fetched has the
// pushed rules as well; where the device prints them in no known form, the text
// says that they are missing.
func TestPushedRules(t *testing.T) {
	const pushed = `<policy>
  <panorama>
    <pre-rulebase><security><rules><entry name="block"><from><member>any</member></from><to><member>any</member></to><source><member>any</member></source><destination><member>any</member></destination>` +
		`<application><member>any</member></application><service><member>any</member></service><action>deny</action></entry></rules></security></pre-rulebase>
  </panorama>
</policy>
`
	for answer, whole := range map[string]bool{pushed: true, "No shared policy pushed to device\n": false, "policy {\n}\n": false} {
		b := newBench(t)
		b.type_("admin", "configure", "set deviceconfig system panorama-server 192.0.2.50", "commit")
		b.answer = func(line string) (string, bool) { return answer, line == "show config pushed-shared-policy" }
		s, _, err := b.login(true)
		if err != nil {
			t.Fatal(err)
		}
		text, err := b.dialogue.Fetch(t.Context(), s, b.at)
		if err != nil {
			t.Fatal(err)
		}
		have, err := Target{}.Parse(strings.NewReader(string(text)), parseOptions(&b.old))
		if err != nil {
			t.Fatal(err)
		}
		missing := false
		for _, p := range have.Problems {
			missing = missing || strings.Contains(p.Why, "are not in this text")
		}
		if have.Manager != "Panorama" || missing == whole {
			t.Errorf("%.30q: manager %q, problems %v", answer, have.Manager, have.Problems)
		}
		denied := strings.Contains(string(text), `<entry name="block">`) && len(have.RuleSet.Stages[0].Rules) > 0 && have.RuleSet.Stages[0].Rules[0].Name == "block"
		if denied != whole {
			t.Errorf("%.30q: the first rule is %+v", answer, have.RuleSet.Stages[0].Rules[0])
		}
	}
}

// TestPanorama: a device group is looked for in Panorama's configuration, and
// what a push guarantees is about Panorama.
func TestPanorama(t *testing.T) {
	const config = `<config version="11.1.0"><devices><entry name="localhost.localdomain"><device-group><entry name="branches"/><entry name="core"/></device-group></entry></devices>` + "\n</config>\n"
	b := newBench(t)
	b.answer = func(line string) (string, bool) {
		switch line {
		case "show system info":
			return "hostname: pano\nmodel: Panorama\nserial: 0007\nsw-version: 11.1.2\n", true
		case "show config running":
			return config, true
		case "show high-availability state":
			return "Local Information:\n    State: primary-passive (last 2 days)\n  Peer Information:\n    State: secondary-active\n", true
		}
		return "", false
	}
	for group, want := range map[string]string{"branches": "", "core": "", "lost": "it has branches, core", "": "must name the device group"} {
		b.at = targets.Partition{DeviceGroup: group}
		_, id, err := b.login(true)
		if (err == nil) != (want == "") || err != nil && !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %q", group, err, want)
		}
		if !id.Standby || !id.Pair || !strings.Contains(b.dialogue.Guarantee(id).Text, "commit-all") {
			t.Errorf("%+v %+v", id, b.dialogue.Guarantee(id))
		}
	}
	if key := "pre-rulebase\x00security\x00rules\x00NBU-a b"; !touched([]string{`move device-group core pre-rulebase security rules "NBU-a b" top`})[key] {
		t.Error("the rule of a device group isn't found in a command")
	}
}

// TestVsys: a section in the second of two vsys, among rules of others.
func TestVsys(t *testing.T) {
	b := newBench(t)
	d := panos.New(panos.Options{Hostname: "multi", MultiVsys: []string{"vsys1", "vsys2"}})
	b.d, b.at = d, targets.Partition{Context: "vsys2"}
	lines := []string{"configure", "set vsys vsys1 address NBU-other ip-netmask 10.0.0.1"}
	for i, zone := range targettest.Interfaces {
		lines = append(lines, "set vsys vsys2 zone "+zone+" network layer3 ethernet1/"+string(rune('1'+i)))
	}
	b.type_("admin", append(lines, `set vsys vsys2 rulebase security rules "clean up" from any to any source any destination any application any service any action deny`, "commit")...)
	for _, job := range []*targets.Job{&b.old, &b.new} {
		job.Context, job.Manage, job.Anchor = "vsys2", targets.Section, "before clean up"
	}
	b.begin()
	p, err := b.push("p1", b.new)
	if err != nil || b.stand() != "new" {
		t.Fatalf("%v; it stands at %s\ntyped:\n%s", err, b.stand(), strings.Join(b.typed, "\n"))
	}
	b.clean()
	if err := b.restore(p); err != nil || b.stand() != "old" {
		t.Fatalf("%v; it stands at %s", err, b.stand())
	}
	b.clean()
}
