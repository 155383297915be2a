// Package cisco_asa is Cisco ASA, release 9.12 and newer of ASA 9, in routed
// mode.
//
// What comes in is a job, or what "show running-config" printed; what goes out
// is the text of a configuration, a rule set, or the commands from one
// configuration to another. All go through one model of a running configuration:
// the parser fills it, lowering turns it into a rule set, a job is spelled as
// part of it, and a plan is the difference of two.
//
// Modelled are objects and object-groups of addresses and services, extended
// access lists, their bindings, security levels, idle timeouts by service
// policy. Opaque are FQDNs, users, security groups, time ranges and lines that
// aren't understood. Refused are FTD, transparent mode and bridge groups.
//
// docs/targets/cisco_asa.md says what is written and what a plan does.
package cisco_asa
