package store

import (
	"context"
	"fmt"
	"slices"
	"time"

	"matchkey/collector"
	"matchkey/collector/internal/identity"
	"matchkey/collector/internal/journal"
	"matchkey/collector/internal/keyspace"
)

// Deleting what has expired, written once for both stores; see the package's
// comment.

// maxSwept bounds the rows that one commit of a sweep takes, so that the pipeline
// never waits long for it; maxConcerns those of one subject within.
const (
	maxSwept    = 256
	maxConcerns = 1024
)

// The sorts of what falls due. Each is one row in the index for each thing, under
// the day from which on something of it is to be deleted.
const (
	dueSubject  = 's' // a profile: its first value expires
	dueRecord   = 'c' // a consent record
	dueDelivery = 'd' // a settled delivery
	dueEvent    = 'e' // an event that outlasted its journal entries, for an open delivery's sake
	dueConcerns = 'g' // journal entries of a subject, by a keyed hash
	dueSpent    = 'k' // that a conversion happened, by a keyed hash

	dueSorts = "scdegk"
)

// A due is something that falls due on a day. Its name is what the sort is known by.
type due struct {
	day  int
	sort byte
	name string
}

const day = 24 * time.Hour

// dayOf is the number of the day a time lies in.
func dayOf(t time.Time) int { return int(t.UTC().Unix() / int64(day/time.Second)) }

// dayFrom is the first day by whose beginning a time has come.
func dayFrom(t time.Time) int {
	n := dayOf(t)
	if t.After(midnight(n)) {
		n++
	}
	return n
}

func midnight(n int) time.Time { return time.Unix(int64(n)*int64(day/time.Second), 0).UTC() }

// days are the whole days in which a length lies.
func days(d time.Duration) int { return int((d + day - 1) / day) }

func subjectName(s collector.Subject) string { return string(keyspace.Key{}.Subject(s)) }
func recordName(r collector.ConsentRecord) string {
	return string(keyspace.Key{}.Subject(r.Subject).Str(r.ID))
}
func deliveryName(k collector.DeliveryKey) string { return string(keyspace.Key{}.Delivery(k)) }
func eventName(k collector.EventKey) string {
	return string(keyspace.Key{}.Str(k.Site).Str(k.Name).Str(k.ID))
}

// dueOf is when something falls due that expires at a time; nothing when it never does.
func dueOf(ends time.Time, sort byte, name func() string) (list []due) {
	if ends.IsZero() {
		return nil
	}
	return []due{{dayFrom(ends), sort, name()}}
}

func profileDue(p collector.Profile, k collector.Keeping) []due {
	return dueOf(identity.Expires(p, k.Retention), dueSubject, func() string { return subjectName(p.Subject) })
}

func recordDue(r collector.ConsentRecord, k collector.Keeping) []due {
	return dueOf(k.Retention.ProofEnds(r), dueRecord, func() string { return recordName(r) })
}

func deliveryDue(d *collector.Delivery, k collector.Keeping) []due {
	return dueOf(k.Retention.DeliveryEnds(d), dueDelivery, func() string { return deliveryName(d.Key) })
}

// concernsDue is when the rows of a subject that find journal entries of today fall
// due: on the day on which the entries do.
func concernsDue(name string, k collector.Keeping) []due {
	if k.Day.IsZero() || k.Retention.Events <= 0 {
		return nil
	}
	return []due{{dayOf(k.Day) + 1 + days(k.Retention.Events), dueConcerns, name}}
}

// forgetter is one change of a store, as a sweep sees it.
type forgetter interface {
	eraser
	keeping() collector.Keeping
	setDue(due) error
	dropDue(due) error
	// dueBy lists the first of what is due by a day.
	dueBy(day, max int) ([]due, error)
	beginning() (journal.Beginning, error)
	// begin has the journal begin anew, and with trim takes off what is before.
	begin(b journal.Beginning, trim bool) error
	// known is the last entry that was applied when a day began; 0 when none was.
	known(day int) (collector.Offset, error)
	// knownOn is the first day, not before another, at whose beginning an entry was
	// applied; ok is false when there is none yet.
	knownOn(o collector.Offset, from int) (day int, ok bool, err error)
	frames(from, to collector.Offset, max int) ([]journal.Framed, error)
	// setAsidesBefore are the offsets that were set aside before one.
	setAsidesBefore(o collector.Offset, max int) ([]collector.Offset, error)
	putProfile(was, is collector.Profile) error
	dropDelivery(*collector.Delivery) error
	dropRecord(collector.ConsentRecord) error
	concernsUnder(name string, max int) ([]concern, error)
	dropConcernUnder(name string, o collector.Offset) error
	spend(k collector.EventKey, until int) error
	unspend(name string) error
}

// redue moves the rows by which something is found when it falls due.
func redue(x interface {
	setDue(due) error
	dropDue(due) error
}, was, is []due) error {
	if slices.Equal(was, is) {
		return nil
	}
	for _, d := range was {
		if err := x.dropDue(d); err != nil {
			return err
		}
	}
	for _, d := range is {
		if err := x.setDue(d); err != nil {
			return err
		}
	}
	return nil
}

// sweeping is one commit of a sweep on its way.
type sweeping struct {
	forgetter
	keep  collector.Keeping
	today int
	from  collector.Offset // where the journal begins
	left  int              // rows that this commit may still take
	swept collector.Swept
}

// sweep does one commit of a sweep; more is true when another is needed now.
func sweep(ctx context.Context, x forgetter) (swept collector.Swept, more bool, err error) {
	w := &sweeping{forgetter: x, keep: x.keeping(), left: maxSwept}
	if w.keep.Day.IsZero() {
		return swept, false, nil
	}
	w.today = dayOf(w.keep.Day)
	if more, err = w.entries(ctx); more || err != nil {
		return w.swept, more, err
	}
	list, err := w.dueBy(w.today, w.left)
	if err != nil {
		return w.swept, false, err
	}
	for _, d := range list {
		if err := w.dropDue(d); err != nil {
			return w.swept, false, err
		}
		if err := w.due(ctx, d); err != nil {
			return w.swept, false, fmt.Errorf("couldn't delete what expired (%c): %w", d.sort, err)
		}
	}
	return w.swept, len(list) == w.left, nil
}

// entries has the journal begin where it has not expired, and takes off the events
// whose last copy was before.
func (w *sweeping) entries(ctx context.Context) (more bool, err error) {
	b, err := w.beginning()
	w.from = b.From
	if err != nil || w.keep.Retention.Events <= 0 {
		return false, err
	}
	cut, err := w.known(w.today - days(w.keep.Retention.Events))
	if err != nil || cut < max(b.From, 1) {
		return false, err
	}
	list, err := w.frames(max(b.From, 1), cut, w.left)
	if err != nil {
		return false, err
	}
	for _, f := range list {
		b.Until = collector.Later(b.Until, f.At)
		if err := w.event(ctx, f.Event, cut); err != nil {
			return false, err
		}
	}
	w.swept.Frames += len(list)
	w.left -= len(list)
	if more = w.left <= 0; more {
		b.From = list[len(list)-1].Offset + 1
	} else {
		b.From = cut + 1
		if more, err = w.setAsides(b.From); more || err != nil {
			return more, err // once more, with the same entries
		}
	}
	w.from = b.From
	return more, w.begin(b, !more)
}

// setAsides drops what was set aside of entries that expired.
func (w *sweeping) setAsides(before collector.Offset) (more bool, err error) {
	list, err := w.setAsidesBefore(before, maxSwept)
	for _, o := range list {
		if _, dropErr := w.dropSetAside(o); dropErr != nil {
			return false, dropErr
		}
		w.swept.SetAsides++
	}
	return len(list) == maxSwept, err
}

// event takes off an event all of whose copies came up to an entry.
func (w *sweeping) event(ctx context.Context, k collector.EventKey, cut collector.Offset) error {
	if k == (collector.EventKey{}) {
		return nil
	}
	rec, known, err := w.Event(ctx, k)
	if !known || err != nil || lastOffset(rec) > cut {
		return err
	}
	return w.expireEvent(ctx, rec.Event.Key())
}

// lastOffset is the journal entry of an event's last copy.
func lastOffset(rec collector.EventRecord) collector.Offset {
	last := rec.Offset
	for _, c := range rec.Copies {
		last = max(last, c.Offset)
	}
	return last
}

// expireEvent takes off an event, unless a delivery may yet be sent: then it is
// looked at again every day. Of one that was a conversion a keyed hash is left, so
// that an order whose page is opened again does not count a second time.
func (w *sweeping) expireEvent(ctx context.Context, k collector.EventKey) error {
	list, err := w.Deliveries(ctx, collector.DeliveryQuery{Site: k.Site, EventID: k.ID})
	if err != nil {
		return err
	}
	list = slices.DeleteFunc(list, func(d collector.Delivery) bool { return d.EventName != k.Name || d.Key.EventID != k.ID })
	if slices.ContainsFunc(list, func(d collector.Delivery) bool { return d.NeedsEvent(w.keep.Day) }) {
		return w.setDue(due{w.today + 1, dueEvent, eventName(k)})
	}
	if err := w.dropEvent(k); err != nil {
		return err
	}
	w.swept.Events++
	if len(list) == 0 {
		return nil
	}
	if err := w.spend(k, w.spentUntil()); err != nil {
		return err
	}
	for i := range list {
		if ends := w.keep.Retention.DeliveryEnds(&list[i]); ends.IsZero() || ends.After(w.keep.Day) {
			continue
		}
		if err := w.expireDelivery(&list[i]); err != nil {
			return err
		}
	}
	return nil
}

// spentUntil is the day until which it is known that a conversion happened: as
// long as a browser or a person may be known.
func (w *sweeping) spentUntil() int {
	if w.keep.Retention.External <= 0 {
		return dayOf(collector.Never)
	}
	return w.today + days(w.keep.Retention.External)
}

func (w *sweeping) due(ctx context.Context, d due) error {
	switch d.sort {
	case dueSubject:
		s, ok := cutSubject(d.name)
		if !ok {
			return errNameless(d)
		}
		return w.subject(ctx, s)
	case dueRecord:
		return w.record(ctx, d)
	case dueDelivery:
		k, ok := keyspace.CutDelivery([]byte(d.name))
		if !ok {
			return errNameless(d)
		}
		return w.delivery(ctx, k)
	case dueEvent:
		k, ok := concernedEvent([]byte(d.name))
		if !ok {
			return errNameless(d)
		}
		_, known, err := w.Event(ctx, k)
		if !known || err != nil {
			return err
		}
		return w.expireEvent(ctx, k)
	case dueConcerns:
		return w.concerned(ctx, d.name)
	case dueSpent:
		return w.unspend(d.name)
	}
	return errNameless(d)
}

func errNameless(d due) error {
	return fmt.Errorf("BUG: a row of what falls due, of the sort %q, names nothing", d.sort)
}

func cutSubject(name string) (collector.Subject, bool) {
	site, rest, ok := keyspace.CutStr([]byte(name))
	if !ok {
		return collector.Subject{}, false
	}
	return keyspace.CutSubject(site, rest)
}

// subject takes out of a profile what has expired, or takes off the whole.
func (w *sweeping) subject(ctx context.Context, s collector.Subject) error {
	was, err := w.own(s)
	if err != nil {
		return err
	}
	r, at := w.keep.Retention, w.keep.Day
	ends := identity.Expires(was, r)
	if ends.IsZero() || ends.After(at) {
		return nil // what was due is there no more
	}
	from := was
	if collector.Expired(was.LastAt, r.External, at) {
		// Of a customer the browsers are seen more often than the id.
		if from.LastAt, err = w.lastSeen(s, was.LastAt); err != nil {
			return err
		}
	}
	is := identity.Retain(from, r, at)
	if is.LastAt.IsZero() {
		w.swept.Profiles++
		err = w.dropProfile(was)
	} else {
		w.swept.Values += identity.Dropped(was, is)
		err = w.putProfile(was, is)
	}
	if err != nil {
		return err
	}
	if err := w.unshare(ctx, was, is); err != nil {
		return err
	}
	return w.release(ctx, s)
}

// lastSeen is when a subject, or for a customer one of the browsers, was last seen.
func (w *sweeping) lastSeen(s collector.Subject, last time.Time) (time.Time, error) {
	if s.Kind != collector.SubjectCustomer {
		return last, nil
	}
	links, err := w.linksOf(s.Site, s.ID)
	for i := 0; i < len(links) && err == nil; i++ {
		var v collector.Profile
		v, err = w.own(collector.Visitor(s.Site, links[i].Visitor))
		last = collector.Later(last, v.LastAt)
	}
	return last, err
}

// unshare drops that a person is known by an e-mail address that has expired, where
// the site links by them and nothing else of the person's has it.
func (w *sweeping) unshare(ctx context.Context, was, is collector.Profile) error {
	for _, id := range was.Of(collector.KindEmail) {
		if hasValue(is.Of(collector.KindEmail), id.Value) {
			continue
		}
		person, err := personOfSubject(ctx, w, was.Subject)
		if err != nil {
			return err
		}
		held := false
		for _, s := range person {
			p, err := w.own(s)
			if err != nil {
				return err
			}
			held = held || hasValue(p.Of(collector.KindEmail), id.Value)
		}
		for i := 0; i < len(person) && !held; i++ {
			if err := w.dropSharer(id.Value, person[i]); err != nil {
				return err
			}
		}
	}
	return nil
}

// release drops the links of a subject of which nothing is known any more, and
// whose browser it was. Where a consent record proves something, or a refusal has
// to follow the links, they stay.
func (w *sweeping) release(ctx context.Context, s collector.Subject) error {
	p, err := w.own(s)
	if err != nil || !p.LastAt.IsZero() || len(p.Identifiers) > 0 {
		return err
	}
	person, err := personOfSubject(ctx, w, s)
	if err != nil {
		return err
	}
	records, err := w.Records(ctx, person...)
	if err != nil {
		return err
	}
	for _, r := range records {
		if r.Subject == s || r.Action != collector.ConsentAccept {
			return nil
		}
	}
	for _, o := range person[1:] {
		link := collector.Link{Site: s.Site, Visitor: s.ID, Customer: o.ID}
		switch {
		case s.Kind == collector.SubjectCustomer:
			link.Visitor, link.Customer = o.ID, s.ID
		case o.Kind != collector.SubjectCustomer:
			continue
		}
		if err := w.dropLink(link); err != nil {
			return err
		}
		w.swept.Links++
	}
	if s.Kind != collector.SubjectVisitor {
		return nil
	}
	return w.leave(ctx, s)
}

// leave drops whose browser it was, when of none of its generations anything is known.
func (w *sweeping) leave(ctx context.Context, s collector.Subject) error {
	browser, _ := identity.Split(s.ID)
	o, err := w.Owner(ctx, s.Site, browser)
	if err != nil {
		return err
	}
	for _, t := range append(slices.Clone(o.Earlier), o.Tenure) {
		p, err := w.own(collector.Visitor(s.Site, identity.Effective(browser, t.Generation)))
		if err != nil || !p.LastAt.IsZero() {
			return err
		}
	}
	return w.dropOwner(s.Site, browser)
}

func (w *sweeping) record(ctx context.Context, d due) error {
	site, rest, ok := keyspace.CutStr([]byte(d.name))
	kind, rest, ok2 := keyspace.CutStr(rest)
	id, rest, ok3 := keyspace.CutStr(rest)
	record, _, ok4 := keyspace.CutStr(rest)
	if !ok || !ok2 || !ok3 || !ok4 {
		return errNameless(d)
	}
	s := collector.Subject{Site: site, Kind: collector.SubjectKind(kind), ID: id}
	list, err := w.Records(ctx, s)
	if err != nil {
		return err
	}
	for _, r := range list {
		if ends := w.keep.Retention.ProofEnds(r); r.ID != record || ends.IsZero() || ends.After(w.keep.Day) {
			continue
		}
		if err := w.dropRecord(r); err != nil {
			return err
		}
		w.swept.Records++
	}
	return w.release(ctx, s)
}

// delivery takes off a settled delivery. It does not go before its event, by which
// a late copy is known; then it goes with that.
func (w *sweeping) delivery(ctx context.Context, k collector.DeliveryKey) error {
	d, known, err := w.Delivery(ctx, k)
	if !known || err != nil {
		return err
	}
	if ends := w.keep.Retention.DeliveryEnds(&d); ends.IsZero() || ends.After(w.keep.Day) {
		return nil
	}
	if _, there, err := w.Event(ctx, collector.EventKey{Site: k.Site, Name: d.EventName, ID: k.EventID}); there || err != nil {
		return err
	}
	return w.expireDelivery(&d)
}

func (w *sweeping) expireDelivery(d *collector.Delivery) error {
	w.swept.Deliveries++
	return w.dropDelivery(d)
}

// concerned drops the rows that find a subject's journal entries, where entry and
// event are there no more.
func (w *sweeping) concerned(ctx context.Context, name string) error {
	list, err := w.concernsUnder(name, maxConcerns)
	if err != nil {
		return err
	}
	held, gone := false, 0
	for _, c := range list {
		if c.offset >= w.from {
			on, known, err := w.knownOn(c.offset, w.today-days(w.keep.Retention.Events))
			if err != nil {
				return err
			}
			if !known {
				on = w.today + 1
			}
			return w.setDue(due{max(w.today+1, on+days(w.keep.Retention.Events)), dueConcerns, name})
		}
		_, there, err := w.Event(ctx, c.event)
		if err != nil {
			return err
		}
		if there {
			held = true
			continue
		}
		gone++
		if err := w.dropConcernUnder(name, c.offset); err != nil {
			return err
		}
	}
	switch {
	case len(list) == maxConcerns && gone > 0:
		return w.setDue(due{w.today, dueConcerns, name})
	case held:
		return w.setDue(due{w.today + 1, dueConcerns, name})
	}
	return nil
}
