package lang

import (
	"fmt"

	"github.com/hashicorp/hcl/v2"
)

// The summaries of what this package finds wrong. They are the same words for
// the same fault and have no names of the user's in them; docs/diagnostics.md
// explains each with an example.
const (
	sumAddressConflict  = "Conflicting hosts"
	sumAddressInvalid   = "Invalid address"
	sumAddressNoZone    = "Address in no zone"
	sumAddressOverlap   = "Overlapping addresses"
	sumAddressTwice     = "Address listed twice"
	sumAddressWrongZone = "Address in another zone"
	sumAmbiguous        = "Ambiguous reference"
	sumArguments        = "Unusable argument"
	sumCondition        = "Unusable condition"
	sumConflict         = "Attributes exclude each other"
	sumCycle            = "Circular reference"
	sumDomains          = "Address in two domains"
	sumDuplicate        = "Duplicate name"
	sumDuplicateKey     = "Duplicate key"
	sumEmpty            = "Empty list"
	sumExpands          = "Policy expands too far"
	sumExpired          = "Expired flow"
	sumFeature          = "Feature without its role"
	sumFilesMany        = "Too many files"
	sumFilesNone        = "No policy"
	sumFilesTotal       = "Policy too large"
	sumForEachKey       = "Unusable key for for_each"
	sumForEachType      = "Unusable value for for_each"
	sumIterate          = "Nothing to iterate over"
	sumKeyType          = "Unusable object key"
	sumLabel            = "Unusable label"
	sumMissing          = "Missing attribute"
	sumMore             = "More of the same"
	sumNameTemplate     = "Unusable name template"
	sumNetworkTwice     = "Network in two zones"
	sumNoValue          = "Variable without a value"
	sumNumber           = "Number out of range"
	sumOperand          = "Unusable operand"
	sumPorts            = "Invalid port"
	sumPrefix           = "Unusable name prefix"
	sumReplaced         = "Catalogue entry replaced"
	sumReserved         = "Reserved name"
	sumSetting          = "Invalid setting"
	sumTemplate         = "Unusable value in a template"
	sumText             = "Unusable text"
	sumTooDeep          = "Expression too deep"
	sumTransit          = "Hosts in a transit zone"
	sumType             = "Unusable value"
	sumUndeclared       = "Undeclared variable"
	sumUnknownFunction  = "Unknown function"
	sumUnknownKey       = "Unknown key"
	sumUnknownName      = "Unknown name"
	sumUnknownReference = "Unknown reference"
	sumVariableType     = "Wrong type for variable"
	sumVersion          = "Unusable version"
	sumVersionMissing   = "Version missing"
	sumWord             = "Unknown word"
	sumWrongReference   = "Not the wanted reference"
)

// fail reports an error and returns the value that stands for it.
func (l *loader) fail(summary, detail string, at hcl.Range) value {
	l.diags.add(&hcl.Diagnostic{Severity: hcl.DiagError, Summary: summary, Detail: detail, Subject: at.Ptr()})
	return faulty{}
}

// warn reports what the user should know.
func (l *loader) warn(summary, detail string, at hcl.Range) {
	l.diags.add(&hcl.Diagnostic{Severity: hcl.DiagWarning, Summary: summary, Detail: detail, Subject: at.Ptr()})
}

func moreOfTheSame(summary string, n int) *hcl.Diagnostic {
	return &hcl.Diagnostic{
		Severity: hcl.DiagWarning,
		Summary:  sumMore,
		Detail:   fmt.Sprintf("There are %d more of: %s. They are not shown.", n, summary),
	}
}
