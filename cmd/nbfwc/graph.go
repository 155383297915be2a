package main

import (
	"bytes"
	"fmt"
	"io"
	"os"

	"github.com/google/renameio/v2"
	"github.com/spf13/cobra"

	"github.com/nbfwc/nbfwc/view"
)

func newGraph(e *env) *cobra.Command {
	var format, fold, out string
	cmd := &cobra.Command{
		Use:   "graph [POLICY]",
		Short: "The picture: zones, firewalls and the flows between them",
		Long: `Draw the zones with their hosts, the firewalls between them, and the flows,
bundled by pair of zones with their ports and number.

The SVG needs nothing else and opens in any browser; point at a zone, a firewall
or the text of an arrow for details. DOT is for Graphviz, Mermaid for wikis and
code hosts. A picture of more than 30 zones draws alike zones behind alike
firewalls once, and says so; -fold=never draws every one. -json is never folded.`,
		GroupID: "ask",
		Example: "  nbfwc graph examples/quickstart -o flows.svg\n  nbfwc graph policies -format dot | dot -Tpdf > flows.pdf",
		Args:    cobra.MaximumNArgs(1),
	}
	flags := policyArgs(cmd)
	cmd.Flags().StringVar(&format, "format", "svg", "svg, dot or mermaid")
	cmd.Flags().StringVar(&fold, "fold", "auto", "auto or never: draw alike zones once if there are more than 30")
	cmd.Flags().StringVarP(&out, "output", "o", "", "`file` to write; without it, standard output")
	cmd.RunE = func(_ *cobra.Command, args []string) error {
		folding, ok := map[string]view.Fold{"auto": view.FoldAuto, "never": view.FoldNever}[fold]
		if !ok {
			return usageError{fmt.Errorf("-fold %q: write auto or never", fold)}
		}
		draw, ok := map[string]func(*view.Picture, io.Writer) error{
			"svg": (*view.Picture).SVG, "dot": (*view.Picture).DOT, "mermaid": (*view.Picture).Mermaid,
		}[format]
		if !ok {
			return usageError{fmt.Errorf("-format %q: write svg, dot or mermaid", format)}
		}
		l, err := loadGraph(e, policyArg(args), flags)
		if err != nil {
			return err
		}
		return writeOut(e, out, func(w io.Writer) error {
			if flags.json {
				return view.JSON(w, view.Graph(l.graph))
			}
			return draw(view.NewPicture(l.graph, view.PictureOptions{Fold: folding}), w)
		})
	}
	return cmd
}

// writeOut writes to a file, which appears whole or not at all, or to standard
// output if no name is given.
func writeOut(e *env, name string, write func(io.Writer) error) error {
	if name == "" {
		return write(e.stdout)
	}
	var text bytes.Buffer
	if err := write(&text); err != nil {
		return err
	}
	// A pipe or a device is written to, never replaced.
	if info, err := os.Stat(name); err == nil && !info.Mode().IsRegular() {
		return os.WriteFile(name, text.Bytes(), 0o644)
	}
	return renameio.WriteFile(name, text.Bytes(), 0o644, renameio.WithExistingPermissions())
}
