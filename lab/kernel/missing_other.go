//go:build !linux

package kernel

import "errors"

// Missing says what the package lacks on this machine, nil if nothing.
func Missing() error { return errors.New("test networks need Linux") }
