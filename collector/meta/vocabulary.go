package meta

// Meta's words as types. What is not named here cannot be emitted: an unknown
// key of the event or of user_data costs Meta's whole request (capi.md § 2,
// § 13.11), and so may an empty value (§ 13.12). custom_data alone is open; its
// values pass through the rules of custom_data.go.

import (
	"github.com/go-json-experiment/json"
)

// Values of action_source that are used (capi.md § 2.1).
const (
	sourceWebsite = "website"
	sourceSystem  = "system_generated"
)

// eventPurchase is the only standard event with mandatory properties (§ 4.2).
const eventPurchase = "Purchase"

// A ServerEvent is one event as Meta reads it (capi.md § 2).
type ServerEvent struct {
	EventName string `json:"event_name"`
	// EventTime is in seconds since 1970, in whole numbers.
	EventTime      int64  `json:"event_time"`
	EventID        string `json:"event_id"`
	ActionSource   string `json:"action_source"`
	EventSourceURL string `json:"event_source_url,omitempty"`
	// OptOut: attribution only, not for the optimisation of delivery.
	OptOut bool `json:"opt_out,omitzero"`
	// Options is nil (absent), empty (explicitly no limited use) or ["LDU"];
	// then Country and State go along (§ 10.2).
	Options  []string   `json:"data_processing_options,omitzero"`
	Country  *int       `json:"data_processing_options_country,omitzero"`
	State    *int       `json:"data_processing_options_state,omitzero"`
	UserData UserData   `json:"user_data"`
	Custom   CustomData `json:"custom_data,omitempty"`
}

// UserData is by what Meta may match the person (capi.md § 3.1). Lists hold
// SHA-256 in lower-case hex; the other fields are never hashed.
type UserData struct {
	Email      []string `json:"em,omitempty"`
	Phone      []string `json:"ph,omitempty"`
	FirstName  []string `json:"fn,omitempty"`
	LastName   []string `json:"ln,omitempty"`
	Birth      []string `json:"db,omitempty"`
	Gender     []string `json:"ge,omitempty"`
	City       []string `json:"ct,omitempty"`
	State      []string `json:"st,omitempty"`
	PostalCode []string `json:"zp,omitempty"`
	Country    []string `json:"country,omitempty"`
	ExternalID []string `json:"external_id,omitempty"`
	IP         string   `json:"client_ip_address,omitempty"`
	UserAgent  string   `json:"client_user_agent,omitempty"`
	Click      string   `json:"fbc,omitempty"`
	Browser    string   `json:"fbp,omitempty"`
}

// hashes returns the list of a hashed key.
func (u *UserData) hashes(key string) *[]string {
	switch key {
	case keyEmail:
		return &u.Email
	case keyPhone:
		return &u.Phone
	case keyFirstName:
		return &u.FirstName
	case keyLastName:
		return &u.LastName
	case keyBirth:
		return &u.Birth
	case keyGender:
		return &u.Gender
	case keyCity:
		return &u.City
	case keyState:
		return &u.State
	case keyPostalCode:
		return &u.PostalCode
	case keyCountry:
		return &u.Country
	case keyExternalID:
		return &u.ExternalID
	}
	panic("BUG: " + key + " is not a hashed key of user_data")
}

// hashedKeys are the keys that hold hashes, in the order in which they are shown.
var hashedKeys = []string{
	keyEmail, keyPhone, keyFirstName, keyLastName, keyBirth, keyGender,
	keyCity, keyState, keyPostalCode, keyCountry, keyExternalID,
}

// keys returns the keys that are set.
func (u *UserData) keys() []string {
	var set []string
	for _, key := range hashedKeys {
		if len(*u.hashes(key)) > 0 {
			set = append(set, key)
		}
	}
	for _, plain := range []struct{ key, value string }{
		{"client_ip_address", u.IP}, {"client_user_agent", u.UserAgent},
		{"fbc", u.Click}, {"fbp", u.Browser},
	} {
		if plain.value != "" {
			set = append(set, plain.key)
		}
	}
	return set
}

// CustomData is what happened, in the site's words: float64, int64, bool,
// string, lists of them, and []Item under "contents". Only custom_data.go
// fills it.
type CustomData map[string]any

// An Item is one entry of custom_data.contents (capi.md § 4.1).
type Item struct {
	ID               string   `json:"id"`
	Quantity         *float64 `json:"quantity,omitzero"`
	ItemPrice        *float64 `json:"item_price,omitzero"`
	Title            string   `json:"title,omitempty"`
	Description      string   `json:"description,omitempty"`
	Brand            string   `json:"brand,omitempty"`
	Category         string   `json:"category,omitempty"`
	DeliveryCategory string   `json:"delivery_category,omitempty"`
}

// encode returns the event as JSON; equal events give equal bytes.
func (e *ServerEvent) encode() ([]byte, error) {
	return json.Marshal(e, json.Deterministic(true))
}
