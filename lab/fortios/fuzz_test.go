package fortios

import (
	"strings"
	"testing"
)

// FuzzType types lines. Nothing panics, and what the device then prints loads
// and prints the same again.
func FuzzType(f *testing.F) {
	for _, s := range []string{
		"config firewall address\nedit A\nset subnet 10.0.0.1/8\nset comment \"a\nb\"\nnext\nrename A to B\nclone B to C\nmove C before B\ndelete B\nend\n",
		"config system interface\nedit p1\nset ip 10.0.0.1/24\nconfig ipv6\nset ip6-address ::1/64\nend\nnext\nedit p2\nend\nconfig system zone\nedit z\nset interface p1 p2\nunselect interface p1\nend\n",
		"config firewall service custom\nedit S\nset protocol ICMP\nset icmptype 8\nnext\nedit T\nset udp-portrange 1:2-3\nset protocol IP\nnext\nend\nshow\nget\n",
		"config firewall policy\nedit 0\nset name x\nset srcintf any\nset dstintf any\nset srcaddr all\nset dstaddr all\nset schedule always\nset service ALL\nset action accept\nset nat enable\nnext\nclone 1 to 0\nmove 2 before 1\npurge\ny\n",
		"config firewall addrgrp\nedit G\nset member all none\nset exclude enable\nset exclude-member none\nnext\nedit H\nset member G\nend\nconfig firewall addrgrp\nrename G to I\nshow full\n",
		"execute backup config flash a\nconfig system global\nset cfg-save manual\nend\nexecute cfg save\nexecute revision list config\nexecute restore config flash 1\nn\nexecute batch start\nconfig system global\nend\nexecute batch end\nexecute batch lastlog\n",
		"execute config-transaction start 5\nconfig system global\nset cfg-save revert\nend\nexecute config-transaction show txn-cli-commands\ndiagnose sys config-transaction show txn-lock\nexecute config-transaction commit\nget system ha status\ndiagnose sys ha checksum cluster\n",
		"execute config-transaction start\nconfig firewall address\nedit A\nend\nexecute config-transaction commit\nshow | grep -f all\n",
		"config router static\nedit 1\nset dst 0.0.0.0/0\nunset comment\nend\nconfig system sdwan\nconfig zone\nedit v\nend\nend\nconfig system session-ttl\nset default 300\nconfig port\nedit 1\nset timeout 5\nend\nend\n",
	} {
		f.Add(s, false)
	}
	f.Add("config vdom\nedit a\nconfig firewall address\nedit A\nend\nend\nconfig global\nconfig system interface\nedit p\nset vdom a\nend\nend\nconfig vdom\ndelete a\n", true)
	f.Fuzz(func(t *testing.T, text string, vdoms bool) {
		if len(text) > 4000 {
			return
		}
		o := Options{}
		if vdoms {
			o.VDOMs = []string{"root", "shop"}
		}
		d := New(o)
		s := d.login()
		for l := range strings.SplitSeq(text, "\n") {
			s.Refused(s.Send(l))
			s.Prompt()
		}
		fixpoint(t, d)
	})
}
