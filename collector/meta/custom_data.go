package meta

// custom_data: what happened, from the site's properties. It is the one place
// where Meta accepts keys of the site's own, so it is where personal data and
// nonsense would slip through. Money is taken as it is or not at all.

import (
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
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

// A rule gives the form of a property in which it is sent, or why it is not.
type rule func(any) (any, collector.Reason)

// customRules are the keys with a meaning (capi.md § 4.1); every other key is
// the site's own and passes through freeValue.
var customRules = map[string]rule{
	"value":             amount,
	"predicted_ltv":     number,
	"net_revenue":       number,
	"currency":          currency,
	"content_ids":       texts,
	"content_type":      text,
	"content_name":      text,
	"content_category":  text,
	"num_items":         count,
	"order_id":          text,
	"search_string":     text,
	"delivery_category": text,
	"item_number":       text,
	"lead_event_source": text,
}

// custom sets custom_data, Meta's keys before the site's own.
func (d *draft) custom() {
	d.event.Custom = CustomData{}
	for i, key := range customOrder(d.c.Properties) {
		path := "custom_data." + key
		value := d.c.Properties[key]
		switch {
		case i >= maxCustomKeys:
			d.dropped("custom_data", "", ReasonTooMany)
			return
		case !customKey.MatchString(key):
			// The key itself may be personal, so lineage does not name it.
			d.dropped("custom_data.*", "", collector.ReasonMalformed)
		case personalKey(key):
			d.dropped(path, "", ReasonPersonal)
		case key == "event_id":
			// Inside custom_data Meta flags it as invalid (capi.md § 2).
			d.dropped(path, "", collector.ReasonUnknownField)
		case key == "order_id" && d.c.Decision.Strips(collector.KindCustomer):
			// It leads to the person as the customer id does (consent.md § 4.7).
			d.dropped(path, "", stripReason(d.c.Decision, collector.KindCustomer))
		case key == "contents":
			d.contents(path, value)
		default:
			d.property(path, key, value)
		}
	}
	for _, key := range []string{"value", "currency"} {
		if path := "custom_data." + key; d.c.Properties[key] == nil && d.whyDropped(path) == "" {
			why := d.noted(collector.Kind(key)) // the edge may have refused it
			if why == "" {
				why = collector.ReasonNeverSeen
			}
			d.dropped(path, "", why)
		}
	}
}

// customOrder sorts the keys, those with a meaning first, so that the bound
// never costs money its value.
func customOrder(properties map[string]any) []string {
	keys := slices.Sorted(maps.Keys(properties))
	slices.SortStableFunc(keys, func(a, b string) int { return customRank(a) - customRank(b) })
	return keys
}

func customRank(key string) int {
	if _, ok := customRules[key]; ok || key == "contents" {
		return 0
	}
	return 1
}

// property sends one property by its key's rule.
func (d *draft) property(path, key string, value any) {
	apply, ok := customRules[key]
	if !ok {
		apply = freeValue
	}
	form, why := apply(value)
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

// shown is a value as lineage shows it.
func shown(form any) string {
	if list, ok := form.([]any); ok {
		return fmt.Sprintf("%d values", len(list))
	}
	return shorten(fmt.Sprint(form), maxShown)
}

// customKey is what a key of the site's own may look like.
var customKey = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9_. -]{0,63}$`)

// personalWords make a key personal wherever they stand in it, personalKeys
// when they are all of it; both without separators and in lower case. Peers
// strip the same by default (capi.md § 4.1). The keys of user_data are among
// them: what belongs there passes consent there.
var (
	personalWords = []string{
		"email", "phone", "firstname", "lastname", "fullname", "surname", "birth",
		"password", "street", "address", "iban", "creditcard", "cardnumber",
	}
	personalKeys = []string{
		"mail", "em", "ph", "tel", "mobile", "fn", "ln", "db", "dob", "ge", "gender", "name",
		"customername", "customerid", "userid", "externalid", "visitorid", "ip", "useragent",
		"clientuseragent", "fbc", "fbp", "fbclid", "ssn",
	}
)

func personalKey(key string) bool {
	key = strings.ToLower(keep(key, func(r rune) bool { return isPlainLetter(r) || '0' <= r && r <= '9' }))
	return slices.Contains(personalKeys, key) ||
		slices.ContainsFunc(personalWords, func(w string) bool { return strings.Contains(key, w) })
}

// number reads a number, or a text that is a plain decimal number and nothing else.
func number(v any) (any, collector.Reason) {
	f, why := float(v)
	if why != "" {
		return nil, why
	}
	return f, ""
}

var decimal = regexp.MustCompile(`^-?[0-9]{1,15}(?:\.[0-9]{1,6})?$`)

func float(v any) (float64, collector.Reason) {
	var f float64
	switch v := v.(type) {
	case nil:
		return 0, ReasonEmptyValue
	case string:
		if v = trim(v); v == "" {
			return 0, ReasonEmptyValue
		}
		return parseDecimal(v)
	case json.Number:
		return parseDecimal(v.String())
	default:
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

func parseDecimal(s string) (float64, collector.Reason) {
	f, err := strconv.ParseFloat(s, 64)
	if err != nil || !decimal.MatchString(s) {
		return 0, ReasonValueInvalid
	}
	return f, ""
}

// amount is a number from 0 upwards.
func amount(v any) (any, collector.Reason) {
	f, why := float(v)
	switch {
	case why != "":
		return nil, why
	case f < 0:
		return nil, ReasonValueInvalid
	}
	return f, ""
}

// count is a whole number from 0 upwards.
func count(v any) (any, collector.Reason) {
	f, why := float(v)
	switch {
	case why != "":
		return nil, why
	case f < 0 || f != math.Trunc(f) || f > math.MaxInt32:
		return nil, ReasonValueInvalid
	}
	return int64(f), ""
}

// currency is a code of ISO 4217 in upper case.
func currency(v any) (any, collector.Reason) {
	if v == nil {
		return nil, ReasonEmptyValue
	}
	s, ok := v.(string)
	switch code := strings.ToUpper(trim(s)); {
	case ok && code == "":
		return nil, ReasonEmptyValue
	case !currencies[code]:
		return nil, ReasonCurrencyInvalid
	default:
		return code, ""
	}
}

// text is a text or a number written as one, for ids and names.
func text(v any) (any, collector.Reason) {
	s, why := plainText(v)
	if why != "" {
		return nil, why
	}
	return s, ""
}

func plainText(v any) (string, collector.Reason) {
	s, ok := v.(string)
	if !ok && v != nil {
		if _, isBool := v.(bool); isBool {
			return "", collector.ReasonMalformed
		}
		f, why := float(v)
		if why != "" {
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
	case emailInside.MatchString(s):
		return "", ReasonPersonal
	}
	return s, ""
}

// texts is a list of texts; a single one is a list of one. Entries that are
// none are passed over.
func texts(v any) (any, collector.Reason) {
	return listOf(v, text)
}

// freeValue is a text, number or truth value, or a list of them.
func freeValue(v any) (any, collector.Reason) {
	if _, ok := asList(v); ok {
		return listOf(v, scalar)
	}
	return scalar(v)
}

func scalar(v any) (any, collector.Reason) {
	switch v.(type) {
	case bool:
		return v, ""
	case nil, string:
		return text(v)
	}
	f, why := float(v)
	if why != "" {
		return nil, collector.ReasonMalformed
	}
	return f, ""
}

func listOf(v any, entry rule) (any, collector.Reason) {
	entries, ok := asList(v)
	if !ok {
		entries = []any{v}
	}
	var forms []any
	why := ReasonEmptyValue
	for _, e := range entries[:min(len(entries), maxListed)] {
		form, reason := entry(e)
		if reason != "" {
			why = reason
			continue
		}
		forms = append(forms, form)
	}
	if len(forms) == 0 {
		return nil, why
	}
	return forms, ""
}

// asList returns the entries of any slice.
func asList(v any) ([]any, bool) {
	if entries, ok := v.([]any); ok {
		return entries, true
	}
	r := reflect.ValueOf(v)
	if !r.IsValid() || r.Kind() != reflect.Slice {
		return nil, false
	}
	entries := make([]any, r.Len())
	for i := range entries {
		entries[i] = r.Index(i).Interface()
	}
	return entries, true
}
