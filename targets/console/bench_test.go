package console

import (
	"fmt"
	"io"
	"net"
	"net/netip"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/crypto/ssh"

	"github.com/nbfwc/nbfwc/targets"
)

// configuration is text as a device prints it.
func configuration(size int) string {
	var text strings.Builder
	for i := 0; text.Len() < size; i++ {
		fmt.Fprintf(&text, "access-list OUT extended permit tcp object-group NBU-G-%d object-group NBU-G-CORE eq 1556\n", i)
	}
	text.WriteString(": end\n")
	return text.String()
}

// Reading a large configuration, over SSH on loopback, from a server in the same
// process.
func BenchmarkRead(b *testing.B) {
	d := newDevice()
	text := configuration(50 << 20)
	wire := []byte(strings.ReplaceAll(text, "\n", "\r\n"))
	d.answers = map[string]string{"show running-config": "BIG"}
	d.pace = func(out io.Writer, text []byte) error {
		if string(text) == "BIG" {
			text = wire
		}
		_, err := out.Write(text)
		return err
	}
	d.start(b)
	s := d.dial(b)
	b.SetBytes(int64(len(text)))
	b.ReportAllocs()
	for b.Loop() {
		if got := mustDo(b, s, read("show running-config")); len(got[0]) != len(text) {
			b.Fatalf("%d bytes of %d", len(got[0]), len(text))
		}
	}
}

// What SSH alone needs for the same bytes, to compare.
func BenchmarkReadSSHAlone(b *testing.B) {
	d := newDevice()
	wire := []byte(strings.ReplaceAll(configuration(50<<20), "\n", "\r\n"))
	d.answers = map[string]string{"show running-config": "BIG"}
	d.pace = func(out io.Writer, text []byte) error {
		if string(text) == "BIG" {
			text = wire
		}
		_, err := out.Write(text)
		return err
	}
	d.start(b)
	s := d.dial(b)
	ch, requests, err := s.t.client().OpenChannel("session", nil)
	if err != nil {
		b.Fatal(err)
	}
	defer ch.Close()
	go ssh.DiscardRequests(requests)
	if err := request(ch, "shell", nil); err != nil {
		b.Fatal(err)
	}
	b.SetBytes(int64(len(wire)))
	buf := make([]byte, 256<<10)
	for b.Loop() {
		if _, err := ch.Write([]byte("show running-config\r")); err != nil {
			b.Fatal(err)
		}
		for n := 0; n < len(wire); {
			m, err := ch.Read(buf)
			if err != nil {
				b.Fatal(err)
			}
			n += m
		}
	}
}

// far is an address from which a connection to at takes the round trip time.
func far(t testing.TB, at netip.AddrPort, rtt time.Duration) netip.AddrPort {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	var mu sync.Mutex
	var all []net.Conn
	t.Cleanup(func() {
		ln.Close()
		mu.Lock()
		for _, c := range all {
			c.Close()
		}
		mu.Unlock()
		wg.Wait()
	})
	type packet struct {
		due  time.Time
		data []byte
	}
	carry := func(from, to net.Conn) {
		queue := make(chan packet, 10_000)
		wg.Go(func() {
			defer close(queue)
			for {
				b := make([]byte, 32<<10)
				n, err := from.Read(b)
				if err != nil {
					return
				}
				queue <- packet{time.Now().Add(rtt / 2), b[:n]}
			}
		})
		wg.Go(func() {
			defer to.Close()
			for p := range queue {
				time.Sleep(time.Until(p.due))
				if _, err := to.Write(p.data); err != nil {
					from.Close()
				}
			}
		})
	}
	wg.Go(func() {
		for {
			c, err := ln.Accept()
			if err != nil {
				return
			}
			out, err := net.Dial("tcp", at.String())
			if err != nil {
				c.Close()
				continue
			}
			mu.Lock()
			all = append(all, c, out)
			mu.Unlock()
			carry(c, out)
			carry(out, c)
		}
	})
	return netip.MustParseAddrPort(ln.Addr().String())
}

// Lines that are typed ahead don't wait for a round trip each.
func TestAheadOverALongWay(t *testing.T) {
	const n = 10_000
	d := newDevice().start(t)
	d.enable = "open-sesame"
	o := d.options(t)
	near := d.addr
	d.addr = far(t, d.addr, 20*time.Millisecond)
	o.KnownHosts = []string{d.know(t)}
	s, err := Dial(t.Context(), d.addr, o)
	if err != nil {
		t.Fatal(err)
	}
	d.addr = near
	defer s.Close()
	mustDo(t, s, enable, targets.Command{Line: "configure terminal", Then: "config"})
	list := make([]targets.Command, n)
	for i := range list {
		list[i] = targets.Command{Line: fmt.Sprintf("object network NBU-host-%d", i), Ahead: true}
	}
	begin := time.Now()
	if got := mustDo(t, s, list...); len(got) != n {
		t.Fatalf("%d answers", len(got))
	}
	took := time.Since(begin)
	t.Logf("%d lines took %s", n, took)
	if took > 2*time.Minute { // one by one it would be 7 minutes and more
		t.Errorf("%d lines took %s", n, took)
	}
}

// Hundreds of sessions that wait need little memory.
func TestManySessions(t *testing.T) {
	const n = 200
	d := newDevice()
	d.methods = "none"
	text := configuration(160 << 10) // 2,000 lines
	d.answers = map[string]string{"show running-config": text}
	d.start(t)
	o := d.options(t)
	sessions := make([]*Session, n)
	var wg sync.WaitGroup
	gate := make(chan struct{}, 16)
	for i := range sessions {
		gate <- struct{}{}
		wg.Go(func() {
			defer func() { <-gate }()
			s, err := Dial(t.Context(), d.addr, o)
			if err == nil {
				var got []string
				if got, err = s.Do(t.Context(), read("show running-config")); err == nil && got[0] != text {
					err = fmt.Errorf("%d bytes", len(got[0]))
				}
			}
			if err != nil {
				t.Error(err)
				return
			}
			sessions[i] = s
		})
	}
	wg.Wait()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	each := (m.HeapInuse + m.StackInuse) / uint64(n)
	t.Logf("%d KiB for each of %d sessions, the server's side included", each>>10, n)
	// x/crypto alone keeps some 100 KiB at each end.
	if each > 1<<20 { // the race detector needs more
		t.Errorf("%d KiB for each session", each>>10)
	}
	for _, s := range sessions {
		if s != nil {
			s.Close()
		}
	}
	clean(t, d)
}
