package main

import (
	"archive/tar"
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/nbfwc/nbfwc/lang"
)

// policyDir is where a policy is read from: a directory out of which no name
// leads, and the policy's name in it ("." for all of the directory).
type policyDir struct {
	root *os.Root
	name string
	// shown is what the user called it.
	shown string
	// remove is a temporary directory to be removed, "" for none.
	remove string
}

func (d *policyDir) fs() fs.FS { return d.root.FS() }

// empty says whether the directory, if it is one, has no policy file. What
// can't be read is left for the loader to report.
func (d *policyDir) empty() bool {
	files, err := lang.PolicyFiles(d.fs(), d.name)
	return err == nil && !slices.ContainsFunc(files, func(name string) bool { return name != lang.LockFile })
}

func (d *policyDir) close() {
	d.root.Close()
	if d.remove != "" {
		os.RemoveAll(d.remove)
	}
}

// openPolicy opens a file, a directory or, where no such file exists,
// REVISION:PATH of the git repository that the program runs in.
func openPolicy(arg string) (*policyDir, error) {
	if arg == "" {
		return nil, errors.New("the name of the policy is empty: name a file or a directory")
	}
	info, err := os.Stat(arg)
	if errors.Is(err, fs.ErrNotExist) {
		if rev, name, ok := strings.Cut(arg, ":"); ok {
			return openRevision(arg, rev, name)
		}
		return nil, fmt.Errorf("%s: no such file or directory", arg)
	}
	if err != nil {
		return nil, err
	}
	dir, name := arg, "."
	if !info.IsDir() {
		dir, name = filepath.Split(arg)
		if dir == "" {
			dir = "."
		}
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, err
	}
	return &policyDir{root: root, name: name, shown: arg}, nil
}

// revisionNames are the revisions that we hand to git: names, hashes and
// suffixes such as HEAD~2, never anything that git could take for a flag.
var revisionNames = regexp.MustCompile(`^[A-Za-z0-9_][A-Za-z0-9_./@^~{}-]*$`)

func openRevision(arg, rev, name string) (*policyDir, error) {
	if !revisionNames.MatchString(rev) {
		return nil, fmt.Errorf("%s: no such file, and %q can't be a git revision", arg, rev)
	}
	name = path.Clean(filepath.ToSlash(name))
	if !fs.ValidPath(name) {
		return nil, fmt.Errorf("%s: the path of a git revision must lie below the current directory", arg)
	}
	archive, base, err := archiveOf(rev, name)
	if err != nil {
		return nil, fmt.Errorf("%s: no such file, and git doesn't know it: %w", arg, err)
	}
	temporary, err := os.MkdirTemp("", "nbfwc-")
	if err != nil {
		return nil, err
	}
	root, err := os.OpenRoot(temporary)
	if err == nil {
		err = unpack(root, archive)
	}
	if err != nil {
		os.RemoveAll(temporary)
		return nil, fmt.Errorf("%s: %w", arg, err)
	}
	return &policyDir{root: root, name: base, shown: arg, remove: temporary}, nil
}

// archiveOf is a tar archive of a directory as it was in a revision, and what
// to read of it: all, or the one file that was named.
func archiveOf(rev, name string) (archive []byte, base string, err error) {
	object := func(name string) string {
		if name == "." {
			return rev + ":./"
		}
		return rev + ":./" + name
	}
	kind, err := git("cat-file", "-t", object(name))
	if err != nil {
		return nil, "", err
	}
	dir, base := name, "."
	if strings.TrimSpace(string(kind)) == "blob" {
		dir, base = path.Dir(name), path.Base(name)
	}
	tree, err := git("rev-parse", "--verify", object(dir))
	if err != nil {
		return nil, "", err
	}
	// With the repository named, git archive takes the tree as it is, not what
	// lies in it below the current directory.
	repository, err := git("rev-parse", "--absolute-git-dir")
	if err != nil {
		return nil, "", err
	}
	archive, err = git("--git-dir="+strings.TrimSuffix(string(repository), "\n"), "archive", "--format=tar", strings.TrimSpace(string(tree)))
	return archive, base, err
}

func git(args ...string) ([]byte, error) {
	cmd := exec.Command("git", args...)
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	if err := cmd.Run(); err != nil {
		if text := strings.TrimSpace(stderr.String()); text != "" {
			return nil, errors.New(text)
		}
		return nil, err
	}
	return stdout.Bytes(), nil
}

// unpack writes the regular files and directories of a tar archive below root.
// Links are left out: a policy can't need them.
func unpack(root *os.Root, archive []byte) error {
	tr := tar.NewReader(bytes.NewReader(archive))
	for {
		h, err := tr.Next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		name := filepath.FromSlash(path.Clean(h.Name))
		switch h.Typeflag {
		case tar.TypeDir:
			err = root.MkdirAll(name, 0o755)
		case tar.TypeReg:
			var text []byte
			if text, err = io.ReadAll(tr); err == nil {
				err = root.WriteFile(name, text, 0o600)
			}
		}
		if err != nil {
			return err
		}
	}
}
