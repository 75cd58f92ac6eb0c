package store

import (
	"context"
	"slices"
	"strconv"
	"strings"
	"time"

	"matchkey/collector"
	"matchkey/collector/internal/identity"
)

// Erasing a person, written once for both stores: what goes, what is counted
// on, and in which order. The stores differ in how they find and drop a row.

// maxErased bounds the journal entries that one commit of an erasure takes.
const maxErased = 5000

// maxRecord bounds the events of one PersonRecord.
const maxRecord = 100_000

// A concern is a journal entry that is about a subject.
type concern struct {
	subject collector.Subject
	offset  collector.Offset
	event   collector.EventKey
}

// A tombstone is all that says that somebody was erased, and that they came back.
type tombstone struct {
	At      time.Time `json:"at,omitzero"`
	Receipt string    `json:"receipt,omitempty"`
	BackAt  time.Time `json:"back_at,omitzero"`
}

// suppressedSince says since when an event's person is suppressed, by the
// tombstones of its names. Who came back is not suppressed by an identifier that
// was erased before: it came back along. Somebody else with that identifier is.
func suppressedSince(ev collector.Event, find func(name string) (tombstone, error)) (since time.Time, err error) {
	var backAt time.Time
	for _, name := range subjectNames(ev) {
		t, err := find(name)
		switch {
		case err != nil:
			return since, err
		case t.BackAt.After(t.At):
			backAt = collector.Later(backAt, t.BackAt)
		default:
			since = collector.Later(since, t.At)
		}
	}
	if !since.IsZero() {
		return since, nil
	}
	for _, name := range namesOf(ev.Site, ev.Identifiers) {
		t, err := find(name)
		if err != nil {
			return since, err
		}
		if !t.BackAt.After(t.At) && t.At.After(backAt) {
			since = collector.Later(since, t.At)
		}
	}
	return since, nil
}

// liftedNames are the names that come back with an event: whom it is about, or,
// where it says only what somebody is recognised by, that.
func liftedNames(ev collector.Event) []string {
	if names := subjectNames(ev); len(names) > 0 {
		return names
	}
	return namesOf(ev.Site, ev.Identifiers)
}

// finder finds what is about a person.
type finder interface {
	collector.Reader
	own(collector.Subject) (collector.Profile, error)
	// linksOf are a customer's links, latest first.
	linksOf(site, customer string) ([]collector.Link, error)
	// concerns lists the first journal entries about a subject.
	concerns(s collector.Subject, max int) ([]concern, error)
}

// eraser is one change of a store, as an erasure sees it. The drops pass over
// what is not there.
type eraser interface {
	collector.Tx
	finder
	updater
	pseudonym(collector.EventKey) string
	suppress(name string, t tombstone) error
	tombstone(name string) (tombstone, error)
	// forget takes a frame out of the journal; false when there was none.
	forget(o collector.Offset, id string) (bool, error)
	// entryAt is the event at an offset of the journal, as this change leaves it; ok
	// is false when it cannot be read.
	entryAt(o collector.Offset) (ev collector.Event, ok bool, err error)
	// dropConcern drops the first of concerns.
	dropConcern(concern) error
	dropSetAside(collector.Offset) (bool, error)
	dropEvent(collector.EventKey) error
	dropProfile(collector.Profile) error
	dropRecords(collector.Subject) (int, error)
	dropLink(collector.Link) error
	putLink(collector.Link) error
	dropOwner(site, visitor string) error
	// dropSharer drops that a subject is known by an e-mail address, given as its hash.
	dropSharer(hash string, s collector.Subject) error
	// replace puts a delivery in the place of another of the same account.
	replace(before, after *collector.Delivery) error
	putReceipt(collector.Receipt) error
}

// erasure is one erasure on its way.
type erasure struct {
	eraser
	receipt *collector.Receipt
	person  []collector.Subject
	names   map[string]bool // suppressed already
	left    int             // entries that this commit may still take
	// again is true when the person was erased before and a restore undid it: the
	// tombstones that stand stay as they are, because the person may be back since.
	again bool
}

// erase does one commit of the erasure of exactly this subject's person; more is
// true when another is needed. names are those that the commits before have
// suppressed; it is added to.
func erase(ctx context.Context, e eraser, s collector.Subject, receipt *collector.Receipt, names map[string]bool, again bool) (more bool, err error) {
	x := &erasure{eraser: e, receipt: receipt, names: names, left: maxErased, again: again}
	if x.person, err = personOfSubject(ctx, e, s); err != nil {
		return false, err
	}
	// The person grows when an event names a further browser.
	for i := 0; i < len(x.person); i++ {
		if err := x.suppressSubject(x.person[i]); err != nil {
			return false, err
		}
		if more, err = x.entries(ctx, x.person[i]); more || err != nil {
			return more, err
		}
	}
	receipt.Subjects = len(x.person)
	for _, s := range x.person {
		if err := x.subject(ctx, s); err != nil {
			return false, err
		}
	}
	if err := x.unshare(s.Site); err != nil {
		return false, err
	}
	return false, x.putReceipt(*receipt)
}

// present is who is meant by a subject: a browser is who uses it now.
func present(ctx context.Context, f collector.Reader, s collector.Subject) (collector.Subject, error) {
	if s.Kind != collector.SubjectVisitor {
		return s, nil
	}
	owner, err := f.Owner(ctx, s.Site, s.ID)
	s.ID = identity.Effective(s.ID, owner.Generation)
	return s, err
}

// personOfSubject lists all subjects of exactly this subject's person.
func personOfSubject(ctx context.Context, f collector.Reader, s collector.Subject) ([]collector.Subject, error) {
	others, err := f.Linked(ctx, s)
	return append([]collector.Subject{s}, others...), err
}

// suppressNames leaves a tombstone for each name.
func (x *erasure) suppressNames(names ...string) error {
	for _, name := range names {
		if x.names[name] {
			continue
		}
		x.names[name] = true
		if x.again {
			stands, err := x.tombstone(name)
			if err != nil {
				return err
			}
			if stands != (tombstone{}) {
				continue
			}
		}
		x.receipt.Suppressed++
		if err := x.suppress(name, tombstone{At: x.receipt.At, Receipt: x.receipt.ID}); err != nil {
			return err
		}
	}
	return nil
}

func (x *erasure) suppressSubject(s collector.Subject) error {
	p, err := x.own(s)
	if err != nil {
		return err
	}
	return x.suppressNames(append(namesOf(s.Site, p.Identifiers), nameOf(s.Site, string(s.Kind), s.ID))...)
}

// nameOf is one thing that a person is known by, as a tombstone is found.
func nameOf(site, kind, value string) string { return site + "\x00" + kind + "\x00" + value }

// namesOf are the identifiers of which it is likely that they are one person's
// alone; a name or a town is not.
func namesOf(site string, ids []collector.Identifier) (names []string) {
	for _, id := range ids {
		switch id.Kind {
		case collector.KindEmail, collector.KindPhone, collector.KindClick, collector.KindBrowser:
			names = append(names, nameOf(site, string(id.Kind), id.Value))
		}
	}
	return names
}

// subjectNames are whom an event is about.
func subjectNames(ev collector.Event) (names []string) {
	if ev.Visitor != "" {
		names = append(names, nameOf(ev.Site, string(collector.SubjectVisitor), ev.Visitor))
	}
	if ev.Customer != "" {
		names = append(names, nameOf(ev.Site, string(collector.SubjectCustomer), ev.Customer))
	}
	return names
}

// entries erases the journal entries about a subject and what came of them.
func (x *erasure) entries(ctx context.Context, s collector.Subject) (more bool, err error) {
	list, err := x.concerns(s, x.left+1)
	if err != nil {
		return false, err
	}
	for _, c := range list {
		if x.left == 0 {
			return true, nil
		}
		x.left--
		if err := x.entry(ctx, c); err != nil {
			return false, err
		}
		if err := x.dropConcern(c); err != nil {
			return false, err
		}
	}
	return false, nil
}

func (x *erasure) entry(ctx context.Context, c concern) error {
	id := collector.ForgottenID(x.pseudonym(c.event))
	gone, _, err := x.entryAt(c.offset)
	if err != nil {
		return err
	}
	if err := x.frame(c.offset, id); err != nil {
		return err
	}
	rec, known, err := x.Event(ctx, c.event)
	if err != nil || !known {
		return err
	}
	if !isOf(rec.Event, x.person) {
		if done, err := x.unmerge(ctx, rec, collector.Entry{Offset: c.offset, Event: gone}); done || err != nil {
			return err
		}
	}
	for _, copied := range rec.Copies {
		if err := x.frame(copied.Offset, id); err != nil {
			return err
		}
	}
	if err := x.further(ctx, rec.Event); err != nil {
		return err
	}
	if err := x.deliveries(ctx, c.event, id); err != nil {
		return err
	}
	x.receipt.Events++
	return x.dropEvent(c.event)
}

// unmerge takes a copy of the person's out of somebody else's event, whose row is
// what the copies that are left say together. done is false when none is left that
// says anything: then the event was the person's alone.
func (x *erasure) unmerge(ctx context.Context, rec collector.EventRecord, gone collector.Entry) (done bool, err error) {
	rec.Copies = slices.DeleteFunc(slices.Clone(rec.Copies), func(c collector.Copy) bool { return c.Offset == gone.Offset })
	was := rec.Event
	if done, err = x.mergeAnew(ctx, &rec); !done || err != nil {
		return done, err
	}
	// Of the notes some are of no copy: what the scenarios could not read.
	for _, n := range was.Notes {
		if n.Reason != collector.ReasonCopiesDisagree && !slices.Contains(gone.Event.Notes, n) {
			identity.AddNote(&rec.Event, n)
		}
	}
	if rec.Event.Customer == "" {
		rec.Event.Customer = was.Customer // of a copy of which nothing else was taken in
	}
	if err := x.PutEvent(rec); err != nil {
		return false, err
	}
	return true, x.unmergeDeliveries(ctx, rec.Event, gone.Event.Receipt)
}

// mergeAnew sets a record's event to what its copies say, as the journal has them;
// false when none says anything.
func (x *erasure) mergeAnew(ctx context.Context, rec *collector.EventRecord) (any bool, err error) {
	for _, c := range rec.Copies {
		ev, ok, err := x.entryAt(c.Offset)
		if err != nil {
			return false, err
		}
		if !ok || ev.IsRedacted() || ev.IsForgotten() {
			continue
		}
		if err := x.place(ctx, &ev); err != nil {
			return false, err
		}
		if !any {
			rec.Event, rec.Offset, any = ev, rec.Copies[0].Offset, true
			continue
		}
		*rec = identity.MergeCopy(*rec, ev)
	}
	return any, nil
}

// place says of a copy from the journal whose browser it came from, by what is known
// now. What the browser carried from the person before is left out.
func (x *erasure) place(ctx context.Context, ev *collector.Event) error {
	if ev.Visitor == "" {
		return nil
	}
	owner, err := x.Owner(ctx, ev.Site, ev.Visitor)
	if err != nil {
		return err
	}
	tenure, _ := identity.TenureAt(owner, ev.OccurredAt)
	if ev.Customer != "" && tenure.Customer != "" && tenure.Customer != ev.Customer {
		// It tells of its customer, and nothing of the browser.
		tenure = collector.Tenure{Generation: tenure.Generation + 1, Since: ev.OccurredAt}
		ev.Visitor = ""
	} else {
		ev.Visitor = identity.Effective(ev.Visitor, tenure.Generation)
	}
	ev.Identifiers = slices.DeleteFunc(ev.Identifiers, func(id collector.Identifier) bool {
		return id.Kind == collector.KindClick && !identity.Follows(tenure, id.FirstAt)
	})
	return nil
}

// unmergeDeliveries takes out of the deliveries of somebody else's event what a copy
// of the person's had brought.
func (x *erasure) unmergeDeliveries(ctx context.Context, ev collector.Event, receipt string) error {
	list, err := x.Deliveries(ctx, collector.DeliveryQuery{Site: ev.Site, EventID: ev.ID})
	if err != nil || len(list) == 0 {
		return err
	}
	who, err := identity.PersonOf(ctx, x, ev)
	for i := 0; i < len(list) && err == nil; i++ {
		if list[i].EventName == ev.Name {
			_, err = x.update(list[i].Key, func(d *collector.Delivery) (bool, error) {
				if slices.Contains(x.person, d.Person) {
					d.Person = who.Joined
				}
				// The body may have it too; the next attempt composes anew.
				d.Payload.Body = nil
				d.Payload.Fields = slices.DeleteFunc(slices.Clone(d.Payload.Fields), func(f collector.Field) bool { return f.Receipt == receipt })
				return true, nil
			})
		}
	}
	return err
}

// frame takes one frame out of the journal, and what says that it was set aside.
func (x *erasure) frame(o collector.Offset, id string) error {
	done, err := x.forget(o, id)
	if err != nil {
		return err
	}
	if done {
		x.receipt.Frames++
	}
	aside, err := x.dropSetAside(o)
	if aside {
		x.receipt.SetAsides++
	}
	return err
}

// further takes in what an event of the person names besides: identifiers, and
// a browser that is nobody else's. The browser is linked, so that a later commit
// finds it again. Of one that is somebody else's nothing is taken: who lives in the
// same house and was not erased must not be kept out.
func (x *erasure) further(ctx context.Context, ev collector.Event) error {
	browser := collector.Visitor(ev.Site, ev.Visitor)
	if ev.Visitor == "" || slices.Contains(x.person, browser) {
		return x.suppressNames(namesOf(ev.Site, ev.Identifiers)...)
	}
	linked, err := x.Linked(ctx, browser)
	if err != nil {
		return err
	}
	if len(linked) > 0 {
		theirs, err := x.own(browser)
		if err != nil {
			return err
		}
		ids := slices.DeleteFunc(slices.Clone(ev.Identifiers), func(id collector.Identifier) bool {
			return hasValue(theirs.Of(id.Kind), id.Value)
		})
		return x.suppressNames(namesOf(ev.Site, ids)...)
	}
	if err := x.suppressNames(namesOf(ev.Site, ev.Identifiers)...); err != nil || ev.Customer == "" {
		return err
	}
	x.person = append(x.person, browser)
	return x.putLink(collector.Link{Site: ev.Site, Visitor: ev.Visitor, Customer: ev.Customer, Since: x.receipt.At})
}

// deliveries leaves of an event's deliveries what counts.
func (x *erasure) deliveries(ctx context.Context, key collector.EventKey, id string) error {
	list, err := x.Deliveries(ctx, collector.DeliveryQuery{Site: key.Site, EventID: key.ID})
	if err != nil {
		return err
	}
	for i := range list {
		before := &list[i]
		if before.EventName != key.Name {
			continue
		}
		after, err := before.Forgotten(id, x.receipt.At)
		if err != nil {
			return err
		}
		if err := x.unused(ctx, &after.Key); err != nil {
			return err
		}
		if err := x.replace(before, &after); err != nil {
			return err
		}
		if x.receipt.Deliveries == nil {
			x.receipt.Deliveries, x.receipt.SentTo = map[collector.State]int{}, map[string]int{}
		}
		x.receipt.Deliveries[before.State]++
		if before.Sent() {
			x.receipt.SentTo[before.Key.Destination]++
		}
	}
	return nil
}

// unused makes the key one that no delivery has: a person may be erased, come
// back, and be erased again with the same order.
func (x *erasure) unused(ctx context.Context, key *collector.DeliveryKey) error {
	id := key.EventID
	for n := 2; ; n++ {
		if _, taken, err := x.Delivery(ctx, *key); !taken || err != nil {
			return err
		}
		key.EventID = id + "~" + strconv.Itoa(n)
	}
}

// subject removes what is kept of one subject itself.
func (x *erasure) subject(ctx context.Context, s collector.Subject) error {
	p, err := x.own(s)
	if err != nil {
		return err
	}
	if !p.FirstAt.IsZero() || len(p.Identifiers) > 0 {
		x.receipt.Profiles++
	}
	if err := x.dropProfile(p); err != nil {
		return err
	}
	n, err := x.dropRecords(s)
	if err != nil {
		return err
	}
	x.receipt.Records += n
	if s.Kind == collector.SubjectVisitor {
		return x.owner(ctx, s)
	}
	links, err := x.linksOf(s.Site, s.ID)
	if err != nil {
		return err
	}
	for _, l := range links {
		if err := x.dropLink(l); err != nil {
			return err
		}
		x.receipt.Links++
	}
	return nil
}

// unshare removes that the person is known by the e-mail addresses of its profiles
// and events, where the site links by them.
func (x *erasure) unshare(site string) error {
	email := nameOf(site, string(collector.KindEmail), "")
	for name := range x.names {
		hash, ok := strings.CutPrefix(name, email)
		if !ok {
			continue
		}
		for _, s := range x.person {
			if err := x.dropSharer(hash, s); err != nil {
				return err
			}
		}
	}
	return nil
}

// owner removes that a generation of a browser is the person's. Where others were
// somebody else's the browser goes on, in a generation of nobody's, so that nothing
// that comes is given to them.
func (x *erasure) owner(ctx context.Context, s collector.Subject) error {
	browser, generation := identity.Split(s.ID)
	o, err := x.Owner(ctx, s.Site, browser)
	if err != nil || o.Tenure == (collector.Tenure{}) {
		return err
	}
	theirs := func(g int) bool {
		return slices.Contains(x.person, collector.Visitor(s.Site, identity.Effective(browser, g)))
	}
	for g := range o.Generation + 1 {
		if !theirs(g) {
			applied, err := x.Watermark(ctx)
			if err != nil {
				return err
			}
			return x.SetOwner(s.Site, browser, identity.Vacate(o, generation, x.receipt.At, applied+1))
		}
	}
	return x.dropOwner(s.Site, browser)
}

// personRecord gathers all that is kept of a subject's person.
func personRecord(ctx context.Context, f finder, s collector.Subject) (rec collector.PersonRecord, err error) {
	rec.Version = collector.PersonRecordVersion
	if s.IsZero() {
		return rec, nil
	}
	if s, err = present(ctx, f, s); err != nil {
		return rec, err
	}
	if rec.Subjects, err = personOfSubject(ctx, f, s); err != nil {
		return rec, err
	}
	seen := map[collector.EventKey]bool{}
	for _, s := range rec.Subjects {
		p, err := f.own(s)
		if err != nil {
			return rec, err
		}
		if !p.FirstAt.IsZero() || len(p.Identifiers) > 0 {
			rec.Profiles = append(rec.Profiles, p)
		}
		if s.Kind == collector.SubjectCustomer {
			if rec.Links, err = f.linksOf(s.Site, s.ID); err != nil {
				return rec, err
			}
		}
		if err := gatherEvents(ctx, f, s, seen, &rec); err != nil {
			return rec, err
		}
	}
	rec.Consent, err = f.Records(ctx, rec.Subjects...)
	return rec, err
}

func gatherEvents(ctx context.Context, f finder, s collector.Subject, seen map[collector.EventKey]bool, rec *collector.PersonRecord) error {
	list, err := f.concerns(s, maxRecord)
	if err != nil {
		return err
	}
	for _, c := range list {
		if seen[c.event] {
			continue
		}
		seen[c.event] = true
		ev, known, err := f.Event(ctx, c.event)
		if err != nil {
			return err
		}
		if !known || !isOf(ev.Event, rec.Subjects) {
			continue
		}
		if len(rec.Events) >= maxRecord {
			rec.Cut = true
			return nil
		}
		rec.Events = append(rec.Events, ev)
		deliveries, err := f.Deliveries(ctx, collector.DeliveryQuery{Site: c.event.Site, EventID: c.event.ID})
		if err != nil {
			return err
		}
		for _, d := range deliveries {
			if d.EventName == c.event.Name {
				d.Payload.Body = nil
				rec.Deliveries = append(rec.Deliveries, d)
			}
		}
	}
	rec.Cut = rec.Cut || len(list) >= maxRecord
	return nil
}

// isOf reports whether an event is of a person: it names the person first, or,
// because it is redacted, nobody. A copy that names somebody else's event does
// not make it theirs.
func isOf(ev collector.Event, person []collector.Subject) bool {
	if ev.Customer != "" {
		return slices.Contains(person, collector.Customer(ev.Site, ev.Customer))
	}
	return ev.Visitor == "" || slices.Contains(person, collector.Visitor(ev.Site, ev.Visitor))
}

// isHeld reports whether profiles are found by identifiers of a kind.
func isHeld(k collector.Kind) bool { return k == collector.KindEmail || k == collector.KindPhone }
