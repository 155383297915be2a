package asa

import (
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/nbfwc/nbfwc/lab"
)

type modeKind uint8

const (
	modeExec modeKind = iota
	modePassword
	modeEnable
	modeConfig
	// From here on: inside something.
	modeObject
	modeGroup
	modeInterface
	modePeriod
	modeClassMap
	modePolicyMap
	modePolicyClass
	modeDraft
)

// mode is where a session is: inside which object, group or class.
type mode struct {
	kind        modeKind
	name, class string
}

// Session is one login on the device.
type Session struct {
	d       *Device
	home    *Device // the context that was logged in to
	login   string  // the user's name
	who     string  // who is said to change the configuration
	mode    mode
	replica bool   // types on a standby unit what the active one was told
	loading bool   // reads a printed configuration
	block   *block // the kept command that indented lines belong to
	typed   string // the beginning of a line that "?" left behind
	tries   int
	number  int // lines typed
	closed  bool
	down    int
	pager   int // lines of a page, 0: no pages
	width   int
	more    []string // the pages that haven't been printed
	draft   *draft   // the configuration session that is open
	asked   *question
	onEnd   func()
	last    time.Time // when something was typed
}

// question is what the device asks in place of a prompt.
type question struct {
	text string
	then func(c *call, answer string) error
}

var (
	_ lab.Session = (*Session)(nil)
	_ lab.Ender   = (*Session)(nil)
	_ lab.Idler   = (*Session)(nil)
	_ lab.Columns = (*Session)(nil)
)

// Login begins a session on the device, of nobody in particular and without
// pages of output.
func (d *Device) Login() lab.Session { return d.login() }

// LoginAs begins a session of a user at a terminal, which shows output page by
// page.
func (d *Device) LoginAs(user string) lab.Session {
	s := d.login()
	d.lock()
	defer d.mu.Unlock()
	s.login = user
	s.pager = d.cfg.pagerLines()
	if d.opt.Enabled {
		s.who = user
	}
	return s
}

func (d *Device) login() *Session {
	d.lock()
	defer d.mu.Unlock()
	d.unpack()
	s := &Session{d: d, home: d, down: d.down, width: 80, last: d.clock()}
	d.sessions[s] = true
	if d.opt.Enabled {
		s.mode.kind = modeEnable
	}
	if d.opt.Faults.Pager {
		s.pager = 24
	}
	for _, b := range d.cfg.blocks {
		if w, ok := strings.CutPrefix(b.top, "terminal width "); ok {
			s.width, _ = decimal(w)
		}
	}
	return s
}

// Close ends the session. What was typed before stays done.
func (s *Session) Close() {
	s.d.lock()
	defer s.d.mu.Unlock()
	s.closed = true
	delete(s.d.sessions, s)
	s.home.pack()
}

// Closed says that the device or the user has ended the session.
func (s *Session) Closed() bool {
	s.d.lock()
	defer s.d.mu.Unlock()
	return s.gone()
}

func (s *Session) gone() bool { return s.closed || s.down != s.d.down }

func (s *Session) enter(k modeKind, name string) {
	s.mode = mode{kind: k, name: name}
}

const morePrompt = "<--- More --->"

// Prompt is what the device prints before it waits for a line; "" if the
// session has ended.
func (s *Session) Prompt() string {
	s.d.lock()
	defer s.d.mu.Unlock()
	switch {
	case s.gone():
		return ""
	case s.asked != nil:
		return s.asked.text
	case len(s.more) > 0:
		return morePrompt
	}
	return s.prompt() + s.typed
}

func (s *Session) prompt() string {
	h := s.promptHost()
	switch s.mode.kind {
	case modeExec:
		return h + "> "
	case modePassword:
		return "Password: "
	case modeEnable:
		return h + "# "
	}
	return h + "(config" + s.suffix() + ")# "
}

// promptHost is the beginning of every prompt.
func (s *Session) promptHost() string {
	d := s.d
	if d.multiple() {
		d = d.system
	}
	out := ""
	for _, b := range d.cfg.blocks {
		f := strings.Fields(b.top)
		if f[0] != "prompt" {
			continue
		}
		for _, w := range f[1:] {
			switch w {
			case "hostname":
				w = d.cfg.hostname
			case "priority":
				if w = "pri"; d.secondary {
					w = "sec"
				}
			case "state":
				if w = "act"; d.standby() {
					w = "stby"
				}
			case "context":
				if w = s.d.name; s.d == d || w == "" {
					continue
				}
			default:
				continue
			}
			if out != "" {
				out += "/"
			}
			out += w
		}
	}
	if out == "" {
		return d.cfg.hostname
	}
	return out
}

func (s *Session) suffix() string {
	cfg := s.current()
	switch s.mode.kind {
	case modeObject:
		if o := cfg.objects[s.mode.name]; o != nil && o.kind == "service" {
			return "-service-object"
		}
		return "-network-object"
	case modeGroup:
		kind := "network"
		if g := cfg.groups[s.mode.name]; g != nil {
			kind = strings.TrimSuffix(g.kind, "-type")
		}
		return "-" + kind + "-object-group"
	case modeInterface:
		if strings.Contains(s.mode.name, ".") {
			return "-subif"
		}
		return "-if"
	case modePeriod:
		return "-time-range"
	case modeClassMap:
		return "-cmap"
	case modePolicyMap:
		return "-pmap"
	case modePolicyClass:
		return "-pmap-c"
	case modeDraft:
		return "-s"
	}
	return ""
}

// Send types a line, or several, and returns the answers.
func (s *Session) Send(line string) string {
	s.d.lock()
	defer s.d.mu.Unlock()
	var out strings.Builder
	line = strings.ReplaceAll(strings.ReplaceAll(line, "\r\n", "\n"), "\r", "\n")
	for l := range strings.SplitSeq(strings.TrimSuffix(line, "\n"), "\n") {
		if s.gone() {
			break
		}
		out.WriteString(s.send(l))
	}
	return out.String()
}

func (s *Session) send(typed string) string {
	if s.expired() {
		return ""
	}
	if q := s.asked; q != nil {
		s.asked = nil
		return s.answer(q, typed)
	}
	if len(s.more) > 0 {
		return s.nextPage(typed)
	}
	text, help := s.edit(typed)
	if help {
		s.typed = text
		return s.d.help(text)
	}
	s.typed = ""
	before, answer, dropped := s.d.faulty(s, text)
	if dropped {
		return ""
	}
	if before != "" {
		return s.echo(text) + before
	}
	if s.mode.kind != modePassword {
		before = s.echo(text)
	}
	out := s.run(text)
	return s.page(before + s.broken(out, answer))
}

// edit does what the line editor does with control characters: it is "?" that
// asks for help and leaves the line as it is.
func (s *Session) edit(typed string) (text string, help bool) {
	line := []byte(s.typed)
	for i := 0; i < len(typed); i++ {
		switch b := typed[i]; b {
		case 0x16: // Ctrl-V
			if i++; i < len(typed) && typed[i] >= 0x20 && typed[i] != 0x7f {
				line = append(line, typed[i])
			}
		case '?':
			if s.mode.kind != modePassword {
				return string(line), true
			}
			line = append(line, b)
		case 0x03, 0x15: // Ctrl-C, Ctrl-U
			line = line[:0]
		case 0x08, 0x7f:
			if len(line) > 0 {
				line = line[:len(line)-1]
			}
		default:
			if b >= 0x20 {
				line = append(line, b)
			}
		}
	}
	return string(line), false
}

const lineLimit = 510

// run does a line and returns the answer.
func (s *Session) run(text string) string {
	if s.mode.kind == modePassword {
		return s.password(text)
	}
	in := s.mode
	if in.kind >= modeConfig && !s.replica { // the unit may have become the standby one
		if err := s.d.part(); err != nil {
			return err.Error() + "\n"
		}
	}
	c := call{d: s.d, s: s, cfg: s.current()}
	c.in.text = strings.TrimRight(text, " \t")
	t := strings.TrimLeft(c.in.text, " \t")
	if t == "" || t[0] == '!' || t[0] == ':' {
		return ""
	}
	var err error
	if len(c.in.text) > lineLimit {
		err = invalid(lineLimit)
	} else {
		err = c.do()
	}
	out := c.out.String()
	if err == nil {
		if in.kind >= modeConfig && s.draft == nil && !s.replica && in.kind != modeDraft {
			s.d.mirror(in, text)
		}
		return out
	}
	var at invalid
	if errors.As(err, &at) {
		out += strings.Repeat(" ", len(s.prompt())+int(at)) + "^\n"
	}
	return out + err.Error() + "\n"
}

func (s *Session) password(text string) string {
	if text == s.d.opt.Password {
		s.mode.kind, s.tries = modeEnable, 0
		s.who = "enable_15"
		return ""
	}
	if s.tries++; s.tries < 3 {
		return "Invalid password\n"
	}
	s.mode.kind, s.tries = modeExec, 0
	return "Invalid password\nAccess denied.\n"
}

// do runs a line in the mode of the session.
func (c *call) do() error {
	if c.s.mode.kind < modeConfig {
		return c.exec(execWords[c.s.mode.kind])
	}
	if taken, err := c.sub(); taken || err != nil {
		return err
	}
	if c.s.draft != nil {
		if taken, err := c.draftCommand(); taken || err != nil {
			return err
		}
	}
	return c.config()
}

// subWords are the commands inside something.
func (c *call) subWords() []string {
	switch c.s.mode.kind {
	case modeObject:
		if o := c.cfg.objects[c.s.mode.name]; o != nil && o.kind == "service" {
			return []string{"service", "description"}
		}
		return []string{"host", "subnet", "range", "fqdn", "nat", "description"}
	case modeGroup:
		if g := c.cfg.groups[c.s.mode.name]; g != nil {
			return g.memberWords()
		}
		return []string{"description", "network-object", "service-object", "port-object", "group-object"}
	case modeInterface:
		return ifaceWords
	case modePeriod:
		return []string{"absolute", "periodic"}
	case modeClassMap:
		return []string{"match", "description"}
	case modePolicyMap:
		return []string{"class", "description"}
	case modePolicyClass:
		return []string{"set", "inspect", "police", "priority", "flow-export", "user-statistics", "ips", "csc", "cxsc", "sfr", "shape", "service-policy", "class"}
	}
	return nil
}

// sub runs the line if it is a command of the sub-mode.
func (c *call) sub() (bool, error) {
	words := c.subWords()
	if words == nil {
		return false, nil
	}
	start := c.in.at
	tok := c.in.peek()
	if strings.EqualFold(tok, "no") {
		c.no = true
		c.in.at += len(tok)
		tok = c.in.peek()
	}
	if tok == "" {
		return true, errIncomplete
	}
	word, more := choose(tok, words)
	exact := slices.ContainsFunc(words, func(w string) bool { return strings.EqualFold(w, tok) })
	if word == "" && !more || !exact && configCommands[strings.ToLower(tok)] != nil || c.binds(word) {
		c.in.at, c.no = start, false
		return false, nil
	}
	if more {
		return true, ambiguous(c.in.text)
	}
	c.in.at += len(tok)
	var err error
	switch c.s.mode.kind {
	case modeObject:
		err = subObject(c, word)
	case modeGroup:
		err = subGroup(c, word)
	case modeInterface:
		err = subInterface(c, word)
	case modePeriod:
		err = subPeriod(c, word)
	case modeClassMap:
		err = subClassMap(c, word)
	case modePolicyMap:
		err = subPolicyMap(c, word)
	default:
		if word == "class" {
			c.s.mode.kind, c.s.mode.class = modePolicyMap, ""
			err = subPolicyMap(c, word)
		} else {
			err = subPolicyClass(c, word)
		}
	}
	if err == nil {
		c.changed()
	}
	return true, err
}

// binds says that a line inside a class is the global "service-policy NAME global"
// or "... interface NAMEIF"; one of a class is "service-policy NAME".
func (c *call) binds(word string) bool {
	return c.s.mode.kind == modePolicyClass && word == "service-policy" && len(strings.Fields(c.in.text[c.in.at:])) > 2
}

// changed notes that the configuration is no longer the saved one.
func (c *call) changed() {
	if c.s.loading {
		return
	}
	if x := c.s.draft; x != nil {
		x.lines = append(x.lines, trimRight(c.in.text))
		return
	}
	c.d.changedBy(c.s.user())
}

// configCommands are the global commands. Those that are only kept have
// cmdKept.
var configCommands map[string]func(*call) error

// configWords are the global commands and those of exec mode, which can be
// typed there too.
var configWords []string

func init() {
	configCommands = map[string]func(*call) error{
		"object": cmdObject, "object-group": cmdObjectGroup, "access-list": cmdAccessList, "access-group": cmdAccessGroup,
		"name": cmdName, "names": cmdNames, "hostname": cmdHostname, "interface": cmdInterface,
		"same-security-traffic": cmdSameSecurity, "forward-reference": cmdForwardReference, "timeout": cmdTimeout,
		"time-range": cmdTimeRange, "class-map": cmdClassMap, "policy-map": cmdPolicyMap, "service-policy": cmdServicePolicy, "nat": cmdNAT,
	}
	for w := range kept {
		if configCommands[w] == nil {
			configCommands[w] = cmdKept
		}
	}
	for w := range configCommands {
		configWords = append(configWords, w)
	}
	for _, w := range execWords[modeEnable] {
		if configCommands[w] == nil && w != "configure" && w != "disable" {
			configWords = append(configWords, w)
		}
	}
	slices.Sort(configWords)
}

// config runs a global command. It leaves the sub-mode.
func (c *call) config() error {
	start := c.in.at
	tok := c.in.peek()
	if strings.EqualFold(tok, "no") {
		c.no = true
		c.in.at += len(tok)
		tok = c.in.peek()
	}
	if tok == "" {
		return errIncomplete
	}
	cmd := configCommands[tok]
	if c.d == c.d.system && !c.s.loading && slices.Contains(notInSystem, strings.ToLower(tok)) {
		return c.in.bad()
	}
	if cmd == nil {
		word, more := choose(tok, configWords)
		if more {
			return ambiguous(c.in.text)
		}
		if cmd = configCommands[word]; cmd == nil {
			if word == "" || c.no || c.s.loading {
				return c.in.bad()
			}
			c.in.at = start
			return c.exec(execWords[modeEnable])
		}
		if word != tok && !c.s.loading { // as it is kept and printed
			c.in.text = c.in.text[:c.in.at] + word + c.in.text[c.in.at+len(tok):]
			tok = word
		}
	}
	if strings.EqualFold(tok, "terminal") || strings.EqualFold(tok, "enable") && c.in.text[c.in.at+len(tok):] == "" {
		if !c.s.loading && !c.no {
			return c.exec(execWords[modeEnable])
		}
	}
	c.in.at += len(tok)
	was := c.s.mode
	c.s.mode = c.s.top()
	if err := cmd(c); err != nil {
		if errors.As(err, new(invalid)) || err == errIncomplete { // nothing that could leave a mode was read
			c.s.mode = was
		}
		return err
	}
	c.changed()
	return nil
}

// Refused says whether the answer means that the line was not done.
func (s *Session) Refused(answer string) bool {
	for l := range strings.Lines(answer) {
		l = strings.TrimRight(l, "\r\n ")
		for _, p := range refusals {
			if strings.HasPrefix(l, p) {
				return true
			}
		}
	}
	return false
}

// refusals begin the lines by which the device refuses.
var refusals = []string{"ERROR:", "%Error", "Error executing command", "Removing obj", "Adding obj", "object-group (", "An object",
	"Specified access-list does not exist", "ACE not added", "Command authorization failed", "Invalid password", "Access denied."}
