package cisco_asa

import (
	"testing"

	"github.com/nbfwc/nbfwc/targets"
)

// TestDigestTellsApart holds that no two of these texts, which differ in one
// thing each, have the same digest.
func TestDigestTellsApart(t *testing.T) {
	texts := []string{
		"",
		"access-list X extended permit tcp any any",
		"access-list Y extended permit tcp any any",
		"access-list X extended deny tcp any any",
		"access-list X extended permit udp any any",
		"access-list X extended permit ip any any",
		"access-list X extended permit tcp any4 any",
		"access-list X extended permit tcp any any4",
		"access-list X extended permit tcp any6 any",
		"access-list X extended permit tcp host 10.0.0.1 any",
		"access-list X extended permit tcp any host 10.0.0.1",
		"access-list X extended permit tcp 10.0.0.0 255.255.255.254 any",
		"access-list X extended permit tcp 10.0.0.0 255.255.255.253 any",
		"access-list X extended permit tcp interface i any",
		"access-list X extended permit tcp any eq 1 any",
		"access-list X extended permit tcp any any eq 1",
		"access-list X extended permit tcp any any neq 1",
		"access-list X extended permit tcp any any gt 1",
		"access-list X extended permit tcp any any lt 1",
		"access-list X extended permit tcp any any range 1 2",
		"access-list X extended permit tcp any any range 1 3",
		"access-list X extended permit tcp any any object-group P",
		"access-list X extended permit icmp any any",
		"access-list X extended permit icmp any any echo",
		"access-list X extended permit icmp any any echo 0",
		"access-list X extended permit icmp any any echo-reply",
		"access-list X extended permit icmp any any object-group I",
		"access-list X extended permit tcp any any log",
		"access-list X extended permit tcp any any log errors",
		"access-list X extended permit tcp any any log interval 60",
		"access-list X extended permit tcp any any log disable",
		"access-list X extended permit tcp any any inactive",
		"access-list X extended permit tcp any any time-range T",
		"access-list X extended permit tcp user LOCAL\\u any any",
		"access-list X extended permit tcp any any\naccess-list X extended permit tcp any any eq 1",
		"access-list X extended permit tcp any any eq 1\naccess-list X extended permit tcp any any",
		"access-list X remark a\naccess-list X extended permit tcp any any",
		"access-list X remark b\naccess-list X extended permit tcp any any",
		"access-list X extended permit tcp object O any",
		"access-list X extended permit tcp object-group O any",
		"access-group X in interface i",
		"access-group X out interface i",
		"access-group X in interface j",
		"access-group X in interface i control-plane",
		"access-group X global",
		"object network O\n host 10.0.0.1",
		"object network O\n host 10.0.0.2",
		"object network P\n host 10.0.0.1",
		"object network O\n range 10.0.0.1 10.0.0.2",
		"object network O\n range 10.0.0.1 10.0.0.3",
		"object network O\n host 10.0.0.1\n description d",
		"object network O\n fqdn x.example.com",
		"object network O\n fqdn v4 x.example.com",
		"object-group network O\n network-object host 10.0.0.1",
		"object-group network O\n network-object object P",
		"object-group network O\n group-object P",
		"object service S\n service tcp destination eq 1",
		"object service S\n service tcp source eq 1",
		"object-group service S\n service-object tcp destination eq 1",
		"object-group service S tcp\n port-object eq 1",
		"object-group service S udp\n port-object eq 1",
		"same-security-traffic permit inter-interface",
		"same-security-traffic permit intra-interface",
		"timeout conn 2:00:00",
		"route i 10.0.0.0 255.0.0.0 10.1.0.1 1",
		"interface G0\n nameif i\n security-level 1",
		"interface G0\n nameif i\n security-level 2",
		"interface G0\n nameif i\n security-level 1\n management-only",
		"interface G0\n nameif i\n security-level 1\n shutdown",
		"interface G0\n nameif i\n security-level 1\n ip address 10.0.0.1 255.255.255.0",
		"class-map C\n match access-list X",
		"class-map C\n match any",
		"policy-map P\n class C\n  set connection timeout idle 2:00:00",
		"policy-map P\n class C\n  set connection timeout idle 2:00:00 reset",
		"policy-map P\n class C\n  set connection timeout idle 2:00:00 dcd",
		"policy-map P\n class C\n  set connection timeout idle 2:00:00 dcd 0:15:00 5",
		"policy-map P\n class C\n  set connection conn-max 5",
		"service-policy P global",
		"service-policy P interface i",
		"nat (a,b) source static O P",
		"nat (a,b) source static O Q",
		"firewall transparent",
	}
	by := map[string]string{}
	for _, text := range texts {
		d := parsed(t, text, targets.ParseOptions{}).Digest
		if other, twice := by[d]; twice {
			t.Errorf("one digest for\n%s\nand\n%s", other, text)
		}
		by[d] = text
	}
}
