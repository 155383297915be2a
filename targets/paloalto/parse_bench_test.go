package paloalto

import (
	"fmt"
	"strings"
	"testing"

	"github.com/nbfwc/nbfwc/targets"
)

// large is a configuration of about n lines in the set dialect: hosts, groups,
// services and rules as a large firewall has them.
func large(n int) string {
	var b strings.Builder
	b.WriteString("set deviceconfig system hostname large\n")
	for i := range 40 {
		fmt.Fprintf(&b, "set zone z%d network layer3 [ ethernet1/%d ]\n", i, i)
	}
	rules := n / 17
	for i := range rules {
		fmt.Fprintf(&b, "set address h%d ip-netmask 10.%d.%d.%d/32\n", i, i>>16, i>>8&255, i&255)
		fmt.Fprintf(&b, "set address h%d description \"host number %d of the list\"\n", i, i)
		fmt.Fprintf(&b, "set address-group g%d static [ h%d h%d h%d ]\n", i, i, max(i-1, 0), max(i-2, 0))
		fmt.Fprintf(&b, "set service s%d protocol tcp port %d\n", i, 1024+i%60000)
		fmt.Fprintf(&b, "set service s%d protocol tcp override yes timeout 86400\n", i)
	}
	for i := range rules {
		p := fmt.Sprintf("set rulebase security rules rule-%d ", i)
		for _, s := range []string{
			fmt.Sprintf("to z%d", i%40), fmt.Sprintf("from z%d", (i+1+i/40)%40), fmt.Sprintf("source g%d", i), fmt.Sprintf("destination [ h%d h%d ]", i, rules-1-i),
			"source-user any", "category any", "application any", fmt.Sprintf("service [ s%d service-https ]", i), "action allow",
			"rule-type universal", "tag site", fmt.Sprintf("description \"rule number %d\"", i),
		} {
			b.WriteString(p + s + "\n")
		}
	}
	return b.String()
}

// BenchmarkParse reads 200,000 lines in each dialect and makes the rule set.
func BenchmarkParse(b *testing.B) {
	for _, d := range dialects(b, large(200_000)) {
		b.Run(d.name, func(b *testing.B) {
			b.ReportAllocs()
			b.SetBytes(int64(len(d.text)))
			for b.Loop() {
				c, err := parse(strings.NewReader(d.text), targets.ParseOptions{})
				if err != nil || len(c.Problems) > 0 {
					b.Fatal(err, c.Problems[:min(len(c.Problems), 3)])
				}
			}
		})
	}
}
