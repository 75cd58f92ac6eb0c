package store

import (
	"bytes"
	"context"
	"errors"
	"slices"

	"github.com/cockroachdb/pebble/v2"

	"matchkey/collector"
	"matchkey/collector/internal/identity"
	"matchkey/collector/internal/journal"
	"matchkey/collector/internal/keyspace"
)

// A replay of a journal whose old part has expired. What only that part could tell
// is kept as it is and not compared: it is written to the scratch store, before the
// journal is applied to it and, where copies of an event came on both sides of the
// beginning, once more behind. All else has to come out the same, to the byte,
// because what was forgotten is forgotten again at the same entries (Keepings).

// seedBatch bounds the rows of one commit of a seeding.
const seedBatch = 1000

// TakeKey has an empty scratch store hash with live's key, so that the two know the
// same hashes. It comes before OpenPebble.
func TakeKey(live, scratch *pebble.DB) error {
	key, err := readHashKey(live)
	if err != nil || len(key) == 0 {
		return err
	}
	return scratch.Set([]byte{keyspace.Salt}, key, pebble.NoSync)
}

// Keepings are the retentions that came into force in a store, by the journal entry
// behind which they did.
func Keepings(live *pebble.DB) (map[collector.Offset]collector.Keeping, error) {
	all := map[collector.Offset]collector.Keeping{}
	prefix := retentionKey('d')
	err := reader{r: live}.keepings(prefix, prefix.End(), func(k kept) bool {
		all[k.after] = k.Keeping
		return true
	})
	return all, err
}

// Seed writes to an empty scratch store what came of the entries of live that have
// expired, and returns behind which entry the journal is to be applied. IndexByEntry
// comes before. expired sets what is known of one such entry.
func Seed(ctx context.Context, live *pebble.DB, scratch *Pebble, expired func(context.Context, collector.Tx, collector.Offset) error) (collector.Offset, error) {
	b, err := journal.BeginningOf(live)
	if err != nil || b.From <= 1 {
		return 0, err
	}
	s := &seeding{live: reader{r: live}, scratch: scratch, begins: b}
	kept, err := Keepings(live)
	if err != nil {
		return 0, err
	}
	var first collector.Offset
	for after := range kept {
		if after < b.From && after >= first {
			first = after
		}
	}
	steps := []func() error{
		func() error {
			return s.apply(ctx, func(tx *tx) error { return tx.Keep(first, kept[first]) })
		},
		func() error { return s.entries(ctx, expired) },
		func() error { return s.each(ctx, keyspace.Profile, s.profile) },
		func() error { return s.each(ctx, keyspace.Event, s.event) },
		func() error { return s.each(ctx, keyspace.Sharer, s.sharer) },
		func() error { return s.copies(ctx) },
	}
	for _, step := range steps {
		if err := step(); err != nil {
			return 0, err
		}
	}
	return b.From - 1, scratch.Apply(ctx, 0, b.From-1, func(collector.Tx) error { return nil })
}

// seeding is a seeding on its way.
type seeding struct {
	live    reader
	scratch *Pebble
	begins  journal.Beginning
}

func (s *seeding) apply(ctx context.Context, fn func(*tx) error) error {
	return s.scratch.change(false, fn)
}

// each gives the rows of one of live's tables to fn, in commits of a bounded size.
func (s *seeding) each(ctx context.Context, table byte, fn func(t *tx, key, value []byte) error) error {
	from, end := []byte(keyspace.In(table)), keyspace.In(table).End()
	for more := true; more; {
		err := s.apply(ctx, func(t *tx) error {
			n := 0
			err := s.live.scan(from, end, func(key, value []byte) (bool, error) {
				n++
				if err := errors.Join(ctx.Err(), fn(t, key, value)); err != nil {
					return false, err
				}
				from = append(slices.Clone(key), 0)
				return n < seedBatch, nil
			})
			more = n == seedBatch
			return err
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// entries sets what live's owners, links and records name of expired entries.
func (s *seeding) entries(ctx context.Context, expired func(context.Context, collector.Tx, collector.Offset) error) error {
	next := collector.Offset(1)
	for next < s.begins.From {
		found := s.begins.From
		err := s.scratch.scan(entryPrefix(next), entryPrefix(s.begins.From), func(key, _ []byte) (bool, error) {
			found = entryOf(key)
			return false, nil
		})
		if err != nil || found >= s.begins.From {
			return err
		}
		if err := s.apply(ctx, func(t *tx) error { return expired(ctx, t, found) }); err != nil {
			return err
		}
		next = found + 1
	}
	return ctx.Err()
}

// old reports whether expired entries may have told something of a subject.
func (s *seeding) old(p collector.Profile) bool { return !p.FirstAt.After(s.begins.Until) }

// profile takes over a profile of which expired entries told something. What the
// journal still tells of it is in it, and merges into it without a change.
func (s *seeding) profile(t *tx, _, value []byte) error {
	return decoded(value, func(p collector.Profile) error {
		if !s.old(p) {
			return nil
		}
		return t.putProfile(collector.Profile{Subject: p.Subject}, p)
	})
}

func (s *seeding) event(t *tx, _, value []byte) error {
	return decoded(value, func(rec collector.EventRecord) error {
		if rec.Offset >= s.begins.From {
			return nil
		}
		return t.PutEvent(rec)
	})
}

// sharer takes over that a subject is known by an e-mail address, if an expired
// entry may have told it.
func (s *seeding) sharer(t *tx, key, _ []byte) error {
	site, rest, ok := keyspace.CutStr(key[1:])
	_, rest, ok2 := keyspace.CutStr(rest)
	subject, ok3 := keyspace.CutSubject(site, rest)
	if !ok || !ok2 || !ok3 {
		return errors.New("BUG: an index row names no subject")
	}
	p, err := s.live.own(subject)
	if err != nil || !s.old(p) {
		return err
	}
	return t.set(key, nil)
}

// copies takes over which conversions are known to have been.
func (s *seeding) copies(ctx context.Context) error {
	return s.each(ctx, keyspace.Retention, func(t *tx, key, value []byte) error {
		if key[1] != 'k' {
			return nil
		}
		return t.set(key, value)
	})
}

// lacks reports whether a profile does not have an identifier that another has. Of
// sessions nothing follows: the entry that began one may have expired, and a later
// one of it would date it anew.
func lacks(p, other collector.Profile) bool {
	return slices.ContainsFunc(other.Identifiers, func(id collector.Identifier) bool { return !hasValue(p.Of(id.Kind), id.Value) })
}

// keepOld makes the scratch store what live should be where the journal's beginning
// and the sweeps are in between: events of before are live's own, and of a profile
// nothing is asked that a sweep has taken away, or is about to.
func (r *Rebuild) keepOld(ctx context.Context) error {
	b, err := journal.BeginningOf(r.Live)
	if err != nil {
		return err
	}
	keep, err := reader{r: r.Live}.lastKeeping()
	if err != nil || keep.Day.IsZero() {
		return err
	}
	s := &seeding{live: reader{r: r.Live}, scratch: &Pebble{reader: reader{r: r.Scratch}, db: r.Scratch}, begins: b}
	if err := s.each(ctx, keyspace.Event, s.event); err != nil {
		return err
	}
	rebuilt := &seeding{live: reader{r: r.Scratch}, scratch: s.scratch}
	return rebuilt.each(ctx, keyspace.Profile, func(t *tx, key, value []byte) error {
		return decoded(value, func(p collector.Profile) error {
			var live collector.Profile
			known, err := s.live.get(key, &live)
			if err != nil {
				return err
			}
			row, err := marshal(live)
			if err != nil || known && bytes.Equal(row, value) {
				return err
			}
			is := identity.Retain(p, keep.Retention, keep.Day)
			switch {
			case known && b.From > 1 && s.old(live) && !lacks(live, is):
				is = live // the journal cannot tell when its values were first seen
			case is.LastAt.IsZero():
				return t.dropProfile(p)
			}
			return t.putProfile(p, is)
		})
	})
}
