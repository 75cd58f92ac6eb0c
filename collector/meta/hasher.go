package meta

import "matchkey/collector"

// Hasher returns the hasher of contact data that the edge is handed. It
// answers for the kinds of [collector.ContactKinds] and refuses every other.
func Hasher() collector.Hasher { return hashContact }

func hashContact(kind collector.Kind, value, country string) (hashes []string, how string, why collector.Reason) {
	key, ok := keyOf[kind]
	if !ok || kind == collector.KindCustomer {
		return nil, "", ReasonKeyUnknown
	}
	forms, hashed, why := normalise(key, value, country)
	if why != "" {
		return nil, "", why
	}
	if hashed {
		return forms, "was a SHA-256 already, lower-cased", ""
	}
	for i, form := range forms {
		forms[i] = hash(form)
	}
	return forms, howOf[key], ""
}

// howOf says for each key, in words for people, what is done to a value.
var howOf = map[string]string{
	keyEmail:      "trimmed, lower-cased, SHA-256",
	keyPhone:      "international form, digits only, SHA-256",
	keyFirstName:  "lower-cased, blanks and punctuation removed, SHA-256",
	keyLastName:   "lower-cased, blanks and punctuation removed, SHA-256",
	keyBirth:      "as YYYYMMDD, SHA-256",
	keyGender:     "as f or m, SHA-256",
	keyCity:       "lower-cased, letters and digits only, SHA-256",
	keyState:      "lower-cased, two letters in the US and Canada, SHA-256",
	keyPostalCode: "lower-cased, blanks and dashes removed, SHA-256",
	keyCountry:    "as two-letter code, lower-cased, SHA-256",
	keyExternalID: "lower-cased, blanks removed, SHA-256",
}
