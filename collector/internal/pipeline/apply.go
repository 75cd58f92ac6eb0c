package pipeline

import (
	"context"
	"fmt"
	"slices"
	"time"

	"matchkey/collector"
	"matchkey/collector/internal/identity"
)

// person is whom an event is about, and whose browser it came from.
type person struct {
	identity.Person
	owner   collector.Owner  // of the visitor, when the event has one
	tenure  collector.Tenure // of the owner's, the one in whose time it happened
	offset  collector.Offset // of the event's journal entry
	browser string           // the visitor's own name, whatever its generation
	// signedIn is true when the event makes the browser the customer's, signedOut
	// when it makes it nobody's.
	signedIn, signedOut bool
}

// apply applies one entry.
func (p *Pipeline) apply(ctx context.Context, tx collector.Tx, e collector.Entry) error {
	ev := e.Event
	if err := p.Replay.recall(ctx, tx, e); err != nil {
		return err
	}
	if ev.IsForgotten() {
		p.Replay.forgotten(ev.ID)
		return nil // its person was erased; what counts was kept then
	}
	site, ok := p.Sites[ev.Site]
	who, err := resolve(ctx, tx, &ev, e.Offset)
	if err != nil {
		return err
	}
	if erased, err := p.suppress(ctx, tx, e, ev); erased || err != nil {
		return err
	}
	if err := tx.Concerns(e, who.Direct...); err != nil {
		return err
	}
	switch {
	case ev.Name == "" || ev.ID == "":
		return setAside(tx, e, collector.ReasonNameless, "the event has no name or no ID")
	case !ok:
		return setAside(tx, e, collector.ReasonSiteGone, fmt.Sprintf("site %q is not in the configuration; the event stays in the journal, and matchkey replay applies it when the site is there again", ev.Site))
	}
	if who.signedOut {
		// Whatever may be kept of the event: it protects the person who left.
		if err := tx.SetOwner(ev.Site, who.browser, who.owner); err != nil {
			return err
		}
	}
	if err := p.keepConsent(ctx, tx, site, ev, who, e.Offset); err != nil {
		return err
	}
	if isAnswerOnly(ev) {
		// A refusal is its record and nothing more; the answer to it is given.
		return nil
	}
	record, seen, err := tx.Event(ctx, ev.Key())
	if err != nil {
		return err
	}
	if !seen {
		record = collector.EventRecord{Event: ev, Offset: e.Offset}
	}
	if record.Copies, err = listCopy(tx, record, e); err != nil {
		return err
	}
	if len(record.Event.Withheld) > 0 {
		return putRedacted(tx, record)
	}
	if seen && ev.IsRedacted() {
		// A copy that was taken out of the journal has nothing to add any more.
		p.Replay.thinned(ev.Key())
		return tx.PutEvent(record)
	}
	decision, before, err := p.mayKeep(ctx, tx, site, ev, who)
	if err != nil {
		return err
	}
	joins := seen || who.signedIn // so that what was of somebody else is theirs now
	if seen && decision.Outcome == collector.Drop {
		return refuseCopy(tx, record, e, decision)
	}
	if decision.Outcome.Sends() {
		if err := keepPerson(tx, ev, who); err != nil {
			return err
		}
		linked, err := linkByEmail(ctx, tx, site, ev, who)
		if err != nil {
			return err
		}
		if linked {
			joins = true
			if who.Person, err = identity.PersonOf(ctx, tx, ev); err != nil {
				return err
			}
		}
	}
	if seen {
		// The copies name one person together, each perhaps a part.
		record = identity.MergeCopy(record, ev)
		if who.Person, err = identity.PersonOf(ctx, tx, record.Event); err != nil {
			return err
		}
	}
	if err := tx.PutEvent(record); err != nil {
		return err
	}
	matched, err := p.match(ctx, tx, site, record, who)
	if err != nil {
		return err
	}
	if !matched && !decision.Outcome.Sends() {
		return tx.Redact(ev.Key(), decision.Reasons...)
	}
	if decision.Outcome.Sends() && (joins || mayWait(before)) {
		return p.wakeComplete(ctx, tx, who, ev.ReceivedAt)
	}
	return nil
}

// listCopy lists one more copy of an event. Beyond the bound it is taken out of
// the journal at once, because nobody would find it there later; what is left of it
// names the event, so it concerns whom the event is about.
func listCopy(tx collector.Tx, record collector.EventRecord, e collector.Entry) ([]collector.Copy, error) {
	copies, listed := addCopy(record.Copies, e)
	if listed {
		return copies, nil
	}
	if err := tx.Concerns(e, subjectsOf(record.Event)...); err != nil {
		return copies, err
	}
	return copies, tx.RedactCopy(e, collector.ReasonCopyMerged)
}

// subjectsOf are whom an event names, by the visitor's effective name.
func subjectsOf(ev collector.Event) (subjects []collector.Subject) {
	if ev.Visitor != "" {
		subjects = append(subjects, collector.Visitor(ev.Site, ev.Visitor))
	}
	if ev.Customer != "" {
		subjects = append(subjects, collector.Customer(ev.Site, ev.Customer))
	}
	return subjects
}

// refuseCopy takes in of a copy what its person allows: nothing but whom the
// fact is about, so that a refusal reaches what an earlier copy set going.
func refuseCopy(tx collector.Tx, record collector.EventRecord, e collector.Entry, decision collector.Decision) error {
	if record.Event.Customer == "" {
		record.Event.Customer = e.Event.Customer
	}
	if err := tx.PutEvent(record); err != nil {
		return err
	}
	return tx.RedactCopy(e, decision.Reasons...)
}

func setAside(tx collector.Tx, e collector.Entry, why collector.Reason, detail string) error {
	return tx.SetAside(collector.SetAside{
		Offset: e.Offset, At: e.Event.ReceivedAt, Reason: why, Detail: detail, Event: e.Event.Key(),
	})
}

// isAnswerOnly reports whether an event is a refusal or a withdrawal, of which
// only the record is kept, or an answer that brought nothing else along.
func isAnswerOnly(ev collector.Event) bool {
	return ev.Consent != nil && ev.Consent.Action != collector.ConsentAccept
}

// putRedacted keeps what is left of an event that is already withheld, and
// takes the same out of a copy that came later.
func putRedacted(tx collector.Tx, record collector.EventRecord) error {
	reasons := record.Event.Withheld
	if err := tx.PutEvent(record); err != nil {
		return err
	}
	return tx.Redact(record.Event.Key(), reasons...)
}

// resolve says whom an event is about, and whose browser it came from. It puts
// the visitor's effective name into the event, and keeps nothing yet.
func resolve(ctx context.Context, tx collector.Tx, ev *collector.Event, offset collector.Offset) (who person, err error) {
	who.offset = offset
	if ev.Visitor != "" {
		if who.owner, err = tx.Owner(ctx, ev.Site, ev.Visitor); err != nil {
			return who, err
		}
		who.claim(ev)
		if who.signedIn {
			if who.signedIn, err = mayLink(ctx, tx, collector.Visitor(ev.Site, ev.Visitor), ev.Customer); err != nil {
				return who, err
			}
			if !who.signedIn {
				identity.AddNote(ev, collector.Note{Field: "visitor", Reason: collector.ReasonManyBrowsers})
			}
		}
		// The browser still carries the click of the person before.
		ev.Identifiers = slices.DeleteFunc(slices.Clone(ev.Identifiers), func(id collector.Identifier) bool {
			return id.Kind == collector.KindClick && !identity.Follows(who.tenure, id.FirstAt)
		})
	}
	who.Person, err = identity.PersonOf(ctx, tx, *ev)
	return who, err
}

// mayLink reports whether a customer may have one browser more.
func mayLink(ctx context.Context, tx collector.Tx, browser collector.Subject, customer string) (bool, error) {
	linked, err := tx.Linked(ctx, collector.Customer(browser.Site, customer))
	return len(linked) < identity.MaxBrowsers || slices.Contains(linked, browser), err
}

// claim says in whose time of its browser an event happened, and whether it
// begins another.
func (who *person) claim(ev *collector.Event) {
	at := ev.OccurredAt
	who.browser = ev.Visitor
	foreign := false
	before := who.owner.Generation
	switch {
	case ev.Name == collector.EventSignOut:
		who.tenure = identity.Leaving(who.owner, at)
		foreign = ev.Customer != "" && ev.Customer != who.tenure.Customer
		who.owner, who.signedOut = identity.SignOut(who.owner, at)
		if who.signedOut {
			who.owner.Began = who.offset
		}
	case ev.Customer != "" && !isAnswerOnly(*ev): // a refusal links nothing: it must leave no trace but itself
		var claim identity.Claim
		who.owner, claim = identity.SignIn(who.owner, ev.Customer, at)
		who.signedIn, foreign = claim == identity.Taken, claim == identity.Foreign
		if who.signedIn {
			who.owner.Offset = who.offset
			if who.owner.Generation != before {
				who.owner.Began = who.offset
			}
		}
		fallthrough
	default:
		who.tenure, _ = identity.TenureAt(who.owner, at)
	}
	if foreign {
		// It tells of its customer, and nothing that the browser had before is theirs.
		who.tenure = collector.Tenure{Customer: ev.Customer, Generation: who.owner.Generation + 1, Since: at}
		ev.Visitor = ""
		return
	}
	ev.Visitor = identity.Effective(ev.Visitor, who.tenure.Generation)
}

// keepConsent appends what the person answered to the ledger and, when that is
// news, has everything open of this person decided again.
func (p *Pipeline) keepConsent(ctx context.Context, tx collector.Tx, site Site, ev collector.Event, who person, offset collector.Offset) (err error) {
	if ev.Consent == nil || len(who.Direct) == 0 {
		return nil
	}
	subjects := who.Direct
	if ev.Consent.Action != collector.ConsentAccept {
		subjects = append(slices.Clone(subjects), who.earlier(ev.Site)...)
	} else if len(ev.Withheld) > 0 || !identity.Answers(who.tenure, ev.Consent.At) {
		// A yes that the edge could not act on (a privacy signal stands against
		// it) is none; and another one the person before at this browser gave.
		return nil
	}
	news := false
	for _, rec := range site.Records(*ev.Consent, subjects, ev, offset) {
		if rec, err = behind(ctx, tx, rec); err != nil {
			return err
		}
		added, err := tx.AddRecord(rec)
		if err != nil {
			return err
		}
		news = news || added
	}
	if !news {
		return nil
	}
	return wakeOpen(tx, who, ev.ReceivedAt)
}

// behind dates a refusal no earlier than what is already known of its subject: the
// journal's order says what came first, also when the edge's clock went back in
// between. A grant keeps its time; an old one that comes late overrules nothing.
func behind(ctx context.Context, tx collector.Tx, rec collector.ConsentRecord) (collector.ConsentRecord, error) {
	if rec.Action == collector.ConsentAccept {
		return rec, nil
	}
	known, err := tx.Records(ctx, rec.Subject)
	if err != nil {
		return rec, err
	}
	for _, k := range known {
		at := k.At
		if !k.ReceivedAt.IsZero() && at.After(k.ReceivedAt) {
			at = k.ReceivedAt // what claims the future was given when it came
		}
		if at.After(rec.At) {
			rec.At = at
		}
		if at.After(rec.ReceivedAt) {
			rec.ReceivedAt = at
		}
	}
	return rec, nil
}

// earlier are the other generations of the event's visitor: who refuses at
// this browser refuses for all that it ever collected.
func (who person) earlier(site string) (subjects []collector.Subject) {
	for g := who.owner.Generation; g >= max(0, who.owner.Generation-identity.MaxTenures); g-- {
		s := collector.Visitor(site, identity.Effective(who.browser, g))
		if who.browser != "" && !slices.Contains(who.Direct, s) {
			subjects = append(subjects, s)
		}
	}
	return subjects
}

// wakeOpen has every open delivery of a person decided again.
func wakeOpen(tx collector.Tx, who person, at time.Time) error {
	if who.Joined.IsZero() {
		return nil
	}
	open, err := tx.OpenDeliveries(who.Joined)
	if err != nil {
		return err
	}
	for _, key := range open {
		if err := tx.Wake(key, at); err != nil {
			return err
		}
	}
	return nil
}

// mayKeep asks whether what came with an event may enter the profile. It is
// the question that is asked before a send, for no scenario in particular, and as
// if there were something to recognise the person by: that may come yet, and the
// page view before it fixes the session, so it must not depend on which came first.
// profile is what was known before the event.
func (p *Pipeline) mayKeep(ctx context.Context, tx collector.Tx, site Site, ev collector.Event, who person) (d collector.Decision, profile collector.Profile, err error) {
	if profile, err = p.profile(ctx, tx, who, ev.ReceivedAt); err != nil {
		return d, profile, err
	}
	q, err := identity.Ask(ctx, tx, ev, who.Person, profile, nil, ev.ReceivedAt)
	if err != nil {
		return d, profile, err
	}
	q.Has = append(q.Has, collector.KindBrowser)
	return site.Decider.Decide(q), profile, nil
}

// profile is what is known of a person at a time.
func (p *Pipeline) profile(ctx context.Context, tx collector.Tx, who person, at time.Time) (collector.Profile, error) {
	profile, err := tx.Profile(ctx, who.Joined)
	return identity.Retain(profile, p.Retention, at), err
}

func decide(ctx context.Context, tx collector.Tx, site Site, ev collector.Event, who person, profile collector.Profile, purposes []string) (collector.Decision, error) {
	q, err := identity.Ask(ctx, tx, ev, who.Person, profile, purposes, ev.ReceivedAt)
	if err != nil {
		return collector.Decision{}, err
	}
	return site.Decider.Decide(q), nil
}

// keepPerson keeps what an event tells of its person, who allows it: the link of
// browser and customer, and what both are recognised by.
func keepPerson(tx collector.Tx, ev collector.Event, who person) error {
	if who.signedIn {
		if err := tx.SetOwner(ev.Site, who.browser, who.owner); err != nil {
			return err
		}
	}
	return mergeProfiles(tx, ev)
}

// mergeProfiles adds what an event brought to the profiles it is about: what
// is of the browser to the visitor's, what is of the person to the customer's
// where one is known.
func mergeProfiles(tx collector.Tx, ev collector.Event) error {
	var browser, customer collector.Profile
	if ev.Visitor != "" {
		browser.Subject = collector.Visitor(ev.Site, ev.Visitor)
	}
	if ev.Customer != "" {
		customer.Subject = collector.Customer(ev.Site, ev.Customer)
	}
	if browser.Subject.IsZero() {
		browser.Subject = customer.Subject
	}
	contacts := collector.ContactKinds()
	for _, id := range ev.Identifiers {
		switch {
		case slices.Contains(contacts, id.Kind) && ev.Customer != "":
			customer.Identifiers = append(customer.Identifiers, id)
		default:
			browser.Identifiers = append(browser.Identifiers, id)
		}
	}
	if ev.Origin == collector.OriginBrowser {
		if ev.Session != "" {
			browser.Sessions = []collector.SessionStart{{
				ID: ev.Session, At: ev.OccurredAt, Client: ev.Client, URL: ev.URL, Receipt: ev.Receipt,
			}}
		}
		browser.Page = collector.PageSeen{URL: ev.URL, At: ev.OccurredAt, Receipt: ev.Receipt}
	}
	for _, part := range []collector.Profile{browser, customer} {
		if part.Subject.IsZero() {
			continue
		}
		part.FirstAt, part.LastAt = ev.OccurredAt, ev.OccurredAt
		if err := tx.MergeProfile(part); err != nil {
			return err
		}
	}
	return nil
}
