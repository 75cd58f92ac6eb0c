package console

import (
	"encoding/json"
	"net/url"
	"strings"
	"testing"

	"matchkey/collector"
)

const someHash = "973dfe463ec85785f5f95af5ba3906eedb2d931c24e69824a89ea65dba4e813b"

func personOf(f *fake) *fake {
	f.holders = map[string][]collector.Subject{
		"email" + someHash: {collector.Customer("shop", "c42-jane"), collector.Visitor("shop", "1.toybxa.mfa9x2")},
		"phone" + someHash: {collector.Customer("shop", "c42-jane"), collector.Customer("shop", "c43-john")},
	}
	return f
}

func TestErasureIsCountedFirst(t *testing.T) {
	f := personOf(shop())
	h := f.console(t)
	if w := get(t, h, "/person"); !strings.Contains(w.Body.String(), `action="/person"`) {
		t.Error("there is no form")
	}
	w := post(t, h, "/person", url.Values{"site": {"shop"}, "customer": {"c42-jane"}, "visitor": {""}})
	if len(f.erased) != 0 {
		t.Fatal("somebody was erased by looking")
	}
	form := formValues(t, w.Body.String(), "/person")
	if form.Get("customer") != "c42-jane" || form.Get("site") != "shop" {
		t.Fatalf("the form asks for %v", form)
	}
	form.Set("sure", "yes")
	page := post(t, h, "/person", form).Body.String()
	if len(f.erased) != 1 || f.erased[0] != collector.Customer("shop", "c42-jane") {
		t.Fatalf("erased were %v", f.erased)
	}
	if !strings.Contains(page, `href="/api/receipt?id=er_1"`) || strings.Contains(page, "c42-jane") || !strings.Contains(page, "main-shop") {
		t.Errorf("the receipt's page is %s", page)
	}
	var receipt collector.Receipt
	if err := json.Unmarshal(get(t, h, "/api/receipt?id=er_1").Body.Bytes(), &receipt); err != nil || receipt.BytesGoneAt.IsZero() {
		t.Errorf("the receipt is %+v, %v", receipt, err)
	}
	if w := get(t, h, "/api/receipt?id=er_2"); w.Code != 404 {
		t.Errorf("an unknown receipt gives %d", w.Code)
	}
}

func TestEraseAndExportByScript(t *testing.T) {
	f := personOf(shop())
	h := f.console(t)
	for name, c := range map[string]struct {
		form url.Values
		code int
		says string
	}{
		"by customer":     {url.Values{"site": {"shop"}, "customer": {"c42-jane"}}, 200, ""},
		"by e-mail":       {url.Values{"site": {"shop"}, "email_sha256": {someHash}}, 200, ""},
		"ambiguous":       {url.Values{"site": {"shop"}, "phone_sha256": {someHash}}, 400, "customer c43-john"},
		"nobody":          {url.Values{"site": {"shop"}, "email_sha256": {strings.Repeat("0", 64)}}, 404, "No profile"},
		"in the clear":    {url.Values{"site": {"shop"}, "email_sha256": {"ada@example.com"}}, 400, "64 lower-case"},
		"two ways":        {url.Values{"site": {"shop"}, "customer": {"c"}, "visitor": {"v"}}, 400, "in one way"},
		"no way":          {url.Values{"site": {"shop"}}, 400, "who is meant"},
		"unknown site":    {url.Values{"site": {"shoop"}, "customer": {"c"}}, 400, "No site"},
		"a mistyped name": {url.Values{"site": {"shop"}, "customer": {"c"}, "dryrun": {"true"}}, 400, "no parameter"},
	} {
		for _, path := range []string{"/api/export", "/api/erase"} {
			f.erased = nil
			w := post(t, h, path, c.form)
			if w.Code != c.code || !strings.Contains(w.Body.String(), c.says) {
				t.Errorf("%s %s gives %d and %s", path, name, w.Code, w.Body)
			}
			if erases := path == "/api/erase" && c.code == 200; erases != (len(f.erased) == 1) {
				t.Errorf("%s %s erased %v", path, name, f.erased)
			}
		}
	}
	f.erased = nil
	var counts personCounts
	w := post(t, h, "/api/erase", url.Values{"site": {"shop"}, "customer": {"c42-jane"}, "dry": {"true"}})
	if err := json.Unmarshal(w.Body.Bytes(), &counts); err != nil || counts.Events == 0 || len(f.erased) > 0 {
		t.Errorf("a dry run gives %s and erases %v", w.Body, f.erased)
	}
	if w := post(t, h, "/api/export?customer=c42-jane", url.Values{"site": {"shop"}}); w.Code != 400 {
		t.Errorf("who stands in the address is answered %d", w.Code)
	}
	var rec collector.PersonRecord
	w = post(t, h, "/api/export", url.Values{"site": {"shop"}, "customer": {"c42-jane"}})
	if err := json.Unmarshal(w.Body.Bytes(), &rec); err != nil || rec.Version != 1 || len(rec.Events) == 0 {
		t.Errorf("the export is %s", w.Body)
	}
}
