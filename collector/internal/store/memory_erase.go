package store

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
	"time"

	"matchkey/collector"
)

// Erasure in memory. Names stand in the clear: nothing here outlives the
// process.

// Record implements collector.Reader.
func (r *memoryRows) Record(ctx context.Context, s collector.Subject) (collector.PersonRecord, error) {
	return personRecord(ctx, r, s)
}

// Holders implements collector.Reader.
func (r *memoryRows) Holders(_ context.Context, site string, kind collector.Kind, hash string) (holders []collector.Subject, err error) {
	for s := range r.profiles {
		p, err := r.own(s)
		if err != nil {
			return nil, err
		}
		if s.Site == site && isHeld(kind) && slices.ContainsFunc(p.Of(kind), func(id collector.Identifier) bool { return id.Value == hash }) {
			holders = append(holders, s)
		}
	}
	slices.SortFunc(holders, func(a, b collector.Subject) int { return strings.Compare(a.String(), b.String()) })
	return holders, nil
}

// Suppressed implements collector.Reader.
func (r *memoryRows) Suppressed(_ context.Context, ev collector.Event) (time.Time, error) {
	return suppressedSince(ev, r.tombstone)
}

func (r *memoryRows) tombstone(name string) (tombstone, error) { return r.tombstones[name], nil }

// Receipt implements collector.Reader.
func (r *memoryRows) Receipt(_ context.Context, id string) (collector.Receipt, bool, error) {
	receipt, ok := r.receipts[id]
	return receipt, ok, nil
}

// Concerns implements collector.Tx.
func (r *memoryRows) Concerns(e collector.Entry, subjects ...collector.Subject) error {
	for _, s := range subjects {
		r.concerned[s] = append(r.concerned[s], concern{s, e.Offset, e.Event.Key()})
		_ = redue(r, nil, concernsDue(subjectName(s), r.retention.keep))
	}
	return nil
}

// Lift implements collector.Tx.
func (r *memoryRows) Lift(ev collector.Event) error {
	for _, name := range liftedNames(ev) {
		r.tombstones[name] = tombstone{BackAt: ev.ReceivedAt}
	}
	return nil
}

// Forget implements collector.Tx.
func (r *memoryRows) Forget(e collector.Entry) (string, error) {
	id := collector.ForgottenID(r.pseudonym(e.Event.Key()))
	_, err := r.forget(e.Offset, id)
	return id, err
}

func (r *memoryRows) concerns(s collector.Subject, max int) ([]concern, error) {
	list := r.concerned[s]
	return list[:min(len(list), max)], nil
}

func (r *memoryRows) pseudonym(k collector.EventKey) string {
	sum := sha256.Sum256(fmt.Appendf(nil, "%q %q %q", k.Site, k.Name, k.ID))
	return hex.EncodeToString(sum[:12])
}

func (r *memoryRows) suppress(name string, t tombstone) error {
	r.tombstones[name] = t
	return nil
}

func (r *memoryRows) forget(o collector.Offset, id string) (bool, error) {
	if _, done := r.forgets[o]; done || r.journal == nil || !r.journal.Remembers(o) {
		return false, nil
	}
	r.forgets[o] = id
	return true, nil
}

func (r *memoryRows) entryAt(o collector.Offset) (collector.Event, bool, error) {
	if _, done := r.forgets[o]; done || r.journal == nil {
		return collector.Event{}, false, nil
	}
	ev, ok := r.journal.At(o)
	return ev, ok, nil
}

func (r *memoryRows) dropConcern(c concern) error {
	// Views share the list: it is cut, never written into.
	if list := r.concerned[c.subject]; len(list) > 0 && list[0] == c {
		r.concerned[c.subject] = list[1:]
	}
	return nil
}

func (r *memoryRows) dropSetAside(o collector.Offset) (bool, error) {
	was := len(r.setAsides)
	r.setAsides = slices.DeleteFunc(r.setAsides, func(s collector.SetAside) bool { return s.Offset == o })
	return len(r.setAsides) < was, nil
}

func (r *memoryRows) dropEvent(k collector.EventKey) error {
	delete(r.events, k)
	for d := range r.dues {
		if d.sort == dueEvent && d.name == eventName(k) {
			delete(r.dues, d)
		}
	}
	return nil
}

func (r *memoryRows) dropProfile(p collector.Profile) error {
	delete(r.profiles, p.Subject)
	return redue(r, profileDue(p, r.retention.keep), nil)
}

func (r *memoryRows) dropRecords(s collector.Subject) (n int, err error) {
	list, err := r.Records(context.Background(), s)
	for _, rec := range list {
		_ = r.dropRecord(rec)
	}
	return len(list), err
}

func (r *memoryRows) dropLink(l collector.Link) error {
	delete(r.links, visitorKey{l.Site, l.Visitor})
	return nil
}

func (r *memoryRows) putLink(l collector.Link) error {
	r.links[visitorKey{l.Site, l.Visitor}] = l
	return nil
}

func (r *memoryRows) dropSharer(hash string, s collector.Subject) error {
	delete(r.sharers, sharerKey{hash, s})
	return nil
}

func (r *memoryRows) dropOwner(site, visitor string) error {
	delete(r.owners, visitorKey{site, visitor})
	return nil
}

func (r *memoryRows) replace(before, after *collector.Delivery) error {
	_ = r.dropDelivery(before)
	if err := r.account(before, after); err != nil {
		return err
	}
	_ = redue(r, nil, deliveryDue(after, r.retention.keep))
	b, err := marshal(after)
	r.deliveries[after.Key] = b
	return err
}

func (r *memoryRows) putReceipt(receipt collector.Receipt) error {
	r.receipts[receipt.ID] = receipt
	return nil
}

var _ eraser = (*memoryRows)(nil)
