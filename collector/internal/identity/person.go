package identity

import (
	"context"
	"slices"
	"time"

	"matchkey/collector"
)

// A Person is whom an event is about. Refusals of all its subjects count,
// grants only of the direct ones.
type Person struct {
	// Direct are the subjects that the event names itself, Linked the others.
	Direct, Linked []collector.Subject
	// Joined is the subject whose joined profile counts: the customer where one
	// is known, else the visitor. Zero when the event names nobody.
	Joined collector.Subject
}

// PersonOf resolves an event whose Visitor is an effective name.
func PersonOf(ctx context.Context, r collector.Reader, ev collector.Event) (p Person, err error) {
	if ev.Visitor != "" {
		p.Direct = append(p.Direct, collector.Visitor(ev.Site, ev.Visitor))
	}
	if ev.Customer != "" {
		p.Direct = append(p.Direct, collector.Customer(ev.Site, ev.Customer))
	}
	for _, s := range p.Direct {
		others, err := r.Linked(ctx, s)
		if err != nil {
			return p, err
		}
		for _, o := range others {
			if !slices.Contains(p.Direct, o) && !slices.Contains(p.Linked, o) {
				p.Linked = append(p.Linked, o)
			}
		}
	}
	p.Joined = p.joined()
	return p, nil
}

func (p Person) joined() collector.Subject {
	for _, list := range [][]collector.Subject{p.Direct, p.Linked} {
		for _, s := range list {
			if s.Kind == collector.SubjectCustomer {
				return s
			}
		}
	}
	if len(p.Direct) > 0 {
		return p.Direct[0]
	}
	return collector.Subject{}
}

// Ask assembles the question about an event of a person, with the records that
// count for it. Pipeline and dispatcher ask alike, at different times.
func Ask(ctx context.Context, r collector.Reader, ev collector.Event, p Person, profile collector.Profile, purposes []string, now time.Time) (collector.Question, error) {
	records, err := r.Records(ctx, slices.Concat(p.Direct, p.Linked)...)
	if err != nil {
		return collector.Question{}, err
	}
	q := collector.Question{
		Now: now, Event: ev, Geo: ev.Client.Geo, Signals: ev.Signals, Purposes: purposes,
		Direct: p.Direct, Linked: p.Linked, Records: records,
	}
	session, found := profile.SessionBefore(ev.OccurredAt)
	if ev.Origin != collector.OriginBrowser && found {
		q.Geo = session.Client.Geo
	}
	q.Has = has(ev, profile, found)
	return q, nil
}

// has lists the kinds that a payload could be made of.
func has(ev collector.Event, profile collector.Profile, session bool) (kinds []collector.Kind) {
	for _, list := range [][]collector.Identifier{ev.Identifiers, profile.Identifiers} {
		for _, id := range list {
			if !slices.Contains(kinds, id.Kind) {
				kinds = append(kinds, id.Kind)
			}
		}
	}
	if ev.Customer != "" {
		kinds = append(kinds, collector.KindCustomer)
	}
	if ev.Client.UserAgent != "" || session {
		kinds = append(kinds, collector.KindUserAgent, collector.KindIP)
	}
	return kinds
}
