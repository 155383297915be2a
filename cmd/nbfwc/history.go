package main

import (
	"fmt"
	"slices"

	"github.com/spf13/cobra"

	"github.com/nbfwc/nbfwc/push"
	"github.com/nbfwc/nbfwc/view"
)

func newHistory(e *env) *cobra.Command {
	var state, id string
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "history [DEVICE]",
		Short: "What was pushed to devices, when, by whom, and how it ended",
		Long: `List the records of pushes, the newest last. With -id, one record whole: each
command and the device's answer.`,
		GroupID: "devices",
		Example: "  nbfwc history\n  nbfwc history edge -id 20261123-014502-5f3a",
		Args:    cobra.MaximumNArgs(1),
	}
	stateFlag(cmd, &state)
	cmd.Flags().StringVar(&id, "id", "", "one record, `name`")
	jsonFlag(cmd, &asJSON)
	cmd.RunE = func(_ *cobra.Command, args []string) error {
		dir, err := e.stateDir(state)
		if err != nil {
			return err
		}
		device := ""
		if len(args) > 0 {
			device = args[0]
		}
		records, err := push.History(dir, device)
		if err != nil {
			return err
		}
		if id != "" {
			if records, err = wholeRecord(dir, records, id); err != nil {
				return err
			}
		}
		if asJSON {
			return view.JSON(e.stdout, view.History(records, id != ""))
		}
		return view.WriteHistory(e.stdout, records, id != "", e.textWidth())
	}
	return cmd
}

// wholeRecord is the record of that name, with its journal.
func wholeRecord(dir string, records []push.Record, id string) ([]push.Record, error) {
	named := func(r push.Record) bool { return r.ID == id }
	i := slices.IndexFunc(records, named)
	if i < 0 {
		return nil, fmt.Errorf("there is no record %q; \"nbfwc history\" lists them", id)
	}
	records, err := push.History(dir, records[i].Device)
	if err != nil {
		return nil, err
	}
	return slices.DeleteFunc(records, func(r push.Record) bool { return !named(r) }), nil
}
