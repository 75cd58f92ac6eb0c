package engine_test

import (
	"slices"
	"testing"
	"time"

	"matchkey/collector"
)

// signedOut is a sign-out that the page of a visitor told of.
func signedOut(visitor string) collector.Event {
	ev := browsed(visitor, "")
	ev.Name, ev.ID, ev.Receipt = collector.EventSignOut, "sign_out."+visitor+ev.OccurredAt.String(), "b_out"
	ev.Identifiers = nil
	return ev
}

// byEmail is an event of a site's back end that knows a browser, or a customer,
// by an e-mail address.
func byEmail(id, visitor, customer, hash string) collector.Event {
	ev := bought(id, customer)
	ev.ID, ev.Name, ev.Visitor = "newsletter."+id, "newsletter", visitor
	ev.Identifiers[0].Value = hash
	ev.Consent = accepted(ev.OccurredAt)
	return ev
}

func (w *world) profile(s collector.Subject) collector.Profile {
	w.Helper()
	p, err := w.engine.Reader().Profile(w.Context(), s)
	if err != nil {
		w.Fatal(err)
	}
	return p
}

func (w *world) linked(s collector.Subject) []collector.Subject {
	w.Helper()
	others, err := w.engine.Reader().Linked(w.Context(), s)
	if err != nil {
		w.Fatal(err)
	}
	return others
}

// TestSignOutLeavesNothingOfTheCustomer: c1 signs out of a browser that c2 then
// uses. Nothing of c1 goes with c2's purchase.
func TestSignOutLeavesNothingOfTheCustomer(t *testing.T) {
	inBubble(t, func(t *testing.T, w *world) {
		first := browsed("v1", "c1")
		w.append(first)
		time.Sleep(time.Minute)
		w.append(signedOut("v1"))
		time.Sleep(time.Minute)
		anonymous := browsed("v1", "")
		anonymous.ID, anonymous.Session = "pv.anonymous", "s.later"
		anonymous.Identifiers = slices.Clone(first.Identifiers) // the cookie still stands there
		w.append(anonymous)
		time.Sleep(time.Minute)
		if got := w.profile(collector.Customer("shop", "c1")).Visitors; !slices.Equal(got, []string{"v1"}) {
			t.Errorf("c1 has the browsers %v; what came after the sign-out is nobody's", got)
		}
		if p := w.profile(collector.Visitor("shop", "v1~1")); len(p.Sessions) != 1 || len(p.Of(collector.KindClick)) != 0 {
			t.Errorf("after the sign-out there is %+v; want one session and no click of before", p)
		}
		second := browsed("v1", "c2")
		second.ID, second.Identifiers = "pv.second", slices.Clone(first.Identifiers)
		second.Consent = accepted(time.Now().Add(time.Minute)) // their own answer
		w.append(second, answered(collector.ConsentAccept, "v1", "c2"), bought("A-1", "c2"))
		w.eventually("A-1", collector.StateDelivered)
		if got := w.kinds("A-1"); slices.Contains(got, collector.KindClick) {
			t.Errorf("the second customer's purchase went with %v; the click is the first one's", got)
		}
		if got := w.linked(collector.Customer("shop", "c2")); !slices.Equal(got, []collector.Subject{collector.Visitor("shop", "v1~2")}) {
			t.Errorf("c2 is linked to %v; want a generation of their own", got)
		}
	})
}

// TestSignOutOnOnesOwnBrowser: who comes back is recognised, and what they did
// meanwhile is theirs.
func TestSignOutOnOnesOwnBrowser(t *testing.T) {
	inBubble(t, func(t *testing.T, w *world) {
		w.append(browsed("v1", "c1"))
		time.Sleep(time.Minute)
		w.append(signedOut("v1"))
		time.Sleep(time.Minute)
		meanwhile := browsed("v1", "")
		meanwhile.ID, meanwhile.Identifiers[0].Value = "pv.meanwhile", "click meanwhile"
		w.append(meanwhile)
		time.Sleep(time.Minute)
		back := browsed("v1", "c1")
		back.ID = "pv.back"
		w.append(back)
		time.Sleep(time.Minute)
		p := w.profile(collector.Customer("shop", "c1"))
		if !slices.Equal(p.Visitors, []string{"v1", "v1~1"}) || len(p.Of(collector.KindClick)) != 2 {
			t.Errorf("c1 has the browsers %v and the clicks %v", p.Visitors, p.Of(collector.KindClick))
		}
	})
}

func TestEmailLinksOnlyWhereTheSiteOptsIn(t *testing.T) {
	for _, optsIn := range []bool{false, true} {
		inBubble(t, func(t *testing.T, w *world) {
			w.close()
			w.linkByEmail = optsIn
			w.open()
			w.append(browsed("v1", ""), byEmail("1", "v1", "", "hash"), byEmail("2", "", "c1", "hash"), browsed("v2", ""))
			time.Sleep(time.Minute)
			w.append(byEmail("3", "v2", "", "hash"))
			time.Sleep(time.Minute)
			want := []collector.Subject{collector.Visitor("shop", "v1"), collector.Visitor("shop", "v2")}
			got := w.linked(collector.Customer("shop", "c1"))
			slices.SortFunc(got, func(a, b collector.Subject) int { return len(a.ID) - len(b.ID) + int(a.ID[1]) - int(b.ID[1]) })
			if !optsIn {
				want = nil
			}
			if !slices.Equal(got, want) {
				t.Errorf("with link_by_email %t the customer is linked to %v, want %v", optsIn, got, want)
			}
		})
	}
}

// TestTwoCustomersNeverMergeByEmail: a household's address belongs to two, so it
// links no further browser to either, and takes none away.
func TestTwoCustomersNeverMergeByEmail(t *testing.T) {
	inBubble(t, func(t *testing.T, w *world) {
		w.close()
		w.linkByEmail = true
		w.open()
		w.append(browsed("v1", "c1"), browsed("v2", "c2"), byEmail("1", "v1", "c1", "hash"), byEmail("2", "v2", "c2", "hash"))
		time.Sleep(time.Minute)
		w.append(browsed("v3", ""), byEmail("3", "v3", "", "hash"))
		time.Sleep(time.Minute)
		for customer, visitor := range map[string]string{"c1": "v1", "c2": "v2"} {
			if got := w.linked(collector.Customer("shop", customer)); !slices.Equal(got, []collector.Subject{collector.Visitor("shop", visitor)}) {
				t.Errorf("%s is linked to %v, want %s alone", customer, got, visitor)
			}
		}
		if got := w.linked(collector.Visitor("shop", "v3")); got != nil {
			t.Errorf("a browser of the household is linked to %v", got)
		}
	})
}

// TestUnsignedAddressLinksNobody: where the site signs whom its pages name, an
// address that a browser claims is no proof; what the back end says is.
func TestUnsignedAddressLinksNobody(t *testing.T) {
	inBubble(t, func(t *testing.T, w *world) {
		w.close()
		w.linkByEmail, w.signs = true, true
		w.open()
		claim := byEmail("1", "v1", "", "hash")
		claim.Origin = collector.OriginBrowser
		w.append(byEmail("2", "", "c1", "hash"), claim, byEmail("3", "v2", "", "hash"))
		time.Sleep(time.Minute)
		if got := w.linked(collector.Customer("shop", "c1")); !slices.Equal(got, []collector.Subject{collector.Visitor("shop", "v2")}) {
			t.Errorf("the customer is linked to %v, want the browser alone that the back end named", got)
		}
	})
}
