package asa

import (
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/tools/txtar"
)

// FuzzType types lines. Nothing panics, and what the device then prints loads
// and prints the same again.
func FuzzType(f *testing.F) {
	for _, s := range []string{
		"object network A\nhost 10.0.0.1\nobject-group network G\nnetwork-object object A\naccess-list X permit tcp object-group G any eq 80\n",
		"name 10.0.0.1 srv\nobject-group network G\nnetwork-object host srv\nno names\nnetwork-object srv 255.255.255.255\n",
		"access-list X line 1 remark a  b \nno access-list X line 1 remark a  b\naccess-list X extended deny icmp any6 any4 echo 0 log 7 interval 9 inactive\n",
		"interface GigabitEthernet0/0\nnameif in\nip address 10.0.0.1 255.0.0.0\nno nameif\nnameif out\ndescription x ? y\n",
		"object-group service S\nservice-object tcp-udp source range 1 80 destination neq 53\nservice-object icmp echo 0\nservice-object 97\n",
		"object-group service P tcp-udp\nport-object range 22 80\naccess-list X permit udp any object-group P any object-group P\n",
		"object-group protocol P\nprotocol-object tcp\naccess-list X permit object-group P any range 20 22 any\n",
		"class-map C\nmatch port tcp range 1 80\npolicy-map P\nclass C\nset connection timeout idle 0 dcd embryonic 0:0:1\nservice-policy P global\n",
		"forward-reference enable\naccess-list X permit ip object-group G object O\naccess-group X global\nno forward-reference enable\n",
		"time-range T\nperiodic daily 0:00 to 1:00\naccess-list X permit ip any any time-range T\nno time-range T\n",
		"object network A\nsubnet 10.0.0.0 255.0.0.0\nnat (any,any) dynamic interface\nnat (any,any) source static A A\nno object network A\n",
		"logging enable\nno logging enable\nsnmp-server host x\nterminal width 511\ntimeout conn 2:0:0 udp 0:3:0\nsh run | i x\n",
		"object-group network G\nnetwork-object 0.0.0.0 0.0.0.0\nnetwork-object ::/0\nno network-object ::/0\nclear configure access-list\nwr\n",
	} {
		f.Add(s)
	}
	f.Add("end\nconfigure session S\nobject network A\nhost 10.0.0.1\ncommit noconfirm revert-save\nconfigure session S\nrevert\nconf t\nhostname x\n")
	f.Add("end\ncopy /noconfirm running-config disk0:/x\nconf t\nhostname x\ncopy disk0:/x running-config\n\n\ndelete disk0:/x\n\nno pager\nfailover active\nclear configuration session\n")
	f.Add("end\nconfigure session S\nobject network A\nobject network A\nno object network A\ncommit noconfirm config-save\nmore config-session-S.cfg\nwrite standby\nchangeto system\n")
	f.Fuzz(func(t *testing.T, text string) {
		if len(text) > 4000 {
			return
		}
		d := New(Options{Enabled: true})
		s := d.login()
		s.Send("configure terminal")
		for l := range strings.SplitSeq(text, "\n") {
			if strings.HasPrefix(l, "reload") {
				continue
			}
			s.Refused(s.Send(l))
			s.Prompt()
		}
		fixpoint(t, d)
	})
}

// FuzzLoad loads texts. What is taken prints to a text that is taken.
func FuzzLoad(f *testing.F) {
	f.Add("object network A\n host 1.1.1.1\naccess-list X extended permit ip object A any \n")
	files, _ := filepath.Glob("testdata/*.txtar")
	for _, n := range files {
		ar, err := txtar.ParseFile(n)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(string(ar.Files[0].Data))
	}
	f.Add("crypto ca certificate chain X\n certificate 01\n    3082\n  quit\npolicy-map type inspect dns P\n parameters\n  message-length maximum 512\n")
	f.Fuzz(func(t *testing.T, text string) {
		d := New(Options{})
		if d.Load(text) == nil {
			fixpoint(t, d)
		}
	})
}

// TestSize loads 200,000 entries and inserts and deletes among them.
func TestSize(t *testing.T) {
	var b strings.Builder
	const n = 200_000
	for i := range n {
		fmt.Fprintf(&b, "access-list IN extended permit tcp host 10.%d.%d.%d any eq %d \n", i>>16, i>>8&255, i&255, 1024+i%60000)
	}
	d := New(Options{Enabled: true})
	began := time.Now()
	if err := d.Load(b.String()); err != nil {
		t.Fatal(err)
	}
	loaded := time.Since(began)
	s := d.login()
	s.Send("configure terminal")
	for i := range 500 {
		l := fmt.Sprintf("access-list IN line %d extended permit udp any host 192.168.0.%d eq %d", 1+i, i%200, 7000+i)
		if a := s.Send(l); a != "" {
			t.Fatal(a)
		}
	}
	for i := range 500 {
		l := fmt.Sprintf("no access-list IN line %d extended permit udp any host 192.168.0.%d eq %d", 500-i, (499-i)%200, 7499-i)
		if a := s.Send(l); a != "" {
			t.Fatal(l, a)
		}
	}
	edited := time.Since(began) - loaded
	d.Running()
	if total := time.Since(began); total > 2*time.Minute {
		t.Errorf("%d entries: loaded in %v, edited in %v, %v in all", n, loaded, edited, total)
	} else {
		t.Logf("loaded in %v, edited in %v, %v in all", loaded, edited, total)
	}
}
