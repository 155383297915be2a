// Package fortigate writes the firewall policies of a FortiGate (FortiOS 7.0 to
// 7.6), reads its configuration back, and plans the change from one to the
// other. Facts about FortiOS are those of Fortinet's administration guide and
// CLI reference; docs/targets/fortigate.md has them in the words of a user.
//
// # What is written
//
// Each rule of the rule set is one policy of "config firewall policy", for both
// address families. Its object-groups are address groups with one address
// object for each member; its service is a list of service objects, one for
// each protocol and range of ports, which carry the idle timeout.
//
// # What is ours
//
// A policy whose name begins with the prefix and whose comments begin with
// "nbfwc"; an address, group or service whose name and comment do. What has the
// name but not the comment stands in the way of a plan: it is never overwritten.
//
// # Names
//
//	NBU-10.0.0.21 NBU-10.0.4.0_24      addresses: the name is the content
//	NBU-10.0.0.1-10.0.0.9              a range
//	NBU-2001-db8--5                    IPv6, '-' for ':'
//	NBU-tcp-1556-ttl28800              services: the name is the content
//	NBU-tcp-1556-from-1024-65535
//	NBU-udp-111 NBU-icmp-8 NBU-icmp6-128-0 NBU-ip-50 NBU-ip
//	NBU-client-dmz                     groups and policies: as the policy has them
//	NAME.2                             what replaces an entry, beside which it
//	                                   stood for a while
//
// Addresses and services are never edited: other content is another entry. So
// every change of what packets meet is a change of a group's members or of the
// list of policies, and targets.Order finds a safe order for those.
//
// # Over SSH
//
// Dialogue types a change in one config transaction, in the order that is safe
// without one as well; before FortiOS 6.2 entry by entry. Each line has the
// answers that it may get. Whether "edit" makes an entry or opens one is known
// from the configuration that the change was planned for.
//
// # What is refused
//
// Check says what a job can't have; Plan says what on a device stands in its
// way.
package fortigate
