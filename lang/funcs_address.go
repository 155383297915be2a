package lang

import (
	"math/big"
	"net/netip"
)

func addressFuncs() map[string]builtin {
	return map[string]builtin{
		"cidrhost":   {2, 2, "cidrhost(prefix, number)", cidrHost},
		"cidrrange":  {3, 3, "cidrrange(prefix, first number, last number)", cidrRange},
		"cidrsubnet": {3, 3, "cidrsubnet(prefix, further bits, number)", cidrSubnet},
		"lookup_dns": {1, 1, "lookup_dns(host name)", lookupDNS},
	}
}

// prefix is argument 0, with the same strictness as everywhere.
func (c *call) prefix() (netip.Prefix, bool) {
	text := c.str(0)
	if c.bad {
		return netip.Prefix{}, false
	}
	p, err := parsePrefix(text)
	if err != nil {
		c.fail(0, "%v.", err)
	}
	return p, err == nil
}

// nth is address number n of p; negative numbers count from the end.
func nth(p netip.Prefix, n int64) (netip.Addr, bool) {
	size := new(big.Int).Lsh(big.NewInt(1), uint(p.Addr().BitLen()-p.Bits()))
	k := big.NewInt(n)
	if n < 0 {
		k.Add(k, size)
	}
	if k.Sign() < 0 || k.Cmp(size) >= 0 {
		return netip.Addr{}, false
	}
	sum := k.Add(k, new(big.Int).SetBytes(p.Addr().AsSlice()))
	a, ok := netip.AddrFromSlice(sum.FillBytes(make([]byte, p.Addr().BitLen()/8)))
	return a, ok
}

func (c *call) nth(p netip.Prefix, i int) netip.Addr {
	n := c.int(i)
	a, ok := nth(p, int64(n))
	if !ok && !c.bad {
		c.fail(i, "%s has no address number %d.", p, n)
	}
	return a
}

func cidrHost(c *call) value {
	p, ok := c.prefix()
	if !ok {
		return faulty{}
	}
	return c.nth(p, 1).String()
}

// cidrRange is the text of a range, as addresses take it.
func cidrRange(c *call) value {
	p, ok := c.prefix()
	if !ok {
		return faulty{}
	}
	from, to := c.nth(p, 1), c.nth(p, 2)
	if to.Less(from) && !c.bad {
		return c.fail(2, "the last address is before the first.")
	}
	return from.String() + "-" + to.String()
}

func cidrSubnet(c *call) value {
	p, ok := c.prefix()
	bits, n := c.int(1), c.int(2)
	if !ok || c.bad {
		return faulty{}
	}
	longer := p.Bits() + bits
	if bits < 0 || longer > p.Addr().BitLen() {
		return c.fail(1, "%s can't have %d further bits.", p, bits)
	}
	if n < 0 || bits < 62 && n >= 1<<bits {
		return c.fail(2, "%d further bits make the networks 0 to %d; there is no %d.", bits, 1<<min(bits, 61)-1, n)
	}
	k := new(big.Int).Lsh(big.NewInt(int64(n)), uint(p.Addr().BitLen()-longer))
	k.Add(k, new(big.Int).SetBytes(p.Addr().AsSlice()))
	a, _ := netip.AddrFromSlice(k.FillBytes(make([]byte, p.Addr().BitLen()/8)))
	return netip.PrefixFrom(a, longer).String()
}

// lookupDNS are the addresses that the lock file has for a name.
func lookupDNS(c *call) value {
	name := c.str(0)
	if c.bad {
		return faulty{}
	}
	addrs, diag := c.l.lock().lookup(name, c.rng)
	if c.l.lockBroken {
		return faulty{}
	}
	if diag != nil {
		c.bad = true
		c.l.diags.add(diag)
		return faulty{}
	}
	out := make([]any, len(addrs))
	for i, a := range addrs {
		out[i] = a.String()
	}
	c.l.spend(len(out), c.rng)
	return out
}
