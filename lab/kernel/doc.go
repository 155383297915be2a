// Package kernel asks the Linux kernel which packets a firewall lets through.
// It builds a routed network of network namespaces: zones, each a namespace
// that answers for all its addresses, and routers between them, into which
// nftables rules are loaded. Probes are real connections: TCP handshakes with
// a byte of answer, UDP exchanges, ICMP echoes, hundreds at a time.
//
// The namespaces have no names: they belong to this process by open files, so
// any number of test binaries can build networks at the same time, and when a
// process ends in whatever way, nothing of them stays behind.
//
// A packet that gets no answer proves nothing by itself. Prove therefore asks
// again with the rules removed, and counts a tuple as blocked only if it was
// answered then.
//
// The package needs Linux, root, and the programs ip and nft; Require says in a
// test what to do where they are missing. It shares no code with the packages
// whose output it judges.
package kernel
