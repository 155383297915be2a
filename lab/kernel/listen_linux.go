package kernel

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/netip"
	"syscall"
	"time"
	"unsafe"
)

type listenKey struct {
	proto uint8
	port  uint16
}

const ipv6RecvPktinfo = 49 // IPV6_RECVPKTINFO

// listen makes sure that a port of the node is answered, on all its addresses:
// a TCP connection gets one byte and then an echo of all it sends, a UDP packet
// is sent back.
func (d *node) listen(proto uint8, port uint16) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	k := listenKey{proto, port}
	if d.listeners[k] != nil {
		return nil
	}
	return d.run(func() error {
		var c closer
		var err error
		if proto == TCP {
			c, err = serveTCP(port)
		} else {
			c, err = serveUDP(port)
		}
		if err != nil {
			return fmt.Errorf("%s: listen on port %d: %w", d.name, port, err)
		}
		d.listeners[k] = c
		return nil
	})
}

func (d *node) closeListeners() {
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, c := range d.listeners {
		c.Close()
	}
	d.listeners = map[listenKey]closer{}
}

func serveTCP(port uint16) (closer, error) {
	l, err := net.ListenTCP("tcp", &net.TCPAddr{IP: net.IPv6unspecified, Port: int(port)})
	if err != nil {
		return nil, err
	}
	go func() {
		for {
			c, err := l.AcceptTCP()
			if err != nil {
				if ne, ok := err.(net.Error); ok && ne.Timeout() {
					continue
				}
				return
			}
			go func() {
				defer c.Close()
				if _, err := c.Write([]byte("!")); err == nil {
					_, _ = io.Copy(c, c)
				}
			}()
		}
	}()
	return l, nil
}

func serveUDP(port uint16) (closer, error) {
	c, err := net.ListenUDP("udp", &net.UDPAddr{IP: net.IPv6unspecified, Port: int(port)})
	if err != nil {
		return nil, err
	}
	raw, err := c.SyscallConn()
	if err == nil {
		cerr := raw.Control(func(fd uintptr) {
			err = syscall.SetsockoptInt(int(fd), syscall.IPPROTO_IPV6, ipv6RecvPktinfo, 1)
		})
		if err == nil {
			err = cerr
		}
	}
	if err != nil {
		c.Close()
		return nil, err
	}
	go func() {
		buf, oob := make([]byte, 2048), make([]byte, 256)
		for {
			k, o, _, from, err := c.ReadMsgUDPAddrPort(buf, oob)
			if err != nil {
				if _, isOp := err.(*net.OpError); isOp && c.SetReadDeadline(time.Time{}) == nil {
					continue // an ICMP error of an earlier answer
				}
				return
			}
			_, _, _ = c.WriteMsgUDPAddrPort(buf[:k], answerFrom(oob[:o]), from)
		}
	}()
	return c, nil
}

// answerFrom turns the control messages of a received packet into one that
// sends from the address it was sent to.
func answerFrom(oob []byte) []byte {
	msgs, err := syscall.ParseSocketControlMessage(oob)
	if err != nil {
		return nil
	}
	for _, m := range msgs {
		if m.Header.Level == syscall.IPPROTO_IPV6 && m.Header.Type == syscall.IPV6_PKTINFO && len(m.Data) >= 20 {
			// The index of the device is left out: routes decide.
			return pktinfo(m.Data[:16])
		}
	}
	return nil
}

// pktinfo is a control message IPV6_PKTINFO with an address.
func pktinfo(addr []byte) []byte {
	b := make([]byte, syscall.CmsgSpace(20))
	h := (*syscall.Cmsghdr)(unsafe.Pointer(&b[0]))
	h.Level, h.Type = syscall.IPPROTO_IPV6, syscall.IPV6_PKTINFO
	h.SetLen(syscall.CmsgLen(20))
	copy(b[syscall.CmsgLen(0):], addr)
	return b
}

// Dial opens a TCP connection from an address of one node to another, which
// stays until it is closed. The other end sends "!" and then echoes.
func (n *Net) Dial(ctx context.Context, src netip.Addr, dst netip.AddrPort) (net.Conn, error) {
	t := Tuple{Src: src, Dst: dst.Addr(), Proto: TCP, DstPort: dst.Port()}
	if err := n.resolve(&t); err != nil {
		return nil, err
	}
	if err := n.nodes[t.To].listen(TCP, t.DstPort); err != nil {
		return nil, err
	}
	var c net.Conn
	err := n.nodes[t.From].run(func() error {
		d := net.Dialer{LocalAddr: net.TCPAddrFromAddrPort(netip.AddrPortFrom(t.Src, 0))}
		var err error
		c, err = d.DialContext(ctx, "tcp", dst.String())
		return err
	})
	return c, err
}
