package main

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"os"
	"path/filepath"

	"github.com/google/renameio/v2"
	"github.com/spf13/cobra"

	"github.com/nbfwc/nbfwc/push"
	"github.com/nbfwc/nbfwc/view"
)

func newFetch(e *env) *cobra.Command {
	var dir string
	cmd := &cobra.Command{
		Use:   "fetch [POLICY] -o DIR",
		Short: "Read the running configuration of devices into files",
		Long: `Log in on the devices of a policy over SSH and write the running configuration
of each firewall to a file, complete or not at all. Nothing on a device is
changed: only commands that read are typed.

With -o - the configuration of one firewall goes to standard output.`,
		GroupID: "devices",
		Example: "  nbfwc fetch policy.hcl -o running\n  nbfwc fetch . -firewall edge -o - | nbfwc check /dev/stdin -target cisco_asa",
		Args:    cobra.MaximumNArgs(1),
	}
	flags := fleetArgs(cmd)
	cmd.Flags().StringVarP(&dir, "output", "o", "", "`directory` to write to")
	cmd.RunE = func(_ *cobra.Command, args []string) error {
		if dir == "" {
			return usageError{errors.New("fetch needs -o DIR, the directory to write to, or -o -")}
		}
		f, err := newFleet(e, policyArg(args), flags)
		if err != nil {
			return err
		}
		switch {
		case dir == "-" && len(f.firewalls) != 1:
			return usageError{errors.New("-o - is for one firewall: name it with -firewall")}
		case dir == "-" && flags.json:
			return usageError{errors.New("-o - and -json both write to standard output")}
		case dir != "-":
			if err := os.MkdirAll(dir, 0o700); err != nil {
				return err
			}
		}
		return f.fetch(dir, flags.json)
	}
	return cmd
}

func (f *fleet) fetch(dir string, asJSON bool) error {
	names, err := fileNames(f.firewalls)
	if err != nil {
		return err
	}
	ctx := f.e.interruptible()
	defer ctx.stop()
	list := make([]view.FetchedFirewall, len(f.firewalls))
	errs := f.each(ctx, f.flags.jobs, func(ctx context.Context, i int, d *push.Device) error {
		got, err := f.engine.Fetch(ctx, d)
		if err != nil {
			return err
		}
		sum := sha256.Sum256(got.Text)
		list[i] = view.FetchedFirewall{
			Unit: unitOf(f.firewalls[i], got), Lines: got.Config.Lines, Bytes: len(got.Text),
			SHA256: hex.EncodeToString(sum[:]), Digest: got.Config.Digest, Pending: append([]string{}, got.Pending...), Apart: got.Apart,
		}
		if dir == "-" {
			_, err = f.e.stdout.Write(got.Text)
			return err
		}
		list[i].File = filepath.Join(dir, names[i]+".running")
		return renameio.WriteFile(list[i].File, got.Text, 0o600)
	})
	for i, err := range errs {
		if err != nil {
			list[i] = view.FetchedFirewall{Unit: view.Unit{Firewall: f.firewalls[i].Name, Target: f.firewalls[i].Target, Device: f.firewalls[i].Device.Name}, Pending: []string{}, Error: err.Error()}
		}
	}
	switch {
	case asJSON:
		err = view.JSON(f.e.stdout, view.Fetch(list))
	case dir != "-":
		err = view.WriteFetch(f.e.stdout, list, f.e.textWidth())
	}
	if failed := f.printFailures(errs); failed {
		return errors.Join(err, errReported)
	}
	return err
}
