package view

import (
	"io"
	"strconv"
	"time"

	"github.com/nbfwc/nbfwc/push"
)

// PushedFirewall is what became of a push.
type PushedFirewall struct {
	Unit
	ID       string     `json:"id,omitempty"`
	Stand    push.Stand `json:"stand"`
	Rules    int        `json:"rules"`
	Commands int        `json:"commands"`
	Open     bool       `json:"open"`
	Notes    []string   `json:"notes"`
	Apart    string     `json:"apart,omitempty"`
	Error    string     `json:"error,omitempty"`
}

// PushDocument answers "push -json".
type PushDocument struct {
	Document
	Firewalls []PushedFirewall `json:"firewalls"`
}

// Push makes the document of pushes.
func Push(list []PushedFirewall) PushDocument {
	return PushDocument{document("push"), append([]PushedFirewall{}, list...)}
}

// standWords say where a device stands.
var standWords = map[push.Stand]string{
	push.Unchanged: "nothing was changed",
	push.New:       "it does what the policy says, and will after a restart",
	push.Old:       "it does what it did before the push",
	push.Between:   "it is between old and new; every packet is treated by the one or by the other",
	push.Unsaved:   "it does what the policy says, but would not after a restart",
	push.Unknown:   "where it stands is not known, since it could not be asked any more",
}

// WritePush writes what became of pushes for people.
func WritePush(w io.Writer, list []PushedFirewall, width int) error {
	p := &paragraphs{width: width}
	good := 0
	for i := range list {
		f := &list[i]
		p.line(0, "%s: %s.", f.Firewall, standWords[f.Stand])
		switch {
		case f.Error == "":
			good++
		case f.Stand == push.New:
			p.line(2, "the push is not finished: %s", f.Error)
		default:
			p.line(2, "the push failed: %s", f.Error)
		}
		for _, note := range f.Notes {
			p.line(2, "%s", note)
		}
		p.aside(nil, f.Apart)
		if f.Open {
			p.line(2, "Finish it with \"nbfwc push -resume %s\", or undo it with \"nbfwc push -abandon %s\".", f.Device, f.Device)
		}
		if f.ID != "" {
			p.line(2, "record %s: %s", f.ID, Count(f.Commands, "command", "commands"))
		}
	}
	if len(list) > 1 {
		p.line(0, "%d of %s as wanted.", good, Count(len(list), "firewall is", "firewalls are"))
	}
	_, err := io.WriteString(w, p.b.String())
	return err
}

// HistoryDocument answers "history -json".
type HistoryDocument struct {
	Document
	Records []HistoryRecord `json:"records"`
}

// HistoryRecord is the record of one push.
type HistoryRecord struct {
	ID           string         `json:"id"`
	Device       string         `json:"device"`
	Firewall     string         `json:"firewall"`
	Target       string         `json:"target"`
	Who          string         `json:"who"`
	Policy       string         `json:"policy"`
	PolicyDigest string         `json:"policy_digest"`
	Began        string         `json:"began"`
	Ended        string         `json:"ended,omitempty"`
	Hostname     string         `json:"hostname,omitempty"`
	Serial       string         `json:"serial,omitempty"`
	Digest       string         `json:"digest"`
	Commands     int            `json:"commands"`
	Stand        push.Stand     `json:"stand,omitempty"`
	Error        string         `json:"error,omitempty"`
	Damage       string         `json:"damage,omitempty"`
	Dir          string         `json:"dir"`
	Entries      []HistoryEntry `json:"entries"`
}

// HistoryEntry is a line of a journal.
type HistoryEntry struct {
	At     string    `json:"at"`
	What   push.What `json:"what"`
	Text   string    `json:"text"`
	Answer string    `json:"answer,omitempty"`
}

// History makes the document of records, with their journals if they are
// whole.
func History(list []push.Record, whole bool) HistoryDocument {
	doc := HistoryDocument{document("history"), []HistoryRecord{}}
	for i := range list {
		r := &list[i]
		v := HistoryRecord{
			ID: r.ID, Device: r.Device, Firewall: r.Firewall, Target: r.Target, Who: r.Who, Policy: r.Policy, PolicyDigest: r.PolicyDigest,
			Began: stamp(r.Began), Ended: stamp(r.Ended), Hostname: r.Identity.Hostname, Serial: r.Identity.Serial,
			Digest: r.Digest, Commands: recordCommands(r), Stand: r.Stand, Error: r.Error, Damage: r.Damage, Dir: r.Dir, Entries: []HistoryEntry{},
		}
		if whole {
			for _, x := range r.Entries {
				v.Entries = append(v.Entries, HistoryEntry{stamp(x.At), x.What, x.Text, x.Answer})
			}
		}
		doc.Records = append(doc.Records, v)
	}
	return doc
}

func recordCommands(r *push.Record) int {
	n := 0
	for _, s := range r.Steps {
		n += len(s.Commands)
	}
	return n
}

func stamp(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format(time.RFC3339)
}

// WriteHistory writes records for people.
func WriteHistory(w io.Writer, list []push.Record, whole bool, width int) error {
	if whole {
		return writeRecords(w, list, width)
	}
	if len(list) == 0 {
		_, err := io.WriteString(w, "Nothing was pushed.\n")
		return err
	}
	t := Table{Heading: []string{"RECORD", "DEVICE", "FIREWALL", "WHO", "COMMANDS", "STAND"}}
	for i := range list {
		r := &list[i]
		stand := string(r.Stand)
		if r.Open() {
			stand = "open"
		}
		if r.Damage != "" {
			stand += ", damaged"
		}
		t.Add(r.ID, r.Device, r.Firewall, r.Who, strconv.Itoa(recordCommands(r)), stand)
	}
	return t.Text(w, width)
}

func writeRecords(w io.Writer, list []push.Record, width int) error {
	p := &paragraphs{width: width}
	for i := range list {
		r := &list[i]
		p.line(0, "record %s of firewall %s on device %s (%s)", r.ID, r.Firewall, r.Device, r.Dir)
		if r.Damage != "" {
			p.line(2, "The record is damaged: %s.", r.Damage)
		}
		p.line(2, "by %s, begun %s", r.Who, stamp(r.Began))
		p.line(2, "policy %s, digest %.12s; configuration before, digest %.12s", r.Policy, r.PolicyDigest, r.Digest)
		for _, x := range r.Entries {
			p.line(2, "%s %s: %s", stamp(x.At), x.What, x.Text)
			if x.Answer != "" {
				p.line(6, "%s", x.Answer)
			}
		}
		if r.Open() {
			p.line(0, "It is open: \"nbfwc push -resume %s\" finishes it, -abandon undoes it.", r.Device)
			continue
		}
		p.line(0, "It ended %s: %s.", stamp(r.Ended), standWords[r.Stand])
		if r.Error != "" {
			p.line(2, "%s", r.Error)
		}
	}
	_, err := io.WriteString(w, p.b.String())
	return err
}
