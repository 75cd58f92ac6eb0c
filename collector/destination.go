package collector

import (
	"context"
	"time"
)

// A Destination is somewhere deliveries go. The dispatcher never reads a
// status code, and a destination never sees the store.
//
// All methods are safe for concurrent use.
type Destination interface {
	// Name is the configured name; unique within one configuration.
	Name() string

	// Window says until when an event may still be sent.
	Window(Event) (expiresAt time.Time)

	// Compose joins conversion, profile and decision into a payload. It is
	// pure. Whatever it leaves out stands in the payload's fields with its
	// reason. When the result would be refused as a whole, the refusal says so,
	// the payload has lineage and no body, and the delivery is dead before
	// anything was sent.
	Compose(Composition) (Payload, *Refusal)

	// Send sends the parcels and returns one verdict for each, in their order.
	// It returns within the context's life; what was written to the wire and
	// not answered by then is InDoubt. It isolates a parcel that spoils a batch
	// and keeps no reference to a body after it returns.
	Send(context.Context, []Parcel) []Verdict
}

// A Composition is all that a payload is made of.
type Composition struct {
	Now        time.Time
	Delivery   DeliveryKey
	Event      Event // the identifiers of all copies merged
	Properties map[string]any
	Profile    Profile // joined over the person's linked subjects
	Decision   Decision
}

// A Refusal says why a payload cannot be sent at all.
type Refusal struct {
	Reason Reason
	// Path names the field, Detail says what to do; neither holds personal data.
	Path, Detail string
}

// A Parcel is one payload on its way.
type Parcel struct {
	Key  DeliveryKey
	Body []byte
}
