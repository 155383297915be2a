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
// A new device has no interfaces and the default inspection policy. Load takes
// whole configurations: an access-group needs the interface that it names.
//
// Where the documents leave a choice open, the stricter one is taken: a name
// has at most 64 characters, an entry is removed by its full text with its log
// clause, a list that a class-map matches can't be removed. A remark is cut at
// 100 characters without a word. Denied TCP connections are answered with a
// reset only where a "service resetinbound" or "service resetoutbound" stands
// in the configuration. A packet that leaves where it came in needs
// "same-security-traffic permit intra-interface"; between two interfaces an
// access list on the way in decides alone, whatever their levels are.
//
// Not emulated: contexts, transparent mode (its packets are undecided),
// address translation and routing as far as packets go, pre-defined service
// objects, and the refusal of changes by a standby unit.
//
// The facts come from the Cisco ASA Series General Operations and Firewall CLI
// Configuration Guides, the Command Reference (9.12 to 9.20) and published
// device output.
package asa
