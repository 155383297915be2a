package lang

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"strings"
	"testing"
)

// oracleCSV reads with encoding/csv, up to the first fault or the first row
// over our limits.
func oracleCSV(src []byte, comma byte) (rows [][]string, lines []int, failed bool) {
	r := csv.NewReader(bytes.NewReader(bytes.TrimPrefix(src, bom)))
	r.Comment = '#'
	r.Comma = rune(comma)
	r.FieldsPerRecord = -1
	for {
		row, err := r.Read()
		if err == io.EOF {
			return rows, lines, false
		}
		if err != nil {
			return rows, lines, true
		}
		line, _ := r.FieldPos(0)
		lim := DefaultLimits()
		if len(row) > lim.Fields {
			return rows, lines, true
		}
		for i := range row {
			row[i] = strings.Trim(row[i], " \t")
			if len(row[i]) > lim.FieldBytes {
				return rows, lines, true
			}
		}
		rows, lines = append(rows, row), append(lines, line)
	}
}

// ownCSV reads with our splitter, up to the first fault.
func ownCSV(src []byte, comma byte) (rows [][]string, lines []int, failed bool) {
	begin := 0
	if bytes.HasPrefix(src, bom) {
		begin = len(bom)
	}
	r := &csvRows{text: string(src), pos: begin, line: 1, comma: comma, lim: DefaultLimits()}
	for {
		cells, line, offset, fault := r.record()
		if fault != nil {
			return rows, lines, true
		}
		if cells == nil {
			return rows, lines, false
		}
		var row []string
		for _, c := range cells {
			row = append(row, c.text)
		}
		again := r.at(offset)
		for i := range cells {
			if again[i] != cells[i] {
				panic("a row reads differently the second time")
			}
		}
		rows, lines = append(rows, row), append(lines, line)
	}
}

func compareCSV(t *testing.T, src []byte, comma byte) {
	t.Helper()
	rows, lines, failed := ownCSV(src, comma)
	wantRows, wantLines, wantFailed := oracleCSV(src, comma)
	if fmt.Sprintf("%q", rows) != fmt.Sprintf("%q", wantRows) || fmt.Sprint(lines) != fmt.Sprint(wantLines) || failed != wantFailed {
		t.Fatalf("%q:\nhave %q %v %v\nwant %q %v %v", src, rows, lines, failed, wantRows, wantLines, wantFailed)
	}
}

var csvAlphabet = []string{"a", "b c", " ", ",", ",", ";", "\"", "\"", "\"\"", "\"x\"", "\n", "\n", "\r\n", "\r", "#", "é", "\t", "10.0.0.1"}

func TestCSVIsEncodingCSV(t *testing.T) {
	rng := rand.New(rand.NewPCG(9, 10))
	for range 300_000 {
		var b bytes.Buffer
		for range 1 + rng.IntN(14) {
			b.WriteString(csvAlphabet[rng.IntN(len(csvAlphabet))])
		}
		compareCSV(t, b.Bytes(), ",;"[rng.IntN(2)])
	}
}

// TestJSONIsEncodingJSON compares lists of flat objects with encoding/json.
func TestJSONIsEncodingJSON(t *testing.T) {
	rng := rand.New(rand.NewPCG(11, 12))
	parts := []string{"[", "]", "{", "}", ",", ":", `"a"`, `"b"`, `"c\n\u00e9"`, "1", "-2.50", "1e5", "01", "true", "null", "nul", " ", "\n",
		`{"a":1}`, `{"a":"x","b":null}`, `{"b":[1,"y"]},`, `"a":"x"`, `"b":2,`, "\"", "\\", `"\ud800"`}
	read := 0
	for range 300_000 {
		b := bytes.NewBufferString("[")
		for range rng.IntN(8) {
			b.WriteString(parts[rng.IntN(len(parts))])
		}
		b.WriteString("]")
		read += compareJSON(t, b.Bytes())
	}
	if read < 1000 {
		t.Fatalf("only %d rows were read", read)
	}
}

// compareJSON returns the number of rows. What we take, encoding/json must
// take in the same sense; what it takes and we don't must be of another shape.
func compareJSON(t *testing.T, src []byte) int {
	t.Helper()
	r := newJSONRows(src, 0, DefaultLimits())
	var rows []map[string]string
	for {
		cells, _, offset, fault := r.next()
		if fault != nil {
			if flatJSON(src) {
				t.Fatalf("%q is refused: %s", src, fault.detail)
			}
			return 0
		}
		if cells == nil {
			break
		}
		row := map[string]string{}
		for k, c := range cells {
			row[r.names[k]] = c.text
		}
		if fmt.Sprint(r.at(offset)) != fmt.Sprint(cells) {
			t.Fatalf("%q: a row reads differently the second time", src)
		}
		rows = append(rows, row)
	}
	var want []map[string]any
	dec := json.NewDecoder(bytes.NewReader(src))
	dec.UseNumber()
	if err := dec.Decode(&want); err != nil || len(want) != len(rows) {
		t.Fatalf("%q: have %v, want %v (%v)", src, rows, want, err)
	}
	for i := range want {
		for name, v := range want[i] {
			if rows[i][name] != jsonText(v) {
				t.Fatalf("%q: have %v, want %v", src, rows, want)
			}
		}
	}
	return len(rows)
}

func jsonText(v any) string {
	switch v := v.(type) {
	case nil:
		return ""
	case []any:
		var words []string
		for _, e := range v {
			words = append(words, jsonText(e))
		}
		return strings.TrimSpace(strings.Join(words, " "))
	}
	return strings.TrimSpace(fmt.Sprint(v))
}

// flatJSON reports whether src is certainly an inventory.
func flatJSON(src []byte) bool {
	var rows []map[string]string
	if json.Unmarshal(src, &rows) != nil || bytes.Contains(src, []byte(`\ud`)) || bytes.Contains(src, []byte("null")) {
		return false
	}
	names := map[string]bool{}
	for _, r := range rows {
		total := 0
		for k, v := range r {
			names[k] = true
			if k != strings.ToLower(k) || strings.Contains(k+v, "\ufffd") || strings.Contains(k+v, "\x00") {
				return false
			}
			total++
		}
		if bytes.Count(src, []byte(":")) != total {
			return false // Maybe a name stands twice.
		}
	}
	return len(names) <= DefaultLimits().Fields
}

func FuzzCSV(f *testing.F) {
	for _, s := range csvAlphabet {
		f.Add([]byte("name,address\n" + s))
	}
	f.Fuzz(func(t *testing.T, src []byte) {
		if invalidUTF8(src) < 0 && bytes.IndexByte(src, 0) < 0 && len(src) < 4000 && !bytes.ContainsRune(src, '\ufffd') {
			compareCSV(t, src, ',')
		}
		checkInventory(t, "f.csv", src, inventoryByName)
	})
}

func FuzzJSON(f *testing.F) {
	for _, s := range []string{`[]`, `[{"name":"a","address":["10.0.0.1","::1"]}]`, `[{"version":7.10,"x":null,"y":true}]`, `[{"a":"\u00e9\\"}]`} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, src []byte) {
		if invalidUTF8(src) < 0 && bytes.IndexByte(src, 0) < 0 && len(src) < 4000 {
			compareJSON(t, src)
		}
		checkInventory(t, "f.json", src, inventoryByName)
	})
}

func FuzzBpplclients(f *testing.F) {
	f.Add([]byte("Hardware        OS              Client\n--------------- --------------- --------------\nLinux           RedHat2.6       c1\n"))
	f.Add([]byte("CLIENT c1 Linux RedHat2.6 0 0 0 0\nClient/HW/OS/Pri/DMI/CIT:  c1 Linux RedHat2.6 0 0 0 0 ?\n"))
	f.Fuzz(func(t *testing.T, src []byte) { checkInventory(t, "f.txt", src, bpplclientsFormat) })
}

func FuzzNbemmcmd(f *testing.F) {
	f.Add([]byte("NBEMMCMD, Version: 7.6\nThe following hosts were found:\nserver           m1\nmaster m1\nCommand completed successfully.\n"))
	f.Add([]byte("med1\n\tMachineName = \"med1\"\n\tMachineNbuType = media (1)\n\tNetBackupVersion = 7.6.0.4 (760400)\n"))
	f.Fuzz(func(t *testing.T, src []byte) { checkInventory(t, "f.txt", src, nbemmcmdFormat) })
}

// namedOnce counts the different names among headers; a column without a name
// is in no row.
func namedOnce(headers []string) int {
	names := map[string]bool{}
	for _, h := range headers {
		names[h] = true
	}
	delete(names, "")
	return len(names)
}

// checkInventory holds for every file: columns have one length, rows can be
// read again, and diagnostics are in the file.
func checkInventory(t *testing.T, name string, src []byte, format inventoryFormat) {
	t.Helper()
	for _, need := range []bool{false, true} {
		call := inventoryCall{Format: format, NeedAddresses: need, MayBeEmpty: true, Range: testCall}
		inv, diags := readInventory(name, src, call, nil, DefaultLimits())
		for _, d := range diags {
			if d.Subject == nil || d.Subject.Filename == name && d.Subject.Start.Byte > len(src) {
				t.Fatalf("%q: a diagnostic is nowhere: %v", src, d)
			}
		}
		if inv == nil || diags.HasErrors() {
			continue
		}
		n := inv.Len()
		for _, k := range []int{len(inv.Names), len(inv.Keys), len(inv.Start) - 1, len(inv.Zone), len(inv.Version), len(inv.Roles), len(inv.Features)} {
			if k != n {
				t.Fatalf("%q: columns of %d and %d rows", src, n, k)
			}
		}
		headers := namedOnce(inv.Headers)
		for i := range n {
			if row := inv.Row(i); len(row) < headers || need && inv.Start[i] == inv.Start[i+1] {
				t.Fatalf("%q: row %d is %v", src, i, row)
			}
			if r := inv.Range(i); r.Start.Line < 1 || r.End.Byte < r.Start.Byte {
				t.Fatalf("%q: row %d is at %v", src, i, r)
			}
		}
	}
}
