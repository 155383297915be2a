package cisco_asa

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"strings"

	"github.com/nbfwc/nbfwc/targets"
)

var (
	versionLine  = regexp.MustCompile(`(?m)^Cisco Adaptive Security Appliance Software Version (\S+)`)
	hardwareLine = regexp.MustCompile(`(?m)^Hardware:\s+([^,\r\n]+)`)
	serialLine   = regexp.MustCompile(`(?m)^Serial Number:\s+(\S+)`)
	modifiedLine = regexp.MustCompile(`(?m)^Configuration last modified by (.{1,200}?)\s*$`)
	unitLine     = regexp.MustCompile(`(?m)^\s*This (?:host|context):\s*(?:(?:Primary|Secondary)\s*-\s*)?(.*?)\s*$`)
	groupLine    = regexp.MustCompile(`(?m)^\s*Group \d+\s+State:\s*(\S.*?)\s*$`)
)

// identify reads what the device says of itself.
func identify(ctx context.Context, s targets.Session) (targets.Identity, error) {
	var id targets.Identity
	version, err := ask(ctx, s, reads(cmdVersion))
	if err != nil {
		return id, err
	}
	if strings.Contains(version, "Threat Defense") {
		return id, errors.New("the device is Firepower Threat Defense, whose access policy stands in its manager; nbfwc doesn't manage it")
	}
	if id.Version = first(versionLine, version); id.Version == "" {
		return id, &targets.AnswerError{Command: cmdVersion, Answer: version, Why: "the device isn't a Cisco ASA"}
	}
	id.Model, id.Serial = first(hardwareLine, version), first(serialLine, version)

	firewall, err := ask(ctx, s, reads(cmdFirewall, `Firewall mode: (?:Router|Transparent)`))
	if err != nil {
		return id, err
	}
	if strings.Contains(firewall, "Transparent") {
		return id, errors.New("the device is in transparent firewall mode, in which packets are bridged; nbfwc manages routed mode only")
	}
	name, err := ask(ctx, s, reads(cmdHostname, `[A-Za-z0-9._-]+`))
	if err != nil {
		return id, err
	}
	id.Hostname = strings.TrimSpace(name)
	id.Pair, id.Standby, err = failover(ctx, s)
	return id, err
}

func first(re *regexp.Regexp, text string) string {
	if m := re.FindStringSubmatch(text); m != nil {
		return strings.TrimSpace(m[1])
	}
	return ""
}

// failover says whether the unit is one of a pair, and whether it is the one
// that takes no changes: any state but active.
func failover(ctx context.Context, s targets.Session) (pair, standby bool, err error) {
	c := reads(cmdFailover)
	c.Begin = `Failover (?:On|Off).*`
	text, err := ask(ctx, s, c)
	if err != nil {
		return false, false, err
	}
	if off, _, _ := strings.Cut(strings.TrimSpace(text), "\n"); strings.HasPrefix(off, "Failover Off") {
		return false, strings.Contains(off, "pseudo-Standby"), nil
	}
	// Of an active/active pair the unit's line names no state, but the groups
	// of contexts below it have one each: a context says its own.
	state := first(unitLine, text)
	if state == "" || state == "Primary" || state == "Secondary" {
		state = first(groupLine, text)
	}
	if state == "" {
		return true, false, fmt.Errorf("%q doesn't say whether this unit of the pair is active", cmdFailover)
	}
	return true, !strings.HasPrefix(state, "Active"), nil
}

var versionNumber = regexp.MustCompile(`^(\d+)\.(\d+)(?:\((\d+)\)?)?`)

// hasSessions says whether a version has configuration sessions: 9.3(2) and
// newer.
func hasSessions(version string) bool {
	m := versionNumber.FindStringSubmatch(version)
	if m == nil {
		return false
	}
	var n [3]int
	for i := range n {
		n[i], _ = strconv.Atoi(m[i+1]) // "" is 0
	}
	switch {
	case n[0] != 9:
		return n[0] > 9
	case n[1] != 3:
		return n[1] > 3
	}
	return n[2] >= 2
}
