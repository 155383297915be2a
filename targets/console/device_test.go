package console

import (
	"bufio"
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"encoding/binary"
	"fmt"
	"io"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/crypto/ssh"
	"golang.org/x/crypto/ssh/knownhosts"

	"github.com/nbfwc/nbfwc/targets"
)

// device is an SSH server with a command line that misbehaves as told.
type device struct {
	host     string
	banner   string // before the first prompt
	password string
	enable   string
	users    ssh.PublicKey // that may log in by it
	methods  string        // "password", "keyboard", "both"; "" for no login at all
	keys     []ssh.Signer
	answers  map[string]string
	show     func(line string) (string, bool)

	pace    func(out io.Writer, text []byte) error // how bytes are sent
	echo    string                                 // "", "none", "wrap", "wrapblank", "scroll", "weak"
	eol     string
	page    int
	eatPage bool // the pager doesn't erase its line
	cut     int  // close the connection after so many bytes of output; 0 for never
	refuse  string
	silent  string // "tcp", "shell", or a line after which nothing comes
	blank   string // printed for an empty line
	before  string // printed before each prompt of the configuration mode
	accept  string // a question before the first prompt, answered with "a"
	flush   bool   // what was typed before the first prompt is thrown away
	leak    bool   // shows the enable secret that is typed, and says nothing more

	addr netip.AddrPort
	ln   net.Listener
	wg   sync.WaitGroup

	mu        sync.Mutex
	conns     map[net.Conn]bool
	typed     []string
	passwords []string
	files     map[string]string
	term      ptyRequest
	program   string
}

func newSigner(t testing.TB) ssh.Signer {
	t.Helper()
	_, key, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	s, err := ssh.NewSignerFromKey(key)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func newECDSA(t testing.TB) ssh.Signer {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	s, err := ssh.NewSignerFromKey(key)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// start begins to listen on loopback. The device is stopped with the test.
func (d *device) start(t testing.TB) *device {
	t.Helper()
	return d.listen(t, "127.0.0.1:0")
}

func (d *device) listen(t testing.TB, at string) *device {
	t.Helper()
	if d.host == "" {
		d.host = "fw01"
	}
	if d.eol == "" {
		d.eol = "\r\n"
	}
	if d.keys == nil {
		d.keys = []ssh.Signer{newSigner(t)}
	}
	ln, err := net.Listen("tcp", at)
	if err != nil {
		t.Fatal(err)
	}
	d.ln, d.addr, d.conns, d.files = ln, netip.MustParseAddrPort(ln.Addr().String()), map[net.Conn]bool{}, map[string]string{}
	d.wg.Go(func() {
		for {
			c, err := ln.Accept()
			if err != nil {
				return
			}
			d.mu.Lock()
			d.conns[c] = true
			d.mu.Unlock()
			d.wg.Go(func() {
				defer func() {
					c.Close()
					d.mu.Lock()
					delete(d.conns, c)
					d.mu.Unlock()
				}()
				d.serve(c)
			})
		}
	})
	t.Cleanup(d.stop)
	return d
}

func (d *device) stop() {
	d.ln.Close()
	d.mu.Lock()
	for c := range d.conns {
		c.Close()
	}
	d.mu.Unlock()
	d.wg.Wait()
}

// open is how many connections stand.
func (d *device) open() int {
	d.mu.Lock()
	defer d.mu.Unlock()
	return len(d.conns)
}

func (d *device) lines() []string {
	d.mu.Lock()
	defer d.mu.Unlock()
	return append([]string(nil), d.typed...)
}

func (d *device) tried() []string {
	d.mu.Lock()
	defer d.mu.Unlock()
	return append([]string(nil), d.passwords...)
}

func (d *device) config() *ssh.ServerConfig {
	c := &ssh.ServerConfig{MaxAuthTries: 10}
	try := func(p string) (*ssh.Permissions, error) {
		d.mu.Lock()
		d.passwords = append(d.passwords, p)
		d.mu.Unlock()
		if d.password != "" && p == d.password {
			return nil, nil
		}
		return nil, fmt.Errorf("wrong")
	}
	if d.methods == "password" || d.methods == "both" {
		c.PasswordCallback = func(_ ssh.ConnMetadata, p []byte) (*ssh.Permissions, error) { return try(string(p)) }
	}
	if d.methods == "keyboard" || d.methods == "both" {
		c.KeyboardInteractiveCallback = func(_ ssh.ConnMetadata, ask ssh.KeyboardInteractiveChallenge) (*ssh.Permissions, error) {
			a, err := ask("", "", []string{"Password: "}, []bool{false})
			if err != nil {
				return nil, err
			}
			return try(a[0])
		}
	}
	if d.users != nil {
		c.PublicKeyCallback = func(_ ssh.ConnMetadata, k ssh.PublicKey) (*ssh.Permissions, error) {
			if bytes.Equal(k.Marshal(), d.users.Marshal()) {
				return nil, nil
			}
			return nil, fmt.Errorf("unknown key")
		}
	}
	c.NoClientAuth = d.methods == "none"
	for _, k := range d.keys {
		c.AddHostKey(k)
	}
	return c
}

func (d *device) serve(c net.Conn) {
	if d.silent == "tcp" {
		_, _ = io.Copy(io.Discard, c)
		return
	}
	conn, chans, reqs, err := ssh.NewServerConn(c, d.config())
	if err != nil {
		return
	}
	var wg sync.WaitGroup
	defer wg.Wait()
	defer conn.Close()
	wg.Go(func() { ssh.DiscardRequests(reqs) })
	for n := range chans {
		switch n.ChannelType() {
		case "session":
			if d.refuse == "session" {
				_ = n.Reject(ssh.ResourceShortage, "no line is free")
				continue
			}
			ch, reqs, err := n.Accept()
			if err != nil {
				return
			}
			wg.Go(func() { d.session(ch, reqs) })
		case "direct-tcpip":
			var to struct {
				Host   string
				Port   uint32
				Origin string
				From   uint32
			}
			_ = ssh.Unmarshal(n.ExtraData(), &to)
			out, err := net.Dial("tcp", net.JoinHostPort(to.Host, fmt.Sprint(to.Port)))
			if err != nil {
				_ = n.Reject(ssh.ConnectionFailed, err.Error())
				continue
			}
			ch, reqs, err := n.Accept()
			if err != nil {
				out.Close()
				return
			}
			wg.Go(func() { ssh.DiscardRequests(reqs) })
			wg.Go(func() { _, _ = io.Copy(ch, out); ch.Close() })
			wg.Go(func() { _, _ = io.Copy(out, ch); out.Close() })
		default:
			_ = n.Reject(ssh.UnknownChannelType, "")
		}
	}
}

func (d *device) session(ch ssh.Channel, reqs <-chan *ssh.Request) {
	defer ch.Close()
	var wg sync.WaitGroup
	defer wg.Wait()
	defer ch.Close()
	for r := range reqs {
		ok := r.Type != d.refuse
		_ = r.Reply(ok, nil)
		if !ok {
			continue
		}
		switch r.Type {
		case "pty-req":
			d.mu.Lock()
			_ = ssh.Unmarshal(r.Payload, &d.term)
			d.mu.Unlock()
		case "shell":
			sh := &shell{d: d, ch: ch, in: bufio.NewReader(ch), mode: ">"}
			wg.Go(func() { sh.run() })
		case "exec":
			line := string(r.Payload[4:])
			d.mu.Lock()
			d.program = line
			d.mu.Unlock()
			if strings.HasPrefix(line, "umask 077") {
				wg.Go(func() { d.take(ch, line) })
			} else {
				sh := &shell{d: d, ch: ch, in: bufio.NewReader(ch), mode: "#"}
				_, sh.host, _ = strings.Cut(line, "host=")
				wg.Go(func() { sh.run() })
			}
		}
	}
}

// take receives a file.
func (d *device) take(ch ssh.Channel, line string) {
	data, _ := io.ReadAll(ch)
	name := strings.Split(line, "'")[1]
	if d.refuse == "disk" {
		fmt.Fprintf(ch.Stderr(), "cat: write error: No space left on device\n")
		_, _ = ch.SendRequest("exit-status", false, binary.BigEndian.AppendUint32(nil, 1))
		ch.Close()
		return
	}
	if d.refuse == "short" {
		data = data[:len(data)/2]
	}
	d.mu.Lock()
	d.files[name] = string(data)
	d.mu.Unlock()
	fmt.Fprintf(ch, "%d\n", len(data))
	_, _ = ch.SendRequest("exit-status", false, binary.BigEndian.AppendUint32(nil, 0))
	ch.Close()
}

// shell is one login.
type shell struct {
	d     *device
	ch    ssh.Channel
	in    *bufio.Reader
	host  string
	mode  string
	sent  int
	ended bool
}

func (s *shell) prompt() string {
	host := s.d.host
	if s.host != "" {
		host = s.host
	}
	return host + s.mode + " "
}

// print sends text as it is.
func (s *shell) print(text string) bool {
	if s.ended {
		return false
	}
	b := []byte(text)
	if s.d.cut > 0 && s.sent+len(b) >= s.d.cut {
		b = b[:s.d.cut-s.sent]
		s.ended = true
	}
	s.sent += len(b)
	var err error
	if s.d.pace != nil {
		err = s.d.pace(s.ch, b)
	} else {
		_, err = s.ch.Write(b)
	}
	if s.ended {
		s.d.drop()
	}
	s.ended = s.ended || err != nil
	return !s.ended
}

// drop ends all TCP connections, as a reboot does.
func (d *device) drop() {
	d.mu.Lock()
	defer d.mu.Unlock()
	for c := range d.conns {
		c.Close()
	}
}

func (s *shell) run() {
	d := s.d
	defer s.ch.Close()
	if d.silent == "shell" {
		_, _ = io.Copy(io.Discard, s.in)
		return
	}
	if !s.print(strings.ReplaceAll(d.banner, "\n", d.eol)) {
		return
	}
	if d.accept != "" {
		s.print(d.accept)
		if b, err := s.in.ReadByte(); err != nil || b != 'a' {
			return
		}
		s.print(d.eol)
	}
	if d.flush {
		time.Sleep(50 * time.Millisecond)
		_, _ = s.in.Discard(s.in.Buffered())
	}
	for s.print(s.prompt()) {
		line, ok := s.readLine(d.echo != "none")
		if !ok {
			return
		}
		d.mu.Lock()
		d.typed = append(d.typed, line)
		d.mu.Unlock()
		if d.silent == line && line != "" {
			_, _ = io.Copy(io.Discard, s.in)
			return
		}
		if !s.do(strings.TrimSpace(line)) {
			return
		}
		if d.before != "" && strings.Contains(s.mode, "config") {
			s.print(d.before)
		}
	}
}

// readLine is the device's line editor.
func (s *shell) readLine(echo bool) (string, bool) {
	const columns = 80
	var line []byte
	shown, at := 0, len(s.prompt())
	for {
		b, err := s.in.ReadByte()
		if err != nil {
			return "", false
		}
		switch {
		case b == '\r' || b == '\n':
			if s.d.echo == "none" {
				return string(line), true
			}
			return string(line), s.print(s.d.eol)
		case b == quoteNext:
			continue
		}
		line = append(line, b)
		if !echo {
			continue
		}
		switch s.d.echo {
		case "weak":
			if strings.TrimSpace(string(line)) == "" {
				continue
			}
		case "wrap", "wrapblank":
			if at > 0 && at%columns == 0 {
				if s.d.echo == "wrap" {
					s.print(s.d.eol)
				} else {
					s.print(" \r")
				}
			}
			at++
		case "scroll":
			// As an ASA does it: the line moves to the left by half of its width.
			room := columns - len(s.prompt()) - 1
			if shown == room {
				keep := line[len(line)-7 : len(line)-1]
				s.print(strings.Repeat("\b", room) + "$" + string(keep) + strings.Repeat(" ", room-1-len(keep)) + strings.Repeat("\b", room-1-len(keep)))
				shown = 1 + len(keep)
			}
			shown++
		}
		if !s.print(string(b)) {
			return "", false
		}
	}
}

func (s *shell) do(line string) bool {
	d := s.d
	switch line {
	case "":
		return s.print(d.blank)
	case "exit":
		return false
	case "enable":
		for range 3 {
			s.print("Password: ")
			got, ok := s.readLine(false)
			if !ok {
				return false
			}
			if d.leak {
				s.print("you typed " + got)
				_, _ = io.Copy(io.Discard, s.in)
				return false
			}
			if got == d.enable {
				s.mode = "#"
				return true
			}
			s.print("Invalid password" + d.eol)
		}
		return s.print("Access denied." + d.eol)
	case "configure terminal":
		s.mode = "(config)#"
		return true
	case "end":
		s.mode = "#"
		return true
	case "reload":
		s.print("Proceed with reload? [confirm]")
		b, err := s.in.ReadByte()
		s.print(d.eol)
		return err == nil && (b != 'y' || s.print("reload scheduled"+d.eol))
	}
	if text, ok := d.answers[line]; ok {
		return s.show(text)
	}
	if d.show != nil {
		if text, ok := d.show(line); ok {
			return s.show(text)
		}
	}
	if strings.Contains(s.mode, "config") && strings.HasPrefix(line, "object ") {
		return true
	}
	return s.print("ERROR: % Invalid input detected at '^' marker." + d.eol)
}

// show prints an answer, page by page.
func (s *shell) show(text string) bool {
	if s.d.page == 0 {
		return s.print(strings.ReplaceAll(text, "\n", s.d.eol))
	}
	n := 0
	for line := range strings.Lines(text) {
		if n == s.d.page {
			n = 0
			s.print("<--- More --->")
			if _, err := s.in.ReadByte(); err != nil {
				return false
			}
			if !s.d.eatPage {
				s.print("\r" + strings.Repeat(" ", 14) + "\r")
			}
		}
		n++
		if !s.print(strings.ReplaceAll(line, "\n", s.d.eol)) {
			return false
		}
	}
	return true
}

// asa is the platform of the devices here.
var asa = targets.Platform{
	Name: "cisco_asa",
	Host: `[A-Za-z0-9][\w.-]*`,
	Modes: []targets.Mode{
		{Name: "exec", Prompt: `{host}> ?`},
		{Name: "enable", Prompt: `{host}# ?`},
		{Name: "config", Prompt: `{host}\(config[\w.-]*\)# ?`},
	},
	More:  `<--- More --->`,
	Width: 511,
}

type fixedSecrets map[string]string

func (f fixedSecrets) Secret(_ context.Context, name string) (string, error) {
	if s, ok := f[name]; ok {
		return s, nil
	}
	return "", ErrNoSecret
}

// know writes a file of known hosts with the device's keys.
func (d *device) know(t testing.TB, more ...*device) string {
	t.Helper()
	name := filepath.Join(t.TempDir(), "known_hosts")
	var text strings.Builder
	for _, x := range append(more, d) {
		for _, k := range x.keys {
			text.WriteString(knownhosts.Line([]string{x.addr.String()}, k.PublicKey()) + "\n")
		}
	}
	if err := os.WriteFile(name, []byte(text.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	return name
}

func (d *device) options(t testing.TB) Options {
	return Options{
		Username: "admin", Platform: asa, KnownHosts: []string{d.know(t)},
		Secrets:   fixedSecrets{"password": "let-me-in", "enable": "open-sesame"},
		Handshake: 5 * time.Second, Idle: 8 * time.Second,
	}
}

func newDevice() *device {
	return &device{password: "let-me-in", enable: "open-sesame", methods: "password"}
}

// dial logs in and closes the session with the test.
func (d *device) dial(t testing.TB, change ...func(*Options)) *Session {
	t.Helper()
	o := d.options(t)
	for _, c := range change {
		c(&o)
	}
	s, err := Dial(t.Context(), d.addr, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

var reads = targets.Command{Any: true, Reads: true}

func read(line string) targets.Command {
	c := reads
	c.Line = line
	return c
}

func mustDo(t testing.TB, s *Session, c ...targets.Command) []string {
	t.Helper()
	a, err := s.Do(t.Context(), c...)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

var enable = targets.Command{
	Line: "enable", Reads: true, Then: "enable", Accept: []string{`Password: ?`},
	Ask: []targets.Question{{Ask: `Password: `, Secret: "enable"}},
}
