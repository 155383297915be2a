package lang

import (
	"math"
	"sort"
	"strconv"
	"strings"
)

// A value is what an expression gives:
//
//	nil        null
//	string, bool, float64
//	[]any      list
//	*object    object or map
//	*instance  reference to a block, or to one instance of it
//	*decl      reference to a block with for_each: all its instances
//	*rows      rows of an inventory: a list of objects that are made when asked for
//	faulty     the outcome of an error that was reported already
//
// They are values of our own, and not those of the HCL library, for three
// reasons: rows of an inventory cost nothing until an expression looks at
// them, what an expression makes can be metered, and lists of 100,000 elements
// aren't converted in quadratic time.
type value = any

// faulty stands for a value that couldn't be had. What is made from it is
// faulty as well, and nothing is reported of it again.
type faulty struct{}

// object is a map from strings, sorted by key.
type object struct {
	keys []string
	vals []value
}

// newObject sorts by key. Of equal keys the last one counts.
func newObject(m map[string]value) *object {
	o := &object{keys: sortedKeys(m)}
	o.vals = make([]value, len(o.keys))
	for i, k := range o.keys {
		o.vals[i] = m[k]
	}
	return o
}

func (o *object) get(key string) (value, bool) {
	i := sort.SearchStrings(o.keys, key)
	if i < len(o.keys) && o.keys[i] == key {
		return o.vals[i], true
	}
	return nil, false
}

// typeName says what a value is, with an article.
func typeName(v value) string {
	switch v := v.(type) {
	case nil:
		return "null"
	case string:
		return "a string"
	case bool:
		return "a bool"
	case float64:
		return "a number"
	case []any:
		return "a list"
	case *object:
		return "an object"
	case *instance:
		return "a reference to a " + v.decl.kind.String()
	case *decl:
		return "all instances of a " + v.kind.String()
	case kindRef:
		return "all blocks of a type"
	case *rows:
		return "an inventory"
	}
	return "nothing"
}

// asString converts primitive values to text, as templates do.
func asString(v value) (string, bool) {
	switch v := v.(type) {
	case string:
		return v, true
	case bool:
		return strconv.FormatBool(v), true
	case float64:
		return numberText(v), true
	}
	return "", false
}

// numberText has no exponent for whole numbers, so that ports look like ports.
// Numbers are at most 1e300, so that the text is short.
func numberText(f float64) string {
	if f == math.Trunc(f) && math.Abs(f) < 1e15 {
		return strconv.FormatInt(int64(f), 10)
	}
	return strconv.FormatFloat(f, 'g', -1, 64)
}

// asNumber converts strings that are numbers.
func asNumber(v value) (float64, bool) {
	switch v := v.(type) {
	case float64:
		return v, true
	case string:
		f, err := strconv.ParseFloat(v, 64)
		if err != nil || math.IsInf(f, 0) || math.IsNaN(f) || strings.ContainsAny(v, "xX_pP") {
			return 0, false
		}
		return f, true
	}
	return 0, false
}

// asInt is a number without a fraction that fits.
func asInt(v value) (int, bool) {
	f, ok := asNumber(v)
	if !ok || f != math.Trunc(f) || math.Abs(f) > 1<<53 {
		return 0, false
	}
	return int(f), true
}

// asBool converts the strings "true" and "false".
func asBool(v value) (result, ok bool) {
	switch v := v.(type) {
	case bool:
		return v, true
	case string:
		return v == "true", v == "true" || v == "false"
	}
	return false, false
}
