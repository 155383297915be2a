package cisco_asa

import (
	"context"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/nbfwc/nbfwc/targets"
	"github.com/nbfwc/nbfwc/targets/targettest"
)

// script is a login on a device that answers as the documents print it. A line
// that it doesn't know is invalid input.
type script struct {
	prompt  string
	answers map[string]string // by line; "PROMPT|" before an answer changes the prompt
	typed   []string
}

func (s *script) Prompt() string      { return s.prompt }
func (s *script) Refused(string) bool { return false }
func (s *script) Close()              { s.prompt = "" }

func (s *script) Send(line string) string {
	s.typed = append(s.typed, line)
	answer, ok := s.answers[line]
	if !ok {
		return "               ^\nERROR: % Invalid input detected at '^' marker.\n"
	}
	if prompt, rest, ok := strings.Cut(answer, "|"); ok {
		s.prompt, answer = prompt, rest
	}
	return answer
}

// asaAnswers are those of an ordinary device.
var asaAnswers = map[string]string{
	"enable": "Password: |", enableSecret: "fw1# |", "terminal no monitor": "", "terminal pager 0": "",
	"show mode":     "Security context mode: single \n",
	"show firewall": "Firewall mode: Router\n",
	"show version": "\nCisco Adaptive Security Appliance Software Version 9.16(4)19 \nSSP Operating System Version 2.10(1.220)\nDevice Manager Version 7.18(1)\n\n" +
		"Compiled on Fri 04-Nov-22 01:14 PDT by builders\nSystem image file is \"disk0:/asa9164-19-smp-k8.bin\"\nConfig file at boot was \"startup-config\"\n\n" +
		"fw1 up 10 days 2 hours\n\nHardware:   ASA5516, 8192 MB RAM, CPU Atom C2000 series 2416 MHz, 1 CPU (8 cores)\nInternal ATA Compact Flash, 8192MB\n\n" +
		"Serial Number: JAD21500ABC\nConfiguration register is 0x1\nConfiguration last modified by alice at 10:11:12.345 UTC Mon Nov 2 2026\n",
	"show hostname": "fw1\n",
	"show failover": "Failover Off\nFailover unit Secondary\n",
}

const (
	contextTable = "Context Name      Class      Interfaces           Mode         URL\n" +
		"*admin            default    Management0/0        Routed       disk0:/admin.cfg\n" +
		" blue             default    GigabitEthernet0/0,  Routed       disk0:/blue.cfg\n" +
		"                             GigabitEthernet0/1\n\nTotal active Security Contexts: 2\n"
	onlyBlue = "Context Name      Class      Interfaces           Mode         URL\n blue             default    GigabitEthernet0/0   Routed       disk0:/blue.cfg\n"
	activeOf = "Failover On \nFailover unit Primary\nFailover LAN Interface: folink GigabitEthernet0/3 (up)\nThis host: "
)

// TestOpen: what a login becomes, on devices that answer as documents and
// recorded sessions print it.
func TestOpen(t *testing.T) {
	contexts := map[string]string{"show mode": "Security context mode: multiple \n", "changeto system": "fw1# |", "show context": contextTable, "changeto context blue": "fw1/blue# |"}
	confined := map[string]string{"show mode": "Security context mode: multiple \n", "changeto system": "Command not valid in current execution space\n", "show context": onlyBlue,
		"show version": "\nCisco Adaptive Security Appliance Software Version 9.16(4) <context>\nDevice Manager Version 7.18(1)\n\nfw1 up 10 days 2 hours\n"}
	for _, c := range []struct {
		what, prompt string
		answers      map[string]string
		context      string
		want         string // the identity, or what the error says
	}{
		{what: "a login that isn't privileged", prompt: "fw1> ", want: "fw1 ASA5516 9.16(4)19 JAD21500ABC"},
		{what: "a login that is", prompt: "fw1# ", want: "fw1 ASA5516 9.16(4)19 JAD21500ABC"},
		{what: "another enable secret", prompt: "fw1> ", answers: map[string]string{enableSecret: "Password: |Invalid password\n"}, want: "error: the login doesn't become privileged"},
		{what: "no enable at all", prompt: "fw1> ", answers: map[string]string{"enable": "Command authorization failed\n"}, want: "error: the login doesn't become privileged"},
		{what: "an active unit", prompt: "fw1/pri/act# ", answers: map[string]string{"show failover": activeOf + "Primary - Active \n\tActive time: 1 (sec)\n\tOther host: Secondary - Standby Ready \n"}, want: "fw1 ASA5516 9.16(4)19 JAD21500ABC pair"},
		{what: "a standby unit", prompt: "fw1/sec/stby# ", answers: map[string]string{"show failover": activeOf + "Secondary - Standby Ready \n\tOther host: Primary - Active \n"}, want: "fw1 ASA5516 9.16(4)19 JAD21500ABC pair standby"},
		{what: "a failed unit", prompt: "fw1# ", answers: map[string]string{"show failover": activeOf + "Secondary - Failed \n\tOther host: Primary - Active \n"}, want: "fw1 ASA5516 9.16(4)19 JAD21500ABC pair standby"},
		{what: "an active/active unit", prompt: "fw1# ", answers: map[string]string{"show failover": activeOf + "Primary\n Group 1       State:          Standby Ready\n\t\t Active time: 0\n"}, want: "fw1 ASA5516 9.16(4)19 JAD21500ABC pair standby"},
		{what: "a pair that doesn't say", prompt: "fw1# ", answers: map[string]string{"show failover": "Failover On\nFailover unit Primary\n"}, want: `error: "show failover" doesn't say`},
		{what: "the only unit, which has stepped back", prompt: "fw1# ", answers: map[string]string{"show failover": "Failover Off (pseudo-Standby)\n"}, want: "fw1 ASA5516 9.16(4)19 JAD21500ABC standby"},
		{what: "a context", prompt: "fw1/admin> ", answers: contexts, context: "blue", want: "fw1 ASA5516 9.16(4)19 JAD21500ABC"},
		{what: "a context that isn't there", prompt: "fw1/admin> ", answers: contexts, context: "green", want: `error: the device has no context "green"; it has admin, blue`},
		{what: "no context named", prompt: "fw1/admin> ", answers: contexts, want: "error: the device has security contexts, and the policy names none; it has admin, blue"},
		{what: "a context without contexts", prompt: "fw1> ", context: "blue", want: "error: the device has no security contexts"},
		{what: "an address of the context itself", prompt: "fw1/blue> ", answers: confined, context: "blue", want: "fw1  9.16(4) "},
		{what: "an address of another context", prompt: "fw1/blue> ", answers: confined, context: "green", want: "error: the login ends at context blue"},
		{what: "transparent mode", prompt: "fw1# ", answers: map[string]string{"show firewall": "Firewall mode: Transparent\n"}, want: "error: the device is in transparent firewall mode"},
		{what: "Firepower Threat Defense", prompt: "firepower# ", answers: map[string]string{"show version": "-------------------[ firepower ]--------------------\nModel : Cisco Firepower 2110 Threat Defense (77) Version 7.0.1 (Build 84)\nCisco Adaptive Security Appliance Software Version 99.16(2)18\nCisco Firepower Threat Defense for VMware\n"}, want: "error: the device is Firepower Threat Defense"},
		{what: "another device", prompt: "sw1# ", answers: map[string]string{"show version": "Cisco IOS Software, C2960 Software\n"}, want: "error: \"show version\": the device isn't a Cisco ASA"},
		{what: "no answer to show mode", prompt: "fw1# ", answers: map[string]string{"show mode": "ERROR: % Invalid input detected at '^' marker.\n"}, want: "error: \"show mode\": an unexpected answer"},
	} {
		s := &script{prompt: c.prompt, answers: maps.Clone(asaAnswers)}
		maps.Copy(s.answers, c.answers)
		got := ""
		console, err := targettest.Connect(s, Dialogue{}.Platform(), true, map[string]string{"enable": enableSecret})
		if err == nil {
			var id targets.Identity
			id, err = Dialogue{}.Open(context.Background(), console, targets.Partition{Context: c.context})
			got = strings.Join([]string{id.Hostname, id.Model, id.Version, id.Serial}, " ")
			if id.Pair {
				got += " pair"
			}
			if id.Standby {
				got += " standby"
			}
		}
		if err != nil {
			got = "error: " + err.Error()
		}
		if got != c.want && (!strings.HasPrefix(c.want, "error: ") || !strings.HasPrefix(got, c.want)) {
			t.Errorf("%s: %s\nwant %s", c.what, got, c.want)
		}
		if n := strings.Count(strings.Join(s.typed, "\n"), enableSecret); n > 1 {
			t.Errorf("%s: the secret was typed %d times", c.what, n)
		}
		for _, line := range s.typed {
			if line != enableSecret && !slices.Contains(ReadCommands(), strings.Replace(line, "context "+c.context, "context NAME", 1)) && !slices.Contains(ReadCommands(), line) {
				t.Errorf("%s: %q isn't in the list of what is typed to read", c.what, line)
			}
		}
	}
}

// TestDocumentedCommands: the documentation shows every line that is typed to
// read a device, and no other in that list.
func TestDocumentedCommands(t *testing.T) {
	text, err := os.ReadFile("../../docs/targets/cisco_asa.md")
	if err != nil {
		t.Fatal(err)
	}
	_, section, ok := strings.Cut(string(text), "\n## Over SSH\n")
	if !ok {
		t.Fatal("there is no section \"Over SSH\"")
	}
	_, list, _ := strings.Cut(section, "```\n")
	list, _, _ = strings.Cut(list, "```")
	if got, want := strings.Fields(list), strings.Fields(strings.Join(ReadCommands(), "\n")); !slices.Equal(got, want) {
		t.Errorf("it lists:\n%s\nthe code types:\n%s", list, strings.Join(ReadCommands(), "\n"))
	}
}

// TestHasSessions: configuration sessions came with 9.3(2).
func TestHasSessions(t *testing.T) {
	for version, want := range map[string]bool{"9.3(2)": true, "9.3(1)": false, "9.3": false, "9.12(4)": true, "9.2(4)5": false, "10.1(1)": true, "8.6(1)": false, "": false, "x": false} {
		if hasSessions(version) != want {
			t.Errorf("%q: %v", version, !want)
		}
	}
}

// TestContextNames reads rows of "show context" only.
func TestContextNames(t *testing.T) {
	if got := contextNames(contextTable); !slices.Equal(got, []string{"admin", "blue"}) {
		t.Errorf("%q", got)
	}
}

// TestSessionName: names fit, and different pushes have different ones.
func TestSessionName(t *testing.T) {
	long := strings.Repeat("a", 31)
	for _, id := range []string{"p1", long + "b", long + "c"} {
		if n := sessionName(id); len(n) > maxSessionName || !strings.HasPrefix(n, ownPrefix) {
			t.Errorf("%s: %s", id, n)
		}
	}
	if sessionName(long+"b") == sessionName(long+"c") || sessionName("p1") != "nbfwc-p1" {
		t.Error("two pushes share the name of their session")
	}
}
