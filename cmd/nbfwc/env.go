package main

import (
	"context"
	"io"
	"os"
	"os/signal"
	"os/user"
	"strings"
	"sync"
	"syscall"
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
	// who is the user and the host ("alice@admin1").
	who string
	// interrupts begins to wait for the user who wants to stop; only what has
	// something to put in order then asks for it. nil stands for no such user.
	interrupts func() *interrupts
	// width of the terminal that stdout is, 0 if it is none; errWidth the same
	// for stderr.
	width, errWidth int
}

func processEnv() env {
	return env{
		args:       os.Args[1:],
		stdin:      os.Stdin,
		stdout:     os.Stdout,
		stderr:     os.Stderr,
		environ:    os.Environ(),
		now:        time.Now,
		who:        who(),
		interrupts: signalled,
		width:      terminalWidth(os.Stdout),
		errWidth:   terminalWidth(os.Stderr),
	}
}

// who is the user and the host.
func who() string {
	name, host := "unknown", "unknown"
	if u, err := user.Current(); err == nil {
		name = u.Username
	}
	if h, err := os.Hostname(); err == nil {
		host = h
	}
	return name + "@" + host
}

// interrupts are the user's wishes to stop.
type interrupts struct {
	// The first one ends the context: put things in order. The second one closes
	// giveUp: leave them. The third ends the program.
	context.Context
	giveUp chan struct{}
	// stop must be called when nothing has to be put in order any more.
	stop func()
}

func (e *env) interruptible() *interrupts {
	if e.interrupts != nil {
		return e.interrupts()
	}
	ctx, cancel := context.WithCancel(context.Background())
	return &interrupts{Context: ctx, giveUp: make(chan struct{}), stop: cancel}
}

// signalled are the interrupts of a process.
func signalled() *interrupts {
	ctx, cancel := context.WithCancel(context.Background())
	signals := make(chan os.Signal, 3)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	i := &interrupts{Context: ctx, giveUp: make(chan struct{})}
	ended := make(chan struct{})
	i.stop = sync.OnceFunc(func() {
		signal.Stop(signals)
		close(ended)
		cancel()
	})
	go func() {
		for n := 0; n < 2; n++ {
			select {
			case <-signals:
			case <-ended:
				return
			}
			if n == 0 {
				cancel()
				continue
			}
			signal.Stop(signals)
			close(i.giveUp)
		}
	}()
	return i
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
