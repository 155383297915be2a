package main

import (
	"encoding/binary"
	"net"
	"net/netip"
	"strings"
)

// startDNS answers questions for A and AAAA records (RFC 1035, 3596) on a UDP
// port of the loopback until it is closed; other names don't exist.
func startDNS(names map[string][]netip.Addr) (net.PacketConn, error) {
	conn, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	go func() {
		buf := make([]byte, 512)
		for {
			n, from, err := conn.ReadFrom(buf)
			if err != nil {
				return // closed
			}
			if answer := dnsAnswer(buf[:n], names); answer != nil {
				_, _ = conn.WriteTo(answer, from) // as UDP goes: the client asks again
			}
		}
	}()
	return conn, nil
}

const (
	dnsA, dnsAAAA = 1, 28
	dnsNoName     = 3
)

func dnsAnswer(question []byte, names map[string][]netip.Addr) []byte {
	if len(question) < 12 {
		return nil
	}
	var labels []string
	at := 12
	for at < len(question) && question[at] != 0 {
		end := at + 1 + int(question[at])
		if end >= len(question) {
			return nil
		}
		labels = append(labels, string(question[at+1:end]))
		at = end
	}
	if at+5 > len(question) {
		return nil
	}
	kind := binary.BigEndian.Uint16(question[at+1:])
	addrs, known := names[strings.ToLower(strings.Join(labels, "."))]
	flags := uint16(0x8180) // an answer, recursion desired and available
	if !known {
		flags |= dnsNoName
	}
	var records []byte
	count := uint16(0)
	for _, a := range addrs {
		if a.Is4() != (kind == dnsA) || kind != dnsA && kind != dnsAAAA {
			continue
		}
		records = append(records, 0xc0, 12) // the name of the question
		records = binary.BigEndian.AppendUint16(records, kind)
		records = append(records, 0, 1, 0, 0, 0, 60)
		records = binary.BigEndian.AppendUint16(records, uint16(a.BitLen()/8))
		records = append(records, a.AsSlice()...)
		count++
	}
	out := append([]byte{}, question[:2]...)
	for _, v := range []uint16{flags, 1, count, 0, 0} {
		out = binary.BigEndian.AppendUint16(out, v)
	}
	out = append(out, question[12:at+5]...)
	return append(out, records...)
}
