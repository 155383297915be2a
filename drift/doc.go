// Package drift compares what firewalls do with what a policy wants of them,
// and says in backup words what differs: what would start or stop working, what
// is open without need, what can't be told.
//
// What comes in are values: the graph of a policy, running configurations as
// targets have read them. What goes out are Findings and Changes. The package
// knows no vendor and does no I/O.
package drift
