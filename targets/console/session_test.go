package console

import (
	"strings"
	"testing"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// An engineer logs in, becomes privileged and reads.
func TestSession(t *testing.T) {
	d := newDevice()
	d.banner = "\n*** authorised use only ***\nType help or '?' for a list of available commands.\n"
	d.answers = map[string]string{"show version": "Cisco Adaptive Security Appliance Software Version 9.16(4)\n\nfw01 up 3 days\n"}
	d.start(t)
	s := d.dial(t)
	if s.Mode() != "exec" {
		t.Errorf("the session begins in mode %q", s.Mode())
	}
	got := mustDo(t, s, read("show version"), enable)
	if got[0] != d.answers["show version"] {
		t.Errorf("show version: %q", got[0])
	}
	if s.Mode() != "enable" {
		t.Errorf("mode %q after enable", s.Mode())
	}
	client, device := s.Ends()
	if device != d.addr || client.Addr() != d.addr.Addr() {
		t.Errorf("the ends are %s and %s", client, device)
	}
	if n := strings.Count(strings.Join(d.lines(), "\n"), "show version"); n != 1 {
		t.Errorf("it was typed %d times", n)
	}
}
