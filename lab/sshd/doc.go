// Package sshd puts emulated devices behind an SSH server, with a terminal that
// echoes, wraps and pages as the device's does, and that misbehaves on request.
package sshd
