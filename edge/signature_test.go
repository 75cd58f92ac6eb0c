package edge

import (
	"fmt"
	"testing"
	"time"

	"matchkey/collector"
)

const identifyKey = "an-identify-key-for-tests"

func signing(o *Options) { o.Sites[0].IdentifyKey = identifyKey }

// TestSignatureOfTheDocumentation: the value that docs/http-api.md shows, which
// was computed with openssl.
func TestSignatureOfTheDocumentation(t *testing.T) {
	const want = "1795435200.ae0eebf09ceff5183178a4d6858ee4380e79f813dd48fbf920ebcc0ddca7a736"
	if got := signatureOf(identifyKey, "shop", "c42", 1795435200); got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestSignedIdentify(t *testing.T) {
	soon := noon.Add(time.Hour).Unix()
	good := signatureOf(identifyKey, "shop", "c42", soon)
	for name, c := range map[string]struct {
		signature string
		why       collector.Reason
	}{
		"signed":              {good, ""},
		"at the last second":  {signatureOf(identifyKey, "shop", "c42", noon.Unix()+1), ""},
		"unsigned":            {"", ReasonIdentifyUnsigned},
		"expired":             {signatureOf(identifyKey, "shop", "c42", noon.Unix()), ReasonIdentifyExpired},
		"good for too long":   {signatureOf(identifyKey, "shop", "c42", noon.Add(25*time.Hour).Unix()), ReasonIdentifyTooLong},
		"good for ever":       {signatureOf(identifyKey, "shop", "c42", 1<<62), ReasonIdentifyTooLong},
		"of another customer": {signatureOf(identifyKey, "shop", "c43", soon), ReasonIdentifyForged},
		"of another site":     {signatureOf(identifyKey, "other", "c42", soon), ReasonIdentifyForged},
		"with another key":    {signatureOf("another", "shop", "c42", soon), ReasonIdentifyForged},
		"prolonged":           {fmt.Sprint(soon+60) + good[len(fmt.Sprint(soon)):], ReasonIdentifyForged},
		"cut short":           {good[:len(good)-1], ReasonIdentifyForged},
		"with a plus sign":    {"+" + good, ReasonIdentifyForged},
		"no number":           {"soon.abc", ReasonIdentifyForged},
	} {
		t.Run(name, func(t *testing.T) {
			f := start(t, signing)
			r := f.beacon(fmt.Sprintf(`{"v":1,"t":1000,"i":%q,"u":{"id":"c42","email":"a@example.com","signature":%q},"c":%s,`+
				`"e":[{"n":"identify","i":"x","t":1000}]}`, visitor, c.signature, accepted))
			if r.StatusCode != 204 || r.reason() != c.why {
				t.Fatalf("got %d %q, want 204 %q", r.StatusCode, r.reason(), c.why)
			}
			e := f.journal.stored()[0]
			want := "c42"
			if c.why != "" {
				want = ""
			}
			if e.Customer != want || e.Visitor != visitor || e.Name != collector.EventIdentify {
				t.Errorf("stored is %+v; want the event, with the customer %q", e, want)
			}
			find(t, e, collector.KindEmail)
			noted := len(e.Notes) == 1 && e.Notes[0] == collector.Note{Field: "u.id", Reason: c.why}
			if c.why != "" && (!noted || f.count("refused_total", "site", "shop", "reason", string(c.why)) != 1) {
				t.Errorf("notes %v, counted %v times", e.Notes, f.count("refused_total", "site", "shop", "reason", string(c.why)))
			}
		})
	}
}

// TestReplayedSignature: a signature is worth what it says, whoever sends it and
// however often, until it ends. That is why it is to be short.
func TestReplayedSignature(t *testing.T) {
	now := noon
	f := start(t, signing, func(o *Options) { o.Now = func() time.Time { return now } })
	signature := signatureOf(identifyKey, "shop", "c42", noon.Add(time.Minute).Unix())
	send := func(visitor, customer string) string {
		before := len(f.journal.stored())
		f.beacon(fmt.Sprintf(`{"v":1,"t":1000,"i":%q,"u":{"id":%q,"signature":%q},"c":%s,"e":[{"n":"identify","i":"x","t":1000}]}`,
			visitor, customer, signature, accepted))
		return f.journal.stored()[before].Customer
	}
	if send("1.a.b", "c42") != "c42" || send("1.c.d", "c42") != "c42" {
		t.Error("a signature does not count while it is good")
	}
	if got := send("1.c.d", "c43"); got != "" {
		t.Errorf("replayed for another customer it made the browser %s's", got)
	}
	now = noon.Add(2 * time.Minute)
	if got := send("1.c.d", "c42"); got != "" {
		t.Errorf("replayed after its end it made the browser %s's", got)
	}
}

// TestUnsignedRefusalCounts: who refuses is heard, signed or not.
func TestUnsignedRefusalCounts(t *testing.T) {
	f := start(t, signing)
	f.beacon(`{"v":1,"t":1000,"u":{"id":"c42"},"c":{"a":"reject","t":1000,"s":"banner"},"e":[{"n":"consent","i":"x","t":1000}]}`)
	if e := f.journal.stored()[0]; e.Customer != "c42" || e.Consent.Action != collector.ConsentReject {
		t.Errorf("an unsigned refusal is stored as %+v", e)
	}
}
