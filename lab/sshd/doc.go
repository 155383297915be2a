// Package sshd puts emulated devices behind an SSH server, with a terminal that
// echoes, wraps and pages as the device's does, and that misbehaves on request.
//
// A Server is one device on one port. Users log in with a password, by
// keyboard-interactive or with a key, ask for a terminal and a shell, and type;
// nothing else is served: no commands without a shell, no files, no forwarding.
// A login that ends in the middle of something leaves the device as a broken
// connection does.
//
// Faults are those of the line between a client and the device: pieces of one
// byte, pauses where a prompt seems to be complete, a connection that is cut at
// a certain command or byte, a device that falls silent. What goes wrong inside
// a device is the business of its emulator.
//
// A Fleet is several devices with their names, for trying things out: it keeps
// their host keys and configurations in a directory, so that it is the same
// after a restart.
package sshd
