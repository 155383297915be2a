package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"strings"
	"sync"

	"github.com/spf13/cobra"

	"github.com/nbfwc/nbfwc/compile"
	"github.com/nbfwc/nbfwc/push"
	"github.com/nbfwc/nbfwc/targets/console"
	"github.com/nbfwc/nbfwc/view"
)

// fleet works on firewalls, several at once.
type fleet struct {
	*connector
	selection
	policy, digest string
	progress       *progress
	engine         *push.Engine
}

// fleetFlags are the flags of the verbs that read devices of a policy.
type fleetFlags struct {
	*policyFlags
	session   *sessionFlags
	firewalls []string
}

func fleetArgs(cmd *cobra.Command) *fleetFlags {
	f := &fleetFlags{policyFlags: policyArgs(cmd), session: sessionArgs(cmd)}
	cmd.Flags().StringArrayVar(&f.firewalls, "firewall", nil, "only this firewall of the policy, `name`; can be given several times")
	return f
}

// newFleet loads a policy and prepares to work on its devices.
func newFleet(e *env, arg string, flags *fleetFlags) (*fleet, error) {
	l, err := loadGraph(e, arg, flags.policyFlags)
	if err != nil {
		return nil, err
	}
	s, err := chooseFirewalls(l, flags.firewalls)
	if err != nil {
		return nil, err
	}
	c, err := newConnector(e, flags.session)
	if err != nil {
		return nil, err
	}
	opt, err := loadOptions(e, flags.policyFlags)
	if err != nil {
		return nil, err
	}
	where, err := filepath.Abs(arg)
	if err != nil {
		return nil, err
	}
	f := &fleet{connector: c, selection: s, policy: where, progress: newProgress(e)}
	f.digest = sourceDigest(withoutVarFiles(l.policy.Inputs, opt.VarFiles), flagWords(e, flags.policyFlags, opt.VarFiles))
	f.engine = c.engine(func(d *push.Device, doing string) { f.progress.doing(d.Firewall, doing) })
	return f, nil
}

// each calls work for each firewall, as many at once as the flags say, and
// firewalls of one device one after the other. Once the context is cancelled,
// those that have not begun get its error.
func (f *fleet) each(ctx context.Context, jobs int, work func(ctx context.Context, i int, d *push.Device) error) []error {
	errs := make([]error, len(f.firewalls))
	var byDevice [][]int
	at := map[string]int{}
	for i, fw := range f.firewalls {
		k, ok := at[fw.Device.Name]
		if !ok {
			k = len(byDevice)
			at[fw.Device.Name] = k
			byDevice = append(byDevice, nil)
		}
		byDevice[k] = append(byDevice[k], i)
	}
	f.progress.begin(len(f.firewalls))
	queue := make(chan []int)
	var wg sync.WaitGroup
	for range min(jobs, len(byDevice)) {
		wg.Go(func() {
			for list := range queue {
				for _, i := range list {
					errs[i] = f.one(ctx, i, work)
				}
			}
		})
	}
	for _, list := range byDevice {
		queue <- list
	}
	close(queue)
	wg.Wait()
	f.progress.finish()
	return errs
}

func (f *fleet) one(ctx context.Context, i int, work func(ctx context.Context, i int, d *push.Device) error) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	fw := f.firewalls[i]
	f.progress.doing(fw.Name, "connecting")
	d, err := f.device(f.l, fw, f.policy, f.digest)
	if err == nil {
		err = work(ctx, i, d)
	}
	if errors.Is(err, console.ErrNoSecret) {
		err = fmt.Errorf("%w; say it in the environment (NBFWC_PASSWORD, NBFWC_ENABLE, NBFWC_JUMP), with -credentials or with -credentials-command", err)
	}
	f.progress.end(fw.Name, err)
	return err
}

// printFailures prints why firewalls could not be worked on, and says whether
// there were any.
func (f *fleet) printFailures(errs []error) bool {
	failed := false
	for i, err := range errs {
		if err != nil {
			failed = true
			fmt.Fprintf(f.e.stderr, "nbfwc: %s: %s\n", f.firewalls[i].Name, printableLines(err.Error()))
		}
	}
	f.printLeftOut(f.e)
	return failed
}

// unit says which device was read.
func unitOf(fw *compile.Firewall, p *push.Fetched) view.Unit {
	return view.Unit{
		Firewall: fw.Name, Target: fw.Target, Device: fw.Device.Name, Address: withPort(fw.Device.Addresses[p.Unit]).String(),
		Hostname: p.Identity.Hostname, Model: p.Identity.Model, Version: p.Identity.Version, Serial: p.Identity.Serial,
	}
}

// progress says on stderr what is being done: on a terminal one line for each
// firewall that is worked on.
type progress struct {
	mu      sync.Mutex
	w       io.Writer
	width   int // of the terminal, 0 if it is none
	verbose bool
	total   int
	done    int
	failed  int
	rows    []progressRow
	drawn   int // lines on the screen
}

type progressRow struct{ name, doing string }

func newProgress(e *env) *progress { return &progress{w: e.stderr, width: e.errWidth} }

func (p *progress) begin(total int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.total, p.done, p.failed, p.rows = total, 0, 0, nil
}

func (p *progress) doing(name, doing string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	i := slices.IndexFunc(p.rows, func(r progressRow) bool { return r.name == name })
	if i < 0 {
		i = len(p.rows)
		p.rows = append(p.rows, progressRow{name: name})
	}
	if p.rows[i].doing == doing {
		return
	}
	p.rows[i].doing = doing
	if p.width == 0 {
		if p.verbose {
			fmt.Fprintf(p.w, "%s: %s\n", view.Printable(name), view.Printable(doing))
		}
		return
	}
	p.draw()
}

func (p *progress) end(name string, err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.rows = slices.DeleteFunc(p.rows, func(r progressRow) bool { return r.name == name })
	p.done++
	if err != nil {
		p.failed++
	}
	if p.width > 0 {
		p.draw()
	}
}

// draw writes the lines anew over those of before.
func (p *progress) draw() {
	var b strings.Builder
	p.wipe(&b)
	for _, r := range p.rows {
		b.WriteString(cut(fmt.Sprintf("%s: %s", view.Printable(r.name), view.Printable(r.doing)), p.width-1) + "\n")
	}
	text := fmt.Sprintf("%d of %d", p.done, p.total)
	if p.failed > 0 {
		text += fmt.Sprintf(", %d failed", p.failed)
	}
	b.WriteString(text + "\n")
	p.drawn = len(p.rows) + 1
	io.WriteString(p.w, b.String()) //nolint:errcheck // nobody to tell
}

func (p *progress) wipe(b *strings.Builder) {
	for range p.drawn {
		b.WriteString("\x1b[1A\x1b[2K")
	}
	p.drawn = 0
}

// finish leaves the screen as it was.
func (p *progress) finish() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.width > 0 {
		var b strings.Builder
		p.wipe(&b)
		io.WriteString(p.w, b.String()) //nolint:errcheck // nobody to tell
	}
}

func cut(s string, most int) string {
	if r := []rune(s); len(r) > most && most > 1 {
		return string(r[:most-1]) + "…"
	}
	return s
}
