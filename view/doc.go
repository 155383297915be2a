// Package view turns values of the other packages into what people and
// programs read: text tables that fit a terminal, Markdown, CSV, pictures, and
// the JSON of the -json flag, whose types are the schema of docs/json.md.
//
// Everything is written to an io.Writer; nothing here decides anything. Text
// that came from outside (host names, titles, labels) is made harmless for the
// form it is written to: control characters for terminals, formulas for CSV,
// markup for SVG.
package view
