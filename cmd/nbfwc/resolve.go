package main

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"time"

	"github.com/google/renameio/v2"
	"github.com/spf13/cobra"

	"github.com/nbfwc/nbfwc/compile"
	"github.com/nbfwc/nbfwc/lang"
	"github.com/nbfwc/nbfwc/view"
)

func newResolve(e *env) *cobra.Command {
	var check bool
	var server string
	cmd := &cobra.Command{
		Use:   "resolve [POLICY]",
		Short: "Ask the DNS for the host names of a policy; write its lock file",
		Long: `Find the addresses of all host names that a policy and its inventories use, and
write them to nbfwc.lock.json beside the policy. Commit that file: compiling
reads it and never asks the DNS. Nothing is written unless every name has an
address.

With -check nothing is written, and exit status 1 says that the file is out of
date.`,
		GroupID: "write",
		Example: "  nbfwc resolve policies\n  nbfwc resolve policies -check -server 10.0.0.53",
		Args:    cobra.MaximumNArgs(1),
	}
	flags := policyArgs(cmd)
	cmd.Flags().BoolVar(&check, "check", false, "say whether the lock file is up to date; write nothing")
	cmd.Flags().StringVar(&server, "server", "", "DNS server to ask, `address[:port]`; without it, the system's")
	cmd.RunE = func(_ *cobra.Command, args []string) error {
		return resolve(e, policyArg(args), flags, server, check)
	}
	return cmd
}

func resolve(e *env, arg string, flags *policyFlags, server string, check bool) error {
	names, err := hostNames(e, arg, flags)
	if err != nil {
		return err
	}
	lookup, err := lookupBy(server)
	if err != nil {
		return usageError{err}
	}
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Minute)
	defer cancel()
	lock, err := lang.Resolve(ctx, names, withProgress(e, len(names), lookup))
	if err != nil {
		return err
	}
	path := lockPath(arg)
	text := lock.Bytes()
	old, err := os.ReadFile(path)
	if err != nil && !os.IsNotExist(err) {
		return err
	}
	upToDate := string(old) == string(text)
	if !upToDate && !check {
		if err := renameio.WriteFile(path, text, 0o644); err != nil {
			return err
		}
	}
	if flags.json {
		err := view.JSON(e.stdout, view.Resolve(path, names, upToDate, !upToDate && !check))
		if err == nil && !upToDate && check {
			return errFindings
		}
		return err
	}
	switch {
	case upToDate:
		_, err = fmt.Fprintf(e.stdout, "%s is up to date: %s\n", view.Printable(path), view.Count(len(names), "name", "names"))
		return err
	case check:
		if err := view.LineDiff(e.stdout, path, string(old), path+" (resolved)", string(text)); err != nil {
			return err
		}
		return errFindings
	}
	_, err = fmt.Fprintf(e.stdout, "wrote %s: %s\n", view.Printable(path), view.Count(len(names), "name", "names"))
	return err
}

// withProgress counts the names on a terminal, once a second.
func withProgress(e *env, names int, lookup lang.Resolver) lang.Resolver {
	if e.errWidth == 0 {
		return lookup
	}
	asked, told := 0, e.now()
	return func(ctx context.Context, host string) ([]netip.Addr, error) {
		asked++
		if now := e.now(); now.Sub(told) >= time.Second {
			fmt.Fprintf(e.stderr, "asked for %d of %s\n", asked, view.Count(names, "name", "names"))
			told = now
		}
		return lookup(ctx, host)
	}
}

// hostNames are the names to ask for.
func hostNames(e *env, arg string, flags *policyFlags) ([]string, error) {
	dir, err := openPolicy(arg)
	if err != nil {
		return nil, err
	}
	defer dir.close()
	if dir.remove != "" {
		return nil, usageError{fmt.Errorf("%s is a revision of git: resolve writes beside a policy in a directory", arg)}
	}
	opt, err := loadOptions(e, flags)
	if err != nil {
		return nil, err
	}
	names, sources, diags := lang.HostNames(dir.fs(), dir.name, opt)
	if !diags.HasErrors() {
		return names, nil
	}
	var messages []message
	for _, d := range diags {
		if severityOf(d) == compile.Error {
			messages = append(messages, message{compile.Error, d})
		}
	}
	return nil, reportFailure(e, arg, flags, sources, messages)
}

// lockPath is where the lock file of a policy is.
func lockPath(arg string) string {
	if info, err := os.Stat(arg); err == nil && !info.IsDir() {
		arg = filepath.Dir(arg)
	}
	return filepath.Join(arg, lang.LockFile)
}

// lookupBy asks a DNS server, or the system's resolver if none is named.
func lookupBy(server string) (lang.Resolver, error) {
	resolver := &net.Resolver{PreferGo: server != ""}
	if server != "" {
		addr, err := serverAddr(server)
		if err != nil {
			return nil, err
		}
		resolver.Dial = func(ctx context.Context, network, _ string) (net.Conn, error) {
			return (&net.Dialer{Timeout: 5 * time.Second}).DialContext(ctx, network, addr)
		}
	}
	return func(ctx context.Context, host string) ([]netip.Addr, error) {
		return resolver.LookupNetIP(ctx, "ip", host)
	}, nil
}

func serverAddr(s string) (string, error) {
	if a, err := netip.ParseAddr(s); err == nil {
		return netip.AddrPortFrom(a, 53).String(), nil
	}
	if ap, err := netip.ParseAddrPort(s); err == nil {
		return ap.String(), nil
	}
	return "", fmt.Errorf("-server %q: write the address of a DNS server, such as 10.0.0.53 or 10.0.0.53:5353", s)
}
