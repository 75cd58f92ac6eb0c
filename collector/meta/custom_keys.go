package meta

// The keys of custom_data that have a meaning, each with its type (capi.md
// § 4.1, the vertical parameters among them). Every other key is the site's own.

import (
	"math"
	"slices"
	"strings"

	"matchkey/collector"
)

// A rule gives the form of a property in which it is sent, or why it is not.
// What it leaves out of a list or an object it notes below path.
type rule func(d *draft, path string, value any) (any, collector.Reason)

// A customRule is how the value of a key is read, and the key's path in lineage.
type customRule struct {
	path string
	read rule
}

// Values that a key is bound to.
var (
	contentTypes = []string{"product", "product_group"}
	deliveries   = []string{"in_store", "curbside", "home_delivery"}
)

var customRules = rulesOf(map[string]rule{
	"value":             amount,
	"predicted_ltv":     number,
	"net_revenue":       number,
	"currency":          currency,
	"content_ids":       texts,
	"content_type":      oneOf(contentTypes),
	"contents":          contents,
	"num_items":         count,
	"status":            status,
	"delivery_category": oneOf(deliveries),
	"store_data":        storeData,

	"customer_segmentation": oneOf(segments),

	// Cars.
	"price": amount, "mileage.value": amount, "trim": upTo(50),
	// Travel.
	"num_adults": count, "num_children": count, "num_infants": count,
	"destination_ids": texts, "hotel_score": number,
}, `content_name content_category order_id search_string item_number lead_event_source product_catalog_id user_bucket
	make model year vin body_style fuel_type drivetrain transmission condition_of_vehicle state_of_vehicle
	mileage.unit exterior_color interior_color
	checkin_date checkout_date travel_start travel_end origin_airport destination_airport travel_class
	departing_departure_date departing_arrival_date returning_departure_date returning_arrival_date
	listing_type property_type availability neighborhood postal_code city region country
	lease_start_date lease_end_date dma_code`)

// rulesOf adds the keys that are texts and nothing more.
func rulesOf(rules map[string]rule, plain string) map[string]customRule {
	for _, key := range strings.Fields(plain) {
		rules[key] = textForm
	}
	all := make(map[string]customRule, len(rules))
	for key, read := range rules {
		all[key] = customRule{"custom_data." + key, read}
	}
	return all
}

func number(_ *draft, _ string, v any) (any, collector.Reason) {
	f, why := float(v)
	if why != "" {
		return nil, why
	}
	return f, ""
}

// amount is a number from 0 upwards.
func amount(_ *draft, _ string, v any) (any, collector.Reason) {
	f, why := money(v)
	if why != "" {
		return nil, why
	}
	return f, ""
}

// maxMoney is more than anybody pays; a JSON number beyond it is a fault.
const maxMoney = 1e15

// money is rounded to millionths, so that ten times 1.19 is 11.9 and not
// 11.899999999999999: no currency has smaller parts. What is less than that and
// not nothing is a fault.
func money(v any) (float64, collector.Reason) {
	f, why := float(v)
	if why != "" {
		return 0, why
	}
	rounded := f
	if f < 1e9 { // a larger one has no such parts to round
		rounded = math.Round(f*1e6) / 1e6
	}
	if f < 0 || f >= maxMoney || rounded == 0 && f != 0 {
		return 0, ReasonValueInvalid
	}
	return rounded, ""
}

// count is a whole number from 0 upwards.
func count(_ *draft, _ string, v any) (any, collector.Reason) {
	n, why := whole(v)
	if why != "" {
		return nil, why
	}
	return n, ""
}

func whole(v any) (int64, collector.Reason) {
	f, why := float(v)
	switch {
	case why != "":
		return 0, why
	case f < 0 || f != math.Trunc(f) || f > math.MaxInt32:
		return 0, ReasonValueInvalid
	}
	return int64(f), ""
}

// currency is a code of ISO 4217 in upper case.
func currency(_ *draft, _ string, v any) (any, collector.Reason) {
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

func textForm(d *draft, _ string, v any) (any, collector.Reason) {
	s, why := d.text(v)
	if why != "" {
		return nil, why
	}
	return s, ""
}

// upTo is a text of at most so many bytes.
func upTo(limit int) rule {
	return func(d *draft, path string, v any) (any, collector.Reason) {
		s, why := d.text(v)
		switch {
		case why != "":
			return nil, why
		case len(s) > limit:
			return nil, collector.ReasonFieldTooLong
		}
		return s, ""
	}
}

// oneOf is one of a few words; another one costs Meta's request.
func oneOf(words []string) rule {
	return func(_ *draft, _ string, v any) (any, collector.Reason) {
		s, why := enum(v, words)
		if why != "" {
			return nil, why
		}
		return s, ""
	}
}

func enum(v any, words []string) (string, collector.Reason) {
	s, ok := v.(string)
	switch s = trim(s); {
	case v == nil || ok && s == "":
		return "", ReasonEmptyValue
	case !slices.Contains(words, s):
		return "", ReasonWordUnknown
	}
	return s, ""
}

// texts is a list of texts; a single one is a list of one.
func texts(d *draft, path string, v any) (any, collector.Reason) {
	return d.listOf(path, v, textForm)
}

// status is a truth value or a text.
func status(d *draft, path string, v any) (any, collector.Reason) {
	if b, ok := v.(bool); ok {
		return b, ""
	}
	return textForm(d, path, v)
}

// freeValue is a text, number or truth value, or a list of them.
func freeValue(d *draft, path string, v any) (any, collector.Reason) {
	if _, ok := asList(v); ok {
		return d.listOf(path, v, scalar)
	}
	return scalar(d, path, v)
}

func scalar(d *draft, path string, v any) (any, collector.Reason) {
	switch v.(type) {
	case bool:
		return v, ""
	case nil, string:
		return textForm(d, path, v)
	}
	f, why := float(v)
	if why != "" {
		return nil, collector.ReasonMalformed
	}
	return f, ""
}

// storeData is the shop of bricks in which it happened.
func storeData(d *draft, path string, v any) (any, collector.Reason) {
	parts, ok := v.(map[string]any)
	if !ok {
		return nil, collector.ReasonMalformed
	}
	var store StoreData
	for _, part := range []struct {
		key    string
		target *string
	}{{"brand_page_id", &store.BrandPage}, {"store_code", &store.StoreCode}, {"store_page_id", &store.StorePage}} {
		value, given := parts[part.key]
		if !given {
			continue
		}
		s, why := idText(value)
		if why == "" && (!isPlainID(s) || part.key != "store_code" && !isGraphID(s)) {
			why = collector.ReasonMalformed
		}
		if why != "" {
			d.dropped(path+"."+part.key, "", why)
			continue
		}
		*part.target = s
	}
	for key := range parts {
		if key != "brand_page_id" && key != "store_code" && key != "store_page_id" {
			d.dropped(path+".*", "", collector.ReasonUnknownField)
			break
		}
	}
	if store == (StoreData{}) {
		return nil, collector.ReasonMalformed
	}
	return &store, ""
}
