package meta

import (
	"encoding/json"
	"math"
	"reflect"
	"strings"
	"testing"

	"matchkey/collector"
)

// custom composes a Lead with properties and returns custom_data and lineage.
func custom(t *testing.T, properties map[string]any) (CustomData, []collector.Field) {
	t.Helper()
	c := completeComposition()
	c.Delivery.Send, c.Properties = "Lead", properties
	return composed(t, c).Custom, compose(t, c).Fields
}

func TestCustomData(t *testing.T) {
	for _, c := range []struct {
		key   string
		value any
		want  any // as JSON reads it back
		why   collector.Reason
	}{
		{"value", "59.90", 59.9, ""},
		{"value", 60, 60.0, ""},
		{"value", json.Number("1.5"), 1.5, ""},
		{"value", math.Inf(1), nil, ReasonValueInvalid},
		{"value", "1e3", nil, ReasonValueInvalid},
		{"value", true, nil, ReasonValueInvalid},
		{"value", nil, nil, ReasonEmptyValue},
		{"net_revenue", -3.5, -3.5, ""},
		{"currency", " gbp ", "GBP", ""},
		{"num_items", 3.0, 3.0, ""},
		{"num_items", 1.5, nil, ReasonValueInvalid},
		{"order_id", 1001.0, "1001", ""},
		{"order_id", true, nil, collector.ReasonMalformed},
		{"order_id", map[string]any{}, nil, collector.ReasonMalformed},
		{"search_string", "mary@example.com", nil, ReasonPersonal},
		{"search_string", " red shoes ", "red shoes", ""},
		{"search_string", strings.Repeat("x", 1001), nil, collector.ReasonFieldTooLong},
		{"search_string", "", nil, ReasonEmptyValue},
		{"content_ids", []any{"a", 7.0, nil, "mary@example.com"}, []any{"a", "7"}, ""},
		{"content_ids", []string{"a"}, []any{"a"}, ""},
		{"content_ids", "a", []any{"a"}, ""},
		{"content_ids", []any{}, nil, ReasonEmptyValue},
		{"status", true, true, ""},
		{"coupon", "AUTUMN", "AUTUMN", ""},
		{"coupon", "write to mary@example.com now", nil, ReasonPersonal},
		{"coupon", "\xff", nil, collector.ReasonMalformed},
		{"tags", []any{"a", 1.0, true}, []any{"a", 1.0, true}, ""},
		{"nested", map[string]any{"a": 1.0}, nil, collector.ReasonMalformed},
		{"nested", []any{map[string]any{"a": 1.0}}, nil, collector.ReasonMalformed},
		{"email", "x", nil, ReasonPersonal},
		{"Customer-Email", "x", nil, ReasonPersonal},
		{"billing_phone", "x", nil, ReasonPersonal},
		{"first_name", "x", nil, ReasonPersonal},
		{"ip", "x", nil, ReasonPersonal},
		{"fbclid", "x", nil, ReasonPersonal},
		{"event_id", "x", nil, collector.ReasonUnknownField},
		{"content_name", "Shirt", "Shirt", ""},
		{"city", "Berlin", "Berlin", ""}, // a property of real estate, not of a person

		// Money, as people calculate it.
		{"value", 10 * 1.19, 11.9, ""},
		{"value", 0.1 + 0.2, 0.3, ""},
		{"value", 11.899999999999999, 11.9, ""},
		{"value", 0.000001, 0.000001, ""},
		{"value", 123456789012.34, 123456789012.34, ""},
		{"value", 1e-9, nil, ReasonValueInvalid},
		{"value", 1e300, nil, ReasonValueInvalid},
		{"value", 1e15, nil, ReasonValueInvalid},
		{"contents", []any{}, nil, ReasonEmptyValue},

		// Words that a key is bound to.
		{"content_type", "product_group", "product_group", ""},
		{"content_type", "sku", nil, ReasonWordUnknown},
		{"content_type", nil, nil, ReasonEmptyValue},
		{"delivery_category", "curbside", "curbside", ""},
		{"delivery_category", "by pigeon", nil, ReasonWordUnknown},
		{"customer_segmentation", "existing_customer_to_medium", "existing_customer_to_medium", ""},
		{"customer_segmentation", "vip", nil, ReasonWordUnknown},
		{"currency", "BGN", nil, ReasonCurrencyInvalid}, // withdrawn in 2026
		{"currency", "XAU", nil, ReasonCurrencyInvalid},
		// Vertical parameters have types.
		{"price", "12000", 12000.0, ""},
		{"price", "cheap", nil, ReasonValueInvalid},
		{"num_adults", 2.0, 2.0, ""},
		{"num_adults", 1.5, nil, ReasonValueInvalid},
		{"destination_ids", []any{1.0, "B"}, []any{"1", "B"}, ""},
		{"trim", strings.Repeat("x", 51), nil, collector.ReasonFieldTooLong},
		{"preferred_price_range", []any{1.0, 2.0}, []any{1.0, 2.0}, ""},
		{"store_data", map[string]any{"store_code": 7.0, "x": 1.0}, map[string]any{"store_code": "7"}, ""},
		{"store_data", map[string]any{"store_page_id": "abc"}, nil, collector.ReasonMalformed},
		{"status", 1.0, "1", ""},
		// What is personal by what it says.
		{"coupon", "mary%40example.com", nil, ReasonPersonal},
		{"coupon", "mary%2540example.com", nil, ReasonPersonal},
		{"coupon", "mary＠example.com", nil, ReasonPersonal},
		{"coupon", "Mary <mary@example.com>", nil, ReasonPersonal},
		{"coupon", "jörg@bücher.example", nil, ReasonPersonal},
		{"page_url", "https://shop.example/?m=mary%40example.com", nil, ReasonPersonal},
		{"coupon", "call +49 (171) 392-0042", nil, ReasonPersonal},
		{"coupon", "+4917139200421234567", nil, ReasonPersonal},
		{"coupon", "1 + 2345678 @ home", "1 + 2345678 @ home", ""},
		{"coupon", "A+B", "A+B", ""},
		{"coupon", "50% off @ shop", "50% off @ shop", ""},
		{"coupon", hash("mary@old.example"), nil, ReasonPersonal},
		{"coupon", strings.ToUpper(hash("mary@example.com")), nil, ReasonPersonal},
		{"coupon", hash("c42"), nil, ReasonPersonal},
		{"coupon", hash("somebody else"), hash("somebody else"), ""},
		{"coupon", "fb.1.1603122906825.1012802381", nil, ReasonPersonal},
		{"content_ids", []any{"mary@example.com"}, nil, ReasonPersonal},
		{"tags", []any{[]any{"mary@example.com"}}, nil, collector.ReasonMalformed},
		{"headphones", "X1", "X1", ""},
		{"iPhone_model", "15", "15", ""},
		{"User-Name", "x", nil, ReasonPersonal},
		{"delivery_address", "x", nil, ReasonPersonal},
		{"name", "x", nil, ReasonPersonal},
	} {
		got, fields := custom(t, map[string]any{c.key: c.value})
		f := field(t, fields, "custom_data."+c.key)
		if !reflect.DeepEqual(got[c.key], c.want) || f.Dropped != c.why {
			t.Errorf("%s = %v: got %#v, dropped %q; want %#v, %q", c.key, c.value, got[c.key], f.Dropped, c.want, c.why)
		}
	}
}

// A key is known by its words, and by the last of them that means something.
func TestPersonalKeys(t *testing.T) {
	for _, key := range strings.Fields(`
		email e-mail userEmail billing_email customer_email_address email2 email_sha256 HTMLMail billingemail
		phone phone_number phoneNumber phone_number_hash customer.phone telephone telefon handy fax whatsapp mobile tel billingphone phone2
		fname lname first last first_name lastName firstname shipping_name billing_name contact_name recipient recipient_name ship_to_name
		cardholder cardholderName user-name username vorname nachname nom nombre apellido prenom name
		addr address address1 address_line_1 addressLine2 line1 street street_name street_number streetAddress delivery_address strasse adresse
		zip zip_code zipCode postcode postalCode plz billing_zip address_city address_country shippingaddress
		birthday birth_date birth_year date_of_birth dob geburtstag gender sex
		token access_token accessToken api_key apiKey secret client_secret pwd password user_password cvv passport passport_number tax_id
		account_number bank_account credit_card card_number iban ssn ip ip_address user_agent fbclid lead_id customer_id user_id`) {
		if !personalKey(key) {
			t.Errorf("%s is about a person", key)
		}
	}
	for _, key := range strings.Fields(`
		phone_case phone_model iPhone iPhone_model headphones head_phones smartphone microphone street_food birthstone addressable
		email_optin email_campaign mailing_list first_purchase last_order product_name brandName coupon_name campaign_name hotel
		channel telescope zipper zip_hoodie order_number item_number size color holder token_count tokens_used secretary keyboard api_version
		account_type card_type credit_score tax value tier plan checkin_date birthplace_of_coffee fax_machine mobile_app name_of_product
		sexy_shirt recipient_count state country_of_origin city_size nomad gender_neutral`) {
		if personalKey(key) {
			t.Errorf("%s is about a thing", key)
		}
	}
	got, _ := custom(t, map[string]any{"email_optin": true, "phone": false, "postal_code": "80331", "region": "BY", "zip": "80331"})
	if want := (CustomData{"email_optin": true, "postal_code": "80331", "region": "BY"}); !reflect.DeepEqual(got, want) {
		t.Errorf("sent %v, want %v", got, want)
	}
}

// An id that JSON may have changed on its way is another one's.
func TestNumbersBeyondExactnessAreNoIDs(t *testing.T) {
	got, fields := custom(t, map[string]any{
		"order_id": 12345678901234567890.0, "content_ids": []any{9007199254740992.0, 9007199254740991.0},
		"contents": []any{map[string]any{"id": 9007199254740993.0}, map[string]any{"id": 5.0}},
	})
	want := CustomData{"content_ids": []any{"9007199254740991"}, "contents": []any{map[string]any{"id": "5"}}}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("sent %v, want %v", got, want)
	}
	for _, path := range []string{"custom_data.order_id", "custom_data.content_ids[]", "custom_data.contents[].id"} {
		if f := field(t, fields, path); f.Dropped != collector.ReasonMalformed {
			t.Errorf("%s: dropped %q", path, f.Dropped)
		}
	}
}

// What is taken out of a list or an item is said, too.
func TestWhatIsLeftOutOfListsIsSaid(t *testing.T) {
	got, fields := custom(t, map[string]any{
		"content_ids": []any{"a", "mary@example.com", nil},
		"tags":        []any{"b", map[string]any{}},
		"contents":    []any{map[string]any{"id": "a", "email": "x", "quantity": 1.5, "delivery_category": "x", "mary@example.com": 1.0}, map[string]any{"id": "mary@example.com"}},
	})
	if !reflect.DeepEqual(got["content_ids"], []any{"a"}) || !reflect.DeepEqual(got["contents"], []any{map[string]any{"id": "a"}}) {
		t.Errorf("sent %v", got)
	}
	for path, why := range map[string]collector.Reason{
		"custom_data.content_ids[]": ReasonPersonal, "custom_data.tags[]": collector.ReasonMalformed,
		"custom_data.contents[].email": ReasonPersonal, "custom_data.contents[].quantity": ReasonValueInvalid,
		"custom_data.contents[].delivery_category": ReasonWordUnknown, "custom_data.contents[].id": ReasonPersonal,
		"custom_data.contents[].*": ReasonPersonal,
	} {
		if f := field(t, fields, path); f.Dropped != why {
			t.Errorf("%s: dropped %q, want %q", path, f.Dropped, why)
		}
	}
}

func TestCustomDataIsBounded(t *testing.T) {
	many := map[string]any{"value": 1.0}
	for i := range 150 {
		many["a"+itoa(int64(i))] = "x"
	}
	got, fields := custom(t, many)
	if len(got) != maxCustomKeys || got["value"] != 1.0 {
		t.Errorf("%d keys, value %v", len(got), got["value"])
	}
	if f := field(t, fields, "custom_data"); f.Dropped != ReasonTooMany {
		t.Errorf("dropped %q", f.Dropped)
	}
	got, fields = custom(t, map[string]any{"mary@example.com": 1.0, strings.Repeat("k", 65): 1.0})
	if len(got) != 0 || field(t, fields, "custom_data.*").Dropped == "" {
		t.Errorf("strange keys are sent: %v", got)
	}
	for _, f := range fields {
		if strings.Contains(f.Path, "mary") {
			t.Errorf("lineage names %q", f.Path)
		}
	}
	list := make([]any, 2*maxListed)
	for i := range list {
		list[i] = "x"
	}
	if got, _ = custom(t, map[string]any{"content_ids": list}); len(got["content_ids"].([]any)) != maxListed {
		t.Error("a list is not bounded")
	}
}

func TestContents(t *testing.T) {
	got, fields := custom(t, map[string]any{"contents": []any{
		map[string]any{"id": "a", "quantity": "2", "item_price": 9.5, "size": "L", "title": "mary@example.com", "brand": ""},
		map[string]any{"quantity": 1.0},
		"b",
		map[string]any{"id": 7.0, "quantity": -1.0},
	}})
	want := []any{
		map[string]any{"id": "a", "quantity": 2.0, "item_price": 9.5},
		map[string]any{"id": "7"},
	}
	if !reflect.DeepEqual(got["contents"], want) {
		t.Errorf("contents %#v", got["contents"])
	}
	for path, why := range map[string]collector.Reason{
		"custom_data.contents": "", "custom_data.contents[]": collector.ReasonMalformed,
		"custom_data.contents[].id": collector.ReasonNeverSeen, "custom_data.contents[].size": collector.ReasonUnknownField,
		"custom_data.contents[].title": ReasonPersonal, "custom_data.contents[].quantity": ReasonValueInvalid,
		"custom_data.contents[].brand": ReasonEmptyValue,
	} {
		if f := field(t, fields, path); f.Dropped != why {
			t.Errorf("%s: dropped %q, want %q", path, f.Dropped, why)
		}
	}
	for _, broken := range []any{"x", nil, 1.0, []any{}, []any{nil}, map[string]any{"id": "a"}} {
		if got, fields = custom(t, map[string]any{"contents": broken}); len(got) != 0 || field(t, fields, "custom_data.contents").Dropped == "" {
			t.Errorf("%v is sent as %v", broken, got)
		}
	}
	// As the scenarios' mapping may give them.
	got, _ = custom(t, map[string]any{"contents": []map[string]any{{"id": "a"}}})
	if !reflect.DeepEqual(got["contents"], []any{map[string]any{"id": "a"}}) {
		t.Errorf("%#v", got)
	}
}

func FuzzCustomData(f *testing.F) {
	f.Add([]byte(`{"value":"59.90","contents":[{"id":1,"x":null}],"a":[1,"",null,[]]}`))
	f.Add([]byte(`{"contents":{"id":1},"email":"x","currency":"eur"}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		var properties map[string]any
		if json.Unmarshal(text, &properties) != nil {
			return
		}
		c := completeComposition()
		c.Delivery.Send, c.Properties = "Lead", properties
		payload, refusal := Compose(c)
		if refusal != nil || !isEvent(payload.Body) {
			t.Fatalf("refused %v, body %s", refusal, payload.Body)
		}
		var e struct {
			Custom any `json:"custom_data"`
		}
		if err := json.Unmarshal(payload.Body, &e); err != nil {
			t.Fatal(err)
		}
		noEmptiness(t, e.Custom)
	})
}

// noEmptiness fails on a null, an empty string, or an empty object or list at any
// depth. Meta itself wants two kinds of them: an empty list of options says that
// limited use does not apply, and empty slots of extinfo are not known.
func noEmptiness(t interface{ Fatalf(string, ...any) }, v any) {
	check := func(key string, x any) {
		switch x := x.(type) {
		case nil, map[string]any:
			if m, _ := x.(map[string]any); len(m) == 0 {
				t.Fatalf("%q is empty: %v", key, v)
			}
		case string:
			if x == "" {
				t.Fatalf("%q is empty: %v", key, v)
			}
		case []any:
			if len(x) == 0 && key != "data_processing_options" {
				t.Fatalf("%q is empty: %v", key, v)
			}
		}
		if key != "extinfo" {
			noEmptiness(t, x)
		}
	}
	switch v := v.(type) {
	case map[string]any:
		for key, x := range v {
			check(key, x)
		}
	case []any:
		for _, x := range v {
			check("", x)
		}
	}
}
