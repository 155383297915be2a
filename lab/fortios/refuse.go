package fortios

import "fmt"

// refusal is what the device answers when it doesn't do a line.
type refusal string

func (r refusal) Error() string { return string(r) }

// parseError is about a word that isn't known where it stands.
func parseError(word string) error {
	return refusal("command parse error before '" + word + "'\nCommand fail. Return code -61")
}

const errIncomplete = refusal("incomplete command in the end\nCommand fail. Return code -160")

// valueError is about a value; why says what is wrong with it.
func valueError(why, value string, code int) error {
	return refusal(fmt.Sprintf("%s\n\nvalue parse error before '%s'\nCommand fail. Return code %d", why, value, code))
}

func notFound(value string) error { return valueError("entry not found in datasource", value, -3) }

func checkFail(field, value string, code int) error {
	return valueError("node_check_object fail! for "+field+" "+value, value, code)
}

func tooLong(value string, limit uint64) error {
	return valueError(fmt.Sprintf("string value is too long. the size is %d, the limit is %d", len(value), limit), value, -1)
}

func badAddress(value string) error { return valueError("invalid ip address", value, -8) }

func forbidden(value string) error {
	return valueError("The string contains XSS vulnerability characters", value, -173)
}

func mandatory(field string) error {
	return refusal("Attribute '" + field + "' MUST be set\nCommand fail. Return code -56")
}

// discarded is about an entry that doesn't hold together.
func discarded(why string, code int) error {
	return refusal(fmt.Sprintf("%s\nobject check operator error, %d, discard the setting\nCommand fail. Return code 1", why, code))
}

func inUse(n int) error {
	return refusal(fmt.Sprintf("The entry is used by other %d entries\nCommand fail. Return code -23", n))
}

func absent(key string) error {
	return refusal("delete table entry " + key + " unset oper error ret=-3\nCommand fail. Return code -3")
}

func nameConflict(name, one, other string) error {
	return valueError("Name '"+name+"' conflict: '"+one+"' and '"+other+"' cannot be the same name.", name, -163)
}

const (
	errFull   = refusal("Command fail. Return code -4 (reached the maximum number of entries)")
	errRights = refusal("Permission denied.\nCommand fail. Return code -37")
)
