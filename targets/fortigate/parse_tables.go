package fortigate

import (
	"strconv"
	"strings"
)

// A table says how the entries of a "config" are read. A table without open has
// fields and no entries.
type table struct {
	name string // of the index of its entries; tables of one name space share it
	// open makes an entry and returns its place; key is what tells entries
	// apart, the name if it is nil.
	open func(p *reader, name string, line int) int
	key  func(p *reader, name string) string
	// field reads a line; it returns why it can't.
	field func(p *reader, f *frame, e edit) string
	// inside are tables in an entry that have no bearing; "*" is any.
	inside []string
}

func (t *table) ignoreNested(path string) bool {
	for _, w := range t.inside {
		if w == "*" || w == path {
			return true
		}
	}
	return false
}

// wrapper is "config global", vdomWrapper is "config vdom": tables stand in
// them as at the top.
var (
	wrapper     = &table{name: "global"}
	vdomWrapper = &table{name: "vdom"}
)

// tables are those of the first level that are read.
var tables = readTables()

func readTables() map[string]*table {
	tables := map[string]*table{
		"system global":             {name: "global", field: (*reader).globalField, inside: []string{"*"}},
		"system settings":           {name: "settings", field: (*reader).settingsField, inside: []string{"*"}},
		"system central-management": {name: "central", field: (*reader).centralField, inside: []string{"*"}},
		"system interface":          {name: "interface", open: (*reader).openInterface, field: (*reader).interfaceField, inside: []string{"*"}},
		"system zone":               {name: "zone", open: (*reader).openZone, field: (*reader).zoneField, inside: []string{"tagging"}},
		"system sdwan":              {name: "sdwan", field: ignoreField, inside: []string{"*"}},
		"system session-ttl":        {name: "ttl", field: (*reader).ttlField},
		"system virtual-wire-pair":  {name: "wire", open: (*reader).openWire, field: ignoreField},
		"log setting":               {name: "log", field: (*reader).logField, inside: []string{"*"}},
		"router static":             {name: "static", open: openRoute(false), field: (*reader).routeField},
		"router static6":            {name: "static6", open: openRoute(true), field: (*reader).routeField},

		"firewall address":            {name: "address", open: openAddress(false), field: (*reader).addressField, inside: []string{"list", "tagging"}},
		"firewall address6":           {name: "address6", open: openAddress(true), field: (*reader).addressField, inside: []string{"list", "tagging", "subnet-segment"}},
		"firewall addrgrp":            {name: "addrgrp", open: openGroup(false), field: (*reader).groupField, inside: []string{"tagging"}},
		"firewall addrgrp6":           {name: "addrgrp6", open: openGroup(true), field: (*reader).groupField, inside: []string{"tagging"}},
		"firewall service category":   {name: "category", open: (*reader).openCategory, field: ignoreField},
		"firewall service custom":     {name: "service", open: (*reader).openService, field: (*reader).serviceField},
		"firewall service group":      {name: "svcgroup", open: (*reader).openSvcGroup, field: (*reader).svcGroupField},
		"firewall schedule onetime":   {name: "schedule", open: openSchedule("onetime"), field: (*reader).scheduleField},
		"firewall schedule recurring": {name: "schedule", open: openSchedule("recurring"), field: (*reader).scheduleField},
		"firewall schedule group":     {name: "schedule", open: openSchedule("group"), field: (*reader).scheduleField},
		"firewall policy":             {name: "policy", open: (*reader).openPolicy, key: policyKey, field: (*reader).policyField},

		"firewall ipmacbinding setting": {name: "ipmac", field: (*reader).ipmacField},
	}
	for _, name := range natTables {
		tables["firewall "+name] = &table{name: name, open: openNAT(name), field: (*reader).natField, inside: []string{"*"}}
	}
	for name, why := range oddTables {
		tables["firewall "+name] = &table{name: name, open: openOdd(name, why), field: (*reader).oddField, inside: []string{"*"}}
	}
	return tables
}

// nestedTables are those inside of others that are read.
var nestedTables = map[string]*table{
	"system interface / secondaryip":           {name: "secondaryip", open: openNothing, field: (*reader).secondaryField},
	"system interface / ipv6":                  {name: "ipv6", field: (*reader).ipv6Field, inside: []string{"*"}},
	"system interface / ipv6 / ip6-extra-addr": {name: "ip6-extra", open: (*reader).openExtra6, field: ignoreField},
	"system session-ttl / port":                {name: "ttlport", open: (*reader).openPortTTL, field: (*reader).portTTLField},
	"system sdwan / zone":                      {name: "sdwanzone", open: (*reader).openSDWANZone, field: ignoreField},
	"system sdwan / members":                   {name: "sdwanmember", open: (*reader).openSDWANMember, field: (*reader).sdwanMemberField},
	"firewall address6 / subnet-segment":       {name: "segment", open: openNothing, field: ignoreField},
}

func nested(parent, path string) *table { return nestedTables[parent+" / "+path] }

// openNothing is for entries of which only fields matter.
func openNothing(*reader, string, int) int { return 0 }

// ignoreField is for fields that have no bearing.
func ignoreField(*reader, *frame, edit) string { return "" }

// irrelevantTables have no bearing on which packets are forwarded between
// interfaces: the device itself, its services, its users and tunnels, and the
// profiles that policies name. A name with a blank at its end is a prefix.
var irrelevantTables = []string{
	"alertemail ", "antivirus ", "application ", "authentication ", "automation ", "aws ", "azure ", "casb ", "certificate ",
	"cifs ", "credential-store ", "diameter-filter ", "dlp ", "dnsfilter ", "dpdk ", "emailfilter ", "endpoint-control ",
	"ethernet-oam ", "extender ", "extender-controller ", "extension-controller ", "file-filter ", "ftp-proxy ", "gui ", "hardware ",
	"icap ", "ips ", "log ", "mgmt-data ", "monitoring ", "nsxt ", "report ", "router ", "rule ", "sctp-filter ", "spamfilter ",
	"ssh-filter ", "switch-controller ", "system ", "telemetry-controller ", "user ", "videofilter ", "virtual-patch ", "voip ",
	"vpn ", "waf ", "wanopt ", "web-proxy ", "webfilter ", "wireless-controller ", "ztna ",

	// Traffic of the device itself.
	"firewall local-in-policy", "firewall local-in-policy6",
	// Limits on rates, sessions and bandwidth, and sensors that look into what
	// policies permit.
	"firewall DoS-policy", "firewall DoS-policy6", "firewall interface-policy", "firewall interface-policy6", "firewall sniffer",
	"firewall on-demand-sniffer", "firewall shaper ", "firewall shaping-policy", "firewall shaping-profile", "firewall traffic-class",
	// Packets to multicast addresses have a table of their own.
	"firewall multicast-policy", "firewall multicast-policy6", "firewall multicast-address", "firewall multicast-address6",
	// What policies name: profiles, internet services, proxies. Policies that
	// use it for matching are opaque.
	"firewall profile-group", "firewall profile-protocol-options", "firewall ssl-ssh-profile", "firewall mms-profile", "firewall gtp",
	"firewall internet-service", "firewall internet-service-addition", "firewall internet-service-append",
	"firewall internet-service-botnet", "firewall internet-service-custom", "firewall internet-service-custom-group",
	"firewall internet-service-definition", "firewall internet-service-extension", "firewall internet-service-fallback",
	"firewall internet-service-group", "firewall internet-service-ipbl-reason", "firewall internet-service-ipbl-vendor",
	"firewall internet-service-list", "firewall internet-service-name", "firewall internet-service-owner",
	"firewall internet-service-reputation", "firewall internet-service-sld", "firewall internet-service-subapp",
	"firewall network-service-dynamic", "firewall access-proxy", "firewall access-proxy6", "firewall access-proxy-virtual-host",
	"firewall access-proxy-ssh-client-cert", "firewall auth-portal", "firewall carrier-endpoint-bwl", "firewall city", "firewall country",
	"firewall region", "firewall vendor-mac", "firewall vendor-mac-summary", "firewall decrypted-traffic-mirror", "firewall global",
	"firewall identity-based-route", "firewall ldb-monitor", "firewall proxy-address", "firewall proxy-addrgrp", "firewall proxy-policy",
	"firewall ssh ", "firewall ssl ", "firewall ssl-server", "firewall vip-realserver ", "firewall wildcard-fqdn ",
	"firewall address6-template", "firewall ipmacbinding table",
	// Headers behind the IPv6 header, which aren't asked for.
	"firewall ipv6-eh-filter",
	// Answers of name servers, not packets.
	"firewall dnstranslation",
}

var irrelevantSet = func() map[string]bool {
	set := make(map[string]bool, len(irrelevantTables))
	for _, name := range irrelevantTables {
		set[name] = true
	}
	return set
}()

// irrelevant says whether a table has no bearing on what is forwarded.
func irrelevant(path string) bool {
	if irrelevantSet[path] {
		return true
	}
	for i := 0; i < len(path); i++ {
		if path[i] == ' ' && irrelevantSet[path[:i+1]] {
			return true
		}
	}
	return false
}

// natTables change addresses.
var natTables = []string{
	"vip", "vip6", "vip46", "vip64", "vipgrp", "vipgrp6", "vipgrp46", "vipgrp64", "ippool", "ippool6", "ippool_grp",
	"central-snat-map", "ip-translation", "nat64-policy",
}

// oddTables decide packets beside the policies, by conditions that aren't
// modelled.
var oddTables = map[string]string{
	"acl":                 "an access control list drops packets before the policies are asked",
	"acl6":                "an access control list drops packets before the policies are asked",
	"ttl-policy":          "a policy on the TTL of packets",
	"policy6":             "IPv6 policies of FortiOS before 6.4, a version that isn't supported",
	"policy46":            "policies that translate IPv4 to IPv6",
	"policy64":            "policies that translate IPv6 to IPv4",
	"consolidated policy": "policies of FortiOS 6.2, a version that isn't supported",
	"security-policy":     "policies of the NGFW mode policy-based",
	"hyperscale-policy":   "policies of a hyperscale firewall",
	"hyperscale-policy6":  "policies of a hyperscale firewall",
	"hyperscale-policy46": "policies of a hyperscale firewall",
	"hyperscale-policy64": "policies of a hyperscale firewall",
}

// read takes the model, version and build from the first line of a backup:
// FGVMK6-7.2.4-FW-build1396-230131:opmode=1:vdom=0:user=admin
func (h *header) read(text string) {
	first, rest, _ := strings.Cut(text, ":")
	if i := strings.Index(first, "-FW-build"); i >= 0 {
		h.build, _, _ = strings.Cut(first[i+len("-FW-build"):], "-")
		first = first[:i]
	}
	if i := strings.LastIndexByte(first, '-'); i >= 0 {
		h.model = first[:i]
		first = first[i+1:]
	}
	parts := strings.Split(first, ".")
	if len(parts) == 3 {
		h.major, h.minor, h.patch = number(parts[0]), number(parts[1]), number(parts[2])
	}
	h.vdoms = strings.Contains(":"+rest+":", ":vdom=1:")
}

// number reads a small number; what isn't one is 0.
func number(s string) int {
	n, err := strconv.ParseUint(s, 10, 16)
	if err != nil {
		return 0
	}
	return int(n)
}
