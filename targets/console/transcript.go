package console

import (
	"crypto/sha256"
	"fmt"
	"io"
	"strings"
)

// record writes a command and its answer to the transcript. Secrets aren't in
// what it gets: of what was typed at questions it knows the name.
func (s *Session) record(r *reading, failed error) error {
	if s.o.Transcript == nil {
		return nil
	}
	var out strings.Builder
	out.WriteString("> " + r.c.Line + "\n")
	text := r.out.String()
	at := int64(0)
	for _, a := range r.typed {
		out.WriteString(r.shown(text[at:a.at]))
		if a.secret != "" {
			out.WriteString("> ***\n")
		} else {
			out.WriteString("> " + a.text + "\n")
		}
		at = a.at
	}
	out.WriteString(r.shown(text[at:]))
	if failed != nil {
		fmt.Fprintf(&out, "[%s]\n", failed)
	}
	if _, err := io.WriteString(s.o.Transcript, s.told.mask(out.String())); err != nil {
		return fmt.Errorf("transcript: %w", err)
	}
	return nil
}

// shown is a part of an answer as a transcript has it.
func (r *reading) shown(text string) string {
	if text == "" || !r.c.Private {
		return r.mask(text)
	}
	return fmt.Sprintf("[%d bytes, sha256 %x]\n", len(text), sha256.Sum256([]byte(text)))
}
