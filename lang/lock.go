package lang

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/netip"
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"
)

// LockFile is the name of the file that gives host names their addresses.
const LockFile = "nbfwc.lock.json"

// lockVersion is the version of the file's format.
const lockVersion = 1

// Lock knows the addresses of host names, as nbfwc resolve found them. The
// zero Lock and nil know none. A Lock is read only.
type Lock struct {
	addrs map[string][]netip.Addr // by folded name; sorted
	asked *nameRecord             // of HostNames: takes the names, and none is known
}

// foldHost is a host name without what doesn't matter in DNS (RFC 4343).
func foldHost(host string) string { return strings.ToLower(strings.TrimSuffix(host, ".")) }

// Lookup returns the addresses of a host, sorted, and whether it is known.
// Case and a final dot don't matter.
func (l *Lock) Lookup(host string) ([]netip.Addr, bool) {
	if l == nil {
		return nil, false
	}
	if l.asked != nil {
		l.asked.add(host)
		return nil, false
	}
	addrs, ok := l.addrs[host]
	if !ok {
		addrs, ok = l.addrs[foldHost(host)]
	}
	return addrs, ok
}

// Names are the names of all hosts, sorted.
func (l *Lock) Names() []string {
	if l == nil {
		return nil
	}
	return sortedNames(l.addrs)
}

const unknownHost = "Unknown host name"

func unknownHostDetail(host string) string {
	return fmt.Sprintf("%s has no address for %q. Run nbfwc resolve, which asks the DNS and writes the file, and commit it; or write the address instead of the name.", LockFile, clip(host))
}

// lookup is Lookup with a diagnostic for a name that is not known.
func (l *Lock) lookup(host string, at hcl.Range) ([]netip.Addr, *hcl.Diagnostic) {
	if addrs, ok := l.Lookup(host); ok {
		return addrs, nil
	}
	if !isHostName(host) {
		return nil, &hcl.Diagnostic{Severity: hcl.DiagError, Summary: "Invalid host name", Subject: &at,
			Detail: fmt.Sprintf("%q can't be the name of a host.", clip(host))}
	}
	return nil, &hcl.Diagnostic{Severity: hcl.DiagError, Summary: unknownHost, Detail: unknownHostDetail(host), Subject: &at}
}

// Resolver finds the addresses of a host name.
type Resolver func(ctx context.Context, host string) ([]netip.Addr, error)

// Resolve makes the lock of the names, each of which is asked once. All names
// without an address are in the error; then there is no lock.
func Resolve(ctx context.Context, names []string, resolve Resolver) (*Lock, error) {
	l := &Lock{addrs: map[string][]netip.Addr{}}
	var errs []error
	for _, name := range names {
		host := foldHost(name)
		if _, ok := l.addrs[host]; ok {
			continue
		}
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		addrs, err := resolveOne(ctx, host, resolve)
		if err != nil {
			errs = append(errs, fmt.Errorf("resolve %s: %w", clip(host), err))
		}
		l.addrs[host] = addrs
	}
	if len(errs) > 0 {
		return nil, errors.Join(errs...)
	}
	return l, nil
}

func resolveOne(ctx context.Context, host string, resolve Resolver) ([]netip.Addr, error) {
	if !isHostName(host) {
		return nil, errors.New("not a host name")
	}
	found, err := resolve(ctx, host)
	if err != nil {
		return nil, err
	}
	var addrs []netip.Addr
	for _, a := range found {
		a = a.Unmap()
		switch {
		case !a.IsValid() || a.Zone() != "":
			return nil, fmt.Errorf("the address %s is good on one host only", a)
		case a.IsUnspecified() || a.IsLoopback() || a.IsMulticast():
			return nil, fmt.Errorf("the address %s can't be that of a host in a network", a)
		}
		addrs = append(addrs, a)
	}
	if len(addrs) == 0 {
		return nil, errors.New("it has no address")
	}
	slices.SortFunc(addrs, netip.Addr.Compare)
	return slices.Compact(addrs), nil
}

// lockText is the file.
type lockText struct {
	Version int                 `json:"version"`
	Hosts   map[string][]string `json:"hosts"`
}

// Bytes is the text of the lock file: equal locks have equal bytes, and each
// host is a line of its own, so that changes are easy to read.
func (l *Lock) Bytes() []byte {
	var b bytes.Buffer
	fmt.Fprintf(&b, "{\n  \"version\": %d,\n  \"hosts\": {", lockVersion)
	sep := "\n"
	for _, name := range l.Names() {
		fmt.Fprintf(&b, "%s    %s: [", sep, quoteJSON(name))
		for i, a := range l.addrs[name] {
			if i > 0 {
				b.WriteString(", ")
			}
			fmt.Fprintf(&b, "%q", a.String())
		}
		b.WriteByte(']')
		sep = ",\n"
	}
	if sep != "\n" {
		b.WriteString("\n  ")
	}
	b.WriteString("}\n}\n")
	return b.Bytes()
}

func quoteJSON(s string) []byte {
	b, err := json.Marshal(s)
	if err != nil {
		panic(err) // A string always marshals.
	}
	return b
}

// parseLock reads a lock file.
func parseLock(name string, src []byte, lim Limits) (*Lock, hcl.Diagnostics) {
	if d := guardBytes(name, src, lim.FileBytes); d != nil {
		return nil, hcl.Diagnostics{d}
	}
	at, l, err := readLock(src, lim)
	if err != nil {
		return nil, hcl.Diagnostics{guardFault(name, src, at, 1, "Invalid lock file",
			sentence(err)+" Don't edit the file: nbfwc resolve writes it.")}
	}
	return l, nil
}

// readLock returns the place of a fault as well.
func readLock(src []byte, lim Limits) (int, *Lock, error) {
	var text lockText
	dec := json.NewDecoder(bytes.NewReader(src))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&text); err != nil {
		return jsonErrorAt(err, dec), nil, err
	}
	if _, err := dec.Token(); err != io.EOF {
		return int(dec.InputOffset()), nil, errors.New("there is something after the end")
	}
	switch {
	case text.Version != lockVersion:
		return 0, nil, fmt.Errorf("the format has version %d, but this program knows version %d only", text.Version, lockVersion)
	case len(text.Hosts) > lim.LockNames:
		return 0, nil, fmt.Errorf("it has more than %d names", lim.LockNames)
	}
	l := &Lock{addrs: make(map[string][]netip.Addr, len(text.Hosts))}
	for _, host := range sortedNames(text.Hosts) {
		if err := l.take(host, text.Hosts[host]); err != nil {
			return max(bytes.Index(src, quoteJSON(host)), 0), nil, err
		}
	}
	// A name that stands twice, as after a merge by hand, would count with one
	// of its lines only.
	if !bytes.Equal(withoutBlanks(src), withoutBlanks(l.Bytes())) {
		return 0, nil, errors.New("a name stands twice or not in order")
	}
	return 0, l, nil
}

// withoutBlanks leaves out the blanks of JSON, which has none in the strings
// of a lock file.
func withoutBlanks(src []byte) []byte {
	return bytes.Map(func(r rune) rune {
		if strings.ContainsRune(" \t\r\n", r) {
			return -1
		}
		return r
	}, src)
}

func jsonErrorAt(err error, dec *json.Decoder) int {
	var syntax *json.SyntaxError
	var typ *json.UnmarshalTypeError
	switch {
	case errors.As(err, &syntax):
		return max(int(syntax.Offset)-1, 0)
	case errors.As(err, &typ):
		return max(int(typ.Offset)-1, 0)
	}
	return int(dec.InputOffset())
}

// take checks and adds a host.
func (l *Lock) take(host string, addrs []string) error {
	if host != foldHost(host) || !isHostName(host) {
		return fmt.Errorf("%q is not a host name in lower case without a final dot", clip(host))
	}
	for _, s := range addrs {
		a, err := parseAddr(s)
		if err != nil {
			return err
		}
		l.addrs[host] = append(l.addrs[host], a)
	}
	got := l.addrs[host]
	if len(got) == 0 {
		return fmt.Errorf("the host %q has no address", clip(host))
	}
	for i := 1; i < len(got); i++ {
		if got[i-1].Compare(got[i]) >= 0 {
			return fmt.Errorf("the addresses of %q are not sorted", clip(host))
		}
	}
	return nil
}
