package paloalto

import (
	"bytes"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"
)

// xmlReader reads the XML dialect. It knows elements, the attribute name, text
// and the five entities of XML with numbers; declarations of a document type
// are refused, so that nothing can expand.
type xmlReader struct {
	data []byte
	pos  int
	line int
	p    *parser
	c    *cursor
	open []element
	text []byte // of the element at hand
	buf  []byte
	any  bool
}

type element struct {
	name   []byte
	height int // of the stack before it
	kids   bool
	member bool
}

var errEnds = errors.New("the text ends inside an element; fetch the whole configuration")

func (p *parser) readXML(data []byte) error {
	r := xmlReader{data: data, line: 1, p: p, c: newCursor(p.tree)}
	err := r.read()
	if err == nil && len(r.open) > 0 {
		err = errEnds
	}
	if err != nil {
		return fmt.Errorf("line %d: %w", r.line, err)
	}
	if r.c.deep {
		p.problem(0, "", "elements that stand more than 100 deep were left out")
	}
	return nil
}

func (r *xmlReader) read() error {
	for r.pos < len(r.data) {
		i := bytes.IndexByte(r.data[r.pos:], '<')
		if i < 0 {
			i = len(r.data) - r.pos
		}
		if i > 0 && len(r.open) > 0 {
			t, err := r.unescape(r.data[r.pos : r.pos+i])
			if err != nil {
				return err
			}
			r.text = append(r.text, t...)
		}
		r.advance(i)
		if r.pos >= len(r.data) {
			return nil
		}
		rest := r.data[r.pos:]
		var err error
		switch {
		case len(r.open) == 0 && r.any:
			// What follows the root is a prompt; nothing of it counts.
			return nil
		case bytes.HasPrefix(rest, []byte("<!--")):
			if !r.any && bytes.HasPrefix(rest, []byte("<!-- "+sectionMark+" -->")) {
				r.p.m.sectionOnly = true
			}
			err = r.until(4, "-->", nil)
		case bytes.HasPrefix(rest, []byte("<![CDATA[")):
			err = r.until(9, "]]>", &r.text)
		case bytes.HasPrefix(rest, []byte("<!")):
			return errors.New("a document type is declared; a configuration of PAN-OS has none")
		case bytes.HasPrefix(rest, []byte("<?")):
			err = r.until(2, "?>", nil)
		case bytes.HasPrefix(rest, []byte("</")):
			err = r.endTag()
		default:
			err = r.startTag()
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func (r *xmlReader) advance(n int) {
	r.line += bytes.Count(r.data[r.pos:r.pos+n], []byte{'\n'})
	r.pos += n
}

// until goes behind end; what is before it is added to text.
func (r *xmlReader) until(from int, end string, text *[]byte) error {
	i := bytes.Index(r.data[r.pos+from:], []byte(end))
	if i < 0 {
		return errEnds
	}
	if text != nil {
		*text = append(*text, r.data[r.pos+from:r.pos+from+i]...)
	}
	r.advance(from + i + len(end))
	return nil
}

// startTag reads an element's beginning.
func (r *xmlReader) startTag() error {
	line := r.line
	i := r.pos + 1
	for i < len(r.data) && !isBlank(r.data[i]) && r.data[i] != '\n' && r.data[i] != '>' && r.data[i] != '/' {
		i++
	}
	name := r.data[r.pos+1 : i]
	if len(name) == 0 || !isNameStart(name[0]) {
		return errors.New("a < that begins no element")
	}
	var attr []byte
	named := false
	for {
		for i < len(r.data) && (isBlank(r.data[i]) || r.data[i] == '\n') {
			i++
		}
		if i >= len(r.data) {
			return errEnds
		}
		if r.data[i] == '>' {
			r.advance(i + 1 - r.pos)
			r.begin(name, attr, named, line)
			return nil
		}
		if bytes.HasPrefix(r.data[i:], []byte("/>")) {
			r.advance(i + 2 - r.pos)
			r.begin(name, attr, named, line)
			r.end()
			return nil
		}
		key, val, n, err := attribute(r.data[i:])
		if err != nil {
			return err
		}
		i += n
		if string(key) == "name" {
			v, err := r.unescape(val)
			if err != nil {
				return err
			}
			attr, named = append([]byte(nil), v...), true
		}
		if string(key) == "version" && string(name) == "config" {
			r.p.m.version = r.c.t.intern(val)
		}
	}
}

func isNameStart(c byte) bool {
	return c == '_' || c == ':' || 'a' <= c|0x20 && c|0x20 <= 'z' || c >= utf8.RuneSelf
}

// attribute reads KEY="VALUE" and returns its length.
func attribute(b []byte) (key, val []byte, n int, err error) {
	i := 0
	for i < len(b) && isNameStart(b[i]) || i > 0 && i < len(b) && strings.IndexByte("-.0123456789", b[i]) >= 0 {
		i++
	}
	key = b[:i]
	for i < len(b) && (isBlank(b[i]) || b[i] == '\n') {
		i++
	}
	if len(key) == 0 || i >= len(b) || b[i] != '=' {
		return nil, nil, 0, errors.New("an attribute without a value")
	}
	i++
	for i < len(b) && (isBlank(b[i]) || b[i] == '\n') {
		i++
	}
	if i >= len(b) || b[i] != '"' && b[i] != '\'' {
		return nil, nil, 0, errors.New("an attribute whose value isn't quoted")
	}
	j := bytes.IndexByte(b[i+1:], b[i])
	if j < 0 {
		return nil, nil, 0, errEnds
	}
	return key, b[i+1 : i+1+j], i + j + 2, nil
}

// begin goes down to an element.
func (r *xmlReader) begin(name, attr []byte, named bool, line int) {
	e := element{name: name, height: len(r.c.stack)}
	if n := len(r.open); n > 0 {
		r.open[n-1].kids = true
	}
	r.text = r.text[:0]
	r.any = true
	switch {
	case string(name) == "member":
		e.member = true
	case len(r.open) < 3 && (string(name) == "response" || string(name) == "result"):
	case string(name) == "entry" && named:
		r.again(attr, line)
		r.c.enter(attr, line)
	default:
		r.c.enter(name, line)
	}
	r.open = append(r.open, e)
}

// again reports an object or rule that is there already.
func (r *xmlReader) again(name []byte, line int) {
	p := r.c.top()
	if p.node < 0 || p.shape.kind != entries || !p.shape.each.entry {
		return
	}
	if n := r.c.t.child(p.node, string(name)); n != 0 {
		r.p.problem(line, string(name), "an entry of this name is there already; both are read as one")
	}
}

func (r *xmlReader) endTag() error {
	i := bytes.IndexByte(r.data[r.pos:], '>')
	if i < 0 {
		return errEnds
	}
	name := bytes.TrimRight(r.data[r.pos+2:r.pos+i], " \t\r\n")
	if len(r.open) == 0 || !bytes.Equal(r.open[len(r.open)-1].name, name) {
		return fmt.Errorf("an end of %q that has no beginning", shorten(string(name), 40))
	}
	line := r.line
	r.advance(i + 1)
	r.line, line = line, r.line
	r.end()
	r.line = line
	return nil
}

// end leaves an element.
func (r *xmlReader) end() {
	e := r.open[len(r.open)-1]
	if !e.kids {
		if t := r.text; len(bytes.TrimSpace(t)) > 0 {
			r.c.value(t, r.line)
		}
	}
	r.c.reset(e.height)
	r.open = r.open[:len(r.open)-1]
	r.text = r.text[:0]
}

// unescape replaces entities. The result holds until the next call.
func (r *xmlReader) unescape(b []byte) ([]byte, error) {
	if bytes.IndexByte(b, '&') < 0 {
		return b, nil
	}
	out := r.buf[:0]
	for len(b) > 0 {
		i := bytes.IndexByte(b, '&')
		if i < 0 {
			out = append(out, b...)
			break
		}
		out = append(out, b[:i]...)
		b = b[i+1:]
		j := bytes.IndexByte(b[:min(len(b), 12)], ';')
		if j < 0 {
			return nil, errors.New("an & that begins no entity")
		}
		c, ok := entity(string(b[:j]))
		if !ok {
			return nil, fmt.Errorf("the entity &%s; is not one of XML", string(b[:j]))
		}
		out = utf8.AppendRune(out, c)
		b = b[j+1:]
	}
	r.buf = out
	return out, nil
}

func entity(name string) (rune, bool) {
	switch name {
	case "lt":
		return '<', true
	case "gt":
		return '>', true
	case "amp":
		return '&', true
	case "quot":
		return '"', true
	case "apos":
		return '\'', true
	}
	digits, ok := strings.CutPrefix(name, "#")
	if !ok {
		return 0, false
	}
	base := 10
	if hex, ok := strings.CutPrefix(digits, "x"); ok {
		digits, base = hex, 16
	}
	n, err := strconv.ParseUint(digits, base, 32)
	return rune(n), err == nil && n > 0 && n <= utf8.MaxRune
}
