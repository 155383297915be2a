package main

import (
	"os"
	"runtime"
	"runtime/debug"
	"runtime/metrics"
)

const (
	// smallHeap is how large the heap may get before the garbage collector
	// runs.
	smallHeap = 100 << 20
	// largeGrowth is by how much a heap may grow until it is collected even if
	// that is more than what lives in it.
	largeGrowth = 256 << 20
)

// sparseCollections keeps the garbage collector from running while the heap is
// small. The program is short: what most policies need in all is not much more
// than smallHeap, and many collections of a small, growing heap would cost more
// than they give back. Larger heaps are collected when they have tripled, very
// large ones as usual, when they have doubled. Who sets GOGC or GOMEMLIMIT in
// the environment has decided.
func sparseCollections() {
	if os.Getenv("GOGC") == "" && os.Getenv("GOMEMLIMIT") == "" {
		// The runtime lets a new heap grow to 4 MiB at 100 percent, and in
		// proportion.
		const smallest = 4 << 20
		collectAfter(smallHeap / smallest * 100)
	}
}

// collectAfter lets the heap grow by so many percent until the next collection,
// which then decides on the one after it.
func collectAfter(percent int) {
	debug.SetGCPercent(percent)
	// The next collection finds that nobody has this value.
	runtime.AddCleanup(new(*int), func(struct{}) {
		sample := []metrics.Sample{{Name: "/gc/heap/live:bytes"}}
		metrics.Read(sample)
		live := max(sample[0].Value.Uint64(), 1)
		growth := max(smallHeap-min(live, smallHeap), live, min(2*live, largeGrowth))
		collectAfter(int(growth * 100 / live))
	}, struct{}{})
}
