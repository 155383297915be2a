package console

import (
	"context"
	"crypto/ed25519"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/gofrs/flock"
	"golang.org/x/crypto/ssh"
	"golang.org/x/crypto/ssh/knownhosts"
)

// HostKey is a key that a device has, or should have.
type HostKey struct{ key ssh.PublicKey }

// Type is the kind of key ("ssh-ed25519").
func (k HostKey) Type() string { return k.key.Type() }

// Fingerprint is its SHA-256 as OpenSSH prints it.
func (k HostKey) Fingerprint() string { return ssh.FingerprintSHA256(k.key) }

func (k HostKey) equal(x HostKey) bool { return string(k.key.Marshal()) == string(x.key.Marshal()) }

// HostKeyError says that a device is not proved to be the one that is meant.
type HostKeyError struct {
	Address netip.AddrPort
	Offered HostKey
	// Known are the keys on file, none if the device isn't there.
	Known   []HostKey
	Revoked bool
}

func (e *HostKeyError) Error() string {
	offered := fmt.Sprintf("%s: the host key is %s %s", e.Address, e.Offered.Type(), e.Offered.Fingerprint())
	switch {
	case e.Revoked:
		return offered + ", which is revoked in the known hosts"
	case len(e.Known) == 0:
		return offered + ", and no key is on file: compare it with the device's own and trust it (nbfwc device trust)"
	}
	var known []string
	for _, k := range e.Known {
		known = append(known, k.Type()+" "+k.Fingerprint())
	}
	return offered + ", but on file is " + strings.Join(known, ", ") + ": somebody may be between, or the device was replaced; compare it on the device's own console before you remove the old line and trust the new key (nbfwc device trust)"
}

// Permanent says that trying again doesn't help.
func (e *HostKeyError) Permanent() bool { return true }

// maxKnownHosts bounds a file of known hosts.
const maxKnownHosts = 64 << 20

// verifier knows host keys from files as OpenSSH writes them.
type verifier struct{ check ssh.HostKeyCallback }

// newVerifier reads the files. Those that don't exist hold no keys.
func newVerifier(files []string) (*verifier, error) {
	var there []string
	for _, name := range files {
		info, err := os.Stat(name)
		switch {
		case errors.Is(err, os.ErrNotExist):
			continue
		case err != nil:
			return nil, fmt.Errorf("known hosts: %w", err)
		case !info.Mode().IsRegular() || info.Size() > maxKnownHosts:
			return nil, fmt.Errorf("known hosts: %s is no file, or larger than %d MiB", name, maxKnownHosts>>20)
		}
		there = append(there, name)
	}
	check, err := knownhosts.New(there...)
	if err != nil {
		return nil, fmt.Errorf("known hosts: %w", err)
	}
	return &verifier{check}, nil
}

// verify says whether the key is the one of the address on file: nil or a
// *HostKeyError.
func (v *verifier) verify(addr netip.AddrPort, key ssh.PublicKey) error {
	err := v.check(addr.String(), net.TCPAddrFromAddrPort(addr), key)
	if err == nil {
		return nil
	}
	e := &HostKeyError{Address: addr, Offered: HostKey{key}}
	var revoked *knownhosts.RevokedError
	var mismatch *knownhosts.KeyError
	switch {
	case errors.As(err, &revoked):
		e.Revoked = true
	case errors.As(err, &mismatch):
		for _, k := range mismatch.Want {
			e.Known = append(e.Known, HostKey{k.Key})
		}
	default:
		return fmt.Errorf("known hosts: %w", err)
	}
	return e
}

// known are the keys on file for an address, and those of them that are revoked.
func (v *verifier) known(addr netip.AddrPort) (good, revoked []HostKey, err error) {
	nobody, err := ssh.NewPublicKey(ed25519.PublicKey(make([]byte, ed25519.PublicKeySize)))
	if err != nil {
		return nil, nil, err
	}
	var e *HostKeyError
	if err := v.verify(addr, nobody); !errors.As(err, &e) {
		return nil, nil, err
	}
	for _, k := range e.Known {
		var r *HostKeyError
		if errors.As(v.verify(addr, k.key), &r) && r.Revoked {
			revoked = append(revoked, k)
		} else {
			good = append(good, k)
		}
	}
	return good, revoked, nil
}

// algorithms are what is offered to a device, so that it shows a key of a type
// that is on file. Left to itself x/crypto takes the type that it likes best,
// and a device that has several looks like another one.
func algorithms(known []HostKey) []string {
	var out []string
	for _, k := range known {
		for _, a := range algorithmsOf(k.Type()) {
			if !slices.Contains(out, a) {
				out = append(out, a)
			}
		}
	}
	return out
}

func algorithmsOf(keyType string) []string {
	if keyType == ssh.KeyAlgoRSA {
		// Old devices sign with SHA-1 only; it comes last.
		return []string{ssh.KeyAlgoRSASHA512, ssh.KeyAlgoRSASHA256, ssh.KeyAlgoRSA}
	}
	return []string{keyType}
}

// keyTypes are the types of host keys that HostKeys asks for.
var keyTypes = []string{ssh.KeyAlgoED25519, ssh.KeyAlgoECDSA256, ssh.KeyAlgoECDSA384, ssh.KeyAlgoECDSA521, ssh.KeyAlgoRSA}

// errSeen ends a handshake that was begun for the host key.
var errSeen = errors.New("the host key was seen")

// HostKeys returns the keys that a device offers, one of each type that it has,
// unverified. The jump hosts on the way are verified. It doesn't log in on the
// device.
func HostKeys(ctx context.Context, addr netip.AddrPort, o Options) ([]HostKey, error) {
	o = o.withDefaults()
	way, err := o.way(ctx)
	if err != nil {
		return nil, err
	}
	defer way.close(nil)
	var keys []HostKey
	var failed error
	for _, keyType := range keyTypes {
		var seen ssh.PublicKey
		config := clientConfig("nobody")
		config.HostKeyAlgorithms = algorithmsOf(keyType)
		config.HostKeyCallback = func(_ string, _ net.Addr, key ssh.PublicKey) error {
			seen = key
			return errSeen
		}
		err := way.probe(ctx, addr, config, o.Handshake)
		switch {
		case seen != nil:
			keys = append(keys, HostKey{seen})
		case ctx.Err() != nil:
			return nil, context.Cause(ctx)
		case !noCommonAlgorithm(err):
			failed = err
			if len(keys) == 0 { // nobody there: the others would take as long
				return nil, fmt.Errorf("host keys of %s: %w", addr, failed)
			}
		}
	}
	if failed != nil {
		return nil, fmt.Errorf("host keys of %s: %w", addr, failed)
	}
	if len(keys) == 0 {
		return nil, fmt.Errorf("%s offers no host key of a type that is known here", addr)
	}
	return keys, nil
}

func noCommonAlgorithm(err error) bool {
	var negotiation *ssh.AlgorithmNegotiationError
	if errors.As(err, &negotiation) {
		return true
	}
	return err != nil && strings.Contains(err.Error(), "no common algorithm for host key")
}

// Known returns the keys of an address on file. Files that don't exist hold
// none.
func Known(files []string, addr netip.AddrPort) ([]HostKey, error) {
	v, err := newVerifier(files)
	if err != nil {
		return nil, err
	}
	good, _, err := v.known(addr)
	return good, err
}

// Trust writes an entry for an address to a file of known hosts, which is made
// if it doesn't exist, for its owner only. It does nothing if the key is there,
// and refuses if another key of its type is, or if it is revoked.
func Trust(file string, addr netip.AddrPort, key HostKey) (err error) {
	if err := os.MkdirAll(filepath.Dir(file), 0o700); err != nil {
		return err
	}
	// Two programs that trust at the same time see each other's entry.
	lock := flock.New(file, flock.SetFlag(os.O_CREATE|os.O_RDWR), flock.SetPermissions(0o600))
	if err := lock.Lock(); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, lock.Close()) }()
	v, err := newVerifier([]string{file})
	if err != nil {
		return err
	}
	var e *HostKeyError
	switch err := v.verify(addr, key.key); {
	case err == nil:
		return nil
	case !errors.As(err, &e):
		return err
	case e.Revoked:
		return e
	}
	for _, k := range e.Known {
		if k.Type() == key.Type() && !k.equal(key) {
			return fmt.Errorf("%s: %w", file, e)
		}
	}
	return appendLine(file, knownhosts.Line([]string{addr.String()}, key.key))
}

// appendLine adds a line to a file in one write.
func appendLine(name, line string) (err error) {
	f, err := os.OpenFile(name, os.O_RDWR|os.O_APPEND|os.O_CREATE, 0o600)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	info, err := f.Stat()
	if err != nil {
		return err
	}
	text := line + "\n"
	if n := info.Size(); n > 0 {
		last := make([]byte, 1)
		if _, err := f.ReadAt(last, n-1); err != nil && err != io.EOF {
			return err
		}
		if last[0] != '\n' {
			text = "\n" + text
		}
	}
	if _, err := f.WriteString(text); err != nil {
		return err
	}
	return f.Sync()
}
