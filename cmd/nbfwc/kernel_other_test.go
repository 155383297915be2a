//go:build !linux

package main

import (
	"testing"

	"github.com/nbfwc/nbfwc/lab/kernel"
)

// The proof by the kernel needs Linux: elsewhere the test says so, as Require
// does.
func TestKernelAgrees(t *testing.T) { kernel.Require(t) }
