package lang

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path"
	"strings"

	"github.com/hashicorp/hcl/v2"
)

// readFile reads a regular file below the policy's directory, never more than
// a byte beyond the limit for its kind. fsys must refuse names that lead out
// of it, as the FS of an os.Root does also for symbolic links.
func readFile(fsys fs.FS, name string, lim Limits) ([]byte, hcl.Diagnostics) {
	src, d := readRegular(fsys, name, fileLimit(name, lim))
	if d != nil {
		return nil, hcl.Diagnostics{d}
	}
	return src, nil
}

// fileLimit is the size that a file may have: inventories may be larger than
// what the HCL parser reads.
func fileLimit(name string, lim Limits) int64 {
	if strings.HasSuffix(name, ".hcl") || strings.HasSuffix(name, ".hcl.json") || path.Base(name) == LockFile {
		return lim.FileBytes
	}
	return lim.InventoryBytes
}

func readRegular(fsys fs.FS, name string, limit int64) ([]byte, *hcl.Diagnostic) {
	if !fs.ValidPath(name) {
		return nil, fileFault(name, "File outside of the policy", "%q is not a path below the policy's directory. Write a relative path with slashes and without \"..\".", clip(name))
	}
	// The kind is asked before the file is opened, because to open a FIFO
	// waits for somebody who writes to it.
	info, err := fs.Stat(fsys, name)
	if err != nil {
		return nil, readFault(name, err)
	}
	if !info.Mode().IsRegular() {
		return nil, fileFault(name, "Not a regular file", "%s is %s. Only regular files are read.", name, fileKind(info.Mode()))
	}
	if info.Size() > limit {
		return nil, tooLarge(name, limit)
	}
	f, err := fsys.Open(name)
	if err != nil {
		return nil, readFault(name, err)
	}
	defer f.Close()
	// The size can be wrong (files of /proc have none), so it is a hint only.
	var b bytes.Buffer
	b.Grow(int(info.Size()) + bytes.MinRead)
	if _, err := b.ReadFrom(io.LimitReader(f, limit+1)); err != nil {
		return nil, readFault(name, err)
	}
	if int64(b.Len()) > limit {
		return nil, tooLarge(name, limit)
	}
	return b.Bytes(), nil
}

func fileKind(m fs.FileMode) string {
	switch {
	case m.IsDir():
		return "a directory"
	case m&fs.ModeNamedPipe != 0:
		return "a named pipe"
	case m&fs.ModeSocket != 0:
		return "a socket"
	case m&fs.ModeDevice != 0:
		return "a device"
	}
	return "something else"
}

// readFault says why a file can't be read. The error of os.Root for a path
// that leaves the directory has no exported value.
func readFault(name string, err error) *hcl.Diagnostic {
	var pe *fs.PathError
	if errors.As(err, &pe) {
		err = pe.Err
	}
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return fileFault(name, "File not found", "There is no file %s in the policy's directory.", name)
	case strings.Contains(err.Error(), "escapes from parent"):
		return fileFault(name, "File outside of the policy", "%s is a symbolic link that leads out of the policy's directory. Put a copy of the file there.", name)
	}
	return fileFault(name, "File can't be read", "%s: %s.", name, err)
}

func fileFault(name, summary, format string, args ...any) *hcl.Diagnostic {
	return &hcl.Diagnostic{
		Severity: hcl.DiagError,
		Summary:  summary,
		Detail:   fmt.Sprintf(format, args...),
		Subject:  &hcl.Range{Filename: name, Start: hcl.InitialPos, End: hcl.InitialPos},
	}
}
