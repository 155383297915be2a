package lang

// Starter returns the files that a new policy begins with, by name: a policy
// with comments that compiles as it is, and the inventory it reads.
func Starter() map[string][]byte {
	return map[string][]byte{
		"policy.hcl":  []byte(starterPolicy),
		"clients.csv": []byte(starterClients),
	}
}

const starterPolicy = `# A policy for nbfwc: who talks NetBackup with whom, and across which firewall.
#
#   nbfwc validate .          finds mistakes
#   nbfwc flows .             lists every flow, with the reason for it
#   nbfwc compile . -o out    writes the configuration of each firewall

# Zones are the sides of your firewalls. An address belongs to the zone with
# the longest matching network.
zone "core" {
  networks = ["10.0.0.0/24"]
}

zone "dmz" {
  networks = ["192.0.2.0/24", "2001:db8:2::/64"]
}

# A firewall, and which zones lie behind which of its interfaces. Other targets
# are cisco_asa, paloalto and fortigate.
firewall "edge" {
  target = "nftables"
  manage = "exclusive"

  interface "lan0" {
    zones = [zone.core]
  }

  interface "dmz0" {
    zones = [zone.dmz]
  }
}

# One NetBackup domain. Which ports are needed follows from the roles, versions
# and features of its hosts; "nbfwc catalog" lists what there is.
domain "prod" {
  version = "7.6"

  hosts "master" {
    zone      = zone.core
    addresses = { master1 = "10.0.0.10" }
    roles     = [role.master]
  }

  hosts "media" {
    zone = zone.core
    addresses = {
      media1 = "10.0.0.21"
      media2 = "10.0.0.22"
    }
    roles = [role.media]
  }

  # Many hosts are kept in a file: see clients.csv. A column "version" there
  # holds for the host in its row.
  hosts "web" {
    zone      = zone.dmz
    addresses = inventory("clients.csv")
    roles     = [role.client]

    # Without this line, the clients talk to every media server.
    peers = { media = [hosts.media] }
  }
}

# Flows of your own, beside those of NetBackup.
#
# service "my_agent" {
#   tcp = [8400]
# }
#
# flow "agent" {
#   from    = domain.prod.hosts.web
#   to      = domain.prod.hosts.master
#   service = service.my_agent
#   ticket  = "CHG0042"
# }
`

const starterClients = `# One row for each host. The first line names the columns.
name,address,version
web1,192.0.2.11,7.6
web2,192.0.2.12,7.6
web3,192.0.2.13,7.0
`
