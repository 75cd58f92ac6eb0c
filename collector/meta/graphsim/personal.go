package graphsim

// What left the house and should not have: contact data in the clear. Meta
// does not refuse it in free fields, as far as is known; it warns the account,
// later. The fake keeps a list instead, for tests to find empty.

import (
	"maps"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/go-json-experiment/json/jsontext"
)

// Finding is personal data in the clear at one place. It never holds the value.
type Finding struct {
	Request   int
	At        time.Time
	EventName string
	// Path leads from the top of the request, like data[0].custom_data.note.
	Path string
	Kind PersonalKind
}

// PersonalKind says what a finding is.
type PersonalKind string

// The kinds of finding.
const (
	PersonalEmail PersonalKind = "email"
	PersonalPhone PersonalKind = "phone" // in international form, with a plus
	// PersonalKey: a key of custom_data that names contact data.
	PersonalKey PersonalKind = "key"
	// PersonalUnhashed: a value of user_data that has to be hashed and is not.
	PersonalUnhashed PersonalKind = "unhashed"
)

var (
	// Wide on purpose: whatever stands before an @ and a domain.
	emailLike = regexp.MustCompile(`[^\s@<>"'(),;:/?=&]+@[\p{L}\p{N}\-]+(\.[\p{L}\p{N}\-]+)+`)
	phoneLike = regexp.MustCompile(`\+[1-9](?:[ ().\-/]{0,2}[0-9]){7,14}`)
)

// personalKeys name contact data, lower case and without - and _. City,
// region, postal_code and country are not among them: travel and real estate
// events use them of places (§ 4.1).
var personalKeys = []string{
	"em", "email", "emailaddress", "mail", "ph", "phone", "phonenumber", "mobile", "telephone",
	"fn", "firstname", "ln", "lastname", "surname", "fullname", "customername",
	"address", "street", "streetaddress", "dob", "birthday", "birthdate", "dateofbirth", "password",
}

// findPersonal looks through one event, whether or not it is a good one.
func findPersonal(raw jsontext.Value, req Request, index int) []Finding {
	event, _ := anything(raw).(map[string]any)
	name, _ := event["event_name"].(string)
	var out []Finding
	visit(event, "data["+strconv.Itoa(index)+"]", func(path, key, value string) {
		if kind := personalKind(path, key, value); kind != "" {
			out = append(out, Finding{req.Number, req.At, masked(name), path, kind})
		}
	})
	return out
}

func personalKind(path, key, value string) PersonalKind {
	_, below, _ := strings.Cut(path, ".")
	switch {
	case key == "client_user_agent": // crawlers name their owner's address
		return ""
	case strings.HasPrefix(below, "user_data") && userKeys[key] == formHash && !isHash(value):
		return PersonalUnhashed
	case hasEmail(value) || hasEmail(key):
		return PersonalEmail
	case phoneLike.MatchString(value):
		return PersonalPhone
	case strings.HasPrefix(below, "custom_data.") && isPersonalKey(key):
		return PersonalKey
	}
	return ""
}

// hasEmail also looks behind one layer of percent-encoding: addresses travel
// in queries.
func hasEmail(s string) bool {
	if emailLike.MatchString(s) {
		return true
	}
	plain, err := url.PathUnescape(s)
	return err == nil && plain != s && emailLike.MatchString(plain)
}

func isPersonalKey(key string) bool {
	plain := strings.NewReplacer("-", "", "_", "", " ", "").Replace(strings.ToLower(key))
	return slices.Contains(personalKeys, plain)
}

// visit calls f for every scalar below v with its path and the nearest key.
// Numbers and booleans come as their text.
func visit(v any, path string, f func(path, key, value string)) {
	var walk func(v any, path, key string)
	walk = func(v any, path, key string) {
		switch v := v.(type) {
		case map[string]any:
			for _, k := range slices.Sorted(maps.Keys(v)) {
				walk(v[k], path+"."+shownKey(k), k)
			}
		case []any:
			for i, item := range v {
				walk(item, path+"["+strconv.Itoa(i)+"]", key)
			}
		case string:
			f(path, key, v)
		case float64:
			f(path, key, strconv.FormatFloat(v, 'f', -1, 64))
		case bool:
			f(path, key, strconv.FormatBool(v))
		}
	}
	walk(v, path, "")
}
