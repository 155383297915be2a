// Package paloalto writes security rules of Palo Alto PAN-OS and Panorama, reads
// them back, and plans changes. Facts about the device are those of the vendor's
// guides for PAN-OS 9.1 to 11.1; docs/targets/paloalto.md has them in the words
// of a user.
//
// # What is written
//
// Render gives set commands, RenderXML the same as XML. Members of groups are
// address objects, groups are static address groups, ports are service objects.
// A rule of the rule set is one security rule with the application any and the
// services; echo requests are a second one with the application ping. An
// exclusive firewall ends in a rule that drops everything. Everything of ours
// has the prefix in its name and the tag nbfwc.
//
//	NBU-client-dmz                          address group, named by the policy
//	NBU-web1-192.0.2.11                     address object of a named host
//	NBU-192.0.2.0_24 NBU-10.0.0.1-10.0.0.9  prefix, range
//	NBU-2001_db8__1 NBU-2001_db8__-64       IPv6
//	NBU-tcp-1556.idle-28800                 service, with an idle timeout
//	NBU-tcp-8400.from-1024-65535            service with source ports
//	NBU-client-dmz-to-media                 rule, named by the policy
//	NBU-client-dmz-to-media-ping            its echo requests
//	NBU-default                             the last rule of an exclusive firewall
//
// The name of an address or service says all that it holds, so such an object
// is never edited: something else has another name.
//
// # What is planned
//
// All edits are made in the candidate configuration, and one command, commit,
// makes them take effect at once. What isn't ours is never touched; an exclusive
// firewall removes rules of others when that is allowed.
//
// # How a device is changed
//
// A Dialogue types the edits under locks, holds that the candidate is what was
// planned and nothing besides, and commits the changes of its own account. It
// believes the result of the commit's job, not what the screen shows. What it has
// left in a candidate is taken back by the next login, as if it had never been.
//
// # What is refused
//
// Check says it: opaque rules, services that PAN-OS has no objects for, ICMP other
// than echo requests, lists for single pairs of zones, flows of the firewall
// itself, names that the device would not take. A plan is refused where zones
// don't route, where a name of ours belongs to somebody else, and where nothing
// says between which rules ours belong.
package paloalto
