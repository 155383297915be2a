package ruleset

import "slices"

// A Line is one line of an ordered first-match list that is to be changed line
// by line.
type Line struct {
	// Key is how the line is spelled; two lines with the same key are the same.
	Key string
	// Class is the same for lines that can change places without any packet
	// being treated differently: lines of one action (and effects, where they
	// count). Lines of class 0 match nothing (remarks).
	Class int
}

// An Edit inserts or deletes one line.
type Edit struct {
	Delete bool
	// Line is the index of the line: in want if it is inserted, in have if it
	// is deleted.
	Line int
	// At is where the line stands after it was inserted, or before it is
	// deleted, counted from 0 in the list as it is at that moment.
	At int
}

// Edits returns the edits that turn have into want, or into a list that differs
// from want only in the order of lines that can change places. All inserts come
// first, from top to bottom, then all deletes, from bottom to top.
//
// After each edit every packet is decided by the line that decides it in have,
// or by the one that decides it in want. For let M be the merged list and some
// inserts be done. If the first line that matches is one of have, then none of
// have above it matches, so it is have's. If it is an inserted one, all lines
// of want above it are there, so it is want's. For the deletes the same holds
// with have and want exchanged. This needs the order; see the tests for what
// happens in the other ones.
//
// Lines that stay are a longest list that have and want can have in common. The
// time is n log n.
func Edits(have, want []Line) []Edit {
	run := runs(want)
	match := matches(have, want)
	keep := longest(have, match, run)

	// place orders want: by run, then kept lines as they stand in have, each
	// followed by the new lines that follow it in want.
	kept := make([]int, len(want)) // index in have, -1
	for i := range kept {
		kept[i] = -1
	}
	for h, ok := range keep {
		if ok {
			kept[match[h]] = h
		}
	}
	order := place(kept, run)

	var edits []Edit
	var deletes []Edit
	h, at := 0, 0
	pass := func(to int) { // lines of have up to to stay or go
		for ; h < to; h++ {
			if !keep[h] {
				deletes = append(deletes, Edit{Delete: true, Line: h, At: at})
			}
			at++
		}
	}
	pass(firstKept(order, kept)) // what is new at the top stands right before it
	for _, w := range order {
		if kept[w] >= 0 {
			pass(kept[w] + 1)
			continue
		}
		edits = append(edits, Edit{Line: w, At: at})
		at++
	}
	pass(len(have))
	slices.Reverse(deletes)
	return append(edits, deletes...)
}

// firstKept is the index in have of the first line that stays, 0 if none does.
func firstKept(order, kept []int) int {
	for _, w := range order {
		if kept[w] >= 0 {
			return kept[w]
		}
	}
	return 0
}

// runs numbers the maximal stretches of lines of one class. Lines of class 0
// belong to the run of the line after them, at the end to the last run.
func runs(lines []Line) []int {
	run := make([]int, len(lines))
	n, class, begin := 0, 0, 0
	for i, l := range lines {
		if l.Class == 0 {
			continue
		}
		if class != 0 && l.Class != class {
			n++
		}
		class = l.Class
		for ; begin <= i; begin++ {
			run[begin] = n
		}
	}
	for ; begin < len(lines); begin++ {
		run[begin] = n
	}
	return run
}

// matches pairs lines of have with equal ones of want, the first with the
// first; -1 for a line without partner.
func matches(have, want []Line) []int {
	next := make([]int, len(want)) // the following line of want with the same key
	first := make(map[string]int, len(want))
	for i := len(want) - 1; i >= 0; i-- {
		next[i] = -1
		if n, ok := first[want[i].Key]; ok {
			next[i] = n
		}
		first[want[i].Key] = i
	}
	match := make([]int, len(have))
	for i := range have {
		w, ok := first[have[i].Key]
		if !ok || w < 0 {
			match[i] = -1
			continue
		}
		match[i] = w
		first[have[i].Key] = next[w]
	}
	return match
}

// longest marks the lines of have that stay: a longest subsequence whose
// partners' runs don't descend.
func longest(have []Line, match, run []int) []bool {
	keep := make([]bool, len(have))
	var ends []int // ends[k]: index of the last line of the best subsequence of length k+1
	prev := make([]int, len(have))
	for h, w := range match {
		if w < 0 {
			continue
		}
		k, _ := slices.BinarySearchFunc(ends, run[w], func(e, r int) int {
			if run[match[e]] <= r {
				return -1
			}
			return 1
		})
		prev[h] = -1
		if k > 0 {
			prev[h] = ends[k-1]
		}
		if k == len(ends) {
			ends = append(ends, h)
		} else {
			ends[k] = h
		}
	}
	if len(ends) == 0 {
		return keep
	}
	for h := ends[len(ends)-1]; h >= 0; h = prev[h] {
		keep[h] = true
	}
	return keep
}

// place returns the lines of want in the order in which they will stand.
func place(kept, run []int) []int {
	order := make([]int, 0, len(kept))
	for begin := 0; begin < len(kept); {
		end := begin
		for end < len(kept) && run[end] == run[begin] {
			end++
		}
		var stay []int
		for w := begin; w < end; w++ {
			if kept[w] >= 0 {
				stay = append(stay, w)
			}
		}
		slices.SortFunc(stay, func(a, b int) int { return kept[a] - kept[b] })
		w := begin
		for ; w < end && kept[w] < 0; w++ {
			order = append(order, w)
		}
		for _, s := range stay {
			order = append(order, s)
			for w := s + 1; w < end && kept[w] < 0; w++ {
				order = append(order, w)
			}
		}
		begin = end
	}
	return order
}
