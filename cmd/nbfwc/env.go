package main

import (
	"io"
	"os"
	"strings"
	"time"

	"golang.org/x/term"
)

// env is all that the program knows of the world outside its files, so that
// tests run the real program inside their own process.
type env struct {
	args           []string // without the program's name
	stdin          io.Reader
	stdout, stderr io.Writer
	environ        []string
	now            func() time.Time
	// width of the terminal that stdout is, 0 if it is none; errWidth the same
	// for stderr.
	width, errWidth int
}

func processEnv() env {
	return env{
		args:     os.Args[1:],
		stdin:    os.Stdin,
		stdout:   os.Stdout,
		stderr:   os.Stderr,
		environ:  os.Environ(),
		now:      time.Now,
		width:    terminalWidth(os.Stdout),
		errWidth: terminalWidth(os.Stderr),
	}
}

func terminalWidth(f *os.File) int {
	if !term.IsTerminal(int(f.Fd())) {
		return 0
	}
	if width, _, err := term.GetSize(int(f.Fd())); err == nil && width > 20 {
		return width
	}
	return 80
}

// textWidth is the width that human output is made for: the terminal's, and 80
// columns where there is none.
func (e *env) textWidth() int {
	if e.width > 0 {
		return e.width
	}
	return 80
}

// errTextWidth is the same for stderr.
func (e *env) errTextWidth() int {
	if e.errWidth > 0 {
		return e.errWidth
	}
	return 80
}

// colour says whether diagnostics on stderr may be coloured: only on a
// terminal, and not if NO_COLOR is set (no-color.org) or TERM is dumb.
func (e *env) colour() bool {
	if e.errWidth == 0 {
		return false
	}
	for _, kv := range e.environ {
		if name, value, _ := strings.Cut(kv, "="); name == "NO_COLOR" && value != "" || kv == "TERM=dumb" {
			return false
		}
	}
	return true
}
