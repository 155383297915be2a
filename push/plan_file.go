package push

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"github.com/nbfwc/nbfwc/ruleset"
	"github.com/nbfwc/nbfwc/targets"
)

// A planFile is what another process has to know to settle, finish or undo an
// attempt: all of it is written before the device is changed.
type planFile struct {
	Version int // planVersion
	// ID is that of the attempt, which things on the device are named for.
	ID   string
	Goal goalName
	// Began, Who, Digest and Units' Identities are those of the attempt.
	Began      time.Time
	Who        string
	Digest     string
	Identity   targets.Identity
	Identities []targets.Identity
	Timeout    time.Duration
	// Before is the SHA-256 of the configuration that the attempt began with.
	Before string
	Steps  []targets.Step
	Device deviceFacts
}

const planVersion = 1

// deviceFacts are a Device without what only a program can be.
type deviceFacts struct {
	Name, Firewall       string
	Target               string
	Units                int
	Admin                string
	Part                 targets.Partition
	Interfaces           []targets.Interface
	Context, Prefix      string
	Behind               map[string][]addrRange `json:",omitempty"`
	Hostname, OS         string
	Serials              []string
	LocalRules           bool
	Policy, PolicyDigest string
	Reach                json.RawMessage `json:",omitempty"`
}

// addrRange is a ruleset.Range in JSON.
type addrRange struct{ From, To netip.Addr }

func factsOf(d *Device) deviceFacts {
	f := deviceFacts{
		Name: d.Name, Firewall: d.Firewall, Target: d.Target.Name(), Units: d.Units, Admin: d.Admin,
		Part: d.Part, Interfaces: d.Parse.Interfaces, Context: d.Parse.Context, Prefix: d.Parse.Prefix,
		Hostname: d.Hostname, OS: d.OS, Serials: d.Serials, LocalRules: d.LocalRules,
		Policy: d.Policy, PolicyDigest: d.PolicyDigest, Reach: d.Reach,
	}
	for label, set := range d.Parse.Behind {
		if f.Behind == nil {
			f.Behind = map[string][]addrRange{}
		}
		list := []addrRange{}
		for _, r := range set.Ranges() {
			list = append(list, addrRange(r))
		}
		f.Behind[label] = list
	}
	return f
}

func (f *deviceFacts) device(t targets.Target, d targets.Dialogue) *Device {
	out := &Device{
		Name: f.Name, Firewall: f.Firewall, Units: f.Units, Admin: f.Admin, Target: t, Dialogue: d, Part: f.Part,
		Parse:    targets.ParseOptions{Interfaces: f.Interfaces, Context: f.Context, Prefix: f.Prefix},
		Hostname: f.Hostname, OS: f.OS, Serials: f.Serials, LocalRules: f.LocalRules,
		Policy: f.Policy, PolicyDigest: f.PolicyDigest, Reach: f.Reach,
	}
	for label, list := range f.Behind {
		if out.Parse.Behind == nil {
			out.Parse.Behind = map[string]ruleset.AddrSet{}
		}
		ranges := make([]ruleset.Range, len(list))
		for i, r := range list {
			ranges[i] = ruleset.Range(r)
		}
		out.Parse.Behind[label] = ruleset.NewAddrSet(ranges...)
	}
	return out
}

// NewDevice is the device that the record is of, as it was known when the push
// began: without a job, which only a policy can give, and so good for Abandon.
func (r *Record) NewDevice(t targets.Target, d targets.Dialogue) (*Device, error) {
	switch {
	case len(r.plans) == 0:
		return nil, fmt.Errorf("device %s: push %s: %s; give the policy", r.Device, r.ID, r.Damage)
	case t == nil || d == nil || t.Name() != r.Target:
		return nil, fmt.Errorf("device %s: push %s was made for a %s", r.Device, r.ID, r.Target)
	}
	return r.plans[0].Device.device(t, d), nil
}

// Reach is the Device.Reach of the push.
func (r *Record) Reach() json.RawMessage {
	if len(r.plans) == 0 {
		return nil
	}
	return r.plans[0].Device.Reach
}

// Before is the running configuration before the push.
func (r *Record) Before() ([]byte, error) {
	if len(r.plans) == 0 {
		return nil, fmt.Errorf("device %s: push %s: %s", r.Device, r.ID, r.Damage)
	}
	return r.before(0)
}

// before is the configuration that attempt i began with.
func (r *Record) before(i int) ([]byte, error) {
	path := filepath.Join(r.Dir, "before"+attemptSuffix(i)+".conf")
	text, err := os.ReadFile(path)
	if err == nil && hash(text) != r.plans[i].Before {
		err = fmt.Errorf("%s is not what was saved there (its SHA-256 is another); put the device right by hand", path)
	}
	return text, err
}

// attemptSuffix is what the files of attempt i, counted from 0, have behind
// their names: nothing for the first, then -2 and so on.
func attemptSuffix(i int) string {
	if i == 0 {
		return ""
	}
	return "-" + strconv.Itoa(i+1)
}

func hash(b []byte) string {
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:])
}

// save writes the files of attempt i into the record's directory.
func (p *planFile) save(dir string, i int, before []byte) error {
	p.Version, p.Before = planVersion, hash(before)
	content, err := json.MarshalIndent(p, "", "  ")
	if err != nil {
		return err
	}
	// An attempt that a crash has cut off here was never begun.
	plan, conf := filepath.Join(dir, "plan"+attemptSuffix(i)+".json"), filepath.Join(dir, "before"+attemptSuffix(i)+".conf")
	for _, old := range []string{plan, conf} {
		if err := os.Remove(old); err != nil && !errors.Is(err, os.ErrNotExist) {
			return err
		}
	}
	if err := writeSynced(conf, before); err != nil {
		return err
	}
	return writeSynced(plan, append(content, '\n'))
}

// readPlan reads the plan of attempt i.
func readPlan(dir string, i int) (p planFile, err error) {
	path := filepath.Join(dir, "plan"+attemptSuffix(i)+".json")
	if err := checkFile(path); err != nil {
		return p, err
	}
	content, err := os.ReadFile(path)
	if err != nil {
		return p, err
	}
	if err := json.Unmarshal(content, &p); err != nil {
		return p, fmt.Errorf("%s: %w", path, err)
	}
	if p.Device.Reach != nil { // the file has it in several lines
		var b bytes.Buffer
		if err := json.Compact(&b, p.Device.Reach); err != nil {
			return p, fmt.Errorf("%s: %w", path, err)
		}
		p.Device.Reach = b.Bytes()
	}
	if p.Version != planVersion {
		return p, fmt.Errorf("%s is of version %d of this file, which another version of the program wrote", path, p.Version)
	}
	return p, nil
}

// push is the attempt as its dialogue takes it.
func (p *planFile) push(before []byte, change *targets.Change) *targets.Push {
	if change == nil {
		change = &targets.Change{Steps: p.Steps}
	}
	return &targets.Push{
		ID: p.ID, Admin: p.Device.Admin, Part: p.Device.Part, Identity: p.Identity, Before: before,
		Parse: p.Device.device(nil, nil).parse(), Prefix: p.Device.Prefix, Change: change, Timeout: p.Timeout,
	}
}
