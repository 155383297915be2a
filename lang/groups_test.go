package lang

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/txtar"
)

// describe prints the groups of a policy as an engineer would list them.
func describe(p *Policy) string {
	var b strings.Builder
	for _, d := range p.Domains {
		for _, g := range d.Groups {
			fmt.Fprintf(&b, "%s/%s", d.Name, g.Block)
			if len(g.Also) > 0 {
				fmt.Fprintf(&b, " and %s", strings.Join(g.Also, ", "))
			}
			if g.Discriminator != "" {
				fmt.Fprintf(&b, " (%s)", g.Discriminator)
			}
			fmt.Fprintf(&b, "\n  %s", roleNames(g.Roles))
			if v := g.Facts.Version.String(); v != "" {
				fmt.Fprintf(&b, ", %s", v)
			}
			for _, f := range g.Facts.Features {
				fmt.Fprintf(&b, " +%s", f.Name)
			}
			for _, s := range g.Facts.Settings {
				if s.Declared {
					fmt.Fprintf(&b, " %s=%s", s.Name, settingText(s.Value))
				}
			}
			b.WriteByte('\n')
			for i, name := range g.Names {
				b.WriteString("  " + strings.TrimSpace("- "+name) + ":")
				for _, leg := range g.Legs {
					fmt.Fprintf(&b, " %s %s in %s;", leg.Use, spanText(leg.Addrs[i]), leg.Zone.Name)
				}
				b.WriteByte('\n')
			}
		}
	}
	for _, f := range p.Flows {
		fmt.Fprintf(&b, "flow %s: %s -> %s by %s\n", f.Name, endNames(f.From), endNames(f.To), f.Service.Name)
	}
	return b.String()
}

func endNames(ends []FlowEnd) string {
	var names []string
	for _, e := range ends {
		if e.Zone != nil {
			names = append(names, "zone "+e.Zone.Name)
		} else {
			names = append(names, strings.TrimSpace(e.Group.Block+" "+e.Group.Discriminator))
		}
	}
	return strings.Join(names, ", ")
}

// TestStories loads policies and compares their groups with what the story
// says of them.
func TestStories(t *testing.T) {
	names, err := filepath.Glob("testdata/groups/*.txtar")
	if err != nil || len(names) == 0 {
		t.Fatalf("no stories: %v", err)
	}
	for _, name := range names {
		t.Run(strings.TrimSuffix(filepath.Base(name), ".txtar"), func(t *testing.T) {
			a, err := txtar.ParseFile(name)
			if err != nil {
				t.Fatal(err)
			}
			fsys, want := fstest.MapFS{}, -1
			for i, f := range a.Files {
				if f.Name == "groups" {
					want = i
					continue
				}
				fsys[f.Name] = &fstest.MapFile{Data: f.Data}
			}
			p, sources, diags := Load(fsys, ".", testOptions())
			if diags.HasErrors() {
				_ = sources.Write(os.Stderr, diags, 78, false)
				t.Fatal("the policy doesn't load")
			}
			got := describe(p)
			if *update {
				if want < 0 {
					a.Files = append(a.Files, txtar.File{Name: "groups"})
					want = len(a.Files) - 1
				}
				a.Files[want].Data = []byte(got)
				if err := os.WriteFile(name, txtar.Format(a), 0o666); err != nil {
					t.Fatal(err)
				}
				return
			}
			if diff := cmp.Diff(string(a.Files[want].Data), got); diff != "" {
				t.Errorf("groups differ (-want +got):\n%s", diff)
			}
		})
	}
}
