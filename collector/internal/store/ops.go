package store

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"matchkey/collector"
)

// What a delivery does on a lease, a settlement and so on. The first function
// of each pair changes one delivery and reports whether it applies; the second
// does it to many, within one change of a store. They know nothing of how
// deliveries are kept.

// An updater reads a delivery, changes it by fn and writes it back. It returns
// nil when fn says that it does not apply.
type updater interface {
	update(key collector.DeliveryKey, fn func(*collector.Delivery) (bool, error)) (*collector.Delivery, error)
}

// errMissing is an update's error when there is no such delivery.
var errMissing = errors.New("BUG: it is not in the store")

// updateLeased updates a delivery that was leased. It may have been erased
// meanwhile: then nothing applies.
func updateLeased(u updater, key collector.DeliveryKey, fn func(*collector.Delivery) (bool, error)) (*collector.Delivery, error) {
	d, err := u.update(key, fn)
	if errors.Is(err, errMissing) {
		return nil, nil
	}
	return d, err
}

// lease takes a due delivery; held, waiting and in-doubt ones pass through
// pending.
func lease(d *collector.Delivery, now time.Time, id string, length time.Duration) error {
	if d.State != collector.StatePending {
		if err := d.Move(collector.StatePending, now, d.Reasons...); err != nil {
			return err
		}
	}
	if err := d.Move(collector.StateLeased, now, d.Reasons...); err != nil {
		return err
	}
	d.Lease = collector.Lease{ID: id, Until: now.Add(length)}
	d.LookAt = time.Time{}
	return nil
}

// lookAt is when a delivery has to be decided although it may not be sent, the
// end of its window included; zero when it need not be.
func lookAt(d *collector.Delivery) time.Time {
	switch d.State {
	case collector.StateHeld, collector.StateWaiting:
		return collector.Earlier(d.DueAt, d.ExpiresAt)
	case collector.StatePending:
		return collector.Earlier(d.LookAt, d.ExpiresAt)
	case collector.StateInDoubt:
		if len(d.Payload.Body) > 0 {
			return collector.Earlier(d.LookAt, d.ExpiresAt) // at the end of the window the body goes
		}
		return d.LookAt
	}
	return time.Time{}
}

// sendAt is when a delivery is due to be sent; zero when it is not to be sent.
func sendAt(d *collector.Delivery) time.Time {
	switch d.State {
	case collector.StatePending, collector.StateInDoubt:
		return d.DueAt
	}
	return time.Time{}
}

func leaseAll(u updater, keys []collector.DeliveryKey, now time.Time, id string, length time.Duration) (leased []collector.Delivery, err error) {
	for _, key := range keys {
		d, err := u.update(key, func(d *collector.Delivery) (bool, error) { return true, lease(d, now, id, length) })
		if err != nil {
			return nil, err
		}
		leased = append(leased, *d)
	}
	return leased, nil
}

func leasedUnder(d *collector.Delivery, id string) bool {
	return d.State == collector.StateLeased && d.Lease.ID == id && id != ""
}

// begin records that an attempt goes out as given, and renews the lease.
func begin(d *collector.Delivery, as collector.Delivery, at time.Time, length time.Duration) bool {
	if !leasedUnder(d, as.Lease.ID) || !at.Before(d.Lease.Until) {
		return false
	}
	d.Lease.Until = at.Add(length)
	d.Decision, d.Payload = as.Decision, as.Payload
	d.ExpiresAt, d.ExpiresWhy = as.ExpiresAt, as.ExpiresWhy
	d.Begin(at)
	return true
}

func beginAll(u updater, begun []collector.Delivery, at time.Time, length time.Duration) (good []collector.Delivery, err error) {
	for i := range begun {
		d, err := updateLeased(u, begun[i].Key, func(d *collector.Delivery) (bool, error) { return begin(d, begun[i], at, length), nil })
		if err != nil {
			return nil, err
		}
		if d != nil {
			good = append(good, *d)
		}
	}
	return good, nil
}

// settle ends a lease with an outcome.
func settle(d *collector.Delivery, s collector.Settlement) (bool, error) {
	if !leasedUnder(d, s.Lease) {
		return false, nil
	}
	if s.Verdict != nil && d.InFlight() {
		last := &d.Attempts[len(d.Attempts)-1]
		last.EndedAt, last.Verdict = s.At, *s.Verdict
		if s.Verdict.Ruling == collector.InDoubt || s.Verdict.Doubtful {
			d.Doubts++
		}
		if s.Verdict.Ruling == collector.InDoubt {
			d.Unanswered++
		}
	}
	if s.Verdict == nil && d.InFlight() {
		// Whoever holds the lease says so: it began and nothing was sent.
		d.Attempts = d.Attempts[:len(d.Attempts)-1]
	}
	if !s.ExpiresAt.IsZero() {
		d.ExpiresAt, d.ExpiresWhy = s.ExpiresAt, s.ExpiresWhy
	}
	if s.Spent {
		d.Tries++
	}
	if s.Decision != nil {
		d.Decision = *s.Decision
	}
	if s.Payload != nil {
		d.Payload = *s.Payload
	}
	d.Detail = s.Detail
	d.DueAt = s.DueAt
	if !d.LookAt.IsZero() && (s.To == collector.StateHeld || s.To == collector.StateWaiting) {
		d.DueAt, d.LookAt = s.At, time.Time{}
	}
	return true, d.Move(s.To, s.At, s.Reasons...)
}

func settleAll(u updater, settlements []collector.Settlement) (settled int, err error) {
	for _, s := range settlements {
		d, err := updateLeased(u, s.Key, func(d *collector.Delivery) (bool, error) { return settle(d, s) })
		if err != nil {
			return 0, err
		}
		if d != nil {
			settled++
		}
	}
	return settled, nil
}

// rescue takes back a lease whose holder is gone.
func rescue(d *collector.Delivery, now, doubtDueAt time.Time) error {
	if !d.InFlight() {
		// It keeps its place in the queue.
		to := collector.StatePending
		if d.Doubted() {
			to = collector.StateInDoubt
		}
		return d.Move(to, now, d.Reasons...)
	}
	last := &d.Attempts[len(d.Attempts)-1]
	last.EndedAt = now
	last.Verdict = collector.Verdict{Ruling: collector.InDoubt, Reason: collector.ReasonCrashed}
	d.Doubts++
	d.Tries++
	d.DueAt = doubtDueAt
	return d.Move(collector.StateInDoubt, now, collector.ReasonCrashed)
}

func rescueAll(u updater, keys []collector.DeliveryKey, now, doubtDueAt time.Time) (pending, inDoubt int, err error) {
	for _, key := range keys {
		d, err := u.update(key, func(d *collector.Delivery) (bool, error) { return true, rescue(d, now, doubtDueAt) })
		switch {
		case err != nil:
			return 0, 0, err
		case d.State == collector.StateInDoubt:
			inDoubt++
		default:
			pending++
		}
	}
	return pending, inDoubt, nil
}

// redrive puts a dead delivery back; it is composed anew.
func redrive(d *collector.Delivery, now time.Time) (bool, error) {
	if d.State != collector.StateDead {
		return false, nil
	}
	if err := d.Move(collector.StatePending, now, collector.ReasonRedriven); err != nil {
		return false, err
	}
	d.DueAt, d.Tries, d.Detail, d.Payload = now, 0, "", collector.Payload{}
	return true, nil
}

// resolve ends a doubt as a person says.
func resolve(d *collector.Delivery, to collector.State, now time.Time) (bool, error) {
	if d.State != collector.StateInDoubt {
		return false, nil
	}
	switch to {
	case collector.StateDelivered, collector.StateDead, collector.StatePending:
	default:
		return false, fmt.Errorf("a doubt ends in delivered, dead or pending, not in %q", to)
	}
	if err := d.Move(to, now, collector.ReasonResolved); err != nil {
		return false, err
	}
	if to == collector.StatePending {
		d.DueAt = now
	}
	return true, nil
}

// changeAll does one act to many deliveries and counts those that it applied to.
func changeAll(u updater, list []collector.Delivery, act func(*collector.Delivery) (bool, error)) (n int, err error) {
	for i := range list {
		d, err := u.update(list[i].Key, act)
		if err != nil {
			return 0, err
		}
		if d != nil {
			n++
		}
	}
	return n, nil
}

// wake has a delivery decided again because something about its person changed.
// A pending one keeps the time of its next attempt, and so does one in doubt: what
// is new cannot undo what was sent, but may take away what is kept to send again.
func wake(d *collector.Delivery, at time.Time) (bool, error) {
	switch d.State {
	case collector.StateHeld, collector.StateWaiting:
		if err := d.Move(collector.StatePending, at, d.Reasons...); err != nil {
			return false, err
		}
		d.DueAt = at
	case collector.StatePending, collector.StateInDoubt, collector.StateLeased:
		if !d.LookAt.IsZero() && !d.LookAt.After(at) {
			return false, nil
		}
		d.LookAt = at
	default:
		return false, nil
	}
	return true, nil
}

// improve takes over what a later copy of the event knew, and whom it is about,
// while nothing of the delivery was sent.
func improve(d *collector.Delivery, better collector.Delivery) bool {
	if len(d.Attempts) > 0 || !d.State.Open() {
		return false
	}
	d.Properties, d.Mapping, d.Person = better.Properties, better.Mapping, better.Person
	return true
}

// addCounted adds an event that counts to a limit, once for all its destinations.
func addCounted(all []collector.Counted, id string, at time.Time) []collector.Counted {
	if slices.ContainsFunc(all, func(c collector.Counted) bool { return c.EventID == id }) {
		return all
	}
	return append(all, collector.Counted{EventID: id, OccurredAt: at})
}

// allWithheld reports whether nothing of an event goes anywhere.
func allWithheld(deliveries []collector.Delivery, eventName string) bool {
	for i := range deliveries {
		if deliveries[i].EventName == eventName && deliveries[i].State != collector.StateWithheld {
			return false
		}
	}
	return true
}

// linkOf is the link of a visitor's present generation, by its effective name.
func linkOf(site, name string, o collector.Owner) collector.Link {
	return collector.Link{
		Site: site, Visitor: name, Customer: o.Customer, Since: o.Since, Generation: o.Generation, Offset: o.Offset,
	}
}

// redactedRecord is what is left of an event. It is the first copy's, as it
// stands in the journal from then on, so that a replay finds the same.
func redactedRecord(rec collector.EventRecord, reasons []collector.Reason) collector.EventRecord {
	rec.Event = rec.Event.Redacted(reasons...)
	if len(rec.Copies) > 0 {
		first := rec.Copies[0]
		rec.Event.Origin, rec.Event.Receipt, rec.Event.ReceivedAt = first.Origin, first.Receipt, first.ReceivedAt
	}
	return rec
}

// journalEntries are the entries of a redacted event and its copies, as the
// journal shall have them. Each keeps its own receipt and times.
func journalEntries(redacted collector.EventRecord) (entries []collector.Entry) {
	for _, c := range redacted.Copies {
		ev := redacted.Event
		ev.Origin, ev.Receipt, ev.ReceivedAt = c.Origin, c.Receipt, c.ReceivedAt
		entries = append(entries, collector.Entry{Offset: c.Offset, Event: ev})
	}
	return entries
}

// overruled lists the records of one purpose beyond the bound. Grants and
// refusals are bounded apart: a grant that does not count overrules nothing, so
// no number of grants may push out the newest refusal.
func overruled(records []collector.ConsentRecord, purpose string) (old []collector.ConsentRecord) {
	for _, grants := range []bool{true, false} {
		var of []collector.ConsentRecord
		for _, r := range records {
			if r.Purpose == purpose && (r.Action == collector.ConsentAccept) == grants {
				of = append(of, r)
			}
		}
		slices.SortFunc(of, compareRecords)
		old = append(old, of[:max(0, len(of)-collector.MaxRecords)]...)
	}
	return old
}
