package store

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"matchkey/collector"
	"matchkey/collector/internal/identity"
	"matchkey/collector/internal/journal"
	"matchkey/collector/internal/keyspace"
)

// EraseAgain erases whom a restore brought back: all that is kept under a name
// whose tombstone was carried over (keyspace.Carry). It returns how many people
// that were, each with a receipt of its own. Call it when the journal is applied,
// and before anything is sent. Cut off, the next call does what is left. Where
// nothing was carried over it does nothing.
func (p *Pebble) EraseAgain(ctx context.Context, at time.Time) (people int, err error) {
	prefix := keyspace.In(keyspace.Unapplied)
	names := map[string]bool{} // keyed hashes
	err = p.scan(prefix, prefix.End(), func(key, _ []byte) (bool, error) {
		names[string(key[len(prefix):])] = true
		return true, nil
	})
	if err != nil || len(names) == 0 {
		return 0, err
	}
	back, err := p.subjectsUnder(names)
	if err != nil {
		return 0, fmt.Errorf("couldn't look for who was erased and is back by a restore: %w", err)
	}
	for len(back) > 0 {
		person, err := personOfSubject(ctx, p, back[0])
		if err != nil {
			return people, err
		}
		if _, err := p.erase(ctx, back[0], at, true); err != nil {
			return people, err
		}
		people++
		back = slices.DeleteFunc(back, func(s collector.Subject) bool { return slices.Contains(person, s) })
	}
	return people, p.change(true, func(t *tx) error {
		return t.batch.DeleteRange(prefix, prefix.End(), nil)
	})
}

// subjectsUnder reads the whole store for subjects whose names have these
// tombstones: whoever is named by a profile, an answer, a browser's owner, a link,
// an event, a delivery or a journal entry.
func (p *Pebble) subjectsUnder(names map[string]bool) (found []collector.Subject, err error) {
	seen := map[collector.Subject]bool{}
	add := func(s collector.Subject) {
		if s.ID == "" || seen[s] {
			return
		}
		seen[s] = true
		if names[string(p.key.hash("tombstone", nameOf(s.Site, string(s.Kind), s.ID)))] {
			found = append(found, s)
		}
	}
	event := func(ev collector.Event) {
		add(collector.Customer(ev.Site, ev.Customer))
		add(collector.Visitor(ev.Site, ev.Visitor))
	}
	for table, read := range map[byte]func(key, value []byte) error{
		keyspace.Profile: func(_, value []byte) error {
			return with(value, func(p collector.Profile) { add(p.Subject) })
		},
		keyspace.Record: func(_, value []byte) error {
			return with(value, func(r collector.ConsentRecord) { add(r.Subject) })
		},
		keyspace.LedgerOf: func(key, _ []byte) error {
			site, rest, _ := keyspace.CutStr(key[1:])
			kind, rest, _ := keyspace.CutStr(rest)
			id, _, ok := keyspace.CutStr(rest)
			if !ok {
				return fmt.Errorf("BUG: key %x names no subject", key)
			}
			add(collector.Subject{Site: site, Kind: collector.SubjectKind(kind), ID: id})
			return nil
		},
		keyspace.Link: func(_, value []byte) error {
			return with(value, func(l collector.Link) {
				add(collector.Customer(l.Site, l.Customer))
				add(collector.Visitor(l.Site, l.Visitor))
			})
		},
		keyspace.Owner: func(key, value []byte) error {
			site, rest, _ := keyspace.CutStr(key[1:])
			visitor, _, ok := keyspace.CutStr(rest)
			if !ok {
				return fmt.Errorf("BUG: key %x names no browser", key)
			}
			return with(value, func(o collector.Owner) {
				for _, t := range append(slices.Clone(o.Earlier), o.Tenure) {
					add(collector.Customer(site, t.Customer))
					add(collector.Visitor(site, identity.Effective(visitor, t.Generation)))
				}
			})
		},
		keyspace.Event: func(_, value []byte) error {
			return with(value, func(r collector.EventRecord) { event(r.Event) })
		},
		keyspace.Delivery: func(_, value []byte) error {
			return with(value, func(d collector.Delivery) { add(d.Person) })
		},
		keyspace.Journal: func(key, value []byte) error {
			e, err := journal.EntryOf(key, value)
			if _, unreadable := errors.AsType[*journal.FrameError](err); unreadable {
				return nil // set aside
			}
			event(e.Event)
			return err
		},
	} {
		prefix := keyspace.In(table)
		err := p.scan(prefix, prefix.End(), func(key, value []byte) (bool, error) {
			err := read(key, value)
			return err == nil, err
		})
		if err != nil {
			return nil, err
		}
	}
	slices.SortFunc(found, func(a, b collector.Subject) int { return strings.Compare(a.String(), b.String()) })
	return found, nil
}

// with decodes a row's value for fn.
func with[T any](value []byte, fn func(T)) error {
	var v T
	if err := unmarshal(value, &v); err != nil {
		return err
	}
	fn(v)
	return nil
}
