package meta

import (
	"strings"
	"testing"
	"time"

	"matchkey/collector"
)

func wantRefusal(t *testing.T, c collector.Composition, reason collector.Reason, path string) {
	t.Helper()
	payload, refusal := Compose(c)
	switch {
	case refusal == nil:
		t.Errorf("not refused; want %s", reason)
	case refusal.Reason != reason || refusal.Path != path || refusal.Detail == "":
		t.Errorf("refused with %+v, want %s at %s", *refusal, reason, path)
	case payload.Body != nil || len(payload.Fields) == 0:
		t.Error("a refused payload has lineage and no body")
	}
}

func TestPurchaseNeedsMoney(t *testing.T) {
	for _, c := range []struct {
		name            string
		value, currency any
		reason          collector.Reason
	}{
		{"no value", nil, "EUR", ReasonValueMissing},
		{"an empty value", "", "EUR", ReasonValueMissing},
		{"a value that is none", "much", "EUR", ReasonValueInvalid},
		{"a value with a comma", "1,299.00", "EUR", ReasonValueInvalid},
		{"less than nothing", -1.0, "EUR", ReasonValueInvalid},
		{"a list", []any{1.0}, "EUR", ReasonValueInvalid},
		{"no currency", 1.0, nil, ReasonCurrencyMissing},
		{"an empty currency", 1.0, " ", ReasonCurrencyMissing},
		{"a currency that is none", 1.0, "EURO", ReasonCurrencyInvalid},
		{"an unknown currency", 1.0, "ZZZ", ReasonCurrencyInvalid},
		{"a number", 1.0, 978.0, ReasonCurrencyInvalid},
	} {
		comp := completeComposition()
		comp.Properties = map[string]any{"value": c.value, "currency": c.currency}
		path := "custom_data.value"
		if strings.HasPrefix(string(c.reason), "currency") {
			path = "custom_data.currency"
		}
		t.Run(c.name, func(t *testing.T) {
			wantRefusal(t, comp, c.reason, path)
			comp.Delivery.Send = "Lead" // needs no money, and none is made up
			e := composed(t, comp)
			if _, ok := e.Custom[strings.TrimPrefix(path, "custom_data.")]; ok {
				t.Errorf("money was made up: %v", e.Custom)
			}
		})
	}
	free := completeComposition()
	free.Properties = map[string]any{"value": 0, "currency": "usd"}
	if e := composed(t, free); e.Custom["value"] != 0.0 || e.Custom["currency"] != "USD" {
		t.Errorf("a purchase for nothing: %v", e.Custom)
	}
}

func TestTimeWindow(t *testing.T) {
	c := completeComposition()
	at := func(age time.Duration) collector.Composition {
		c := c
		c.Event.OccurredAt = c.Now.Add(-age)
		return c
	}
	if e := composed(t, c); e.EventTime != occurred.Unix() {
		t.Errorf("event_time %d, want %d rounded down", e.EventTime, occurred.Unix())
	}
	compose(t, at(7*24*time.Hour))
	wantRefusal(t, at(7*24*time.Hour+time.Second), collector.ReasonEventTooOld, "event_time")
	if e := composed(t, at(-time.Minute)); e.EventTime != now.Unix() {
		t.Errorf("a small lead is not taken back: %d", e.EventTime)
	}
	wantRefusal(t, at(-61*time.Second), collector.ReasonEventInFuture, "event_time")
}

func TestIdentity(t *testing.T) {
	for _, name := range []string{"", strings.Repeat("x", 65), "Pur\nchase", "\xff"} {
		c := completeComposition()
		c.Delivery.Send = name
		wantRefusal(t, c, ReasonEventName, "event_name")
	}
	c := completeComposition()
	c.Event.ID = ""
	wantRefusal(t, c, ReasonEventID, "event_id")
}

// The sets of capi.md § 3.2, each whole, in part, and with one key too many.
func TestWeakCombinations(t *testing.T) {
	kinds := map[string]collector.Kind{
		"em": collector.KindEmail, "ct": collector.KindCity, "country": collector.KindCountry, "st": collector.KindRegion, "zp": collector.KindPostalCode,
		"ge": collector.KindGender, "db": collector.KindDateOfBirth, "fn": collector.KindFirstName, "ln": collector.KindLastName,
	}
	with := func(keys string) collector.Composition {
		c := completeComposition()
		c.Delivery.Send = "Lead"
		c.Profile = collector.Profile{}
		c.Event.Customer, c.Event.Identifiers = "", nil
		for _, key := range strings.Fields(keys) {
			switch key {
			case "ua":
				c.Event.Client.UserAgent = agent
			case "ip":
				c.Event.Client.IP = "203.0.113.5"
			case "fbp":
				c.Event.Identifiers = append(c.Event.Identifiers, identifier(collector.KindBrowser, "fb.1.1603122906825.1012802381", "", ""))
			case "fbc":
				c.Event.Identifiers = append(c.Event.Identifiers, identifier(collector.KindClick, clickAt(occurred, "A"), "", ""))
			default:
				c.Event.Identifiers = append(c.Event.Identifiers, identifier(kinds[key], hash(key), "", ""))
			}
		}
		return c
	}
	for _, weak := range []string{"", "ua", "ct country st zp ge ua", "ct zp", "country ua", "db ua", "db", "fn ge", "fn", "ln ge", "ln", "ge"} {
		t.Run("weak "+weak, func(t *testing.T) { wantRefusal(t, with(weak), ReasonTooWeak, "user_data") })
	}
	for _, enough := range []string{"ua ip", "ip", "fbp", "fbc", "em", "fn ln", "fn ua", "db ge", "fn db", "ct ln ua"} {
		t.Run("enough "+enough, func(t *testing.T) { compose(t, with(enough)) })
	}
}

func TestEveryReasonHasASentence(t *testing.T) {
	all := Sentences()
	for _, r := range []collector.Reason{
		ReasonKeyUnknown, ReasonPlaceholderEmpty, ReasonPlaceholderNull, ReasonPlaceholderUndefined, ReasonPlaceholderTest, ReasonWordUnknown, ReasonOtherChannel, ReasonFieldMissing, ReasonMessagingName, ReasonPhoneCountry, ReasonNotHashed, ReasonPersonal, ReasonEmptyValue, ReasonTooMany,
		ReasonEventName, ReasonEventID, ReasonValueMissing, ReasonValueInvalid, ReasonCurrencyMissing, ReasonCurrencyInvalid,
		ReasonTooWeak, ReasonNoUserAgent, ReasonLimitedUse, ReasonClickMalformed, ReasonPayloadInvalid, ReasonLeadInvalid,
		ReasonPayloadRejected, ReasonBodyBroken, ReasonToken, ReasonPermission, ReasonDataset, ReasonThrottled, ReasonPolicy,
		ReasonUnavailable, ReasonUnreachable, ReasonForeignAnswer, ReasonCodeUnknown, ReasonCountMismatch, ReasonAnswerUnreadable, ReasonNotSent,
		ReasonTwinWindow, ReasonTokenEnds, ReasonVersionEnds, ReasonVersionEnded,
	} {
		if all[r] == "" {
			t.Errorf("%s has no sentence", r)
		}
		delete(all, r)
	}
	for r := range all {
		t.Errorf("%s has a sentence and is not listed in this test", r)
	}
	for code, c := range codes {
		if _, mine := Sentences()[c.reason]; !mine && collector.Sentences()[c.reason] == "" {
			t.Errorf("code %d gives a reason without a sentence", code)
		}
	}
}
