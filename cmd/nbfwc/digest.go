package main

import (
	"crypto/sha256"
	"debug/elf"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"slices"

	"github.com/nbfwc/nbfwc/lang"
	"github.com/nbfwc/nbfwc/view"
)

// policyDigest identifies what an output is made from: the inputs, the program
// and the flags.
func policyDigest(inputs []lang.Input, words []string) string {
	h := sha256.New()
	fmt.Fprintf(h, "program %s %s\nsource %s\n", programVersion(), buildID(), sourceDigest(inputs, words))
	return hex.EncodeToString(h.Sum(nil))
}

// sourceDigest identifies what a policy says: its inputs and the flags.
func sourceDigest(inputs []lang.Input, words []string) string {
	h := sha256.New()
	for _, w := range words {
		fmt.Fprintf(h, "flag %q\n", w)
	}
	for _, in := range inputs {
		fmt.Fprintf(h, "input %q %x\n", in.Name, in.SHA256)
	}
	return hex.EncodeToString(h.Sum(nil))
}

// buildID tells builds of one version apart: the identity that the Go linker
// writes into the program, or its hash where that can't be read.
func buildID() string {
	name, err := os.Executable()
	if err != nil {
		return "unknown"
	}
	if f, err := elf.Open(name); err == nil {
		defer f.Close()
		if s := f.Section(".note.go.buildid"); s != nil {
			if note, err := s.Data(); err == nil {
				return hex.EncodeToString(note)
			}
		}
	}
	f, err := os.Open(name)
	if err != nil {
		return "unknown"
	}
	defer f.Close()
	h := sha256.New()
	if _, err := io.Copy(h, f); err != nil {
		return "unknown"
	}
	return hex.EncodeToString(h.Sum(nil))
}

// inputDigest is the digest that compiling the policy would have if it read
// the files that an earlier compilation read, as they are now. It is an error
// if a policy would read other files today.
func inputDigest(arg string, old *view.ManifestHead, words []string) (string, error) {
	if old == nil {
		return "", errors.New("no earlier compilation")
	}
	dir, err := openPolicy(arg)
	if err != nil {
		return "", err
	}
	defer dir.close()
	files, err := lang.PolicyFiles(dir.fs(), dir.name)
	if err != nil {
		return "", err
	}
	read := map[string]bool{}
	inputs := make([]lang.Input, len(old.Inputs))
	for i, in := range old.Inputs {
		read[in.Name] = true
		inputs[i] = lang.Input{Name: in.Name}
		if inputs[i].SHA256, err = hashFile(dir.fs(), in.Name); err != nil {
			return "", err
		}
	}
	for _, name := range files {
		if !read[name] {
			return "", fmt.Errorf("%s is new", name)
		}
	}
	return policyDigest(inputs, words), nil
}

func hashFile(fsys fs.FS, name string) (sum [32]byte, err error) {
	f, err := fsys.Open(name)
	if err != nil {
		return sum, err
	}
	defer f.Close()
	h := sha256.New()
	if _, err := io.Copy(h, f); err != nil {
		return sum, err
	}
	h.Sum(sum[:0])
	return sum, nil
}

// withoutVarFiles are the inputs that lie in the policy's directory: those of
// the loader without the files of variables, which are anywhere and count as
// flags.
func withoutVarFiles(inputs []lang.Input, varFiles []lang.VarFile) []lang.Input {
	inputs = slices.Clone(inputs)
	for _, f := range varFiles {
		varFile := lang.Input{Name: f.Name, SHA256: sha256.Sum256(f.Src)}
		if i := slices.Index(inputs, varFile); i >= 0 {
			inputs = slices.Delete(inputs, i, i+1)
		}
	}
	return inputs
}
