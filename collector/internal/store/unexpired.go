package store

import (
	"context"
	"slices"
	"time"

	"matchkey/collector"
	"matchkey/collector/internal/identity"
)

// Unexpired reads r as if everything were gone at the very moment at which it
// expires, whenever a sweep takes its bytes off. It is what a person is shown and
// handed over. An event is there as long as one of its deliveries may be sent.
func Unexpired(r collector.Reader, kept collector.Retention, now func() time.Time) collector.Reader {
	if kept == (collector.Retention{}) {
		return r
	}
	return unexpired{r, kept, now}
}

type unexpired struct {
	collector.Reader
	kept collector.Retention
	now  func() time.Time
}

// gone reports whether what ends at a time, or never, is no more.
func (u unexpired) gone(ends time.Time) bool { return !ends.IsZero() && !u.now().Before(ends) }

// Profile implements collector.Reader.
func (u unexpired) Profile(ctx context.Context, s collector.Subject) (collector.Profile, error) {
	p, err := u.Reader.Profile(ctx, s)
	return identity.Retain(p, u.kept, u.now()), err
}

// Event implements collector.Reader.
func (u unexpired) Event(ctx context.Context, key collector.EventKey) (collector.EventRecord, bool, error) {
	rec, known, err := u.Reader.Event(ctx, key)
	if known && err == nil {
		known, err = u.stays(ctx, rec)
	}
	if !known {
		rec = collector.EventRecord{}
	}
	return rec, known, err
}

func (u unexpired) stays(ctx context.Context, rec collector.EventRecord) (bool, error) {
	if !u.gone(u.kept.EventEnds(rec)) {
		return true, nil
	}
	list, err := u.Reader.Deliveries(ctx, collector.DeliveryQuery{Site: rec.Event.Site, EventID: rec.Event.ID})
	return slices.ContainsFunc(list, func(d collector.Delivery) bool {
		return d.EventName == rec.Event.Name && d.NeedsEvent(u.now())
	}), err
}

// EventsByID implements collector.Reader.
func (u unexpired) EventsByID(ctx context.Context, site, id string) ([]collector.EventRecord, error) {
	list, err := u.Reader.EventsByID(ctx, site, id)
	return u.events(ctx, list, err)
}

func (u unexpired) events(ctx context.Context, list []collector.EventRecord, err error) (kept []collector.EventRecord, _ error) {
	for i := 0; i < len(list) && err == nil; i++ {
		var stays bool
		if stays, err = u.stays(ctx, list[i]); stays {
			kept = append(kept, list[i])
		}
	}
	return kept, err
}

// Records implements collector.Reader.
func (u unexpired) Records(ctx context.Context, subjects ...collector.Subject) ([]collector.ConsentRecord, error) {
	list, err := u.Reader.Records(ctx, subjects...)
	return u.records(list), err
}

func (u unexpired) records(list []collector.ConsentRecord) []collector.ConsentRecord {
	return slices.DeleteFunc(list, func(r collector.ConsentRecord) bool { return u.gone(u.kept.ProofEnds(r)) })
}

// Delivery implements collector.Reader.
func (u unexpired) Delivery(ctx context.Context, key collector.DeliveryKey) (collector.Delivery, bool, error) {
	d, known, err := u.Reader.Delivery(ctx, key)
	if !known || err != nil || u.gone(u.kept.DeliveryEnds(&d)) {
		return collector.Delivery{}, false, err
	}
	return d, true, nil
}

// Deliveries implements collector.Reader.
func (u unexpired) Deliveries(ctx context.Context, q collector.DeliveryQuery) ([]collector.Delivery, error) {
	list, err := u.Reader.Deliveries(ctx, q)
	return u.deliveries(list), err
}

func (u unexpired) deliveries(list []collector.Delivery) []collector.Delivery {
	return slices.DeleteFunc(list, func(d collector.Delivery) bool { return u.gone(u.kept.DeliveryEnds(&d)) })
}

// SetAsides implements collector.Reader.
func (u unexpired) SetAsides(ctx context.Context, max int) ([]collector.SetAside, error) {
	list, err := u.Reader.SetAsides(ctx, max)
	return slices.DeleteFunc(list, func(s collector.SetAside) bool { return u.gone(collector.Ends(s.At, u.kept.Events)) }), err
}

// Holders implements collector.Reader.
func (u unexpired) Holders(ctx context.Context, site string, kind collector.Kind, hash string) (holders []collector.Subject, err error) {
	list, err := u.Reader.Holders(ctx, site, kind, hash)
	for i := 0; i < len(list) && err == nil; i++ {
		var p collector.Profile
		if p, err = u.Profile(ctx, list[i]); hasValue(p.Of(kind), hash) {
			holders = append(holders, list[i])
		}
	}
	return holders, err
}

// Record implements collector.Reader.
func (u unexpired) Record(ctx context.Context, s collector.Subject) (collector.PersonRecord, error) {
	rec, err := u.Reader.Record(ctx, s)
	if err != nil {
		return rec, err
	}
	var profiles []collector.Profile
	for _, p := range rec.Profiles {
		if p = identity.Retain(p, u.kept, u.now()); !p.LastAt.IsZero() || len(p.Identifiers) > 0 {
			profiles = append(profiles, p)
		}
	}
	rec.Profiles = profiles
	rec.Consent, rec.Deliveries = u.records(rec.Consent), u.deliveries(rec.Deliveries)
	rec.Events, err = u.events(ctx, rec.Events, nil)
	return rec, err
}

// Using is a store whose profiles are without what has expired by now; all else it
// leaves to the store. It is what a dispatcher joins from.
func Using(s collector.Store, kept collector.Retention, now func() time.Time) collector.Store {
	return using{s, kept, now}
}

type using struct {
	collector.Store
	kept collector.Retention
	now  func() time.Time
}

// Profile implements collector.Reader.
func (u using) Profile(ctx context.Context, s collector.Subject) (collector.Profile, error) {
	p, err := u.Store.Profile(ctx, s)
	return identity.Retain(p, u.kept, u.now()), err
}
