package sshd_test

import (
	"bufio"
	"fmt"
	"strings"

	"golang.org/x/crypto/ssh"

	"github.com/nbfwc/nbfwc/lab/asa"
	"github.com/nbfwc/nbfwc/lab/sshd"
)

// An emulated ASA whose connection breaks at the second command, after it has
// been done.
func Example() {
	d := asa.New(asa.Options{Hostname: "fw1", Enabled: true})
	s, err := sshd.Serve(d, sshd.Options{
		Users:  map[string]string{"admin": "secret"},
		Faults: sshd.Faults{DropAfter: 2},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer s.Close()
	client, err := ssh.Dial("tcp", s.Addr().String(), &ssh.ClientConfig{User: "admin",
		Auth: []ssh.AuthMethod{ssh.Password("secret")}, HostKeyCallback: ssh.FixedHostKey(s.HostKey())})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer client.Close()
	shell, _ := client.NewSession()
	in, _ := shell.StdinPipe()
	out, _ := shell.StdoutPipe()
	if err := shell.Shell(); err != nil {
		fmt.Println(err)
		return
	}
	fmt.Fprint(in, "configure terminal\rhostname fw2\r")
	for lines := bufio.NewScanner(out); lines.Scan(); {
		fmt.Println(strings.Trim(lines.Text(), "\r"))
	}
	fmt.Println(strings.Contains(d.Running(), "hostname fw2"))
	// Output:
	// Type help or '?' for a list of available commands.
	// fw1# configure terminal
	// fw1(config)# hostname fw2
	// true
}
