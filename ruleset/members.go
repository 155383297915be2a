package ruleset

// MemberSet returns the addresses of the members: the Set of a Group.
func MemberSet(members []Member) AddrSet {
	n4 := 0
	for i := range members {
		if members[i].Range.From.Is4() {
			n4++
		}
	}
	var v4 []span[ip4]
	var v6 []span[ip6]
	if n4 > 0 {
		v4 = make([]span[ip4], 0, n4)
	}
	if n4 < len(members) {
		v6 = make([]span[ip6], 0, len(members)-n4)
	}
	for i := range members {
		switch r := &members[i].Range; {
		case !r.IsValid():
		case r.From.Is4():
			v4 = append(v4, span[ip4]{ip4Of(r.From), ip4Of(r.To)})
		default:
			v6 = append(v6, span[ip6]{ip6Of(r.From), ip6Of(r.To)})
		}
	}
	return addrSet(normal(v4), normal(v6))
}
