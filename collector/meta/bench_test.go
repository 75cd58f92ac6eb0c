package meta

import (
	"context"
	"io"
	"net/http"
	"strings"
	"testing"

	"matchkey/collector"
)

// contactValues are values as shops get them, one of each usual shape.
var contactValues = []struct {
	name           string
	kind           collector.Kind
	value, country string
}{
	{"email", collector.KindEmail, " Mary.Smith42@Example.com", "US"},
	{"phone_international", collector.KindPhone, "+49 151 23456789", "DE"},
	{"phone_national", collector.KindPhone, "(415) 555-2671", "US"},
	{"first_name", collector.KindFirstName, "Mary", "US"},
	{"first_name_accent", collector.KindFirstName, "Valéry", "FR"},
	{"last_name", collector.KindLastName, "O'Brien", "US"},
	{"birth", collector.KindDateOfBirth, "1990-07-13", "US"},
	{"gender", collector.KindGender, "Female", "US"},
	{"city", collector.KindCity, "New York", "US"},
	{"city_accent", collector.KindCity, "São Paulo", "BR"},
	{"region", collector.KindRegion, "California", "US"},
	{"postal_code", collector.KindPostalCode, "94035-1234", "US"},
	{"country", collector.KindCountry, "US", "US"},
	{"country_name", collector.KindCountry, "Germany", "DE"},
	{"already_hashed", collector.KindEmail, "62A14E44F765419D10FEA99367361A727C12365E2520F32218D505ED9AA0F62F", ""},
}

// BenchmarkHasher measures what the edge does with one value.
func BenchmarkHasher(b *testing.B) {
	hash := Hasher()
	for _, c := range contactValues {
		b.Run(c.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if hashes, _, why := hash(c.kind, c.value, c.country); len(hashes) == 0 {
					b.Fatal(why)
				}
			}
		})
	}
}

// BenchmarkBrowserIdentifiers measures the gate of the two cookies.
func BenchmarkBrowserIdentifiers(b *testing.B) {
	values := map[string]string{browserCookie: "fb.1.1603122906825.1012802381", clickCookie: clickAt(occurred, clickID)}
	for _, id := range BrowserIdentifiers() {
		b.Run(id.Cookie, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, _, why := id.Parse(values[id.Cookie], now); why != "" {
					b.Fatal(why)
				}
			}
		})
	}
}

// BenchmarkCompose measures a complete purchase from composition to body.
func BenchmarkCompose(b *testing.B) {
	c := completeComposition()
	b.ReportAllocs()
	for b.Loop() {
		compose(b, c)
	}
}

// answering is a transport that accepts a number of events at once.
type answering struct{ text string }

func (a answering) RoundTrip(r *http.Request) (*http.Response, error) {
	if _, err := io.Copy(io.Discard, r.Body); err != nil {
		return nil, err
	}
	return &http.Response{StatusCode: http.StatusOK, Header: http.Header{}, Body: io.NopCloser(strings.NewReader(a.text))}, nil
}

// BenchmarkSend measures the client's share: 100 bodies into one request.
func BenchmarkSend(b *testing.B) {
	d, err := New(Config{Name: "main", Dataset: "1", Token: "token", Transport: answering{`{"events_received":100}`}})
	if err != nil {
		b.Fatal(err)
	}
	parcels := make([]collector.Parcel, 100)
	body := compose(b, completeComposition()).Body
	for i := range parcels {
		parcels[i].Body = body
	}
	b.ReportAllocs()
	for b.Loop() {
		if v := d.Send(context.Background(), parcels); v[99].Ruling != collector.Accepted {
			b.Fatal(v[99])
		}
	}
}
