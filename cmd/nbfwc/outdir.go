package main

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"

	"github.com/nbfwc/nbfwc/compile"
	"github.com/nbfwc/nbfwc/view"
)

// outDir is a directory of compiled output. Its manifest is written last and
// says so while it is not there: a directory is complete or says that it is
// not, whenever the program is stopped.
type outDir struct {
	root *os.Root // nil while the directory doesn't exist
	path string
	// old is the manifest that was found, nil if there was none.
	old *view.ManifestHead
}

// output is a file to be written.
type output struct {
	view.ManifestOutput
	text []byte
}

// openOutDir opens a directory, or notes that it is yet to be made. A directory
// with files that are not ours is refused: we would have to guess which of them
// to replace.
func openOutDir(path string) (*outDir, error) {
	d := &outDir{path: path}
	root, err := os.OpenRoot(path)
	if errors.Is(err, fs.ErrNotExist) {
		return d, nil
	}
	if err != nil {
		return nil, err
	}
	d.root = root
	if err := d.readManifest(); err != nil {
		root.Close()
		return nil, err
	}
	return d, nil
}

func (d *outDir) close() {
	if d.root != nil {
		d.root.Close()
	}
}

func (d *outDir) readManifest() error {
	f, err := d.root.Open(view.ManifestName)
	if errors.Is(err, fs.ErrNotExist) {
		return d.refuseForeign()
	}
	if err != nil {
		return err
	}
	defer f.Close()
	head, err := view.ReadManifestHead(f)
	if err != nil {
		return fmt.Errorf("%s can't be read (%w): remove the directory, or choose another with -o",
			filepath.Join(d.path, view.ManifestName), err)
	}
	d.old = &head
	return nil
}

func (d *outDir) refuseForeign() error {
	entries, err := fs.ReadDir(d.root.FS(), ".")
	if err != nil {
		return err
	}
	// A first compilation that was stopped early leaves this file alone.
	entries = slices.DeleteFunc(entries, func(e fs.DirEntry) bool { return e.Name() == view.ManifestName+temporarySuffix })
	if len(entries) == 0 {
		return nil
	}
	return fmt.Errorf("%s is not empty and has no %s, so nbfwc did not write it: remove it, or choose another directory with -o",
		d.path, view.ManifestName)
}

// upToDate says whether the directory holds the whole output of the digest:
// its manifest is complete and every file is as it was written.
func (d *outDir) upToDate(digest, today string) bool {
	if d.old == nil || d.root == nil || !d.old.Complete || d.old.Digest != digest || d.old.ValidTo != "" && today >= d.old.ValidTo {
		return false
	}
	for _, out := range d.old.Outputs {
		if sum, err := d.fileSum(out.File); err != nil || sum != out.SHA256 {
			return false
		}
	}
	return d.manifestWhole()
}

// manifestEnd is how a complete manifest ends.
const manifestEnd = "\n ]\n}\n"

// manifestWhole says whether the manifest has its end: after a power loss a
// file may have lost it.
func (d *outDir) manifestWhole() bool {
	f, err := d.root.Open(view.ManifestName)
	if err != nil {
		return false
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil || info.Size() < int64(len(manifestEnd)) {
		return false
	}
	end := make([]byte, len(manifestEnd))
	_, err = f.ReadAt(end, info.Size()-int64(len(end)))
	return err == nil && string(end) == manifestEnd
}

func (d *outDir) fileSum(name string) (string, error) {
	f, err := d.root.Open(name)
	if err != nil {
		return "", err
	}
	defer f.Close()
	h := sha256.New()
	if _, err := io.Copy(h, f); err != nil {
		return "", err
	}
	return hex.EncodeToString(h.Sum(nil)), nil
}

// write makes the directory hold the outputs and the manifest, and nothing
// else that was ours.
func (d *outDir) write(head view.ManifestHead, outputs []output, g *compile.Graph) error {
	if err := d.makeRoot(); err != nil {
		return err
	}
	if err := d.refuseTaken(outputs); err != nil {
		return err
	}
	incomplete := head
	incomplete.Complete = false
	if d.old != nil { // files of before stay ours until they are gone
		incomplete.Outputs = append(slices.Clone(head.Outputs), d.old.Outputs...)
	}
	if err := d.manifestBeside(incomplete, nil); err != nil {
		return err
	}
	if err := d.root.Rename(view.ManifestName+temporarySuffix, view.ManifestName); err != nil {
		return err
	}
	finish := d.startManifest(head, g)
	if err := errors.Join(d.writeOutputs(outputs), finish()); err != nil {
		return err
	}
	ours := map[string]bool{}
	for i := range outputs {
		ours[outputs[i].File] = true
	}
	if d.old != nil {
		for _, out := range d.old.Outputs {
			if ours[out.File] {
				continue
			}
			for _, name := range []string{out.File, out.File + temporarySuffix} {
				if err := d.root.Remove(name); err != nil && !errors.Is(err, fs.ErrNotExist) {
					return err
				}
			}
		}
	}
	return d.root.Rename(view.ManifestName+temporarySuffix, view.ManifestName)
}

func (d *outDir) makeRoot() (err error) {
	if d.root != nil {
		return nil
	}
	if err := os.MkdirAll(d.path, 0o755); err != nil {
		return err
	}
	d.root, err = os.OpenRoot(d.path)
	return err
}

// refuseTaken refuses to replace a file that we didn't write. A directory
// without a manifest is a new or an empty one.
func (d *outDir) refuseTaken(outputs []output) error {
	if d.old == nil {
		return nil
	}
	ours := map[string]bool{}
	for _, out := range d.old.Outputs {
		ours[out.File] = true
	}
	for i := range outputs {
		name := outputs[i].File
		if ours[name] {
			continue
		}
		if _, err := d.root.Lstat(name); err == nil {
			return fmt.Errorf("%s exists and nbfwc did not write it: move it away, or choose another directory with -o", filepath.Join(d.path, name))
		}
	}
	return nil
}

// startManifest writes the manifest beside its name while other files are
// written; the function that it returns waits for that.
func (d *outDir) startManifest(head view.ManifestHead, g *compile.Graph) (finish func() error) {
	done := make(chan error, 1)
	go func() { done <- d.manifestBeside(head, g) }()
	return func() error { return <-done }
}

func (d *outDir) manifestBeside(head view.ManifestHead, g *compile.Graph) (err error) {
	f, err := d.root.OpenFile(view.ManifestName+temporarySuffix, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o644)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	return view.WriteManifest(f, head, g)
}

// writeOutputs writes the files that aren't there as they have to be. Those
// that an earlier compilation left in the same words stay untouched.
func (d *outDir) writeOutputs(outputs []output) error {
	before := map[string]string{}
	if d.old != nil {
		for _, out := range d.old.Outputs {
			before[out.File] = out.SHA256
		}
	}
	for i := range outputs {
		out := &outputs[i]
		if before[out.File] == out.SHA256 {
			if sum, err := d.fileSum(out.File); err == nil && sum == out.SHA256 {
				continue
			}
		}
		if err := d.writeFile(out.File, out.text); err != nil {
			return err
		}
	}
	return nil
}

// temporarySuffix ends the name of a file that is being written.
const temporarySuffix = ".tmp"

// writeFile writes a file beside its name and renames it. It is not synced to
// disk: after a power loss the manifest's hashes tell whether the files are
// whole, and compiling again is cheaper than a thousand syncs.
func (d *outDir) writeFile(name string, text []byte) error {
	temporary := name + temporarySuffix
	if err := d.root.WriteFile(temporary, text, 0o644); err != nil {
		return err
	}
	return d.root.Rename(temporary, name)
}
