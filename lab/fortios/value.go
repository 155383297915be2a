package fortios

import (
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"strings"
)

// value reads the values of a field as the device keeps them.
func (c *call) value(d *fieldDef, e *entry, in []token) ([]token, error) {
	switch d.kind {
	case "any":
		return in, nil
	case "refs":
		return c.refs(d, e, in)
	case "subnet", "wildcard":
		return subnet(d.kind, in)
	case "ports":
		return ports(d.name, in)
	}
	if len(in) > 1 {
		return nil, parseError(in[1].text)
	}
	s := in[0].text
	switch d.kind {
	case "str", "fqdn":
		return c.text(d, s)
	case "uuid":
		if len(s) != 36 || strings.Trim(s, "0123456789abcdef-") != "" {
			return nil, checkFail(d.name, s, -651)
		}
	case "ref":
		if err := c.refer(d, e, s); err != nil {
			return nil, err
		}
		return []token{{s, true}}, nil
	case "enum":
		w, err := choose(s, d.words)
		if err != nil {
			return nil, err
		}
		s = w
	case "int", "icmp", "ttl", "ttl0", "ttl1":
		n, err := d.number(s)
		if err != nil {
			return nil, err
		}
		s = n
	case "ip4", "ip6":
		a, err := netip.ParseAddr(s)
		if err != nil || a.Zone() != "" || a.Is4() != (d.kind == "ip4") {
			return nil, badAddress(s)
		}
		s = a.String()
	case "prefix6":
		p, err := netip.ParsePrefix(s)
		if err != nil {
			a, err := netip.ParseAddr(s)
			if err != nil || a.Zone() != "" {
				return nil, badAddress(s)
			}
			p = netip.PrefixFrom(a, 128)
		}
		if !p.Addr().Is6() {
			return nil, badAddress(s)
		}
		s = p.Masked().String()
	}
	return []token{{text: s}}, nil
}

// text is a string; an empty one is like none.
func (c *call) text(d *fieldDef, s string) ([]token, error) {
	limit := d.hi
	if d.kind == "fqdn" {
		limit = 255
	}
	if uint64(len(s)) > limit {
		return nil, tooLong(s, limit)
	}
	bad := `"'<>`
	if d.name == "name" || d.name == "category" {
		bad = forbiddenInNames
	}
	if !c.s.loading && strings.ContainsAny(s, bad) {
		return nil, forbidden(s)
	}
	switch {
	case d.kind == "fqdn" && !domain(s):
		return nil, valueError("domain name is not valid.\nnode_check_object fail! for fqdn "+s, s, -651)
	case d.name == "hostname" && s != "" && !plainName(s):
		return nil, checkFail(d.name, s, -651)
	case d.name == "name" && c.nameTaken(s):
		return nil, checkFail(d.name, s, -163)
	}
	if s == "" {
		return nil, nil
	}
	return []token{{s, true}}, nil
}

const forbiddenInNames = `"'<>()#`

func plainName(s string) bool {
	for i := range len(s) {
		b := s[i]
		if !(b >= 'a' && b <= 'z' || b >= 'A' && b <= 'Z' || b >= '0' && b <= '9' || b == '-' || b == '_' || b == '.') {
			return false
		}
	}
	return s != ""
}

func domain(s string) bool {
	s = strings.TrimPrefix(s, "*.")
	return plainName(s) && !strings.HasPrefix(s, ".") && !strings.Contains(s, "..")
}

// nameTaken says that another policy has the name.
func (c *call) nameTaken(name string) bool {
	f := c.top()
	v := c.cfg.vdom(f.vdom)
	if v == nil || f.path != "firewall policy" || name == "" {
		return false
	}
	id, ok := v.names[name]
	return ok && id != f.e.key
}

func (d *fieldDef) number(s string) (string, error) {
	if d.kind == "ttl0" && s == "never" { // isn't offered by completion
		return s, nil
	}
	n, err := strconv.ParseUint(s, 10, 64)
	if err != nil {
		return "", valueError("value is not a number", s, -1)
	}
	lo, hi := d.lo, d.hi
	switch d.kind {
	case "icmp":
		lo, hi = 0, 255
	case "ttl", "ttl0":
		lo, hi = 300, 2764800
	case "ttl1":
		lo, hi = 1, 2764800
	}
	if d.kind == "ttl0" && n == 0 {
		return "0", nil
	}
	if n < lo || n > hi {
		return "", checkFail(d.name, s, -651)
	}
	return strconv.FormatUint(n, 10), nil
}

// choose completes a word.
func choose(s string, words []string) (string, error) {
	if slices.Contains(words, s) {
		return s, nil
	}
	found := ""
	for _, w := range words {
		if s != "" && strings.HasPrefix(w, s) {
			if found != "" {
				return "", parseError(s)
			}
			found = w
		}
	}
	if found == "" {
		return "", parseError(s)
	}
	return found, nil
}

// subnet is "10.0.0.0/8" or "10.0.0.0 255.0.0.0".
func subnet(kind string, in []token) ([]token, error) {
	s := in[0].text
	if p, err := netip.ParsePrefix(s); err == nil && len(in) == 1 {
		if !p.Addr().Is4() {
			return nil, badAddress(s)
		}
		return []token{{text: p.Masked().Addr().String()}, {text: mask(p.Bits())}}, nil
	}
	a, err := netip.ParseAddr(s)
	if err != nil || !a.Is4() {
		return nil, badAddress(s)
	}
	if len(in) == 1 {
		return nil, errIncomplete
	}
	m, err := netip.ParseAddr(in[1].text)
	if err != nil || !m.Is4() || kind == "subnet" && bits(m) < 0 {
		return nil, badAddress(in[1].text)
	}
	if len(in) > 2 {
		return nil, parseError(in[2].text)
	}
	x, y := a.As4(), m.As4()
	for i := range x {
		x[i] &= y[i]
	}
	return []token{{text: netip.AddrFrom4(x).String()}, {text: m.String()}}, nil
}

func mask(bits int) string {
	m := ^uint32(0)
	if bits < 32 {
		m = ^(m >> bits)
	}
	return fmt.Sprintf("%d.%d.%d.%d", m>>24, m>>16&255, m>>8&255, m&255)
}

// bits is the length of a mask, -1 if it has holes.
func bits(m netip.Addr) int {
	b := m.As4()
	n := uint32(b[0])<<24 | uint32(b[1])<<16 | uint32(b[2])<<8 | uint32(b[3])
	k := 0
	for ; n&(1<<31) != 0; n <<= 1 {
		k++
	}
	if n != 0 {
		return -1
	}
	return k
}

// portRange is destination ports, and source ports if they matter.
type portRange struct{ lo, hi, srcLo, srcHi uint16 }

func (r portRange) String() string {
	s := span(r.lo, r.hi)
	if r.srcLo != 1 || r.srcHi != 65535 {
		s += ":" + span(r.srcLo, r.srcHi)
	}
	return s
}

func span(lo, hi uint16) string {
	if lo == hi {
		return strconv.Itoa(int(lo))
	}
	return strconv.Itoa(int(lo)) + "-" + strconv.Itoa(int(hi))
}

func parsePorts(s string) (r portRange, ok bool) {
	dst, src, hasSrc := strings.Cut(s, ":")
	r.srcLo, r.srcHi = 1, 65535
	if r.lo, r.hi, ok = parseSpan(dst); !ok {
		return r, false
	}
	if hasSrc {
		r.srcLo, r.srcHi, ok = parseSpan(src)
	}
	return r, ok
}

func parseSpan(s string) (lo, hi uint16, ok bool) {
	a, b, isRange := strings.Cut(s, "-")
	if !isRange {
		b = a
	}
	x, err := strconv.ParseUint(a, 10, 16)
	if err != nil {
		return 0, 0, false
	}
	y, err := strconv.ParseUint(b, 10, 16)
	return uint16(x), uint16(y), err == nil && x <= y
}

func ports(field string, in []token) ([]token, error) {
	out := make([]token, 0, len(in))
	for _, t := range in {
		r, ok := parsePorts(t.text)
		if !ok {
			return nil, checkFail(field, t.text, -650)
		}
		out = append(out, token{text: r.String()})
	}
	return out, nil
}

// refs are the members of a list.
func (c *call) refs(d *fieldDef, e *entry, in []token) ([]token, error) {
	out := make([]token, 0, len(in))
	var seen map[string]bool
	if len(in) > 8 {
		seen = make(map[string]bool, len(in))
	}
	for _, t := range in {
		if seen[t.text] || seen == nil && slices.ContainsFunc(out, func(o token) bool { return o.text == t.text }) {
			continue
		}
		if seen != nil {
			seen[t.text] = true
		}
		if err := c.refer(d, e, t.text); err != nil {
			return nil, err
		}
		out = append(out, token{t.text, true})
	}
	return out, alone(d, out)
}

// alone says that "any" interface is not listed with others.
func alone(d *fieldDef, list []token) error {
	if d.class == "intf" && len(list) > 1 && slices.ContainsFunc(list, func(t token) bool { return t.text == "any" }) {
		return checkFail(d.name, "any", -651)
	}
	return nil
}

// refer says whether an entry may refer to a name. A loaded configuration is
// asked when all of it is there.
func (c *call) refer(d *fieldDef, e *entry, name string) error {
	if c.s.loading {
		return nil
	}
	f := c.top()
	return c.cfg.refer(f.vdom, f.path, d, e, name)
}

func (cfg *config) refer(vdom, path string, d *fieldDef, e *entry, name string) error {
	switch {
	case d.class == "intf" && name == "any":
		return nil
	case d.class == "intf" && cfg.sdwanZone(vdom, name):
		return nil
	}
	found := false
	for _, t := range classes[d.class].tables {
		v := cfg.scopeOf(vdom, t)
		if v == nil {
			continue
		}
		if x := v.find(t, name); x != nil {
			found = t != "system interface" || !cfg.vdomMode || x.word(v.byPath[t].k, "vdom") == vdom
		}
		if found {
			break
		}
	}
	if !found {
		return notFound(name)
	}
	switch d.class {
	case "intf":
		if cfg.zoneOf(vdom, name) != "" {
			return checkFail("name", name, -651)
		}
	case "iface":
		if z := cfg.zoneOf(vdom, name); z != "" && z != e.key {
			return checkFail("name", name, -651)
		}
		if cfg.uses[cfg.use(vdom, "intf", name)] > 0 && cfg.zoneOf(vdom, name) == "" {
			return checkFail("name", name, -651)
		}
	case "address", "address6", "service", "vip":
		if strings.HasSuffix(path, "grp") || strings.HasSuffix(path, "grp6") || strings.HasSuffix(path, "group") {
			if e.key == name || cfg.reaches(vdom, path, name, e.key) {
				return checkFail(d.name, name, -651)
			}
		}
	}
	return nil
}

// reaches says that a group holds another, directly or not.
func (cfg *config) reaches(vdom, path, from, to string) bool {
	v := cfg.scopeOf(vdom, path)
	seen := map[string]bool{}
	todo := []string{from}
	for len(todo) > 0 {
		n := todo[len(todo)-1]
		todo = todo[:len(todo)-1]
		g := v.find(path, n)
		if g == nil || seen[n] {
			continue
		}
		seen[n] = true
		for _, m := range g.get("member") {
			if m.text == to {
				return true
			}
			todo = append(todo, m.text)
		}
	}
	return false
}

// zoneOf is the zone that an interface is a member of.
func (cfg *config) zoneOf(vdom, iface string) string {
	v := cfg.vdom(vdom)
	if v == nil || v.byPath["system zone"] == nil {
		return ""
	}
	for _, s := range v.byPath["system zone"].slots {
		for _, m := range s.e.get("interface") {
			if m.text == iface {
				return s.e.key
			}
		}
	}
	return ""
}

// sdwan returns a table of the SD-WAN.
func (cfg *config) sdwan(vdom, name string) *table {
	v := cfg.vdom(vdom)
	if v == nil {
		return nil
	}
	return v.object("system sdwan").sub(name)
}

func (cfg *config) sdwanZone(vdom, name string) bool {
	t := cfg.sdwan(vdom, "zone")
	return t != nil && t.find(name) != nil
}
