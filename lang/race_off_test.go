//go:build !race

package lang

// raceFactor is how much more time and memory a test may take than without the
// race detector.
const raceFactor = 1
