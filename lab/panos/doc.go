// Package panos is an emulated Palo Alto Networks firewall: operational and
// configuration mode, a candidate and a running configuration, commits that
// check what they activate, and a slow and obvious evaluator of security rules.
//
// Where the documents leave a choice open, the stricter one is taken: a name
// that nothing has is taken by "set" and fails the commit, as do tags, log
// forwarding profiles and zones that don't exist; "any" stands alone in a list;
// words on one line follow each other on the innermost level only; "rename"
// leaves what refers to the old name. Interfaces need a valid name and may be
// in one zone, but need not be configured.
//
// Two things that the documents don't fix: the words of a rule are printed in
// one order, whatever the order they were typed in, and "reset-server" drops,
// because the sender of the packet isn't told.
//
// Sections that have nothing to do with security rules are kept as paths of
// words. Of sections that were typed word by word, XML shows as elements what
// the device may show as entries.
//
// For pushes there are locks with scopes, the journal of each administrator's
// edits, validations and commits as jobs that can last and wait in a queue,
// saved configurations and versions, pairs, Panorama with its device groups
// (what is committed to it goes no further), administrators who only read, a
// terminal that pages, and what Faults can bring about. Without a clock in
// Options each line takes a second.
//
// What the documents say little or nothing about, and is assumed here:
//
//   - A commit takes the candidate as it is when "commit" is typed, even if it
//     waits in the queue; a partial one does the administrator's edits again on
//     what runs when its turn comes, and fails if one can't be done.
//   - "check pending-changes" compares the candidate with what runs.
//     "load config" is an edit of the one who typed it, and can't be reverted
//     apart from edits after it.
//   - The tables of "show config-locks", "show commit-locks", "show config list
//     changes", "show config list change-summary" and "show config audit info"
//     are made up, as are the answers to "save config", "load config", "delete
//     config saved", "revert config" (none) and to giving a lock back, and those
//     when there is no room on the disk. Without locks it is "no locks".
//   - There is one commit lock and one config lock for each scope. A superuser
//     takes another's lock away by "request config-lock remove admin NAME". A
//     commit ends the commit locks of its administrator.
//   - "validate" answers like "commit" with its own word and ends in
//     "Configuration is valid" or "Configuration is invalid".
//   - "show config diff" has lines with "- " and "+ " of the printed
//     configuration, and nothing else.
//   - Answers begin with a blank line before "Commit job", as in captures.
//     Warnings stand before "(Module: device)" and the last line.
//   - The passive unit of a pair takes edits and commits like the active one,
//     and then they run on both. Edits and locks are those of one unit; what
//     is pending on the other is lost when a commit reaches it.
//   - "revert config" is refused while a job runs, edits aren't.
//   - A restart ends the jobs as failed. The locks stay.
//   - "show config running" is XML in any format, unless Options.FormatRunning
//     says otherwise.
//   - After "set system setting target-vsys" the prompt has the virtual
//     system's name behind that of the host.
//
// Not emulated: pushes of a Panorama to its firewalls (Device.Push is what
// comes of one), address translation, routing, "load config partial", the
// format json and the text of validation errors beyond what vendor documents
// and published captures show.
//
// The facts come from the PAN-OS CLI Quick Start, the PAN-OS Administrator's
// Guide (9.1 to 11.x) and published device output.
package panos
