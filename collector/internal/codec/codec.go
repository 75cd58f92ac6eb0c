package codec

import (
	"errors"

	"github.com/go-json-experiment/json"

	"matchkey/collector"
)

// binary is the first byte of a row in the binary form. JSON begins otherwise.
const binary = 0x01

// Append appends the row of a word to b: binary where there is a table for it, else
// JSON. v may be a word or a pointer to one, which is cheaper. Equal words give
// equal bytes. The error says that a site's value is none that JSON has.
func Append(b []byte, v any) ([]byte, error) {
	switch v := v.(type) {
	case collector.EventRecord:
		return row(b, eventRecords, &v)
	case *collector.EventRecord:
		return row(b, eventRecords, v)
	case collector.Profile:
		return row(b, profiles, &v)
	case *collector.Profile:
		return row(b, profiles, v)
	case collector.Owner:
		return row(b, owners, &v)
	case *collector.Owner:
		return row(b, owners, v)
	case collector.Link:
		return row(b, links, &v)
	case *collector.Link:
		return row(b, links, v)
	case collector.ConsentRecord:
		return row(b, records, &v)
	case *collector.ConsentRecord:
		return row(b, records, v)
	case collector.Delivery:
		return row(b, deliveries, &v)
	case *collector.Delivery:
		return row(b, deliveries, v)
	case string:
		return row(b, customers, &v)
	case *string:
		return row(b, customers, v)
	}
	text, err := json.Marshal(v, json.Deterministic(true))
	return append(b, text...), err
}

// Unmarshal reads a row, of either form, into v, a pointer to a word of the same
// type, whose value it replaces. It keeps no reference to b.
func Unmarshal(b []byte, v any) error {
	if !IsBinary(b) {
		return json.Unmarshal(b, v)
	}
	b = b[1:]
	switch v := v.(type) {
	case *collector.EventRecord:
		return read(eventRecords, b, v)
	case *collector.Profile:
		return read(profiles, b, v)
	case *collector.Owner:
		return read(owners, b, v)
	case *collector.Link:
		return read(links, b, v)
	case *collector.ConsentRecord:
		return read(records, b, v)
	case *collector.Delivery:
		return read(deliveries, b, v)
	case *string:
		return read(customers, b, v)
	}
	return errors.New("it is a binary row, and this word has none")
}

// IsBinary reports whether a row is in the binary form, and not of an older format.
func IsBinary(row []byte) bool { return len(row) > 0 && row[0] == binary }

// AppendEvent appends an event to a journal frame, whose head says that it is
// binary: there is no first byte of its own.
func AppendEvent(b []byte, ev *collector.Event) ([]byte, error) { return events.encode(b, ev) }

// ReadEvent reads what AppendEvent wrote.
func ReadEvent(b []byte, ev *collector.Event) error { return read(events, b, ev) }

func row[T any](b []byte, m *message[T], v *T) ([]byte, error) {
	return m.encode(append(b, binary), v)
}

func read[T any](m *message[T], b []byte, v *T) error {
	*v = *new(T)
	return m.decode(newInput(b), v)
}
