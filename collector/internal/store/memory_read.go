package store

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"time"

	"matchkey/collector"
	"matchkey/collector/internal/identity"
)

// The reads of a transaction see its own tables; those of the store see the
// tables of the last change.

// Watermark implements collector.Reader.
func (r *memoryRows) Watermark(context.Context) (collector.Offset, error) { return r.watermark, nil }

// Event implements collector.Reader.
func (r *memoryRows) Event(_ context.Context, key collector.EventKey) (rec collector.EventRecord, ok bool, err error) {
	b, ok := r.events[key]
	if !ok {
		return rec, false, nil
	}
	return rec, true, unmarshal(b, &rec)
}

// EventsByID implements collector.Reader.
func (r *memoryRows) EventsByID(ctx context.Context, site, id string) (recs []collector.EventRecord, err error) {
	for k := range r.events {
		if (site == "" || k.Site == site) && (k.ID == id || ownID(k) == id) {
			rec, _, err := r.Event(ctx, k)
			if err != nil {
				return nil, err
			}
			recs = append(recs, rec)
		}
	}
	slices.SortFunc(recs, func(a, b collector.EventRecord) int {
		x, y := a.Event.Key(), b.Event.Key()
		return cmp.Or(strings.Compare(x.Site, y.Site), strings.Compare(x.Name, y.Name), strings.Compare(x.ID, y.ID))
	})
	return recs, nil
}

// Owner implements collector.Reader.
func (r *memoryRows) Owner(_ context.Context, site, visitor string) (collector.Owner, error) {
	return r.owners[visitorKey{site, visitor}], nil
}

func (r *memoryRows) own(s collector.Subject) (p collector.Profile, err error) {
	if b, ok := r.profiles[s]; ok {
		err = unmarshal(b, &p)
	}
	p.Subject = s
	return p, err
}

// customerOf returns the customer a subject is or is linked to.
func (r *memoryRows) customerOf(s collector.Subject) (string, bool) {
	if s.Kind == collector.SubjectCustomer {
		return s.ID, true
	}
	l, ok := r.links[visitorKey{s.Site, s.ID}]
	return l.Customer, ok
}

func (r *memoryRows) linksOf(site, customer string) (links []collector.Link, err error) {
	for _, l := range r.links {
		if l.Site == site && l.Customer == customer {
			links = append(links, l)
		}
	}
	slices.SortFunc(links, compareLinks)
	return links, nil
}

// Profile implements collector.Reader.
func (r *memoryRows) Profile(_ context.Context, s collector.Subject) (collector.Profile, error) {
	if s.IsZero() {
		return collector.Profile{}, nil
	}
	customer, ok := r.customerOf(s)
	if !ok {
		return r.own(s)
	}
	joined, err := r.own(collector.Customer(s.Site, customer))
	if err != nil {
		return joined, err
	}
	links, err := r.linksOf(s.Site, customer)
	if err != nil {
		return joined, err
	}
	for _, l := range links[:min(len(links), identity.MaxVisitors)] {
		visitor, err := r.own(collector.Visitor(s.Site, l.Visitor))
		if err != nil {
			return joined, err
		}
		joined = identity.Join(joined, visitor)
	}
	return joined, nil
}

// Linked implements collector.Reader.
func (r *memoryRows) Linked(_ context.Context, s collector.Subject) (others []collector.Subject, err error) {
	customer, ok := r.customerOf(s)
	if !ok || s.IsZero() {
		return nil, nil
	}
	links, err := r.linksOf(s.Site, customer)
	if err != nil {
		return nil, err
	}
	for _, o := range personOf(s.Site, customer, links) {
		if o != s {
			others = append(others, o)
		}
	}
	return others, nil
}

// Records implements collector.Reader.
func (r *memoryRows) Records(_ context.Context, subjects ...collector.Subject) (recs []collector.ConsentRecord, err error) {
	for k, b := range r.records {
		if slices.Contains(subjects, k.subject) {
			var rec collector.ConsentRecord
			if err := unmarshal(b, &rec); err != nil {
				return nil, err
			}
			recs = append(recs, rec)
		}
	}
	slices.SortFunc(recs, compareRecords)
	return recs, nil
}

// Delivery implements collector.Reader.
func (r *memoryRows) Delivery(_ context.Context, key collector.DeliveryKey) (d collector.Delivery, ok bool, err error) {
	b, ok := r.deliveries[key]
	if !ok {
		return d, false, nil
	}
	return d, true, unmarshal(b, &d)
}

// Deliveries implements collector.Reader.
func (r *memoryRows) Deliveries(_ context.Context, q collector.DeliveryQuery) ([]collector.Delivery, error) {
	found, err := r.all(q.Selects)
	slices.SortFunc(found, func(a, b collector.Delivery) int {
		return cmp.Or(b.MatchedAt.Compare(a.MatchedAt), strings.Compare(a.Key.String(), b.Key.String()))
	})
	return found[:min(len(found), bound(q.Max))], err
}

// Accounts implements collector.Reader.
func (r *memoryRows) Accounts(_ context.Context, from, to time.Time) (accounts []collector.Account, err error) {
	for k, b := range r.accounts {
		if k.hour.Before(from.UTC().Truncate(time.Hour)) || !k.hour.Before(to) {
			continue
		}
		var a collector.Account
		if err := unmarshal(b, &a); err != nil {
			return nil, err
		}
		accounts = append(accounts, a)
	}
	slices.SortFunc(accounts, func(a, b collector.Account) int {
		return cmp.Or(a.Hour.Compare(b.Hour), strings.Compare(a.Site, b.Site),
			strings.Compare(a.Destination, b.Destination), strings.Compare(a.Send, b.Send))
	})
	return accounts, nil
}

// SetAsides implements collector.Reader.
func (r *memoryRows) SetAsides(_ context.Context, max int) ([]collector.SetAside, error) {
	list := slices.Clone(r.setAsides)
	slices.SortFunc(list, func(a, b collector.SetAside) int { return cmp.Compare(b.Offset, a.Offset) })
	return list[:min(len(list), bound(max))], nil
}

// Watermark implements collector.Reader.
func (m *Memory) Watermark(ctx context.Context) (collector.Offset, error) {
	return m.view().Watermark(ctx)
}

// Event implements collector.Reader.
func (m *Memory) Event(ctx context.Context, key collector.EventKey) (collector.EventRecord, bool, error) {
	return m.view().Event(ctx, key)
}

// EventsByID implements collector.Reader.
func (m *Memory) EventsByID(ctx context.Context, site, id string) ([]collector.EventRecord, error) {
	return m.view().EventsByID(ctx, site, id)
}

// Owner implements collector.Reader.
func (m *Memory) Owner(ctx context.Context, site, visitor string) (collector.Owner, error) {
	return m.view().Owner(ctx, site, visitor)
}

// Profile implements collector.Reader.
func (m *Memory) Profile(ctx context.Context, s collector.Subject) (collector.Profile, error) {
	return m.view().Profile(ctx, s)
}

// Linked implements collector.Reader.
func (m *Memory) Linked(ctx context.Context, s collector.Subject) ([]collector.Subject, error) {
	return m.view().Linked(ctx, s)
}

// Records implements collector.Reader.
func (m *Memory) Records(ctx context.Context, s ...collector.Subject) ([]collector.ConsentRecord, error) {
	return m.view().Records(ctx, s...)
}

// Delivery implements collector.Reader.
func (m *Memory) Delivery(ctx context.Context, key collector.DeliveryKey) (collector.Delivery, bool, error) {
	return m.view().Delivery(ctx, key)
}

// Deliveries implements collector.Reader.
func (m *Memory) Deliveries(ctx context.Context, q collector.DeliveryQuery) ([]collector.Delivery, error) {
	return m.view().Deliveries(ctx, q)
}

// Accounts implements collector.Reader.
func (m *Memory) Accounts(ctx context.Context, from, to time.Time) ([]collector.Account, error) {
	return m.view().Accounts(ctx, from, to)
}

// SetAsides implements collector.Reader.
func (m *Memory) SetAsides(ctx context.Context, max int) ([]collector.SetAside, error) {
	return m.view().SetAsides(ctx, max)
}

// Record implements collector.Reader.
func (m *Memory) Record(ctx context.Context, s collector.Subject) (collector.PersonRecord, error) {
	return m.view().Record(ctx, s)
}

// Holders implements collector.Reader.
func (m *Memory) Holders(ctx context.Context, site string, kind collector.Kind, hash string) ([]collector.Subject, error) {
	return m.view().Holders(ctx, site, kind, hash)
}

// Suppressed implements collector.Reader.
func (m *Memory) Suppressed(ctx context.Context, ev collector.Event) (time.Time, error) {
	return m.view().Suppressed(ctx, ev)
}

// Receipt implements collector.Reader.
func (m *Memory) Receipt(ctx context.Context, id string) (collector.Receipt, bool, error) {
	return m.view().Receipt(ctx, id)
}

// Counted implements collector.Reader.
func (m *Memory) Counted(s collector.Subject, scenario string, after, before time.Time) ([]collector.Counted, error) {
	return m.view().Counted(s, scenario, after, before)
}
