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
// Not emulated: Panorama itself, address translation, routing, "load config
// partial" and the text of validation errors beyond what vendor documents and
// published captures show.
//
// The facts come from the PAN-OS CLI Quick Start, the PAN-OS Administrator's
// Guide (9.1 to 11.x) and published device output.
package panos
