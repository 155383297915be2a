package asa

import (
	"fmt"
	"strings"
)

// refusal is an answer of the device, one or more whole lines, that means that
// the command was not done.
type refusal string

func (r refusal) Error() string { return string(r) }

func refuse(format string, args ...any) error {
	return refusal(fmt.Sprintf(format, args...))
}

// invalid is a word that the command line doesn't know, by its column.
type invalid int

func (invalid) Error() string { return "ERROR: % Invalid input detected at '^' marker." }

const errIncomplete = refusal("ERROR: % Incomplete command")

func ambiguous(line string) error {
	return refuse("ERROR: %% Ambiguous command:  %q", strings.TrimSpace(line))
}

// input is a command line and how far it has been read.
type input struct {
	text string
	at   int
}

// skip moves over blanks.
func (in *input) skip() {
	for in.at < len(in.text) && (in.text[in.at] == ' ' || in.text[in.at] == '\t') {
		in.at++
	}
}

// end says that no word is left.
func (in *input) end() bool {
	in.skip()
	return in.at >= len(in.text)
}

// peek returns the next word without reading it, "" at the end.
func (in *input) peek() string {
	in.skip()
	rest := in.text[in.at:]
	if i := strings.IndexAny(rest, " \t"); i >= 0 {
		return rest[:i]
	}
	return rest
}

// word reads the next word.
func (in *input) word() (string, error) {
	w := in.peek()
	if w == "" {
		return "", errIncomplete
	}
	in.at += len(w)
	return w, nil
}

// rest reads everything that is left, without the blanks around it.
func (in *input) rest() string {
	in.skip()
	r := in.text[in.at:]
	in.at = len(in.text)
	return strings.TrimRight(r, " \t")
}

// bad is the error that points at the next word.
func (in *input) bad() error {
	if in.end() {
		return errIncomplete
	}
	return invalid(in.at)
}

// done is an error if a word is left.
func (in *input) done() error {
	if in.end() {
		return nil
	}
	return invalid(in.at)
}

// choose returns the keyword that tok means: itself or the only one that it
// begins. more says that it begins several.
func choose(tok string, words []string) (word string, more bool) {
	for _, w := range words {
		if strings.EqualFold(tok, w) {
			return w, false
		}
	}
	for _, w := range words {
		if len(tok) < len(w) && strings.EqualFold(tok, w[:len(tok)]) {
			if word != "" {
				return "", true
			}
			word = w
		}
	}
	return word, false
}

// keyword reads one of the words.
func (in *input) keyword(words ...string) (string, error) {
	tok := in.peek()
	if tok == "" {
		return "", errIncomplete
	}
	w, more := choose(tok, words)
	switch {
	case more:
		return "", ambiguous(in.text)
	case w == "":
		return "", invalid(in.at)
	}
	in.at += len(tok)
	return w, nil
}

// accept reads the next word if it is one of the words, else it returns "".
func (in *input) accept(words ...string) string {
	tok := in.peek()
	if tok == "" {
		return ""
	}
	w, more := choose(tok, words)
	if w == "" || more {
		return ""
	}
	in.at += len(tok)
	return w
}

// name reads a name of at most limit characters.
func (in *input) name(limit int) (string, error) {
	in.skip()
	at := in.at
	w, err := in.word()
	if err != nil {
		return "", err
	}
	if len(w) > limit {
		return "", invalid(at)
	}
	return w, nil
}

// number reads a decimal number between lo and hi.
func (in *input) number(lo, hi int) (int, error) {
	w := in.peek()
	n, ok := decimal(w)
	if !ok || n < lo || n > hi {
		return 0, in.bad()
	}
	in.at += len(w)
	return n, nil
}

// decimal reads a number of at most nine digits.
func decimal(w string) (int, bool) {
	if w == "" || len(w) > 9 {
		return 0, false
	}
	n := 0
	for i := range len(w) {
		if w[i] < '0' || w[i] > '9' {
			return 0, false
		}
		n = n*10 + int(w[i]-'0')
	}
	return n, true
}

// call is one command on its way through the device.
type call struct {
	d   *Device
	s   *Session
	cfg *config
	in  input
	no  bool
	out strings.Builder
}

// say answers with a line that is no refusal.
func (c *call) say(format string, args ...any) {
	fmt.Fprintf(&c.out, format+"\n", args...)
}

// forward says that references may point at what comes later.
func (c *call) forward() bool { return c.s.loading || c.cfg.forwardRef }
