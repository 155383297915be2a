package main

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/nbfwc/nbfwc/lab/asa"
	"github.com/nbfwc/nbfwc/lab/sshd"
)

// deviceFarm is a process that runs an emulated ASA behind SSH for each file
// that it is told on standard input. It prints where each listens.
func deviceFarm() {
	in := bufio.NewScanner(os.Stdin)
	for in.Scan() {
		text, err := os.ReadFile(in.Text())
		d := asa.New(asa.Options{Password: "lab"})
		if err == nil {
			err = d.Load(string(text))
		}
		var s *sshd.Server
		if err == nil {
			s, err = sshd.Serve(d, sshd.Options{Users: map[string]string{"admin": "lab"}})
		}
		if err != nil {
			fmt.Fprintf(os.Stderr, "%s: %v\n", in.Text(), err)
			os.Exit(2)
		}
		fmt.Println(s.Addr())
	}
}

// scalePolicy is a policy of sites with a firewall each, in front of a data
// centre, with devices at the addresses.
func scalePolicy(addresses []string) string {
	var b strings.Builder
	b.WriteString(`zone "core" { networks = ["10.250.0.0/24"] }
zone "wan" {
  networks = ["10.255.0.0/16"]
  transit  = true
}
firewall "core" {
  target = "cisco_asa"
  manage = "exclusive"
  interface "inside" { zones = [zone.core] }
  interface "outside" { zones = [zone.wan] }
}
domain "prod" {
  version = "7.6"
  hosts "master" {
    zone      = zone.core
    addresses = ["10.250.0.10"]
    roles     = [role.master]
  }
  hosts "media" {
    zone      = zone.core
    addresses = ["10.250.0.21", "10.250.0.22"]
    roles     = [role.media, role.msdp]
  }
`)
	for i := range addresses {
		fmt.Fprintf(&b, "  hosts \"web%d\" {\n    zone      = zone.site%d\n    addresses = [\"10.%d.%d.5\", \"10.%d.%d.6\"]\n    roles     = [role.client]\n  }\n", i, i, i/250, i%250, i/250, i%250)
	}
	b.WriteString("}\n")
	for i, a := range addresses {
		fmt.Fprintf(&b, `zone "site%[1]d" { networks = ["10.%[2]d.%[3]d.0/24"] }
device "site%[1]d" {
  address  = %[4]q
  username = "admin"
}
firewall "site%[1]d" {
  target = "cisco_asa"
  manage = "exclusive"
  device = device.site%[1]d
  interface "inside" { zones = [zone.site%[1]d] }
  interface "outside" { zones = [zone.wan] }
}
`, i, i/250, i%250, a)
	}
	return b.String()
}

// scaleRig is a farm of emulated ASAs, each with the configuration of its
// firewall and objects of others, 2,000 lines in all.
type scaleRig struct {
	policy  string
	environ []string
}

func newScaleRig(t testing.TB, devices int) *scaleRig {
	t.Helper()
	dir := t.TempDir()
	policy := filepath.Join(dir, "policy.hcl")
	write := func(name, text string) {
		if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	addresses := make([]string, devices)
	for i := range addresses {
		addresses[i] = "127.0.0.1:1"
	}
	write(policy, scalePolicy(addresses))
	compileInProcess(t, policy, filepath.Join(dir, "compiled"))

	var files strings.Builder
	for i := range devices {
		ours, err := os.ReadFile(filepath.Join(dir, "compiled", fmt.Sprintf("site%d.asa", i)))
		if err != nil {
			t.Fatal(err)
		}
		var b strings.Builder
		fmt.Fprintf(&b, `: Saved
:
ASA Version 9.16(4)
!
hostname site%d
!
interface GigabitEthernet0/0
 nameif inside
 security-level 100
 ip address 10.%d.%d.1 255.255.255.0
!
interface GigabitEthernet0/1
 nameif outside
 security-level 0
 ip address 10.255.%d.%d 255.255.0.0
!
`, i, i/250, i%250, i/250, i%250+1)
		for n := strings.Count(b.String(), "\n") + bytes.Count(ours, []byte("\n")) + 2; n < 2000; n += 2 {
			fmt.Fprintf(&b, "object network OTHERS-%d\n host 172.16.%d.%d\n", n, n>>8, n&255)
		}
		for line := range strings.Lines(string(ours)) {
			if !strings.HasPrefix(line, "!") {
				b.WriteString(line)
			}
		}
		b.WriteString(": end\n")
		name := filepath.Join(dir, fmt.Sprintf("site%d.running", i))
		write(name, b.String())
		files.WriteString(name + "\n")
	}

	farm := exec.Command("nbfwc-farm")
	in, err := farm.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := farm.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	farm.Stderr = os.Stderr
	if err := farm.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { farm.Process.Kill(); farm.Wait() })
	if _, err := io.WriteString(in, files.String()); err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewScanner(out)
	for i := range addresses {
		if !lines.Scan() {
			t.Fatalf("the farm ended after %d devices", i)
		}
		addresses[i] = lines.Text()
	}
	write(policy, scalePolicy(addresses))
	r := &scaleRig{policy: policy, environ: append(os.Environ(),
		"NBFWC_PASSWORD=lab", "NBFWC_ENABLE=lab", "NBFWC_STATE="+filepath.Join(dir, "state"), "NBFWC_KNOWN_HOSTS="+filepath.Join(dir, "known_hosts"))}
	trust := exec.Command("nbfwc", "device", "trust", policy, "-yes", "-known-hosts", filepath.Join(dir, "known_hosts"))
	trust.Env = r.environ
	if text, err := trust.CombinedOutput(); err != nil {
		t.Fatalf("%v: %.2000s", err, text)
	}
	return r
}

// audit runs the program in a process of its own.
func (r *scaleRig) audit(t testing.TB, devices, jobs int) (cpu time.Duration, peakMiB float64) {
	t.Helper()
	cmd := exec.Command("nbfwc-measured", "audit", r.policy, "-jobs", fmt.Sprint(jobs))
	cmd.Env = r.environ
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	if err := cmd.Run(); err != nil {
		t.Fatalf("%v\n%.4000s%.4000s", err, out.String(), errs.String())
	}
	if want := fmt.Sprintf("%d firewalls: %d in line", devices, devices); !strings.Contains(out.String(), want) {
		t.Fatalf("not %q:\n%.4000s", want, out.String())
	}
	m := peakLine.FindSubmatch(errs.Bytes())
	if m == nil {
		t.Fatalf("no peak of memory in %.2000s", errs.String())
	}
	kib, err := strconv.ParseFloat(string(m[1]), 64)
	if err != nil {
		t.Fatal(err)
	}
	return cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime(), kib / 1024
}

// BenchmarkAudit audits a thousand emulated devices of 2,000 lines in one
// process, over SSH on loopback: seconds, CPU of the auditing process and its
// peak of memory. The devices run in another process on the same cores.
func BenchmarkAudit(b *testing.B) {
	const devices = 1000
	r := newScaleRig(b, devices)
	for b.Loop() {
		cpu, peak := r.audit(b, devices, 32)
		b.ReportMetric(cpu.Seconds(), "cpu-s/op")
		b.ReportMetric(peak, "peak-MiB")
	}
	b.ReportMetric(float64(runtime.GOMAXPROCS(0)), "cores")
}

// A few dozen devices are audited in one run, with more at once than there are
// cores.
func TestAuditOfAFarm(t *testing.T) {
	t.Parallel()
	const devices = 40
	newScaleRig(t, devices).audit(t, devices, 16)
}
