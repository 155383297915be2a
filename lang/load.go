package lang

import (
	"crypto/sha256"
	"fmt"
	"io/fs"
	"path"
	"runtime"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/hashicorp/hcl/v2/json"
)

// Options are what a policy may depend on beside its files.
type Options struct {
	// Vars are values of variables by name (-var), VarFiles files of them;
	// Environ is the environment, of which NBFWC_VAR_x is looked at.
	Vars     map[string]string
	VarFiles []VarFile
	Environ  []string
	// Today decides which flows have expired; zero: none. AllowExpired makes
	// that a warning.
	Today        time.Time
	AllowExpired bool
	// Catalog has the files of the embedded catalogue, *.hcl in its root; nil
	// for none.
	Catalog fs.FS
	// Limits are those of the program if zero.
	Limits Limits
	// Workers parse files; 0 is one for each core.
	Workers int

	asked *nameRecord // of HostNames
}

// Load reads a policy: the file of that name, or all files *.hcl and *.hcl.json
// of the directory. Inventories and the lock file are found from the policy's
// directory. fsys must refuse paths that lead out of it by symbolic links, as
// the FS of an os.Root does.
//
// The policy is nil if there is an error among the diagnostics, which are all
// that is wrong, sorted by place. The sources show them, and also those that
// later phases make by Diagnostic.
func Load(fsys fs.FS, name string, opt Options) (*Policy, *Sources, hcl.Diagnostics) {
	if opt.Limits == (Limits{}) {
		opt.Limits = DefaultLimits()
	}
	if opt.Workers == 0 {
		opt.Workers = runtime.GOMAXPROCS(0)
	}
	l := newLoader(fsys, opt)
	l.load(path.Clean(name))
	l.keepSources()
	if l.diags.failed() {
		return nil, l.sources, l.diags.sorted()
	}
	return l.policy, l.sources, l.diags.sorted()
}

// loader is the state of one load.
type loader struct {
	fsys    fs.FS
	dir     string // of the policy, in fsys
	opt     Options
	diags   *collector
	policy  *Policy
	sources *Sources
	total   int64 // bytes read

	files       []*policyFile
	inputs      map[string][]byte // beside the policy; nil: can't be read
	inventories map[string]*inventoryFile
	known       map[*inventory]*inventoryTexts
	lockFile    *Lock
	lockRead    bool
	lockBroken  bool // that it knows no name means nothing

	fromJSON   map[hcl.Expression]hclsyntax.Expression
	jsonText   map[hclsyntax.Expression]string // of expressions in JSON strings
	functions  map[string]builtin
	variables  map[string]*variableDecl
	locals     map[string]*localDecl
	localStack []string
	missedRefs int  // references that were faulty
	constants  bool // values of variables are being read, which refer to nothing
	spent      int
	exhausted  bool

	decls        [kinds]map[string]*decl
	order        [kinds][]*decl
	hosts        map[*decl]map[string]*decl
	hostsByLabel map[string][]*decl
	management   *hcl.Block
	rows         map[string]*Row
	catalog      *Catalog
	blocks       []*hostsBlock
	zones        *zoneIndex
	zonesBroken  bool // some network is faulty: where addresses are is unknown
	zoneNames    map[string]*Zone
	table        *hostTable
	texts        []string
	textOf       map[string]uint32
}

func newLoader(fsys fs.FS, opt Options) *loader {
	l := &loader{
		fsys: fsys, opt: opt, diags: newCollector(opt.Limits.Diagnostics),
		policy:       &Policy{},
		sources:      &Sources{files: map[string]*hcl.File{}},
		inputs:       map[string][]byte{},
		inventories:  map[string]*inventoryFile{},
		known:        map[*inventory]*inventoryTexts{},
		fromJSON:     map[hcl.Expression]hclsyntax.Expression{},
		jsonText:     map[hclsyntax.Expression]string{},
		functions:    builtins(),
		variables:    map[string]*variableDecl{},
		locals:       map[string]*localDecl{},
		hosts:        map[*decl]map[string]*decl{},
		hostsByLabel: map[string][]*decl{},
		rows:         map[string]*Row{},
		catalog:      &Catalog{},
		table:        newHostTable(),
		texts:        []string{""},
		textOf:       map[string]uint32{"": 0},
	}
	for k := range l.decls {
		l.decls[k] = map[string]*decl{}
	}
	return l
}

// load runs the phases. Each reports all that it finds; what depends on
// something faulty is silent.
func (l *loader) load(name string) {
	l.findFiles(name)
	l.parseFiles()
	l.collect()
	l.constants = true
	for _, d := range l.order[kindVariable] {
		l.declareVariable(d)
	}
	l.setVariables()
	l.constants = false
	for _, n := range sortedKeys(l.locals) {
		l.local(n, l.locals[n].at)
	}
	l.readCatalog()
	l.readTopology()
	l.readDomains()
	l.makeGroups()
	l.readFlows()
	l.finish()
}

// policyFile is a file of the policy or the catalogue.
type policyFile struct {
	name     string // as diagnostics say it
	src      []byte
	embedded bool
	file     *hcl.File
	diags    hcl.Diagnostics
	spans    []blockSpan
}

// findFiles reads the files that make the policy.
func (l *loader) findFiles(name string) {
	if l.opt.Catalog != nil {
		l.readFiles(l.opt.Catalog, ".", "catalog", true)
	}
	info, err := fs.Stat(l.fsys, name)
	switch {
	case err != nil:
		l.diags.add(readFault(name, err))
	case info.IsDir():
		l.dir = name
		if l.readFiles(l.fsys, name, "", false) == 0 {
			l.diags.add(fileFault(name, sumFilesNone, "The directory %s has no file that ends in .hcl or .hcl.json. Begin one with: nbfwc init.", name))
		}
	default:
		l.dir = path.Dir(name)
		l.readPolicyFile(l.fsys, name, path.Base(name), false)
	}
}

// readFiles reads the policy files of a directory and returns how many there
// are. Names that begin with a dot are not looked at.
func (l *loader) readFiles(fsys fs.FS, dir, prefix string, embedded bool) int {
	entries, err := fs.ReadDir(fsys, dir)
	if err != nil {
		l.diags.add(readFault(dir, err))
		return 1
	}
	n := 0
	for _, e := range entries {
		if !isPolicyFile(e) {
			continue
		}
		if n++; n > l.opt.Limits.Files {
			l.diags.add(fileFault(dir, sumFilesMany, "The directory %s has more than %d policy files.", dir, l.opt.Limits.Files))
			break
		}
		l.readPolicyFile(fsys, path.Join(dir, e.Name()), path.Join(prefix, e.Name()), embedded)
	}
	return n
}

func (l *loader) readPolicyFile(fsys fs.FS, name, shown string, embedded bool) {
	src, diags := readFile(fsys, name, l.opt.Limits)
	l.diags.addAll(diags)
	at := hcl.Range{Filename: shown, Start: hcl.InitialPos, End: hcl.InitialPos}
	if diags.HasErrors() || !l.addSize(len(src), at) {
		return
	}
	l.files = append(l.files, &policyFile{name: shown, src: src, embedded: embedded})
}

// addSize bounds the size of all files together.
func (l *loader) addSize(n int, at hcl.Range) bool {
	l.total += int64(n)
	if l.total > l.opt.Limits.TotalBytes {
		l.fail(sumFilesTotal, fmt.Sprintf("With this file the policy and its inventories are larger than %s together.", byteSize(l.opt.Limits.TotalBytes)), at)
		return false
	}
	return true
}

// parseFiles parses all files, several at a time: parsing is most of the work
// of loading a policy without inventories.
func (l *loader) parseFiles() {
	// Large files first, so that no core is left with one at the end.
	order := slices.Clone(l.files)
	slices.SortStableFunc(order, func(a, b *policyFile) int { return len(b.src) - len(a.src) })
	next := make(chan *policyFile)
	var wg sync.WaitGroup
	for range max(1, min(l.opt.Workers, len(order))) {
		wg.Go(func() {
			for f := range next {
				f.file, f.diags = parse(f.name, f.src, f.embedded, l.opt.Limits)
			}
		})
	}
	for _, f := range order {
		next <- f
	}
	close(next)
	wg.Wait()
	for _, f := range l.files {
		l.diags.addAll(f.diags)
	}
}

// parse parses one file; nil if the guard or the syntax is against it.
func parse(name string, src []byte, trusted bool, lim Limits) (*hcl.File, hcl.Diagnostics) {
	if !trusted {
		if diags := guard(name, src, lim); diags.HasErrors() {
			return nil, diags
		}
	}
	if isJSON(name) {
		f, diags := json.Parse(src, name)
		if diags.HasErrors() {
			f = nil
		}
		return f, diags
	}
	f, diags := hclsyntax.ParseConfig(src, name, hcl.InitialPos)
	if diags.HasErrors() {
		f = nil
	}
	return f, diags
}

// parse is for files that are not of the policy, such as var files.
func (l *loader) parse(name string, src []byte) *hcl.File {
	f, diags := parse(name, src, false, l.opt.Limits)
	l.diags.addAll(diags)
	l.inputs[name] = src
	return f
}

// lock is the lock file of the policy; without the file it knows no names.
func (l *loader) lock() *Lock {
	if l.lockRead {
		return l.lockFile
	}
	l.lockRead = true
	if l.opt.asked != nil {
		l.lockFile = &Lock{asked: l.opt.asked}
		return l.lockFile
	}
	name := path.Join(l.dir, LockFile)
	if _, err := fs.Stat(l.fsys, name); err != nil {
		return nil
	}
	src, diags := readFile(l.fsys, name, l.opt.Limits)
	l.diags.addAll(diags)
	if l.lockBroken = diags.HasErrors(); l.lockBroken {
		return nil
	}
	l.inputs[LockFile] = src
	lock, diags := parseLock(LockFile, src, l.opt.Limits)
	l.diags.addAll(diags)
	l.lockBroken = diags.HasErrors()
	l.lockFile = lock
	return lock
}

// keepSources keeps the texts for diagnostics. The parsed files go.
func (l *loader) keepSources() {
	for _, f := range l.files {
		l.sources.add(f.name, f.src, f.spans)
	}
	for name, src := range l.inputs {
		if src != nil && l.sources.files[name] == nil {
			l.sources.add(name, src, nil)
		}
	}
}

// finish puts the policy in its final order.
func (l *loader) finish() {
	p := l.policy
	p.Catalog = l.catalog
	byName(p.Zones, func(z *Zone) string { return z.Name })
	byName(p.Devices, func(d *Device) string { return d.Name })
	byName(p.Firewalls, func(f *Firewall) string { return f.Name })
	byName(p.Domains, func(d *Domain) string { return d.Name })
	byName(p.Links, func(k *Link) string { return k.Name })
	for _, f := range l.files {
		if !f.embedded {
			p.Inputs = append(p.Inputs, Input{Name: f.name, SHA256: sha256.Sum256(f.src)})
		}
	}
	for name, src := range l.inputs {
		if src != nil {
			p.Inputs = append(p.Inputs, Input{Name: name, SHA256: sha256.Sum256(src)})
		}
	}
	slices.SortFunc(p.Inputs, func(a, b Input) int { return strings.Compare(a.Name, b.Name) })
}

func byName[T any](s []T, name func(T) string) {
	slices.SortStableFunc(s, func(a, b T) int { return strings.Compare(name(a), name(b)) })
}
