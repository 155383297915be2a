package console

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"sync"
	"time"

	"golang.org/x/crypto/ssh"
)

// way is the connections that lead to a device: none, or one through each jump
// host. The last one is where the device's own begins.
type way struct {
	mu      sync.Mutex
	conns   []net.Conn // of TCP, then of each channel through a host
	clients []*ssh.Client
	why     error
	closed  bool
}

// errClosed says that the session was closed here.
var errClosed = errors.New("the session is closed")

// close ends all connections. The first reason stays.
func (w *way) close(why error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.closed {
		return
	}
	w.closed, w.why = true, why
	// The first connection carries all others.
	for _, c := range w.conns {
		_ = c.Close()
	}
	for _, c := range w.clients {
		_ = c.Close()
	}
}

// reason is why the way was closed: err if it wasn't, or for no reason.
func (w *way) reason(err error) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.why != nil {
		return w.why
	}
	return err
}

// add keeps a connection that is to be closed with the way.
func (w *way) add(c net.Conn) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.closed {
		_ = c.Close()
		return false
	}
	w.conns = append(w.conns, c)
	return true
}

// connect opens a connection from the end of the way.
func (w *way) connect(ctx context.Context, addr netip.AddrPort) (net.Conn, error) {
	w.mu.Lock()
	n := len(w.clients)
	var last *ssh.Client
	if n > 0 {
		last = w.clients[n-1]
	}
	w.mu.Unlock()
	if last != nil {
		return last.DialContext(ctx, "tcp", addr.String())
	}
	return new(net.Dialer).DialContext(ctx, "tcp", addr.String())
}

// patience ends a context when its time has passed; the time that somebody
// takes to tell a secret doesn't count.
type patience struct {
	limit time.Duration
	timer *time.Timer
}

func withPatience(ctx context.Context, limit time.Duration, why error) (context.Context, *patience, func()) {
	ctx, cancel := context.WithCancelCause(ctx)
	p := &patience{limit, time.AfterFunc(limit, func() { cancel(why) })}
	return ctx, p, func() {
		p.timer.Stop()
		cancel(nil)
	}
}

func (p *patience) pause()  { p.timer.Stop() }
func (p *patience) resume() { p.timer.Reset(p.limit) }

// errSilent says that a peer took too long to answer during the handshake.
var errSilent = errors.New("no answer in the time for the handshake")

// login opens a connection from the end of the way and logs in. If it fails
// the connection is closed; the way is as it was.
func (w *way) login(ctx context.Context, addr netip.AddrPort, config *ssh.ClientConfig, limit time.Duration, auth *authority) (*ssh.Client, net.Conn, error) {
	ctx, p, done := withPatience(ctx, limit, errSilent)
	defer done()
	conn, err := w.connect(ctx, addr)
	if err != nil {
		if cause := context.Cause(ctx); cause != nil {
			err = cause
		}
		return nil, nil, fmt.Errorf("connect to %s: %w", addr, err)
	}
	if auth != nil {
		auth.ctx, auth.patience = ctx, p
		defer auth.close()
	}
	stop := context.AfterFunc(ctx, func() { _ = conn.Close() })
	c, chans, reqs, err := ssh.NewClientConn(conn, addr.String(), config)
	if !stop() && err == nil {
		_ = c.Close()
		err = context.Cause(ctx)
	}
	if err != nil {
		_ = conn.Close()
		if cause := context.Cause(ctx); cause != nil {
			err = cause
		}
		return nil, nil, fmt.Errorf("%s: %w", addr, err)
	}
	return ssh.NewClient(c, chans, reqs), conn, nil
}

// probe begins a handshake that ends before a login.
func (w *way) probe(ctx context.Context, addr netip.AddrPort, config *ssh.ClientConfig, limit time.Duration) error {
	c, _, err := w.login(ctx, addr, config, limit, nil)
	if err == nil {
		_ = c.Close()
	}
	return err
}

// extend logs in on a host and makes it the end of the way.
func (w *way) extend(ctx context.Context, addr netip.AddrPort, v *verifier, a *authority, limit time.Duration) error {
	known, revoked, err := v.known(addr)
	if err != nil {
		return err
	}
	if len(known) == 0 {
		known = revoked // so that it is said
	}
	config := clientConfig(a.username)
	// None for a host that isn't on file: verify says so, with the key that it has.
	config.HostKeyAlgorithms = algorithms(known)
	config.HostKeyCallback = func(_ string, _ net.Addr, key ssh.PublicKey) error { return v.verify(addr, key) }
	config.Auth = a.methods()
	client, conn, err := w.login(ctx, addr, config, limit, a)
	if err != nil {
		return a.explain(err)
	}
	if !w.add(conn) {
		_ = client.Close()
		return errClosed
	}
	w.mu.Lock()
	w.clients = append(w.clients, client)
	w.mu.Unlock()
	return nil
}

// clientConfig is what is common to all connections. Devices of ten years ago
// know one key exchange only, which comes last.
func clientConfig(user string) *ssh.ClientConfig {
	c := &ssh.ClientConfig{User: user, ClientVersion: "SSH-2.0-nbfwc"}
	c.KeyExchanges = append(ssh.SupportedAlgorithms().KeyExchanges, ssh.InsecureKeyExchangeDH14SHA1)
	return c
}

// way logs in on the jump hosts, one through the other.
func (o Options) way(ctx context.Context) (*way, error) {
	w := new(way)
	if len(o.Jump) == 0 {
		return w, nil
	}
	v, err := newVerifier(o.KnownHosts)
	if err != nil {
		return nil, err
	}
	for _, hop := range o.Jump {
		if err := w.extend(ctx, hop.Address, v, o.authority(hop.Username, "jump"), o.Handshake); err != nil {
			w.close(nil)
			return nil, fmt.Errorf("jump host %w", err)
		}
	}
	return w, nil
}
