package panos

import (
	"fmt"
	"slices"
	"strings"
)

var formats = []string{"default", "set", "xml"}

// op does a line of operational mode.
func (s *Session) op(word, rest string) (string, error) {
	if s.reader() && (word == "request" || word == "delete") {
		return "", refusal("Unknown command: " + word)
	}
	switch word {
	case "configure":
		if s.configure || rest != "" {
			return "", errSyntax
		}
		s.configure = true
		return "Entering configuration mode\n", nil
	case "exit", "quit":
		s.closed = true
		return "", nil
	case "set":
		return s.settings(strings.Fields(rest))
	case "request":
		return s.request(rest)
	case "delete":
		return s.remove(strings.Fields(rest))
	case "test":
		return s.test(rest)
	case "show":
		return s.showOp(rest)
	}
	return "", refusal("Unknown command: " + word)
}

// showOp is "show" of operational mode, with "| match" or "| except".
func (s *Session) showOp(rest string) (string, error) {
	rest, filter, piped := strings.Cut(rest, " | ")
	out, err := s.showAll(strings.TrimSpace(rest))
	if !piped || err != nil {
		return out, err
	}
	word, pattern, _ := strings.Cut(strings.TrimSpace(filter), " ")
	pattern = strings.Trim(pattern, `" `)
	if word != "match" && word != "except" || pattern == "" {
		return "", errSyntax
	}
	var b strings.Builder
	for l := range strings.Lines(out) {
		if strings.Contains(l, pattern) == (word == "match") {
			b.WriteString(l)
		}
	}
	return b.String(), nil
}

func (s *Session) showAll(rest string) (string, error) {
	d := s.d
	f := strings.Fields(rest)
	switch {
	case rest == "config running" && d.opt.FormatRunning && s.format == "set":
		return d.asSet(d.running), nil
	case rest == "config running" && d.opt.FormatRunning && s.format == "default":
		return d.asBraces(d.running), nil
	case rest == "config running":
		return d.asXML(d.running), nil
	case rest == "config candidate":
		return d.asXML(d.candidate), nil
	case rest == "config diff":
		return s.showDiff(), nil
	case rest == "config audit info":
		return d.audit(), nil
	case len(f) == 4 && rest[:min(20, len(rest))] == "config audit version":
		if n, ok := decimal(f[3]); ok && n >= 1 && n <= len(d.versions) {
			return d.asXML(d.versions[n-1].root), nil
		}
		return "", refusal("Server error : version " + f[3] + " does not exist")
	case len(f) > 2 && f[0] == "config" && f[1] == "list":
		return d.showList(f[2:])
	case len(f) == 3 && f[0] == "config" && f[1] == "saved":
		if n := d.saved[f[2]]; n != nil {
			return d.asXML(n), nil
		}
		return "", refusal("Server error : " + f[2] + " does not exist")
	case rest == "system info":
		return d.systemInfo(), nil
	case rest == "high-availability state":
		return d.haState(), nil
	case rest == "config-locks":
		return d.showLocks("config"), nil
	case rest == "commit-locks":
		return d.showLocks("commit"), nil
	case rest == "running security-policy":
		return s.securityPolicy(), nil
	case len(f) >= 2 && f[0] == "jobs":
		return d.showJobs(f[1:])
	case len(f) >= 8 && f[0] == "rule-hit-count":
		return d.showHits(rest)
	}
	return "", errSyntax
}

// systemInfo is what the device says of itself.
func (d *Device) systemInfo() string {
	multi, family := "off", "vm"
	if len(d.opt.MultiVsys) > 0 {
		multi = "on"
	}
	if n, ok := strings.CutPrefix(d.opt.Model, "PA-"); ok && n != "VM" && len(n) > 2 {
		family = n[:len(n)-2] + "00"
	}
	role := [][2]string{{"vpn-disable-mode", "off"}, {"multi-vsys", multi}}
	if d.opt.Panorama {
		family, role = "pc", [][2]string{{"system-mode", "panorama"}, {"licensed-device-capacity", "25"}}
	}
	var b strings.Builder
	b.WriteString("\n")
	for _, l := range append(append([][2]string{
		{"hostname", d.hostname()}, {"ip-address", "192.0.2.1"}, {"public-ip-address", "unknown"}, {"netmask", "255.255.255.0"},
		{"default-gateway", "192.0.2.254"}, {"ip-assignment", "static"}, {"ipv6-address", "unknown"}, {"mac-address", "00:1b:17:00:01:00"},
		{"time", d.now().Format("Mon Jan _2 15:04:05 2006")}, {"uptime", "12 days, 3:04:05"}, {"family", family}, {"model", d.opt.Model},
		{"serial", d.opt.Serial}, {"cloud-mode", "non-cloud"}, {"sw-version", d.opt.Version}, {"app-version", "8795-8489"},
		{"threat-version", "8795-8489"}, {"logdb-version", "10.2.0"}, {"platform-family", family},
	}, role...), [2]string{"operational-mode", "normal"}, [2]string{"device-certificate-status", "Valid"}) {
		b.WriteString(l[0] + ": " + l[1] + "\n")
	}
	return b.String() + "\n"
}

func (s *Session) settings(f []string) (string, error) {
	switch {
	case len(f) == 3 && f[0] == "cli" && f[1] == "config-output-format":
		if !slices.Contains(formats, f[2]) {
			return "", errSyntax
		}
		s.format = f[2]
	case len(f) == 3 && f[0] == "cli" && (f[2] == "on" || f[2] == "off"):
		switch on := f[2] == "on"; f[1] {
		case "scripting-mode":
			s.scripting = on
		case "pager":
			s.noPager = !on
		case "confirmation-prompt", "hide-ip", "hide-user":
		default:
			return "", errSyntax
		}
	case len(f) == 4 && f[0] == "cli" && f[1] == "terminal" && (f[2] == "width" || f[2] == "height"):
		n, ok := decimal(f[3])
		switch {
		case !ok || n < 1 || n > 500:
			return "", errSyntax
		case f[2] == "width":
			s.width = n
		default:
			s.height = n
		}
	case len(f) == 4 && f[0] == "system" && f[1] == "setting" && f[2] == "target-vsys" && len(s.d.opt.MultiVsys) > 0:
		if f[3] != "none" && !slices.Contains(s.d.opt.MultiVsys, f[3]) {
			return "", errSyntax
		}
		s.target = strings.TrimPrefix(f[3], "none")
		return "Session target vsys changed to " + f[3] + "\n", nil
	default:
		return "", errSyntax
	}
	return "", nil
}

// showHits is "show rule-hit-count vsys vsys-name V rule-base security rules
// all", or "list" with names.
func (d *Device) showHits(rest string) (string, error) {
	p := parser{r: reader{line: rest}}
	toks, err := p.tokens()
	if err != nil || len(toks) < 8 {
		return "", errSyntax
	}
	for i, w := range []string{"rule-hit-count", "vsys", "vsys-name", "", "rule-base", "security", "rules"} {
		if w != "" && !toks[i].is(w) {
			return "", errSyntax
		}
	}
	vsys, names := toks[3].text, []string(nil)
	switch {
	case toks[7].is("all") && len(toks) == 8:
	case toks[7].is("list"):
		if names, err = memberTokens(toks[8:]); err != nil {
			return "", err
		}
	default:
		return "", errSyntax
	}
	n := d.running.at("vsys", vsys)
	if n == nil && len(d.opt.MultiVsys) > 0 && !slices.Contains(d.opt.MultiVsys, vsys) {
		return "", errSyntax
	}
	var b strings.Builder
	b.WriteString("Rule Name                       Hit Count   Last Hit Timestamp\n" + strings.Repeat("-", 63) + "\n")
	line := func(name string) {
		if names == nil || slices.Contains(names, name) {
			fmt.Fprintf(&b, "%-31s %-11d -\n", name, d.hits[name])
		}
	}
	n.at("rulebase", "security", "rules").each(func(r *node) { line(r.word) })
	line("intrazone-default")
	line("interzone-default")
	return b.String(), nil
}
