package push

import (
	"context"
	"fmt"

	"github.com/nbfwc/nbfwc/targets"
)

// A recorder is a session that writes down what is typed before it is typed,
// and what came back. A command that may change something is on the disk before
// the device sees it.
type recorder struct {
	targets.Session
	x *run
}

// An uploadRecorder is the same for a session that takes files.
type uploadRecorder struct {
	recorder
	up targets.Uploader
}

// record wraps a session for the journal.
func (x *run) record(s targets.Session) targets.Session {
	r := recorder{s, x}
	if up, ok := s.(targets.Uploader); ok {
		return &uploadRecorder{r, up}
	}
	return &r
}

// Do types commands, in groups that are sent at once. Before each group it
// stops if it was asked to: where it stops no answer is outstanding.
func (r *recorder) Do(ctx context.Context, commands ...targets.Command) ([]string, error) {
	var answers []string
	for len(commands) > 0 {
		n := group(commands)
		if err := r.x.mayGoOn(); err != nil {
			return answers, err
		}
		changes := false
		for i := range n {
			changes = changes || !commands[i].Reads
			r.x.write(Entry{What: Command, Text: commands[i].Line}, false)
		}
		if err := r.x.flushFor(changes); err != nil {
			return answers, err
		}
		got, err := r.Session.Do(ctx, commands[:n]...)
		r.answered(commands[:n], got, err)
		answers = append(answers, got...)
		if err != nil {
			return answers, err
		}
		commands = commands[n:]
	}
	return answers, nil
}

// group is how many of the commands are typed without waiting for an answer.
func group(commands []targets.Command) int {
	n := 1
	for n < len(commands) && commands[n-1].Ahead {
		n++
	}
	return n
}

func (r *recorder) answered(commands []targets.Command, got []string, err error) {
	for i := range min(len(got), len(commands)) {
		e := Entry{What: Answer, Answer: got[i]}
		if commands[i].Private {
			e.Answer = "(private: " + sizeAndHash(got[i]) + ")"
		}
		r.x.write(e, false)
	}
	if err != nil {
		r.x.write(Entry{What: Failed, Text: err.Error()}, false)
	}
}

// Upload writes a file, of which the journal has the size and the hash.
func (r *uploadRecorder) Upload(ctx context.Context, path string, content []byte) error {
	if err := r.x.mayGoOn(); err != nil {
		return err
	}
	r.x.write(Entry{What: Command, Text: fmt.Sprintf("upload to %s: %s", path, sizeAndHash(string(content)))}, false)
	if err := r.x.flushFor(true); err != nil {
		return err
	}
	err := r.up.Upload(ctx, path, content)
	if err != nil {
		r.x.write(Entry{What: Failed, Text: err.Error()}, false)
	}
	return err
}

// write adds an entry to the record, if there is one already.
func (x *run) write(e Entry, sync bool) {
	if x.j != nil {
		_ = x.j.add(e, sync) // flushFor and end look at the error
	}
}

// flushFor has the journal on the disk before a command that changes something.
// Where the device is being put right again, that comes before the record.
func (x *run) flushFor(changes bool) error {
	if x.j == nil || !changes {
		return nil
	}
	if err := x.j.flush(); err != nil && !x.rescuing {
		return err
	}
	return nil
}

// mayGoOn says by an error that the work is to stop here.
func (x *run) mayGoOn() error {
	if x.stoppable && x.soft.Err() != nil {
		return fmt.Errorf("device %s: stopped between two commands: %w", x.d.Name, context.Cause(x.soft))
	}
	return nil
}

func (x *run) note(format string, args ...any) {
	x.write(Entry{What: Note, Text: fmt.Sprintf(format, args...)}, false)
}
