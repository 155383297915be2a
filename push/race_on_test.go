//go:build race

package push_test

// everyNth line gets its faults where the race detector makes all slow.
const everyNth = 7
