// Package asa is an emulated Cisco ASA: a command line with its modes and
// prompts, a running configuration that it rewrites as the device does, and a
// slow and obvious evaluator of access rules.
//
// It takes commands, abbreviated or not, answers with the device's own words
// and refuses what the device refuses: an object that is in use, a group that
// would become empty, a second entry that differs in logging only. A command
// that it doesn't know is invalid input. Commands of a running configuration
// that have nothing to do with access rules (logging, snmp-server, crypto) are
// kept as they are and printed in their section.
//
// The facts come from the Cisco ASA Series General Operations and Firewall CLI
// Configuration Guides, the Command Reference (9.12 to 9.20) and published
// device output.
package asa
