package fortigate

import (
	"strconv"
	"strings"
)

// policyKey tells policies apart by their number: "edit 7" and "edit 007" are
// one. "edit 0" takes the next number that is free, so it is never opened again.
func policyKey(_ *reader, name string) string {
	n, err := strconv.ParseUint(name, 10, 32)
	if err != nil {
		return name
	}
	if n == 0 {
		return ""
	}
	return strconv.FormatUint(n, 10)
}

func (p *reader) openPolicy(name string, line int) int {
	n, err := strconv.ParseUint(name, 10, 32)
	if err != nil {
		p.refuse(line, "edit "+name, "a policy has a number up to 4294967294")
	}
	if n == 0 {
		for i := range p.m.policies {
			n = max(n, uint64(p.m.policies[i].id))
		}
		n++
	}
	p.m.policies = append(p.m.policies, policy{id: uint32(n), line: line})
	return len(p.m.policies) - 1
}

var polActions = map[string]polAction{"": deny, "deny": deny, "accept": accept, "ipsec": ipsec}

func (p *reader) policyField(f *frame, e edit) string {
	x := &p.m.policies[f.at]
	switch e.name {
	case "name":
		return e.text(&x.name)
	case "uuid":
		return e.text(&x.uuid)
	case "status":
		x.disabled = true
		why := e.flag(&x.disabled, true)
		x.disabled = !x.disabled
		return why
	case "srcintf":
		return e.list(&x.srcIntf)
	case "dstintf":
		return e.list(&x.dstIntf)
	case "action":
		action, ok := polActions[e.one()]
		if !ok {
			action, x.actionWord = otherAction, e.one()
		}
		x.action = action
	case "send-deny-packet":
		return e.flag(&x.sendDeny, false)
	case "srcaddr":
		return e.list(&x.src)
	case "dstaddr":
		return e.list(&x.dst)
	case "srcaddr6":
		return e.list(&x.src6)
	case "dstaddr6":
		return e.list(&x.dst6)
	case "srcaddr-negate":
		return e.flag(&x.srcNot, false)
	case "dstaddr-negate":
		return e.flag(&x.dstNot, false)
	case "srcaddr6-negate":
		return e.flag(&x.src6Not, false)
	case "dstaddr6-negate":
		return e.flag(&x.dst6Not, false)
	case "schedule":
		return e.text(&x.schedule)
	case "service":
		return e.list(&x.services)
	case "service-negate":
		return e.flag(&x.serviceNot, false)
	case "logtraffic":
		switch e.one() {
		case "all":
			x.log = logAll
		case "utm", "":
			x.log = logUTM
		case "disable":
			x.log = logNone
		default:
			return "neither all nor utm nor disable"
		}
	case "nat":
		return e.flag(&x.nat, false)
	case "session-ttl":
		return readTTL(e, &x.ttl)
	case "utm-status":
		return e.flag(&x.utm, false)
	case "comments":
		return e.text(&x.comments)
	default:
		if k := policyFields[e.name]; k.kind == neutral && k.standard == "*" || k.kind != 0 && strings.Join(e.values, " ") == k.standard {
			// At its default, or of no importance: nothing, as when it isn't
			// printed. It may have been something else above.
			e.verb = "unset"
		}
		return e.other(&x.others)
	}
	return ""
}

// fieldKind says what a field of a policy bears on.
type fieldKind uint8

const (
	// neutral: neither what the policy matches nor what becomes of the packets.
	neutral fieldKind = iota + 1
	// profile: a security profile.
	profile
	// matching: what the policy matches, in a way that isn't modelled.
	matching
	// deciding: what becomes of packets that match, in a way that isn't modelled.
	deciding
	// translating: addresses are changed.
	translating
	// naming: belongs to another field, which says whether it counts.
	naming
)

// A policyField is a field without a place of its own in the model, and its
// default; "*" says that no value is of importance. A field that isn't in the
// list makes the policy opaque.
type policyField struct {
	kind     fieldKind
	standard string
}

var policyFields = func() map[string]policyField {
	m := map[string]policyField{}
	add := func(kind fieldKind, standard string, names ...string) {
		for _, n := range names {
			m[n] = policyField{kind, standard}
		}
	}
	add(neutral, "*", "anti-replay", "auth-cert", "auth-path", "auth-redirect-addr", "auto-asic-offload", "block-notification",
		"captive-portal-exempt", "capture-packet", "color", "custom-log-fields", "decrypted-traffic-mirror", "delay-tcp-npu-session",
		"diffserv-copy", "diffserv-forward", "diffserv-reverse", "diffservcode-forward", "diffservcode-rev", "dsri", "dynamic-shaping",
		"extended-log", "fec", "firewall-session-dirty", "fsso", "fsso-agent-for-ntlm", "geoip-anycast", "geoip-match", "global-label",
		"inspection-mode", "label", "log-http-transaction", "logtraffic-start", "match-vip", "np-acceleration", "ntlm", "ntlm-guest",
		"ntlm-enabled-browsers", "passive-wan-health-measurement", "per-ip-shaper", "permit-any-host", "permit-stun-host",
		"policy-offload", "port-preserve", "port-random", "redirect-url", "replacemsg-override-group", "schedule-timeout", "ssl-mirror",
		"ssl-mirror-intf", "tags", "tcp-mss-receiver", "tcp-mss-sender", "tcp-session-without-syn", "tcp-timeout-pid",
		"timeout-send-rst", "traffic-shaper", "traffic-shaper-reverse", "udp-timeout-pid", "vlan-cos-fwd", "vlan-cos-rev", "wsso",
		"app-monitor", "cgn-log-server-grp", "cgn-session-quota", "cgn-resource-quota", "cgn-eif", "cgn-eim", "_policy_block", "policy-behaviour-type", "ip-version-type", "pcp-poolname",
		"wanopt-detection", "wanopt-passive-opt", "wanopt-profile", "wanopt-peer", "webproxy-profile", "webproxy-forward-server",
		"https-sub-category", "inbound", "outbound", "natip", "url-risk")
	add(naming, "", "internet-service-name", "internet-service-id", "internet-service-group", "internet-service-custom",
		"internet-service-custom-group", "internet-service-src-name", "internet-service-src-id", "internet-service-src-group",
		"internet-service-src-custom", "internet-service-src-custom-group", "internet-service6-name", "internet-service6-group",
		"internet-service6-custom", "internet-service6-custom-group", "internet-service6-src-name", "internet-service6-src-group",
		"internet-service6-src-custom", "internet-service6-src-custom-group", "internet-service-fortiguard",
		"internet-service-src-fortiguard", "internet-service6-fortiguard", "internet-service6-src-fortiguard", "poolname", "poolname6",
		"identity-based-route", "sgt", "rtp-addr", "policy-expiry-date-utc")
	add(naming, "disable", "fixedport", "tos-negate", "internet-service-negate", "internet-service-src-negate",
		"internet-service6-negate", "internet-service6-src-negate")
	add(naming, "0x00", "tos")
	add(naming, "or", "ztna-tags-match-logic")
	add(naming, "destination", "reputation-direction", "reputation-direction6")
	add(naming, "0000-00-00 00:00:00", "policy-expiry-date")
	add(profile, "", "profile-group", "av-profile", "webfilter-profile", "dnsfilter-profile", "emailfilter-profile", "spamfilter-profile",
		"dlp-profile", "dlp-sensor", "file-filter-profile", "ips-sensor", "application-list", "voip-profile", "ips-voip-filter",
		"sctp-filter-profile", "diameter-filter-profile", "virtual-patch-profile", "icap-profile", "cifs-profile", "videofilter-profile",
		"waf-profile", "ssh-filter-profile", "casb-profile", "telemetry-profile")
	add(profile, "default", "profile-protocol-options")
	add(profile, "no-inspection", "ssl-ssh-profile")
	add(profile, "single", "profile-type")
	add(matching, "disable", "internet-service", "internet-service-src", "internet-service6", "internet-service6-src", "ztna-status",
		"ztna-device-ownership", "rtp-nat", "policy-expiry", "sgt-check", "match-vip-only", "rsso")
	add(matching, "", "users", "groups", "fsso-groups", "devices", "ztna-ems-tag", "ztna-ems-tag-secondary", "ztna-geo-tag",
		"src-vendor-mac", "network-service-dynamic", "network-service-src-dynamic", "application", "app-category", "app-group",
		"url-category", "vlan-filter")
	add(matching, "0", "reputation-minimum", "reputation-minimum6")
	add(matching, "0x00", "tos-mask")
	add(deciding, "disable", "learning-mode", "http-policy-redirect", "ssh-policy-redirect", "ztna-policy-redirect", "webcache",
		"webcache-https", "wanopt", "wccp", "disclaimer", "email-collect", "radius-mac-auth-bypass", "radius-ip-auth-bypass",
		"scan-botnet-connections")
	add(deciding, "", "vpntunnel")
	add(translating, "disable", "nat46", "nat64", "ippool", "natinbound", "natoutbound", "pcp-inbound", "pcp-outbound")
	return m
}()
