package main

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/netip"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/nbfwc/nbfwc/compile"
	"github.com/nbfwc/nbfwc/lang"
	"github.com/nbfwc/nbfwc/push"
	"github.com/nbfwc/nbfwc/targets"
	"github.com/nbfwc/nbfwc/targets/console"
	"github.com/nbfwc/nbfwc/view"
)

// sessionFlags are the flags of every verb that logs in on devices.
type sessionFlags struct {
	user               string
	knownHosts         []string
	identities         []string
	credentials        string
	credentialsCommand []string
	transcripts        string
	state              string
	jobs               int
	idle, timeout      time.Duration
}

func sessionArgs(cmd *cobra.Command) *sessionFlags {
	f := &sessionFlags{}
	fs := cmd.Flags()
	fs.StringVar(&f.user, "user", "", "`name` to log in by, where the policy's device block has no username (default: yours)")
	fs.StringArrayVar(&f.knownHosts, "known-hosts", nil, "`file` with host keys; can be given several times (default: $NBFWC_KNOWN_HOSTS, or ~/.ssh/known_hosts and /etc/ssh/ssh_known_hosts)")
	fs.StringArrayVar(&f.identities, "identity", nil, "`file` with a private key; can be given several times (default: the SSH agent's keys)")
	fs.StringVar(&f.credentials, "credentials", "", "`file` with passwords, readable by you alone")
	fs.StringArrayVar(&f.credentialsCommand, "credentials-command", nil, "`program` that prints a password; given again, an argument of it")
	fs.StringVar(&f.transcripts, "transcripts", "", "write what was typed and answered, without secrets, to files in `directory`")
	stateFlag(cmd, &f.state)
	fs.IntVar(&f.jobs, "jobs", 16, "`number` of devices to talk to at once")
	fs.DurationVar(&f.idle, "silence", time.Minute, "give a device up after so much `time` without an answer")
	f.timeout = push.DefaultTimeout
	return f
}

func stateFlag(cmd *cobra.Command, state *string) {
	cmd.Flags().StringVar(state, "state", "", "`directory` of locks and records (default: $NBFWC_STATE or ~/.local/state/nbfwc)")
}

// getenv is the value of an environment variable, "" if there is none.
func (e *env) getenv(name string) string {
	for _, kv := range e.environ {
		if k, v, _ := strings.Cut(kv, "="); k == name {
			return v
		}
	}
	return ""
}

// stateDir is the directory of locks and records.
func (e *env) stateDir(flag string) (string, error) {
	if dir := cmp.Or(flag, e.getenv("NBFWC_STATE")); dir != "" {
		return dir, nil
	}
	if dir := e.getenv("XDG_STATE_HOME"); filepath.IsAbs(dir) {
		return filepath.Join(dir, "nbfwc"), nil
	}
	if home := e.getenv("HOME"); home != "" {
		return filepath.Join(home, ".local", "state", "nbfwc"), nil
	}
	return "", errors.New("there is no home directory to keep locks and records in: name one with -state")
}

// knownHostFiles are the files of host keys: the named ones, or those of
// OpenSSH that exist.
func (e *env) knownHostFiles(named []string) ([]string, error) {
	if len(named) > 0 {
		return named, nil
	}
	if list := e.getenv("NBFWC_KNOWN_HOSTS"); list != "" {
		return filepath.SplitList(list), nil
	}
	files := []string{"/etc/ssh/ssh_known_hosts"}
	if home := e.getenv("HOME"); home != "" {
		files = append([]string{filepath.Join(home, ".ssh", "known_hosts")}, files...)
	}
	found := slices.DeleteFunc(slices.Clone(files), func(name string) bool {
		_, err := os.Stat(name)
		return err != nil
	})
	if len(found) == 0 {
		return nil, fmt.Errorf("no host keys are known: there is no %s; \"nbfwc device trust\" writes one", strings.Join(files, " and no "))
	}
	return found, nil
}

// reach is how a device is found; a record keeps it, so that a push can be
// abandoned without its policy.
type reach struct {
	Units []netip.AddrPort `json:"units"`
	Jump  []console.Hop    `json:"jump,omitempty"`
}

// connector logs in on devices.
type connector struct {
	e          *env
	flags      *sessionFlags
	knownHosts []string
	state      string
}

func newConnector(e *env, flags *sessionFlags) (*connector, error) {
	if flags.jobs < 1 {
		return nil, usageError{errors.New("-jobs must be at least 1")}
	}
	c := &connector{e: e, flags: flags}
	var err error
	if c.state, err = e.stateDir(flags.state); err != nil {
		return nil, err
	}
	if c.knownHosts, err = e.knownHostFiles(flags.knownHosts); err != nil {
		return nil, err
	}
	if flags.transcripts != "" {
		if err := privateDirectory(flags.transcripts); err != nil {
			return nil, err
		}
	}
	return c, nil
}

// privateDirectory makes a directory, or holds that nobody else can put files
// or links into one that is there.
func privateDirectory(dir string) error {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	info, err := os.Stat(dir)
	if err == nil && info.Mode().Perm()&0o022 != 0 && runtime.GOOS != "windows" { // which has no such bits
		err = fmt.Errorf("%s can be written by others (mode %04o), who could read or divert transcripts there; name another directory, or do: chmod 700 %s", dir, info.Mode().Perm(), shellWord(dir))
	}
	return err
}

// openTranscript opens the file that a transcript is appended to, which is an
// ordinary one that nobody else can read.
func openTranscript(name string) (*os.File, error) {
	before, err := os.Lstat(name)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return os.OpenFile(name, os.O_CREATE|os.O_EXCL|os.O_APPEND|os.O_WRONLY, 0o600)
	case err != nil:
		return nil, err
	case !before.Mode().IsRegular():
		return nil, fmt.Errorf("%s is not an ordinary file, and no transcript is written to it", name)
	case before.Mode().Perm()&0o077 != 0 && runtime.GOOS != "windows":
		return nil, fmt.Errorf("%s can be read by others (mode %04o), and no transcript is written to it; do: chmod 600 %s", name, before.Mode().Perm(), shellWord(name))
	}
	return os.OpenFile(name, os.O_APPEND|os.O_WRONLY, 0o600)
}

func (c *connector) engine(progress func(*push.Device, string)) *push.Engine {
	return &push.Engine{Dial: c.dial, State: c.state, Now: c.e.now, Who: c.e.who, Timeout: c.flags.timeout, Progress: progress}
}

// admin is the name that a device is logged in by.
func (c *connector) admin(d *lang.Device) (string, error) {
	login, _, _ := strings.Cut(c.e.who, "@")
	if name := cmp.Or(d.Username, c.flags.user, login); name != "" {
		return name, nil
	}
	return "", fmt.Errorf("device %s has no username: add one to its block, or name one with -user", d.Name)
}

// hops are the hosts that lead to a device, the first to be connected first.
func (c *connector) hops(d *lang.Device) ([]console.Hop, error) {
	var out []console.Hop
	for at := d.Jump; at != nil; at = at.Jump {
		name, err := c.admin(at)
		if err != nil {
			return nil, err
		}
		out = append(out, console.Hop{Address: withPort(at.Addresses[0]), Username: name})
	}
	slices.Reverse(out)
	return out, nil
}

func withPort(a netip.AddrPort) netip.AddrPort {
	return netip.AddrPortFrom(a.Addr(), cmp.Or(a.Port(), 22))
}

// device is a firewall of the policy as the engine takes it.
func (c *connector) device(l *loaded, fw *compile.Firewall, policy, digest string) (*push.Device, error) {
	target, ok := targetByName(fw.Target)
	dialogue, talks := dialogues[fw.Target]
	if !ok || !talks {
		return nil, fmt.Errorf("firewall %s: there is no target %s", fw.Name, fw.Target)
	}
	d := fw.Device
	admin, err := c.admin(d)
	if err != nil {
		return nil, err
	}
	var r reach
	for _, a := range d.Addresses {
		r.Units = append(r.Units, withPort(a))
	}
	if r.Jump, err = c.hops(d); err != nil {
		return nil, err
	}
	way, err := json.Marshal(r)
	if err != nil {
		return nil, err
	}
	job := jobOf(l.graph, fw, l.graph.RuleSet(fw), jobHeader(l.policy))
	return &push.Device{
		Name: d.Name, Firewall: fw.Name, Units: len(r.Units), Admin: admin, Target: target, Dialogue: dialogue,
		Part: targets.Partition{Context: fw.Context, DeviceGroup: fw.DeviceGroup},
		Job:  job, Parse: parseOptions(l.graph, fw, &job),
		Hostname: d.Hostname, OS: fw.OS, Serials: d.Serials, LocalRules: fw.LocalRules,
		Policy: policy, PolicyDigest: digest, Reach: way,
	}, nil
}

// dial logs in on a unit of a device.
func (c *connector) dial(ctx context.Context, d *push.Device, unit int, readOnly bool) (targets.Session, error) {
	var r reach
	if err := json.Unmarshal(d.Reach, &r); err != nil || unit >= len(r.Units) {
		return nil, fmt.Errorf("device %s: its addresses are not known", d.Name)
	}
	secrets, err := console.NewSecrets(c.e.environ, c.flags.credentials, c.flags.credentialsCommand, d.Name)
	if err != nil {
		return nil, err
	}
	opt := console.Options{
		Username: d.Admin, Platform: d.Dialogue.Platform(), KnownHosts: c.knownHosts, Identities: c.flags.identities,
		Agent: c.e.getenv("SSH_AUTH_SOCK"), Secrets: secrets, Jump: r.Jump, ReadOnly: readOnly, Idle: c.flags.idle,
	}
	var transcript *os.File
	if c.flags.transcripts != "" {
		name := fileName(d.Name)
		if len(r.Units) > 1 {
			name += fmt.Sprintf("-%d", unit+1)
		}
		if transcript, err = openTranscript(filepath.Join(c.flags.transcripts, name+".log")); err != nil {
			return nil, err
		}
		opt.Transcript = transcript
	}
	s, err := console.Dial(ctx, r.Units[unit], opt)
	switch {
	case err != nil && transcript != nil:
		return nil, errors.Join(err, transcript.Close())
	case err != nil:
		return nil, err
	case transcript != nil:
		return &recorded{s, transcript}, nil
	}
	return s, nil
}

// recorded is a session with a transcript, which ends with it.
type recorded struct {
	*console.Session
	transcript io.Closer
}

func (r *recorded) Close() error { return errors.Join(r.Session.Close(), r.transcript.Close()) }

// selection is the firewalls that a verb works on.
type selection struct {
	l *loaded
	// firewalls have a device; without are the names of those that have none.
	firewalls []*compile.Firewall
	without   []string
}

// chooseFirewalls are the named firewalls of a policy, or all of them.
func chooseFirewalls(l *loaded, names []string) (selection, error) {
	s := selection{l: l}
	for _, name := range names {
		fw, err := chooseFirewall(l.graph, name)
		if err != nil {
			return s, err
		}
		if fw.Device == nil {
			return s, fmt.Errorf("firewall %s has no device: add device = device.x to its block, and the device", name)
		}
		if !slices.Contains(s.firewalls, fw) {
			s.firewalls = append(s.firewalls, fw)
		}
	}
	if len(names) > 0 {
		return s, nil
	}
	for _, fw := range l.graph.Firewalls {
		if fw.Device == nil {
			s.without = append(s.without, fw.Name)
			continue
		}
		s.firewalls = append(s.firewalls, fw)
	}
	if len(s.firewalls) == 0 {
		return s, errors.New("no firewall of the policy has a device: add device blocks, and device = device.x to the firewalls")
	}
	return s, nil
}

// printLeftOut says which firewalls were not looked at.
func (s *selection) printLeftOut(e *env) {
	if len(s.without) > 0 {
		fmt.Fprintf(e.stderr, "%s no device in the policy and left out: %s\n", view.Count(len(s.without), "firewall has", "firewalls have"), some(s.without))
	}
}
