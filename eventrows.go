package main

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"matchkey/collector"
)

// What a row of a warehouse's file becomes: the event of a site's back end, as
// docs/http-api.md has it. A flat row has columns by the names below, others become
// properties; an object with "customer" or "properties" as objects is such an event
// already and goes as it is.

// eventFields are the columns that are no properties, and where they go.
var eventFields = func() map[string]string {
	fields := map[string]string{
		"id": "id", "event_id": "id",
		"name": "name", "event": "name", "event_name": "name",
		"at": "at", "occurred_at": "at",
		"channel": "channel", "url": "url",
		"visitor": "visitor", "visitor_id": "visitor",
		"customer": "customer.id", "customer_id": "customer.id",
	}
	for _, kind := range collector.ContactKinds() {
		fields[string(kind)] = "customer." + string(kind)
	}
	return fields
}()

// Codes of rows that no event can be made of.
const (
	codeField    = "field_unreadable" // neither text nor a number, where it has to be
	codeTwice    = "field_twice"      // two columns are the same field
	codeNameless = "row_without_id"   // and none can be made of it
)

// propertyPrefix is how a mapping says that a column is a property whatever it is called.
const propertyPrefix = "properties."

// An eventForm makes events of rows.
type eventForm struct {
	name, channel string            // of rows that say none
	mapping       map[string]string // from a column to a field, or to "" for nowhere
	header        []string
}

// newEventForm reads mappings, each "column=field"; a field is one of the table's, or
// "properties.<name>", or nothing.
func newEventForm(name string, channel collector.Channel, mappings []string) (*eventForm, error) {
	f := &eventForm{name: name, channel: string(channel), mapping: map[string]string{}}
	if channel != "" && !channel.Known() {
		return nil, fmt.Errorf("the channel %q is not known; it is one of %v", channel, collector.Channels())
	}
	for _, m := range mappings {
		column, field, ok := strings.Cut(m, "=")
		column, field = strings.TrimSpace(column), strings.TrimSpace(field)
		own, isProperty := strings.CutPrefix(field, propertyPrefix)
		switch _, twice := f.mapping[column]; {
		case !ok || column == "" || isProperty && own == "":
			return nil, fmt.Errorf("the mapping %q is not column=field", m)
		case twice:
			return nil, fmt.Errorf("the column %q is mapped twice", column)
		case field != "" && !isProperty && eventFields[field] == "":
			return nil, fmt.Errorf("the field %q is not known; it is one of %s, or %sNAME, or nothing to leave the column out",
				field, strings.Join(slices.Sorted(maps.Keys(eventFields)), ", "), propertyPrefix)
		}
		f.mapping[column] = field
	}
	return f, nil
}

// field says where a column goes: a path such as "at", "customer.email",
// "properties.score"; "" for nowhere.
func (f *eventForm) field(column string) string {
	name := column
	if mapped, ok := f.mapping[column]; ok {
		if mapped == "" || strings.HasPrefix(mapped, propertyPrefix) {
			return mapped
		}
		name = mapped
	}
	if field := eventFields[strings.ToLower(name)]; field != "" {
		return field
	}
	return propertyPrefix + column
}

func (f *eventForm) head(names []string) error {
	from := map[string]string{}
	for _, column := range names {
		field := f.field(column)
		if other, taken := from[field]; taken && field != "" {
			return fmt.Errorf("the columns %q and %q are both %s; leave one out with --map %s=", other, column, field, column)
		}
		from[field] = column
		f.header = append(f.header, field)
	}
	for _, column := range slices.Sorted(maps.Keys(f.mapping)) {
		if !slices.Contains(names, column) {
			return fmt.Errorf("the file has no column %q, which --map names", column)
		}
	}
	return nil
}

// cells makes an event of texts. A table has no types: a property that is a plain
// number, or true or false, is one.
func (f *eventForm) cells(texts []string) ([]byte, error) {
	e := draft{}
	for i, text := range texts {
		field := f.header[i]
		if field == "" || text == "" {
			continue
		}
		value := jsontext.Value(text)
		if !strings.HasPrefix(field, propertyPrefix) || !isTyped(text) {
			var err error
			if value, err = json.Marshal(text); err != nil {
				return nil, &rowError{codeUnreadable, "the line is not UTF-8"}
			}
		}
		e.set(field, value)
	}
	return f.finish(e)
}

// isTyped reports whether a text is true, false, or a number that is written as JSON
// writes it: 007 is a text, and so is what has more digits than a number keeps.
func isTyped(text string) bool {
	if text == "true" || text == "false" {
		return true
	}
	_, plain := collector.ParseDecimal(text)
	return plain && jsontext.Value(text).IsValid()
}

// object makes an event of a line's object.
func (f *eventForm) object(text []byte) ([]byte, error) {
	var fields map[string]jsontext.Value
	if err := json.Unmarshal(text, &fields); err != nil || fields == nil {
		return nil, &rowError{codeUnreadable, "the line is not a JSON object"}
	}
	if fields["customer"].Kind() == '{' || fields["properties"].Kind() == '{' {
		e := draft{own: fields}
		for _, part := range []struct {
			name string
			of   *map[string]jsontext.Value
		}{{"customer", &e.customer}, {"properties", &e.properties}} {
			if fields[part.name].Kind() != '{' {
				continue
			}
			if err := json.Unmarshal(fields[part.name], part.of); err != nil {
				return nil, &rowError{codeUnreadable, "the line is not a JSON object"}
			}
			delete(fields, part.name)
		}
		return f.finish(e)
	}
	e := draft{}
	for _, column := range slices.Sorted(maps.Keys(fields)) {
		value, field := fields[column], f.field(column)
		switch {
		case field == "" || value.Kind() == 'n':
			continue
		case column == "integrations":
			field = column
		case !strings.HasPrefix(field, propertyPrefix):
			switch value.Kind() {
			case '"':
			case '0':
				value = jsontext.Value(`"` + string(value) + `"`)
			default:
				return nil, &rowError{codeField, "a field that is a text, such as a customer's id or an e-mail address, is neither text nor a number"}
			}
		}
		if !e.set(field, value) {
			return nil, &rowError{codeTwice, "two members of the object are the same field"}
		}
	}
	return f.finish(e)
}

// A draft is an event on its way to JSON.
type draft struct{ own, customer, properties map[string]jsontext.Value }

// set sets a field by its path; false when it is set already.
func (e *draft) set(field string, value jsontext.Value) bool {
	in, name := &e.own, field
	if own, ok := strings.CutPrefix(field, propertyPrefix); ok {
		in, name = &e.properties, own
	} else if own, ok := strings.CutPrefix(field, "customer."); ok {
		in, name = &e.customer, own
	}
	if *in == nil {
		*in = map[string]jsontext.Value{}
	}
	_, taken := (*in)[name]
	(*in)[name] = value
	return !taken
}

// text writes the event, members in order.
func (e *draft) text(customer map[string]jsontext.Value) ([]byte, error) {
	all := maps.Clone(e.own)
	if all == nil {
		all = map[string]jsontext.Value{}
	}
	for name, part := range map[string]map[string]jsontext.Value{"customer": customer, "properties": e.properties} {
		if len(part) == 0 {
			continue
		}
		text, err := json.Marshal(part, json.Deterministic(true))
		if err != nil {
			return nil, &rowError{codeUnreadable, "the line cannot be written as JSON again"}
		}
		all[name] = text
	}
	text, err := json.Marshal(all, json.Deterministic(true))
	if err != nil {
		return nil, &rowError{codeUnreadable, "the line cannot be written as JSON again"}
	}
	return text, nil
}

// finish fills in what rows leave to the command, and names the event. The same row
// always has the same id, whatever run it is: its own, or one that is made of all it
// says but the contact data, whose traces no id may have. That takes a time and
// somebody: without them next month's row might be this one's twin.
func (f *eventForm) finish(e draft) ([]byte, error) {
	for field, given := range map[string]string{"name": f.name, "channel": f.channel} {
		if _, ok := e.own[field]; !ok && given != "" {
			text, err := json.Marshal(given)
			if err != nil {
				return nil, err
			}
			e.set(field, text)
		}
	}
	if _, ok := e.own["id"]; !ok {
		who := map[string]jsontext.Value{}
		if id, ok := e.customer["id"]; ok {
			who["id"] = id
		}
		if _, browser := e.own["visitor"]; len(who) == 0 && !browser || e.own["at"] == nil {
			return nil, &rowError{codeNameless, "the row has no id, and none can be made of it: that takes a time and a customer or visitor"}
		}
		says, err := e.text(who)
		if err != nil {
			return nil, err
		}
		sum := sha256.Sum256(says)
		e.set("id", jsontext.Value(`"row-`+hex.EncodeToString(sum[:16])+`"`))
	}
	return e.text(e.customer)
}
