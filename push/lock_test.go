package push_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/nbfwc/nbfwc/push"
)

const lockHelper = "-hold-the-lock-of-a-device"

// holdLock is another process in the middle of a push: it says so, and stays
// until it is told to go on.
func holdLock(state string) int {
	w := newWorld(state, stepwise)
	w.eng.Who = "bob@elsewhere"
	o, err := w.eng.Push(context.Background(), w.dev, push.Options{Approve: func(*push.Planned) error {
		fmt.Println("ready")
		_, err := bufio.NewReader(os.Stdin).ReadString('\n')
		return err
	}})
	if err != nil || o.Stand != push.New {
		fmt.Println(o, err)
		return 1
	}
	return 0
}

// While one process works on a device, another one is told who does, and types
// nothing. When the first one ends, even by a kill, the device is free.
func TestTwoProcessesCantPushToOneDevice(t *testing.T) {
	for _, end := range []string{"it goes on", "it is killed"} {
		t.Run(end, func(t *testing.T) {
			state := stateDir(t)
			exe, err := os.Executable()
			if err != nil {
				t.Fatal(err)
			}
			other := exec.Command(exe, lockHelper, state)
			in, err := other.StdinPipe()
			if err != nil {
				t.Fatal(err)
			}
			out, err := other.StdoutPipe()
			if err != nil {
				t.Fatal(err)
			}
			if err := other.Start(); err != nil {
				t.Fatal(err)
			}
			line, err := bufio.NewReader(out).ReadString('\n')
			if err != nil || line != "ready\n" {
				t.Fatalf("the other process says %q: %v", line, err)
			}
			w := newWorld(state, stepwise)
			_, err = w.eng.Push(context.Background(), w.dev, push.Options{})
			var locked *push.LockedError
			if !errors.As(err, &locked) || locked.Who != "bob@elsewhere" || locked.PID != other.Process.Pid || !strings.Contains(err.Error(), "bob@elsewhere") {
				t.Errorf("the second push: %v", err)
			}
			if _, err := w.eng.Recover(context.Background(), w.dev, push.Abandon, push.Options{}); !errors.As(err, &locked) {
				t.Errorf("a recovery meanwhile: %v", err)
			}
			if w.fake.dials > 0 {
				t.Error("the device was asked though it is locked")
			}
			if end == "it is killed" {
				if err := other.Process.Kill(); err != nil {
					t.Fatal(err)
				}
				_ = other.Wait() // it says that it was killed
			} else {
				if _, err := io.WriteString(in, "\n"); err != nil {
					t.Fatal(err)
				}
				if err := other.Wait(); err != nil {
					t.Fatal(err)
				}
			}
			if o, err := w.eng.Push(context.Background(), w.dev, push.Options{}); err != nil || o.Stand != push.New {
				t.Errorf("the push afterwards: %v, %+v", err, o)
			}
		})
	}
}

// Two pushes of one process exclude each other as well, and other devices are
// free.
func TestTwoEnginesCantPushToOneDevice(t *testing.T) {
	state := stateDir(t)
	w, second, third := newWorld(state, atomic), newWorld(state, atomic), newWorld(state, atomic)
	third.dev.Name = "core"
	o, err := w.eng.Push(context.Background(), w.dev, push.Options{Approve: func(*push.Planned) error {
		var locked *push.LockedError
		if _, err := second.eng.Push(context.Background(), second.dev, push.Options{}); !errors.As(err, &locked) || locked.Who != "alice@desk" {
			t.Errorf("the second push: %v", err)
		}
		if o, err := third.eng.Push(context.Background(), third.dev, push.Options{}); err != nil || o.Stand != push.New {
			t.Errorf("the push to another device: %v, %+v", err, o)
		}
		return nil
	}})
	if err != nil || o.Stand != push.New {
		t.Errorf("the first push: %v, %+v", err, o)
	}
}

// A lock file that leads elsewhere isn't written to.
func TestALockThatIsALinkIsRefused(t *testing.T) {
	state := stateDir(t)
	target := t.TempDir() + "/precious"
	if err := errors.Join(os.WriteFile(target, []byte("precious"), 0o600), os.Mkdir(state+"/edge", 0o700), os.Symlink(target, state+"/edge/lock")); err != nil {
		t.Fatal(err)
	}
	w := newWorld(state, stepwise)
	if _, err := w.eng.Push(context.Background(), w.dev, push.Options{}); err == nil || !strings.Contains(err.Error(), "not an ordinary file") {
		t.Errorf("error %v", err)
	}
	if content, err := os.ReadFile(target); err != nil || string(content) != "precious" {
		t.Errorf("the file was changed: %q, %v", content, err)
	}
}
