package lang

import (
	"io/fs"
	"strings"
	"testing"
	"testing/fstest"
)

// faultyLoad loads something that a page can't show.
type faultyLoad func(t *testing.T) (fs.FS, Options)

func oneFile(text string, change func(*Options)) faultyLoad {
	return withFiles(fstest.MapFS{"p.hcl": {Data: []byte(text)}}, change)
}

func withFiles(fsys fstest.MapFS, change func(*Options)) faultyLoad {
	return func(*testing.T) (fs.FS, Options) {
		opt := testOptions()
		opt.Limits = DefaultLimits()
		if change != nil {
			change(&opt)
		}
		return fsys, opt
	}
}

const sites = `zone "site" {
  for_each = inventory("sites.csv")
  networks = [each.value.net]
}`

func withSites(csv string, change func(*Options)) faultyLoad {
	return withFiles(fstest.MapFS{"p.hcl": {Data: []byte(sites)}, "sites.csv": {Data: []byte(csv)}}, change)
}

// examples are the diagnostics whose example is a file of millions of bytes, or
// no text.
func examples() map[string]faultyLoad {
	return map[string]faultyLoad{
		sumTooDeep: withFiles(fstest.MapFS{"p.hcl.json": {Data: []byte(`{"variable": {"x": {"type": "list"}}}`)}}, func(o *Options) {
			o.Vars = map[string]string{"x": strings.Repeat("[", 300) + strings.Repeat("]", 300)}
		}),
		"Expression too long":          oneFile("locals {\n a = 1"+strings.Repeat(" + 1", 2000)+"\n}\n", nil),
		"Nested too deep":              oneFile("locals {\n a = "+strings.Repeat("[", 1000)+strings.Repeat("]", 1000)+"\n}\n", nil),
		"Too many template sequences":  oneFile("locals {\n a = \""+strings.Repeat("${1}", 20_000)+"\"\n}\n", nil),
		"Byte order mark in JSON":      withFiles(fstest.MapFS{"p.hcl.json": {Data: []byte("\xef\xbb\xbf{}")}}, nil),
		"NUL byte":                     oneFile("# \x00\n", nil),
		"Invalid UTF-8":                oneFile("# \xff\n", nil),
		"File is UTF-16":               oneFile("\xff\xfea\x00", nil),
		"File too large":               oneFile("# comment\n", func(o *Options) { o.Limits.FileBytes = 5 }),
		"Field too long":               withSites("name,net\n"+strings.Repeat("a", 5000)+",10.1.0.0/24\n", nil),
		"Too many rows":                withSites("name,net\na,10.1.0.0/24\nb,10.2.0.0/24\n", func(o *Options) { o.Limits.InventoryRows = 1 }),
		"More faults in the inventory": withSites("name,net\n"+strings.Repeat("a,b,c\n", 30), nil),
		"File can't be read":           refusing,
		"Not a regular file":           withFiles(fstest.MapFS{"p.hcl": {Data: []byte(sites)}, "sites.csv": {Mode: fs.ModeNamedPipe}}, nil),
		sumFilesNone:                   withFiles(fstest.MapFS{"readme.txt": {}}, nil),
		sumFilesMany:                   withFiles(fstest.MapFS{"a.hcl": {}, "b.hcl": {}}, func(o *Options) { o.Catalog, o.Limits.Files = nil, 1 }),
		sumFilesTotal:                  oneFile("# comment\n", func(o *Options) { o.Limits.TotalBytes = 5 }),
		sumUndeclared:                  oneFile("", func(o *Options) { o.Vars = map[string]string{"x": "1"} }),
		sumMore:                        oneFile("locals {\n a = [1"+strings.Repeat(", \n nothing", 30)+"]\n}\n", nil),
		"Unknown line in a listing":    listing("what is this\n"),
		"Line too long":                listing(strings.Repeat("x", 100_000) + "\n"),
	}
}

func listing(text string) faultyLoad {
	return withFiles(fstest.MapFS{
		"p.hcl":     {Data: []byte("locals { n = length(nbemmcmd(\"hosts.txt\")) }\n")},
		"hosts.txt": {Data: []byte(text)},
	}, nil)
}

// refusingFS is a file system on which one file can't be opened.
type refusingFS struct{ fstest.MapFS }

func (f refusingFS) Open(name string) (fs.File, error) {
	if name == "p.hcl" {
		return nil, &fs.PathError{Op: "open", Path: name, Err: fs.ErrPermission}
	}
	return f.MapFS.Open(name)
}

func refusing(*testing.T) (fs.FS, Options) {
	return refusingFS{fstest.MapFS{"p.hcl": {}}}, testOptions()
}

func TestExamples(t *testing.T) {
	for summary, load := range examples() {
		t.Run(summary, func(t *testing.T) {
			fsys, opt := load(t)
			p, _, diags := Load(fsys, ".", opt)
			if p != nil && diags.HasErrors() {
				t.Errorf("there is a policy in spite of errors")
			}
			for _, d := range diags {
				checkWording(t, d)
				if d.Summary == summary {
					return
				}
			}
			t.Errorf("want %q, have %v", summary, found(diags))
		})
	}
}
