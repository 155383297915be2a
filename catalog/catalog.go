// Package catalog holds what is known of NetBackup's ports, as data in the
// policy language: roles, features, settings, services and, for each row of the
// vendor's guide, a flow with its condition, its citation and what breaks
// without it.
//
// The files are split by chapter of the guide; newer.hcl has what is known of
// 8.0 and later, each row with its own source. Their order is of no
// importance. The package has no code: lang reads FS, and docs/catalog.md says
// how to read the rows and why they are as they are.
package catalog

import "embed"

// FS has the files of the catalogue, all of them in its root.
//
//go:embed *.hcl
var FS embed.FS
