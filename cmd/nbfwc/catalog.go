package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"github.com/nbfwc/nbfwc/lang"
	"github.com/nbfwc/nbfwc/view"
)

func newCatalog(e *env) *cobra.Command {
	var role, version, policy string
	cmd := &cobra.Command{
		Use:   "catalog",
		Short: "Print what is known of NetBackup's roles and ports",
		Long: `Print the catalogue: roles, features, settings, services, and which role
needs which service of which other, under which condition, and which table of
the guide says so. With -policy, what a policy adds or replaces is included.`,
		GroupID: "write",
		Example: "  nbfwc catalog -role media\n  nbfwc catalog -version 7.0 -json",
	}
	flags := policyArgs(cmd)
	cmd.Flags().StringVar(&role, "role", "", "only what concerns this `role`")
	cmd.Flags().StringVar(&version, "version", "", "only what concerns hosts of this NetBackup `version`")
	cmd.Flags().StringVar(&policy, "policy", "", "include what this `policy` adds")
	cmd.RunE = func(*cobra.Command, []string) error {
		c, err := catalogOf(e, policy, flags)
		if err != nil {
			return err
		}
		filter, err := catalogFilter(c, role, version)
		if err != nil {
			return usageError{err}
		}
		if flags.json {
			return view.JSON(e.stdout, view.Catalog(c, filter))
		}
		return view.WriteCatalog(e.stdout, c, filter, e.textWidth())
	}
	return cmd
}

func catalogOf(e *env, policy string, flags *policyFlags) (*lang.Catalog, error) {
	if policy == "" {
		return embeddedCatalog()
	}
	l, err := loadGraph(e, policy, flags)
	if err != nil {
		return nil, err
	}
	return l.policy.Catalog, nil
}

func catalogFilter(c *lang.Catalog, role, version string) (view.CatalogFilter, error) {
	filter := view.CatalogFilter{Role: role}
	known := role == ""
	for _, r := range c.Roles {
		known = known || r.Name == role
	}
	if !known {
		return filter, fmt.Errorf("no role %q: \"nbfwc catalog\" lists the roles", role)
	}
	if version == "" {
		return filter, nil
	}
	v, err := lang.ParseVersion(version)
	filter.Version = v
	return filter, err
}
