package cisco_asa

import "strings"

// objectNAT reads a "nat" line of an object: "nat (IN,OUT) static MAPPED ..."
// or "nat (IN,OUT) dynamic ...".
func (p *parser) objectNAT(o *object) {
	n := nat{text: strings.Clone(strings.TrimSpace(p.line)), object: o.name, num: p.num}
	n.operands = append(n.operands, wordOperand(objectAddr, o.name))
	w := p.w[1:]
	outside := ""
	if len(w) > 0 && strings.HasPrefix(w[0], "(") {
		outside = outsideOf(w[0])
		w = w[1:]
	}
	if len(w) < 2 || w[0] != "static" && w[0] != "dynamic" {
		n.all = true
		p.problem("the address translation isn't understood; it counts as one of all addresses")
	} else {
		p.natWords(&n, w[1:], outside)
	}
	p.m.nats = append(p.m.nats, n)
}

// twiceNAT reads "nat (IN,OUT) [LINE] [after-auto] source static|dynamic REAL
// MAPPED ... [destination static MAPPED REAL] [service ...]". What leaves all
// addresses as they are is no translation.
func (p *parser) twiceNAT() {
	for _, w := range p.w {
		if w == "inactive" {
			return
		}
	}
	n := nat{text: strings.Clone(p.line), num: p.num}
	i := 1
	outside := ""
	if strings.HasPrefix(p.at(i), "(") {
		outside = outsideOf(p.w[i])
		i++
	}
	for i < len(p.w) && p.w[i] != "source" {
		if _, ok := smallNumber(p.w[i], 1<<29); !ok && p.w[i] != "after-auto" {
			break
		}
		i++
	}
	if p.at(i) != "source" || len(p.w) < i+4 || p.w[i+1] != "static" && p.w[i+1] != "dynamic" {
		n.all = true
		p.problem("the address translation isn't understood; it counts as one of all addresses")
		p.m.nats = append(p.m.nats, n)
		return
	}
	source, destination := p.w[i+2:], []string(nil)
	for j, w := range source {
		if w == "description" {
			source = source[:j]
			break
		}
	}
	for j, w := range source {
		if w == "destination" {
			source, destination = source[:j], source[j+1:]
			break
		}
	}
	identity := p.w[i+1] == "static" && isIdentity(source)
	if !identity {
		p.natWords(&n, source, outside)
	}
	if len(destination) >= 3 && destination[0] == "static" {
		if !isIdentity(destination[1:]) {
			p.natWords(&n, destination[1:], outside)
			identity = false
		} else if !identity {
			p.natWords(&n, destination[1:], outside)
		}
	} else if destination != nil {
		identity, n.all = false, true
	}
	if !identity {
		p.m.nats = append(p.m.nats, n)
	}
}

// isIdentity says whether the first two words are the same.
func isIdentity(w []string) bool { return len(w) >= 2 && w[0] == w[1] }

func outsideOf(pair string) string {
	_, out, _ := strings.Cut(strings.Trim(pair, "()"), ",")
	return out
}

// natWords notes the addresses that the words of a translation touch.
func (p *parser) natWords(n *nat, w []string, outside string) {
	for i := 0; i < len(w); i++ {
		switch w[i] {
		case "any", "any4", "any6":
			n.all = true
		case "interface":
			n.operands = append(n.operands, wordOperand(ifaceAddr, p.keep(outside)))
		case "service", "description":
			return
		case "pat-pool", "round-robin", "extended", "flat", "include-reserve", "block-allocation", "ipv6", "dns",
			"no-proxy-arp", "route-lookup", "unidirectional", "net-to-net", "static", "dynamic":
		default:
			if a, ok := p.addr(w[i]); ok && p.m.index[w[i]] == nil {
				n.operands = append(n.operands, hostOperand(a))
			} else {
				n.operands = append(n.operands, wordOperand(objectAddr, p.keep(w[i])))
			}
		}
	}
}
