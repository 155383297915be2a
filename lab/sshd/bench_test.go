package sshd

import (
	"bufio"
	"fmt"
	"io"
	"runtime"
	"strings"
	"testing"

	"golang.org/x/crypto/ssh"

	"github.com/nbfwc/nbfwc/lab/asa"
)

// BenchmarkLongOutput reads 50 MB of lines over loopback.
func BenchmarkLongOutput(b *testing.B) {
	const line = "access-list OUTSIDE-IN extended permit tcp host 10.1.2.3 host 10.4.5.6 eq 1556 log \n"
	text := strings.Repeat(line, 50_000_000/len(line))
	x := open(b, serve(b, &machine{prompt: "fw# ", answer: func(string) string { return text }}, Options{}))
	x.until("fw# ")
	size := len(text) + strings.Count(text, "\n")
	b.SetBytes(int64(size))
	buf := make([]byte, 256<<10)
	for b.Loop() {
		x.typed("x\r")
		for n := len("x\r\n") + size + len("fw# "); n > 0; {
			m, err := x.out.Read(buf)
			if err != nil {
				b.Fatal(err)
			}
			n -= m
		}
	}
}

// BenchmarkFleet is what a thousand devices of 2,000 lines take, and what
// a login on each of them takes more.
func BenchmarkFleet(b *testing.B) {
	for _, compact := range []bool{false, true} {
		b.Run(fmt.Sprintf("compact=%v", compact), func(b *testing.B) { fleet(b, compact) })
	}
}

func fleet(b *testing.B, compact bool) {
	const devices = 1000
	text := twoThousandLines()
	for b.Loop() {
		empty := heap()
		servers := make([]*Server, devices)
		for i := range servers {
			d := asa.New(asa.Options{Enabled: true, Compact: compact})
			if err := d.Load(text); err != nil {
				b.Fatal(err)
			}
			var err error
			if servers[i], err = Serve(d, Options{Users: map[string]string{"ann": "secret"}}); err != nil {
				b.Fatal(err)
			}
		}
		idle := heap()
		clients := make([]*ssh.Client, devices)
		for i, s := range servers {
			c, err := dial(s)
			if err != nil {
				b.Fatal(err)
			}
			clients[i] = c
			sess, err := c.NewSession()
			if err != nil {
				b.Fatal(err)
			}
			if _, err := sess.StdinPipe(); err != nil { // without it the login would end
				b.Fatal(err)
			}
			out, _ := sess.StdoutPipe()
			if err := sess.Shell(); err != nil {
				b.Fatal(err)
			}
			if _, err := io.ReadFull(out, make([]byte, 4)); err != nil {
				b.Fatal(err)
			}
		}
		busy := heap()
		for i, s := range servers {
			if s.Sessions() != 1 {
				b.Fatalf("nobody is logged in on device %d", i)
			}
		}
		b.ReportMetric(float64(idle-empty)/devices/1024, "KiB/device")
		for i, s := range servers {
			clients[i].Close()
			s.Close()
		}
		after := heap()
		b.ReportMetric(float64(after-empty)/devices/1024, "KiB/device-after")
		b.ReportMetric(float64(busy-idle)/devices/1024, "KiB/login+client")
		runtime.KeepAlive(servers)
	}
}

func heap() int64 {
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc + m.StackInuse)
}

// twoThousandLines is a configuration of that size.
func twoThousandLines() string {
	var b strings.Builder
	b.WriteString("hostname fw\ninterface GigabitEthernet0/0\n nameif outside\n security-level 0\n ip address 192.0.2.1 255.255.255.0\n")
	for i := range 400 {
		n := string(rune('a'+i%26)) + strings.Repeat("x", i/26+1)
		b.WriteString("object network H-" + n + "\n host 10.1." + itoa(i/250) + "." + itoa(i%250+1) + "\n")
	}
	for i := range 1190 {
		b.WriteString("access-list OUTSIDE-IN extended permit tcp host 10.9." + itoa(i/250) + "." + itoa(i%250+1) + " host 10.4.5.6 eq 1556 log\n")
	}
	b.WriteString("access-group OUTSIDE-IN in interface outside\n")
	return b.String()
}

func itoa(n int) string {
	if n < 10 {
		return string(rune('0' + n))
	}
	return itoa(n/10) + itoa(n%10)
}

// BenchmarkTypedLines types 10,000 entries of an access list on an ASA, each
// after the prompt of the one before, and reads the answers.
func BenchmarkTypedLines(b *testing.B) {
	const lines = 10_000
	s := serve(b, asa.New(asa.Options{Hostname: "fw", Enabled: true}), Options{})
	for b.Loop() {
		x := open(b, s)
		x.typed("configure terminal\rterminal width 511\rclear configure access-list\r")
		in := bufio.NewReaderSize(x.out, 64<<10)
		for i := range lines + 3 {
			for prompts := 0; prompts == 0; {
				text, err := in.ReadString('#')
				if err != nil {
					b.Fatal(err)
				}
				if strings.HasSuffix(text, "fw(config)#") || strings.HasSuffix(text, "fw#") {
					prompts++
				}
			}
			if i >= 3 {
				x.typed("access-list L extended permit tcp host 10." + itoa(i>>8) + "." + itoa(i&255) + ".1 any eq 1556\r")
			}
		}
		x.client.Close()
	}
	b.ReportMetric(lines*float64(b.N)/b.Elapsed().Seconds(), "lines/s")
}
