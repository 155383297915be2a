package nftables

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"strings"

	"github.com/nbfwc/nbfwc/targets"
)

// runDir holds a directory for each account, and that one for each push.
const runDir = "/run/nbfwc"

func (h *host) dir(p *targets.Push) string { return runDir + "/" + h.uid + "/" + p.ID }

var goodID = regexp.MustCompile(`^[A-Za-z0-9-]{1,32}$`)

// begin is how each method of a push begins.
func begin(ctx context.Context, s targets.Session, p *targets.Push) (*host, error) {
	if !goodID.MatchString(p.ID) {
		return nil, fmt.Errorf("nftables: a push is called by letters, digits and -, at most 32: %q", p.ID)
	}
	return look(ctx, s)
}

func note(p *targets.Push, format string, args ...any) {
	if p.Note != nil {
		p.Note(fmt.Sprintf(format, args...))
	}
}

// Pending are other pushes on the machine, and edits of the file of ours that
// are not loaded.
func (Dialogue) Pending(ctx context.Context, s targets.Session, p *targets.Push) ([]string, error) {
	h, err := look(ctx, s)
	if err != nil {
		return nil, err
	}
	pending, err := h.others(ctx, p)
	if err != nil {
		return nil, err
	}
	text, there, err := h.kept(ctx)
	if err != nil || !there || stampOf(text) != "" {
		return pending, err
	}
	same, err := fileRuns(text, string(p.Before))
	switch {
	case err != nil:
		pending = append(pending, fmt.Sprintf("%s, which is loaded at boot, isn't understood (%v); correct it or move it away", persistent, err))
	case !same:
		pending = append(pending, persistent+", which is loaded at boot, was edited by hand and isn't what runs; load it, or move it away")
	}
	return pending, nil
}

// fileRuns says whether a file loaded over a listing would change nothing.
func fileRuns(text, listing string) (bool, error) {
	f, err := fileOf(&targets.Change{Steps: []targets.Step{{Commands: strings.Split(text, "\n")}}})
	if err != nil {
		return false, err
	}
	return f.loadedIn(listing)
}

var otherPush = regexp.MustCompile(`(?m)^push ` + runDir + `/([0-9]+)/(\S+) (\w+)$`)

// others are the pushes that the machine holds besides this one.
func (h *host) others(ctx context.Context, p *targets.Push) ([]string, error) {
	answer, err := h.read(ctx, "look for other pushes", `for d in `+runDir+`/*/*; do [ -d "$d" ] || continue; t=unknown; [ -x "$d" ] && t=prepared; `+
		`for f in ready armed confirmed fired settled failed back; do [ -e "$d/$f" ] && t=$f; done; echo "push $d $t"; done; true`, `push \S+ \w+`)
	if err != nil {
		return nil, err
	}
	var out []string
	for _, m := range otherPush.FindAllStringSubmatch(answer, -1) {
		what := "is being made"
		switch {
		case m[1] == h.uid && m[2] == p.ID, m[3] == "back", m[3] == "settled", m[3] == "failed":
			continue
		case m[3] == "armed", m[3] == "fired":
			what = "is loaded and goes back by itself unless it is confirmed"
		}
		out = append(out, fmt.Sprintf("push %s of the account with number %s %s; if nobody works on it any more, resume or abandon it where it began, or remove %s/%s/%s", m[2], m[1], what, runDir, m[1], m[2]))
	}
	return out, nil
}

// Prepare puts the new and the old rules on the machine and has nft check both.
func (Dialogue) Prepare(ctx context.Context, s targets.Session, p *targets.Push) error {
	h, err := begin(ctx, s, p)
	if err != nil {
		return err
	}
	seconds := int(p.Timeout.Seconds())
	if seconds < 1 || seconds > 24*3600 {
		return fmt.Errorf("nftables: the machine can wait for a confirmation between a second and a day, not %s", p.Timeout)
	}
	files, ok := s.(targets.Uploader)
	if !ok {
		return errors.New("nftables: this session takes no files, and a push needs to put some on the machine")
	}
	load, err := fileOf(p.Change)
	if err != nil {
		return err
	}
	old, err := load.back(string(p.Before))
	if err != nil {
		return err
	}
	if err := h.survives(ctx); err != nil {
		return err
	}
	if err := h.bootable(ctx, p); err != nil {
		return err
	}
	dir := h.dir(p)
	if err := h.makeDir(ctx, p); err != nil {
		return err
	}
	for _, f := range []struct{ name, text string }{{"new.nft", load.text}, {"old.nft", old}, {"agent.sh", agent(h, dir, seconds)}, {"check.sh", h.checkOld(dir)}} {
		if err := h.upload(ctx, files, dir+"/"+f.name, f.text); err != nil {
			return err
		}
	}
	if _, err := h.do(ctx, "check the new rules", h.root(h.nft+" -c -f -")+" <"+dir+"/new.nft"); err != nil {
		return err
	}
	// As the agent will do it, without a terminal: sudo can be told to want one.
	if _, err := h.do(ctx, "check the rules to go back to, as the rollback will load them", h.detached("sh "+dir+"/check.sh")+"; cat "+dir+"/check.log; [ \"$(cat "+dir+"/checked)\" = 0 ]"); err != nil {
		return err
	}
	_, err = h.do(ctx, "make the push ready", ": >"+dir+"/ready")
	return err
}

// detached is a command without a terminal.
func (h *host) detached(command string) string {
	run := "nohup"
	if h.bg != "" {
		run = "setsid"
	}
	return run + " " + command + " </dev/null >/dev/null 2>&1"
}

func (h *host) checkOld(dir string) string {
	return "cd " + dir + " || exit 1\n" + h.root(h.nft+" -c -f -") + " <old.nft >check.log 2>&1\necho $? >checked\n"
}

// survives says whether what a login leaves running goes on after it.
func (h *host) survives(ctx context.Context) error {
	if h.uid == "0" || !h.systemd {
		return nil // logind leaves root's alone (KillExcludeUsers)
	}
	get := "busctl get-property org.freedesktop.login1 /org/freedesktop/login1 org.freedesktop.login1.Manager "
	answer, err := h.read(ctx, "ask logind what becomes of programs after a logout", get+"KillUserProcesses 2>/dev/null; "+get+"KillExcludeUsers 2>/dev/null; true", `b (true|false)`, `as .*`)
	if err != nil {
		return err
	}
	if strings.Contains(answer, "b true") && !strings.Contains(answer, `"`+h.user+`"`) {
		return fmt.Errorf("nftables: logind ends the programs of %s when it logs out (KillUserProcesses), so the machine couldn't go back by itself; name the account in KillExcludeUsers of /etc/systemd/logind.conf", h.user)
	}
	return nil
}

// makeDir makes the directory of a push, alone on the machine.
func (h *host) makeDir(ctx context.Context, p *targets.Push) error {
	account, dir := runDir+"/"+h.uid, h.dir(p)
	if _, err := h.do(ctx, "make the directory of pushes", h.root("install -d -m 0755 "+runDir)+" && "+h.root("install -d -m 0755 -o "+h.uid+" "+account)+""); err != nil {
		return err
	}
	if _, err := h.do(ctx, "make the directory of the push", "[ -O "+account+" ] && [ ! -L "+account+" ] && mkdir -m 0700 "+dir+""); err != nil {
		return err
	}
	others, err := h.others(ctx, p)
	if err != nil {
		return err
	}
	if len(others) > 0 {
		return fmt.Errorf("nftables: the machine is being changed by others: %s", strings.Join(others, "; "))
	}
	return nil
}

// upload writes a file and has the machine count its bytes.
func (h *host) upload(ctx context.Context, files targets.Uploader, path, text string) error {
	if err := files.Upload(ctx, path, []byte(text)); err != nil {
		return fmt.Errorf("nftables: write %s on the machine: %w", path, err)
	}
	_, err := h.do(ctx, "look at what was written", fmt.Sprintf(`echo "bytes" $(wc -c <%s)`, path), fmt.Sprintf("bytes %d", len(text)))
	return err
}

// Apply starts the program that loads the new rules and goes back by itself,
// and waits until they are loaded.
func (Dialogue) Apply(ctx context.Context, s targets.Session, p *targets.Push) error {
	h, err := begin(ctx, s, p)
	if err != nil {
		return err
	}
	dir := h.dir(p)
	if _, err := h.do(ctx, "start the rollback", "( "+h.detached("sh "+dir+"/agent.sh")+" & )"); err != nil {
		return err
	}
	if _, err := h.do(ctx, "load the new rules", "n=0; while [ ! -e "+dir+"/loaded ]; do sleep 0.1 2>/dev/null || sleep 1; n=$((n + 1)); "+
		"[ $n -gt 100 ] && [ -e "+dir+"/ready ] && break; [ $n -gt 3000 ] && break; [ $((n % 100)) = 0 ] && echo waiting; done; "+
		"cat "+dir+"/load.log 2>/dev/null; [ \"$(cat "+dir+"/loaded 2>/dev/null)\" = 0 ]", "waiting"); err != nil {
		return err
	}
	note(p, "loaded; the machine goes back in %s unless it is confirmed", p.Timeout)
	return nil
}

// Finish removes the directory of a push.
func (Dialogue) Finish(ctx context.Context, s targets.Session, p *targets.Push) error {
	h, err := begin(ctx, s, p)
	if err != nil {
		return err
	}
	return h.remove(ctx, p)
}

func (h *host) remove(ctx context.Context, p *targets.Push) error {
	dir := h.dir(p)
	_, err := h.do(ctx, "remove what the push left on the machine", "[ ! -e "+dir+"/armed ] && rm -rf "+dir+"")
	return err
}
