package drift

import (
	"bytes"
	"io/fs"
	"time"
)

// draftFile is the name of the file that a draft is.
const draftFile = "policy.hcl"

// oneFile is a file system that has one file: a draft.
type oneFile []byte

func (f oneFile) Open(name string) (fs.File, error) {
	if name != draftFile {
		return nil, &fs.PathError{Op: "open", Path: name, Err: fs.ErrNotExist}
	}
	return &openFile{*bytes.NewReader(f)}, nil
}

type openFile struct{ bytes.Reader }

func (f *openFile) Stat() (fs.FileInfo, error) { return f, nil }
func (f *openFile) Close() error               { return nil }
func (f *openFile) Name() string               { return draftFile }
func (f *openFile) Mode() fs.FileMode          { return 0o444 }
func (f *openFile) ModTime() time.Time         { return time.Time{} }
func (f *openFile) IsDir() bool                { return false }
func (f *openFile) Sys() any                   { return nil }
