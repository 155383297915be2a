package lang

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/netip"
	"strings"
	"testing"

	"github.com/hashicorp/hcl/v2"
)

// dns is a resolver with fixed answers.
func dns(answers map[string]string) Resolver {
	return func(_ context.Context, host string) ([]netip.Addr, error) {
		if answers[host] == "error" {
			return nil, errors.New("server misbehaving")
		}
		var addrs []netip.Addr
		for _, s := range strings.Fields(answers[host]) {
			addrs = append(addrs, netip.MustParseAddr(s))
		}
		return addrs, nil
	}
}

func TestLock(t *testing.T) {
	answers := map[string]string{"b.example.com": "2001:db8::1 10.0.0.2 10.0.0.1 10.0.0.2", "a": "::ffff:10.0.0.9"}
	l, err := Resolve(context.Background(), []string{"B.example.com.", "a", "b.example.com"}, dns(answers))
	if err != nil {
		t.Fatal(err)
	}
	const want = `{
  "version": 1,
  "hosts": {
    "a": ["10.0.0.9"],
    "b.example.com": ["10.0.0.1", "10.0.0.2", "2001:db8::1"]
  }
}
`
	if got := string(l.Bytes()); got != want {
		t.Errorf("have:\n%s\nwant:\n%s", got, want)
	}
	again, diags := parseLock(LockFile, l.Bytes(), DefaultLimits())
	if diags.HasErrors() || !bytes.Equal(again.Bytes(), l.Bytes()) {
		t.Fatal(diags)
	}
	if addrs, ok := again.Lookup("B.Example.COM."); !ok || len(addrs) != 3 {
		t.Error(addrs, ok)
	}
	if _, ok := (*Lock)(nil).Lookup("a"); ok {
		t.Error("nil knows a name")
	}
	if got := string((&Lock{}).Bytes()); got != "{\n  \"version\": 1,\n  \"hosts\": {}\n}\n" {
		t.Errorf("the empty lock is %q", got)
	}
	if _, d := again.lookup("c", hcl.Range{}); d == nil || !strings.Contains(d.Detail, "Run nbfwc resolve") {
		t.Error(d)
	}
	if _, d := again.lookup("c c", hcl.Range{}); d == nil || d.Summary != "Invalid host name" {
		t.Error(d)
	}
}

func TestResolveFaults(t *testing.T) {
	answers := map[string]string{"none": "", "err": "error", "local": "127.0.0.1", "link": "fe80::1%eth0", "any": "0.0.0.0", "good": "10.0.0.1"}
	l, err := Resolve(context.Background(), []string{"none", "err", "local", "link", "any", "good", "10.0.0.1"}, dns(answers))
	if l != nil || err == nil {
		t.Fatal("no error")
	}
	for _, want := range []string{"resolve none: it has no address", "resolve err: server misbehaving", "resolve local: the address 127.0.0.1", "resolve link:", "resolve any:", "resolve 10.0.0.1: not a host name"} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("%q is not in: %v", want, err)
		}
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := Resolve(ctx, []string{"good"}, dns(answers)); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}

func TestLockFaults(t *testing.T) {
	for text, want := range map[string]string{
		``:                              "1,1-1",
		`{"version": 1, "hosts": {}} x`: "1,29-30",
		`{"version": 2, "hosts": {}}`:   "this program knows version 1 only",
		`{"hosts": {}}`:                 "version 0",
		`{"version": 1, "host": {}}`:    "unknown field",
		`{"version": 1, "hosts": []}`:   "cannot unmarshal",
		"{\"version\": 1,\n\"hosts\": {\"A\": [\"10.0.0.1\"]}}":           "2,11-12",
		`{"version": 1, "hosts": {"a.": ["10.0.0.1"]}}`:                   "not a host name",
		`{"version": 1, "hosts": {"a b": ["10.0.0.1"]}}`:                  "not a host name",
		`{"version": 1, "hosts": {"a": []}}`:                              "has no address",
		`{"version": 1, "hosts": {"a": ["10.0.0.1/24"]}}`:                 "is not an address",
		`{"version": 1, "hosts": {"a": ["10.0.0.2", "10.0.0.1"]}}`:        "are not sorted",
		`{"version": 1, "hosts": {"a": ["10.0.0.1", "10.0.0.1"]}}`:        "are not sorted",
		`{"version": 1, "hosts": {"a": ["10.0.0.1"], "a": ["10.0.0.2"]}}`: "twice or not in order",
		`{"version": 1, "hosts": {"b": ["10.0.0.1"], "a": ["10.0.0.2"]}}`: "twice or not in order",
		"{\"version\": 1, \"hosts\": {\"a\x00\": []}}":                    "NUL byte",
	} {
		l, diags := parseLock(LockFile, []byte(text), DefaultLimits())
		if l != nil || len(diags) != 1 || !strings.Contains(fmt.Sprint(diags[0].Subject, diags[0].Summary, diags[0].Detail), want) {
			t.Errorf("%s: have %v %v, want %q", text, l, diags, want)
		}
	}
	lim := DefaultLimits()
	lim.LockNames = 1
	if _, diags := parseLock(LockFile, []byte(`{"version": 1, "hosts": {"a": ["10.0.0.1"], "b": ["10.0.0.1"]}}`), lim); !diags.HasErrors() {
		t.Error("too many names are accepted")
	}
}

func FuzzLock(f *testing.F) {
	f.Add([]byte(`{"version": 1, "hosts": {"a": ["10.0.0.1", "2001:db8::1"]}}`))
	f.Add([]byte(`{"version": 1, "hosts": {}}`))
	f.Fuzz(func(t *testing.T, src []byte) {
		l, diags := parseLock(LockFile, src, DefaultLimits())
		if diags.HasErrors() {
			if b := diags[0].Subject.Start.Byte; b > len(src) {
				t.Fatalf("%q: a diagnostic is nowhere", src)
			}
			return
		}
		again, diags := parseLock(LockFile, l.Bytes(), DefaultLimits())
		if diags.HasErrors() || !bytes.Equal(again.Bytes(), l.Bytes()) {
			t.Fatalf("%q becomes %q: %v", src, l.Bytes(), diags)
		}
	})
}

func BenchmarkInventoryNames(b *testing.B) {
	var text bytes.Buffer
	l := &Lock{addrs: map[string][]netip.Addr{}}
	for i := range 100_000 {
		fmt.Fprintf(&text, "Linux           RedHat2.6       client-%06d\n", i)
		l.addrs[fmt.Sprintf("client-%06d", i)] = []netip.Addr{netip.AddrFrom4([4]byte{10, byte(i >> 16), byte(i >> 8), byte(i)})}
	}
	benchmarkInventory(b, "c.txt", text.Bytes(), bpplclientsFormat, l)
}
