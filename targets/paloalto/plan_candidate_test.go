package paloalto

import (
	"fmt"
	"slices"
	"strings"
)

// candidate is a slow and obvious candidate configuration: objects with fields,
// in the order in which they were made. It knows of PAN-OS that set adds to
// lists and replaces all else, and that delete and move want what they name.
type candidate struct {
	names  []string // objects as commands name them, in order
	fields map[string]map[string][]string
	log    []string // what would be refused
}

// readCandidate types a text of set commands.
func readCandidate(text string) *candidate {
	c := &candidate{fields: map[string]map[string][]string{}}
	for line := range strings.Lines(text) {
		if line = strings.TrimSpace(line); line != "" && !strings.HasPrefix(line, "#") {
			c.do(line)
		}
	}
	return c
}

// wordsOf splits a command; quotes keep words together.
func wordsOf(line string) []string {
	var out []string
	for line = strings.TrimSpace(line); line != ""; line = strings.TrimLeft(line, " ") {
		if line[0] == '"' {
			word, rest, _ := strings.Cut(line[1:], `"`)
			out, line = append(out, word), rest
			continue
		}
		word, rest, _ := strings.Cut(line, " ")
		out, line = append(out, word), rest
	}
	return out
}

var listFields = []string{"from", "to", "source", "destination", "application", "service", "tag", "static", "members",
	"group", "source-user", "category", "source-hip", "destination-hip", "layer3", "virtual-wire"}

// objectAt is how many words name the object that a command is about.
func objectAt(words []string) int {
	n := 0
	switch words[0] {
	case "vsys", "device-group":
		n = 2
	case "shared", "panorama":
		n = 1
	}
	if words[n] == "rulebase" || words[n] == "pre-rulebase" || words[n] == "post-rulebase" {
		return n + 4
	}
	return n + 2
}

func (c *candidate) refuse(line, why string) { c.log = append(c.log, line+": "+why) }

func (c *candidate) do(line string) {
	words := wordsOf(line)
	verb, words := words[0], words[1:]
	if verb == "commit" || verb == "commit-all" {
		return
	}
	if words[0] == "deviceconfig" {
		words = slices.Concat([]string{"deviceconfig", "x"}, words[1:])
	}
	n := objectAt(words)
	name := join(words[:n])
	switch verb {
	case "set":
		if c.fields[name] == nil {
			c.names = append(c.names, name)
			c.fields[name] = map[string][]string{}
		}
		c.set(name, words[n:])
	case "delete":
		c.delete(line, name, words[n:])
	case "move":
		c.move(line, name, words[n:])
	default:
		c.refuse(line, "what is this?")
	}
}

// join makes one key of words that may have spaces.
func join(words []string) string { return strings.Join(words, "\x00") }

func (c *candidate) set(name string, words []string) {
	f := c.fields[name]
	for i := 0; i < len(words); {
		path := []string{words[i]}
		i++
		for slices.Contains([]string{"protocol", "tcp", "udp", "override", "profile-setting", "dynamic", "network", "option", "x", "setting", "session", "config", "system"}, path[len(path)-1]) ||
			len(path) > 1 && path[len(path)-2] == "override" {
			path = append(path, words[i])
			i++
		}
		key := join(path)
		last := path[len(path)-1]
		var values []string
		if i < len(words) && words[i] == "[" {
			end := i + slices.Index(words[i:], "]")
			values, i = words[i+1:end], end+1
		} else if i < len(words) {
			values, i = words[i:i+1], i+1
		}
		if !slices.Contains(listFields, last) {
			f[key] = values
			continue
		}
		for _, v := range values {
			if !slices.Contains(f[key], v) {
				f[key] = append(f[key], v)
			}
		}
	}
}

func (c *candidate) delete(line, name string, words []string) {
	if c.fields[name] == nil {
		c.refuse(line, "there is no such object")
		return
	}
	if len(words) == 0 {
		delete(c.fields, name)
		c.names = slices.DeleteFunc(c.names, func(n string) bool { return n == name })
		return
	}
	if values, ok := c.fields[name][words[0]]; ok && len(words) == 2 {
		i := slices.Index(values, words[1])
		if i < 0 {
			c.refuse(line, "there is no such member")
			return
		}
		c.fields[name][words[0]] = slices.Concat(values[:i], values[i+1:])
		return
	}
	found := false
	for key := range c.fields[name] {
		if key == join(words) || strings.HasPrefix(key, join(words)+"\x00") {
			delete(c.fields[name], key)
			found = true
		}
	}
	if !found {
		c.refuse(line, "there is no such field")
	}
}

func (c *candidate) move(line, name string, words []string) {
	from := slices.Index(c.names, name)
	if from < 0 {
		c.refuse(line, "there is no such rule")
		return
	}
	c.names = slices.Delete(c.names, from, from+1)
	base := name[:strings.LastIndex(name, "\x00")+1]
	at := 0
	switch words[0] {
	case "top":
		at = slices.IndexFunc(c.names, func(n string) bool { return strings.HasPrefix(n, base) })
	case "after", "before":
		at = slices.Index(c.names, base+words[1])
		if at < 0 {
			c.refuse(line, "there is no such rule to stand beside")
			return
		}
		if words[0] == "after" {
			at++
		}
	}
	c.names = slices.Insert(c.names, max(at, 0), name)
}

// text prints the candidate as the device does, a line for each field.
func (c *candidate) text() string {
	var b strings.Builder
	for _, name := range c.names {
		var object []string
		for _, w := range strings.Split(name, "\x00") {
			object = append(object, quoted(w))
		}
		if object[0] == "deviceconfig" {
			object = object[:1]
		}
		f := c.fields[name]
		keys := make([]string, 0, len(f))
		for k := range f {
			keys = append(keys, k)
		}
		slices.Sort(keys)
		if len(keys) == 0 {
			fmt.Fprintf(&b, "set %s\n", strings.Join(object, " "))
		}
		for _, k := range keys {
			values := f[k]
			words := strings.ReplaceAll(k, "\x00", " ")
			switch {
			case len(values) == 1:
				fmt.Fprintf(&b, "set %s %s %s\n", strings.Join(object, " "), words, quoted(values[0]))
			case len(values) > 1:
				var q []string
				for _, v := range values {
					q = append(q, quoted(v))
				}
				fmt.Fprintf(&b, "set %s %s [ %s ]\n", strings.Join(object, " "), words, strings.Join(q, " "))
			}
		}
	}
	return b.String()
}
