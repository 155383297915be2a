package asa

import (
	"math/rand/v2"
	"strings"
	"testing"
)

// phrases are commands with holes. A hole <x> is filled by one of words[x],
// whose own holes are filled too.
var phrases = []string{
	"object network <name>", "object service <name>", "object-group network <name>", "object-group service <name>",
	"object-group service <name> <l4>", "object-group protocol <name>", "object-group icmp-type <name>",
	"no object network <name>", "no object service <name>", "no object-group network <name>", "no object-group service <name>",
	"host <ip>", "subnet <net>", "range 10.0.0.1 10.0.0.9", "fqdn v4 a.example.com", "service tcp source <ports> destination <ports>", "service icmp echo",
	"<no>network-object <member>", "<no>network-object <member>", "<no>network-object <member>", "<no>group-object <name>", "<no>group-object <name>",
	"<no>service-object <svc>", "<no>service-object <svc>", "<no>port-object eq <port>", "<no>protocol-object <proto>", "<no>icmp-object <icmp>",
	"description <name> x  y", "no description",
	"access-list <acl> <line>extended <ace>", "access-list <acl> <line>extended <ace>", "access-list <acl> <line>extended <ace>",
	"access-list <acl> <line>remark <name>", "no access-list <acl> <line>remark <name>", "no access-list <acl> <line>extended <ace>",
	"no access-list <acl> <line>extended <ace>", "access-group <acl> in interface <if>", "access-group <acl> out interface <if>", "access-group <acl> global",
	"no access-group <acl> in interface <if>", "clear configure access-list <acl>", "name <ip> <word>", "no name <ip>", "<no>names",
	"interface GigabitEthernet0/0", "interface GigabitEthernet0/1", "nameif <if>", "no nameif", "security-level 50", "ip address <ip> 255.255.255.0",
	"class-map <name>", "<no>match access-list <acl>", "policy-map <name>", "<no>class <name>", "<no>set connection timeout idle <time>",
	"set connection timeout idle <time> reset dcd", "inspect ftp", "<no>service-policy <name> global", "<no>service-policy <name> interface <if>",
	"no class-map <name>", "no policy-map <name>", "<no>same-security-traffic permit inter-interface", "<no>forward-reference enable",
	"timeout conn <time>", "time-range <name>", "periodic daily 0:00 to 1:00", "no time-range <name>", "nat (any,any) source static <name> <name>",
	"no nat (any,any) source static <name> <name>", "hostname fw", "<no>logging enable", "mtu <if> 1500", "terminal width 511", "write memory",
	"show access-list", "access-list <acl> standard permit host <ip>",
}

var words = map[string][]string{
	"name": {"A", "B", "C", "D"}, "acl": {"IN", "OUT"}, "if": {"inside", "outside"}, "word": {"srv", "db", "A"}, "no": {"", "", "no "},
	"ip": {"10.0.0.1", "10.0.0.2", "2001:db8::1", "srv"}, "net": {"10.0.0.0 255.0.0.0", "10.0.0.1 255.255.255.255", "10.0.0.1 255.0.0.0", "0.0.0.0 0.0.0.0", "2001:db8::/32", "2001:db8::1/128"},
	"member": {"host <ip>", "<net>", "object <name>"}, "l4": {"tcp", "udp", "tcp-udp"}, "port": {"80", "www", "22", "ssh", "514", "111"},
	"ports": {"eq <port>", "neq <port>", "gt 1023", "lt 100", "range 20 22"}, "proto": {"tcp", "udp", "97", "esp", "ip"}, "icmp": {"echo", "8", "3"},
	"svc":  {"<l4> destination <ports>", "<l4> source <ports> destination <ports>", "<proto>", "icmp <icmp> 0", "object <name>"},
	"line": {"", "", "line 1 ", "line 2 ", "line 9 "}, "time": {"0", "8:0:0", "1:00:00"},
	"ace":  {"<verb> <head> <addr> <addr><tail>", "<verb> <l4> <addr> <ports> <addr> <ports><tail>", "<verb> tcp <addr> <addr> object-group <name><tail>", "<verb> icmp any any <icmp><tail>"},
	"verb": {"permit", "deny"}, "head": {"ip", "tcp", "6", "object <name>", "object-group <name>"},
	"addr": {"any", "any4", "any6", "host <ip>", "<net>", "object <name>", "object-group <name>", "interface <if>"},
	"tail": {"", "", "", " log", " log 3 interval 9", " inactive", " time-range <name>", " log disable"},
}

func fill(r *rand.Rand, s string) string {
	for {
		i := strings.IndexByte(s, '<')
		if i < 0 {
			return s
		}
		j := i + strings.IndexByte(s[i:], '>')
		list := words[s[i+1:j]]
		s = s[:i] + list[r.IntN(len(list))] + s[j+1:]
	}
}

// TestRandomLines types commands at random: what the device prints always
// loads and prints the same, and what is used is counted right.
func TestRandomLines(t *testing.T) {
	for seed := range uint64(150) {
		r := rand.New(rand.NewPCG(seed, 1))
		d := New(Options{Enabled: true})
		s := d.login()
		s.Send("configure terminal")
		var script []string
		for range 150 {
			l := fill(r, phrases[r.IntN(len(phrases))])
			a := s.Send(l)
			script = append(script, s.Prompt()+l+"\n"+a)
			if a != "" && !s.Refused(a) && !strings.HasPrefix(l, "show") && !strings.HasPrefix(l, "write") && !strings.HasPrefix(a, "INFO") && !strings.HasPrefix(a, "WARNING") {
				t.Fatalf("%q: %q is no refusal", l, a)
			}
			if s.Closed() {
				s = d.login()
				s.Send("configure terminal")
			}
		}
		fixpoint(t, d)
		e := New(Options{})
		if e.Load(d.Running()) == nil {
			for n, k := range e.cfg.uses {
				if d.cfg.uses[n] != k {
					t.Errorf("%s is used %d times, not %d", n, k, d.cfg.uses[n])
				}
			}
			if len(e.cfg.uses) != len(d.cfg.uses) {
				t.Error("uses", d.cfg.uses, e.cfg.uses)
			}
		}
		if t.Failed() {
			t.Fatalf("seed %d:\n%s", seed, strings.Join(script, ""))
		}
	}
}
