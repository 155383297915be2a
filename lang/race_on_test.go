//go:build race

package lang

// raceFactor is how much more time and memory the race detector may take.
const raceFactor = 6
