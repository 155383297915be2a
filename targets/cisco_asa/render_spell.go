package cisco_asa

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/nbfwc/nbfwc/ruleset"
)

// text is how an address is spelled in an ACE.
func (o operand) text() string {
	switch o.kind {
	case anyAddr:
		return "any"
	case any4Addr:
		return "any4"
	case any6Addr:
		return "any6"
	case hostAddr:
		return "host " + o.addr().String()
	case netAddr:
		if o.v6 {
			return o.addr().String() + "/" + strconv.Itoa(int(o.bits))
		}
		return o.addr().String() + " " + o.maskAddr().String()
	case objectAddr:
		return "object " + o.name
	case groupAddr:
		return "object-group " + o.name
	case ifaceAddr:
		return "interface " + o.name
	}
	return o.name
}

// text is how a member of an object or group of addresses is spelled.
func (n netMember) text(kind objectKind) string {
	o := n.addr
	if kind == networkGroup {
		if o.kind == groupAddr {
			return "group-object " + o.name
		}
		return "network-object " + o.text()
	}
	switch o.kind {
	case netAddr:
		return "subnet " + o.text()
	case rangeAddr:
		return "range " + o.addr().String() + " " + n.to.String()
	case fqdnAddr:
		return "fqdn " + o.name
	}
	return o.text()
}

// key is the same for members that stand for the same addresses or name.
func (n netMember) key() string {
	o := n.addr
	if o.kind == netAddr && (o.v6 && o.bits == 128 || !o.v6 && o.mask == ^uint32(0)) {
		n.addr = hostOperand(o.addr())
	}
	return n.text(networkGroup)
}

// text is how the protocol position of an ACE is spelled.
func (p protoSpec) text() string {
	switch p.kind {
	case ipProto:
		return "ip"
	case tcpUDPProto:
		return "tcp-udp"
	case objectProto:
		return "object " + p.name
	case groupProto:
		return "object-group " + p.name
	}
	return protoWord(p.number)
}

// protoWord is the word for a protocol; every release takes it, as it does the
// number.
func protoWord(n uint8) string {
	if w, ok := protoNames[n]; ok {
		return w
	}
	return strconv.Itoa(int(n))
}

// text is how ports are spelled, "" for all. Numbers are taken everywhere, and
// a device prints words for some of them.
func (p portSpec) text() string {
	switch p.op {
	case eqPort:
		return fmt.Sprint("eq ", p.from)
	case neqPort:
		return fmt.Sprint("neq ", p.from)
	case gtPort:
		return fmt.Sprint("gt ", p.from)
	case ltPort:
		return fmt.Sprint("lt ", p.from)
	case rangePort:
		return fmt.Sprint("range ", p.from, " ", p.to)
	case groupPort:
		return "object-group " + p.name
	}
	return ""
}

// text is how the ICMP part is spelled, for a protocol.
func (i icmpSpec) text(proto uint8) string {
	if i.group != "" {
		return "object-group " + i.group
	}
	if !i.hasType {
		return ""
	}
	names := icmpNames
	if proto == ruleset.ICMPv6 {
		names = icmp6Names
	}
	word, ok := names[i.typ]
	if !ok {
		word = strconv.Itoa(int(i.typ))
	}
	if i.hasCode {
		word += " " + strconv.Itoa(int(i.code))
	}
	return word
}

// text is how a member of a service group is spelled.
func (s serviceMember) text() string {
	if s.proto.kind == groupProto {
		return "group-object " + s.proto.name
	}
	words := []string{"service-object", s.proto.text()}
	if t := s.src.text(); t != "" {
		words = append(words, "source", t)
	}
	if t := s.dst.text(); t != "" {
		words = append(words, "destination", t)
	}
	if t := s.icmp.text(s.proto.number); t != "" {
		words = append(words, t)
	}
	return strings.Join(words, " ")
}

// aceText is how an entry or remark is spelled after the name of its list.
func aceText(a *ace) string {
	if a.isRemark() {
		return "remark " + a.remark
	}
	if a.tail.raw != "" {
		return a.tail.raw
	}
	action := "deny"
	if a.permit {
		action = "permit"
	}
	words := []string{"extended", action, a.proto.text(), a.src.text()}
	add := func(t string) {
		if t != "" {
			words = append(words, t)
		}
	}
	add(a.sports.text())
	add(a.dst.text())
	add(a.dports.text())
	add(a.tail.icmp.text(a.proto.number))
	add(a.tail.log.text())
	if a.tail.timeRange != "" {
		words = append(words, "time-range", a.tail.timeRange)
	}
	if a.tail.inactive {
		words = append(words, "inactive")
	}
	return strings.Join(words, " ")
}

func (l logSpec) text() string {
	switch l.kind {
	case logPlain:
		return "log"
	case logDisable:
		return "log disable"
	case logDefault:
		return "log default"
	case logLevel:
		t := fmt.Sprint("log ", l.level)
		if l.interval != 0 && l.interval != defaultLogInterval {
			t += fmt.Sprint(" interval ", l.interval)
		}
		return t
	}
	return ""
}

// clockText spells a time as timeouts are: hours, minutes, seconds.
func clockText(d time.Duration) string {
	s := int64(d / time.Second)
	return fmt.Sprintf("%d:%02d:%02d", s/3600, s/60%60, s%60)
}

// head is the command that opens an object or group.
func (o *object) head() string {
	switch o.kind {
	case networkObject:
		return "object network " + o.name
	case serviceObject:
		return "object service " + o.name
	case networkGroup:
		return "object-group network " + o.name
	case portGroup:
		return "object-group service " + o.name + " " + o.proto.text()
	case protocolGroup:
		return "object-group protocol " + o.name
	case icmpGroup:
		return "object-group icmp-type " + o.name
	}
	return "object-group service " + o.name
}

// body are the commands within an object or group of ours, the description
// last where that is how the device prints it.
func (o *object) body() []string {
	var list []string
	for _, n := range o.nets {
		list = append(list, n.text(o.kind))
	}
	for _, s := range o.services {
		list = append(list, s.text())
	}
	if o.description == "" {
		return list
	}
	if o.kind == networkObject {
		return append(list, "description "+o.description)
	}
	return append([]string{"description " + o.description}, list...)
}
