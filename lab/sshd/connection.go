package sshd

import (
	"encoding/binary"
	"net"
	"sync"
	"time"

	"golang.org/x/crypto/ssh"
)

// connection serves a connection until its end.
func (s *Server) connection(c net.Conn) {
	defer s.forget(c)
	if s.now().Mute {
		<-s.ctx.Done()
		return
	}
	c.SetDeadline(time.Now().Add(handshakeTime))
	conn, channels, requests, err := ssh.NewServerConn(c, &s.conf)
	if err != nil {
		return
	}
	c.SetDeadline(time.Time{})
	s.wg.Go(func() { ssh.DiscardRequests(requests) })
	var one sync.Mutex // a login has one shell at a time
	for nc := range channels {
		if nc.ChannelType() != "session" {
			nc.Reject(ssh.UnknownChannelType, "only sessions")
			continue
		}
		if !one.TryLock() {
			nc.Reject(ssh.ResourceShortage, "one session at a time")
			continue
		}
		ch, reqs, err := nc.Accept()
		if err != nil {
			one.Unlock()
			continue
		}
		s.wg.Go(func() {
			defer one.Unlock()
			s.channel(c, conn, ch, reqs)
		})
	}
	conn.Wait()
}

// window is the size of the client's terminal. It changes while a shell runs.
type window struct {
	mu    sync.Mutex
	width int
}

func (w *window) set(columns uint32) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.width = int(min(columns, 1<<16))
}

func (w *window) columns() int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.width
}

// channel takes what is asked for before a shell and with it.
func (s *Server) channel(c net.Conn, conn *ssh.ServerConn, ch ssh.Channel, reqs <-chan *ssh.Request) {
	var (
		w     window
		shell sync.WaitGroup
		began bool
		gone  = make(chan struct{}) // the client has closed the channel
	)
	for r := range reqs {
		ok := false
		switch r.Type {
		case "pty-req":
			_, rest, good := cutString(r.Payload)
			if ok = good && len(rest) >= 8 && !began; ok {
				w.set(binary.BigEndian.Uint32(rest))
			}
		case "window-change":
			if ok = len(r.Payload) >= 8; ok {
				w.set(binary.BigEndian.Uint32(r.Payload))
			}
		case "env":
			ok = true
		case "shell":
			if ok = !began; ok {
				began = true
				r.Reply(true, nil)
				shell.Go(func() { s.shell(c, conn, ch, &w, gone) })
				continue
			}
		}
		if r.WantReply {
			r.Reply(ok, nil)
		}
		if r.Type == "exec" || r.Type == "subsystem" {
			ch.Close()
		}
	}
	close(gone)
	shell.Wait()
	ch.Close()
}

// cutString cuts a string of the protocol off.
func cutString(p []byte) (text string, rest []byte, ok bool) {
	if len(p) < 4 {
		return "", nil, false
	}
	n := binary.BigEndian.Uint32(p)
	if uint64(n) > uint64(len(p)-4) {
		return "", nil, false
	}
	return string(p[4 : 4+n]), p[4+n:], true
}

// shell is a login on the device.
func (s *Server) shell(c net.Conn, conn *ssh.ServerConn, ch ssh.Channel, w *window, gone <-chan struct{}) {
	s.count(1)
	defer s.count(-1)
	l := newLogin(s, c, ch, w, conn.User())
	defer l.end()
	byDevice := l.run()
	exit := s.now().Exit
	if byDevice && exit != ExitConnection {
		ch.SendRequest("exit-status", false, ssh.Marshal(struct{ Status uint32 }{0}))
		ch.CloseWrite()
		ch.Close()
		s.farewell(gone)
	}
	if !byDevice || exit != ExitChannel {
		conn.Close()
	}
}

// farewell waits until the client has taken the end of its channel: closing the
// connection while it still sends would take the end away from it.
func (s *Server) farewell(gone <-chan struct{}) {
	t := time.NewTimer(time.Second)
	defer t.Stop()
	select {
	case <-gone:
	case <-t.C:
	case <-s.ctx.Done():
	}
}

func (s *Server) count(n int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.logins += n
}
