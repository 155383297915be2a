package view

import "slices"

// A picture is laid out in columns, zones and firewalls by turns. Zones and
// firewalls form a bipartite graph, so that the distances of neighbours from
// any one zone differ by exactly one: with columns by distance, every link
// joins two columns that stand side by side.

// ranks is the column of each node, and a spanning tree: the link's other end
// through which the node was first reached.
type ranks struct {
	of       []int
	parent   []int // -1 for the first zone of a component
	children [][]int
	roots    []int
	near     [][]int // the neighbours of each node, each once, ascending
	// left are leaf zones that stand in the column before their firewall,
	// above or below the firewall's parent.
	left []bool
}

// rank puts the zone with the most flow ends of each component into the first
// column and every node by its distance from it.
func (p *Picture) rank() *ranks {
	n := len(p.nodes)
	r := &ranks{of: make([]int, n), parent: make([]int, n), children: make([][]int, n), near: p.neighbours(), left: make([]bool, n)}
	seen := make([]bool, n)
	for _, root := range p.byBusiness(r.near) {
		if seen[root] {
			continue
		}
		if p.nodes[root].kind == firewallNode {
			r.of[root] = 1 // a firewall with no zone: it stays in a firewall column
		}
		r.parent[root] = -1
		r.roots = append(r.roots, root)
		seen[root] = true
		for queue := []int{root}; len(queue) > 0; queue = queue[1:] {
			at := queue[0]
			for _, next := range r.near[at] {
				if seen[next] {
					continue
				}
				seen[next] = true
				r.of[next], r.parent[next] = r.of[at]+1, at
				r.children[at] = append(r.children[at], next)
				queue = append(queue, next)
			}
		}
	}
	r.order()
	for at := range p.nodes {
		if p.nodes[at].kind == firewallNode {
			r.useBothSides(at)
		}
	}
	return r
}

// manyLeaves is the number of leaf zones from which a firewall has them on
// both sides, so that the picture is about as wide as it is high.
const manyLeaves = 8

// useBothSides moves the last leaf zones of a firewall to its left side. That
// is where its parent stands; there is room if the parent has no other
// firewall behind it.
func (r *ranks) useBothSides(firewall int) {
	up := r.parent[firewall]
	if up < 0 || len(r.children[up]) != 1 {
		return
	}
	var leaves []int
	for _, c := range r.children[firewall] {
		if len(r.near[c]) == 1 {
			leaves = append(leaves, c)
		}
	}
	others := len(r.children[firewall]) - len(leaves)
	if len(leaves) < manyLeaves {
		return
	}
	for _, c := range leaves[max(0, (len(leaves)-others+1)/2):] {
		r.left[c] = true
		r.of[c] = r.of[up]
	}
}

// sides are the children of a node, those to its left apart.
func (r *ranks) sides(at int) (left, right []int) {
	for _, c := range r.children[at] {
		if r.left[c] {
			left = append(left, c)
		} else {
			right = append(right, c)
		}
	}
	return left, right
}

func (p *Picture) neighbours() [][]int {
	near := make([][]int, len(p.nodes))
	for _, l := range p.links {
		near[l.zone] = append(near[l.zone], l.firewall)
		near[l.firewall] = append(near[l.firewall], l.zone)
	}
	for i := range near {
		slices.Sort(near[i])
		near[i] = slices.Compact(near[i])
	}
	return near
}

// byBusiness is all nodes, those first that are a better first zone: zones
// before firewalls, then by flow ends, then by number of neighbours.
func (p *Picture) byBusiness(near [][]int) []int {
	nodes := make([]int, len(p.nodes))
	for i := range nodes {
		nodes[i] = i
	}
	weight := func(i int) [3]int {
		n := p.nodes[i]
		isZone := 0
		if n.kind != firewallNode {
			isZone = 1
		}
		return [3]int{isZone, n.ends, len(near[i])}
	}
	slices.SortStableFunc(nodes, func(a, b int) int {
		wa, wb := weight(a), weight(b)
		return slices.Compare(wb[:], wa[:])
	})
	return nodes
}

// sweeps is how often order looks for a better order. More did not lower the
// number of crossings on random graphs.
const sweeps = 6

// maxOrdered is the number of neighbour pairs up to which crossings are
// counted, which takes the square of it.
const maxOrdered = 4000

// order sorts the children of every node so that few links outside of the
// tree cross others: by the barycentre of what their subtrees are linked to.
func (r *ranks) order() {
	pairs := 0
	for _, near := range r.near {
		pairs += len(near)
	}
	if pairs > 2*maxOrdered {
		return
	}
	best, fewest := r.copyChildren(), r.crossings()
	for range sweeps {
		r.sweep()
		if c := r.crossings(); c < fewest {
			best, fewest = r.copyChildren(), c
		}
	}
	r.children = best
}

func (r *ranks) copyChildren() [][]int {
	out := make([][]int, len(r.children))
	for i, c := range r.children {
		out[i] = slices.Clone(c)
	}
	return out
}

// walk is all nodes in the order of the tree, parents first, and each node's
// place in it.
func (r *ranks) walk() (nodes, place []int) {
	place = make([]int, len(r.of))
	stack := slices.Clone(r.roots)
	slices.Reverse(stack)
	for len(stack) > 0 {
		at := stack[len(stack)-1]
		stack = stack[:len(stack)-1]
		place[at] = len(nodes)
		nodes = append(nodes, at)
		for _, c := range slices.Backward(r.children[at]) {
			stack = append(stack, c)
		}
	}
	return nodes, place
}

// sweep sorts children once. A subtree that no link leaves stays where it is.
func (r *ranks) sweep() {
	nodes, place := r.walk()
	sum, links := make([]int, len(nodes)), make([]int, len(nodes))
	for _, at := range slices.Backward(nodes) {
		for _, n := range r.near[at] {
			if n != r.parent[at] && r.parent[n] != at {
				sum[at] += place[n]
				links[at]++
			}
		}
		if up := r.parent[at]; up >= 0 {
			sum[up] += sum[at]
			links[up] += links[at]
		}
	}
	centre := func(at int) int {
		if links[at] == 0 {
			return 16 * place[at]
		}
		return 16 * sum[at] / links[at]
	}
	for _, c := range r.children {
		slices.SortStableFunc(c, func(a, b int) int { return centre(a) - centre(b) })
	}
}

// crossings counts the pairs of links between the same two columns that cross.
func (r *ranks) crossings() int {
	_, place := r.walk()
	byColumn := map[int][][2]int{}
	for at, near := range r.near {
		for _, n := range near {
			if r.of[n] == r.of[at]+1 {
				byColumn[r.of[at]] = append(byColumn[r.of[at]], [2]int{place[at], place[n]})
			}
		}
	}
	count := 0
	for _, links := range byColumn {
		for i, a := range links {
			for _, b := range links[:i] {
				if (a[0]-b[0])*(a[1]-b[1]) < 0 {
					count++
				}
			}
		}
	}
	return count
}
