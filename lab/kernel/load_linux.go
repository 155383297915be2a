package kernel

import (
	"encoding/binary"
	"fmt"
	"os/exec"
	"syscall"
)

// Load feeds an nft file to a router, as one transaction.
func (n *Net) Load(router, text string) error {
	_, err := n.Exec(router, text, "nft", "-f", "-")
	return err
}

// Flush removes all rules of a router and makes it forget its connections.
func (n *Net) Flush(router string) error {
	if _, err := n.Exec(router, "", "nft", "flush", "ruleset"); err != nil {
		return err
	}
	return n.Forget(router)
}

// Exec runs a program in a node, with a text on its standard input, and returns
// what it printed.
func (n *Net) Exec(node, stdin string, name string, args ...string) (string, error) {
	d, err := n.node(node)
	if err != nil {
		return "", err
	}
	return d.exec(stdin, name, args...)
}

func (n *Net) node(name string) (*node, error) {
	d := n.nodes[name]
	if d == nil {
		return nil, fmt.Errorf("the network has no node %q", name)
	}
	return d, nil
}

func lookPath(program string) error {
	_, err := exec.LookPath(program)
	return err
}

// Forget empties the connection table of a router: a new rule set would
// otherwise let through what an earlier one permitted. It speaks netlink
// (nfnetlink_conntrack.h) since the program conntrack is seldom installed.
func (n *Net) Forget(router string) error {
	d, err := n.node(router)
	if err != nil {
		return err
	}
	return d.run(forget)
}

func forget() error {
	const (
		netlinkNetfilter = 12
		ctnetlink        = 1
		ctDelete         = 2
	)
	fd, err := syscall.Socket(syscall.AF_NETLINK, syscall.SOCK_RAW|syscall.SOCK_CLOEXEC, netlinkNetfilter)
	if err != nil {
		return fmt.Errorf("netlink: %w", err)
	}
	defer syscall.Close(fd)
	m := make([]byte, 20) // nlmsghdr, nfgenmsg with family unspecified: all entries
	binary.NativeEndian.PutUint32(m[0:], 20)
	binary.NativeEndian.PutUint16(m[4:], ctnetlink<<8|ctDelete)
	binary.NativeEndian.PutUint16(m[6:], syscall.NLM_F_REQUEST|syscall.NLM_F_ACK)
	binary.NativeEndian.PutUint32(m[8:], 1)
	if err := syscall.Sendto(fd, m, 0, &syscall.SockaddrNetlink{Family: syscall.AF_NETLINK}); err != nil {
		return fmt.Errorf("netlink: %w", err)
	}
	answer := make([]byte, 4096)
	k, _, err := syscall.Recvfrom(fd, answer, 0)
	if err != nil || k < 20 {
		return fmt.Errorf("netlink: short answer: %w", err)
	}
	if errno := int32(binary.NativeEndian.Uint32(answer[16:])); errno != 0 {
		return fmt.Errorf("forget connections: %w", syscall.Errno(-errno))
	}
	return nil
}
