package cisco_asa

import (
	"maps"
	"testing"

	"github.com/nbfwc/nbfwc/ruleset"
)

// wordsOfBoth are the words that a device prints for ports of tcp-udp groups, as
// the vendor lists them. They are those that mean one number for both.
var wordsOfBoth = map[string]uint16{
	"echo": 7, "discard": 9, "tacacs": 49, "domain": 53, "www": 80, "sunrpc": 111,
	"pim-auto-rp": 496, "talk": 517, "kerberos": 750, "nfs": 2049, "cifs": 3020, "sip": 5060,
}

func TestPortsOfBoth(t *testing.T) {
	both := protoSpec{kind: tcpUDPProto}
	have := map[string]uint16{}
	for _, words := range []map[string]uint16{inverse(tcpNames, nil), inverse(udpNames, nil)} {
		for w := range words {
			if n, ok := portNumber(both, w); ok {
				have[w] = n
			}
		}
	}
	if !maps.Equal(have, wordsOfBoth) {
		t.Errorf("have %v, want %v", have, wordsOfBoth)
	}
}

// TestPortWords holds that a word has the number of the line's protocol, and
// none where the protocol doesn't know it.
func TestPortWords(t *testing.T) {
	tcp, udp := protoSpec{kind: numberProto, number: ruleset.TCP}, protoSpec{kind: numberProto, number: ruleset.UDP}
	for _, c := range []struct {
		proto protoSpec
		word  string
		want  int // -1: not understood
	}{
		{tcp, "rsh", 514}, {tcp, "cmd", 514}, {udp, "syslog", 514}, {tcp, "syslog", -1}, {udp, "rsh", -1},
		{tcp, "http", 80}, {udp, "dns", 53}, {tcp, "dns", -1}, {tcp, "65535", 65535}, {tcp, "65536", -1},
		{tcp, "-1", -1}, {tcp, "", -1}, {udp, "radius-acct", 1646}, {tcp, "WWW", 80}, {udp, "ssh", -1},
	} {
		n, ok := portNumber(c.proto, c.word)
		if ok != (c.want >= 0) || ok && int(n) != c.want {
			t.Errorf("%d %q: have %d %v, want %d", c.proto.number, c.word, n, ok, c.want)
		}
	}
}
