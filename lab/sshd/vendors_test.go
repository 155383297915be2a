package sshd

import (
	"strings"
	"testing"

	"github.com/nbfwc/nbfwc/lab"
	"github.com/nbfwc/nbfwc/lab/asa"
	"github.com/nbfwc/nbfwc/lab/fortios"
	"github.com/nbfwc/nbfwc/lab/panos"
)

// A visit with OpenSSH to a device of every vendor: log in, read the whole
// configuration page by page, change something, leave.
func TestVisits(t *testing.T) {
	blank := strings.Repeat(" ", 40)
	for _, c := range []struct {
		vendor string
		d      lab.Device
		typed  string
		want   []string
		holds  string
	}{
		{"asa", asa.New(asa.Options{Hostname: "fw1", Enabled: true}),
			"show running-config\r" + blank + "configure terminal\robject network NEW\rhost 10.0.0.1\rend\rexit\r",
			[]string{"Type help or '?'", "<--- More --->", ": end\r\n", "fw1(config-network-object)# end\r\n", "Logoff"}, "object network NEW"},
		{"panos", panos.New(panos.Options{Hostname: "fw1"}),
			"set cli pager off\rconfigure\rset address NEW ip-netmask 10.0.0.1/32\rcommit\rexit\rexit\r",
			[]string{"ann@fw1> ", "Entering configuration mode", "ann@fw1# ", "[edit]", "ann@fw1> exit"}, "NEW"},
		{"fortios", fortios.New(fortios.Options{Hostname: "fw1"}),
			"show full-configuration firewall service custom\r" + blank + "config firewall address\redit NEW\rset subnet 10.0.0.1/32\rend\rexit\r",
			[]string{"fw1 # ", "--More-- ", "fw1 (address) # ", "fw1 (NEW) # "}, "NEW"},
	} {
		t.Run(c.vendor, func(t *testing.T) {
			got, err := openSSH(t, serve(t, c.d, Options{}), c.typed, askpass(t, "secret"))
			if err != nil {
				t.Errorf("ssh: %v", err)
			}
			for _, want := range c.want {
				if !strings.Contains(got, want) {
					t.Errorf("%q is missing in\n%s", want, got)
				}
			}
			if !strings.Contains(c.d.Running(), c.holds) {
				t.Errorf("the device doesn't hold %q after\n%s", c.holds, got)
			}
		})
	}
}
