package fortigate

import (
	"testing"

	"github.com/nbfwc/nbfwc/ruleset"
	"github.com/nbfwc/nbfwc/targets"
	"github.com/nbfwc/nbfwc/targets/targettest"
)

func TestTarget(t *testing.T) {
	targettest.Run(t, targettest.Subject{
		Target: Target{},
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
