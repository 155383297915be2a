package kernel

import (
	"cmp"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"sync"
	"syscall"
	"time"
)

const (
	// window is how many probes of a node are under way at once.
	window = 1000
	// batch is after how many probes the routers are made to forget
	// connections, so that their tables never fill.
	batch = 20000

	// maxTaken is how often a probe waits for its ports. A socket that was
	// closed keeps them while a child process has a copy of it, between fork
	// and exec.
	maxTaken = 1000

	ipRecvErr   = 11 // IP_RECVERR
	ipv6RecvErr = 25 // IPV6_RECVERR
	msgErrQueue = 0x2000
)

// Probe makes all the probes, many at a time, and returns an answer for each in
// the same order. The port at the other end always has a listener, so a reset
// or an ICMP error comes from a firewall.
func (n *Net) Probe(tuples []Tuple) ([]Result, error) {
	return n.probe(tuples, n.Wait)
}

func (n *Net) probe(tuples []Tuple, wait time.Duration) ([]Result, error) {
	results := make([]Result, 0, len(tuples))
	for len(tuples) > 0 {
		k := min(batch, len(tuples))
		rs, err := n.probeBatch(tuples[:k], wait)
		if err != nil {
			return nil, err
		}
		results = append(results, rs...)
		if tuples = tuples[k:]; len(tuples) == 0 {
			break
		}
		for _, r := range n.routers {
			if err := n.Forget(r); err != nil {
				return nil, err
			}
		}
	}
	return results, nil
}

func (n *Net) probeBatch(tuples []Tuple, wait time.Duration) ([]Result, error) {
	results := make([]Result, len(tuples))
	byNode := map[string][]int{}
	for i, t := range tuples {
		if err := n.resolve(&t); err != nil {
			return nil, err
		}
		if t.Proto == TCP || t.Proto == UDP {
			if err := n.nodes[t.To].listen(t.Proto, t.DstPort); err != nil {
				return nil, err
			}
		}
		results[i].Tuple = t
		byNode[t.From] = append(byNode[t.From], i)
	}
	var wg sync.WaitGroup
	errs := make([]error, 0, len(byNode))
	var mu sync.Mutex
	for name, ids := range byNode {
		wg.Add(1)
		go func() {
			defer wg.Done()
			p := &prober{results: results, todo: ids, wait: wait, live: map[int32]int{}, taken: map[int]int{}}
			if err := n.nodes[name].run(p.run); err != nil {
				mu.Lock()
				errs = append(errs, err)
				mu.Unlock()
			}
		}()
	}
	wg.Wait()
	return results, errors.Join(errs...)
}

// resolve fills in the nodes of a tuple.
func (n *Net) resolve(t *Tuple) error {
	t.Src, t.Dst = t.Src.Unmap(), t.Dst.Unmap()
	if t.Src.Is4() != t.Dst.Is4() {
		return fmt.Errorf("%s: two families", t)
	}
	if t.From == "" {
		t.From = n.Holder(t.Src)
	}
	if t.To == "" {
		t.To = n.Holder(t.Dst)
	}
	if n.nodes[t.From] == nil || n.nodes[t.To] == nil {
		return fmt.Errorf("%s: no node has the source or the destination", t)
	}
	return nil
}

// Holder is the node whose addresses hold a, by the longest prefix; "" if none
// does.
func (n *Net) Holder(a netip.Addr) string {
	best, bits := "", -1
	for name, d := range n.nodes {
		for _, p := range d.addrs {
			if p.Contains(a) && p.Bits() > bits {
				best, bits = name, p.Bits()
			}
		}
	}
	return best
}

// prober makes the probes of one node on one thread.
type prober struct {
	results []Result
	todo    []int
	wait    time.Duration

	epoll int
	live  map[int32]int // open socket -> index of its result
	later []int         // probes whose ports were taken
	taken map[int]int   // how often they were
	queue []pending     // in the order of their deadlines
}

type pending struct {
	fd       int32
	id       int
	deadline time.Time
}

func (p *prober) run() error {
	var err error
	if p.epoll, err = syscall.EpollCreate1(syscall.EPOLL_CLOEXEC); err != nil {
		return fmt.Errorf("epoll: %w", err)
	}
	defer syscall.Close(p.epoll)
	events := make([]syscall.EpollEvent, window)
	for len(p.todo) > 0 || len(p.later) > 0 || len(p.live) > 0 {
		p.todo, p.later = append(p.todo, p.later...), p.later[:0]
		for len(p.live) < window && len(p.todo) > 0 {
			p.start(p.todo[0])
			p.todo = p.todo[1:]
		}
		k, err := syscall.EpollWait(p.epoll, events, p.untilDeadline())
		if err != nil && err != syscall.EINTR {
			return fmt.Errorf("epoll: %w", err)
		}
		for _, e := range events[:max(k, 0)] {
			p.progress(e.Fd)
		}
		// Only a round that found nothing to read may call the silent ones
		// silent: on a busy machine answers can wait longer than we do.
		if k <= 0 {
			p.expire()
		}
	}
	return nil
}

func (p *prober) untilDeadline() int {
	if len(p.later) > 0 {
		return 1
	}
	for len(p.queue) > 0 {
		q := p.queue[0]
		if id, ok := p.live[q.fd]; ok && id == q.id {
			return max(0, int(time.Until(q.deadline)/time.Millisecond)+1)
		}
		p.queue = p.queue[1:]
	}
	return 0
}

func (p *prober) expire() {
	now := time.Now()
	for len(p.queue) > 0 && !p.queue[0].deadline.After(now) {
		q := p.queue[0]
		p.queue = p.queue[1:]
		if id, ok := p.live[q.fd]; ok && id == q.id {
			p.finish(q.fd, Silent, nil)
		}
	}
}

func (p *prober) start(id int) {
	r := &p.results[id]
	asked := r.SrcPort
	fd, err := p.open(r)
	if err != nil {
		r.Answer, r.Err = answerOf(err), err
		if fd >= 0 {
			syscall.Close(fd)
		}
		if errors.Is(err, syscall.EADDRNOTAVAIL) && p.taken[id] < maxTaken {
			p.taken[id]++
			r.SrcPort = asked
			p.later = append(p.later, id)
		}
		return
	}
	e := syscall.EpollEvent{Events: syscall.EPOLLIN | syscall.EPOLLERR | syscall.EPOLLHUP, Fd: int32(fd)}
	if err := syscall.EpollCtl(p.epoll, syscall.EPOLL_CTL_ADD, fd, &e); err != nil {
		r.Answer, r.Err = Failed, err
		syscall.Close(fd)
		return
	}
	p.live[int32(fd)] = id
	p.queue = append(p.queue, pending{int32(fd), id, time.Now().Add(p.wait)})
}

// answerOf tells an answer that came back while the packet was sent (a router
// of the same kernel is fast, and its own output hook answers at once) from a
// probe that can't be made.
func answerOf(err error) Answer {
	switch err {
	case syscall.ECONNREFUSED, syscall.EHOSTUNREACH, syscall.EACCES:
		return Unreachable
	}
	return Failed
}

// open makes the socket and sends the first packet.
func (p *prober) open(r *Result) (int, error) {
	family, level, recvErr := syscall.AF_INET, syscall.IPPROTO_IP, ipRecvErr
	if r.Dst.Is6() {
		family, level, recvErr = syscall.AF_INET6, syscall.IPPROTO_IPV6, ipv6RecvErr
	}
	kind, proto := syscall.SOCK_STREAM, 0
	switch r.Proto {
	case TCP:
	case UDP:
		kind = syscall.SOCK_DGRAM
	case ICMP, ICMPv6:
		kind, proto = syscall.SOCK_DGRAM, int(r.Proto)
	default:
		return -1, fmt.Errorf("protocol %d can't be probed", r.Proto)
	}
	fd, err := syscall.Socket(family, kind|syscall.SOCK_NONBLOCK|syscall.SOCK_CLOEXEC, proto)
	if err != nil {
		return -1, err
	}
	if err := syscall.SetsockoptInt(fd, syscall.SOL_SOCKET, syscall.SO_REUSEADDR, 1); err != nil {
		return fd, err
	}
	if err := syscall.SetsockoptInt(fd, level, recvErr, 1); err != nil {
		return fd, err
	}
	if err := syscall.Bind(fd, sockaddr(r.Src, r.SrcPort)); err != nil {
		return fd, fmt.Errorf("bind: %w", err)
	}
	if err := syscall.Connect(fd, sockaddr(r.Dst, r.DstPort)); err != nil && err != syscall.EINPROGRESS {
		return fd, err
	}
	r.SrcPort = localPort(fd)
	switch r.Proto {
	case UDP:
		_, err = syscall.Write(fd, []byte("?"))
	case ICMP:
		_, err = syscall.Write(fd, []byte{8, 0, 0, 0, 0, 0, 0, 1})
		r.SrcPort = 0
	case ICMPv6:
		_, err = syscall.Write(fd, []byte{128, 0, 0, 0, 0, 0, 0, 1})
		r.SrcPort = 0
	}
	if err == syscall.EPERM {
		// The node's own output hook stopped it, silently or with an ICMP
		// error, which is still to be read.
		err = nil
	}
	return fd, err
}

func (p *prober) progress(fd int32) {
	id, ok := p.live[fd]
	if !ok {
		return
	}
	buf := make([]byte, 64)
	k, err := syscall.Read(int(fd), buf)
	switch {
	case err == syscall.EAGAIN || err == syscall.EINTR:
	case err == nil && k > 0:
		p.finish(fd, Open, nil)
	case err == nil: // closed before it said anything
		p.finish(fd, Failed, errors.New("closed without an answer"))
	case p.results[id].Proto == TCP && (err == syscall.ECONNREFUSED || err == syscall.ECONNRESET) && !hasICMP(fd):
		p.finish(fd, Reset, err)
	case err == syscall.ETIMEDOUT:
		p.finish(fd, Silent, err)
	default:
		p.finish(fd, Unreachable, err)
	}
}

// hasICMP says whether the error of a socket came as an ICMP message: only
// those stand in its error queue.
func hasICMP(fd int32) bool {
	buf, oob := make([]byte, 64), make([]byte, 256)
	_, _, _, _, err := syscall.Recvmsg(int(fd), buf, oob, msgErrQueue|syscall.MSG_DONTWAIT)
	return err == nil
}

// finish records the answer and closes the socket with a reset, so that no
// connection lingers.
func (p *prober) finish(fd int32, a Answer, err error) {
	r := &p.results[p.live[fd]]
	r.Answer, r.Err = a, err
	delete(p.live, fd)
	if r.Proto == TCP {
		_ = syscall.SetsockoptLinger(int(fd), syscall.SOL_SOCKET, syscall.SO_LINGER, &syscall.Linger{Onoff: 1})
	}
	syscall.Close(int(fd))
}

func sockaddr(a netip.Addr, port uint16) syscall.Sockaddr {
	if a.Is4() {
		return &syscall.SockaddrInet4{Port: int(port), Addr: a.As4()}
	}
	return &syscall.SockaddrInet6{Port: int(port), Addr: a.As16()}
}

func localPort(fd int) uint16 {
	switch a, _ := syscall.Getsockname(fd); a := a.(type) {
	case *syscall.SockaddrInet4:
		return uint16(a.Port)
	case *syscall.SockaddrInet6:
		return uint16(a.Port)
	}
	return 0
}

// Prove loads a file into each of the named routers, probes, and returns the
// answers. Whatever was not answered openly then has to be when the same
// routers hold no rules: a tuple that isn't open even then proves nothing, and
// Prove returns an error that names it. The routers are empty afterwards.
//
// Probes that got no answer are asked twice, so that one lost packet is not
// taken for a verdict.
func (n *Net) Prove(files map[string]string, tuples []Tuple) ([]Result, error) {
	routers := make([]string, 0, len(files))
	for r := range files {
		routers = append(routers, r)
	}
	slices.SortFunc(routers, func(a, b string) int { return cmp.Compare(a, b) })
	for _, r := range routers {
		if err := errors.Join(n.Flush(r), n.Load(r, files[r]), n.Forget(r)); err != nil {
			return nil, err
		}
	}
	results, err := n.Probe(tuples)
	if err != nil {
		return nil, err
	}
	if err := n.again(results, n.Wait, func(r Result) bool { return r.Answer == Silent }); err != nil {
		return nil, err
	}
	for _, r := range routers {
		if err := n.Flush(r); err != nil {
			return nil, err
		}
	}
	control := slices.Clone(results)
	notOpen := func(r Result) bool { return r.Answer != Open }
	for attempt := 0; attempt < 3; attempt++ {
		if err := n.again(control, 3*n.Wait, notOpen); err != nil {
			return nil, err
		}
	}
	if i := slices.IndexFunc(control, notOpen); i >= 0 {
		return results, fmt.Errorf("no positive control: with no rules loaded: %s", control[i])
	}
	return results, nil
}

// again repeats the probes whose results are like that.
func (n *Net) again(results []Result, wait time.Duration, like func(Result) bool) error {
	var ids []int
	var tuples []Tuple
	for i, r := range results {
		if like(r) {
			ids = append(ids, i)
			tuples = append(tuples, r.Tuple)
		}
	}
	rs, err := n.probe(tuples, wait)
	if err != nil {
		return err
	}
	for k, i := range ids {
		results[i] = rs[k]
	}
	return nil
}
