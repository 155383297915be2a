package asa

import (
	"strconv"
)

type portOp uint8

const (
	portAny portOp = iota
	portEq
	portNeq
	portGt
	portLt
	portRange
	portGroup
)

// ports is a condition on a port. lo is the only number of all but a range.
type ports struct {
	op     portOp
	lo, hi uint16
	group  string
}

var portOps = []string{"eq", "neq", "gt", "lt", "range"}

// print returns the condition with a blank before it, "" if there is none.
func (p ports) print(t table) string {
	switch p.op {
	case portAny:
		return ""
	case portGroup:
		return " object-group " + p.group
	case portRange:
		return " range " + t.print(int(p.lo)) + " " + t.print(int(p.hi))
	}
	return " " + portOps[p.op-portEq] + " " + t.print(int(p.lo))
}

func (p ports) match(n uint16) bool {
	switch p.op {
	case portEq:
		return n == p.lo
	case portNeq:
		return n != p.lo
	case portGt:
		return n > p.lo
	case portLt:
		return n < p.lo
	case portRange:
		return p.lo <= n && n <= p.hi
	}
	return true
}

// service is a protocol with its conditions.
type service struct {
	proto              int
	src, dst           ports
	icmpType, icmpCode int // -1: any
}

func newService(proto int) service { return service{proto: proto, icmpType: -1, icmpCode: -1} }

func (s service) print() string {
	t := portTable(s.proto)
	out := printProtocol(s.proto)
	if s.src.op != portAny {
		out += " source" + s.src.print(t)
	}
	if s.dst.op != portAny {
		out += " destination" + s.dst.print(t)
	}
	return out + s.printICMP()
}

func (s service) printICMP() string {
	if s.icmpType < 0 {
		return ""
	}
	out := " " + icmpTable(s.proto).print(s.icmpType)
	if s.icmpCode >= 0 {
		out += " " + strconv.Itoa(s.icmpCode)
	}
	return out
}

func (s service) hasPorts() bool { return s.src.op != portAny || s.dst.op != portAny }

func portProtocol(n int) bool {
	return n == protoTCP || n == protoUDP || n == protoSCTP || n == protoBoth
}

// port reads one port by number or word.
func (c *call) port(t table) (uint16, error) {
	w := c.in.peek()
	n, ok := t.find(w, 65535)
	if !ok {
		return 0, c.in.bad()
	}
	c.in.at += len(w)
	return uint16(n), nil
}

// portCondition reads an operator and its ports if the next word is one.
func (c *call) portCondition(t table) (p ports, err error) {
	switch c.in.accept(portOps...) {
	case "eq":
		p.op = portEq
	case "neq":
		p.op = portNeq
	case "gt":
		p.op = portGt
	case "lt":
		p.op = portLt
	case "range":
		p.op = portRange
	default:
		return p, nil
	}
	if p.lo, err = c.port(t); err != nil || p.op != portRange {
		return p, err
	}
	c.in.skip()
	at := c.in.at
	p.hi, err = c.port(t)
	if err == nil && p.hi < p.lo {
		return p, invalid(at)
	}
	return p, err
}

// service reads a protocol and its conditions up to the end of the line.
func (c *call) service(both bool) (service, error) {
	w := c.in.peek()
	n, ok := parseProtocol(w, both)
	if !ok {
		return service{}, c.in.bad()
	}
	c.in.at += len(w)
	s := newService(n)
	var err error
	switch {
	case portProtocol(n):
		t := portTable(n)
		if c.in.accept("source") != "" {
			if s.src, err = c.portCondition(t); err != nil {
				return s, err
			}
			if s.src.op == portAny {
				return s, c.in.bad()
			}
		}
		if named := c.in.accept("destination") != ""; named || !c.in.end() {
			if s.dst, err = c.portCondition(t); err != nil {
				return s, err
			}
			if s.dst.op == portAny {
				return s, c.in.bad()
			}
		}
	case n == protoICMP || n == protoICMP6:
		err = c.icmp(&s)
	}
	if err != nil {
		return s, err
	}
	return s, c.in.done()
}

// icmp reads a type and code if the next word is one.
func (c *call) icmp(s *service) error {
	w := c.in.peek()
	n, ok := icmpTable(s.proto).find(w, 255)
	if !ok {
		return nil
	}
	c.in.at += len(w)
	s.icmpType = n
	w = c.in.peek()
	if code, ok := decimal(w); ok && code <= 255 {
		c.in.at += len(w)
		s.icmpCode = code
	}
	return nil
}
