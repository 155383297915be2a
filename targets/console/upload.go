package console

import (
	"context"
	"errors"
	"fmt"
	"io"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"golang.org/x/crypto/ssh"

	"github.com/nbfwc/nbfwc/targets"
)

var uploadPath = regexp.MustCompile(`^/[A-Za-z0-9._/-]{1,254}$`)

// Upload writes a file that only the login can read, on a channel of its own. A
// file or link that is there is replaced. It is an error unless the whole of
// content was written.
func (s *Session) Upload(ctx context.Context, name string, content []byte) error {
	switch {
	case s.err != nil:
		return s.err
	case s.o.ReadOnly:
		return fmt.Errorf("upload of %s: %w", clip(name), targets.ErrReadOnly)
	case !uploadPath.MatchString(name) || path.Clean(name) != name:
		return fmt.Errorf("upload: %q is no plain absolute path", clip(name))
	}
	if ctx.Err() != nil {
		return s.fail(ctx, ctx.Err())
	}
	defer s.watch(ctx)()
	if err := s.upload(name, content); err != nil {
		var status *statusError
		err = fmt.Errorf("upload of %s: %w", name, s.t.way.reason(err))
		if errors.As(err, &status) || errors.Is(err, errSize) {
			return err // the session itself stands
		}
		return s.fail(ctx, err)
	}
	if s.o.Transcript != nil {
		if _, err := fmt.Fprintf(s.o.Transcript, "> upload %s [%d bytes]\n", name, len(content)); err != nil {
			return s.fail(ctx, fmt.Errorf("transcript: %w", err))
		}
	}
	return nil
}

// statusError is a command that failed on the device.
type statusError struct {
	status uint32
	said   string
}

func (e *statusError) Error() string {
	return fmt.Sprintf("exit status %d: %q", e.status, tail(visible(strings.TrimSpace(e.said))))
}

var errSize = errors.New("the device wrote another number of bytes")

// uploadCommand writes its input to a new file and says how long it is. Without
// noclobber the file could be one that others can read, or a link.
func uploadCommand(name string) string {
	return fmt.Sprintf("umask 077 && rm -f '%[1]s' && set -C && cat > '%[1]s' && wc -c < '%[1]s'", name)
}

func (s *Session) upload(name string, content []byte) error {
	ch, requests, err := s.t.client().OpenChannel("session", nil)
	if err != nil {
		return err
	}
	defer ch.Close()
	status := make(chan uint32, 1)
	s.t.workers.Go(func() { exitStatus(requests, status) })
	if err := request(ch, "exec", ssh.Marshal(struct{ Command string }{uploadCommand(name)})); err != nil {
		return err
	}
	// What the device says is read while it is written to.
	out, errs := &bounded{limit: 4 << 10}, &bounded{limit: 4 << 10}
	read := make(chan error, 2)
	s.t.workers.Go(func() { _, err := io.Copy(errs, ch.Stderr()); read <- err })
	s.t.workers.Go(func() { _, err := io.Copy(out, ch); read <- err })
	if err := s.send(ch, content); err != nil && !errors.Is(err, io.EOF) {
		return err
	}
	late := time.AfterFunc(s.o.Idle, func() { s.t.abort(errIdle) })
	defer late.Stop()
	if err := errors.Join(<-read, <-read); err != nil {
		return err
	}
	code, ok := <-status
	switch said := strings.TrimSpace(out.String()); {
	case !ok:
		return errEnded
	case code != 0:
		return &statusError{code, errs.String() + out.String()}
	case said != strconv.Itoa(len(content)):
		return fmt.Errorf("%w: %q instead of %d", errSize, tail(visible(said)), len(content))
	}
	return nil
}

// send writes the content; the device may take as long for each piece as it may
// be silent.
func (s *Session) send(ch ssh.Channel, content []byte) error {
	for piece := range slices.Chunk(content, 64<<10) {
		late := time.AfterFunc(s.o.Idle, func() { s.t.abort(errIdle) })
		_, err := ch.Write(piece)
		late.Stop()
		if err != nil {
			return err
		}
	}
	return ch.CloseWrite()
}

// exitStatus hands on the status of a command and closes the channel when there
// is none.
func exitStatus(requests <-chan *ssh.Request, status chan<- uint32) {
	defer close(status)
	sent := false
	for r := range requests {
		if r.Type == "exit-status" && !sent {
			var code struct{ Status uint32 }
			if ssh.Unmarshal(r.Payload, &code) == nil {
				status <- code.Status
				sent = true
			}
		}
		if r.WantReply {
			_ = r.Reply(false, nil)
		}
	}
}
