package graphsim

// What is checked of user_data (capi.md § 3): the keys, the form of each
// value, and whether what is left could match anybody.

import (
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"strconv"
	"sync"
	"time"

	"github.com/go-json-experiment/json/jsontext"
)

// valueForm is how the values of one key have to look.
type valueForm int

const (
	formHash     valueForm = iota + 1 // SHA-256 in lower-case hex; one or a list
	formExternal                      // anything, hashed or not; one or a list
	formAddress                       // a public IP address
	formAgent                         // a user agent, as the browser sent it
	formClick                         // fbc
	formBrowser                       // fbp
	formLead                          // a lead id: 15 or 16 digits
	formPlain                         // an id that is never hashed
)

// userKeys are all keys that user_data may have (§ 3.1); any other fails the
// whole request.
var userKeys = map[string]valueForm{
	"em": formHash, "ph": formHash, "fn": formHash, "ln": formHash, "db": formHash,
	"ge": formHash, "ct": formHash, "st": formHash, "zp": formHash, "country": formHash,
	"f5first": formHash, "f5last": formHash, "fi": formHash,
	"dobd": formHash, "dobm": formHash, "doby": formHash,

	"external_id":       formExternal,
	"client_ip_address": formAddress,
	"client_user_agent": formAgent,
	"fbc":               formClick,
	"fbp":               formBrowser,
	"lead_id":           formLead,

	"subscription_id": formPlain, "fb_login_id": formPlain, "anon_id": formPlain,
	"madid": formPlain, "page_id": formPlain, "page_scoped_user_id": formPlain,
	"ctwa_clid": formPlain, "ig_account_id": formPlain, "ig_sid": formPlain,
	"whatsapp_business_account_id": formPlain, "instagram_business_account_id": formPlain,
}

// tooWeak are the sets of § 3.2: an event whose keys all lie within one of
// them is refused. So is one without any key.
var tooWeak = [][]string{
	{"ct", "country", "st", "zp", "ge", "client_user_agent"},
	{"db", "client_user_agent"},
	{"fn", "ge"},
	{"ln", "ge"},
}

func checkUserData(raw jsontext.Value, eventTime int64, now time.Time) (map[string][]string, *refusal) {
	user, ok := members(raw)
	if !ok {
		return nil, bad(subStructure, "A parameter has to be an object.", "user_data")
	}
	values := make(map[string][]string, len(user))
	for _, m := range user {
		key := m.key
		form, known := userKeys[key]
		if !known {
			return nil, unexpected(key).under("user_data")
		}
		got, f := readValues(m.value, form)
		if f != nil {
			return nil, f.under("user_data", key)
		}
		for _, v := range got {
			if f := form.check(v, eventTime, now); f != nil {
				return nil, f.under("user_data", key)
			}
		}
		values[key] = got
	}
	for _, weak := range tooWeak {
		if subset(values, weak) {
			return nil, bad(subTooWeak, "The customer information is absent or too broad to match anybody.", "user_data")
		}
	}
	return values, nil
}

func subset(values map[string][]string, of []string) bool {
	for key := range values {
		if !slices.Contains(of, key) {
			return false
		}
	}
	return true
}

// readValues reads a string, a list of strings where the key takes one, or an
// integer where ids are written as numbers.
func readValues(v jsontext.Value, form valueForm) ([]string, *refusal) {
	if s, ok := text(v); ok {
		if s == "" {
			return nil, bad(subStructure, "A value must not be empty: leave the parameter out.")
		}
		return []string{s}, nil
	}
	if n, ok := integer(v); ok && (form == formPlain || form == formLead) {
		return []string{strconv.FormatInt(n, 10)}, nil
	}
	items, ok := list(v)
	if !ok || form != formHash && form != formExternal {
		return nil, bad(subStructure, "A value of a type that the parameter does not take.")
	}
	if len(items) == 0 {
		return nil, bad(subStructure, "A list must not be empty: leave the parameter out.")
	}
	out := make([]string, 0, len(items))
	for i, item := range items {
		s, ok := text(item)
		if !ok || s == "" {
			return nil, bad(subStructure, "A list holds strings that are not empty.", strconv.Itoa(i))
		}
		out = append(out, s)
	}
	return out, nil
}

func (form valueForm) check(v string, eventTime int64, now time.Time) *refusal {
	switch form {
	case formHash:
		if !isHash(v) {
			return bad(subNotUsable, "The value is not hashed: SHA-256 in 64 lower-case hex digits.")
		}
		if hashesOfNothing[v] {
			return bad(subNotUsable, "The value is the hash of nothing, of \"null\", \"undefined\" or \"test\".")
		}
	case formExternal:
		if hashesOfNothing[v] {
			return bad(subNotUsable, "The value is the hash of nothing, of \"null\", \"undefined\" or \"test\".")
		}
	case formAddress:
		if !isPublicAddress(v) {
			return bad(subNotUsable, "The value is not a public IP address; it is never hashed.")
		}
	case formAgent, formPlain:
		if looksHashed(v) {
			return bad(subNotUsable, "The value is hashed, and must not be.")
		}
	case formClick:
		return checkClick(v, eventTime, now)
	case formBrowser:
		return checkBrowserID(v, now)
	case formLead:
		if !digits(v) || len(v) < 15 || len(v) > 16 {
			return bad(subLeadID, "A lead id has 15 or 16 digits.")
		}
	}
	return nil
}

// hashesOfNothing are hashes that say "a bug upstream" (§ 3.3). Meta's own
// sample payload has two of them, so it cannot be said to refuse them.
var hashesOfNothing = map[string]bool{
	hashOf(""): true, hashOf("null"): true, hashOf("undefined"): true, hashOf("test"): true,
}

// diagnoseHashes looks at the hashes of which every possible one can be
// computed: a wrong one was made of "Female", of "US", of a date with dashes,
// or was hashed twice, and will never match.
func diagnoseHashes(user map[string][]string) (out []Diagnostic) {
	known := knownHashes()
	for _, c := range []struct {
		key  string
		diag Diagnostic
	}{{"ge", DiagGenderUnknown}, {"country", DiagCountryUnknown}, {"db", DiagBirthdayUnknown}} {
		if slices.ContainsFunc(user[c.key], func(h string) bool { return known[h] != c.key }) {
			out = append(out, c.diag)
		}
	}
	return out
}

// knownHashes maps each possible hash to its key: two genders, all pairs of
// letters but "uk" (the country's code is gb, § 13.16), all dates since 1900.
var knownHashes = sync.OnceValue(func() map[string]string {
	known := map[string]string{hashOf("f"): "ge", hashOf("m"): "ge"}
	for a := 'a'; a <= 'z'; a++ {
		for b := 'a'; b <= 'z'; b++ {
			if code := string([]rune{a, b}); code != "uk" {
				known[hashOf(code)] = "country"
			}
		}
	}
	for d := day(1900, 1, 1); d.Year() < 2100; d = d.AddDate(0, 0, 1) {
		known[hashOf(d.Format("20060102"))] = "db"
	}
	return known
})

func hashOf(s string) string {
	sum := sha256.Sum256([]byte(s))
	return hex.EncodeToString(sum[:])
}
