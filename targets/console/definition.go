package console

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/scrapli/scrapligo/driver/network"
	"github.com/scrapli/scrapligo/driver/options"
	"github.com/scrapli/scrapligo/platform"
	"github.com/scrapli/scrapligo/transport"

	"github.com/nbfwc/nbfwc/targets"
)

// definition is a platform as scrapligo reads it. JSON is YAML. There are no
// commands in it for opening and closing, which scrapligo types without a look
// at the answers, and no options: some of them panic, and one with a friendly
// name turns the check of host keys off.
type definition struct {
	Type    string            `json:"platform-type"`
	Default definitionDefault `json:"default"`
}

type definitionDefault struct {
	Driver  string                     `json:"driver-type"`
	Levels  map[string]definitionLevel `json:"privilege-levels"`
	Desired string                     `json:"default-desired-privilege-level"`
}

type definitionLevel struct {
	Name    string `json:"name"`
	Pattern string `json:"pattern"`
}

// newDriver makes scrapligo's driver for a platform on a transport of ours. The
// patterns are known to compile: scrapligo panics at others. Each driver
// compiles its own, so they are less exact than those that the session goes by:
// a host is any word.
func newDriver(p targets.Platform, host string, t transport.Implementation) (*network.Driver, error) {
	def := definition{Type: p.Name}
	def.Default.Driver, def.Default.Desired = "network", p.Modes[0].Name
	def.Default.Levels = map[string]definitionLevel{}
	for _, m := range p.Modes {
		def.Default.Levels[m.Name] = definitionLevel{m.Name, "^(?:" + strings.ReplaceAll(m.Prompt, "{host}", `\S+`) + ")$"}
	}
	if len(def.Default.Levels) != len(p.Modes) {
		return nil, fmt.Errorf("platform %s has two modes of the same name", p.Name)
	}
	text, err := json.Marshal(def)
	if err != nil {
		return nil, err
	}
	made, err := platform.NewPlatform(text, host,
		options.WithCustomTransport(t),
		options.WithTermWidth(width(p)),
		// scrapligo sleeps this long after every chunk that it reads, and its Close
		// waits for the square of it. Our transport blocks until there is something
		// to read, so there is nothing to sleep for.
		options.WithReadDelay(0),
		options.WithTimeoutOps(time.Hour),
	)
	if err != nil {
		return nil, err
	}
	d, err := made.GetNetworkDriver()
	if err == nil && d == nil {
		err = errors.New("no driver")
	}
	return d, err
}

// width is how many columns a platform's terminal has. Most devices redraw or
// wrap what is typed beyond them.
func width(p targets.Platform) int {
	if p.Width > 0 {
		return p.Width
	}
	return 511
}
