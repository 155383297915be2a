// Package lang turns policy text into a Policy: a value in which every
// reference is resolved and every address checked, or into diagnostics that
// say where the text is wrong and what to write instead.
//
// What comes in is a file system with HCL files, inventories and a lock file of
// DNS names; all of it is hostile until proven otherwise and bounded in size,
// nesting and expansion. What goes out is a Policy, which knows no HCL: places
// in the text travel as Origin, conditions as Condition. The package never
// looks at the network, the clock or the environment; callers hand those in.
//
// Load is the entry. It goes through phases that each report all they find:
// files are found, judged by the guard and parsed; blocks are collected, so that
// references can be made in any order; variables and locals get values; the
// catalogue, the topology and the domains are read; hosts are put into groups;
// flows are resolved. A value that is faulty stays silent wherever it is used,
// so that no fault is reported twice.
//
// Expressions are evaluated here and not by the HCL library (see value and
// meter.go): what they make is metered, and an inventory of 100,000 rows costs
// nothing until an expression looks at a row.
package lang
