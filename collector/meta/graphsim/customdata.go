package graphsim

// What is checked of custom_data (capi.md § 4.1). Its keys are free; the types
// of the documented ones are not, and nothing in it may be null or empty.

import (
	"maps"
	"slices"
	"strconv"

	"github.com/go-json-experiment/json/jsontext"
)

// customTypes are the documented keys that the checks look into.
var customTypes = map[string]func(jsontext.Value) bool{
	"value": finite, "predicted_ltv": finite, "net_revenue": finite,
	"num_items":   isInteger,
	"content_ids": listOfIDs, "contents": isList,
	"content_name": isText, "content_category": isText, "content_type": isText,
	"currency": isText, "delivery_category": isText, "search_string": isText,
	"order_id": isText, "item_number": isText, "lead_event_source": isText,
	"product_catalog_id": isTextOrInteger, "user_bucket": isTextOrInteger,
	"store_data": isObject, "customer_segmentation": isText,
	"status": func(v jsontext.Value) bool { return isText(v) || boolean(v) },
}

// contentTypes are those of a member of contents.
var contentTypes = map[string]func(jsontext.Value) bool{
	"id": isTextOrInteger, "quantity": isInteger, "item_price": finite, "price": finite,
	"delivery_category": isText, "title": isText, "description": isText, "brand": isText, "category": isText,
}

// storeTypes are those of store_data, of events in a store.
var storeTypes = map[string]func(jsontext.Value) bool{
	"store_page_id": isTextOrInteger, "brand_page_id": isTextOrInteger, "store_code": isTextOrInteger,
}

var (
	contentKinds      = []string{"product", "product_group"}
	deliveryKinds     = []string{"in_store", "curbside", "home_delivery"}
	purchaseEventName = "Purchase"
)

// checkCustomData says what Meta would say; a nil raw means there is none,
// which only a Purchase cannot do with. tree is the same, decoded.
func checkCustomData(raw jsontext.Value, tree any, eventName string) (map[string]any, *refusal) {
	custom := object{}
	if raw != nil {
		var ok bool
		if custom, ok = members(raw); !ok {
			return nil, bad(subStructure, "A parameter has to be an object.", "custom_data")
		}
	}
	if _, ok := custom.find("event_id"); ok { // § 13.26
		return nil, unexpected("event_id").under("custom_data")
	}
	values, _ := tree.(map[string]any)
	if f := emptyIn(values); raw != nil && f != nil {
		return nil, f.under("custom_data")
	}
	if eventName == purchaseEventName {
		if f := checkPurchase(custom); f != nil {
			return nil, f.under("custom_data")
		}
	}
	if f := checkCustomTypes(custom); f != nil {
		return nil, f.under("custom_data")
	}
	return values, nil
}

func checkPurchase(custom object) *refusal {
	if !finite(custom.get("value")) {
		return bad(subNoValue, "A Purchase needs a value that is a number.", "value")
	}
	if code, _ := text(custom.get("currency")); !isCurrency(code) {
		return bad(subNoCurrency, "A Purchase needs a currency of ISO 4217.", "currency")
	}
	return nil
}

func checkCustomTypes(custom object) *refusal {
	if f := checkTypes(custom, customTypes); f != nil {
		return f
	}
	if code, ok := text(custom.get("currency")); ok && !isCurrency(code) {
		return bad(subNotUsable, "The currency is not one of ISO 4217.", "currency")
	}
	if f := oneOf(custom, "content_type", contentKinds); f != nil {
		return f
	}
	if f := oneOf(custom, "delivery_category", deliveryKinds); f != nil {
		return f
	}
	if f := oneOf(custom, "customer_segmentation", segments); f != nil { // § 2.5: here or beside event_name
		return f
	}
	if store, ok := members(custom.get("store_data")); ok {
		if f := checkTypes(store, storeTypes); f != nil {
			return f.under("store_data")
		}
	}
	contents, _ := list(custom.get("contents"))
	for i, c := range contents {
		content, ok := members(c)
		if !ok {
			return bad(subStructure, "A parameter has to be an object.", "contents", strconv.Itoa(i))
		}
		f := checkTypes(content, contentTypes)
		if f == nil {
			f = oneOf(content, "delivery_category", deliveryKinds)
		}
		if f != nil {
			return f.under("contents", strconv.Itoa(i))
		}
	}
	return nil
}

func checkTypes(o object, types map[string]func(jsontext.Value) bool) *refusal {
	for _, m := range o {
		if is := types[m.key]; is != nil && !is(m.value) {
			return bad(subStructure, "A value of a type that the parameter does not take.", m.key)
		}
	}
	return nil
}

// noneEmpty refuses null and "" at any depth: a shop's field that was never
// filled (§ 13.12).
func noneEmpty(raw jsontext.Value) *refusal {
	if raw == nil {
		return nil
	}
	return emptyIn(anything(raw))
}

func emptyIn(v any) *refusal {
	switch v := v.(type) {
	case nil:
		return bad(subStructure, "A value must not be null: leave it out.")
	case string:
		if v == "" {
			return bad(subStructure, "A value must not be empty: leave it out.")
		}
	case []any:
		for i, item := range v {
			if f := emptyIn(item); f != nil {
				return f.under(strconv.Itoa(i))
			}
		}
	case map[string]any:
		for _, key := range slices.Sorted(maps.Keys(v)) {
			if f := emptyIn(v[key]); f != nil {
				return f.under(shownKey(key))
			}
		}
	}
	return nil
}

func isText(v jsontext.Value) bool    { return len(v) > 0 && v.Kind() == '"' }
func isInteger(v jsontext.Value) bool { _, ok := integer(v); return ok }
func isList(v jsontext.Value) bool    { return len(v) > 0 && v.Kind() == '[' }
func isObject(v jsontext.Value) bool  { return len(v) > 0 && v.Kind() == '{' }

func isTextOrInteger(v jsontext.Value) bool { return isText(v) || isInteger(v) }

// finite: a number that fits a float64.
func finite(v jsontext.Value) bool {
	if !number(v) {
		return false
	}
	_, err := strconv.ParseFloat(string(v), 64)
	return err == nil
}

func listOfIDs(v jsontext.Value) bool {
	ids, ok := list(v)
	for _, id := range ids {
		ok = ok && (isText(id) || isInteger(id))
	}
	return ok
}
