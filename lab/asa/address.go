package asa

import (
	"net/netip"
	"strconv"
	"strings"
)

type addressKind uint8

const (
	addrAny addressKind = iota
	addrAny4
	addrAny6
	addrHost
	addrMask   // IPv4 address and netmask, contiguous or not
	addrPrefix // IPv6 prefix
	addrObject
	addrGroup
	addrInterface
)

// address is a source, a destination or a member of a network group.
type address struct {
	kind addressKind
	ip   netip.Addr
	mask [4]byte
	bits uint8
	name string
}

// spelling prints addresses: by the words of the name table, or not.
type spelling struct{ words map[netip.Addr]string }

func (sp spelling) ip(a netip.Addr) string {
	if w, ok := sp.words[a]; ok {
		return w
	}
	return a.String()
}

func (sp spelling) address(a address) string {
	switch a.kind {
	case addrAny4:
		return "any4"
	case addrAny6:
		return "any6"
	case addrHost:
		return "host " + sp.ip(a.ip)
	case addrMask:
		return sp.ip(a.ip) + " " + netip.AddrFrom4(a.mask).String()
	case addrPrefix:
		return sp.ip(a.ip) + "/" + strconv.Itoa(int(a.bits))
	case addrObject:
		return "object " + a.name
	case addrGroup:
		return "object-group " + a.name
	case addrInterface:
		return "interface " + a.name
	}
	return "any"
}

// normal writes a network of one address as a host and one of all addresses as
// any4 or any6, as entries of access lists are printed.
func (a address) normal() address {
	switch {
	case a.kind == addrMask && a.mask == [4]byte{255, 255, 255, 255},
		a.kind == addrPrefix && a.bits == 128:
		return address{kind: addrHost, ip: a.ip}
	case a.kind == addrMask && a.mask == [4]byte{}:
		return address{kind: addrAny4}
	case a.kind == addrPrefix && a.bits == 0:
		return address{kind: addrAny6}
	}
	return a
}

// resolve returns the address that a word means: its text or an entry of the
// name table.
func (cfg *config) resolve(w string) (netip.Addr, bool) {
	if n, ok := cfg.nameByWord[w]; ok {
		return n.ip, true
	}
	if len(w) < 2 || strings.Contains(w, "%") {
		return netip.Addr{}, false
	}
	a, err := netip.ParseAddr(w)
	if err != nil || a.Is4In6() {
		return netip.Addr{}, false
	}
	return a, true
}

// hostAddress reads one address.
func (c *call) hostAddress() (netip.Addr, error) {
	w := c.in.peek()
	a, ok := c.cfg.resolve(w)
	if !ok {
		return a, c.in.bad()
	}
	c.in.at += len(w)
	return a, nil
}

// netmask reads an IPv4 netmask.
func (c *call) netmask() (m [4]byte, err error) {
	w := c.in.peek()
	a, perr := netip.ParseAddr(w)
	if perr != nil || !a.Is4() {
		return m, c.in.bad()
	}
	c.in.at += len(w)
	return a.As4(), nil
}

// network reads an address and mask, or an IPv6 prefix.
func (c *call) network() (address, error) {
	w := c.in.peek()
	if head, tail, ok := strings.Cut(w, "/"); ok {
		ip, good := c.cfg.resolve(head)
		bits, num := decimal(tail)
		if !good || !ip.Is6() || !num || bits > 128 {
			return address{}, c.in.bad()
		}
		c.in.at += len(w)
		if netip.PrefixFrom(ip, bits).Masked().Addr() != ip {
			return address{}, refuse("ERROR: IP address,mask <%s,%d> doesn't pair", ip, bits)
		}
		return address{kind: addrPrefix, ip: ip, bits: uint8(bits)}, nil
	}
	ip, ok := c.cfg.resolve(w)
	if !ok || !ip.Is4() {
		return address{}, c.in.bad()
	}
	c.in.at += len(w)
	m, err := c.netmask()
	if err != nil {
		return address{}, err
	}
	b := ip.As4()
	for i := range b {
		if b[i]&^m[i] != 0 {
			return address{}, refuse("ERROR: IP address,mask <%s,%s> doesn't pair", ip, netip.AddrFrom4(m))
		}
	}
	return address{kind: addrMask, ip: ip, mask: m}, nil
}

// ruleAddress reads a source or destination of an entry.
func (c *call) ruleAddress() (address, error) {
	tok := c.in.peek()
	if tok == "" {
		return address{}, errIncomplete
	}
	if _, ok := c.cfg.resolve(tok); ok || strings.Contains(tok, "/") {
		a, err := c.network()
		return a.normal(), err
	}
	w, err := c.in.keyword("any", "any4", "any6", "host", "object", "object-group", "interface")
	if err != nil {
		return address{}, err
	}
	switch w {
	case "any4":
		return address{kind: addrAny4}, nil
	case "any6":
		return address{kind: addrAny6}, nil
	case "host":
		ip, err := c.hostAddress()
		return address{kind: addrHost, ip: ip}, err
	case "object":
		n, err := c.objectRef("network")
		return address{kind: addrObject, name: n}, err
	case "object-group":
		n, err := c.groupRef("network")
		return address{kind: addrGroup, name: n}, err
	case "interface":
		n, err := c.nameif()
		return address{kind: addrInterface, name: n}, err
	}
	return address{kind: addrAny}, nil
}

// nameif reads the name of an interface that exists.
func (c *call) nameif() (string, error) {
	w := c.in.peek()
	if c.cfg.interfaceNamed(w) == nil {
		return "", c.in.bad()
	}
	c.in.at += len(w)
	return w, nil
}
