package kernel

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"syscall"
)

// cloneNewNet is CLONE_NEWNET of clone(2).
const cloneNewNet = 0x40000000

// namespace is a network namespace, held by an open file.
type namespace struct {
	name string
	file *os.File
}

// path is a name of the namespace for other processes of root.
func (s *namespace) path() string {
	return fmt.Sprintf("/proc/%d/fd/%d", os.Getpid(), s.file.Fd())
}

// newNamespace makes an empty namespace.
func newNamespace(name string) (*namespace, error) {
	s := &namespace{name: name}
	err := onThread(func() error {
		if err := syscall.Unshare(cloneNewNet); err != nil {
			return fmt.Errorf("new network namespace: %w", err)
		}
		f, err := os.Open(fmt.Sprintf("/proc/self/task/%d/ns/net", syscall.Gettid()))
		s.file = f
		return err
	})
	return s, err
}

// run calls f on a thread inside the namespace. Sockets that f opens and
// programs that it starts belong to the namespace.
func (s *namespace) run(f func() error) error {
	return onThread(func() error {
		_, _, errno := syscall.RawSyscall(setnsNumber(), s.file.Fd(), cloneNewNet, 0)
		if errno != 0 {
			return fmt.Errorf("enter namespace %s: %w", s.name, errno)
		}
		return f()
	})
}

// onThread calls f on a thread of its own, which ends with f: the goroutine
// never unlocks, so the runtime doesn't give the changed thread to others.
func onThread(f func() error) error {
	done := make(chan error, 1)
	go func() {
		runtime.LockOSThread()
		done <- f()
	}()
	return <-done
}

// exec runs a program in the namespace and returns what it printed.
func (s *namespace) exec(stdin string, name string, args ...string) (string, error) {
	var out, errs bytes.Buffer
	err := s.run(func() error {
		c := exec.Command(name, args...)
		c.Stdin, c.Stdout, c.Stderr = strings.NewReader(stdin), &out, &errs
		return c.Run()
	})
	if err != nil {
		err = fmt.Errorf("%s: %s %s: %w\n%s", s.name, name, strings.Join(args, " "), err, errs.String())
	}
	return out.String(), err
}

// sysctl writes settings below /proc/sys/net, which shows the namespace of the
// thread that opens it.
func (s *namespace) sysctl(settings ...string) error {
	return s.run(func() error {
		for _, set := range settings {
			name, value, _ := strings.Cut(set, "=")
			if err := os.WriteFile("/proc/sys/net/"+name, []byte(value), 0); err != nil {
				return fmt.Errorf("%s: %w", s.name, err)
			}
		}
		return nil
	})
}

// setnsNumber is the number of setns(2), which package syscall doesn't name on
// every architecture.
func setnsNumber() uintptr {
	switch runtime.GOARCH {
	case "amd64":
		return 308
	case "386":
		return 346
	case "arm":
		return 375
	case "ppc64le", "ppc64":
		return 350
	case "s390x":
		return 339
	}
	return 268 // the generic table: arm64, riscv64, loong64
}
