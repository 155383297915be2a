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
// # Saved and running
//
// What isn't saved is seen in three places: "show running-config" begins with
// ": Saved" only if nothing was changed since; the Cryptochecksum at its end is
// that of what runs, while "show checksum" and "show startup-config" print the
// one of what was saved; and "show version" names who changed the configuration
// last, and when, which saving doesn't change. A user is known by the login's
// name where logins begin privileged, and as enable_15 after "enable". The
// startup configuration is what a reload loads, with "reload in" when the clock
// has come to it, in whatever state everything is.
//
// # Configuration sessions
//
// A session edits lists that nothing but access-groups uses, objects and
// groups; what it has created it can't edit again. What is typed is refused as
// if it had been typed outside. The commit types all lines on what runs then,
// and does nothing if one is refused. With revert-save the session stays, and
// can be opened and reverted; with config-save the configuration from before is
// written to disk0:. Only "commit noconfirm" is there. Three sessions at most,
// lost with a reload, unknown to the other unit of a pair. Their refusals are
// worded by guess; they begin with "ERROR:".
//
// # Pairs and contexts
//
// What the active unit of a NewPair is told, the standby unit does as well.
// "configure terminal" on the standby warns, and what follows stays there:
// until "write standby" on the active unit the two differ. When the active unit
// reloads, the other takes over with what ran, so that a reload undoes nothing.
//
// With Options.Contexts the device has contexts with a configuration each, and
// a system execution space. A login on the admin context, or on the system, can
// change to others; the prompt is that of the system with the context's name.
//
// Not emulated: transparent mode (its packets are undecided), address
// translation and routing as far as packets go, and pre-defined service
// objects.
//
// The facts come from the Cisco ASA Series General Operations and Firewall CLI
// Configuration Guides, the Command Reference (9.12 to 9.20) and published
// device output.
package asa
