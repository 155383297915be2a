package fortios

import (
	"strings"
	"testing"
	"time"

	"github.com/nbfwc/nbfwc/lab"
)

// Until a transaction is committed nobody sees it, and nobody else edits what
// it has edited.
func TestTransactionIsolated(t *testing.T) {
	d, _ := loaded(t, Options{})
	one, two := d.loginAs("ann"), d.loginAs("bob")
	story(t, one, "> config firewall address\n> edit H\n> next\n> end\n> execute config-transaction start\n(nothing)\n"+openWeb+`
> config firewall address
> edit H
(nothing)
> set comment ours
> next
> end
> execute batch start
Command fail.
> config system console
Command fail.
> config system settings
> set opmode transparent
> end
Command fail.
> execute config-transaction start
Command fail.
> diagnose sys config-transaction status
config transaction count: 1
> execute config-transaction show txn-cli-commands
set comment ours
> execute config-transaction show txn-meta
txn-next-id=2(0x2), txn-nr=1
> diagnose sys config-transaction show txn-info
txn-id=1, expires=
> diagnose sys config-transaction show txn-entity
firewall policy 7
`)
	story(t, two, `
> show firewall policy
(not) web
> config firewall address
> edit H
The object is locked by another config transaction.
> delete H
The object is locked by another config transaction.
> edit other
new entry 'other' added
> next
(nothing)
> end
> execute config-transaction commit
There is no config transaction.
`)
	if d.Decide(web) != lab.Drops {
		t.Error("it has an effect already")
	}
	story(t, one, "> execute config-transaction commit\n(nothing)\n> show firewall address other\nedit \"other\"\n> show firewall address H\nset comment \"ours\"")
	if d.Decide(web) != lab.Passes {
		t.Error(d.Explain(web))
	}
	story(t, two, "> config firewall address\n> edit H\n(nothing)\n> abort")
	fixpoint(t, d)
}

// Five minutes of silence end a transaction; whatever is typed then is typed
// outside of it.
func TestTransactionExpires(t *testing.T) {
	d, w := loaded(t, Options{})
	s := d.loginAs("ann")
	story(t, s, "> config system global\n> set admintimeout 60\n> end\n> execute config-transaction start\n"+openWeb)
	w.t = w.t.Add(4*time.Minute + 45*time.Second)
	story(t, s, `
> show firewall policy
config transaction id=1 will expire in 30 seconds
config transaction id=1 will expire in 20 seconds
(not) will expire in 10
set name "web"
`)
	w.t = w.t.Add(4 * time.Minute)
	story(t, s, "> config firewall policy\n(nothing)")
	w.t = w.t.Add(5 * time.Minute)
	if d.Transactions() != 0 {
		t.Error("it is open")
	}
	if a := s.Send("edit 8"); !strings.Contains(a, "config transaction id=1 has expired\nUnknown action 0") || !s.Refused(a) || s.Prompt() != "fw1 # " {
		t.Errorf("%q %q", a, s.Prompt())
	}
	story(t, s, "> show firewall policy\n(not) web\n> config firewall address\n> edit live\n> next\n> end")
	if !strings.Contains(d.Running(), `edit "live"`) || d.Decide(web) != lab.Drops {
		t.Error(d.Running())
	}
}

// A lost session loses its transaction, but only when its time is over are
// the entries free.
func TestTransactionOfALostSession(t *testing.T) {
	d, w := loaded(t, Options{})
	s := d.loginAs("ann")
	story(t, s, "> config firewall address\n> edit H\n> next\n> end\n> execute config-transaction start\n> config firewall address\n> edit H\n> next\n> end")
	s.Close()
	two := d.loginAs("ann")
	story(t, two, "> config firewall address\n> edit H\nThe object is locked\n> end\n> execute config-transaction abort\nThere is no config transaction.\n> diagnose sys config-transaction status\nid=1 user=ann")
	w.t = w.t.Add(5 * time.Minute)
	if two.Prompt() != "" {
		t.Error("the idle session goes on")
	}
	story(t, d.loginAs("ann"), "> config firewall address\n> edit H\n(nothing)\n> end")
}

// What stands in the way of a transaction.
func TestTransactionRefused(t *testing.T) {
	d, _ := loaded(t, Options{NoTransactions: true})
	story(t, d.loginAs("ann"), "> execute config-transaction start\ncommand parse error before 'config-transaction'\n> diagnose sys config-transaction status\ncommand parse error before 'config-transaction'")
	d, _ = loaded(t, Options{Faults: Faults{CommitFail: "commit failed: object check operator error", Locked: [][2]string{{"firewall address", "H"}}}})
	s := d.loginAs("ann")
	story(t, s, "> execute config-transaction start\n"+openWeb+`
> config firewall address
> edit H
> next
The object is locked by another config transaction.
> end
> execute config-transaction commit
commit failed
Command fail. Return code -1
> execute config-transaction abort
(nothing)
> show firewall policy
(not) web
`)
	for _, c := range []struct{ version, line, want string }{
		{"7.4.4", "execute config-transaction start 30", ""},
		{"7.0.9", "execute config-transaction start 30", "command parse error before '30'"},
		{"7.4.4", "execute config-transaction start 61", "command parse error before '61'"},
		{"6.0.9", "execute config-transaction start", "command parse error before 'config-transaction'"},
	} {
		d, _ := loaded(t, Options{Version: c.version})
		if a := d.loginAs("ann").Send(c.line); !strings.HasPrefix(a, c.want) || c.want == "" && a != "" {
			t.Errorf("%s, %s: %q", c.version, c.line, a)
		}
	}
}
