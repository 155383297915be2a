package lang

import (
	"io/fs"
	"path"
	"slices"
	"strings"
	"sync"

	"github.com/hashicorp/hcl/v2"
)

// EnvironmentPrefix begins the names of environment variables that set
// variables of a policy.
const EnvironmentPrefix = envPrefix

// PolicyFiles are the names of the files that Load reads before it knows what
// is in them: the policy's text and its lock file. They are spelled as in
// Policy.Inputs and sorted.
func PolicyFiles(fsys fs.FS, name string) ([]string, error) {
	name = path.Clean(name)
	info, err := fs.Stat(fsys, name)
	if err != nil {
		return nil, err
	}
	dir, files := name, []string(nil)
	if !info.IsDir() {
		dir, files = path.Dir(name), []string{path.Base(name)}
	}
	entries, err := fs.ReadDir(fsys, dir)
	if err != nil {
		return nil, err
	}
	for _, e := range entries {
		if e.Name() == LockFile || info.IsDir() && isPolicyFile(e) {
			files = append(files, e.Name())
		}
	}
	slices.Sort(files)
	return files, nil
}

// isPolicyFile reports whether a directory's entry is part of its policy.
func isPolicyFile(e fs.DirEntry) bool {
	return !e.IsDir() && !strings.HasPrefix(e.Name(), ".") &&
		(strings.HasSuffix(e.Name(), ".hcl") || strings.HasSuffix(e.Name(), ".hcl.json"))
}

// LoadCatalog reads a catalogue without a policy.
func LoadCatalog(fsys fs.FS) (*Catalog, hcl.Diagnostics) {
	l := newLoader(fsys, Options{Catalog: fsys, Limits: DefaultLimits(), Workers: 1})
	l.readFiles(fsys, ".", "catalog", true)
	l.parseFiles()
	l.collect()
	l.readCatalog()
	return l.catalog, l.diags.sorted()
}

// HostNames are the host names that stand where a policy and its inventories
// could have addresses, sorted. That names have no address yet is no fault
// here; every other fault is among the diagnostics.
func HostNames(fsys fs.FS, name string, opt Options) ([]string, *Sources, hcl.Diagnostics) {
	asked := &nameRecord{names: map[string]bool{}}
	opt.asked = asked
	_, sources, diags := Load(fsys, name, opt)
	diags = slices.DeleteFunc(diags, func(d *hcl.Diagnostic) bool { return d.Summary == unknownHost })
	return sortedKeys(asked.names), sources, diags
}

// nameRecord is the names that a load asked the lock for.
type nameRecord struct {
	mu    sync.Mutex
	names map[string]bool
}

func (r *nameRecord) add(name string) {
	if !isHostName(name) {
		return // a fault of its own
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.names[foldHost(name)] = true
}
