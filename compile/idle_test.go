package compile

import (
	"strings"
	"testing"
	"time"

	"github.com/nbfwc/nbfwc/ruleset"
)

// TestIdleTimeouts: TCP flows have 8 hours unless the domain says otherwise; a
// flow's own timeout wins; without TCP only a flow's own is set. Flows between
// the same hosts with different timeouts stand in rules of their own.
func TestIdleTimeouts(t *testing.T) {
	const flows = `
service "beacon" { udp = [1711] }
service "tunnel" { tcp = [1712] }
flow "beacon" {
  from    = domain.prod.hosts.web
  to      = domain.prod.hosts.master
  service = service.beacon
}
flow "tunnel" {
  from    = domain.prod.hosts.web
  to      = domain.prod.hosts.master
  service = service.tunnel
  idle    = "30m"
}
flow "plain" {
  from    = zone.dmz
  to      = zone.core
  service = service.tunnel
}
`
	for _, c := range []struct {
		domain             string
		rows, plain, other time.Duration
	}{
		{storyDomain, 8 * time.Hour, 8 * time.Hour, 30 * time.Minute},
		{strings.Replace(storyDomain, `version = "7.6"`, "version = \"7.6\"\n  idle = \"3h\"", 1), 3 * time.Hour, 8 * time.Hour, 30 * time.Minute},
	} {
		g := story(t, storyNetwork+c.domain+flows)
		seen := map[string]bool{}
		for _, r := range g.RuleSet(g.Firewalls[0]).Stages[0].Rules {
			what, want := "row", c.rows
			switch {
			case r.Service.Contains(ruleset.UDP, 40000, 1711):
				what, want = "beacon", 0
			case r.Service.Contains(ruleset.TCP, 40000, 1712) && r.Idle == c.plain:
				what, want = "plain", c.plain
			case r.Service.Contains(ruleset.TCP, 40000, 1712):
				what, want = "tunnel", c.other
			}
			seen[what] = true
			if r.Idle != want {
				t.Errorf("rule %s (%s) has the idle timeout %v, want %v", r.Name, what, r.Idle, want)
			}
		}
		for _, what := range []string{"row", "beacon", "plain", "tunnel"} {
			if !seen[what] {
				t.Errorf("no rule of the kind %q", what)
			}
		}
	}
}
