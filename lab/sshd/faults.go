package sshd

import (
	"io"
	"net"
	"sync/atomic"
	"time"
)

// Faults are what goes wrong between a client and the device. Commands are
// lines that are typed at a prompt; answers to questions of the device and keys
// aren't. Commands and bytes of output are counted over all logins, from 1,
// since the faults were set: what happens at one of them happens once.
type Faults struct {
	// Chunk is how many bytes are sent at a time; Delay comes between. Without
	// it, output comes in pieces as large as they can be.
	Chunk int
	Delay time.Duration
	// PromptPause is how long nothing is sent after anything that looks like the
	// end of a prompt, wherever it stands.
	PromptPause time.Duration
	// CutPrompt sends every prompt in two halves, with this pause between.
	CutPrompt time.Duration
	// Escapes puts sequences for a terminal into answers and before prompts.
	Escapes bool
	// WrapOutput breaks lines of output after so many columns.
	WrapOutput int
	// Noise is a line that comes after the first line of every NoiseEvery-th
	// answer.
	Noise      string
	NoiseEvery int

	// DropBefore cuts the connection when this command has come: it isn't done.
	DropBefore int
	// DropAfter cuts it when this command has been done, before the answer.
	DropAfter int
	// DropAtByte cuts it after this byte of output.
	DropAtByte int64
	// HangBefore falls silent when this command has come: it isn't done.
	HangBefore int
	// HangAfter falls silent when it has been done, before the answer.
	HangAfter int
	// Gone refuses connections after a cut, until other faults are set.
	Gone bool
	// Reset cuts with a TCP reset; otherwise the connection is closed.
	Reset bool

	// LoginDelay comes before the answer to a password, ShellDelay before the
	// first prompt.
	LoginDelay, ShellDelay time.Duration
	// DenyAll lets nobody in.
	DenyAll bool
	// CutDenied closes the connection at the first wrong password; otherwise
	// there are three tries.
	CutDenied bool
	// Mute connections are accepted, and nothing is ever said.
	Mute bool
	// Exit is how a login ends that the device ends.
	Exit Exit
}

// Exit is how the end of a login reaches the client.
type Exit uint8

const (
	// ExitAll: the exit status, the end of the channel, and of the connection.
	ExitAll Exit = iota
	// ExitChannel: the channel ends, the connection is left open.
	ExitChannel
	// ExitConnection: the connection is closed without a word.
	ExitConnection
)

// faultState are faults and what has been counted for them.
type faultState struct {
	Faults
	commands, answers, bytes atomic.Int64
	cut                      atomic.Bool
}

func (f *faultState) gone() bool { return f.Gone && f.cut.Load() }

// shapes says whether output is sent otherwise than as it comes.
func (f *faultState) shapes() bool { return f.Chunk > 0 || f.PromptPause > 0 || f.DropAtByte > 0 }

// sever cuts a connection.
func (f *faultState) sever(c net.Conn) {
	f.cut.Store(true)
	if t, ok := c.(*net.TCPConn); ok && f.Reset {
		t.SetLinger(0)
	}
	c.Close()
}

// shaped is output on its way through the faults.
type shaped struct {
	w     io.Writer
	f     *faultState
	sever func()
	sleep func(time.Duration) bool
}

// Write sends what it is given in pieces.
func (s shaped) Write(p []byte) (int, error) {
	done := 0
	for done < len(p) {
		rest := p[done:]
		n, pause := s.piece(rest)
		last := false
		if limit := s.f.DropAtByte; limit > 0 {
			was := s.f.bytes.Add(int64(n)) - int64(n)
			if was < limit && was+int64(n) >= limit {
				n, last = int(limit-was), true
			}
		}
		m, err := s.w.Write(rest[:n])
		done += m
		if err != nil {
			return done, err
		}
		if last {
			s.sever()
			return done, io.ErrClosedPipe
		}
		if !s.sleep(pause) {
			return done, io.ErrClosedPipe
		}
	}
	return done, nil
}

// piece is how many bytes are sent next, and the pause after them.
func (s shaped) piece(p []byte) (n int, pause time.Duration) {
	n = len(p)
	if s.f.Chunk > 0 && s.f.Chunk < n {
		n = s.f.Chunk
	}
	if s.f.Chunk > 0 {
		pause = s.f.Delay
	}
	if s.f.PromptPause > 0 {
		for i, b := range p[:n] {
			if b != '#' && b != '>' && b != '$' {
				continue
			}
			if i+1 < n && p[i+1] == ' ' {
				i++
			}
			return i + 1, s.f.PromptPause
		}
	}
	return n, pause
}
