package nftables

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"net/netip"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/nbfwc/nbfwc/ruleset"
)

// A router is a network namespace with three tun devices: what is written to
// one of them is routed and filtered by the kernel, and what passes can be read
// from another.
type router struct {
	t    testing.TB
	tuns map[string]*os.File
}

var tunNames = []string{"lan", "wan", "dmz"}

// inRouter runs f on a thread that is alone in a new network namespace. Commands
// that f starts are in it too. The thread ends with f.
func inRouter(t testing.TB, f func(*router)) {
	t.Helper()
	if os.Geteuid() != 0 {
		t.Fatal("the kernel can be asked by root only")
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		runtime.LockOSThread() // and never unlocked: the thread is thrown away
		if err := unix.Unshare(unix.CLONE_NEWNET); err != nil {
			t.Errorf("new network namespace: %v", err)
			return
		}
		r := &router{t: t, tuns: map[string]*os.File{}}
		defer r.close()
		if err := r.setUp(); err != nil {
			t.Errorf("set up a router: %v", err)
			return
		}
		f(r)
	}()
	<-done
}

func (r *router) close() {
	for _, f := range r.tuns {
		f.Close()
	}
}

func (r *router) setUp() error {
	for _, name := range tunNames {
		fd, err := unix.Open("/dev/net/tun", unix.O_RDWR|unix.O_CLOEXEC|unix.O_NONBLOCK, 0)
		if err != nil {
			return err
		}
		ifr, err := unix.NewIfreq(name)
		if err != nil {
			return err
		}
		ifr.SetUint16(unix.IFF_TUN | unix.IFF_NO_PI)
		if err := unix.IoctlIfreq(fd, unix.TUNSETIFF, ifr); err != nil {
			return err
		}
		r.tuns[name] = os.NewFile(uintptr(fd), name)
	}
	sysctl := "for f in /proc/sys/net/ipv4/conf/*/rp_filter; do echo 0 > $f; done; echo 1 > /proc/sys/net/ipv4/ip_forward; " +
		"echo 1 > /proc/sys/net/ipv6/conf/all/forwarding; for i in lo lan wan dmz; do ip link set $i up; done; " +
		"for f in /proc/sys/net/ipv4/conf/*/rp_filter; do echo 0 > $f; done"
	_, err := r.run("", "sh", "-c", sysctl)
	return err
}

// run runs a command in the namespace.
func (r *router) run(stdin string, name string, args ...string) (string, error) {
	cmd := exec.Command(name, args...)
	cmd.Stdin = strings.NewReader(stdin)
	var out, bad bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &bad
	if err := cmd.Run(); err != nil {
		return "", fmt.Errorf("%s %s: %w: %s", name, strings.Join(args, " "), err, bad.String())
	}
	return out.String(), nil
}

// load replaces all rules.
func (r *router) load(config string) error {
	_, err := r.run("flush ruleset\n"+config, "nft", "-f", "-")
	return err
}

// asks reports whether a forwarded packet of the test comes out where the routes
// lead it.
func (r *router) passes(p ruleset.Packet, id uint16, wait time.Duration) (bool, error) {
	route := []string{"route", "replace", p.Dst.String(), "dev", p.Out}
	if p.Dst.Is6() {
		route = append([]string{"-6"}, route...)
	}
	if _, err := r.run("", "ip", route...); err != nil {
		return false, err
	}
	raw := rawPacket(p, id)
	if _, err := r.tuns[p.In].Write(raw); err != nil {
		return false, err
	}
	out := r.tuns[p.Out]
	if err := out.SetReadDeadline(time.Now().Add(wait)); err != nil {
		return false, err
	}
	buf := make([]byte, 2048)
	for {
		n, err := out.Read(buf)
		if err != nil {
			return false, nil
		}
		if sameForwarded(raw, buf[:n]) {
			return true, nil
		}
	}
}

// sameForwarded says whether b is a with a smaller TTL.
func sameForwarded(a, b []byte) bool {
	if len(a) != len(b) {
		return false
	}
	if a[0]>>4 == 4 {
		return bytes.Equal(a[4:8], b[4:8]) && bytes.Equal(a[12:], b[12:])
	}
	return bytes.Equal(a[8:], b[8:])
}

// rawPacket writes the first packet of a connection with right checksums.
func rawPacket(p ruleset.Packet, id uint16) []byte {
	body := transport(p, id)
	if p.Src.Is4() {
		h := make([]byte, 20)
		h[0], h[8], h[9] = 0x45, 64, p.Proto
		binary.BigEndian.PutUint16(h[2:], uint16(20+len(body)))
		binary.BigEndian.PutUint16(h[4:], id)
		copy(h[12:], p.Src.AsSlice())
		copy(h[16:], p.Dst.AsSlice())
		binary.BigEndian.PutUint16(h[10:], checksum(0, h))
		return append(h, body...)
	}
	h := make([]byte, 40)
	h[0], h[6], h[7] = 0x60, p.Proto, 64
	binary.BigEndian.PutUint16(h[4:], uint16(len(body)))
	copy(h[8:], p.Src.AsSlice())
	copy(h[24:], p.Dst.AsSlice())
	return append(h, body...)
}

// transport writes the header after IP's. Unknown protocols get 16 bytes that
// are no ports of any test.
func transport(p ruleset.Packet, id uint16) []byte {
	b := make([]byte, 20)
	binary.BigEndian.PutUint16(b[0:], p.SrcPort)
	binary.BigEndian.PutUint16(b[2:], p.DstPort)
	pseudo := pseudoSum(p.Src, p.Dst, p.Proto)
	switch p.Proto {
	case ruleset.TCP:
		b[12], b[13] = 5<<4, 0x02
		binary.BigEndian.PutUint32(b[4:], uint32(id)+1)
		binary.BigEndian.PutUint16(b[14:], 1000)
		binary.BigEndian.PutUint16(b[16:], checksum(pseudo+20, b))
	case ruleset.UDP, 136:
		binary.BigEndian.PutUint16(b[4:], 20)
		binary.BigEndian.PutUint16(b[6:], checksum(pseudo+20, b))
	case ruleset.ICMP:
		b[0], b[1], b[2], b[3] = byte(p.SrcPort), byte(p.DstPort), 0, 0
		binary.BigEndian.PutUint16(b[4:], id)
		binary.BigEndian.PutUint16(b[2:], checksum(0, b))
	case ruleset.ICMPv6:
		b[0], b[1], b[2], b[3] = byte(p.SrcPort), byte(p.DstPort), 0, 0
		binary.BigEndian.PutUint16(b[4:], id)
		binary.BigEndian.PutUint16(b[2:], checksum(pseudo+20, b))
	case 132:
		return sctpInit(p)
	default:
		for i := range b[:16] {
			b[i] = 0xee
		}
	}
	return b
}

func pseudoSum(src, dst netip.Addr, proto uint8) uint32 {
	s := uint32(proto)
	for _, a := range [][]byte{src.AsSlice(), dst.AsSlice()} {
		for i := 0; i < len(a); i += 2 {
			s += uint32(a[i])<<8 | uint32(a[i+1])
		}
	}
	return s
}

func checksum(sum uint32, b []byte) uint16 {
	for i := 0; i+1 < len(b); i += 2 {
		sum += uint32(b[i])<<8 | uint32(b[i+1])
	}
	for sum>>16 != 0 {
		sum = sum&0xffff + sum>>16
	}
	return ^uint16(sum)
}

// sctpInit writes an INIT chunk: connection tracking calls others invalid.
func sctpInit(p ruleset.Packet) []byte {
	b := make([]byte, 32)
	binary.BigEndian.PutUint16(b[0:], p.SrcPort)
	binary.BigEndian.PutUint16(b[2:], p.DstPort)
	b[12] = 1
	binary.BigEndian.PutUint16(b[14:], 20)
	binary.BigEndian.PutUint32(b[16:], 7)
	binary.BigEndian.PutUint32(b[20:], 65536)
	binary.BigEndian.PutUint16(b[24:], 1)
	binary.BigEndian.PutUint16(b[26:], 1)
	binary.LittleEndian.PutUint32(b[8:], crc32c(b))
	return b
}

func crc32c(b []byte) uint32 {
	crc := ^uint32(0)
	for _, c := range b {
		crc ^= uint32(c)
		for range 8 {
			crc = crc>>1 ^ 0x82f63b78&-(crc&1)
		}
	}
	return ^crc
}

// isForwarded says whether a case can be sent through the router.
func isForwarded(p ruleset.Packet) bool {
	has := func(n string) bool { return n == "lan" || n == "wan" || n == "dmz" }
	return has(p.In) && has(p.Out) && p.In != p.Out
}

// TestKernelVerdicts loads every configuration of testdata/verdicts with the
// real nft, holds the verdicts against both forms that it lists, and sends the
// forwarded packets through the kernel.
func TestKernelVerdicts(t *testing.T) {
	sent, passed := 0, 0
	for _, f := range verdictFiles(t) {
		inRouter(t, func(r *router) {
			if err := r.load(f.config); err != nil {
				t.Errorf("%s: %v", f.name, err)
				return
			}
			r.checkListings(&f)
			for i, c := range f.cases {
				if !isForwarded(c.packet) || c.want == "unknown" {
					continue
				}
				have, err := r.passes(c.packet, uint16(i+1), 60*time.Millisecond)
				if err != nil {
					t.Errorf("%s: %s: %v", f.name, c.line, err)
				} else if have != (c.want == "passes") {
					t.Errorf("%s: %s: the kernel says passes=%v", f.name, c.line, have)
				}
				sent++
				if have {
					passed++
				}
			}
		})
	}
	t.Logf("%d packets sent, %d passed", sent, passed)
	if sent < 100 || passed < 40 {
		t.Errorf("only %d packets sent and %d passed: the router doesn't work", sent, passed)
	}
}

// checkListings parses what nft lists of a loaded configuration.
func (r *router) checkListings(f *verdictFile) {
	for _, args := range [][]string{{"-j"}, {"-s"}, {"-a"}, {"-n"}} {
		text, err := r.run("", "nft", append(args, "list", "ruleset")...)
		if err != nil {
			r.t.Errorf("%s: %v", f.name, err)
			return
		}
		want := *f
		if args[0] == "-j" && f.name == "dormant" {
			// nft 1.0.6 prints the table's name in place of its flags.
			want.cases = []verdictCase{f.cases[0]}
			want.cases[0].want = "unknown"
		}
		want.check(r.t.(*testing.T), "nft "+args[0], parseText(r.t, text))
	}
}
