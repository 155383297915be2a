package panos

import (
	"fmt"
	"regexp"
	"strings"
	"testing"

	"github.com/nbfwc/nbfwc/lab"
)

// A pair: what is committed on the one runs on the other, with its own name.
func TestPair(t *testing.T) {
	one, two := loaded(t, Options{}, zones+"set deviceconfig system hostname fw1\n"), loaded(t, Options{Serial: "2"}, zones+"set deviceconfig system hostname fw2\n")
	Pair(one, two)
	s, r := one.login("ann"), two.login("ann")
	if s.Prompt() != "ann@fw1(active)> " || r.Prompt() != "ann@fw2(passive)> " {
		t.Error(s.Prompt(), r.Prompt())
	}
	story(t, s, "> show high-availability state\nSerial Num: 2\nRunning Configuration: synchronized\n> configure\n> "+openWeb+"\n> commit\ncommitted successfully")
	if two.Decide(web) != lab.Passes || r.Prompt() != "ann@fw2(passive)> " {
		t.Error(two.Running(), r.Prompt())
	}
	story(t, r, "> show jobs all\nHA-Sync")
	one.SetFaults(Faults{SyncFail: true})
	story(t, s, "> delete rulebase security rules web\n> commit\ncommitted successfully\n> run show high-availability state\nRunning Configuration: not synchronized")
	if two.Decide(web) != lab.Passes || one.Decide(web) != lab.Drops {
		t.Error("they are the same")
	}
	one.Failover()
	if s.Prompt() != "ann@fw1(passive)# " || r.Prompt() != "ann@fw2(active)> " {
		t.Error(s.Prompt(), r.Prompt())
	}
}

// A terminal pages, wraps and helps until it is told not to.
func TestTerminal(t *testing.T) {
	var text strings.Builder
	text.WriteString(zones)
	for i := range 60 {
		fmt.Fprintf(&text, "set address h%d ip-netmask 10.0.0.%d/32\n", i, i)
	}
	d := loaded(t, Options{Faults: Faults{Terminal: true}}, text.String())
	s := d.LoginAs("ann")
	if p := s.Prompt(); !strings.HasPrefix(p, "\x1b[") {
		t.Errorf("%q", p)
	}
	if a := s.Send("show sys?"); !strings.Contains(a, "<Enter>") || !strings.HasSuffix(s.Prompt(), "show sys") {
		t.Errorf("%q %q", a, s.Prompt())
	}
	if a := s.Send("tem info"); !strings.Contains(a, "hostname: ") || s.Prompt() != "lines 1-23 " {
		t.Errorf("%q %q", a, s.Prompt())
	}
	s.Send("q")
	s.Send("set cli scripting-mode on")
	if p := s.Prompt(); p != "ann@PA-VM> " {
		t.Errorf("%q", p)
	}
	var all strings.Builder
	all.WriteString(s.Send("show config running"))
	for range 1000 {
		if !strings.HasPrefix(s.Prompt(), "lines ") {
			break
		}
		all.WriteString(s.Send(" "))
	}
	if got := regexp.MustCompile(`\r +\r`).ReplaceAllString(all.String(), ""); got != d.RunningXML() {
		t.Errorf("%q", got)
	}
	s.Send("set cli pager off")
	if a := s.Send("show config running"); a != d.RunningXML() {
		t.Error(a)
	}
}

// The device tells which rule a packet meets, and what it runs.
func TestPolicyMatch(t *testing.T) {
	d := loaded(t, Options{}, zones+`set address H ip-netmask 10.0.0.1/32
set address-group G static [ H ]
set service S protocol tcp port 1556,13724
set rulebase security rules off from a to b source any destination any application any service any action deny
set rulebase security rules off disabled yes
set rulebase security rules nb from a to b source G destination any application any service S action allow
`)
	s := d.login("ann")
	story(t, s, `
> test security-policy-match from a to b source 10.0.0.1 destination 10.0.0.2 protocol 6 destination-port 1556
"nb; index: 1" {
source 10.0.0.1/32;
application/service 0:any/tcp/any/1556,13724;
action allow;
> test security-policy-match from a to b source 10.0.0.3 destination 10.0.0.2 protocol 6 destination-port 1556
No rule matched
> test security-policy-match from a
Server error
> test security-policy-match from
Invalid syntax.
> show running security-policy
"nb; index: 1" {
(not) off
`)
}

// A restart ends sessions and jobs; whether it keeps the candidate depends on
// the version.
func TestRestart(t *testing.T) {
	for version, keeps := range map[string]bool{"9.1.14": false, "10.2.0": true} {
		d := loaded(t, Options{Version: version}, zones)
		s := d.login("ann")
		s.Send("configure\n" + openWeb)
		d.SetFaults(Faults{JobLines: 9})
		s.Send("commit")
		ended := make(chan bool)
		s.OnEnd(func() { close(ended) })
		d.Restart()
		<-ended
		if s.Prompt() != "" || strings.Contains(d.Candidate(), "rules web") != keeps || d.Decide(web) != lab.Drops {
			t.Error(version, d.Candidate())
		}
		story(t, d.login("ann"), "> show jobs id 2\nFIN   FAIL")
	}
}

// A Panorama has device groups, whose rules it checks and commits.
func TestPanorama(t *testing.T) {
	d := New(Options{Panorama: true, Hostname: "pano", FormatRunning: true})
	s := d.login("ann")
	story(t, s, `
> show system info | match model
model: Panorama
(not) hostname
> configure
> set device-group DG address H ip-netmask 10.0.0.1/32
(nothing)
> set shared address S ip-netmask 10.0.0.2/32
(nothing)
> set device-group DG pre-rulebase security rules nb from a to b source [ H S ] destination any application any service any action allow
(nothing)
> set rulebase security rules nb from a
Invalid syntax.
> set vsys vsys1 address H ip-netmask 10.0.0.1/32
Invalid syntax.
> commit description "to Panorama"
Configuration committed successfully
> set device-group DG pre-rulebase security rules nb source nobody
(nothing)
> run show config list change-summary
locations: DG
> validate full
'nobody' is not a valid reference
Configuration is invalid
> revert config
> run set cli config-output-format set
> run show config running
set device-group DG address H ip-netmask 10.0.0.1/32
`)
	if d.Decide(web) != lab.Undecided {
		t.Error(d.Decide(web))
	}
	e := New(Options{Panorama: true})
	if err := e.Load(d.RunningXML()); err != nil || e.Running() != d.Running() {
		t.Error(err, e.Running())
	}
}

// With several virtual systems a session works on one, which its prompt names;
// its locks are for that one.
func TestTargetVsys(t *testing.T) {
	d := New(Options{Hostname: "fw1", MultiVsys: []string{"vsys1", "vsys2"}})
	a, b := d.login("ann"), d.login("bob")
	story(t, a, `
> show system info
multi-vsys: on
> set system setting target-vsys vsys2
Session target vsys changed to vsys2
> request config-lock add
for scope vsys2
> configure
> set display-name nbfwc
(nothing)
> commit
committed successfully
`)
	if p := a.Prompt(); p != "ann@fw1-vsys2# " {
		t.Error(p)
	}
	story(t, b, `
> configure
> set vsys vsys2 address B ip-netmask 10.0.0.1
Server error : Configuration is locked by ann
> set vsys vsys1 address B ip-netmask 10.0.0.1
(nothing)
> show vsys vsys2 display-name
nbfwc
> commit
Server error : other administrators are holding config locks
`)
}

// Hit counts of all rules or of some.
func TestHitCounts(t *testing.T) {
	d := loaded(t, Options{}, zones+strings.ReplaceAll(openWeb, " web ", ` "r 1" `)+"\n"+openWeb+"\n")
	d.SetHits("r 1", 5)
	story(t, d.login("ann"), `
> show rule-hit-count vsys vsys-name vsys1 rule-base security rules list [ "r 1" ]
r 1                             5
(not) web
> show rule-hit-count vsys vsys-name vsys1 rule-base security rules all
interzone-default
> show rule-hit-count vsys vsys-name vsys1 rule-base nat rules all
Invalid syntax.
`)
}

// A superreader sees the candidate and what runs, and changes nothing.
func TestReader(t *testing.T) {
	d := loaded(t, Options{Readers: []string{"audit"}}, zones)
	story(t, d.login("audit"), `
> request config-lock add
Unknown command: request
> delete config saved x
Unknown command: delete
> show config running
<zone>
> configure
> show zone
ethernet1/1
> set address A ip-netmask 10.0.0.1
Unknown command: set
> commit
Unknown command: commit
> save config to x
Unknown command: save
> load config version 1
Unknown command: load
> run request commit-lock add
Unknown command: request
> exit
Exiting configuration mode
`)
	if d.Candidate() != d.Running() || len(d.Saved()) != 0 {
		t.Error(d.Candidate())
	}
}

// The unit restarts, or its peer takes over, in the middle of a push.
func TestRestartAndFailoverBetweenLines(t *testing.T) {
	one, two := loaded(t, Options{}, zones), loaded(t, Options{}, zones)
	Pair(one, two)
	s := one.login("ann")
	s.Send("configure\n" + openWeb)
	one.SetFaults(Faults{FailNth: 1, RestartNth: 3})
	story(t, s, "> commit\ncommitted successfully")
	if p := s.Prompt(); p != "ann@PA-VM(passive)# " || two.Decide(web) != lab.Passes {
		t.Error(p, two.Running())
	}
	story(t, s, "> delete rulebase security rules web\n(nothing)")
	if a := s.Send("commit"); a != "" || s.Prompt() != "" || one.Decide(web) != lab.Passes || one.Candidate() == one.Running() {
		t.Errorf("%q %q\n%s", a, s.Prompt(), one.Candidate())
	}
}
