package fortigate

import (
	"testing"

	"github.com/nbfwc/nbfwc/lab"
	"github.com/nbfwc/nbfwc/lab/fortios"
)

// labInterfaces are those of the conformance suite's world.
const labInterfaces = `config system interface
    edit "inside"
        set vdom "root"
        set ip 10.1.0.1 255.255.255.0
        config ipv6
            set ip6-address 2001:db8:1::1/64
        end
    next
    edit "dmz"
        set vdom "root"
        set ip 10.2.0.1 255.255.255.0
        config ipv6
            set ip6-address 2001:db8:2::1/64
        end
    next
    edit "outside"
        set vdom "root"
        set ip 10.3.0.1 255.255.255.0
        config ipv6
            set ip6-address 2001:db8:3::1/64
        end
    next
end
`

// labDevice is an emulated FortiGate with these interfaces and nothing of ours.
func labDevice(t testing.TB) lab.Device {
	t.Helper()
	d := fortios.New(fortios.Options{Hostname: "edge"})
	if err := d.Load(labInterfaces); err != nil {
		t.Fatal(err)
	}
	return d
}
