package meta

// Meta's words as types. What is not named here cannot be emitted: an unknown
// key of the event or of user_data costs Meta's whole request (capi.md § 2,
// § 13.11), and so may an empty value (§ 13.12). custom_data alone is open; its
// values pass through the rules of custom_data.go.

// Kind is the name of this kind of destination: in the configuration, in
// notices as a recipient, and in [collector.Event.Integrations].
const Kind = "meta"

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
	ReferrerURL    string `json:"referrer_url,omitempty"`
	// MessagingChannel is of business_messaging only.
	MessagingChannel string `json:"messaging_channel,omitempty"`
	// OptOut: attribution only, not for the optimisation of delivery.
	OptOut bool `json:"opt_out,omitzero"`
	// Options is nil (absent), empty (explicitly no limited use) or ["LDU"];
	// then Country and State go along (§ 10.2).
	Options  []string       `json:"data_processing_options,omitzero"`
	Country  *int           `json:"data_processing_options_country,omitzero"`
	State    *int           `json:"data_processing_options_state,omitzero"`
	App      *AppData       `json:"app_data,omitempty"`
	Original *OriginalEvent `json:"original_event_data,omitempty"`
	UserData UserData       `json:"user_data"`
	Custom   CustomData     `json:"custom_data,omitempty"`
}

// An OriginalEvent is the earlier event that a late one belongs to (§ 2.4).
type OriginalEvent struct {
	EventName string `json:"event_name,omitempty"`
	EventTime int64  `json:"event_time,omitzero"` // seconds since 1970
	OrderID   string `json:"order_id,omitempty"`
	EventID   string `json:"event_id,omitempty"`
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

	// The parts of names and birth that only Meta's SDKs name; one SHA-256 each.
	FirstFive    string `json:"f5first,omitempty"`
	LastFive     string `json:"f5last,omitempty"`
	FirstInitial string `json:"fi,omitempty"`
	BirthDay     string `json:"dobd,omitempty"`
	BirthMonth   string `json:"dobm,omitempty"`
	BirthYear    string `json:"doby,omitempty"`

	IP        string `json:"client_ip_address,omitempty"`
	UserAgent string `json:"client_user_agent,omitempty"`
	Click     string `json:"fbc,omitempty"`
	Browser   string `json:"fbp,omitempty"`

	Subscription      string `json:"subscription_id,omitempty"`
	Login             string `json:"fb_login_id,omitempty"`
	Lead              string `json:"lead_id,omitempty"`
	Install           string `json:"anon_id,omitempty"`
	Advertising       string `json:"madid,omitempty"`
	Page              string `json:"page_id,omitempty"`
	PagePerson        string `json:"page_scoped_user_id,omitempty"`
	ChatClick         string `json:"ctwa_clid,omitempty"`
	InstagramAccount  string `json:"ig_account_id,omitempty"`
	InstagramPerson   string `json:"ig_sid,omitempty"`
	WhatsAppBusiness  string `json:"whatsapp_business_account_id,omitempty"`
	InstagramBusiness string `json:"instagram_business_account_id,omitempty"`
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

// CustomData is what happened, in the site's words: float64, int64, bool,
// string, lists of them, []Item under "contents" and *StoreData under
// "store_data". Only custom_data.go and integration.go fill it.
type CustomData map[string]any

// An Item is one entry of custom_data.contents (capi.md § 4.1).
type Item struct {
	ID               string   `json:"id"`
	Quantity         *int64   `json:"quantity,omitzero"`
	ItemPrice        *float64 `json:"item_price,omitzero"`
	Price            *float64 `json:"price,omitzero"`
	Title            string   `json:"title,omitempty"`
	Description      string   `json:"description,omitempty"`
	Brand            string   `json:"brand,omitempty"`
	Category         string   `json:"category,omitempty"`
	DeliveryCategory string   `json:"delivery_category,omitempty"`
}

// StoreData is custom_data.store_data: the shop of bricks (capi.md § 4.1).
type StoreData struct {
	StorePage string `json:"store_page_id,omitempty"`
	BrandPage string `json:"brand_page_id,omitempty"`
	StoreCode string `json:"store_code,omitempty"`
}
