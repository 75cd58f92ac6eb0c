package meta

import (
	"strings"
	"testing"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

func TestNormaliseLine(t *testing.T) {
	for _, c := range []struct{ in, want string }{
		{`{"key":"em","value":" A@B.com","country":"US"}`, `{"normalized":"a@b.com","sha256":"fb98d44ad7501a959f3f4f4a3f004fe2d9e581ea6207e218c4b02c08a4d75adf"}`},
		{`{"key":"email","value":"a@b.com"}` + "\r\n", `{"normalized":"a@b.com","sha256":"fb98d44ad7501a959f3f4f4a3f004fe2d9e581ea6207e218c4b02c08a4d75adf"}`},
		{`{"key":"ct","value":"Zürich"}`, `{"normalized":"zürich","sha256":"201f10d5d64518d86d2d3a47d28675d1c788762c5345df643dadec71d4e0a91e","variants":[` +
			`{"normalized":"zürich","sha256":"201f10d5d64518d86d2d3a47d28675d1c788762c5345df643dadec71d4e0a91e"},` +
			`{"normalized":"zrich","sha256":"b253f8d990c571b122610eb0ce308ba1d4d04a944fa3bc2e28eed230deb430c5"}]}`},
		// A hash is not hashed again.
		{`{"key":"em","value":"FB98D44AD7501A959F3F4F4A3F004FE2D9E581EA6207E218C4B02C08A4D75ADF"}`,
			`{"normalized":"fb98d44ad7501a959f3f4f4a3f004fe2d9e581ea6207e218c4b02c08a4d75adf","sha256":"fb98d44ad7501a959f3f4f4a3f004fe2d9e581ea6207e218c4b02c08a4d75adf"}`},
		{`{"key":"ph","value":"(555) 123-4567","tier":"A","sources":["x"]}`, `{"dropped":"phone_without_country"}`},
		{`{"key":"ph","value":null}`, `{"dropped":"not_normalisable"}`},
		// A number is read as it is spelled, or not at all.
		{`{"key":"ph","value":16505551212}`, `{"normalized":"16505551212","sha256":"e323ec626319ca94ee8bff2e4c87cf613be6ea19919ed1364124e16807ab3176"}`},
		{`{"key":"zp","value":75018}`, `{"normalized":"75018","sha256":"8dc3075ea745609c169d1c120d3fcd1c42673d16f18b423f4374e894d34a098a"}`},
		{`{"key":"db","value":19970216,"country":null}`, `{"normalized":"19970216","sha256":"01acdbf6ec7b4f478a225f1a246e5d6767eeab1a7ffa17f025265b5b94f40f0c"}`},
		{`{"key":"em","value":3}`, `{"dropped":"not_normalisable"}`},
		{`{"key":"fn","value":"74234e98afe7498fb5daf1f36ac2d78acc339464f950703b8c019892f982b90b"}`, `{"dropped":"placeholder_null"}`},
	} {
		if got := string(NormaliseLine([]byte(c.in))); got != c.want {
			t.Errorf("%s\n got %s\nwant %s", c.in, got, c.want)
		}
	}
	for _, broken := range []string{
		``, `x`, `[]`, `{}`, `{"key":"em"}`, `{"value":"a"}`, `{"key":"em","value":3.5}`, `{"key":"ph","value":1e10}`, `{"key":"ph","value":-1}`, `{"key":"em","value":["a@b.com"]}`, `{"key":"em","value":true}`, `{"key":"ph","value":"1","country":49}`, `{"key":"shoe","value":"44"}`,
		`{"key":"em","key":"ph","value":"a"}`, "{\"key\":\"em\",\"value\":\"\xff\"}", `{"key":null,"value":"a"}`,
	} {
		got := string(NormaliseLine([]byte(broken)))
		if !strings.HasPrefix(got, `{"error":"`) {
			t.Errorf("%q gives %s", broken, got)
		}
	}
}

func FuzzNormaliseLine(f *testing.F) {
	f.Add([]byte(`{"key":"em","value":" A@B.com","country":"US"}`))
	f.Add([]byte(`{"key":"ct","value":"Zürich"}`))
	f.Add([]byte(`{"key":"ph","value":null}`))
	f.Add([]byte(`{"key":`))
	f.Add([]byte(`{"key":"ph","value":16505551212}`))
	f.Add([]byte(`{"key":"ph","value":1e400,"country":["US"]}`))
	f.Add([]byte(`{"key":"st","value":"\u0130\ud800","country":"\u0000"}`))
	f.Add([]byte("\ufeff{}"))
	f.Fuzz(func(t *testing.T, line []byte) {
		out := NormaliseLine(line)
		var got struct {
			Normalized, Dropped, Error string
			SHA256                     string `json:"sha256"`
			Variants                   jsontext.Value
		}
		if err := json.Unmarshal(out, &got, json.MatchCaseInsensitiveNames(true)); err != nil {
			t.Fatalf("%s: %v", out, err)
		}
		answers := 0
		for _, a := range []string{got.Normalized, got.Dropped, got.Error} {
			if a != "" {
				answers++
			}
		}
		if answers != 1 || (got.Normalized != "") != isHash(got.SHA256) {
			t.Fatalf("not exactly one answer: %s", out)
		}
		if strings.ContainsAny(string(out), "\n\r") {
			t.Fatalf("more than one line: %q", out)
		}
	})
}
