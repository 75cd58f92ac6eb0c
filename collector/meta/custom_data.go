package meta

// custom_data: what happened, from the site's properties. It is the one place
// where Meta accepts keys of the site's own, so it is where personal data and
// nonsense would slip through. Money is taken as it is or not at all. What is
// personal is said in personal.go, which keys have a meaning in custom_keys.go.

import (
	"encoding/json"
	"fmt"
	"math"
	"reflect"
	"slices"
	"strconv"
	"unicode/utf8"

	"matchkey/collector"
)

// Bounds of custom_data.
const (
	maxCustomKeys = 100
	maxListed     = 1000 // entries of a list
	maxText       = 1000 // bytes of a text
	maxShown      = 100  // bytes of a value in lineage
)

// custom sets custom_data, Meta's keys before the site's own.
func (d *draft) custom() {
	d.event.Custom = make(CustomData, len(d.c.Properties))
	for i, key := range customOrder(d.c.Properties) {
		if i >= maxCustomKeys {
			d.dropped("custom_data", "", ReasonTooMany)
			break
		}
		d.property(key, d.c.Properties[key])
	}
	for _, key := range d.c.Mapping.Properties {
		if !isCustomKey(key) || collector.HoldsEmail(key) {
			key = "*"
		}
		d.fields = append(d.fields, collector.Field{Path: "custom_data." + key, Dropped: collector.ReasonLeftOut, From: d.scenario()})
	}
	for _, key := range []string{"value", "currency"} {
		if path := customRules[key].path; d.c.Properties[key] == nil && d.whyDropped(path) == "" {
			why := d.noted(collector.Kind(key)) // the edge may have refused it
			if why == "" {
				why = collector.ReasonNeverSeen
			}
			d.dropped(path, "", why)
		}
	}
}

// property sends one property by its key's rule.
func (d *draft) property(key string, value any) {
	rule, known := customRules[key]
	if !known {
		rule = customRule{"custom_data." + key, freeValue}
	}
	path := rule.path
	switch {
	case known:
	case !isCustomKey(key):
		// The key itself may be personal, so lineage does not name it.
		why := collector.ReasonMalformed
		if collector.HoldsEmail(key) {
			why = ReasonPersonal
		}
		d.dropped("custom_data.*", "", why)
		return
	case personalKey(key):
		d.dropped(path, "", ReasonPersonal)
		return
	case key == "event_id":
		// Inside custom_data Meta flags it as invalid (capi.md § 2).
		d.dropped(path, "", collector.ReasonUnknownField)
		return
	}
	if key == "order_id" && d.c.Decision.Strips(collector.KindCustomer) {
		// It leads to the person as the customer id does (consent.md § 4.7).
		d.dropped(path, "", stripReason(d.c.Decision, collector.KindCustomer))
		return
	}
	form, why := rule.read(d, path, value)
	if why != "" {
		d.dropped(path, "", why)
		return
	}
	d.event.Custom[key] = form
	how := ""
	if key == "currency" && value != form {
		how = "upper-cased"
	}
	d.sent(d.own(path, "", shown(form), how))
}

// customOrder sorts the keys, those with a meaning first, so that the bound
// never costs money its value.
func customOrder(properties map[string]any) []string {
	keys := make([]string, len(properties))
	known, own := 0, len(keys)
	for key := range properties {
		if _, ok := customRules[key]; ok {
			keys[known] = key
			known++
		} else {
			own--
			keys[own] = key
		}
	}
	slices.Sort(keys[:known])
	slices.Sort(keys[known:])
	return keys
}

// shown is a value as lineage shows it.
func shown(form any) string {
	switch form := form.(type) {
	case string:
		return shorten(form, maxShown)
	case float64:
		return strconv.FormatFloat(form, 'g', -1, 64)
	case int64:
		return strconv.FormatInt(form, 10)
	case bool:
		return strconv.FormatBool(form)
	case []any:
		return strconv.Itoa(len(form)) + " values"
	case []Item:
		return strconv.Itoa(len(form)) + " items"
	case *StoreData:
		return "a store"
	}
	return shorten(fmt.Sprint(form), maxShown)
}

// float reads a number, or a text that is a plain decimal number and nothing else.
func float(v any) (float64, collector.Reason) {
	var f float64
	switch v := v.(type) {
	case nil:
		return 0, ReasonEmptyValue
	case float64:
		f = v
	case string:
		if v = trim(v); v == "" {
			return 0, ReasonEmptyValue
		}
		f, ok := collector.ParseDecimal(v)
		if !ok {
			return 0, ReasonValueInvalid
		}
		return f, ""
	case json.Number:
		return float(v.String())
	default: // what a scenario's mapping may give
		r := reflect.ValueOf(v)
		switch {
		case r.CanFloat():
			f = r.Float()
		case r.CanInt():
			f = float64(r.Int())
		case r.CanUint():
			f = float64(r.Uint())
		default:
			return 0, ReasonValueInvalid
		}
	}
	if math.IsNaN(f) || math.IsInf(f, 0) {
		return 0, ReasonValueInvalid
	}
	return f, ""
}

// text reads a text, or a number written as one, for ids and names. A number that
// JSON may have changed on the way is no id; what is personal by what it says is
// refused.
func (d *draft) text(v any) (string, collector.Reason) {
	s, ok := v.(string)
	if !ok && v != nil {
		if _, isBool := v.(bool); isBool {
			return "", collector.ReasonMalformed
		}
		f, why := float(v)
		if why != "" || math.Abs(f) >= maxExact {
			return "", collector.ReasonMalformed
		}
		s = strconv.FormatFloat(f, 'f', -1, 64)
	}
	switch s = trim(s); {
	case s == "":
		return "", ReasonEmptyValue
	case !utf8.ValidString(s):
		return "", collector.ReasonMalformed
	case len(s) > maxText:
		return "", collector.ReasonFieldTooLong
	case d.personalText(s):
		return "", ReasonPersonal
	}
	return s, ""
}

// listOf reads a list; a single value is a list of one. Entries that do not
// pass are left out, and the first reason is noted at path[].
func (d *draft) listOf(path string, v any, entry rule) (any, collector.Reason) {
	entries, ok := asList(v)
	if !ok {
		form, why := entry(d, path, v)
		if why != "" {
			return nil, why
		}
		return []any{form}, ""
	}
	forms := make([]any, 0, min(len(entries), maxListed))
	why := collector.Reason("")
	if len(entries) > maxListed {
		entries, why = entries[:maxListed], ReasonTooMany
	}
	for _, e := range entries {
		form, reason := entry(d, path, e)
		switch {
		case reason == "":
			forms = append(forms, form)
		case why == "" || reason == ReasonPersonal:
			why = reason
		}
	}
	if len(forms) == 0 {
		if why == "" {
			why = ReasonEmptyValue
		}
		return nil, why
	}
	if why != "" {
		d.dropped(path+"[]", "", why)
	}
	return forms, ""
}

// asList returns the entries of any slice.
func asList(v any) ([]any, bool) {
	switch v := v.(type) {
	case []any:
		return v, true
	case nil, string, float64, bool, map[string]any:
		return nil, false
	}
	r := reflect.ValueOf(v)
	if r.Kind() != reflect.Slice {
		return nil, false
	}
	entries := make([]any, r.Len())
	for i := range entries {
		entries[i] = r.Index(i).Interface()
	}
	return entries, true
}
