package meta

// custom_data.contents: what was bought or looked at, item by item.

import (
	"maps"
	"slices"

	"matchkey/collector"
)

// contents reads the items. An item without an id is left out; a part of an
// item that is unknown or faulty costs itself only and is named once.
func contents(d *draft, path string, value any) (any, collector.Reason) {
	entries, ok := asList(value)
	if !ok {
		return nil, collector.ReasonMalformed
	}
	var faults map[string]collector.Reason
	fault := func(at string, why collector.Reason) {
		if faults == nil {
			faults = make(map[string]collector.Reason)
		}
		if faults[at] != ReasonPersonal { // the one to see of several; and parts have no order
			faults[at] = why
		}
	}
	if len(entries) > maxListed {
		entries = entries[:maxListed]
		fault(path+"[]", ReasonTooMany)
	}
	items := make([]Item, 0, len(entries))
	below := path + "[]"
	for _, entry := range entries {
		if item, ok := d.item(entry, below, fault); ok {
			items = append(items, item)
		}
	}
	for _, at := range slices.Sorted(maps.Keys(faults)) {
		d.dropped(at, "", faults[at])
	}
	if len(entries) == 0 {
		return nil, ReasonEmptyValue
	}
	if len(items) == 0 {
		return nil, collector.ReasonMalformed
	}
	return items, ""
}

// item reads one entry; ok is false when it has no id. What is faulty is noted
// under the path of its part.
func (d *draft) item(entry any, path string, fault func(string, collector.Reason)) (item Item, ok bool) {
	parts, isObject := entry.(map[string]any)
	if !isObject {
		fault(path, collector.ReasonMalformed)
		return item, false
	}
	id := collector.ReasonNeverSeen
	for key, value := range parts {
		why := d.itemPart(&item, key, value)
		switch {
		case key == "id":
			id = why
		case why != "" && !isCustomKey(key):
			fault(path+".*", why)
		case why != "":
			fault(path+"."+key, why)
		}
	}
	if id != "" {
		fault(path+".id", id)
	}
	return item, item.ID != ""
}

// pointer is nil for a value that is not sent.
func pointer[T any](v T, why collector.Reason) (*T, collector.Reason) {
	if why != "" {
		return nil, why
	}
	return &v, ""
}

// itemPart reads one part of an item.
func (d *draft) itemPart(item *Item, key string, value any) (why collector.Reason) {
	switch key {
	case "id":
		item.ID, why = d.text(value)
	case "title":
		item.Title, why = d.text(value)
	case "description":
		item.Description, why = d.text(value)
	case "brand":
		item.Brand, why = d.text(value)
	case "category":
		item.Category, why = d.text(value)
	case "delivery_category":
		item.DeliveryCategory, why = enum(value, deliveries)
	case "quantity":
		item.Quantity, why = pointer(whole(value))
	case "item_price":
		item.ItemPrice, why = pointer(money(value))
	case "price":
		item.Price, why = pointer(money(value))
	default:
		if personalKey(key) || collector.HoldsEmail(key) {
			return ReasonPersonal
		}
		return collector.ReasonUnknownField
	}
	return why
}
