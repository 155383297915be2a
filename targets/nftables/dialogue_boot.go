package nftables

import (
	"context"
	"errors"
	"fmt"
	"path"
	"regexp"
	"strings"

	"github.com/nbfwc/nbfwc/targets"
)

// persistent is the file that the machine's configuration includes at boot, and
// temporary where it is written; a pattern of include doesn't match its dot.
const (
	persistent = "/etc/nftables.d/nbfwc.nft"
	temporary  = "/etc/nftables.d/.nbfwc.nft"
)

var missing = regexp.MustCompile(`(?m)^cat: .*: No such file or directory\s*$`)

// kept is the file that is loaded at boot, and whether it is there.
func (h *host) kept(ctx context.Context) (text string, there bool, err error) {
	return h.readFile(ctx, persistent)
}

func (h *host) readFile(ctx context.Context, name string) (text string, there bool, err error) {
	line := h.root("cat " + name)
	text, errs, ok, err := h.content(ctx, "read "+name, line)
	switch {
	case err != nil || ok:
		return text, ok, err
	case missing.MatchString(errs):
		return "", false, nil
	}
	return "", false, h.failed("read "+name, &targets.AnswerError{Command: line, Answer: errs, Why: "the command failed"})
}

// include is a line of nft's that reads other files.
var include = regexp.MustCompile(`^\s*include\s+"([^"]+)"`)

// includes says whether a configuration reads our file, and goes on to flush
// everything after that.
func includes(boot string) (reads, flushes bool) {
	for line := range strings.Lines(boot) {
		if m := include.FindStringSubmatch(line); m != nil {
			pattern := m[1]
			if !path.IsAbs(pattern) {
				pattern = "/etc/" + strings.TrimPrefix(pattern, "./") // nft's default directory
			}
			if ok, err := path.Match(pattern, persistent); err == nil && ok {
				reads, flushes = true, false
			}
		}
		if strings.HasPrefix(strings.Join(strings.Fields(line), " "), "flush ruleset") {
			flushes = true
		}
	}
	return reads, reads && flushes
}

// bootable says whether what a push writes would be loaded at boot.
func (h *host) bootable(ctx context.Context, p *targets.Push) error {
	const howto = `make the directory /etc/nftables.d, and let the configuration end with the line: include "/etc/nftables.d/*.nft"`
	if h.boot == "" {
		return errors.New("nftables: the machine has neither /etc/nftables.conf nor /etc/sysconfig/nftables.conf, so nothing would be loaded at boot; make the first one; " + howto)
	}
	text, _, err := h.readFile(ctx, h.boot)
	if err != nil {
		return err
	}
	reads, flushes := includes(text)
	switch {
	case !reads:
		return fmt.Errorf("nftables: %s, which is loaded at boot, doesn't include %s: nothing would last; %s", h.boot, persistent, howto)
	case flushes:
		return fmt.Errorf("nftables: %s, which is loaded at boot, flushes the rule set after it has included %s; put the include behind that", h.boot, persistent)
	}
	if err := h.writable(ctx); err != nil {
		return err
	}
	if err := h.checkBoot(ctx); err != nil {
		return fmt.Errorf("%w\nwhat the machine loads at boot was wrong before the push; correct it", err)
	}
	if h.systemd {
		answer, err := h.read(ctx, "ask whether rules are loaded at boot", "systemctl is-enabled nftables.service 2>/dev/null; true", `[a-z-]+`)
		if err != nil {
			return err
		}
		if state := strings.TrimSpace(answer); state != "enabled" {
			note(p, "nftables.service is %s on the machine: if nothing else loads %s at boot, run \"systemctl enable nftables\"", orAbsent(state), h.boot)
		}
	}
	return nil
}

func orAbsent(s string) string {
	if s == "" {
		return "absent"
	}
	return s
}

// writable says whether the file may be written.
func (h *host) writable(ctx context.Context) error {
	dir := path.Dir(persistent)
	if h.uid == "0" {
		_, err := h.read(ctx, "look whether "+dir+" can be written", "[ -d "+dir+" ] && [ -w "+dir+" ]")
		return err
	}
	for _, c := range []string{"tee " + temporary, "mv -f " + temporary + " " + persistent, "rm -f " + persistent} {
		if _, err := h.read(ctx, "ask sudo", "sudo -n -l "+c+" >/dev/null"); err != nil {
			return withHint(err, h)
		}
	}
	return nil
}

// checkBoot has nft check what is loaded at boot.
func (h *host) checkBoot(ctx context.Context) error {
	_, err := h.read(ctx, "check what is loaded at boot", h.root(h.nft+" -c -f "+h.boot)+"")
	return err
}

// keep writes the file that is loaded at boot, and puts the one before back if
// nft doesn't take the configuration with it.
func (h *host) keep(ctx context.Context, p *targets.Push, text, before string, there bool) error {
	if h.boot == "" {
		return errors.New("nftables: the machine has no configuration that is loaded at boot: what runs doesn't last")
	}
	if err := h.put(ctx, p, text); err != nil {
		return err
	}
	err := h.checkBoot(ctx)
	if err == nil {
		return nil
	}
	err = fmt.Errorf("%w\nwhat runs doesn't last: %s is what it was", err, persistent)
	if there {
		return errors.Join(err, h.put(ctx, p, before))
	}
	return errors.Join(err, h.forget(ctx))
}

// put replaces the file at once.
func (h *host) put(ctx context.Context, p *targets.Push, text string) error {
	files, ok := h.s.(targets.Uploader)
	if !ok {
		return errors.New("nftables: this session takes no files, and what is to last needs one")
	}
	dir := h.dir(p)
	if _, err := h.do(ctx, "make the directory of the push", "[ -d "+dir+" ] || { "+h.root("install -d -m 0755 "+runDir)+" && "+h.root("install -d -m 0755 -o "+h.uid+" "+runDir+"/"+h.uid)+" && mkdir -m 0700 "+dir+"; }"); err != nil {
		return err
	}
	if err := h.upload(ctx, files, dir+"/boot.nft", text); err != nil {
		return err
	}
	_, err := h.do(ctx, "write "+persistent, h.root("tee "+temporary)+" <"+dir+"/boot.nft >/dev/null && sync && "+
		h.root("mv -f "+temporary+" "+persistent)+" && sync")
	return err
}

// forget removes the file: nothing of ours is loaded at boot.
func (h *host) forget(ctx context.Context) error {
	_, err := h.do(ctx, "remove "+persistent, h.root("rm -f "+persistent)+" && sync")
	return err
}
