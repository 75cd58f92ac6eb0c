package graphsim

// What left the house and should not have: contact data in the clear. Meta
// does not refuse it in free fields, as far as is known; it warns the account,
// later. The fake keeps a list instead, for tests to find empty.

import (
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
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
var personalKeys = setOf(`
	em email emailaddress mail ph phone phonenumber mobile telephone
	fn firstname ln lastname surname fullname customername
	address street streetaddress dob birthday birthdate dateofbirth password
`)

// findPersonal looks through one event, whether or not it is a good one.
func findPersonal(event map[string]any, req Request, index int) []Finding {
	var out []Finding
	visit(event, "data["+strconv.Itoa(index)+"]", func(p *place, key, value string) {
		if kind := personalKind(p.top(), key, value); kind != "" {
			name, _ := event["event_name"].(string)
			out = append(out, Finding{req.Number, req.At, masked(name), p.String(), kind})
		}
	})
	slices.SortFunc(out, func(a, b Finding) int { return strings.Compare(a.Path, b.Path) })
	return out
}

// personalKind says what one value is; below is the key of the event that it
// stands under.
func personalKind(below, key, value string) PersonalKind {
	switch {
	case key == "client_user_agent": // crawlers name their owner's address
		return ""
	case below == "user_data" && userKeys[key] == formHash && !isHash(value):
		return PersonalUnhashed
	case hasEmail(value) || hasEmail(key):
		return PersonalEmail
	case hasPhone(value):
		return PersonalPhone
	case below == "custom_data" && isPersonalKey(key):
		return PersonalKey
	}
	return ""
}

// hasEmail also looks behind one layer of percent-encoding: addresses travel
// in queries.
func hasEmail(s string) bool {
	if strings.Contains(s, "@") && emailLike.MatchString(s) {
		return true
	}
	if !strings.Contains(s, "%") {
		return false
	}
	plain, err := url.PathUnescape(s)
	return err == nil && plain != s && emailLike.MatchString(plain)
}

func hasPhone(s string) bool { return strings.Contains(s, "+") && phoneLike.MatchString(s) }

func isPersonalKey(key string) bool {
	var buf [20]byte // as long as the longest of them, and more
	plain := buf[:0]
	for i := range len(key) {
		switch c := key[i]; {
		case c == '-' || c == '_' || c == ' ':
		case len(plain) == len(buf):
			return false
		case 'A' <= c && c <= 'Z':
			plain = append(plain, c+'a'-'A')
		default:
			plain = append(plain, c)
		}
	}
	return personalKeys[string(plain)]
}

// A place is where a visit stands: the way from the top of the request.
type place struct {
	start string
	steps []step
}

// step leads to a key, or when index is not negative to an item of a list.
type step struct {
	key   string
	index int
}

// top is the first key below the start.
func (p *place) top() string {
	if len(p.steps) == 0 {
		return ""
	}
	return p.steps[0].key
}

func (p *place) String() string {
	var b strings.Builder
	b.WriteString(p.start)
	for _, s := range p.steps {
		if s.index >= 0 {
			b.WriteString("[" + strconv.Itoa(s.index) + "]")
		} else {
			b.WriteString("." + shownKey(s.key))
		}
	}
	return b.String()
}

// visit calls f for every scalar below v with its place and the nearest key.
// Numbers and booleans come without their text: nothing personal is in it.
func visit(v any, start string, f func(p *place, key, value string)) {
	p := &place{start: start}
	var walk func(v any, key string)
	walk = func(v any, key string) {
		switch v := v.(type) {
		case map[string]any:
			for k, member := range v {
				p.steps = append(p.steps, step{k, -1})
				walk(member, k)
				p.steps = p.steps[:len(p.steps)-1]
			}
		case []any:
			for i, item := range v {
				p.steps = append(p.steps, step{"", i})
				walk(item, key)
				p.steps = p.steps[:len(p.steps)-1]
			}
		case string:
			f(p, key, v)
		case float64, bool:
			f(p, key, "")
		}
	}
	walk(v, "")
}
