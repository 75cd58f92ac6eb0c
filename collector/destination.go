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

	// Limits say in which portions it wants deliveries. They never change.
	Limits() Limits

	// Window says until when an event may still be sent, and the reason to give
	// when that has passed. firstAttempt is when it was first sent; zero before:
	// a destination may count a copy that comes long after the first again.
	Window(e Event, firstAttempt time.Time) (until time.Time, why Reason)

	// Check asks the destination how it stands, without sending an event. It
	// returns within the context's life.
	Check(context.Context) Check

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
	// Scenario is whose conversion it is, and Mapping what it says of identifiers.
	Scenario string
	Mapping  Mapping
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

// Limits are the portions in which a destination wants deliveries.
type Limits struct {
	// Batch is the most parcels of one Send, Concurrency the most Sends at a
	// time; both at least 1.
	Batch, Concurrency int
	// Linger is how long the oldest delivery waits for others to fill its batch.
	Linger time.Duration
	// Resends is how often a delivery that was not answered is sent again by
	// itself, with the same body; then it is left to a person. Zero leaves to a
	// person at once whatever may have been counted, failures included.
	Resends int
}
