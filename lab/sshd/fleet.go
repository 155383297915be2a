package sshd

import (
	"bytes"
	"crypto/ed25519"
	"crypto/rand"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"net/netip"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"text/tabwriter"

	"github.com/gofrs/flock"
	"github.com/google/renameio/v2"
	"golang.org/x/crypto/ssh"
	"golang.org/x/crypto/ssh/knownhosts"

	"github.com/nbfwc/nbfwc/lab"
)

// Member is a device of a fleet.
type Member struct {
	Name   string // of letters, digits and ". _ -"
	Vendor string // for the table
	// Address is where it is served; "" for where it was before, or else a free
	// port.
	Address string
	Device  lab.Device
	Server  *Server // set by Start
}

// FleetOptions is what the devices of a fleet have in common.
type FleetOptions struct {
	// Dir keeps the host keys, addresses and configurations. It is made if it
	// isn't there.
	Dir string
	// Server is how each of them is served; address and host key are its own.
	Server Options
}

// Fleet is several devices behind SSH that are the same after a restart: their
// addresses, host keys and startup configurations are kept in a directory. A
// configuration is kept whenever somebody logs out, and at the end. One process
// at a time has a directory.
type Fleet struct {
	opt  FleetOptions
	lock *flock.Flock

	mu      sync.Mutex
	members map[string]*Member
	kept    map[string]string // configurations as they are in the directory
	failed  error             // why one could not be kept
}

var memberName = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$`)

// NewFleet begins with an empty fleet. It is an error if another process has
// the directory.
func NewFleet(o FleetOptions) (*Fleet, error) {
	if err := os.MkdirAll(o.Dir, 0o700); err != nil {
		return nil, fmt.Errorf("lab: %w", err)
	}
	l := flock.New(filepath.Join(o.Dir, "lock"))
	got, err := l.TryLock()
	switch {
	case err != nil:
		return nil, fmt.Errorf("lab: %w", err)
	case !got:
		return nil, fmt.Errorf("lab: another process runs the devices of %s", o.Dir)
	}
	return &Fleet{opt: o, lock: l, members: map[string]*Member{}, kept: map[string]string{}}, nil
}

// Start serves a device. What the directory keeps of one with this name is
// loaded before; otherwise the device begins with the configuration it has, on
// a free port.
func (f *Fleet) Start(m Member) (*Member, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	fail := func(err error) (*Member, error) { return nil, fmt.Errorf("lab: device %s: %w", m.Name, err) }
	switch {
	case !memberName.MatchString(m.Name):
		return nil, fmt.Errorf("lab: %q is no name for a device: letters, digits and . _ - make one", m.Name)
	case f.members[m.Name] != nil:
		return fail(errors.New("it runs already"))
	}
	text, known, err := f.read(m.Name + ".conf")
	if err != nil {
		return fail(err)
	}
	if known {
		if err := m.Device.Load(text); err != nil {
			return fail(fmt.Errorf("the configuration in %s: %w", f.file(m.Name+".conf"), err))
		}
		f.kept[m.Name] = text
	}
	o := f.opt.Server
	if o.HostKey, err = f.hostKey(m.Name); err != nil {
		return fail(err)
	}
	if o.Address = m.Address; o.Address == "" {
		if o.Address, err = f.address(m.Name); err != nil {
			return fail(err)
		}
	}
	logout := o.Logout
	o.Logout = func() {
		f.note(f.keep(m.Name))
		if logout != nil {
			logout()
		}
	}
	if m.Server, err = Serve(m.Device, o); err != nil {
		return fail(err)
	}
	f.members[m.Name] = &m
	if err := f.write(m.Name+".addr", m.Server.Addr().String()+"\n"); err != nil {
		m.Server.Close()
		delete(f.members, m.Name)
		return fail(err)
	}
	return &m, nil
}

// Stop ends a device, whose startup configuration is kept.
func (f *Fleet) Stop(name string) error {
	f.mu.Lock()
	m := f.members[name]
	f.mu.Unlock()
	if m == nil {
		return fmt.Errorf("lab: there is no device %s", name)
	}
	err := errors.Join(m.Server.Close(), f.keep(name))
	f.mu.Lock()
	defer f.mu.Unlock()
	delete(f.members, name)
	return err
}

// Save keeps the startup configurations of all devices.
func (f *Fleet) Save() error {
	var all []error
	for _, m := range f.Members() {
		all = append(all, f.keep(m.Name))
	}
	return errors.Join(all...)
}

// Close stops all devices and lets the directory go. An error says also what
// could not be kept before.
func (f *Fleet) Close() error {
	var all []error
	for _, m := range f.Members() {
		all = append(all, f.Stop(m.Name))
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	return errors.Join(append(all, f.failed, f.lock.Unlock())...)
}

// Members are the devices that run, by name.
func (f *Fleet) Members() []Member {
	f.mu.Lock()
	defer f.mu.Unlock()
	var out []Member
	for _, n := range slices.Sorted(maps.Keys(f.members)) {
		out = append(out, *f.members[n])
	}
	return out
}

// KnownHosts are the lines of a known_hosts file for all devices.
func (f *Fleet) KnownHosts() string {
	var b strings.Builder
	for _, m := range f.Members() {
		b.WriteString(knownhosts.Line([]string{m.Server.Addr().String()}, m.Server.HostKey()) + "\n")
	}
	return b.String()
}

// Table lists the devices.
func (f *Fleet) Table(w io.Writer) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "NAME\tVENDOR\tADDRESS\tHOST KEY")
	for _, m := range f.Members() {
		fmt.Fprintf(t, "%s\t%s\t%s\t%s\n", m.Name, m.Vendor, m.Server.Addr(), ssh.FingerprintSHA256(m.Server.HostKey()))
	}
	return t.Flush()
}

// keep writes the startup configuration of a device to the directory, if it
// isn't there yet.
func (f *Fleet) keep(name string) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	m := f.members[name]
	if m == nil {
		return nil
	}
	text := ""
	if s, ok := m.Device.(lab.Startup); ok {
		text = s.Startup()
	} else {
		text = m.Device.Running()
	}
	if f.kept[name] == text {
		return nil
	}
	if err := f.write(name+".conf", text); err != nil {
		return fmt.Errorf("lab: device %s: its configuration is not kept: %w", name, err)
	}
	f.kept[name] = text
	return nil
}

// note keeps an error that nobody could be told.
func (f *Fleet) note(err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if err != nil && f.failed == nil {
		f.failed = err
	}
}

func (f *Fleet) file(name string) string { return filepath.Join(f.opt.Dir, name) }

func (f *Fleet) read(name string) (text string, known bool, err error) {
	b, err := os.ReadFile(f.file(name))
	if errors.Is(err, fs.ErrNotExist) {
		return "", false, nil
	}
	return string(b), err == nil, err
}

func (f *Fleet) write(name, text string) error {
	return renameio.WriteFile(f.file(name), []byte(text), 0o600)
}

// hostKey is the key of a device, made when it is first asked for.
func (f *Fleet) hostKey(name string) (ssh.Signer, error) {
	text, known, err := f.read(name + ".key")
	if err != nil {
		return nil, err
	}
	if known {
		k, err := ssh.ParsePrivateKey([]byte(text))
		if err != nil {
			return nil, fmt.Errorf("%s: %w", f.file(name+".key"), err)
		}
		return k, nil
	}
	_, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		return nil, err
	}
	block, err := ssh.MarshalPrivateKey(private, "nbfwc lab "+name)
	if err != nil {
		return nil, err
	}
	var b bytes.Buffer
	if err := pem.Encode(&b, block); err != nil {
		return nil, err
	}
	if err := f.write(name+".key", b.String()); err != nil {
		return nil, err
	}
	return ssh.NewSignerFromKey(private)
}

// address is where a device was served before, or a free port of where the
// fleet is.
func (f *Fleet) address(name string) (string, error) {
	text, known, err := f.read(name + ".addr")
	if err != nil || !known {
		return f.opt.Server.Address, err
	}
	a, err := netip.ParseAddrPort(strings.TrimSpace(text))
	if err != nil {
		return "", fmt.Errorf("%s: %w", f.file(name+".addr"), err)
	}
	return a.String(), nil
}
