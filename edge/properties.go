package edge

import (
	"cmp"
	"maps"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"matchkey/collector"
)

// Properties are the site's own words, kept as JSON values. They are bounded
// because everything behind the edge walks them: conditions are quadratic in
// the length of a list (reference/deps.md § 3).
const (
	maxPropertyBytes   = 8 << 10 // all properties of one event, as JSON
	maxPropertyDepth   = 6       // the properties themselves are depth 1
	maxPropertyMembers = 100     // of one list or object
	maxPropertyText    = 1024    // one string, in bytes
)

// readProperties reads the properties of an event. Properties as a whole that
// cannot be kept give why and nothing else; single ones that cannot are left
// out with a note each.
func readProperties(raw jsontext.Value) (kept map[string]any, notes []collector.Note, why collector.Reason) {
	if len(raw) == 0 || raw.Kind() == 'n' {
		return nil, nil, ""
	}
	if raw.Kind() != '{' {
		return nil, nil, collector.ReasonProperty
	}
	if len(raw) > maxPropertyBytes {
		return nil, nil, collector.ReasonPropertiesLarge
	}
	if err := json.Unmarshal(raw, &kept); err != nil {
		return nil, nil, collector.ReasonProperty
	}
	if len(kept) > maxPropertyMembers {
		return nil, nil, collector.ReasonPropertiesLarge
	}
	notes = keepValues(kept, "properties", 2)
	if len(kept) == 0 {
		kept = nil
	}
	return kept, notes, ""
}

// keepValues takes out of an object what cannot be kept, with a note each: the
// value alone, however deep it lies, and not what it lies in. field is what notes
// call the object, depth the depth of lists and objects in it.
func keepValues(object map[string]any, field string, depth int) []collector.Note {
	p := pruner{root: field}
	p.object(object, field, depth)
	slices.SortFunc(p.notes, func(a, b collector.Note) int {
		return cmp.Or(strings.Compare(a.Field, b.Field), strings.Compare(string(a.Reason), string(b.Reason)))
	})
	return p.notes
}

// A pruner walks through values and takes out what cannot be kept.
type pruner struct {
	root  string
	notes []collector.Note
}

// maxPropertyNotes bounds the notes about one object; more of them are told of
// the object as a whole.
const maxPropertyNotes = 100

// note notes a fault once, for all entries of a list together.
func (p *pruner) note(field string, why collector.Reason) {
	if len(p.notes) >= maxPropertyNotes {
		field = p.root
	}
	if n := (collector.Note{Field: field, Reason: why}); !slices.Contains(p.notes, n) {
		p.notes = append(p.notes, n)
	}
}

func (p *pruner) object(object map[string]any, field string, depth int) {
	for _, name := range slices.Sorted(maps.Keys(object)) {
		at := propertyField(field, name)
		value, why := object[name], checkName(name, object[name])
		if why == "" {
			value, why = p.value(value, at, depth)
		}
		if why != "" {
			delete(object, name)
			p.note(at, why)
			continue
		}
		object[name] = value
	}
}

// value returns what is kept of a value, or why nothing is. depth is the value's
// own, should it be a list or an object.
func (p *pruner) value(value any, field string, depth int) (any, collector.Reason) {
	switch v := value.(type) {
	case string:
		return v, checkText(v)
	case []any:
		if depth > maxPropertyDepth {
			return nil, collector.ReasonPropertiesLarge
		}
		if len(v) > maxPropertyMembers {
			v = v[:maxPropertyMembers]
			p.note(field+"[]", collector.ReasonListLong)
		}
		for i := range v {
			kept, why := p.value(v[i], field+"[]", depth+1)
			if why != "" {
				p.note(field+"[]", why)
				kept = emptied(v[i])
			}
			v[i] = kept
		}
		return v, ""
	case map[string]any:
		if depth > maxPropertyDepth || len(v) > maxPropertyMembers {
			return nil, collector.ReasonPropertiesLarge
		}
		p.object(v, field, depth+1)
		return v, ""
	}
	return value, ""
}

// emptied is what stays in a list where an entry cannot be kept: the places of
// the others may have a meaning.
func emptied(entry any) any {
	if _, isText := entry.(string); isText {
		return ""
	}
	return nil
}

// checkName says why a value of this name cannot be kept, if it cannot.
func checkName(name string, value any) collector.Reason {
	switch {
	case utf8.RuneCountInString(name) > maxToken:
		return collector.ReasonFieldTooLong
	case collector.HoldsEmail(name), mayHoldContact(value) && namesContact(name):
		return ReasonContactData
	}
	return ""
}

func checkText(s string) collector.Reason {
	switch {
	case len(s) > maxPropertyText:
		return collector.ReasonFieldTooLong
	case collector.HoldsEmail(s), collector.HoldsPhone(s):
		return ReasonContactData
	}
	return ""
}

// mayHoldContact reports whether a value can hold contact data at any depth:
// "mobile": true is about a device, "phone": ["…"] about a person.
func mayHoldContact(value any) bool {
	switch value.(type) {
	case bool, nil:
		return false
	}
	return true
}

// contactNames end the names of properties with an e-mail address or a phone
// number: the last word, or the last two together, in lower case.
var contactNames = map[string]bool{
	"email": true, "mail": true, "emailaddress": true, "mailaddress": true,
	"phone": true, "telephone": true, "tel": true, "mobile": true, "mobilephone": true,
	"phonenumber": true, "telephonenumber": true, "mobilenumber": true,
}

// notContactNames end like contact data and are none.
var notContactNames = map[string]bool{"iphone": true}

// namesContact reports whether a property is called like contact data
// (customer_phone, billingEmail, phone2, mobiles), which belongs to identify()
// or customer, where it is hashed. Nobody can see from a value alone that it is
// a phone number. Only whole words count: "hotel" is no "tel".
func namesContact(name string) bool {
	last, two := lastWords(name)
	if notContactNames[two] {
		return false
	}
	return contactNames[last] || contactNames[two] ||
		contactNames[strings.TrimSuffix(last, "s")] || contactNames[strings.TrimSuffix(two, "s")]
}

// lastWords returns the last word of a name and the last two written together,
// in lower case. Words are letters; they end at anything else and where an
// upper-case letter begins the next ("billingEmail", "HTMLMail").
func lastWords(name string) (last, two string) {
	var previous string
	letters := []rune(name)
	begin := 0
	end := func(i int) {
		if i > begin {
			previous, last = last, strings.ToLower(string(letters[begin:i]))
		}
	}
	for i, r := range letters {
		switch {
		case !unicode.IsLetter(r):
			end(i)
			begin = i + 1
		case i > begin && unicode.IsUpper(r) &&
			(!unicode.IsUpper(letters[i-1]) || i+1 < len(letters) && unicode.IsLower(letters[i+1])):
			end(i)
			begin = i
		}
	}
	end(len(letters))
	return last, previous + last
}

// propertyField names a property of an object in a note; a name that is no plain
// word could itself be personal and is not repeated.
func propertyField(object, name string) string {
	if isToken(name) {
		return object + "." + name
	}
	return object
}
