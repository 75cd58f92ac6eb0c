package meta

// custom_data.contents: what was bought or looked at, item by item.

import (
	"fmt"
	"maps"
	"slices"

	"matchkey/collector"
)

// contents sends the items. An item without an id is left out; a part of an
// item that is unknown or faulty costs itself only and is named once.
func (d *draft) contents(path string, value any) {
	entries, ok := asList(value)
	if !ok {
		d.dropped(path, "", collector.ReasonMalformed)
		return
	}
	faults := make(map[string]collector.Reason)
	if len(entries) > maxListed {
		entries, faults[path+"[]"] = entries[:maxListed], ReasonTooMany
	}
	var items []Item
	for _, entry := range entries {
		if item, ok := readItem(entry, path+"[]", faults); ok {
			items = append(items, item)
		}
	}
	if len(items) == 0 {
		d.dropped(path, "", collector.ReasonMalformed)
	} else {
		d.event.Custom["contents"] = items
		d.sent(d.own(path, "", fmt.Sprintf("%d items", len(items)), ""))
	}
	for _, at := range slices.Sorted(maps.Keys(faults)) {
		d.dropped(at, "", faults[at])
	}
}

// readItem reads one entry; ok is false when it has no id. What is faulty is
// noted under the path of its part.
func readItem(entry any, path string, faults map[string]collector.Reason) (item Item, ok bool) {
	parts, isObject := entry.(map[string]any)
	if !isObject {
		faults[path] = collector.ReasonMalformed
		return item, false
	}
	for key, value := range parts {
		at := path + "." + key
		if !customKey.MatchString(key) {
			at = path + ".*"
		}
		if why := item.set(key, value); why != "" {
			faults[at] = why
		}
	}
	if item.ID == "" && faults[path+".id"] == "" {
		faults[path+".id"] = collector.ReasonNeverSeen
	}
	return item, item.ID != ""
}

// set reads one part of an item.
func (item *Item) set(key string, value any) collector.Reason {
	texts := map[string]*string{
		"id": &item.ID, "title": &item.Title, "description": &item.Description,
		"brand": &item.Brand, "category": &item.Category, "delivery_category": &item.DeliveryCategory,
	}
	if target, ok := texts[key]; ok {
		s, why := plainText(value)
		*target = s
		return why
	}
	numbers := map[string]**float64{"quantity": &item.Quantity, "item_price": &item.ItemPrice}
	if target, ok := numbers[key]; ok {
		f, why := float(value)
		switch {
		case why != "":
			return why
		case f < 0:
			return ReasonValueInvalid
		}
		*target = &f
		return ""
	}
	return collector.ReasonUnknownField
}
