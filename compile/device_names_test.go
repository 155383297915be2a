package compile

import (
	"strings"
	"testing"

	"github.com/nbfwc/nbfwc/lang"
)

// firewallWith is the story's network with a firewall that says more.
func firewallWith(attributes string) string {
	return strings.Replace(strings.Replace(storyNetwork, `target = "nftables"`, `target = "cisco_asa"`, 1), `manage = "exclusive"`, attributes, 1)
}

func refused(t *testing.T, text, summary string) Problem {
	t.Helper()
	g, problems := New(load(t, map[string][]byte{"p.hcl": []byte(text)}), Options{})
	for _, p := range problems {
		if p.Summary == summary && p.Severity == Error && g == nil {
			return p
		}
	}
	t.Fatalf("no %q in %v", summary, problems)
	return Problem{}
}

// An object of the device is named for a group that exists, be it a union or a
// part of one; else the message says which groups there are.
func TestObjectsForGroups(t *testing.T) {
	g := story(t, firewallWith(`use_object = { "NBU-client-dmz0" = "SRV-CLIENTS", "NBU-master-lan0" = "M", "NBU-master-media-lan0" = "BACKUP" }`)+storyDomain)
	want := lang.UseObject{Group: "NBU-client-dmz0", Object: "SRV-CLIENTS"}
	have := g.Firewalls[0].UseObjects
	if have[0].Origin.Line == 0 {
		t.Error("no place")
	}
	if have[0].Origin = want.Origin; len(have) != 3 || have[0] != want {
		t.Errorf("%+v", have)
	}
	p := refused(t, firewallWith(`use_object = { "NBU-clients-dmz0" = "SRV-CLIENTS" }`)+storyDomain, "Unknown object-group")
	wantText(t, p.Detail, `Did you mean "NBU-client-dmz0"?`, "NBU-client-dedup-dmz0, NBU-client-dmz0, NBU-client-old-dmz0, NBU-master-lan0, NBU-master-media-lan0, NBU-media-lan0.")
	p = refused(t, firewallWith(`use_object = { "NBU-clients-dmz0" = "SRV-CLIENTS" }`), "Unknown object-group")
	wantText(t, p.Detail, "No flow crosses it")
}
