package console

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/netip"
	"strings"
	"sync"
	"time"

	"github.com/scrapli/scrapligo/transport"
	"golang.org/x/crypto/ssh"
)

// wire is the transport that scrapligo's channel reads and writes. That channel
// has a queue without bound, loses what is queued when the peer closes, and
// tells nobody when something comes. So the wire lends: it hands a chunk to the
// channel only for a credit, which the session gives back for each chunk that it
// has taken out of the queue, and it knows that a chunk is in the queue when
// the channel comes for the next one.
type wire struct {
	ctx  context.Context // for Open only
	o    *Options
	addr netip.AddrPort
	// program is started instead of the login shell.
	program string

	way  *way
	ch   ssh.Channel
	done chan struct{} // closed with the wire
	once sync.Once

	lent    bool          // the channel has a chunk that isn't in its queue yet
	credit  chan struct{} // chunks that may be handed out
	queued  chan struct{} // chunks that are in the queue
	ended   chan struct{} // closed when the device has ended the session
	endErr  error         // why; set before ended is closed
	raw     []byte
	text    []byte
	filter  filter
	workers sync.WaitGroup
}

var _ transport.Implementation = (*wire)(nil)

const (
	// maxQueued is how many chunks stand in the channel's queue at most.
	maxQueued = 2
	// A chunk begins small, so that a thousand quiet sessions need little, and
	// grows while the device has more to say.
	smallChunk, largeChunk = 2 << 10, 256 << 10
	keepalive              = 20 * time.Second
)

func newWire(ctx context.Context, addr netip.AddrPort, o *Options) *wire {
	t := &wire{
		ctx: ctx, o: o, addr: addr, done: make(chan struct{}), ended: make(chan struct{}),
		credit: make(chan struct{}, maxQueued), queued: make(chan struct{}, maxQueued),
	}
	for range maxQueued {
		t.credit <- struct{}{}
	}
	return t
}

// Open connects, logs in and starts the command line.
func (t *wire) Open(args *transport.Args) error {
	v, err := newVerifier(t.o.KnownHosts)
	if err != nil {
		return err
	}
	way, err := t.o.way(t.ctx)
	if err != nil {
		return err
	}
	t.way = way
	if err := way.extend(t.ctx, t.addr, v, t.o.authority(t.o.Username, "password"), t.o.Handshake); err != nil {
		way.close(nil)
		return err
	}
	if err := t.start(args); err != nil {
		err = fmt.Errorf("%s: %w", t.addr, way.reason(err))
		t.abort(err)
		return err
	}
	return nil
}

type ptyRequest struct {
	Term                         string
	Columns, Rows, Width, Height uint32
	Modes                        string
}

// start asks for a terminal and a command line on it.
func (t *wire) start(args *transport.Args) error {
	ctx, _, done := withPatience(t.ctx, t.o.Handshake, errSilent)
	defer done()
	stop := context.AfterFunc(ctx, func() { t.way.close(context.Cause(ctx)) })
	defer stop()
	ch, requests, err := t.client().OpenChannel("session", nil)
	if err != nil {
		return fmt.Errorf("a session: %w", err)
	}
	t.ch = ch
	t.workers.Go(func() { ssh.DiscardRequests(requests) })
	echo := uint32(1)
	if t.program != "" {
		echo = 0 // of a terminal that would echo what is typed ahead in the middle of an answer
	}
	modes := ssh.Marshal(struct {
		Echo  byte
		On    uint32
		In    byte
		Baud  uint32
		Out   byte
		Baud2 uint32
		End   byte
	}{ssh.ECHO, echo, ssh.TTY_OP_ISPEED, 38400, ssh.TTY_OP_OSPEED, 38400, 0})
	pty := ptyRequest{Term: "dumb", Columns: uint32(args.TermWidth), Rows: uint32(args.TermHeight), Modes: string(modes)}
	if err := request(ch, "pty-req", ssh.Marshal(&pty)); err != nil {
		return err
	}
	if t.program != "" {
		err = request(ch, "exec", ssh.Marshal(struct{ Command string }{t.program}))
	} else {
		err = request(ch, "shell", nil)
	}
	if err != nil {
		return err
	}
	t.workers.Go(t.keepalive)
	return nil
}

func request(ch ssh.Channel, name string, payload []byte) error {
	ok, err := ch.SendRequest(name, true, payload)
	if err == nil && !ok {
		err = errors.New("the device refused it")
	}
	if err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	return nil
}

// client is the connection to the device itself.
func (t *wire) client() *ssh.Client { return t.way.clients[len(t.way.clients)-1] }

// keepalive notices a connection that is dead although nobody closed it.
func (t *wire) keepalive() {
	tick := time.NewTicker(keepalive)
	defer tick.Stop()
	for {
		select {
		case <-t.done:
			return
		case <-tick.C:
		}
		late := time.AfterFunc(t.o.Idle, func() { t.abort(errDead) })
		_, _, err := t.client().SendRequest("keepalive@openssh.com", true, nil)
		late.Stop()
		if err != nil {
			return // the reader sees it too
		}
	}
}

var (
	errDead  = errors.New("the connection is dead")
	errEnded = errors.New("the device closed the connection")
)

// Read returns what the device has sent, as text. It blocks until there is
// some, and returns io.EOF at the end.
func (t *wire) Read(int) ([]byte, error) {
	if t.lent {
		t.lent = false
		t.queued <- struct{}{}
	}
	select {
	case <-t.credit:
	case <-t.done:
		return nil, io.EOF
	}
	for {
		n, err := t.ch.Read(t.buffer())
		t.text = t.filter.append(t.text[:0], t.raw[:n])
		switch {
		case len(t.text) > 0:
			t.lent = true
			return t.text, nil
		case err != nil:
			t.end(err)
			return nil, io.EOF
		}
	}
}

// buffer is what the next chunk is read into.
func (t *wire) buffer() []byte {
	switch {
	case t.raw == nil, len(t.text) < smallChunk/2 && len(t.raw) > smallChunk:
		t.raw, t.text = make([]byte, smallChunk), nil
	case len(t.text) >= len(t.raw)/2 && len(t.raw) < largeChunk:
		t.raw = make([]byte, 2*len(t.raw))
	}
	return t.raw
}

// end notes that the device says nothing more. What is queued can still be
// taken: the credits that are out say so.
func (t *wire) end(err error) {
	if errors.Is(err, io.EOF) {
		err = errEnded
	}
	t.endErr = t.way.reason(err)
	close(t.ended)
	// The channel forgets its queue when it sees the end.
	for range maxQueued - 1 {
		select {
		case <-t.credit:
		case <-t.done:
			return
		}
	}
}

// Write types. It fails when the device takes nothing for as long as it may be
// silent.
func (t *wire) Write(b []byte) error {
	late := time.AfterFunc(t.o.Idle, func() {
		t.abort(fmt.Errorf("the device took nothing of what was typed for %s", t.o.Idle))
	})
	defer late.Stop()
	_, err := t.ch.Write(b)
	if err != nil {
		if errors.Is(err, io.EOF) {
			err = errEnded
		}
		return t.way.reason(err)
	}
	return nil
}

// abort ends the connection for a reason.
func (t *wire) abort(why error) {
	t.once.Do(func() { close(t.done) })
	if t.way != nil {
		t.way.close(why)
	}
}

// Close ends the connection. It doesn't wait for the device.
func (t *wire) Close() error {
	t.abort(errClosed)
	return nil
}

// wait returns when nothing of the connection is left.
func (t *wire) wait() {
	t.workers.Wait()
	if t.way == nil {
		return
	}
	for _, c := range t.way.clients {
		_ = c.Wait()
	}
}

// IsAlive says whether the connection stands.
func (t *wire) IsAlive() bool {
	select {
	case <-t.done:
		return false
	case <-t.ended:
		return false
	default:
		return true
	}
}

// commandLine is the platform's program for a host of that name.
func commandLine(program, host string) string { return strings.ReplaceAll(program, "{host}", host) }
