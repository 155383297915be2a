package asa

import (
	"strings"
	"testing"
)

// What a configuration prints can be typed as it stands: behind the lines of a
// class, "service-policy NAME global" is for all interfaces, and only
// "service-policy NAME" is of the class.
func TestServicePolicyBehindAClass(t *testing.T) {
	d := New(Options{Enabled: true})
	s := d.Login()
	for _, line := range []string{
		"configure terminal", "no service-policy global_policy global", "class-map C", "match any", "policy-map child", "class C", "set connection timeout idle 0:30:00",
		"policy-map all", "class C", "set connection timeout idle 1:00:00", "service-policy child", "service-policy all global", "end",
	} {
		if answer := s.Send(line); s.Refused(answer) {
			t.Fatalf("%q: %s", line, answer)
		}
	}
	running := d.Running()
	for _, want := range []string{"\n  service-policy child\n", "\nservice-policy all global\n"} {
		if !strings.Contains(running, want) {
			t.Errorf("no %q in\n%s", want, running)
		}
	}
	s.Send("configure terminal")
	s.Send("policy-map all")
	s.Send("class C")
	if answer := s.Send("no service-policy all global"); s.Refused(answer) || strings.Contains(d.Running(), "\nservice-policy all") {
		t.Errorf("%q\n%s", answer, d.Running())
	}
}
