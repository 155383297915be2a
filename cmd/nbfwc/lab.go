package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"github.com/google/renameio/v2"
	"github.com/spf13/cobra"

	"github.com/nbfwc/nbfwc/compile"
	"github.com/nbfwc/nbfwc/lab"
	"github.com/nbfwc/nbfwc/lab/asa"
	"github.com/nbfwc/nbfwc/lab/fortios"
	"github.com/nbfwc/nbfwc/lab/panos"
	"github.com/nbfwc/nbfwc/lab/sshd"
	"github.com/nbfwc/nbfwc/view"
)

func newLab(e *env) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "lab",
		Short: "Emulated devices behind SSH on this machine",
		Long: `Emulated ASA, PAN-OS and FortiGate devices behind SSH servers on this machine,
to try what a push does, and to rehearse it, without any firewall.`,
		GroupID: "devices",
		Example: "  nbfwc lab start examples/vendors -o lab\n  nbfwc lab start examples/vendors -o lab -- nbfwc audit examples/vendors",
	}
	cmd.AddCommand(newLabStart(e))
	for _, sub := range cmd.Commands() {
		sub.Args = usageArgs(sub.Args)
	}
	cmd.RunE = func(*cobra.Command, []string) error {
		return usageError{errors.New("lab takes: start")}
	}
	return cmd
}

func newLabStart(e *env) *cobra.Command {
	var dir, configs string
	cmd := &cobra.Command{
		Use:   "start [POLICY] -o DIR [-- COMMAND...]",
		Short: "Run an emulated device for each device of a policy",
		Long: `Run an emulated device for each device of a policy whose address is on this
machine (127.0.0.1 with a port of its own), until it is interrupted. A device
begins with the configuration of its firewall in POLICY/running, or in the
directory that -configs names: the file's name is the firewall's. In DIR it
keeps its host key and what was saved on it, so that the lab goes on there the
next time. Log in as "admin" with the password "lab"; it is the enable secret
as well. The file DIR/env sets what the other verbs need.

With a command, the lab runs as long as the command does, which finds the
passwords, the host keys and a directory for records in its environment.`,
		Example: "  nbfwc lab start examples/vendors -o lab\n  nbfwc lab start examples/vendors -o lab -- nbfwc audit examples/vendors",
		Args:    cobra.ArbitraryArgs,
	}
	policy := inputArgs(cmd)
	cmd.Flags().StringVarP(&dir, "output", "o", "", "`directory` of the lab's host keys and saved configurations")
	cmd.Flags().StringVar(&configs, "configs", "", "`directory` of the configurations that devices begin with (default: running in the policy's directory)")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		command := []string(nil)
		if n := cmd.ArgsLenAtDash(); n >= 0 {
			args, command = args[:n], args[n:]
		}
		switch {
		case dir == "":
			return usageError{errors.New("lab start needs -o DIR, the directory of the lab")}
		case len(args) > 1:
			return usageError{errors.New("lab start takes one policy; a command comes after --")}
		}
		arg := policyArg(args)
		if configs == "" {
			configs = filepath.Join(directoryOf(arg), "running")
		}
		l, err := loadGraph(e, arg, policy)
		if err != nil {
			return err
		}
		return runLab(e, l, dir, configs, command)
	}
	return cmd
}

// directoryOf is the directory that a policy's files are in.
func directoryOf(arg string) string {
	if info, err := os.Stat(arg); err == nil && !info.IsDir() {
		return filepath.Dir(arg)
	}
	return arg
}

const (
	labUser     = "admin"
	labPassword = "lab"
)

func runLab(e *env, l *loaded, dir, configs string, command []string) error {
	fleet, err := sshd.NewFleet(sshd.FleetOptions{Dir: dir, Server: sshd.Options{Users: map[string]string{labUser: labPassword}}})
	if err != nil {
		return err
	}
	err = startLab(e, l, fleet, configs)
	if err == nil {
		err = waitLab(e, fleet, dir, command)
	}
	return errors.Join(err, fleet.Close())
}

// startLab starts the devices of the policy that are on this machine.
func startLab(e *env, l *loaded, fleet *sshd.Fleet, configs string) error {
	t := view.Table{Heading: []string{"DEVICE", "TARGET", "ADDRESS"}}
	started := map[string]string{}
	for _, fw := range l.graph.Firewalls {
		d := fw.Device
		if d == nil {
			continue
		}
		for i, a := range d.Addresses {
			a = withPort(a)
			name := d.Name
			if len(d.Addresses) > 1 {
				name += fmt.Sprintf("-%d", i+1)
			}
			switch other := started[a.String()]; {
			case !a.Addr().IsLoopback():
				fmt.Fprintf(e.stderr, "device %s (%s) is not on this machine and left out\n", view.Printable(name), a)
				continue
			case other == name:
				continue // another context of the device
			case other != "":
				return fmt.Errorf("devices %s and %s have one address", other, name)
			}
			if err := startDevice(fleet, fw, name, a, configs); err != nil {
				return fmt.Errorf("device %s: %w", name, err)
			}
			started[a.String()] = name
			t.Add(name, fw.Target, a.String())
		}
	}
	if len(started) == 0 {
		return errors.New("no device of the policy has an address on this machine, such as 127.0.0.1:2201")
	}
	return t.Text(e.stdout, e.textWidth())
}

func startDevice(fleet *sshd.Fleet, fw *compile.Firewall, name string, at netip.AddrPort, configs string) error {
	first, err := firstConfig(configs, fileName(fw.Name))
	if err != nil {
		return err
	}
	hostname := cmp.Or(fw.Device.Hostname, fw.Device.Name)
	var d lab.Device
	switch fw.Target {
	case "cisco_asa":
		d = asa.New(asa.Options{Hostname: hostname, Password: labPassword}.Live())
	case "paloalto":
		d = panos.New(panos.Options{Hostname: hostname})
	case "fortigate":
		d = fortios.New(fortios.Options{Hostname: hostname})
	default:
		return fmt.Errorf("there is no emulated %s: use a Linux host, see docs/lab.md", fw.Target)
	}
	if first != "" {
		if err := d.Load(first); err != nil {
			return err
		}
	}
	_, err = fleet.Start(sshd.Member{Name: fileName(name), Vendor: fw.Target, Device: d, Address: at.String()})
	return err
}

// firstConfig is the configuration that a device begins with, "" if there is no
// file of the name, whatever its ending.
func firstConfig(dir, name string) (string, error) {
	files, err := os.ReadDir(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return "", nil
	}
	found := ""
	for _, f := range files {
		ending := filepath.Ext(f.Name())
		switch {
		case ending == "" || strings.TrimSuffix(f.Name(), ending) != name:
		case found != "":
			return "", fmt.Errorf("%s has more than one configuration of %s", dir, name)
		default:
			found = f.Name()
		}
	}
	if err != nil || found == "" {
		return "", err
	}
	text, err := os.ReadFile(filepath.Join(dir, found))
	return string(text), err
}

// waitLab waits for an interrupt, or runs a command.
func waitLab(e *env, fleet *sshd.Fleet, dir string, command []string) error {
	ctx := e.interruptible()
	defer ctx.stop()
	settings, err := labSettings(dir)
	if err != nil {
		return err
	}
	if err := renameio.WriteFile(filepath.Join(dir, "known_hosts"), []byte(fleet.KnownHosts()), 0o600); err != nil {
		return err
	}
	if len(command) > 0 {
		return labCommand(ctx, e, settings, command)
	}
	var b strings.Builder
	for _, kv := range settings {
		name, value, _ := strings.Cut(kv, "=")
		b.WriteString("export " + name + "=" + shellWord(value) + "\n")
	}
	file := filepath.Join(dir, "env")
	if err := renameio.WriteFile(file, []byte(b.String()), 0o600); err != nil {
		return err
	}
	fmt.Fprintf(e.stdout, "ready: read %s into your shell; Ctrl-C ends the lab\n", view.Printable(file))
	<-ctx.Done()
	return nil
}

// labSettings are the environment in which the verbs work on a lab.
func labSettings(dir string) ([]string, error) {
	full, err := filepath.Abs(dir)
	if err != nil {
		return nil, err
	}
	return []string{
		"NBFWC_PASSWORD=" + labPassword, "NBFWC_ENABLE=" + labPassword,
		"NBFWC_KNOWN_HOSTS=" + filepath.Join(full, "known_hosts"), "NBFWC_STATE=" + filepath.Join(full, "state"),
	}, nil
}

// labCommand runs a command in the lab.
func labCommand(ctx context.Context, e *env, settings, command []string) error {
	cmd := exec.CommandContext(ctx, command[0], command[1:]...)
	cmd.Env = append(append([]string{}, e.environ...), settings...)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = e.stdin, e.stdout, e.stderr
	err := cmd.Run()
	if exit := (*exec.ExitError)(nil); errors.As(err, &exit) {
		if exit.ExitCode() == exitFindings {
			return errFindings
		}
		return errReported
	}
	if err != nil {
		return fmt.Errorf("%s: %w", strings.Join(command, " "), err)
	}
	return nil
}
