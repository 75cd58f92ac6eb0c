package pipeline

import (
	"context"

	"matchkey/collector"
	"matchkey/collector/internal/identity"
)

// linkByEmail links browsers and a customer by an e-mail address that both are
// known by, where the site opted in. An address that two customers are known by
// links nothing, and so does one that many share; what was linked before stays.
// It reports whether it linked anything.
func linkByEmail(ctx context.Context, tx collector.Tx, site Site, ev collector.Event, who person) (linked bool, err error) {
	known := collector.Visitor(ev.Site, ev.Visitor)
	if customer := who.customer(ev); customer != "" {
		known = collector.Customer(ev.Site, customer)
	}
	claimed := site.SignsCustomers && ev.Origin == collector.OriginBrowser && ev.Customer == ""
	if !site.LinkByEmail || claimed || known.IsZero() {
		return false, nil
	}
	for _, id := range ev.Identifiers {
		if id.Kind != collector.KindEmail {
			continue
		}
		if err := tx.AddSharer(ev.Site, id.Value, known); err != nil {
			return linked, err
		}
		sharers, err := tx.Sharers(ev.Site, id.Value)
		if err != nil {
			return linked, err
		}
		customer, alone := onlyCustomer(sharers)
		if !alone {
			continue
		}
		for _, s := range sharers {
			if s.Kind == collector.SubjectVisitor {
				taken, err := take(ctx, tx, s, customer, ev, who.offset)
				if err != nil {
					return linked, err
				}
				linked = linked || taken
			}
		}
	}
	return linked, nil
}

// customer is whom an event is about, by itself or by whose browser it was.
func (who person) customer(ev collector.Event) string {
	if ev.Customer != "" || ev.Visitor == "" {
		return ev.Customer
	}
	return who.tenure.Customer
}

// onlyCustomer returns the one customer among those who share an address.
func onlyCustomer(sharers []collector.Subject) (id string, alone bool) {
	if len(sharers) >= collector.MaxSharers {
		return "", false
	}
	n := 0
	for _, s := range sharers {
		if s.Kind == collector.SubjectCustomer {
			id = s.ID
			n++
		}
	}
	return id, n == 1
}

// take makes a browser's present generation a customer's, when it is nobody's.
func take(ctx context.Context, tx collector.Tx, visitor collector.Subject, customer string, ev collector.Event, offset collector.Offset) (bool, error) {
	browser, generation := identity.Split(visitor.ID)
	owner, err := tx.Owner(ctx, visitor.Site, browser)
	if err != nil || owner.Generation != generation || owner.Customer != "" {
		return false, err
	}
	at := ev.OccurredAt
	if at.Before(owner.Since) {
		at = owner.Since
	}
	now, claim := identity.SignIn(owner, customer, at)
	if claim != identity.Taken || now.Generation != generation {
		return false, nil
	}
	if may, err := mayLink(ctx, tx, visitor, customer); !may || err != nil {
		return false, err
	}
	now.Offset = offset
	return true, tx.SetOwner(visitor.Site, browser, now)
}
