// Package ruleset is the middle of nbfwc: what one firewall does with packets,
// whether it was compiled from a policy (want) or read from a running
// configuration (have).
//
// What comes in are values: a RuleSet of stages of rules over exact sets of
// addresses, services and interfaces. What goes out are answers about packets:
// the verdict for one packet and the rule that decides it, whether two rule
// sets treat all packets alike, the packets for which they differ, the rules
// that never decide anything. The package does no I/O and knows no vendor.
//
// Comparison is exact and doesn't enumerate. Addresses, services and interfaces
// that no rule tells apart are one class; a segment tree over source classes
// holds, for ranges of destination and service classes, the lines that match
// (see field). Verdicts of many packets, differences and useless rules are read
// off that structure, whose size follows the number of rules. Where it would
// grow beyond a limit, the answer is ErrTooLarge and never "equal".
//
// Conditions that are not modelled are opaque lines, which are evaluated both
// ways; an answer that depends on one is Unknown and never a guess.
package ruleset
