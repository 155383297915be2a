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
// Not emulated: address translation and routing as far as packets go, other
// tables' references to objects, policies of policy-based NGFW mode and of
// transparent mode (their packets are undecided), HA members.
//
// The facts come from the FortiOS Administration Guide and CLI Reference (7.0
// to 7.6), technical tips of the Fortinet Community and published device
// output.
package fortios
