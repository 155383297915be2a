package main

import (
	"bytes"
	"errors"
	"strings"
	"testing"
)

// screen is what a terminal shows of lines that are wiped out and drawn anew.
func screen(text string) []string {
	var lines []string
	for text != "" {
		if rest, up := strings.CutPrefix(text, "\x1b[1A\x1b[2K"); up {
			lines, text = lines[:len(lines)-1], rest
			continue
		}
		line, rest, _ := strings.Cut(text, "\n")
		lines, text = append(lines, line), rest
	}
	return lines
}

// On a terminal there is a line for each firewall that is worked on and one that
// counts, and nothing is left of them at the end. What a device says can't move
// the cursor.
func TestProgressOnATerminal(t *testing.T) {
	var out bytes.Buffer
	p := newProgress(&env{stderr: &out, errWidth: 40})
	p.begin(3)
	p.doing("edge", "connecting")
	p.doing("core", "reading the configuration of a device with a long name")
	if got := strings.Join(screen(out.String()), "|"); got != "edge: connecting|core: reading the configuration of a d…|0 of 3" {
		t.Errorf("%s", got)
	}
	p.doing("edge", "\x1b[2Jplanning")
	p.end("core", errors.New("no answer"))
	p.end("edge", nil)
	p.doing("dmz", "connecting")
	if got := strings.Join(screen(out.String()), "|"); got != "dmz: connecting|2 of 3, 1 failed" || strings.Contains(out.String(), "\x1b[2J") {
		t.Errorf("%q", got)
	}
	p.end("dmz", nil)
	p.finish()
	if got := screen(out.String()); len(got) != 0 {
		t.Errorf("left: %q", got)
	}
}

// Elsewhere there are plain lines, for a push only: an audit of a thousand
// devices prints its findings.
func TestProgressInAFile(t *testing.T) {
	var out bytes.Buffer
	p := newProgress(&env{stderr: &out})
	p.begin(1)
	p.doing("edge", "connecting")
	p.verbose = true
	p.doing("edge", "making the change")
	p.doing("edge", "making the change")
	p.end("edge", nil)
	p.finish()
	if out.String() != "edge: making the change\n" {
		t.Errorf("%q", out.String())
	}
}
