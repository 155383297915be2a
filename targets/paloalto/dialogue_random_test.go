package paloalto

import (
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/nbfwc/nbfwc/lab/panos"
	"github.com/nbfwc/nbfwc/targets"
)

// TestRandomPushes: whatever a plan does, the candidate is recognised as what was
// planned, and the way back leads back, also after rules of others were removed.
func TestRandomPushes(t *testing.T) {
	pushes, nothing := 0, 0
	for i := range 40 {
		rng := rand.New(rand.NewPCG(uint64(i), 31))
		multi := i%3 == 0
		b, in := randomBench(t, multi)
		var before string
		for k := range 3 {
			job := randomJob(rng, targets.Manage((i+k/2)%2))
			b.takeOver = job.Manage == targets.Exclusive
			if job.Manage == targets.Section {
				job.Anchor = []string{"top", "bottom", "before clean up", "after web"}[rng.IntN(4)]
			}
			job.Context = in
			before = b.d.Running()
			p, err := b.push("p"+string(rune('0'+k)), job)
			if err != nil && strings.Contains(err.Error(), "no plan: ") {
				break // the anchor is gone with the rules of others
			}
			if err != nil {
				t.Fatalf("%d.%d: %v\nthe device had:\n%s\ntyped:\n%s", i, k, err, before, strings.Join(b.typed, "\n"))
			}
			if len(p.Change.Steps) == 0 {
				nothing++
				continue
			}
			pushes++
			b.clean()
			if rng.IntN(2) > 0 {
				continue
			}
			if err := b.restore(p); err != nil && !strings.Contains(err.Error(), "no way back") {
				t.Fatalf("%d.%d: back: %v\nthe device had:\n%s\nit has:\n%s\ntyped:\n%s", i, k, err, before, b.d.Running(), strings.Join(b.typed, "\n"))
			}
			b.clean()
		}
	}
	if pushes < 60 || nothing > 20 {
		t.Errorf("%d pushes, %d without anything to do", pushes, nothing)
	}
}

// randomBench is a firewall with the zones and profiles of randomJob, and rules
// of others, one of which has a tag of ours and no name of ours.
func randomBench(t *testing.T, multi bool) (*bench, string) {
	t.Helper()
	opt, in, prefix := panos.Options{Hostname: "edge"}, "", "set "
	if multi {
		opt.MultiVsys, in, prefix = []string{"vsys1", "vsys2"}, "vsys2", "set vsys vsys2 "
	}
	b := &bench{t: t, d: panos.New(opt), dialogue: talk, account: me, at: targets.Partition{Context: in}}
	lines := []string{"configure"}
	for _, line := range []string{
		"zone core network layer3 ethernet1/1", "zone dmz network layer3 ethernet1/2", `zone "dmz 2" network layer3 ethernet1/3`,
		"zone untrust network layer3 ethernet1/4", "profile-group strict", "log-settings profiles siem", "tag nbfwc", "tag other color color3",
		"address printer ip-netmask 10.0.0.3/32", "address-group printers static printer",
		"rulebase security rules web from any to dmz source any destination printers application any service service-https action allow tag nbfwc",
		`rulebase security rules "no udp" from untrust to core source any destination any application any service any action deny disabled yes`,
		`rulebase security rules "clean up" from any to any source any destination any application any service any action deny`,
	} {
		lines = append(lines, prefix+line)
	}
	b.type_("admin", append(lines, "commit")...)
	return b, in
}
