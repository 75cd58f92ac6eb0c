package collector

import (
	"context"
	"time"
)

// Operations are the acts a person may ask of the running machinery. All are
// safe for concurrent use, and durable when they return.
type Operations interface {
	// Redrive puts the selected dead deliveries back to pending and returns how
	// many; at most a thousand at a time.
	Redrive(ctx context.Context, q DeliveryQuery) (int, error)
	// Resolve ends the doubt about the selected deliveries, as Store.Resolve does.
	Resolve(ctx context.Context, q DeliveryQuery, to State) (int, error)
	// Pause stops sending to a destination until Resume, also over restarts. What
	// is due is still decided, so that a withdrawal counts and windows end. note
	// is the person's own words. ok is false when there is no such destination.
	Pause(ctx context.Context, destination, note string) (ok bool, err error)
	// Resume ends a destination's pause, whoever paused it, and lets its breaker
	// try at once; ok is false when there was nothing to end.
	Resume(ctx context.Context, destination string) (ok bool, err error)
	// Backup makes a backup of everything while it runs. name is one that
	// [BackupName] takes, or empty for the time; an existing one is never
	// overwritten.
	Backup(ctx context.Context, name string) (Backup, error)
	// Erase applies what was accepted before, removes a person as Store.Erase does,
	// and has the bytes taken off the disk in the background; the receipt tells
	// when that is done (Reader.Receipt).
	Erase(ctx context.Context, s Subject) (Receipt, error)
	// Retention tells what is kept for how long, and what was deleted by it.
	Retention(ctx context.Context) (RetentionStatus, error)
	// Destinations tells how each destination stands.
	Destinations() []DestinationStatus
}

// PausedBy says who paused a destination.
type PausedBy string

// Who pauses.
const (
	// PausedByPerson: until a person resumes it.
	PausedByPerson PausedBy = "person"
	// PausedByDestination: it takes nothing until a person acts on its side. It
	// is tried again by itself.
	PausedByDestination PausedBy = "destination"
)

// A Pause is why nothing is sent to a destination.
type Pause struct {
	By     PausedBy  `json:"by"`
	Reason Reason    `json:"reason"`
	Detail string    `json:"detail,omitempty"`
	At     time.Time `json:"at"`
}

// A DestinationStatus tells how a destination stands.
type DestinationStatus struct {
	Name string `json:"name"`
	// Paused says why nothing is sent; empty while it runs. Detail are the
	// destination's own words, or the person's.
	Paused   Reason    `json:"paused,omitempty"`
	PausedBy PausedBy  `json:"paused_by,omitempty"`
	Detail   string    `json:"detail,omitempty"`
	PausedAt time.Time `json:"paused_at,omitzero"`
	// Breaker is open while the destination fails as a whole.
	Breaker Breaker `json:"breaker,omitzero"`
	// Usage is what it last said of its rate limit; nothing is sent before
	// ThrottledUntil.
	Usage          Usage     `json:"usage,omitzero"`
	ThrottledUntil time.Time `json:"throttled_until,omitzero"`
	// InFlight is how many requests are out.
	InFlight int `json:"in_flight"`
	// Check is what it answered when it was last asked how it stands.
	Check Check `json:"check,omitzero"`
	// Alarms are what a person should act on, though it may still run.
	Alarms []Alarm `json:"alarms,omitempty"`
}

// A Breaker stops sending to a destination that fails as a whole, and tries it
// with one delivery at a time until it takes one.
type Breaker struct {
	// OpenSince is when it opened; zero while it is closed.
	OpenSince time.Time `json:"open_since,omitzero"`
	// NextTry is when one delivery is tried.
	NextTry time.Time `json:"next_try,omitzero"`
	// Failures counts requests that failed one after another.
	Failures int    `json:"failures,omitzero"`
	Reason   Reason `json:"reason,omitempty"`
	Detail   string `json:"detail,omitempty"`
}

// Usage is how much of its rate limit a destination says is used.
type Usage struct {
	// Percent is the highest share it named, in percent of what it allows; it may
	// be over 100.
	Percent int `json:"percent,omitzero"`
	// RegainSeconds is how long until it takes requests again, as it estimates.
	RegainSeconds int `json:"regain_seconds,omitzero"`
	// Said are its own words, cut to a bounded length, as it sent them.
	Said string `json:"said,omitempty"`
}

// A Check is what a destination answered when it was asked how it stands.
type Check struct {
	At time.Time `json:"at,omitzero"`
	// Verdict: Accepted when it would take events; Blocked when a person has to
	// act; anything else when it could not be asked.
	Verdict Verdict `json:"verdict,omitzero"`
	// Deadlines are what ends by itself.
	Deadlines []Deadline `json:"deadlines,omitempty"`
}

// A Deadline is something that a destination needs and that ends by itself,
// such as a credential.
type Deadline struct {
	// Reason names it, Detail says it in words; WarnFrom is when it becomes an
	// alarm, At when it ends.
	Reason   Reason    `json:"reason"`
	Detail   string    `json:"detail,omitempty"`
	WarnFrom time.Time `json:"warn_from"`
	At       time.Time `json:"at"`
}

// An Alarm is something that a person should act on.
type Alarm struct {
	Reason Reason `json:"reason"`
	Detail string `json:"detail,omitempty"`
	// At is when it ends, or was said; zero when that is not known.
	At time.Time `json:"at,omitzero"`
}
