package main

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"net/netip"
	"os"
	"runtime"
	"strconv"
	"strings"
	"sync"

	"github.com/spf13/cobra"

	"github.com/nbfwc/nbfwc/compile"
	"github.com/nbfwc/nbfwc/ruleset"
	"github.com/nbfwc/nbfwc/view"
)

func newQuery(e *env) *cobra.Command {
	var policy, file string
	cmd := &cobra.Command{
		Use:   "query SRC DST PROTOCOL PORT | query -f FILE",
		Short: "Would this packet pass, and where is it stopped",
		Long: `Say what becomes of a new connection: permitted, denied or rejected and by
which firewalls, unfiltered (no firewall sees it), or "no path". With -f, of
each line "SRC DST PROTOCOL PORT" of a file ("-": standard input), in order;
empty lines and lines that begin with # are skipped.

Exit status 1 says that at least one of them doesn't get through.`,
		GroupID: "ask",
		Example: "  nbfwc query -policy examples/quickstart 192.0.2.31 10.0.0.10 tcp 13724\n  nbfwc query -policy policies -f tuples.txt -json",
		Args:    cobra.MaximumNArgs(4),
	}
	flags := policyArgs(cmd)
	cmd.Flags().StringVar(&policy, "policy", ".", "the `policy`: a file, a directory, or REVISION:PATH of git")
	cmd.Flags().StringVarP(&file, "file", "f", "", "`file` of tuples, \"-\" for standard input")
	cmd.RunE = func(_ *cobra.Command, args []string) error {
		tuples, err := queryTuples(e, args, file)
		if err != nil {
			return err
		}
		l, err := loadGraph(e, policy, flags)
		if err != nil {
			return err
		}
		answers := make([]compile.Answer, len(tuples))
		l.graph.Index().Answers(tuples, answers)
		switch {
		case flags.json:
			err = view.WriteQuery(e.stdout, l.graph, tuples, answers)
		case file == "":
			err = view.WriteAnswer(e.stdout, l.graph, tuples[0], answers[0])
		default:
			err = writeAnswers(e.stdout, tuples, answers)
		}
		if err != nil {
			return err
		}
		for _, a := range answers {
			if a.Verdict != compile.Permitted && a.Verdict != compile.Unfiltered {
				return errFindings
			}
		}
		return nil
	}
	return cmd
}

func queryTuples(e *env, args []string, file string) ([]compile.Tuple, error) {
	if file == "" {
		if len(args) != 4 {
			return nil, usageError{fmt.Errorf("query takes SRC DST PROTOCOL PORT, or -f FILE, but %s given; the policy is named by -policy", view.Count(len(args), "argument is", "arguments are"))}
		}
		t, err := parseTuple([]byte(strings.Join(args, " ")))
		if err != nil {
			return nil, usageError{err}
		}
		return []compile.Tuple{t}, nil
	}
	if len(args) > 0 {
		return nil, usageError{fmt.Errorf("query takes arguments or -f FILE, not both")}
	}
	text, err := readTuples(e, file)
	if err != nil {
		return nil, err
	}
	if file == "-" {
		file = "standard input"
	}
	return parseTuples(file, text)
}

// maxTupleBytes bounds a file of tuples.
const maxTupleBytes = 1 << 30

func readTuples(e *env, file string) ([]byte, error) {
	r := e.stdin
	if file != "-" {
		f, err := os.Open(file)
		if err != nil {
			return nil, usageError{err}
		}
		defer f.Close()
		r = f
	}
	text, err := io.ReadAll(io.LimitReader(r, maxTupleBytes+1))
	if err == nil && len(text) > maxTupleBytes {
		err = fmt.Errorf("%s is larger than %d MiB: split it", file, maxTupleBytes>>20)
	}
	return text, err
}

// parseTuples reads all lines, on all cores. The first bad line is the error.
func parseTuples(name string, text []byte) ([]compile.Tuple, error) {
	type part struct {
		text   []byte
		tuples []compile.Tuple
		lines  int
		err    error // of line "lines" of the part
	}
	parts := make([]part, runtime.GOMAXPROCS(0))
	for i := range parts {
		cut := len(text)
		if left := len(parts) - i; left > 1 {
			cut = len(text) / left
			if n := bytes.IndexByte(text[cut:], '\n'); n >= 0 {
				cut += n + 1
			} else {
				cut = len(text)
			}
		}
		parts[i].text, text = text[:cut], text[cut:]
	}
	var wg sync.WaitGroup
	for i := range parts {
		p := &parts[i]
		wg.Go(func() {
			p.tuples = make([]compile.Tuple, 0, len(p.text)/24)
			for line := range bytes.Lines(p.text) {
				p.lines++
				line = bytes.TrimSpace(line)
				if len(line) == 0 || line[0] == '#' {
					continue
				}
				t, err := parseTuple(line)
				if err != nil {
					p.err = err
					return
				}
				p.tuples = append(p.tuples, t)
			}
		})
	}
	wg.Wait()
	lines, tuples := 0, 0
	for _, p := range parts {
		if lines += p.lines; p.err != nil {
			return nil, fmt.Errorf("%s, line %d: %w", name, lines, p.err)
		}
		tuples += len(p.tuples)
	}
	all := make([]compile.Tuple, 0, tuples)
	for _, p := range parts {
		all = append(all, p.tuples...)
	}
	return all, nil
}

// parseTuple reads "SRC DST PROTOCOL PORT".
func parseTuple(line []byte) (compile.Tuple, error) {
	var t compile.Tuple
	var err error
	var fields [4][]byte
	for i := range fields {
		fields[i], line = cutField(line)
		if len(fields[i]) == 0 {
			return t, fmt.Errorf("%d of 4 fields: write SRC DST PROTOCOL PORT, such as: 192.0.2.11 10.0.0.10 tcp 1556", i)
		}
	}
	if len(bytes.TrimSpace(line)) > 0 {
		return t, fmt.Errorf("%q after the port: write SRC DST PROTOCOL PORT", clipText(line))
	}
	if t.Src, err = parseAddr(fields[0]); err != nil {
		return t, err
	}
	if t.Dst, err = parseAddr(fields[1]); err != nil {
		return t, err
	}
	if t.Src.BitLen() != t.Dst.BitLen() {
		return t, fmt.Errorf("%s and %s are of two address families", t.Src, t.Dst)
	}
	if t.Proto, err = parseProtocol(fields[2]); err != nil {
		return t, err
	}
	t.Port, err = parsePort(fields[3])
	return t, err
}

func separates(c byte) bool { return c == ' ' || c == '\t' || c == ',' }

func cutField(line []byte) (field, rest []byte) {
	from := 0
	for from < len(line) && separates(line[from]) {
		from++
	}
	to := from
	for to < len(line) && !separates(line[to]) {
		to++
	}
	return line[from:to], line[to:]
}

// parseAddr reads an address; dotted IPv4, which files are full of, without a
// string.
func parseAddr(b []byte) (netip.Addr, error) {
	var a [4]byte
	octet, digits, value := 0, 0, 0
	for _, c := range b {
		switch {
		case c >= '0' && c <= '9' && digits < 3 && (digits == 0 || value > 0):
			value, digits = value*10+int(c-'0'), digits+1
		case c == '.' && digits > 0 && octet < 3 && value < 256:
			a[octet], value, digits = byte(value), 0, 0
			octet++
		default:
			return parseAddrText(b)
		}
	}
	if octet != 3 || digits == 0 || value > 255 {
		return parseAddrText(b)
	}
	a[3] = byte(value)
	return netip.AddrFrom4(a), nil
}

func parseAddrText(b []byte) (netip.Addr, error) {
	a, err := netip.ParseAddr(clipText(b))
	if err != nil || a.Zone() != "" {
		return a, fmt.Errorf("%q is not an IPv4 or IPv6 address", clipText(b))
	}
	return a.Unmap(), nil
}

func parseProtocol(b []byte) (uint8, error) {
	switch string(b) {
	case "tcp":
		return ruleset.TCP, nil
	case "udp":
		return ruleset.UDP, nil
	}
	return view.ParseProtocol(clipText(b))
}

func parsePort(b []byte) (uint16, error) {
	n := 0
	for _, c := range b {
		if c < '0' || c > '9' || n > 65535 {
			n = 65536
			break
		}
		n = n*10 + int(c-'0')
	}
	if n > 65535 {
		return 0, fmt.Errorf("port %q: write a number from 0 to 65535", clipText(b))
	}
	return uint16(n), nil
}

// clipText is text for a message: bounded, whatever the input was.
func clipText(b []byte) string {
	const most = 60
	if b = bytes.TrimSpace(b); len(b) > most {
		return string(b[:most]) + "..."
	}
	return string(b)
}

// writeAnswers writes a line for each tuple: the tuple, the verdict and the
// firewalls.
func writeAnswers(w io.Writer, tuples []compile.Tuple, answers []compile.Answer) error {
	out := bufio.NewWriterSize(w, 1<<16)
	var line []byte
	for i, t := range tuples {
		line = t.Src.AppendTo(line[:0])
		line = append(line, ' ')
		line = t.Dst.AppendTo(line)
		line = append(line, ' ')
		line = append(line, view.ProtocolName(t.Proto)...)
		line = append(line, ' ')
		line = strconv.AppendUint(line, uint64(t.Port), 10)
		line = append(line, ' ')
		line = append(line, view.VerdictName(answers[i].Verdict)...)
		for p, path := range answers[i].Paths {
			line = append(line, " ,"[min(p, 1)])
			for h, hop := range path {
				if h > 0 {
					line = append(line, '>')
				}
				line = append(line, view.Printable(hop.Firewall.Name)...)
			}
		}
		line = append(line, '\n')
		if _, err := out.Write(line); err != nil {
			return err
		}
	}
	return out.Flush()
}
