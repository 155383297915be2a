package drift

import (
	"crypto/sha256"
	"encoding/hex"
	"strings"

	"github.com/nbfwc/nbfwc/ruleset"
)

// Kind is what a finding is about.
type Kind string

const (
	// Missing: the policy permits packets that the device doesn't let pass.
	// Backups break.
	Missing Kind = "missing"
	// Extra: the device lets pass NetBackup packets that the policy doesn't
	// permit.
	Extra Kind = "extra"
	// Unreadable: lines that are not understood may decide packets of the
	// policy.
	Unreadable Kind = "unreadable"
	// Foreign: lines of others stand inside our section.
	Foreign Kind = "foreign"
	// Effect: packets are treated alike, but idle timeout, log or profile
	// differ.
	Effect Kind = "effect"
	// NAT: addresses of declared hosts are changed on the way.
	NAT Kind = "nat"
	// Reserved: ports are open that NetBackup must not have open through a
	// firewall.
	Reserved Kind = "reserved"
	// Open: NetBackup ports are open to far more than NetBackup hosts.
	Open Kind = "open"
	// Useless: lines that decide nothing.
	Useless Kind = "useless"
)

// Severity orders findings.
type Severity string

const (
	High   Severity = "high"
	Medium Severity = "medium"
	Low    Severity = "low"
)

// Finding is something that somebody should look at.
type Finding struct {
	Kind     Kind
	Severity Severity
	Firewall string
	// Summary is one sentence; Detail says what breaks or what is exposed, and
	// what to do about it.
	Summary, Detail string
	// Line and Rule are the place in the configuration, 0 and "" for none.
	Line int
	Rule string
	// Boxes are the packets, as many as are worth showing; More counts the
	// rest.
	Boxes []ruleset.Box
	More  int
	// Witness is one of the packets; it has no addresses if there is none.
	Witness ruleset.Packet
	// Flows are the ids of the flows concerned, ascending.
	Flows []int32
}

// ID is the same for the same finding in another run: it depends on the kind,
// the firewall and what is concerned, not on line numbers.
func (f *Finding) ID() string {
	h := sha256.New()
	write := func(parts ...string) {
		h.Write([]byte(strings.Join(parts, "\x00") + "\x00"))
	}
	write(string(f.Kind), f.Firewall, f.Rule, f.Summary)
	for _, b := range f.Boxes {
		write(b.In.String(), b.Out.String(), b.Src.String(), b.Dst.String(), b.Service.String())
	}
	return string(f.Kind) + "-" + hex.EncodeToString(h.Sum(nil))[:10]
}
