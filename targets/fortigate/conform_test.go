package fortigate

import (
	"strings"
	"testing"

	"github.com/nbfwc/nbfwc/ruleset"
	"github.com/nbfwc/nbfwc/targets"
	"github.com/nbfwc/nbfwc/targets/targettest"
)

func TestTarget(t *testing.T) {
	targettest.Run(t, targettest.Subject{
		Target: Target{},
		Device: labDevice, Rounds: 32,
		Noise: func(line string) bool { return strings.HasPrefix(line, "#conf_file_ver=") },
		Foreign: []targettest.Foreign{{
			Name: "policies", Commands: othersPolicies,
			Anchors: []string{"top", "bottom", "before web", "after 12", "before 13"},
			Keep:    []string{`edit "printer"`, "edit 11", `"web"`, "edit 12", "edit 13", "edit 14"},
		}},
		Adjust: func(job *targets.Job) {
			for i := range job.Want.Stages[0].Rules {
				r := &job.Want.Stages[0].Rules[i]
				if r.Service.Intersect(ruleset.Protocol(ruleset.TCP)).IsEmpty() {
					r.Idle = 0 // timeouts are TCP's
				}
				if r.Profile == "" {
					r.Profile = "strict"
				}
			}
		},
	})
}

// othersPolicies permit and deny among what our policies are about.
var othersPolicies = strings.Split(`config firewall address
edit "printer"
set subnet 10.2.0.7 255.255.255.255
next
end
config firewall policy
edit 11
set name "web"
set srcintf "any"
set dstintf "dmz"
set action accept
set srcaddr "all"
set dstaddr "printer"
set schedule "always"
set service "HTTPS"
next
edit 12
set name "no"
set srcintf "outside"
set dstintf "inside"
set srcaddr "all"
set dstaddr "all"
set schedule "always"
set service "ALL_UDP"
next
edit 13
set name "out"
set srcintf "inside"
set dstintf "outside"
set action accept
set srcaddr "all"
set dstaddr "all"
set schedule "always"
set service "ALL"
set logtraffic all
next
edit 14
set name "clean-up"
set srcintf "any"
set dstintf "any"
set srcaddr "all"
set dstaddr "all"
set schedule "always"
set service "ALL"
next
end`, "\n")
