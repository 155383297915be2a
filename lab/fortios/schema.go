package fortios

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// schemaText says what the device knows of the tables that are emulated field
// by field, in the order in which it prints fields.
//
//	table PATH: name LENGTH | id LAST | object   and   space SPACE
//	  FIELD KIND ARGUMENTS [when FIELD=A,B] [must] [= DEFAULT]
//	  keep FIELDS...      stored as they are typed
//	  decides FIELDS...   stored too, and their conditions are not emulated
//
// "when" fields exist only beside these values, "must" fields have to be set
// when the entry is left. Entries of one space share a name space.
const schemaText = `
table system global: object
  hostname str 35
  udp-idle-timer int 1-86400 = 180
  cfg-save enum automatic manual revert = automatic
  cfg-revert-timeout int 10-4294967295 = 600
  vdom-mode enum no-vdom multi-vdom split-vdom = no-vdom
  admintimeout int 1-480 = 5
  keep *

table system console: object
  output enum standard more = more
  keep *

table system central-management: object
  mode enum normal backup = normal
  type enum fortimanager fortiguard none = fortiguard
  schedule-config-restore enum enable disable = enable
  schedule-script-restore enum enable disable = enable
  allow-push-configuration enum enable disable = enable
  keep *

table system interface: name 15 space intf
  vdom str 31
  status enum up down = up
  alias str 25
  description str 255
  keep *

table system zone: name 35 space intf
  intrazone enum allow deny = deny
  description str 127
  interface refs iface
  keep tagging

table system settings: object
  opmode enum nat transparent = nat
  ngfw-mode enum profile-based policy-based = profile-based
  gui-allow-unnamed-policy enum enable disable = disable
  keep *

table system session-ttl: object
  default ttl = 3600
  sub port

table port: id 65535
  protocol int 0-255 = 0
  timeout ttl1 = 300
  start-port int 0-65535 = 0
  end-port int 0-65535 = 0

table firewall address: name 79 space address
  uuid uuid
  type enum ipmask iprange fqdn geography wildcard dynamic interface-subnet mac = ipmask
  comment str 255
  associated-interface ref intf
  color int 0-32 = 0
  subnet subnet when type=ipmask = 0.0.0.0 0.0.0.0
  start-ip ip4 when type=iprange = 0.0.0.0
  end-ip ip4 when type=iprange = 0.0.0.0
  fqdn fqdn when type=fqdn must
  country str 2 when type=geography
  wildcard wildcard when type=wildcard = 0.0.0.0 0.0.0.0
  keep allow-routing cache-ttl clearpass-spt epg-name fabric-object filter fsso-group interface macaddr list node-ip-only obj-id obj-tag obj-type organization policy-group sdn sdn-addr-type sdn-tag sub-type subnet-name tag-detection-level tag-type tenant tagging hw-model hw-vendor os sw-version visibility sub

table firewall address6: name 79 space address6
  uuid uuid
  type enum ipprefix iprange fqdn geography dynamic template mac route-tag = ipprefix
  comment str 255
  color int 0-32 = 0
  ip6 prefix6 when type=ipprefix = ::/0
  start-ip ip6 when type=iprange = ::
  end-ip ip6 when type=iprange = ::
  fqdn fqdn when type=fqdn must
  country str 2 when type=geography
  keep cache-ttl epg-name fabric-object host host-type list macaddr obj-id sdn sdn-tag template tenant route-tag tagging visibility subnet-segment

table firewall addrgrp: name 79 space address
  uuid uuid
  type enum default folder = default
  category enum default ztna-ems-tag ztna-geo-tag = default
  member refs address must
  comment str 255
  exclude enum enable disable = disable
  exclude-member refs addronly when exclude=enable
  color int 0-32 = 0
  keep allow-routing fabric-object tagging visibility

table firewall addrgrp6: name 79 space address6
  uuid uuid
  member refs address6 must
  comment str 255
  exclude enum enable disable = disable
  exclude-member refs addronly6 when exclude=enable
  color int 0-32 = 0
  keep fabric-object tagging visibility

table firewall service category: name 63 space category
  uuid uuid service
  comment str 255
  keep fabric-object

table firewall service custom: name 79 space service
  uuid uuid service
  category str 63
  protocol enum TCP/UDP/SCTP ICMP ICMP6 IP HTTP FTP CONNECT SOCKS-TCP SOCKS-UDP ALL = TCP/UDP/SCTP
  protocol-number int 0-254 when protocol=IP = 0
  visibility enum enable disable old = enable
  icmptype icmp when protocol=ICMP,ICMP6
  icmpcode icmp when protocol=ICMP,ICMP6
  comment str 255
  color int 0-32 = 0
  helper enum auto disable ftp tftp ras h323 tns mms sip pptp rtsp dns-udp dns-tcp pmap rsh dcerpc mgcp = auto when protocol=TCP/UDP/SCTP
  session-ttl ttl0 = 0 when protocol=TCP/UDP/SCTP
  udp-idle-timer int 0-86400 = 0 when protocol=TCP/UDP/SCTP
  tcp-portrange ports when protocol=TCP/UDP/SCTP
  udp-portrange ports when protocol=TCP/UDP/SCTP
  sctp-portrange ports when protocol=TCP/UDP/SCTP
  keep app-category app-service-type application check-reset-range fabric-object proxy tcp-halfclose-timer tcp-halfopen-timer tcp-rst-timer tcp-timewait-timer
  decides iprange fqdn

table firewall service group: name 79 space service
  uuid uuid service
  member refs service must
  comment str 255
  color int 0-32 = 0
  keep fabric-object proxy

table firewall schedule recurring: name 35 space schedule
  start any
  end any
  day any
  color int 0-32 = 0
  keep fabric-object

table firewall schedule onetime: name 35 space schedule
  start any
  end any
  color int 0-32 = 0
  keep expiration-days fabric-object start-utc end-utc

table firewall schedule group: name 35 space schedule
  member refs schedule1 must
  color int 0-32 = 0
  keep fabric-object

table firewall policy: id 4294967294 space policy
  status enum enable disable = enable
  name str 35
  uuid uuid
  srcintf refs intf must
  dstintf refs intf must
  action enum accept deny ipsec redirect = deny
  srcaddr refs address
  dstaddr refs dstaddr
  srcaddr6 refs address6
  dstaddr6 refs dstaddr6
  internet-service enum enable disable = disable
  internet-service-src enum enable disable = disable
  internet-service6 enum enable disable = disable
  internet-service6-src enum enable disable = disable
  schedule ref schedule must
  service refs service
  logtraffic enum all utm disable = utm
  logtraffic-start enum enable disable = disable
  session-ttl ttl0 = 0
  send-deny-packet enum enable disable = disable
  match-vip enum enable disable = enable
  nat enum enable disable = disable when action=accept,ipsec,redirect
  ippool enum enable disable = disable when nat=enable
  utm-status enum enable disable = disable when action=accept,ipsec,redirect
  comments str 1023
  label str 63
  global-label str 63
  srcaddr-negate enum enable disable = disable
  dstaddr-negate enum enable disable = disable
  srcaddr6-negate enum enable disable = disable
  dstaddr6-negate enum enable disable = disable
  service-negate enum enable disable = disable
  keep anti-replay auto-asic-offload av-profile application-list auth-cert auth-path auth-redirect-addr block-notification captive-portal-exempt capture-packet casi-profile cifs-profile custom-log-fields decrypted-traffic-mirror delay-tcp-npu-session diameter-filter-profile diffserv-copy diffserv-forward diffserv-reverse diffservcode-forward diffservcode-rev disclaimer dlp-profile dlp-sensor dnsfilter-profile dsri dynamic-shaping email-collect emailfilter-profile fec file-filter-profile firewall-session-dirty fixedport fsso fsso-agent-for-ntlm geoip-anycast http-policy-redirect icap-profile identity-based-route inbound inspection-mode ip-version-type ips-sensor ips-voip-filter label logtraffic-app match-vip-only nat46 nat64 natinbound natip natoutbound np-acceleration ntlm outbound passive-wan-health-measurement pcp-inbound pcp-outbound pcp-poolname per-ip-shaper permit-any-host permit-stun-host policy-offload poolname poolname6 port-preserve profile-group profile-protocol-options profile-type radius-mac-auth-bypass redirect-url replacemsg-override-group sctp-filter-profile ssh-filter-profile ssh-policy-redirect ssl-ssh-profile tagging tcp-mss-receiver tcp-mss-sender tcp-session-without-syn tcp-timeout-pid timeout-send-rst traffic-shaper traffic-shaper-reverse udp-timeout-pid videofilter-profile virtual-patch-profile vlan-cos-fwd vlan-cos-rev voip-profile vpntunnel waf-profile wanopt wanopt-detection wanopt-passive-opt wanopt-peer wanopt-profile wccp webcache webcache-https webfilter-profile webproxy-forward-server webproxy-profile wsso
  decides app-category application app-group devices dstaddr-device fsso-groups groups internet-service-custom internet-service-custom-group internet-service-fortiguard internet-service-group internet-service-id internet-service-name internet-service-negate internet-service-src-custom internet-service-src-custom-group internet-service-src-fortiguard internet-service-src-group internet-service-src-id internet-service-src-name internet-service-src-negate internet-service6-custom internet-service6-custom-group internet-service6-fortiguard internet-service6-group internet-service6-name internet-service6-negate internet-service6-src-custom internet-service6-src-custom-group internet-service6-src-fortiguard internet-service6-src-group internet-service6-src-name internet-service6-src-negate network-service-dynamic network-service-src-dynamic policy-expiry policy-expiry-date policy-expiry-date-utc reputation-direction reputation-direction6 reputation-minimum reputation-minimum6 rtp-addr rtp-nat rsso schedule-timeout sgt sgt-check src-vendor-mac tos tos-mask tos-negate url-category users vlan-filter ztna-device-ownership ztna-ems-tag ztna-ems-tag-negate ztna-ems-tag-secondary ztna-geo-tag ztna-policy-redirect ztna-status ztna-tags-match-logic

table firewall local-in-policy: id 4294967294
  uuid uuid
  ha-mgmt-intf-only enum enable disable = disable
  intf refs intf must
  srcaddr refs address
  srcaddr-negate enum enable disable = disable
  dstaddr refs dstaddr
  dstaddr-negate enum enable disable = disable
  action enum accept deny = deny
  service refs service must
  service-negate enum enable disable = disable
  schedule ref schedule must
  status enum enable disable = enable
  virtual-patch enum enable disable = disable
  comments str 1023
  keep internet-service-src internet-service-src-name internet-service-src-group internet-service-src-custom internet-service-src-custom-group internet-service-src-negate logtraffic

table firewall vip: name 79 space address
  uuid uuid
  comment str 255
  keep *

table firewall vipgrp: name 79 space address
  uuid uuid
  interface ref intf
  member refs vip must
  comments str 255
  color int 0-32 = 0

table firewall vip6: name 79 space address6
  uuid uuid
  comment str 255
  keep *

table firewall ippool: name 79 space ippool
  comments str 255
  keep *
`

// classes are the tables that a reference may point to, and the name space of
// its target.
var classes = map[string]struct {
	space  string
	tables []string
}{
	"address":   {"address", []string{"firewall address", "firewall addrgrp"}},
	"addronly":  {"address", []string{"firewall address"}},
	"dstaddr":   {"address", []string{"firewall address", "firewall addrgrp", "firewall vip", "firewall vipgrp"}},
	"vip":       {"address", []string{"firewall vip"}},
	"address6":  {"address6", []string{"firewall address6", "firewall addrgrp6"}},
	"addronly6": {"address6", []string{"firewall address6"}},
	"dstaddr6":  {"address6", []string{"firewall address6", "firewall addrgrp6", "firewall vip6"}},
	"service":   {"service", []string{"firewall service custom", "firewall service group"}},
	"schedule":  {"schedule", []string{"firewall schedule recurring", "firewall schedule onetime", "firewall schedule group"}},
	"schedule1": {"schedule", []string{"firewall schedule recurring", "firewall schedule onetime"}},
	"intf":      {"intf", []string{"system interface", "system zone"}},
	"iface":     {"intf", []string{"system interface"}},
}

// fieldDef is what the device knows about a field.
type fieldDef struct {
	name    string
	at      int // its place among the printed
	kind    string
	words   []string
	lo, hi  uint64
	class   string
	when    string // the field that it depends on
	whenIn  []string
	must    bool
	decides bool
	def     string
}

// schema is what the device knows about a table.
type schema struct {
	path   string
	kind   string // name, id, object
	limit  uint64
	space  string
	fields []*fieldDef
	byName map[string]*fieldDef
	open   bool // any other field is kept
	subs   []string
}

func (k *schema) hasUUID(version string) bool {
	f := k.byName["uuid"]
	return f != nil && f.in(version)
}

// in says whether a version has the field.
func (f *fieldDef) in(version string) bool {
	switch {
	case slices.Contains(f.words, "service"):
		return newer(version, "7.4.8")
	case slices.Contains(f.words, "old"):
		return !newer(version, "7.2.0")
	}
	return true
}

// newer says that version is at least as new as least.
func newer(version, least string) bool {
	a, b := strings.Split(version, "."), strings.Split(least, ".")
	for i := range b {
		if i >= len(a) {
			return false
		}
		x, _ := strconv.Atoi(a[i])
		y, _ := strconv.Atoi(b[i])
		if x != y {
			return x > y
		}
	}
	return true
}

var schemas, ranks = readSchemas(schemaText)

func readSchemas(text string) (map[string]*schema, map[string]int) {
	all, rank := map[string]*schema{}, map[string]int{}
	var k *schema
	for line := range strings.SplitSeq(text, "\n") {
		f := strings.Fields(line)
		if len(f) == 0 {
			continue
		}
		if f[0] != "table" {
			k.add(f)
			continue
		}
		path, rest, _ := strings.Cut(strings.TrimPrefix(line, "table "), ":")
		k = &schema{path: path, byName: map[string]*fieldDef{}}
		all[path] = k
		rank[path] = len(rank)
		f = strings.Fields(rest)
		k.kind = f[0]
		for i, w := range f {
			switch w {
			case "name", "id":
				k.limit, _ = strconv.ParseUint(f[i+1], 10, 64)
			case "space":
				k.space = f[i+1]
			}
		}
	}
	return all, rank
}

// add reads a line of a table.
func (k *schema) add(f []string) {
	switch f[0] {
	case "sub":
		k.subs = append(k.subs, f[1:]...)
		return
	case "keep", "decides":
		for _, n := range f[1:] {
			if n == "*" {
				k.open = true
				continue
			}
			k.put(&fieldDef{name: n, kind: "any", decides: f[0] == "decides"})
		}
		return
	}
	d := &fieldDef{name: f[0], kind: f[1]}
	args := f[2:]
	if i := slices.Index(args, "="); i >= 0 {
		j := i + 1
		for j < len(args) && args[j] != "when" && args[j] != "must" {
			j++
		}
		d.def = strings.Join(args[i+1:j], " ")
		args = slices.Delete(slices.Clone(args), i, j)
	}
	if i := slices.Index(args, "must"); i >= 0 {
		d.must = true
		args = slices.Delete(slices.Clone(args), i, i+1)
	}
	if i := slices.Index(args, "when"); i >= 0 {
		field, in, _ := strings.Cut(args[i+1], "=")
		d.when, d.whenIn = field, strings.Split(in, ",")
		args = args[:i]
	}
	switch d.kind {
	case "int":
		lo, hi, _ := strings.Cut(args[0], "-")
		d.lo, _ = strconv.ParseUint(lo, 10, 64)
		d.hi, _ = strconv.ParseUint(hi, 10, 64)
	case "str":
		d.hi, _ = strconv.ParseUint(args[0], 10, 64)
	case "ref", "refs":
		d.class = args[0]
		if _, ok := classes[d.class]; !ok {
			panic(fmt.Sprintf("fortios: no class %q", d.class))
		}
	default:
		d.words = args
	}
	k.put(d)
}

func (k *schema) put(d *fieldDef) {
	if k.byName[d.name] != nil {
		return
	}
	d.at = len(k.fields)
	k.fields = append(k.fields, d)
	k.byName[d.name] = d
}

// firewallTables and systemTables are the other tables under these words, so
// that a misspelled one is noticed.
var firewallTables = strings.Fields(`DoS-policy DoS-policy6 acl acl6 access-proxy access-proxy-virtual-host access-proxy-ssh-client-cert
 auth-portal authentication central-snat-map country dnstranslation decrypted-traffic-mirror global gtp identity-based-route interface-policy interface-policy6
 internet-service-addition internet-service-append internet-service-custom internet-service-custom-group internet-service-definition internet-service-extension
 internet-service-group internet-service-name internet-service-fortiguard ip-translation ipmacbinding ippool6 ldb-monitor local-in-policy6 multicast-address multicast-address6 multicast-policy
 multicast-policy6 network-service-dynamic on-demand-sniffer pfcp policy46 policy64 profile-group profile-protocol-options proxy-address proxy-addrgrp proxy-policy region security-policy
 shaper shaping-policy shaping-profile sniffer ssh ssl ssl-server ssl-ssh-profile traffic-class ttl-policy vip46 vip64 vipgrp6 vipgrp46 vipgrp64 vendor-mac
 wildcard-fqdn address6-template city`)

var systemTables = strings.Fields(`3g-modem accprofile acme admin affinity-interrupt affinity-packet-redistribution alarm alias api-user arp-table auto-install auto-script
 automation-action automation-destination automation-stitch automation-trigger autoupdate central-management cluster-sync csf custom-language ddns dedicated-mgmt
 device-upgrade dhcp dhcp6 dns dns-database dns-server dns64 dnp3-proxy dscp-based-priority email-server evpn external-resource fabric-vpn federated-upgrade fips-cc fortianalyzer-connectivity fortiguard fortindr fortisandbox
 fsso-polling ftm-push geneve geoip-override gi-gk gre-tunnel ha ha-monitor health-check-fortiguard ike info ipam ipip-tunnel ips ips-urlfilter-dns ips-urlfilter-dns6 ipsec-aggregate ipv6-neighbor-cache
 ipv6-tunnel isf-queue-profile link-monitor lldp lte-modem mac-address-table mobile-tunnel modem nat64 nd-proxy netflow network-visibility ngfw-settings np6 np6xlite npu npu-vlink ntp
 object-tagging password-policy password-policy-guest-admin password-renewal-rules physical-switch pppoe-interface probe-response proxy-arp ptp replacemsg replacemsg-group replacemsg-image resource-limits
 saml sdn-connector sdn-proxy sdn-vpn sdwan security-rating session-helper sflow sit-tunnel smc-ntp sms-server snmp speed-test-schedule speed-test-server speed-test-setting sso-admin sso-forticloud-admin
 sso-fortigate-cloud-admin standalone-cluster startup-error-log storage stp switch-interface tos-based-priority vdom vdom-dns vdom-exception vdom-link vdom-netflow vdom-property vdom-radius-server vdom-sflow
 virtual-switch virtual-wan-link virtual-wire-pair vne-interface vne-tunnel vxlan wccp wireless ssh-config`)

// categories are the first words of tables that are kept whatever the second
// is.
var categories = strings.Fields(`firewall system alertemail antivirus application authentication automation cifs casb certificate credential-store diameter-filter dlp dnsfilter dpdk emailfilter endpoint-control
 ethernet-oam extender extender-controller extension-controller file-filter ftp-proxy gtp hardware icap ips log monitoring mgmt-data nsxt report router rule sctp-filter ssh-filter switch-controller telemetry-controller user
 videofilter virtual-patch voip vpn waf wanopt web-proxy webfilter wireless-controller ztna`)

// globalTables are those of "config global" in VDOM mode; in a VDOM they are
// unknown.
var globalTables = splitPaths(`system global|system console|system interface|system accprofile|system admin|system api-user|system automation-action|system automation-stitch|system automation-trigger|system autoupdate|
 system central-management|system csf|system dns|system email-server|system fortiguard|system fortisandbox|system ftm-push|system ha|system ha-monitor|system netflow|system npu|system ntp|
 system password-policy|system physical-switch|system replacemsg|system resource-limits|system saml|system session-helper-global|system sflow|system snmp|system sso-admin|system standalone-cluster|system storage|
 system vdom-link|system vdom-property|system virtual-switch|system vdom-exception|system fips-cc|system ddns|system geoip-override`)

func splitPaths(s string) []string {
	list := strings.Split(s, "|")
	for i := range list {
		list[i] = strings.TrimSpace(list[i])
	}
	return list
}

func isGlobal(path string) bool {
	f := strings.Fields(path)
	return slices.Contains(globalTables, strings.Join(f[:min(2, len(f))], " "))
}

// secondWords are what may stand behind "firewall" and "system", thirdWords
// what behind both words of a table like "firewall service".
var secondWords, thirdWords = pathWords()

func pathWords() (second, third map[string][]string) {
	second = map[string][]string{"firewall": slices.Clone(firewallTables), "system": slices.Clone(systemTables)}
	third = map[string][]string{}
	for p := range schemas {
		w := strings.Fields(p)
		if len(w) > 1 && !slices.Contains(second[w[0]], w[1]) {
			second[w[0]] = append(second[w[0]], w[1])
		}
		if len(w) > 2 {
			at := w[0] + " " + w[1]
			third[at] = append(third[at], w[2])
		}
	}
	return second, third
}
