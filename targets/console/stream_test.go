package console

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/nbfwc/nbfwc/targets"
)

// byBytes sends each byte alone.
func byBytes(out io.Writer, text []byte) error {
	for i := range text {
		if _, err := out.Write(text[i : i+1]); err != nil {
			return err
		}
	}
	return nil
}

// pausing sends text in pieces that end just after what looks like a prompt, or
// a pager, and waits there longer than any round trip.
func pausing(marks ...string) func(io.Writer, []byte) error {
	return func(out io.Writer, text []byte) error {
		for len(text) > 0 {
			n := len(text)
			for _, m := range marks {
				if i := strings.Index(string(text), m); i >= 0 {
					n = min(n, i+len(m))
				}
			}
			if _, err := out.Write(text[:n]); err != nil {
				return err
			}
			if text = text[n:]; len(text) > 0 {
				time.Sleep(40 * time.Millisecond)
			}
		}
		return nil
	}
}

const lookAlikes = `access-list OUT remark fw01# 
fw01# 
fw01> 
fw01(config)# 
fw01# 
fw01# 
fw01# show version
access-list OUT extended deny ip any any
 fw01#
Password: 
[confirm]
: end
fw01# 
access-list OUT remark the last
`

// Remarks, banners and descriptions can look like prompts, and the network can
// end a chunk right there: the answers stay whole, and each command has its own.
func TestLookAlikesDoNotCutAnswers(t *testing.T) {
	for name, pace := range map[string]func(io.Writer, []byte) error{
		"at once": nil, "byte by byte": byBytes, "a pause after each look-alike": pausing("fw01# ", "fw01> ", "(config)# ", "Password: ", "fw01#"),
		"a pause before each line end": pausing("#", " ", "\r"),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := newDevice()
			d.pace = pace
			d.answers = map[string]string{"show running-config": lookAlikes, "show version": "Version 9.16(4)\n", "show clock": "fw01# \n"}
			d.start(t)
			s := d.dial(t)
			mustDo(t, s, enable)
			for range 2 {
				got := mustDo(t, s, read("show running-config"), read("show version"), read("show clock"))
				if want := []string{lookAlikes, "Version 9.16(4)\n", "fw01# \n"}; !slices.Equal(got, want) {
					t.Fatalf("got %q", got)
				}
			}
		})
	}
}

// Each device's way of showing long lines ends in the same answers.
func TestEchoes(t *testing.T) {
	long := "show running-config object-group network NBU-G-" + strings.Repeat("client-and-media-servers-", 6) + "end"
	for _, echo := range []string{"", "none", "wrap", "wrapblank", "scroll", "weak"} {
		for name, pace := range map[string]func(io.Writer, []byte) error{
			"at once": nil, "byte by byte": byBytes, "a pause in each prompt": pausing("#"),
		} {
			t.Run(echo+" "+name, func(t *testing.T) {
				t.Parallel()
				d := newDevice()
				d.echo, d.pace = echo, pace
				d.answers = map[string]string{long: "object-group network X\n", "show version": "Version 9.16(4)\n"}
				d.start(t)
				s := d.dial(t)
				for range 2 {
					got := mustDo(t, s, enable, read(long), read("show version"), read(long))
					if want := []string{"Password: \n", "object-group network X\n", "Version 9.16(4)\n", "object-group network X\n"}; !slices.Equal(got, want) {
						t.Fatalf("got %q", got)
					}
				}
			})
		}
	}
}

// A banner may hold anything, be cut anywhere and end late.
func TestBanners(t *testing.T) {
	banners := map[string]string{
		"none":                   "",
		"prompts in it":          "welcome to\nfw99# \nfw01# \nfw01# \nfw01> \nbe good\n",
		"a prompt without a end": "fw01# not yet\nlast login: today\r",
		"escapes":                "\x1b[2J\x1b[1;31mALARM\x1b[0m\x07\n\x1b]0;title\x07",
		"a question":             "Do you accept?\n#\n>\n",
	}
	for name, banner := range banners {
		for how, pace := range map[string]func(io.Writer, []byte) error{
			"at once": nil, "byte by byte": byBytes, "cut inside the prompt": pausing("fw", "01", "# ", "> "),
		} {
			t.Run(name+", "+how, func(t *testing.T) {
				t.Parallel()
				d := newDevice()
				d.banner, d.pace = banner, pace
				d.answers = map[string]string{"show version": "Version 9.16(4)\n"}
				d.start(t)
				s := d.dial(t)
				if s.Mode() != "exec" || s.p.host != "fw01" {
					t.Errorf("mode %q of host %q", s.Mode(), s.p.host)
				}
				if got := mustDo(t, s, read("show version")); got[0] != "Version 9.16(4)\n" {
					t.Errorf("got %q", got)
				}
			})
		}
	}
}

// Some devices throw away what was typed before the first prompt.
func TestTypeAheadIsLostAtLogin(t *testing.T) {
	d := newDevice()
	d.banner, d.flush = "fw01> \n", true
	d.pace = pausing("> ")
	d.answers = map[string]string{"show version": "Version 9.16(4)\n"}
	d.start(t)
	s := d.dial(t)
	if got := mustDo(t, s, read("show version")); got[0] != "Version 9.16(4)\n" {
		t.Errorf("got %q", got)
	}
}

// Pages are turned, and what the pager showed is not in the answer; a line that
// looks like the pager is.
func TestPages(t *testing.T) {
	var text strings.Builder
	for i := range 51 {
		fmt.Fprintf(&text, "line %d\n", i)
		if i%7 == 0 {
			text.WriteString("\n<--- More --->\nfw01# \n")
		}
	}
	for name, pace := range map[string]func(io.Writer, []byte) error{
		"at once": nil, "byte by byte": byBytes, "pauses": pausing("--->", "# ", "\r"),
	} {
		for _, eat := range []bool{false, true} {
			if eat && name != "at once" {
				// A blank that was typed at a line of text turns the next page before
				// anybody sees its pager, which nothing tells from text then.
				continue
			}
			t.Run(fmt.Sprint(name, ", not erased: ", eat), func(t *testing.T) {
				t.Parallel()
				d := newDevice()
				d.page, d.eatPage, d.pace = 9, eat, pace
				d.answers = map[string]string{"show x": text.String(), "show version": "Version 9.16(4)\n"}
				d.start(t)
				s := d.dial(t)
				got := mustDo(t, s, read("show x"), read("show version"))
				if got[0] != text.String() || got[1] != "Version 9.16(4)\n" {
					t.Errorf("got %q", got)
				}
			})
		}
	}
}

// Nothing that a terminal or a report acts upon gets through.
func TestEscapesAreGone(t *testing.T) {
	d := newDevice()
	d.answers = map[string]string{
		"show x": "\x1b[31mred\x1b[0m and \x1b]0;title\x07plain\x00\n" +
			"12345\rabc\nwrong\b\b\b\b\bright\n\x1b[5Cmoved\x1b[Kx\n\x01\x9b2J caf\u00e9 \u202etxt.exe\n\u0085 \x1b=.\n",
	}
	d.start(t)
	for name, pace := range map[string]func(io.Writer, []byte) error{"at once": nil, "byte by byte": byBytes} {
		d.pace = pace
		s := d.dial(t)
		got := mustDo(t, s, read("show x"))[0]
		want := "red and plain\nabc\nright\nmovedx\n\\x01\\x9b2J café \\u202etxt.exe\n"
		if !strings.HasPrefix(got, want) {
			t.Errorf("%s: got %q", name, got)
		}
		if i := strings.IndexFunc(got, func(r rune) bool { return r < ' ' && r != '\n' || r == 0x7f }); i >= 0 {
			t.Errorf("%s: a control character in %q", name, got[i:])
		}
	}
}

// What is typed ahead is answered one by one, and nothing is typed after an
// answer that isn't accepted.
func TestAhead(t *testing.T) {
	const n, bad = 3000, 1700
	for _, echo := range []string{"", "scroll", "wrap", "wrapblank", "none", "weak"} {
		t.Run(echo, func(t *testing.T) {
			t.Parallel()
			n, bad := n, bad
			if echo == "none" || echo == "weak" { // a line at a time, each with some quiet
				n, bad = 6, 3
			}
			d := newDevice()
			d.echo = echo
			d.show = func(line string) (string, bool) {
				if strings.HasPrefix(line, "say ") {
					return strings.TrimPrefix(line, "say ") + "\n", true
				}
				return "", false
			}
			d.start(t)
			s := d.dial(t)
			var list []targets.Command
			var want []string
			for i := range n {
				line := fmt.Sprintf("say line %d of the change with a name that is so long that it does not fit into a line", i)
				list = append(list, targets.Command{Line: line, Ahead: true, Accept: []string{`line \d+ .*`}})
				want = append(want, strings.TrimPrefix(line, "say ")+"\n")
			}
			if got := mustDo(t, s, list...); !slices.Equal(got, want) {
				t.Fatalf("the answers differ")
			}
			list[bad].Line = "frobnicate"
			before := len(d.lines())
			got, err := s.Do(t.Context(), list...)
			var refused *targets.AnswerError
			if !errors.As(err, &refused) || refused.Command != "frobnicate" {
				t.Fatalf("error %v", err)
			}
			if !slices.Equal(got[:bad], want[:bad]) || len(got) != bad+1 || !strings.HasPrefix(got[bad], "ERROR: ") {
				t.Errorf("%d answers, the last %q", len(got), got[len(got)-1])
			}
			if typed := len(d.lines()) - before; typed > bad+1+2*window/len(list[0].Line) {
				t.Errorf("%d lines were typed although line %d was refused", typed, bad)
			}
			// The session goes on in step.
			if got := mustDo(t, s, list[0]); got[0] != want[0] {
				t.Errorf("the next answer is %q", got[0])
			}
		})
	}
}

// What a device prints for an empty line is no part of answers if it always
// does; news are.
func TestEmptyLines(t *testing.T) {
	d := newDevice()
	d.before = "\r\n[edit]\r\n"
	d.answers = map[string]string{"show version": "Version\n", "show | last": "}\n"}
	d.start(t)
	s := d.dial(t)
	edit := targets.Command{Line: "configure terminal", Then: "config", Accept: []string{`\[edit\]`}}
	set := targets.Command{Line: "object x", Accept: []string{`\[edit\]`}}
	got := mustDo(t, s, read("show version"), edit, read("show | last"), set)
	if want := []string{"Version\n", "\n[edit]\n", "}\n\n[edit]\n", "\n[edit]\n"}; !slices.Equal(got, want) {
		t.Errorf("got %q", got)
	}
	d.blank = "your transaction has expired\r\n"
	var refused *targets.AnswerError
	if _, err := s.Do(t.Context(), set); !errors.As(err, &refused) || !strings.Contains(err.Error(), "expired") {
		t.Errorf("error %v", err)
	}
	// What it prints from the first prompt on is no news.
	d.before = ""
	s = d.dial(t)
	if got := mustDo(t, s, read("show version")); got[0] != "Version\n" {
		t.Errorf("got %q", got)
	}
}

// A question between the login and the first prompt is answered.
func TestGreeting(t *testing.T) {
	for name, pace := range map[string]func(io.Writer, []byte) error{"at once": nil, "byte by byte": byBytes} {
		d := newDevice()
		d.accept, d.pace = "(Press 'a' to accept):", pace
		d.answers = map[string]string{"show version": "Version\n"}
		d.start(t)
		s := d.dial(t, func(o *Options) {
			o.Platform.Greeting = []targets.Question{{Ask: `\(Press 'a' to accept\): ?`, Answer: "a", Key: true}}
		})
		if got := mustDo(t, s, read("show version")); got[0] != "Version\n" {
			t.Errorf("%s: got %q", name, got)
		}
		if typed := strings.TrimSpace(strings.Join(d.lines(), "")); typed != "show version" {
			t.Errorf("%s: typed %q", name, typed)
		}
	}
}

// A terminal that breaks lines makes two rules of one: such an answer is refused.
func TestBrokenLines(t *testing.T) {
	rule := "access-list OUT extended permit tcp object-group NBU-G-CORE object-group NBU-G-APPLICATIONS eq 1556"
	d := newDevice()
	d.answers = map[string]string{
		"show broken": "hostname fw01\n" + rule[:80] + "\n" + rule[80:] + "\nend\n",
		"show whole":  "hostname fw01\n" + rule + "\nend\n",
		"show table":  strings.Repeat("-", 80) + "\nshort\n",
		"show short":  rule[:79] + "\n",
	}
	d.start(t)
	s := d.dial(t)
	mustDo(t, s, read("show table"), read("show short"))
	// A list of files may have a line of just that length; a configuration must not.
	mustDo(t, s, read("show broken"))
	config := read("show broken")
	config.Private = true
	var refused *targets.AnswerError
	if _, err := s.Do(t.Context(), config); !errors.As(err, &refused) || !strings.Contains(err.Error(), "80 columns") {
		t.Errorf("error %v", err)
	}
	// Where longer lines were seen, the terminal doesn't break them.
	mustDo(t, s, read("show whole"), config)
}
