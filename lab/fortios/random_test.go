package fortios

import (
	"math/rand/v2"
	"strings"
	"testing"
)

// phrases are commands with holes. A hole <x> is filled by one of words[x].
var phrases = []string{
	"config firewall <table>", "config firewall <table>", "config system <system>", "edit <name>", "edit <name>", "edit <id>", "next", "next", "next", "end", "end", "abort",
	"set member <name> <name>", "append member <name>", "unselect member <name>", "set subnet <ip>", "set type <type>", "set start-ip 10.0.0.1", "set end-ip 10.0.0.9",
	"set tcp-portrange <ports>", "append tcp-portrange <ports>", "unset tcp-portrange", "set protocol <proto>", "set icmptype 8", "set protocol-number 47",
	"set srcintf <intf>", "set dstintf <intf>", "set srcaddr <name>", "set dstaddr <name>", "set schedule always", "set service <name>", "set name <name>", "set action accept",
	"set exclude enable", "set exclude-member <name>", "set interface <intf>", "append interface <intf>", "set comment <name>", "unset comment", "delete <name>", "delete <id>",
	"rename <name> to <name>", "clone <id> to <id>", "move <id> before <id>", "move <name> after <name>", "purge", "y", "config port", "set default 900", "show", "get",
	"execute config-transaction <tx>", "set nat enable", "set status disable", "set cfg-save <save>", "execute cfg save", "execute backup config flash <name>",
	"execute batch <batch>", "diagnose sys ha checksum cluster", "get system ha status", "execute revision list config",
}

var words = map[string][]string{
	"table": {"address", "addrgrp", "service custom", "service group", "policy", "policy", "vip", "ippool", "local-in-policy"}, "system": {"interface", "zone", "session-ttl", "sdwan", "global"},
	"name": {"A", "B", "C", "D", "all", "ALL"}, "id": {"0", "1", "2", "7"}, "ip": {"10.0.0.0/8", "10.0.0.1 255.255.255.255"}, "type": {"iprange", "ipmask", "fqdn"},
	"ports": {"80", "1-9:5", "9-1", "1556 22"}, "proto": {"ICMP", "IP", "TCP/UDP/SCTP"}, "intf": {"A", "B", "any", "port1"}, "tx": {"start", "commit", "abort"},
	"save": {"automatic", "manual", "revert"}, "batch": {"start", "end", "end"},
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
	for seed := range uint64(400) {
		r := rand.New(rand.NewPCG(seed, 1))
		d := New(Options{})
		s := d.login()
		var script []string
		for range 300 {
			l := fill(r, phrases[r.IntN(len(phrases))])
			p := s.Prompt()
			script = append(script, p+l+"\n"+s.Send(l))
		}
		s.Send("end\nend\nend")
		if fixpoint(t, d); t.Failed() {
			t.Fatalf("seed %d:\n%s", seed, strings.Join(script, ""))
		}
	}
}
