//go:build !race

package push_test

// everyNth line gets its faults: each one.
const everyNth = 1
