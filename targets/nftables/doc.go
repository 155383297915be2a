// Package nftables writes the configuration of a Linux firewall for nft and
// reads it back. Facts about nft are those of version 1.0.6 (Debian 12) and were
// tried; docs/targets/nftables.md has them in the words of a user.
//
// # What is written
//
// Render gives one file for nft -f: one transaction, which can be loaded any
// number of times. Either it holds a table of our own (inet nbfwc, replaced
// whole) or chains and sets of ours in a table of the user, entered by a jump
// that the user places.
//
// A chain on the hook accepts what conntrack calls established and the ICMP
// errors about it, drops what is invalid, and finds by a verdict map the chain
// of the two interfaces. In it each rule of the rule set is one rule of nft for
// each address family and part of its service (whole protocols, ports of one
// protocol with one range of source ports, ICMP types with one range of codes),
// with a counter and its reason as comment.
//
// # Names
//
//	nb_forward nb_input nb_output    base chains of our table
//	nb_section[-input|-output]       chains that a user's chains jump to
//	nb_IN-to-OUT nb_in-IN nb_out-OUT chains of two interfaces, by label
//	.../reply                        what answers the chain's connections
//	nb_any-HOOK                      rules for every pair of interfaces
//	/others in place of a label      interfaces that the job doesn't name
//	nb_related                       ICMP errors about a section's connections
//	nb_GROUP.v4 nb_GROUP.v6          a group's members of one family
//	nb_idle-SECONDS.v4               ct timeout of IPv4 connections
//
// A label or group name that is long or has other characters than letters,
// digits, '_', '.' and '-' is shortened and ends in ten digits of a digest.
//
// # Over SSH
//
// Dialogue puts the new rules, the old ones and a program, the agent, on the
// machine. The agent alone loads anything: the new rules, and the old ones
// unless it is stopped in time. Where a push stands is the name of one file in
// its directory, and who renames that file has won:
//
//	ready       nothing is loaded; the agent may begin
//	armed       the agent loads the new rules, then waits
//	failed      nft refused them
//	confirmed   the new rules stay
//	fired       the old rules are being loaded; "back" says that they are
//	settled     nothing was loaded, and nothing will be
//
// # What is refused
//
// Check says it: opaque rules, profiles, contexts, device names that Linux
// can't have, ports of protocols without ports, stages that must both permit,
// a firewall's own traffic without a way to manage it, and for a section
// whatever would decide over traffic that isn't ours.
//
// # No verdict maps of members
//
// A concatenated map of addresses and ports would find the verdict in one look,
// but holds sources times destinations times ports, loses the rule's counter and
// comment, and saves some 10 ns a rule for the first packet of a connection
// only. Rules grow with groups, not with hosts, so rules it is.
package nftables
