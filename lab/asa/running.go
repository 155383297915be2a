package asa

import (
	"crypto/md5"
	"encoding/hex"
	"strings"
)

// Running prints the running configuration as "show running-config" does.
func (d *Device) Running() string {
	d.lock()
	defer d.mu.Unlock()
	d.unpack()
	defer d.pack()
	return d.running()
}

func (d *Device) running() string {
	var b strings.Builder
	if d.saved {
		b.WriteString(": Saved\n\n")
	}
	b.WriteString(":\n: Serial Number: " + d.opt.Serial + "\n: Hardware:   " + d.hardware() + "\n:\n")
	b.WriteString(d.versionLine() + "\n!\n")
	body := d.cfg.body()
	for _, l := range body {
		b.WriteString(l)
		b.WriteByte('\n')
	}
	b.WriteString("Cryptochecksum:" + checksum(body) + "\n: end\n")
	return b.String()
}

func (b *box) hardware() string { return b.opt.Model + ", 2048 MB RAM, CPU Xeon E5 series 2600 MHz" }

// checksum changes with every line.
func checksum(lines []string) string {
	h := md5.New()
	for _, l := range lines {
		h.Write([]byte(l))
		h.Write([]byte{'\n'})
	}
	return hex.EncodeToString(h.Sum(nil))
}

// body prints the configuration without header and trailer, section by section.
func (cfg *config) body() []string {
	var out []string
	add := func(lines ...string) { out = append(out, lines...) }
	add("hostname " + cfg.hostname)
	add(cfg.kept(rankHead)...)
	add(cfg.nameLines()...)
	add(cfg.kept(rankNames)...)
	for _, f := range cfg.interfaces {
		add("!")
		add(f.lines(cfg.spelling())...)
	}
	add("!")
	for _, p := range cfg.periodOrder {
		add(p.print()...)
		add("!")
	}
	add(cfg.kept(rankModes)...)
	add(cfg.sameSecurityLines()...)
	if cfg.forwardRef {
		add("forward-reference enable")
	}
	add(cfg.objectLines("network", "")...)
	add(cfg.objectLines("service", "")...)
	add(cfg.groupLines("", "")...)
	add(cfg.kept(rankLists)...)
	add(cfg.aclLines("")...)
	add(cfg.kept(rankLog)...)
	add(cfg.natLines()...)
	add(cfg.accessGroupLines()...)
	add(cfg.kept(rankRoute)...)
	add(cfg.timeoutText()...)
	add(cfg.kept(rankAccess)...)
	add("!")
	add(cfg.classMapLines("")...)
	add("!", "!")
	add(cfg.policyMapLines("")...)
	add("!")
	add(cfg.servicePolicyLines()...)
	add(cfg.kept(rankTail)...)
	return out
}

// kept prints the commands that are kept as they are, of one place. Of the
// place of maps none: they stand among the maps.
func (cfg *config) kept(rank int) []string {
	if rank == rankClass {
		return nil
	}
	return cfg.blockLines(func(b *block) bool { return b.rank == rank })
}

func (cfg *config) blockLines(ok func(*block) bool) []string {
	var out []string
	for _, b := range cfg.blocks {
		if ok(b) {
			out = append(append(out, b.top+b.tail), b.subs...)
		}
	}
	return out
}

func (cfg *config) nameLines() []string {
	out := []string{"names"}
	if cfg.namesOff {
		out[0] = "no names"
	}
	for _, n := range cfg.names {
		out = append(out, n.print())
	}
	return out
}

func (p *period) print() []string {
	out := []string{"time-range " + p.name}
	for _, l := range p.lines {
		out = append(out, " "+l)
	}
	return out
}

func (cfg *config) sameSecurityLines() []string {
	var out []string
	if cfg.interPermit {
		out = append(out, "same-security-traffic permit inter-interface")
	}
	if cfg.intraPermit {
		out = append(out, "same-security-traffic permit intra-interface")
	}
	return out
}

// objectLines prints the objects of a kind, or the one of a name.
func (cfg *config) objectLines(kind, name string) []string {
	var out []string
	sp := cfg.spelling()
	for _, o := range cfg.objectOrder {
		if (kind == "" || o.kind == kind) && (name == "" || o.name == name) {
			out = append(append(out, "object "+o.kind+" "+o.name), o.lines(sp)...)
		}
	}
	return out
}

func (cfg *config) groupLines(kind, name string) []string {
	var out []string
	sp := cfg.spelling()
	for _, g := range cfg.groupOrder {
		if kind != "" && g.kind != kind || name != "" && g.name != name {
			continue
		}
		out = append(out, g.header())
		if g.description != "" {
			out = append(out, " description "+g.description)
		}
		for _, m := range g.members {
			out = append(out, " "+m.print(sp, g))
		}
	}
	return out
}

func (cfg *config) aclLines(name string) []string {
	var out []string
	sp := cfg.spelling()
	for _, a := range cfg.aclOrder {
		if name != "" && a.name != name {
			continue
		}
		for _, e := range a.lines {
			out = append(out, a.line(e, sp))
		}
	}
	return out
}

// natLines prints the rules of address translation; those of objects come in a
// second block that repeats the head of the object.
func (cfg *config) natLines() []string {
	out := append([]string(nil), cfg.nat...)
	var own []string
	for _, o := range cfg.objectOrder {
		if o.nat != "" {
			own = append(own, "object "+o.kind+" "+o.name, " nat "+o.nat)
		}
	}
	if len(own) > 0 {
		out = append(append(out, "!"), own...)
	}
	return out
}

func (cfg *config) accessGroupLines() []string {
	var out []string
	for _, g := range cfg.accessGroups {
		out = append(out, g.print())
	}
	return out
}

func (cfg *config) classMapLines(name string) []string {
	out := cfg.blockLines(func(b *block) bool {
		return name == "" && b.rank == rankClass && strings.HasPrefix(b.top, "class-map")
	})
	for _, m := range cfg.classMaps {
		if name == "" || m.name == name {
			out = append(out, m.lines()...)
		}
	}
	return out
}

func (cfg *config) policyMapLines(name string) []string {
	out := cfg.blockLines(func(b *block) bool {
		return name == "" && b.rank == rankClass && !strings.HasPrefix(b.top, "class-map")
	})
	for _, p := range cfg.policyMaps {
		if name == "" || p.name == name {
			out = append(out, p.lines()...)
		}
	}
	return out
}

func (cfg *config) servicePolicyLines() []string {
	var out []string
	for _, s := range cfg.servicePolicies {
		out = append(out, s.print())
	}
	return out
}

// Startup prints the startup configuration, which a restart loads.
func (d *Device) Startup() string {
	d.lock()
	defer d.mu.Unlock()
	d.unpack()
	defer d.pack()
	return d.startupText()
}
