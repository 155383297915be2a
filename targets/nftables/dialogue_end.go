package nftables

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"strings"

	"github.com/nbfwc/nbfwc/targets"
)

// stands is where a push stands on the machine.
type stands struct {
	dir   bool
	token string // the file that is renamed
	// loaded and back are the statuses of nft, "" as long as there is none.
	loaded, back string
	alive        bool // the agent runs
}

var standLine = regexp.MustCompile(`(?m)^(dir|token|loaded|back|alive)(?: (\w+))?$`)

func (h *host) stand(ctx context.Context, p *targets.Push) (stands, error) {
	d := h.dir(p)
	answer, err := h.read(ctx, "ask where the push stands", `d=`+d+`; [ -d $d ] && echo dir; [ -s $d/pid ] && kill -0 $(cat $d/pid) 2>/dev/null && echo alive; `+
		`for f in ready armed confirmed fired settled failed; do [ -e $d/$f ] && echo "token $f"; done; `+
		`for f in loaded back; do [ -e $d/$f ] && echo "$f $(cat $d/$f)"; done; true`, standLine.String()[4:])
	var st stands
	for _, m := range standLine.FindAllStringSubmatch(answer, -1) {
		switch m[1] {
		case "dir":
			st.dir = true
		case "token":
			st.token = m[2] // the last one: renaming goes in this order
		case "loaded":
			st.loaded = m[2]
		case "back":
			st.back = m[2]
		case "alive":
			st.alive = true
		}
	}
	return st, err
}

// Confirm stops the rollback, unless it was faster, and writes the file that is
// loaded at boot.
func (Dialogue) Confirm(ctx context.Context, s targets.Session, p *targets.Push) error {
	h, err := begin(ctx, s, p)
	if err != nil {
		return err
	}
	if p.Change == nil || len(p.Change.Steps) == 0 {
		return h.lasting(ctx, p, nil)
	}
	load, err := fileOf(p.Change)
	if err != nil {
		return err
	}
	st, err := h.stand(ctx, p)
	if err != nil {
		return err
	}
	switch st.token {
	case "armed":
		if err := h.runs(ctx, load); err != nil {
			return err // the rollback comes
		}
		if _, err := h.do(ctx, "stop the rollback", fmt.Sprintf("mv %[1]s/armed %[1]s/confirmed", h.dir(p))); err != nil {
			return fmt.Errorf("%w\nthe machine may have gone back already", err)
		}
	case "fired", "failed", "settled":
		return fmt.Errorf("nftables: the machine has gone back already, or the new rules were never loaded (%s)", st.token)
	}
	// Nothing goes back by itself any more: this listing is what lasts.
	return h.lasting(ctx, p, load)
}

// runs says by an error that what runs is not what the file says.
func (h *host) runs(ctx context.Context, f *loadFile) error {
	listing, err := h.list(ctx)
	if err != nil {
		return err
	}
	return f.mustRun(listing)
}

func (f *loadFile) mustRun(listing string) error {
	same, err := f.loadedIn(listing)
	if err != nil {
		return err
	}
	if !same {
		return errors.New("nftables: what runs on the machine is not what was loaded; somebody else has changed it, or it went back")
	}
	return nil
}

// lasting writes what runs of ours to the file that is loaded at boot: the file
// of the change, if it can be, for its remarks.
func (h *host) lasting(ctx context.Context, p *targets.Push, f *loadFile) error {
	listing, err := h.list(ctx)
	if err != nil {
		return err
	}
	if f != nil {
		if err := f.mustRun(listing); err != nil {
			return err
		}
	}
	body, err := bootOf(listing)
	if err != nil {
		return err
	}
	before, there, err := h.kept(ctx)
	if err != nil {
		return err
	}
	if f != nil && f.lasts() {
		body = f.text
	} else if there && stampOf(before) != "" {
		if same, err := fileRuns(before, listing); err == nil && same && body != "" {
			return h.checkBoot(ctx)
		}
	}
	if body == "" {
		if there {
			return h.forget(ctx)
		}
		return nil
	}
	return h.keep(ctx, p, stamped(p.ID, body), before, there)
}

// goBack loads the old rules from this login; the agent is dead.
func (h *host) goBack(ctx context.Context, p *targets.Push) error {
	d := h.dir(p)
	_, err := h.do(ctx, "load the old rules", "{ "+h.root(h.nft+" -f -")+" <"+d+"/old.nft 2>&1; echo $? >"+d+"/back.tmp; mv "+d+"/back.tmp "+d+"/back; [ $(cat "+d+"/back) = 0 ]; }")
	return err
}

// Settle ends a push: what is loaded and not confirmed goes back now.
func (Dialogue) Settle(ctx context.Context, s targets.Session, p *targets.Push) ([]string, error) {
	h, err := begin(ctx, s, p)
	if err != nil {
		return nil, err
	}
	var found []string
	say := func(text string) {
		if len(found) == 0 || found[len(found)-1] != text {
			found = append(found, text)
		}
	}
	for range 20 {
		st, err := h.stand(ctx, p)
		if err != nil {
			return found, err
		}
		done, err := h.settle(ctx, p, st, say)
		if err != nil {
			return found, err
		}
		if done {
			if st.dir {
				err = h.remove(ctx, p)
			}
			return found, errors.Join(err, h.sweep(ctx))
		}
	}
	return found, fmt.Errorf("nftables: %s doesn't come to an end on the machine", h.dir(p))
}

// settle does one step towards the end of a push.
func (h *host) settle(ctx context.Context, p *targets.Push, st stands, say func(string)) (done bool, err error) {
	d := h.dir(p)
	rename := func(from, to string) error {
		// If another one was faster, the next look sees it.
		_, err := h.do(ctx, "end the push", fmt.Sprintf("mv %[1]s/%[2]s %[1]s/%[3]s 2>/dev/null; true", d, from, to))
		return err
	}
	switch st.token {
	case "":
		if st.dir {
			say("the push was not yet ready to load anything")
		}
		return true, nil
	case "ready":
		say("the push was ready, and nothing was loaded")
		return false, rename("ready", "settled")
	case "settled":
		return true, nil
	case "failed":
		say("nft refused to load the new rules")
		return true, nil
	case "confirmed":
		say("the new rules were loaded and confirmed")
		return true, nil
	case "armed":
		if !st.alive {
			say("the new rules may be loaded, and the program that would go back has ended")
			return false, rename("armed", "fired")
		}
		say("the new rules were loaded and not confirmed; the machine goes back now")
		_, err := h.do(ctx, "have the machine go back", ": >"+d+"/now; "+h.await(d, "[ -e armed ]"), "waiting")
		return false, err
	}
	switch { // fired
	case st.back == "0":
		say("the machine has gone back to the old rules")
		return true, nil
	case st.back == "" && st.alive:
		_, err := h.do(ctx, "wait until the machine has gone back", h.await(d, "[ ! -e back ]"), "waiting")
		return false, err
	}
	say("the machine had begun to go back, and didn't end it; the old rules are loaded now")
	return false, h.goBack(ctx, p)
}

// await waits as long as something holds in the directory of the push and the
// agent lives, four minutes at most.
func (h *host) await(d, while string) string {
	return "( cd " + d + " && n=0; while " + while + " && kill -0 $(cat pid) 2>/dev/null && [ $n -lt 2400 ]; do sleep 0.1 2>/dev/null || sleep 1; n=$((n + 1)); [ $((n % 100)) = 0 ] && echo waiting; done; true )"
}

// sweep removes a file that was not yet put in its place.
func (h *host) sweep(ctx context.Context) error {
	answer, err := h.read(ctx, "look for a file that was being written", "[ -e "+temporary+" ] && echo yes; true", "yes")
	if err != nil || !strings.Contains(answer, "yes") {
		return err
	}
	_, err = h.do(ctx, "remove a file that was being written", h.root("rm -f "+temporary)+"")
	return err
}
