package main

import (
	"bufio"
	"cmp"
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/nbfwc/nbfwc/lang"
	"github.com/nbfwc/nbfwc/targets/console"
	"github.com/nbfwc/nbfwc/view"
)

func newDevice(e *env) *cobra.Command {
	cmd := &cobra.Command{
		Use:     "device",
		Short:   "The devices of a policy, and their host keys",
		Long:    "The devices of a policy, and the host keys that they are known by.",
		GroupID: "devices",
		Example: "  nbfwc device list policy.hcl\n  nbfwc device trust policy.hcl edge",
	}
	cmd.AddCommand(newDeviceList(e), newDeviceTrust(e))
	for _, sub := range cmd.Commands() {
		sub.Args = usageArgs(sub.Args)
	}
	cmd.RunE = func(*cobra.Command, []string) error {
		return usageError{errors.New("device takes one of: list, trust")}
	}
	return cmd
}

func newDeviceList(e *env) *cobra.Command {
	cmd := &cobra.Command{
		Use:     "list [POLICY]",
		Short:   "The devices of a policy, their addresses and firewalls",
		Long:    "List the devices of a policy with their addresses and the firewalls on them.\nNothing is sent to any device.",
		Example: "  nbfwc device list policy.hcl\n  nbfwc device list . -json",
		Args:    cobra.MaximumNArgs(1),
	}
	flags := policyArgs(cmd)
	cmd.RunE = func(_ *cobra.Command, args []string) error {
		l, err := loadGraph(e, policyArg(args), flags)
		if err != nil {
			return err
		}
		list := devicesOf(l)
		if flags.json {
			return view.JSON(e.stdout, view.Devices(list))
		}
		return view.WriteDevices(e.stdout, list, e.textWidth())
	}
	return cmd
}

// devicesOf are the devices of a policy with their firewalls.
func devicesOf(l *loaded) []view.Device {
	out := make([]view.Device, len(l.policy.Devices))
	for i, d := range l.policy.Devices {
		v := view.Device{Name: d.Name, Username: d.Username, Hostname: d.Hostname, Addresses: []string{}, Firewalls: []string{}}
		for _, a := range d.Addresses {
			v.Addresses = append(v.Addresses, withPort(a).String())
		}
		if d.Jump != nil {
			v.Jump = d.Jump.Name
		}
		for _, fw := range l.graph.Firewalls {
			if fw.Device == d {
				v.Firewalls = append(v.Firewalls, fw.Name)
			}
		}
		out[i] = v
	}
	return out
}

func newDeviceTrust(e *env) *cobra.Command {
	var file string
	var fingerprints []string
	var yes bool
	cmd := &cobra.Command{
		Use:   "trust [POLICY] [DEVICE...]",
		Short: "Ask devices for their host keys, and write them down after a yes",
		Long: `Ask devices which host keys they have, show the fingerprints, and write them to
the file of known hosts after a yes. Compare the fingerprints with what the
device itself shows on its console: this is the one moment at which a false
device could slip in. A key that is already known is not asked about; another
key than the known one is an error and is never overwritten.

With -fingerprint only the key that has it is trusted, and nothing is asked.`,
		Example: "  nbfwc device trust policy.hcl edge\n  nbfwc device trust . edge -fingerprint \"$FINGERPRINT\"",
		Args:    cobra.ArbitraryArgs,
	}
	policy := policyArgs(cmd)
	cmd.Flags().StringVar(&file, "known-hosts", "", "`file` to write to (default: ~/.ssh/known_hosts)")
	cmd.Flags().StringArrayVar(&fingerprints, "fingerprint", nil, "trust the key with this `SHA256:...` and no other; can be given several times")
	cmd.Flags().BoolVar(&yes, "yes", false, "trust whatever answers, without asking: for tests and labs")
	cmd.RunE = func(_ *cobra.Command, args []string) error {
		arg, names := ".", args
		if len(args) > 0 {
			arg, names = args[0], args[1:]
		}
		l, err := loadGraph(e, arg, policy)
		if err != nil {
			return err
		}
		t := &truster{e: e, l: l, yes: yes, fingerprints: fingerprints, in: bufio.NewReader(e.stdin)}
		if t.file = file; file == "" {
			home := e.getenv("HOME")
			if home == "" {
				return errors.New("there is no home directory: name a file with -known-hosts")
			}
			t.file = filepath.Join(home, ".ssh", "known_hosts")
		}
		return t.run(names, policy.json)
	}
	return cmd
}

// truster asks for host keys.
type truster struct {
	e            *env
	l            *loaded
	file         string
	fingerprints []string
	yes          bool
	in           *bufio.Reader
	list         []view.HostKey
}

func (t *truster) run(names []string, asJSON bool) error {
	var devices []*lang.Device
	for _, d := range t.l.policy.Devices {
		if len(names) == 0 || slices.Contains(names, d.Name) {
			devices = append(devices, d)
		}
	}
	for _, name := range names {
		if !slices.ContainsFunc(devices, func(d *lang.Device) bool { return d.Name == name }) {
			return usageError{fmt.Errorf("the policy has no device %q", name)}
		}
	}
	if len(devices) == 0 {
		return errors.New("the policy has no device")
	}
	ctx := t.e.interruptible()
	defer ctx.stop()
	var failed error
	for _, d := range devices {
		for _, a := range d.Addresses {
			if err := t.trust(ctx, d, lang.Device{Addresses: append(d.Addresses[:0:0], a), Jump: d.Jump}); err != nil {
				fmt.Fprintf(t.e.stderr, "nbfwc: %s (%s): %s\n", d.Name, withPort(a), printableLines(err.Error()))
				failed = errReported
			}
		}
	}
	if asJSON {
		return errors.Join(view.JSON(t.e.stdout, view.Trust(t.file, t.list)), failed)
	}
	return failed
}

// trust deals with one unit of a device.
func (t *truster) trust(ctx context.Context, d *lang.Device, unit lang.Device) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	addr := withPort(unit.Addresses[0])
	var jump []console.Hop
	for at := d.Jump; at != nil; at = at.Jump {
		login, _, _ := strings.Cut(t.e.who, "@")
		jump = append(jump, console.Hop{Address: withPort(at.Addresses[0]), Username: cmp.Or(at.Username, login)})
	}
	slices.Reverse(jump)
	secrets, err := console.NewSecrets(t.e.environ, "", nil, d.Name)
	if err != nil {
		return err
	}
	offered, err := console.HostKeys(ctx, addr, console.Options{
		KnownHosts: []string{t.file}, Jump: jump, Agent: t.e.getenv("SSH_AUTH_SOCK"), Secrets: secrets, Handshake: 15 * time.Second,
	})
	if err != nil {
		return err
	}
	known, err := console.Known([]string{t.file}, addr)
	if err != nil {
		return err
	}
	same := func(list []console.HostKey, key console.HostKey) bool {
		return slices.ContainsFunc(list, func(x console.HostKey) bool { return x.Fingerprint() == key.Fingerprint() })
	}
	// Who is between and hasn't the key on file can offer one of another type.
	if len(known) > 0 && !slices.ContainsFunc(offered, func(k console.HostKey) bool { return same(known, k) }) {
		return t.another(known, offered)
	}
	trusted := 0
	for _, k := range offered {
		v := view.HostKey{Device: d.Name, Address: addr.String(), Type: k.Type(), Fingerprint: k.Fingerprint()}
		i := slices.IndexFunc(known, func(x console.HostKey) bool { return x.Type() == k.Type() })
		switch {
		case same(known, k):
			v.State = "known"
		case i >= 0:
			return t.another(known, []console.HostKey{k})
		case t.wanted(ctx, v):
			if err := console.Trust(t.file, addr, k); err != nil {
				return err
			}
			v.State = "added"
		default:
			v.State = "refused"
		}
		if v.State != "refused" {
			trusted++
		}
		t.list = append(t.list, v)
		fmt.Fprintf(t.e.stderr, "%s (%s): %s %s: %s\n", view.Printable(d.Name), addr, v.Type, v.Fingerprint, v.State)
	}
	if trusted == 0 {
		return errors.New("none of its keys is trusted")
	}
	return nil
}

// another says that a device has other keys than the known ones.
func (t *truster) another(known, offered []console.HostKey) error {
	for _, k := range offered {
		if i := slices.IndexFunc(known, func(x console.HostKey) bool { return x.Type() == k.Type() }); i >= 0 {
			return fmt.Errorf("the device has another %s key (%s) than the known one (%s): if it was replaced, remove the old entry from %s yourself", k.Type(), k.Fingerprint(), known[i].Fingerprint(), t.file)
		}
	}
	return fmt.Errorf("the device doesn't have the key that is known (%s %s), but %s %s: if it was replaced, remove the old entry from %s yourself",
		known[0].Type(), known[0].Fingerprint(), offered[0].Type(), offered[0].Fingerprint(), t.file)
}

// wanted says whether the user wants to trust a key.
func (t *truster) wanted(ctx context.Context, v view.HostKey) bool {
	if len(t.fingerprints) > 0 {
		return slices.Contains(t.fingerprints, v.Fingerprint)
	}
	if t.yes {
		return true
	}
	fmt.Fprintf(t.e.stderr, "%s (%s) has the %s key %s.\nTrust it? Type yes or no: ", view.Printable(v.Device), v.Address, v.Type, v.Fingerprint)
	return readYes(ctx, t.in)
}

// readYes reads whether a line is a yes. An interrupt is none: nobody reads on
// then.
func readYes(ctx context.Context, in *bufio.Reader) bool {
	if ctx.Err() != nil {
		return false
	}
	typed := make(chan string, 1)
	go func() {
		line, _ := in.ReadString('\n')
		typed <- line
	}()
	select {
	case line := <-typed:
		return ctx.Err() == nil && strings.EqualFold(strings.TrimSpace(line), "yes")
	case <-ctx.Done():
		return false
	}
}
