package lang

import (
	"slices"
	"strings"
)

// NamesBlock reports whether what a user wrote names the block: its label, or
// for an instance that for_each made, site["s1"], also the label alone, which
// stands for all instances.
func NamesBlock(written, name string) bool {
	if written == name {
		return true
	}
	label, _, instance := strings.Cut(name, "[")
	return instance && written == label
}

// InBlock reports whether the group's hosts are declared in the hosts block
// that a user named. Hosts of several blocks are in each of them.
func (g *Group) InBlock(written string) bool {
	return NamesBlock(written, g.Block) || slices.ContainsFunc(g.Also, func(b string) bool { return NamesBlock(written, b) })
}
