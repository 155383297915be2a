//go:build race

package ruleset

// raceFactor is how much less the exhaustive tests do under the race detector.
const raceFactor = 10
