// Package compile turns a Policy into a Graph of flows and each firewall's part
// of the graph into a RuleSet.
//
// What comes in is a lang.Policy: groups of hosts with their facts, zones,
// firewalls, and the catalogue's rows. What goes out is every flow that the
// hosts need, with the row that asks for it and the firewalls on its way; one
// rule set per firewall; and answers about them: Query (would this packet pass,
// and where), Explain (why), Retire (what old hosts keep open), Diff (what a
// change of the policy changes).
//
// It refuses what has no single meaning: a pair of versions for which no row
// speaks, two zones with no way or with several between them, hosts without a
// common address family. Nothing is compiled then; all such problems are
// reported at once, each with the place in the policy.
//
// The package knows no HCL, no vendor, and does no I/O.
package compile
