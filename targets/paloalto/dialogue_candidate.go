package paloalto

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/xml"
	"errors"
	"fmt"
	"hash"
	"io"
	"strings"

	"github.com/nbfwc/nbfwc/targets"
)

// candidate is what a commit would make of the device.
func (Dialogue) candidate(ctx context.Context, s targets.Session) (string, error) {
	return ask(ctx, s, operational, document("show config candidate"))
}

// tables are those that a plan edits, below its vsys or device group.
var tables = []string{"tag", "address", "address-group", "service", "rulebase\x00security\x00rules", "pre-rulebase\x00security\x00rules"}

// editLines are the lines of a change that edit the candidate. Commits are left out:
// the dialogue has its own.
func editLines(c *targets.Change) ([]string, error) {
	var out []string
	for _, step := range c.Steps {
		for _, line := range step.Commands {
			p := planner{}
			p.checkCommand(line)
			verb, _, _ := strings.Cut(line, " ")
			switch {
			case len(p.problems) > 0:
				return nil, fmt.Errorf("%q: %s", line, p.problems[0].Why)
			case verb == "commit" || verb == "commit-all":
			case verb == "set" || verb == "delete" || verb == "move":
				out = append(out, line)
			default:
				return nil, fmt.Errorf("%q: a change of PAN-OS has no such command", line)
			}
		}
	}
	return out, nil
}

// touched are the objects and rules that lines edit: their paths below the vsys
// or device group, with NUL between the words.
func touched(lines []string) map[string]bool {
	out := map[string]bool{}
	for _, line := range lines {
		w := commandWords(line)[1:]
		if len(w) > 2 && (w[0] == "vsys" || w[0] == "device-group") {
			w = w[2:]
		}
		n := 1
		if len(w) > 3 && strings.HasSuffix(w[0], "rulebase") {
			n = 3
		}
		if len(w) > n {
			out[strings.Join(w[:n+1], "\x00")] = true
		}
	}
	return out
}

// commandWords are the words of a command; double quotes keep words together.
func commandWords(line string) []string {
	var out []string
	for line = strings.TrimSpace(line); line != ""; line = strings.TrimLeft(line, " ") {
		if line[0] == '"' {
			word, rest, _ := strings.Cut(line[1:], `"`)
			out, line = append(out, word), rest
			continue
		}
		word, rest, _ := strings.Cut(line, " ")
		out, line = append(out, word), rest
	}
	return out
}

// outline is a digest of a configuration in XML without the objects and rules of
// skip, which are those of a vsys or device group. Attributes other than names
// are not in it, nor are tables that are empty.
func outline(text string, context string, skip map[string]bool) ([sha256.Size]byte, error) {
	o := outliner{sum: sha256.New(), skip: skip}
	for _, kind := range []string{"vsys", "device-group"} {
		o.ours = append(o.ours, "config\x00devices\x00localhost.localdomain\x00"+kind+"\x00"+context)
	}
	d := xml.NewDecoder(strings.NewReader(text))
	for {
		t, err := d.RawToken()
		if err == io.EOF && len(o.stack) == 0 && o.any {
			return [sha256.Size]byte(o.sum.Sum(nil)), nil
		}
		if err == io.EOF {
			err = errors.New("it ends in the middle")
		}
		if err == nil {
			err = o.token(t)
		}
		if err != nil {
			return [sha256.Size]byte{}, fmt.Errorf("the configuration isn't whole XML: %w", err)
		}
	}
}

// outliner hashes elements. Those around something are hashed when the first
// thing in them is, so that empty ones can be left out.
type outliner struct {
	sum   hash.Hash
	ours  []string // paths of what may be our scope
	skip  map[string]bool
	stack []*opened
	any   bool
}

// opened is an element that hasn't ended.
type opened struct {
	name, path    string
	text          []byte
	kids, written bool
	left, wrapper bool
	place         string // below our scope, "" for elsewhere
}

func (o *outliner) token(t xml.Token) error {
	switch t := t.(type) {
	case xml.StartElement:
		if len(o.stack) > 200 {
			return errors.New("elements stand too deep")
		}
		o.start(t)
	case xml.CharData:
		if n := len(o.stack); n > 0 && !o.stack[n-1].kids {
			o.stack[n-1].text = append(o.stack[n-1].text, t...)
		}
	case xml.EndElement:
		n := len(o.stack)
		if n == 0 || o.stack[n-1].name != t.Name.Local {
			return fmt.Errorf("an end of %q without a beginning", clean(t.Name.Local, 40))
		}
		o.end(o.stack[n-1])
		o.stack = o.stack[:n-1]
	}
	return nil
}

func (o *outliner) start(t xml.StartElement) {
	o.any = true
	e := &opened{name: t.Name.Local}
	word := t.Name.Local
	for _, a := range t.Attr {
		if a.Name.Local == "name" && word == "entry" {
			word = a.Value
		}
	}
	e.wrapper = len(o.stack) < 2 && (word == "response" || word == "result")
	e.path = word
	if n := len(o.stack); n > 0 {
		up := o.stack[n-1]
		up.kids = true
		e.left = up.left
		if !up.wrapper {
			e.path = up.path + "\x00" + word
		}
	}
	for _, scope := range o.ours {
		if rest, ok := strings.CutPrefix(e.path, scope+"\x00"); ok && !e.left {
			e.place = rest
		}
	}
	e.left = e.left || e.place != "" && o.skip[e.place]
	o.stack = append(o.stack, e)
}

func (o *outliner) end(e *opened) {
	text := bytes.TrimSpace(e.text)
	switch {
	case e.left || e.wrapper:
		return
	case !e.kids && (len(text) > 0 || !container(e.place)):
		for _, up := range o.stack {
			if !up.written && !up.wrapper {
				up.written = true
				o.write('<', []byte(up.path[strings.LastIndexByte(up.path, 0)+1:]))
			}
		}
		o.write('=', text)
	}
	if e.written {
		o.write('>', nil)
	}
}

// container says whether a place below our scope is a table that a plan edits,
// or around one.
func container(place string) bool {
	if place == "" {
		return false
	}
	for _, t := range tables {
		if t == place || strings.HasPrefix(t, place+"\x00") {
			return true
		}
	}
	return false
}

func (o *outliner) write(kind byte, text []byte) {
	// A hash takes all that is written.
	_, _ = fmt.Fprintf(o.sum, "%c%d:%s", kind, len(text), text)
}
