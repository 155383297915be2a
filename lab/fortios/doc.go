// Package fortios is an emulated FortiGate: the command line of FortiOS 7.0 to
// 7.6 with its scopes and prompts, a configuration that it prints as the device
// does, and a slow and obvious evaluator of firewall policies.
//
// It takes commands, abbreviated or not, answers with the device's own words
// and return codes and refuses what the device refuses: a name that isn't
// there, an object that is in use, a policy without a schedule. Tables that
// decide about packets are known field by field (see schema.go); the other
// tables of a configuration are kept as they are typed. Every "next" and "end"
// takes effect at once; an entry that is open has no effect yet, and is lost
// with the session.
//
// A new device has the factory's address objects, services and schedules and no
// interfaces: these come by "config system interface". Load takes a whole
// configuration. One that begins with the "#config-version" line is complete:
// nothing of the factory is added. Any other is taken beside the factory's
// objects; one of them that it names is replaced.
//
// Where the documents leave a choice open, the stricter one is taken, for typed
// lines only; Load believes what a device printed. A new policy needs a name
// unless "gui-allow-unnamed-policy" is enabled. Names with one of "'<>()# and
// texts with one of "'<> are refused. The last address of a range must be greater than
// the first. "abort" leaves the entry and its table. After a refused "next" or
// "end" the entry is as it was before, or gone if it was new. Host bits of a
// subnet are dropped. "edit 0" takes the lowest free number when the entry is
// left.
//
// The first service of a policy that matches gives the idle timeout. Undecided
// is what depends on a user, an Internet service, a host name, a time of day or
// a destination that a virtual IP translates.
//
// For pushes there are transactions (workspace mode), batches, the three ways
// of saving with the timer of "revert", revisions, clusters of two units, VDOM
// mode, administrators with few rights, paging and what Faults can bring about.
// The clock of Options moves all that has to do with time.
//
// What the documents say little or nothing about, and is assumed here:
//
//   - A transaction locks an entry from the "edit" of one that is there, or the
//     "next" of a new one, until it is committed, aborted or over. The words of
//     the refusal, and its code -37, are made up; so are those for what can't
//     be done in a transaction, or without one.
//   - Lines that fail in a transaction are left out; the rest can be committed.
//     What others changed in between stays: the lines are done again on it.
//     Starting, committing and aborting say nothing.
//   - When a transaction has expired its session goes on outside of it, at the
//     top, and what it types next takes effect at once: the worst that is
//     plausible. "execute config-transaction start MINUTES" exists since 7.4.
//   - A refused commit leaves the transaction open.
//   - The timer of "revert" runs from the last change of what runs, whatever is
//     typed after it, and "execute cfg save" stops it. Changing cfg-save from
//     automatic saves what runs. A restart ends all sessions and transactions.
//   - "execute batch" is one for the whole device, and goes on without its
//     session; "batch mode is running" is made up.
//   - A secondary unit takes changes; the next one on the primary replaces them.
//   - The answers when there is no room in the flash are made up.
//   - Idle sessions end after "admintimeout", those in a transaction too.
//   - The middle lines of "get system status" and "get system ha status" are
//     those of a virtual machine, and fixed.
//
// Not emulated: address translation and routing as far as packets go, other
// tables' references to objects, policies of policy-based NGFW mode and of
// transparent mode (their packets are undecided), "execute ha manage",
// clusters of more than two units, virtual clusters, firmware.
//
// The facts come from the FortiOS Administration Guide and CLI Reference (7.0
// to 7.6), technical tips of the Fortinet Community and published device
// output.
package fortios
