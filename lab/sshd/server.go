package sshd

import (
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/subtle"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"sync"
	"time"

	"golang.org/x/crypto/ssh"

	"github.com/nbfwc/nbfwc/lab"
)

// Options is how a server listens and who may log in.
type Options struct {
	// Address is where the server listens; 127.0.0.1 and a free port if empty.
	Address string
	// HostKey is a new ed25519 key if nil.
	HostKey ssh.Signer
	// Users are the passwords by name.
	Users map[string]string
	// Keys let every one of Users in; everybody if there are no users.
	Keys []ssh.PublicKey
	// Methods are those that are offered, of "password",
	// "keyboard-interactive" and "publickey"; nil for all.
	Methods []string
	// Banner is sent before the login.
	Banner string
	// Terminal is how the device treats its terminal; nil for what the device
	// says.
	Terminal *Terminal
	Faults   Faults
	// Login begins a session of a user; nil for what the device has.
	Login func(user string) lab.Session
	// Logout is called after every login, when the device knows of its end.
	Logout func()
	// MaxConnections is how many connections may be open; 64 if 0.
	MaxConnections int
}

// Terminal is how a device treats a terminal.
type Terminal = lab.Terminal

const (
	handshakeTime  = 30 * time.Second
	stallTime      = 2 * time.Minute // for a piece of output to be taken
	maxConnections = 64
	authTries      = 3
)

// Server is a device behind SSH.
type Server struct {
	login    func(user string) lab.Session
	opt      Options
	term     func() Terminal
	conf     ssh.ServerConfig
	key      ssh.Signer
	listener net.Listener
	ctx      context.Context
	cancel   context.CancelFunc
	wg       sync.WaitGroup

	mu     sync.Mutex
	conns  map[net.Conn]bool
	logins int
	faults *faultState
}

// Serve begins to serve the device. It is an error if nobody could log in.
func Serve(d lab.Device, o Options) (*Server, error) {
	if len(o.Users) == 0 && len(o.Keys) == 0 {
		return nil, errors.New("neither a user nor a key may log in")
	}
	if o.Address == "" {
		o.Address = "127.0.0.1:0"
	}
	if o.MaxConnections == 0 {
		o.MaxConnections = maxConnections
	}
	s := &Server{login: o.Login, opt: o, key: o.HostKey, conns: map[net.Conn]bool{}, faults: &faultState{Faults: o.Faults}}
	if s.key == nil {
		var err error
		if s.key, err = newHostKey(); err != nil {
			return nil, err
		}
	}
	if s.login == nil {
		s.login = func(string) lab.Session { return d.Login() }
		if a, ok := d.(lab.Accounts); ok {
			s.login = a.LoginAs
		}
	}
	s.term = func() Terminal { return Terminal{} }
	switch t, ok := d.(lab.Terminals); {
	case o.Terminal != nil:
		s.term = func() Terminal { return *o.Terminal }
	case ok:
		s.term = t.Terminal
	}
	s.authentication()
	l, err := net.Listen("tcp", o.Address)
	if err != nil {
		return nil, fmt.Errorf("serve a device: %w", err)
	}
	s.listener = l
	s.ctx, s.cancel = context.WithCancel(context.Background())
	s.wg.Go(s.accept)
	return s, nil
}

func newHostKey() (ssh.Signer, error) {
	_, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		return nil, err
	}
	return ssh.NewSignerFromKey(private)
}

// Addr is where the server listens.
func (s *Server) Addr() netip.AddrPort {
	a, _ := s.listener.Addr().(*net.TCPAddr)
	return a.AddrPort()
}

// HostKey is the key that clients have to know.
func (s *Server) HostKey() ssh.PublicKey { return s.key.PublicKey() }

// Sessions is the number of those who are logged in and have a shell.
func (s *Server) Sessions() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.logins
}

// SetFaults replaces the faults. Commands and bytes are counted from 1 again.
func (s *Server) SetFaults(f Faults) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.faults = &faultState{Faults: f}
}

// Severed says whether a connection was cut as the faults ask.
func (s *Server) Severed() bool { return s.now().cut.Load() }

func (s *Server) now() *faultState {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.faults
}

// Close ends all connections and waits until nothing of them is left.
func (s *Server) Close() error {
	s.cancel()
	err := s.listener.Close()
	s.mu.Lock()
	for c := range s.conns {
		c.Close()
	}
	s.mu.Unlock()
	s.wg.Wait()
	if errors.Is(err, net.ErrClosed) {
		return nil
	}
	return err
}

func (s *Server) accept() {
	for {
		c, err := s.listener.Accept()
		switch {
		case err == nil:
			if s.admit(c) {
				s.wg.Go(func() { s.connection(c) })
			} else {
				c.Close()
			}
		case s.ctx.Err() != nil || errors.Is(err, net.ErrClosed):
			return
		default: // no more files: others will end
			s.sleep(50 * time.Millisecond)
		}
	}
}

// admit notes a connection, unless there are too many or the device is gone.
func (s *Server) admit(c net.Conn) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.ctx.Err() != nil || len(s.conns) >= s.opt.MaxConnections || s.faults.gone() {
		return false
	}
	s.conns[c] = true
	return true
}

func (s *Server) forget(c net.Conn) {
	c.Close()
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.conns, c)
}

// sleep waits; it returns false if the server is being closed.
func (s *Server) sleep(d time.Duration) bool {
	if d <= 0 {
		return s.ctx.Err() == nil
	}
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-s.ctx.Done():
		return false
	}
}

var errDenied = errors.New("permission denied")

// authentication says who may log in, and how.
func (s *Server) authentication() {
	offered := func(m string) bool { return s.opt.Methods == nil || slices.Contains(s.opt.Methods, m) }
	s.conf = ssh.ServerConfig{MaxAuthTries: authTries, ServerVersion: "SSH-2.0-lab"}
	if s.opt.Banner != "" {
		s.conf.BannerCallback = func(ssh.ConnMetadata) string { return s.opt.Banner }
	}
	if len(s.opt.Users) > 0 && offered("password") {
		s.conf.PasswordCallback = func(m ssh.ConnMetadata, p []byte) (*ssh.Permissions, error) {
			return nil, s.password(m, string(p))
		}
	}
	if len(s.opt.Users) > 0 && offered("keyboard-interactive") {
		s.conf.KeyboardInteractiveCallback = func(m ssh.ConnMetadata, ask ssh.KeyboardInteractiveChallenge) (*ssh.Permissions, error) {
			a, err := ask("", "", []string{"Password: "}, []bool{false})
			if err != nil {
				return nil, err
			}
			if len(a) != 1 {
				return nil, errDenied
			}
			return nil, s.password(m, a[0])
		}
	}
	if len(s.opt.Keys) > 0 && offered("publickey") {
		s.conf.PublicKeyCallback = func(m ssh.ConnMetadata, k ssh.PublicKey) (*ssh.Permissions, error) {
			return nil, s.publicKey(m, k)
		}
	}
	s.conf.AddHostKey(s.key)
}

func (s *Server) password(m ssh.ConnMetadata, p string) error {
	f := s.now()
	s.sleep(f.LoginDelay)
	want, known := s.opt.Users[m.User()]
	if subtle.ConstantTimeCompare([]byte(want), []byte(p)) == 1 && known && !f.DenyAll {
		return nil
	}
	if f.CutDenied {
		s.cutFrom(m.RemoteAddr())
	}
	return errDenied
}

func (s *Server) publicKey(m ssh.ConnMetadata, k ssh.PublicKey) error {
	if _, known := s.opt.Users[m.User()]; !known && len(s.opt.Users) > 0 || s.now().DenyAll {
		return errDenied
	}
	sent := k.Marshal()
	for _, have := range s.opt.Keys {
		if subtle.ConstantTimeCompare(have.Marshal(), sent) == 1 {
			return nil
		}
	}
	return errDenied
}

// cutFrom closes the connection that comes from an address.
func (s *Server) cutFrom(a net.Addr) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for c := range s.conns {
		if c.RemoteAddr().String() == a.String() {
			c.Close()
		}
	}
}
