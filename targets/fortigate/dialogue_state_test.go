package fortigate

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/nbfwc/nbfwc/lab/fortios"
	"github.com/nbfwc/nbfwc/targets"
	"github.com/nbfwc/nbfwc/targets/targettest"
)

// Changes that are saved by command only: what others have not saved can't be
// told from what they have.
func TestPending(t *testing.T) {
	for _, vdom := range []string{"", "blue"} {
		k := kind{"", "7.2.4", vdom}
		y := newStory(t, k)
		y.global("set cfg-save manual")
		s, _, err := open(t, y.d, k.part(), nil)
		if err != nil {
			t.Fatal(err)
		}
		list, err := quick.Pending(context.Background(), s, y.push(nil))
		if err != nil || len(list) != 1 || !strings.HasPrefix(list[0], "changes are saved by command only (cfg-save manual)") {
			t.Error(list, err)
		}
		for line, answer := range map[string]string{
			"get system global | grep cfg-save":             "",
			"diagnose sys config-transaction show txn-info": "Permission denied.\nCommand fail. Return code -37\n",
		} {
			for _, readOnly := range []bool{false, true} {
				s, err := y.login(readOnly, instead(line, answer))
				if err != nil {
					t.Fatal(err)
				}
				list, err := quick.Pending(context.Background(), s, y.push(nil))
				said := strings.Contains(strings.Join(list, "\n"), fmt.Sprintf("what others have pending isn't known: %q", line))
				if err != nil || said == readOnly || s.Mode() != root {
					t.Errorf("%q %v", list, err)
				}
			}
		}
	}
	a, b := cluster(t, "")
	b.Login() // it has caught up
	a.SetFaults(fortios.Faults{SyncFail: true})
	a.Login().Send("config firewall address\nedit x\nnext\nend")
	s, id, err := open(t, a, targets.Partition{}, nil)
	if err != nil {
		t.Fatal(err)
	}
	list, err := quick.Pending(context.Background(), s, &targets.Push{Identity: id})
	if err != nil || !slices.Equal(list, []string{"the unit FGT2 of the cluster is out-of-sync"}) {
		t.Errorf("%q %v", list, err)
	}
}

// global sets something for the whole device.
func (y *story) global(line string) {
	y.t.Helper()
	text := "config system global\n" + line + "\nend"
	if y.kind.vdom != "" {
		text = "config global\n" + text + "\nend"
	}
	s := y.d.Login()
	if a := s.Send(text); s.Refused(a) {
		y.t.Fatal(a)
	}
}

// Confirm makes the change last over a restart, or says that it doesn't.
func TestConfirm(t *testing.T) {
	for _, mode := range []string{"automatic", "manual", "revert"} {
		for _, k := range kinds[:2] {
			t.Run(mode+" "+k.name, func(t *testing.T) {
				y := newStory(t, k)
				y.global("set cfg-save " + mode)
				y.d.Login().Send("execute cfg save")
				p := y.push(y.plan(y.d, y.job))
				p.Identity.Version = k.version
				s, err := y.login(false, nil)
				if err != nil {
					t.Fatal(err)
				}
				if err := quick.Apply(context.Background(), s, p); err != nil {
					t.Fatal(err)
				}
				if mode != "automatic" {
					if !y.d.Unsaved() {
						t.Fatal("nothing is unsaved")
					}
					y.d.SetFaults(fortios.Faults{SaveFail: true})
					if err := y.confirm(p); err == nil || !strings.Contains(err.Error(), `"execute cfg save": an unexpected answer: the device answered "Failed to save config: no space`) {
						t.Fatal(err)
					}
					y.d.SetFaults(fortios.Faults{})
				}
				if err := y.confirm(p); err != nil {
					t.Fatal(err)
				}
				y.d.Restart()
				y.does(y.will, "after a restart")
				if err := y.confirm(p); err != nil {
					t.Errorf("again: %v", err)
				}
			})
		}
	}
}

func TestConfirmCluster(t *testing.T) {
	for _, vdom := range []string{"", "blue"} {
		a, b := cluster(t, vdom)
		p := &targets.Push{ID: "x", Part: targets.Partition{Context: vdom}}
		confirm := func(d *fortios.Device, with func(*wire)) error {
			w := &wire{Session: d.Login()}
			if with != nil {
				with(w)
			}
			s, err := targettest.Connect(w, Dialogue{}.Platform(), false, nil)
			if err != nil {
				t.Fatal(err)
			}
			return quick.Confirm(context.Background(), s, p)
		}
		if err := confirm(a, nil); err != nil {
			t.Error(err)
		}
		a.SetFaults(fortios.Faults{SyncFail: true})
		change := "config firewall address\nedit x\nnext\nend"
		if vdom != "" {
			change = "config vdom\nedit blue\n" + change + "\nend"
		}
		a.Login().Send(change)
		if a.Running() == b.Running() {
			t.Fatal("in sync")
		}
		if err := confirm(a, nil); err == nil || !strings.Contains(err.Error(), "would not have it after a failover") {
			t.Error(err)
		}
		looks := 0
		err := confirm(a, func(w *wire) {
			w.heard = func(line string) {
				if line != readChecksum.Line {
					return
				}
				if looks++; looks == 4 {
					a.SetFaults(fortios.Faults{})
					a.Login().Send(strings.Replace(change, "edit x", "edit y", 1))
				}
			}
		})
		if err != nil || looks != 5 {
			t.Errorf("after %d looks: %v", looks, err)
		}
	}
}

// Where the device takes back by itself what isn't saved, it doesn't after a
// push was settled.
func TestSettleRevert(t *testing.T) {
	for _, k := range kinds[:2] {
		y := newStory(t, k)
		y.global("set cfg-save revert")
		y.d.Login().Send("execute cfg save")
		p := y.push(y.plan(y.d, y.job))
		p.Identity.Version = k.version
		s, err := y.login(false, nil)
		if err != nil {
			t.Fatal(err)
		}
		if err := quick.Apply(context.Background(), s, p); err != nil {
			t.Fatal(err)
		}
		if found := y.settle(p); len(found) != 1 || !strings.Contains(found[0], "what runs is saved now") || y.d.Unsaved() {
			t.Errorf("%q, unsaved: %v", found, y.d.Unsaved())
		}
	}
}

// A transaction that is still open after six minutes is not of the push.
func TestSettleAmongOthers(t *testing.T) {
	y := newStory(t, kinds[1])
	y.d.LoginAs("bob").Send("execute config-transaction start")
	s, err := y.login(false, nil)
	if err != nil {
		t.Fatal(err)
	}
	var notes []string
	p := y.push(nil)
	p.Note = func(text string) { notes = append(notes, text) }
	found, err := quick.Settle(context.Background(), s, p)
	if err != nil || len(found) != 1 || found[0] != "config transactions of others are open (1); one of the push would have ended by now" {
		t.Errorf("%q %v", found, err)
	}
	if len(notes) != 1 || !strings.Contains(notes[0], "waiting for their end") {
		t.Errorf("%q", notes)
	}
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Millisecond)
	defer cancel()
	if _, err := (Dialogue{Poll: time.Hour}).Settle(ctx, s, p); !errors.Is(err, context.DeadlineExceeded) || !strings.Contains(err.Error(), "one of them can be the push's") {
		t.Error(err)
	}
}

func TestGuarantee(t *testing.T) {
	for version, atomic := range map[string]bool{"7.2.4": true, "6.2.0": true, "6.0.12": false, "10.0.1": true, "5.6.14": false, "": false} {
		g := quick.Guarantee(targets.Identity{Version: version})
		if g.Atomic != atomic || g.Timed || !strings.HasSuffix(g.Text, ".") {
			t.Errorf("%s: %+v", version, g)
		}
	}
}

// A large change is one transaction, whose lines are typed ahead: their answers
// are waited for once in a while only.
func TestLargePush(t *testing.T) {
	k := kinds[1]
	y := newStory(t, k)
	job := y.job
	g := &job.Want.Groups[slices.IndexFunc(job.Want.Groups, func(x ruleGroup) bool { return x.Name == "NBU-ops" })]
	for i := range 2500 {
		a := netip.AddrFrom4([4]byte{10, 1, byte(1 + i/250), byte(1 + i%250)})
		g.Members = append(g.Members, member(a, fmt.Sprintf("host%d", i)))
	}
	setMembers(&job, g)
	c := y.plan(y.d, job)
	p := y.push(c)
	list, err := commandsOf(p)
	if err != nil {
		t.Fatal(err)
	}
	waits := 0
	s := &counting{}
	if s.Session, err = y.login(false, nil); err != nil {
		t.Fatal(err)
	}
	p.Identity.Version = k.version
	began := time.Now()
	if err := quick.Apply(context.Background(), s, p); err != nil {
		t.Fatal(err)
	}
	t.Logf("%d lines in %v", len(list), time.Since(began))
	for _, ahead := range s.ahead {
		if !ahead {
			waits++
		}
	}
	if len(list) < 10_000 || waits > len(list)/run+100 {
		t.Errorf("%d lines, %d of them waited for", len(list), waits)
	}
	if c := y.plan(y.d, job); len(c.Steps) > 0 {
		t.Error("there is still something to do")
	}
}

// counting notes which lines are typed ahead.
type counting struct {
	targets.Session
	ahead []bool
}

func (c *counting) Do(ctx context.Context, commands ...targets.Command) ([]string, error) {
	for i := range commands {
		c.ahead = append(c.ahead, commands[i].Ahead)
		if commands[i].Ahead && strings.HasPrefix(commands[i].Line, "execute") {
			return nil, errors.New("typed ahead: " + commands[i].Line)
		}
	}
	return c.Session.Do(ctx, commands...)
}
