package main

import (
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/nbfwc/nbfwc/catalog"
	"github.com/nbfwc/nbfwc/lang"
)

// loadOptions are what the command line and the environment say of loading.
func loadOptions(e *env, flags *policyFlags) (lang.Options, error) {
	vars, err := parseVars(flags.vars)
	if err != nil {
		return lang.Options{}, err
	}
	opt := lang.Options{
		Vars: vars, Environ: e.environ, Catalog: catalog.FS,
		Today: e.now(), AllowExpired: flags.allowExpired,
	}
	for _, name := range flags.varFiles {
		src, err := readBounded(name)
		if err != nil {
			return lang.Options{}, usageError{fmt.Errorf("-var-file: %w", err)}
		}
		opt.VarFiles = append(opt.VarFiles, lang.VarFile{Name: name, Src: src})
	}
	return opt, nil
}

// readBounded reads a file that the user named, up to the limit of one policy
// file and one byte more, by which the guard sees that it is too large.
func readBounded(name string) (text []byte, err error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	return io.ReadAll(io.LimitReader(f, lang.DefaultLimits().FileBytes+1))
}

// embeddedCatalog is the catalogue without what a policy adds.
func embeddedCatalog() (*lang.Catalog, error) {
	c, diags := lang.LoadCatalog(catalog.FS)
	if diags.HasErrors() {
		return nil, diags
	}
	return c, nil
}
