package meta

// Cases that others wrote, read where they lie beside the checkout and never
// copied. Meta's documentation overrules them where they differ; each such
// group of cases stands here with its reason, and in docs/normalisation.md.

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"matchkey/collector"
)

// vectors reads a file of ../shared/vectors, seen from the repository's root.
// Where CI is set they have to be there.
func vectors(t *testing.T, name string, into any) {
	t.Helper()
	path := filepath.Join("..", "..", "..", "shared", "vectors", name)
	text, err := os.ReadFile(path)
	if err != nil && os.Getenv("CI") != "" {
		t.Fatalf("CI is set and the shared vectors are missing: %v", err)
	}
	if err != nil {
		t.Skipf("no shared vectors beside the checkout: %v", err)
	}
	if err := json.Unmarshal(text, into, json.MatchCaseInsensitiveNames(true)); err != nil {
		t.Fatal(err)
	}
}

// An overruled group of cases: why Meta's documentation wins, which cases it
// covers (by key, value and expectation), and what we give instead.
type overruled struct {
	reason string
	keys   string
	covers func(value, expected string) bool
	want   func(value string) string
}

func nothing(string) string { return "" }

var overruledGroups = []overruled{
	{
		"hexadecimal digits of a hash are lower-case (§ 3.1), so an upper-case hash is lower-cased", "",
		func(v, _ string) bool { return isHash(v) && v != strings.ToLower(v) }, strings.ToLower,
	},
	{
		"the hash of the empty string is a fault of the sender (§ 3.3)", "",
		func(v, _ string) bool { return v == hash("") }, nothing,
	},
	{
		"only SHA-256 is supported (§ 3.4), so an MD5 is no hash; it stays text where text is allowed", "em db ge",
		func(v, _ string) bool { return len(v) == 32 && strings.Trim(v, "0123456789abcdef") == "" }, nothing,
	},
	{
		"a phone number must begin with the country code (§ 3.1), and a prefix is never invented: national numbers without a country are dropped", "ph",
		func(v, e string) bool {
			return !strings.HasPrefix(trim(v), "+") && !strings.HasPrefix(v, "00") && len(e) >= 3 && len(e) <= 15
		}, nothing,
	},
	{
		"what has no possible number of digits is no phone number (§ 3.1; the Node SDK keeps 7 to 16)", "ph",
		func(_, e string) bool { return len(e) < 7 || len(e) > 15 }, nothing,
	},
	{
		"zeros at the front belong to a prefix; cutting them off makes another number (§ 13.15)", "ph",
		func(v, _ string) bool { return strings.HasPrefix(v, "00") }, nothing,
	},
	{
		"an extension is no part of the number, whose digits alone are hashed (§ 3.1)", "ph",
		func(v, _ string) bool { return strings.Contains(v, " ext. ") },
		func(v string) string {
			v, _, _ = strings.Cut(v, " ext. ")
			return keep(v, func(r rune) bool { return '0' <= r && r <= '9' })
		},
	},
	{
		"names and places outside of Latin are allowed, as UTF-8 (§ 3.1)", "ct st",
		func(v, e string) bool { return e == "" && !regexp.MustCompile(`[A-Za-z0-9]`).MatchString(v) },
		strings.ToLower,
	},
	{
		"names have no punctuation (§ 3.1), the dashes of typography included", "fn",
		func(v, _ string) bool { return strings.ContainsAny(v, "–—") },
		func(v string) string { return strings.ToLower(strings.NewReplacer("–", "", "—", "").Replace(v)) },
	},
	{
		"a postal code has no dashes (§ 3.1): they are removed, the code is not cut there, except for the United States", "zp",
		func(v, _ string) bool { return strings.Contains(v, "-") },
		func(v string) string { return strings.ToLower(strings.ReplaceAll(v, "-", "")) },
	},
	{
		"a postal code is letters and digits (§ 3.1: no spaces, no dashes), those of full width included", "zp",
		func(v, _ string) bool { return postalNoise.strip(v) != strings.ToLower(v) || !isASCII(v) },
		func(v string) string { return postalNoise.strip(collector.PlainText(v)) },
	},
	{
		"a country is a code or a name (§ 3.1); among digits and signs it may as well be N/A, C/O or No 5", "country",
		func(v, _ string) bool { return strings.ContainsAny(v, "0123456789@#-") || v == "US中国" }, nothing,
	},
	{
		"a country's own name for itself is one, in its own script too (§ 3.1)", "country",
		func(v, e string) bool { return e == "" && countryNames[v] != "" }, func(v string) string { return countryNames[v] },
	},
	{
		"a country is an ISO 3166-1 code (§ 3.1), and AB is none", "country",
		func(v, _ string) bool { return v == "AB" }, nothing,
	},
	{
		"groups of digits with different things between them may be a date and a time, so they are no date", "db",
		func(v, _ string) bool { return v == "1990.12-31" || strings.Contains(v, "@#$") }, nothing,
	},
	{
		"1900 had no 29 February, so it is nobody's date of birth", "db",
		func(v, _ string) bool { return v == "02-29-1900" }, nothing,
	},
}

// Cases of one source only (tier C) that another rule of ours contradicts.
var overruledSingles = map[string]string{
	"ct Stanley Park 1234":  "digits of a city stay, as in the parameter builder; only the Java SDK removes them",
	"em foo(.bar)@baz.com/": "the PHP SDK repairs what is no address; we do not guess",
	"st North-Carolina":     "states of the US have two letters (§ 3.1)",
}

func TestNormaliseVectors(t *testing.T) {
	var file struct {
		Cases []struct {
			Key, Value, Tier string
			Expected         *string
		}
	}
	vectors(t, "normalize.json", &file)
	defer func(year func() int) { thisYear = year }(thisYear)
	thisYear = func() int { return 2026 } // when the cases were recorded
	met := make([]int, len(overruledGroups))
	agreed := 0
	for _, c := range file.Cases {
		expected := ""
		if c.Expected != nil {
			expected = *c.Expected
		}
		forms, _ := Normalise(c.Key, c.Value, "")
		got := ""
		if len(forms) > 0 {
			got = forms[0]
		}
		if got == expected {
			agreed++
			continue
		}
		if c.Tier == "C" && overruledSingles[c.Key+" "+c.Value] != "" {
			continue
		}
		if i := overrulingGroup(c.Key, c.Value, expected, got); i >= 0 {
			met[i]++
			continue
		}
		t.Errorf("%s %.80q: got %.80q, want %.80q, and no rule of ours says why", c.Key, c.Value, got, expected)
	}
	for i, n := range met {
		if n == 0 {
			t.Errorf("no case is overruled because %q: take the rule away", overruledGroups[i].reason)
		}
		t.Logf("%3d overruled: %s", n, overruledGroups[i].reason)
	}
	t.Logf("%d of %d cases agree", agreed, len(file.Cases))
}

// overrulingGroup returns the first group that explains a difference.
func overrulingGroup(key, value, expected, got string) int {
	for i, g := range overruledGroups {
		if g.keys != "" && !strings.Contains(" "+g.keys+" ", " "+key+" ") {
			continue
		}
		if g.covers(value, expected) && g.want(value) == got {
			return i
		}
	}
	return -1
}

func TestBrowserValueVectors(t *testing.T) {
	var file struct {
		Vectors []struct {
			ID, Op          string
			Input, Expected jsontext.Value
			Superseded      bool
		}
	}
	vectors(t, "fbc_fbp_values.json", &file)
	ran := 0
	for _, v := range file.Vectors {
		if v.Superseded {
			continue // upstream itself took it back
		}
		switch v.Op {
		case "parse_fbc":
			checkParse(t, v.ID, v.Input, v.Expected, isClickID)
		case "parse_fbp":
			checkParse(t, v.ID, v.Input, v.Expected, isRandomPart)
		case "choose_fbc":
			checkChoice(t, v.ID, v.Input, v.Expected)
		case "format_fbclid":
			checkFormat(t, v.ID, v.Input, v.Expected)
		case "url_fbclid":
			checkURL(t, v.ID, v.Input, v.Expected)
		default:
			t.Errorf("%s: nobody runs %q", v.ID, v.Op)
			continue
		}
		ran++
	}
	if ran < 28 {
		t.Errorf("only %d vectors were run", ran)
	}
}

// checkFormat runs a case about a click id that a site holds, bare or as a whole
// cookie. The tag makes the cookie; what it may be made of the gate says.
func checkFormat(t *testing.T, id string, input, expected jsontext.Value) {
	t.Helper()
	var in struct {
		Click   string `json:"fbclid"`
		Initial string `json:"$initial_fbclid"`
	}
	var want struct{ Regex string }
	decode(t, input, &in)
	decode(t, expected, &want)
	value := in.Click + in.Initial
	if !strings.HasPrefix(value, "fb.") {
		value = clickAt(now, value)
	}
	got, _, _ := parseClickAt(value)
	if !regexp.MustCompile(want.Regex).MatchString(got) {
		t.Errorf("%s: %q is kept as %q, want %s", id, value, got, want.Regex)
	}
}

// parseClickAt is the gate at the click's own time, since cases do not age.
func parseClickAt(value string) (string, time.Time, collector.Reason) {
	v, ok := readBrowserValue(value, isClickID)
	if !ok {
		return "", time.Time{}, collector.ReasonMalformed
	}
	return parseClick(value, v.at)
}

// checkURL runs a case about the click id in an address: to the letter.
func checkURL(t *testing.T, id string, input, expected jsontext.Value) {
	t.Helper()
	var address, want string
	decode(t, input, &address)
	decode(t, expected, &want)
	_, click, _ := strings.Cut(address, "fbclid=")
	if got, ok := readBrowserValue(clickAt(now, click), isClickID); !ok || got.payload != want {
		t.Errorf("%s: %q", id, got.payload)
	}
}

func checkParse(t *testing.T, id string, input, expected jsontext.Value, isPayload func(string) bool) {
	t.Helper()
	var value string
	var want struct {
		Error     bool
		Time      int64  `json:"creation_time_ms"`
		Click     string `json:"click_id"`
		RoundTrip string `json:"round_trip"`
	}
	decode(t, input, &value)
	decode(t, expected, &want)
	got, ok := readBrowserValue(value, isPayload)
	if ok == want.Error {
		t.Errorf("%s: %q is well-formed: %v", id, value, ok)
		return
	}
	if ok && (got.at.UnixMilli() != want.Time || got.text != value || want.Click != "" && got.payload != want.Click) {
		t.Errorf("%s: %+v", id, got)
	}
}

// checkChoice runs a case about which click a conversion gets. What the site
// stores, what was captured and what the event still carries are observations
// of ours; an fbclid of unknown age is none.
func checkChoice(t *testing.T, id string, input, expected jsontext.Value) {
	t.Helper()
	var in struct {
		At    int64 `json:"event_time_ms"`
		Event struct {
			Click string `json:"fbclid"`
		} `json:"event_properties"`
		Stored struct {
			Own      any     `json:"site_owned_fbc"`
			Captured *string `json:"captured_fbc"`
		}
	}
	decode(t, input, &in)
	var want *string
	decode(t, expected, &want)

	at := time.UnixMilli(in.At)
	c := completeComposition()
	c.Now, c.Event.OccurredAt = at, at
	c.Event.Identifiers, c.Profile.Identifiers = nil, nil
	add := func(list *[]collector.Identifier, value string) {
		*list = append(*list, collector.Identifier{Kind: collector.KindClick, Value: value})
	}
	if own, ok := in.Stored.Own.(string); ok {
		add(&c.Event.Identifiers, own)
	}
	if in.Stored.Captured != nil {
		add(&c.Profile.Identifiers, *in.Stored.Captured)
	}
	if in.Event.Click != "" {
		add(&c.Event.Identifiers, "fb.1."+itoa(in.At)+"."+in.Event.Click)
	}
	event := composed(t, c)
	switch {
	case want == nil && event.UserData.Click != "":
		t.Errorf("%s: sends %q, want nothing", id, event.UserData.Click)
	case want != nil && event.UserData.Click != *want:
		t.Errorf("%s: sends %q, want %q", id, event.UserData.Click, *want)
	}
}

func decode(t *testing.T, text jsontext.Value, into any) {
	t.Helper()
	if err := json.Unmarshal(text, into, json.MatchCaseInsensitiveNames(true)); err != nil {
		t.Fatal(err)
	}
}
