// Command nbfwc compiles a policy of network zones and NetBackup roles into
// firewall configuration, and answers questions about it.
package main

import "os"

func main() {
	sparseCollections()
	os.Exit(run(processEnv()))
}
