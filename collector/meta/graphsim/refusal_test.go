package graphsim

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// Every refusal of an event, provoked by one change to the good purchase.
func TestEventRefusals(t *testing.T) {
	raw := func(s string) jsontext.Value { return jsontext.Value(s) }
	at := noon.Unix()
	fbc := func(ms int64) string { return fmt.Sprintf("fb.1.%d.IwAR0abc", ms) }
	for _, c := range []struct {
		name    string
		change  func(mutable)
		subcode int
		blame   string
	}{
		{"an event that is no object", func(m mutable) { m.top["data"] = []any{7} }, 2804019, "$['data'][0]"},
		{"an unexpected key", func(m mutable) { m.event["advertiser_tracking_enabled"] = 1 }, 2804019, "$['data'][0]['advertiser_tracking_enabled']"},
		{"eventID in camel case", func(m mutable) { m.event["eventID"] = "x" }, 2804019, "$['data'][0]['eventID']"},
		{"the gated beta", func(m mutable) { m.event["attribution_data"] = map[string]any{} }, 2804019, "$['data'][0]['attribution_data']"},
		{"null", func(m mutable) { m.event["event_id"] = nil }, 2804019, "$['data'][0]['event_id']"},
		{"custom_data null", func(m mutable) { m.event["custom_data"] = nil }, 2804019, "$['data'][0]['custom_data']"},
		{"no name", func(m mutable) { delete(m.event, "event_name") }, 2804019, "$['data'][0]['event_name']"},
		{"empty name", func(m mutable) { m.event["event_name"] = "" }, 2804019, "$['data'][0]['event_name']"},
		{"name a number", func(m mutable) { m.event["event_name"] = 1 }, 2804019, "$['data'][0]['event_name']"},
		{"empty event id", func(m mutable) { m.event["event_id"] = "" }, 2804019, "$['data'][0]['event_id']"},
		{"event id a number", func(m mutable) { m.event["event_id"] = 1 }, 2804019, "$['data'][0]['event_id']"},
		{"opt_out a string", func(m mutable) { m.event["opt_out"] = "true" }, 2804019, "$['data'][0]['opt_out']"},

		{"no time", func(m mutable) { delete(m.event, "event_time") }, 2804019, "$['data'][0]['event_time']"},
		{"time a string", func(m mutable) { m.event["event_time"] = "1795490400" }, 2804019, "$['data'][0]['event_time']"},
		{"time with a fraction", func(m mutable) { m.event["event_time"] = raw("1795490400.5") }, 2804019, "$['data'][0]['event_time']"},
		{"time with an exponent", func(m mutable) { m.event["event_time"] = raw("1.7954904e9") }, 2804019, "$['data'][0]['event_time']"},
		{"milliseconds", func(m mutable) { m.event["event_time"] = at * 1000 }, 2804004, "$['data'][0]['event_time']"},
		{"61 s ahead", func(m mutable) { m.event["event_time"] = at + 61 }, 2804004, "$['data'][0]['event_time']"},
		{"7 days and a second", func(m mutable) { m.event["event_time"] = at - 7*86400 - 1 }, 2804003, "$['data'][0]['event_time']"},
		{"zero", func(m mutable) { m.event["event_time"] = 0 }, 2804003, "$['data'][0]['event_time']"},
		{"62 days and a second, in a store", func(m mutable) {
			m.event["action_source"] = "physical_store"
			m.event["event_time"] = at - 62*86400 - 1
		}, 2804003, "$['data'][0]['event_time']"},

		{"no source", func(m mutable) { delete(m.event, "action_source") }, 2804019, "$['data'][0]['action_source']"},
		{"unknown source", func(m mutable) { m.event["action_source"] = "web" }, 2804016, "$['data'][0]['action_source']"},
		{"website without its page", func(m mutable) { delete(m.event, "event_source_url") }, 2804019, "$['data'][0]['event_source_url']"},
		{"page without a host", func(m mutable) { m.event["event_source_url"] = "/cart" }, 2804016, "$['data'][0]['event_source_url']"},
		{"page of another scheme", func(m mutable) { m.event["event_source_url"] = "ftp://shop.example/" }, 2804016, "$['data'][0]['event_source_url']"},
		{"unknown segment", func(m mutable) { m.event["customer_segmentation"] = "vip" }, 2804016, "$['data'][0]['customer_segmentation']"},
		{"original event no object", func(m mutable) { m.event["original_event_data"] = "x" }, 2804019, "$['data'][0]['original_event_data']"},
		{"original event with another key", func(m mutable) { m.event["original_event_data"] = map[string]any{"x": 1} }, 2804019, "$['data'][0]['original_event_data']['x']"},
		{"original event, time in words", func(m mutable) { m.event["original_event_data"] = map[string]any{"event_time": "now"} }, 2804019, "$['data'][0]['original_event_data']['event_time']"},
		{"original event, empty order", func(m mutable) { m.event["original_event_data"] = map[string]any{"order_id": ""} }, 2804019, "$['data'][0]['original_event_data']['order_id']"},

		{"options no array", func(m mutable) { m.event["data_processing_options"] = "LDU" }, 2804019, "$['data'][0]['data_processing_options']"},
		{"unknown option", func(m mutable) { m.event["data_processing_options"] = []any{"CCPA"} }, 2804016, "$['data'][0]['data_processing_options']"},
		{"LDU without country", func(m mutable) { m.event["data_processing_options"] = []any{"LDU"} }, 2804019, "$['data'][0]['data_processing_options_country']"},
		{"country without state", func(m mutable) { ldu(m, 1, nil) }, 2804019, "$['data'][0]['data_processing_options_state']"},
		{"unknown country", func(m mutable) { ldu(m, 2, 1000) }, 2804016, "$['data'][0]['data_processing_options_country']"},
		{"unknown state", func(m mutable) { ldu(m, 1, 1014) }, 2804016, "$['data'][0]['data_processing_options_state']"},
		{"geolocation without an address", func(m mutable) { ldu(m, 0, 0); delete(m.user, "client_ip_address") }, 2804019, "$['data'][0]['data_processing_options_state']"},

		{"no user_data", func(m mutable) { delete(m.event, "user_data") }, 2804019, "$['data'][0]['user_data']"},
		{"user_data an array", func(m mutable) { m.event["user_data"] = []any{} }, 2804019, "$['data'][0]['user_data']"},
		{"empty user_data", func(m mutable) { m.event["user_data"] = map[string]any{} }, 2804050, "$['data'][0]['user_data']"},
		{"weak: user agent alone", func(m mutable) { only(m, "client_user_agent") }, 2804050, "$['data'][0]['user_data']"},
		{"weak: place and user agent", func(m mutable) { only(m, "ct", "country", "st", "zp", "ge", "client_user_agent") }, 2804050, "$['data'][0]['user_data']"},
		{"weak: birthday and user agent", func(m mutable) { only(m, "db", "client_user_agent") }, 2804050, "$['data'][0]['user_data']"},
		{"weak: first name and gender", func(m mutable) { only(m, "fn", "ge") }, 2804050, "$['data'][0]['user_data']"},
		{"weak: last name", func(m mutable) { only(m, "ln") }, 2804050, "$['data'][0]['user_data']"},
		{"unexpected key of user_data", func(m mutable) { m.user["click_id"] = "x" }, 2804019, "$['data'][0]['user_data']['click_id']"},
		{"null in user_data", func(m mutable) { m.user["em"] = nil }, 2804019, "$['data'][0]['user_data']['em']"},
		{"empty string in user_data", func(m mutable) { m.user["em"] = "" }, 2804019, "$['data'][0]['user_data']['em']"},
		{"empty list in user_data", func(m mutable) { m.user["em"] = []any{} }, 2804019, "$['data'][0]['user_data']['em']"},
		{"null in a list", func(m mutable) { m.user["em"] = []any{hashOf("a"), nil} }, 2804019, "$['data'][0]['user_data']['em'][1]"},
		{"a number where a hash belongs", func(m mutable) { m.user["ph"] = 491512345678 }, 2804019, "$['data'][0]['user_data']['ph']"},
		{"a list of addresses", func(m mutable) { m.user["client_ip_address"] = []any{"192.0.2.1"} }, 2804019, "$['data'][0]['user_data']['client_ip_address']"},
		{"raw e-mail", func(m mutable) { m.user["em"] = "anna@example.org" }, 2804016, "$['data'][0]['user_data']['em']"},
		{"raw phone", func(m mutable) { m.user["ph"] = []any{"+491512345678"} }, 2804016, "$['data'][0]['user_data']['ph']"},
		{"raw city", func(m mutable) { m.user["ct"] = "berlin" }, 2804016, "$['data'][0]['user_data']['ct']"},
		{"upper-case hash", func(m mutable) { m.user["em"] = strings.ToUpper(hashOf("a")) }, 2804016, "$['data'][0]['user_data']['em']"},
		{"MD5", func(m mutable) { m.user["em"] = strings.Repeat("a", 32) }, 2804016, "$['data'][0]['user_data']['em']"},
		{"65 digits", func(m mutable) { m.user["em"] = hashOf("a") + "0" }, 2804016, "$['data'][0]['user_data']['em']"},
		{"hash with an appendix", func(m mutable) { m.user["em"] = hashOf("a") + ".AQECAQMB" }, 2804016, "$['data'][0]['user_data']['em']"},
		{"hash of nothing", func(m mutable) { m.user["em"] = hashOf("") }, 2804016, "$['data'][0]['user_data']['em']"},
		{"hash of null", func(m mutable) { m.user["ph"] = hashOf("null") }, 2804016, "$['data'][0]['user_data']['ph']"},
		{"hash of undefined", func(m mutable) { m.user["fn"] = hashOf("undefined") }, 2804016, "$['data'][0]['user_data']['fn']"},
		{"hash of test", func(m mutable) { m.user["external_id"] = hashOf("test") }, 2804016, "$['data'][0]['user_data']['external_id']"},
		{"private address", func(m mutable) { m.user["client_ip_address"] = "10.1.2.3" }, 2804016, "$['data'][0]['user_data']['client_ip_address']"},
		{"loopback", func(m mutable) { m.user["client_ip_address"] = "::1" }, 2804016, "$['data'][0]['user_data']['client_ip_address']"},
		{"mapped private address", func(m mutable) { m.user["client_ip_address"] = "::ffff:192.168.0.1" }, 2804016, "$['data'][0]['user_data']['client_ip_address']"},
		{"unique local address", func(m mutable) { m.user["client_ip_address"] = "fd00::1" }, 2804016, "$['data'][0]['user_data']['client_ip_address']"},
		{"carrier's NAT", func(m mutable) { m.user["client_ip_address"] = "100.64.1.1" }, 2804016, "$['data'][0]['user_data']['client_ip_address']"},
		{"address with a space", func(m mutable) { m.user["client_ip_address"] = "192.0.2.1 " }, 2804016, "$['data'][0]['user_data']['client_ip_address']"},
		{"two addresses", func(m mutable) { m.user["client_ip_address"] = "192.0.2.1, 192.0.2.2" }, 2804016, "$['data'][0]['user_data']['client_ip_address']"},
		{"address with a zone", func(m mutable) { m.user["client_ip_address"] = "fe80::1%eth0" }, 2804016, "$['data'][0]['user_data']['client_ip_address']"},
		{"hashed address", func(m mutable) { m.user["client_ip_address"] = hashOf("192.0.2.1") }, 2804016, "$['data'][0]['user_data']['client_ip_address']"},
		{"hashed user agent", func(m mutable) { m.user["client_user_agent"] = hashOf("Mozilla/5.0") }, 2804016, "$['data'][0]['user_data']['client_user_agent']"},
		{"hashed subscription", func(m mutable) { m.user["subscription_id"] = hashOf("s1") }, 2804016, "$['data'][0]['user_data']['subscription_id']"},
		{"lead id too short", func(m mutable) { m.user["lead_id"] = 12345 }, 2804036, "$['data'][0]['user_data']['lead_id']"},

		{"half an fbc", func(m mutable) { m.user["fbc"] = "fb.1.1795400000000" }, 2804001, "$['data'][0]['user_data']['fbc']"},
		{"fbc without a payload", func(m mutable) { m.user["fbc"] = "fb.1.1795400000000." }, 2804001, "$['data'][0]['user_data']['fbc']"},
		{"bare fbclid", func(m mutable) { m.user["fbc"] = "IwAR0abc" }, 2804001, "$['data'][0]['user_data']['fbc']"},
		{"fbc of six segments", func(m mutable) { m.user["fbc"] = "fb.1.1795400000000.a.b.c" }, 2804001, "$['data'][0]['user_data']['fbc']"},
		{"fbc with a wrong appendix", func(m mutable) { m.user["fbc"] = "fb.1.1795400000000.IwAR0abc.Q " }, 2804001, "$['data'][0]['user_data']['fbc']"},
		{"fbc in seconds", func(m mutable) { m.user["fbc"] = "fb.1.1795400000.IwAR0abc" }, 2804001, "$['data'][0]['user_data']['fbc']"},
		{"fbc with a space", func(m mutable) { m.user["fbc"] = "fb.1.1795400000000.IwAR abc" }, 2804001, "$['data'][0]['user_data']['fbc']"},
		{"fbc without end", func(m mutable) { m.user["fbc"] = "fb.1.1795400000000." + strings.Repeat("a", 501) }, 2804001, "$['data'][0]['user_data']['fbc']"},
		{"hashed fbc", func(m mutable) { m.user["fbc"] = hashOf("x") }, 2804001, "$['data'][0]['user_data']['fbc']"},
		{"click of 90 days and a second", func(m mutable) { m.user["fbc"] = fbc((at - 90*86400 - 1) * 1000) }, 2804001, "$['data'][0]['user_data']['fbc']"},
		{"click after the event", func(m mutable) { m.user["fbc"] = fbc((1795490400 + 61) * 1000) }, 2804001, "$['data'][0]['user_data']['fbc']"},
		{"click ahead of now", func(m mutable) { m.event["event_time"] = at + 60; m.user["fbc"] = fbc((at + 61) * 1000) }, 2804001, "$['data'][0]['user_data']['fbc']"},
		{"malformed fbp", func(m mutable) { m.user["fbp"] = "fb.1.1790000000000.abc" }, 2804016, "$['data'][0]['user_data']['fbp']"},
		{"fbp of the future", func(m mutable) { m.user["fbp"] = fmt.Sprintf("fb.1.%d.1", (at+61)*1000) }, 2804016, "$['data'][0]['user_data']['fbp']"},

		{"custom_data an array", func(m mutable) { m.event["custom_data"] = []any{} }, 2804019, "$['data'][0]['custom_data']"},
		{"event_id in custom_data", func(m mutable) { m.custom["event_id"] = "x" }, 2804019, "$['data'][0]['custom_data']['event_id']"},
		{"null in custom_data", func(m mutable) { m.custom["coupon"] = nil }, 2804019, "$['data'][0]['custom_data']['coupon']"},
		{"empty string deep in custom_data", func(m mutable) { m.custom["a"] = []any{map[string]any{"b": ""}} }, 2804019, "$['data'][0]['custom_data']['a'][0]['b']"},
		{"purchase without custom_data", func(m mutable) { delete(m.event, "custom_data") }, 2804009, "$['data'][0]['custom_data']['value']"},
		{"purchase without value", func(m mutable) { delete(m.custom, "value") }, 2804009, "$['data'][0]['custom_data']['value']"},
		{"value a string", func(m mutable) { m.custom["value"] = "59.90" }, 2804009, "$['data'][0]['custom_data']['value']"},
		{"value beyond numbers", func(m mutable) { m.custom["value"] = raw("1e999") }, 2804009, "$['data'][0]['custom_data']['value']"},
		{"purchase without currency", func(m mutable) { delete(m.custom, "currency") }, 2804010, "$['data'][0]['custom_data']['currency']"},
		{"currency of nowhere", func(m mutable) { m.custom["currency"] = "XYZ" }, 2804010, "$['data'][0]['custom_data']['currency']"},
		{"currency that has gone", func(m mutable) { m.custom["currency"] = "BGN" }, 2804010, "$['data'][0]['custom_data']['currency']"},
		{"currency sign", func(m mutable) { m.custom["currency"] = "€" }, 2804010, "$['data'][0]['custom_data']['currency']"},
		{"currency of nowhere on another event", func(m mutable) { m.event["event_name"] = "Lead"; m.custom["currency"] = "XYZ" }, 2804016, "$['data'][0]['custom_data']['currency']"},
		{"value a string on another event", func(m mutable) { m.event["event_name"] = "Lead"; m.custom["value"] = "1" }, 2804019, "$['data'][0]['custom_data']['value']"},
		{"unknown content_type", func(m mutable) { m.custom["content_type"] = "sku" }, 2804016, "$['data'][0]['custom_data']['content_type']"},
		{"unknown delivery", func(m mutable) { m.custom["delivery_category"] = "drone" }, 2804016, "$['data'][0]['custom_data']['delivery_category']"},
		{"content_ids a string", func(m mutable) { m.custom["content_ids"] = "sku-1" }, 2804019, "$['data'][0]['custom_data']['content_ids']"},
		{"num_items a fraction", func(m mutable) { m.custom["num_items"] = 1.5 }, 2804019, "$['data'][0]['custom_data']['num_items']"},
		{"contents of strings", func(m mutable) { m.custom["contents"] = []any{"sku-1"} }, 2804019, "$['data'][0]['custom_data']['contents'][0]"},
		{"quantity a string", func(m mutable) { m.custom["contents"] = []any{map[string]any{"id": "a", "quantity": "1"}} }, 2804019, "$['data'][0]['custom_data']['contents'][0]['quantity']"},
		{"delivery of a content", func(m mutable) {
			m.custom["contents"] = []any{map[string]any{"id": "a", "quantity": 1, "delivery_category": "drone"}}
		}, 2804016, "$['data'][0]['custom_data']['contents'][0]['delivery_category']"},

		{"app event without app_data", func(m mutable) { m.event["action_source"] = "app" }, 2804019, "$['data'][0]['app_data']"},
		{"app event without tracking", func(m mutable) {
			app(m, "i2", "17.0")
			delete(m.event["app_data"].(map[string]any), "advertiser_tracking_enabled")
		}, 2804019, "$['data'][0]['app_data']['advertiser_tracking_enabled']"},
		{"extinfo too short", func(m mutable) { app(m, "i2", "17.0"); m.event["app_data"].(map[string]any)["extinfo"] = []any{"i2"} }, 2804019, "$['data'][0]['app_data']['extinfo']"},
		{"extinfo of no platform", func(m mutable) { app(m, "w1", "17.0") }, 2804016, "$['data'][0]['app_data']['extinfo'][0]"},
		{"blank OS version", func(m mutable) { app(m, "i2", "") }, 2804043, "$['data'][0]['app_data']['extinfo'][4]"},
		{"app_data on a website event, no object", func(m mutable) { m.event["app_data"] = "x" }, 2804019, "$['data'][0]['app_data']"},
		{"unexpected key of app_data", func(m mutable) { app(m, "i2", "17.0"); appData(m)["idfa"] = "x" }, 2804019, "$['data'][0]['app_data']['idfa']"},
		{"null in app_data", func(m mutable) { app(m, "i2", "17.0"); appData(m)["vendor_id"] = nil }, 2804019, "$['data'][0]['app_data']['vendor_id']"},
		{"empty string in a list of app_data", func(m mutable) { app(m, "i2", "17.0"); appData(m)["url_schemes"] = []any{"a", ""} }, 2804019, "$['data'][0]['app_data']['url_schemes'][1]"},
		{"tracking 2", func(m mutable) { app(m, "i2", "17.0"); appData(m)["application_tracking_enabled"] = 2 }, 2804019, "$['data'][0]['app_data']['application_tracking_enabled']"},
		{"an extinfo slot that is a number", func(m mutable) { app(m, "i2", "17.0"); appData(m)["extinfo"].([]any)[9] = 320 }, 2804019, "$['data'][0]['app_data']['extinfo'][9]"},
		{"null in the original event", func(m mutable) { m.event["original_event_data"] = map[string]any{"event_id": nil} }, 2804019, "$['data'][0]['original_event_data']['event_id']"},
		{"empty referrer", func(m mutable) { m.event["referrer_url"] = "" }, 2804019, "$['data'][0]['referrer_url']"},
		{"unknown segment in custom_data", func(m mutable) { m.custom["customer_segmentation"] = "vip" }, 2804016, "$['data'][0]['custom_data']['customer_segmentation']"},
		{"store_data a string", func(m mutable) { m.custom["store_data"] = "x" }, 2804019, "$['data'][0]['custom_data']['store_data']"},
		{"store code a list", func(m mutable) { m.custom["store_data"] = map[string]any{"store_code": []any{1}} }, 2804019, "$['data'][0]['custom_data']['store_data']['store_code']"},
		{"brand a number", func(m mutable) { m.custom["contents"] = []any{map[string]any{"id": "a", "brand": 1}} }, 2804019, "$['data'][0]['custom_data']['contents'][0]['brand']"},
		{"lead source a number", func(m mutable) { m.custom["lead_event_source"] = 1 }, 2804019, "$['data'][0]['custom_data']['lead_event_source']"},
		{"messaging event of another name", func(m mutable) { m.event["event_name"] = "Lead"; m.event["action_source"] = "business_messaging" }, 2804066, "$['data'][0]['event_name']"},
		{"messaging without a channel", func(m mutable) { m.event["action_source"] = "business_messaging" }, 2804019, "$['data'][0]['messaging_channel']"},
		{"messaging by pigeon", func(m mutable) { messaging(m, "pigeon") }, 2804016, "$['data'][0]['messaging_channel']"},
		{"whatsapp without a click", func(m mutable) { messaging(m, "whatsapp") }, 2804087, "$['data'][0]['user_data']['ctwa_clid']"},
		{"whatsapp without an account", func(m mutable) { messaging(m, "whatsapp"); m.user["ctwa_clid"] = "ARx" }, 2804019, "$['data'][0]['user_data']['whatsapp_business_account_id']"},
		{"messenger without a page", func(m mutable) { messaging(m, "messenger") }, 2804019, "$['data'][0]['user_data']['page_id']"},
		{"instagram without an account", func(m mutable) { messaging(m, "instagram"); m.user["ig_sid"] = "1" }, 2804019, "$['data'][0]['user_data']['instagram_business_account_id']"},
	} {
		t.Run(c.name, func(t *testing.T) {
			s, _ := newSim(t)
			w := serve(s, request(mutated(t, c.change)))
			e := said(t, w)
			if w.Code != 400 || e.Code != 100 || e.Subcode != c.subcode {
				t.Errorf("%d %d/%d, want 400 100/%d: %s", w.Code, e.Code, e.Subcode, c.subcode, w.Body)
			}
			if e.Type != "OAuthException" || e.Transient == nil || *e.Transient || e.Title == "" || !strings.Contains(e.UserMsg, c.blame) {
				t.Errorf("the envelope is not complete, or does not name %s: %s", c.blame, w.Body)
			}
			r := s.Requests()[0]
			if r.Blame != c.blame || r.Status != 400 || r.Subcode != c.subcode || r.Recorded != 0 {
				t.Errorf("record %+v, want blame %s", r, c.blame)
			}
			if len(s.Received()) != 0 || len(s.Counted()) != 0 {
				t.Error("a refused event was recorded")
			}
		})
	}
}

func ldu(m mutable, country int, state any) {
	m.event["data_processing_options"] = []any{"LDU"}
	m.event["data_processing_options_country"] = country
	if state != nil {
		m.event["data_processing_options_state"] = state
	}
}

func only(m mutable, keys ...string) {
	kept := map[string]any{}
	for _, k := range keys {
		kept[k] = m.user[k]
	}
	m.event["user_data"] = kept
}

func app(m mutable, platform, osVersion string) {
	info := make([]any, 16)
	for i := range info {
		info[i] = ""
	}
	info[0], info[4] = platform, osVersion
	m.event["action_source"] = "app"
	m.event["app_data"] = map[string]any{"advertiser_tracking_enabled": 1, "extinfo": info}
}

func appData(m mutable) map[string]any { return m.event["app_data"].(map[string]any) }

func messaging(m mutable, channel string) {
	m.event["action_source"] = "business_messaging"
	m.event["messaging_channel"] = channel
}

// What stands beside the refusals and must pass: the fake must not be stricter
// than it says.
func TestEventsThatPass(t *testing.T) {
	at := noon.Unix()
	for _, c := range []struct {
		name   string
		change func(mutable)
	}{
		{"60 s ahead", func(m mutable) { m.event["event_time"] = at + 60 }},
		{"7 days to the second", func(m mutable) { m.event["event_time"] = at - 7*86400; delete(m.user, "fbc") }},
		{"62 days in a store", func(m mutable) {
			m.event["action_source"] = "physical_store"
			m.event["event_time"] = at - 62*86400
			delete(m.user, "fbc")
		}},
		{"90 days old click", func(m mutable) { m.user["fbc"] = fmt.Sprintf("fb.1.%d.IwAR0abc", (at-90*86400)*1000) }},
		{"click a minute after the event", func(m mutable) { m.user["fbc"] = fmt.Sprintf("fb.1.%d.IwAR0abc", (1795490400+60)*1000) }},
		{"fbc with an appendix", func(m mutable) { m.user["fbc"] = "fb.1.1795400000000.IwAR0abc.AQECAQMB" }},
		{"fbc with the old appendix", func(m mutable) { m.user["fbc"] = "fb.1.1795400000000.IwAR0abc.Bg" }},
		{"fbc of 500", func(m mutable) { m.user["fbc"] = "fb.1.1795400000000." + strings.Repeat("a", 500) }},
		{"index 2", func(m mutable) { m.user["fbp"] = "fb.2.1790000000000.123456789012345678" }},
		{"fbp alone", func(m mutable) { only(m, "fbp") }},
		{"fbc alone", func(m mutable) { only(m, "fbc") }},
		{"address and user agent", func(m mutable) { only(m, "client_ip_address", "client_user_agent") }},
		{"both names", func(m mutable) { only(m, "fn", "ln") }},
		{"single strings", func(m mutable) { m.user["em"] = hashOf("a@b.de"); m.user["external_id"] = "c42" }},
		{"IPv4", func(m mutable) { m.user["client_ip_address"] = "203.0.113.9" }},
		{"lower-case currency", func(m mutable) { m.custom["currency"] = "eur" }},
		{"zero value", func(m mutable) { m.custom["value"] = 0 }},
		{"no custom_data on another event", func(m mutable) { m.event["event_name"] = "PageView"; delete(m.event, "custom_data") }},
		{"custom event", func(m mutable) { m.event["event_name"] = "Trial started" }},
		{"no page in an e-mail", func(m mutable) { m.event["action_source"] = "email"; delete(m.event, "event_source_url") }},
		{"segment", func(m mutable) { m.event["customer_segmentation"] = "new_customer_to_business" }},
		{"original event", func(m mutable) {
			m.event["original_event_data"] = map[string]any{"event_name": "Lead", "event_time": at, "order_id": "1", "event_id": "x"}
		}},
		{"LDU in California", func(m mutable) { ldu(m, 1, 1000) }},
		{"LDU by geolocation", func(m mutable) { ldu(m, 0, 0) }},
		{"unknown key beside data", func(m mutable) { m.top["foo"] = 1 }},
		{"app event", func(m mutable) { app(m, "a2", "14") }},
		{"whatsapp", func(m mutable) { messaging(m, "whatsapp"); m.user["ctwa_clid"] = "ARx"; m.user["page_id"] = 1234 }},
		{"lead id", func(m mutable) { m.user["lead_id"] = 123456789012345 }},
		{"whatsapp with an account", func(m mutable) {
			messaging(m, "whatsapp")
			m.user["ctwa_clid"], m.user["whatsapp_business_account_id"] = "ARx", "1234"
		}},
		{"messenger", func(m mutable) { messaging(m, "messenger"); m.user["page_id"], m.user["page_scoped_user_id"] = 1, 2 }},
		{"instagram", func(m mutable) {
			messaging(m, "instagram")
			m.user["ig_sid"], m.user["instagram_business_account_id"] = "1", "2"
		}},
		{"all of app_data", func(m mutable) {
			app(m, "a2", "14")
			for key, v := range map[string]any{
				"application_tracking_enabled": false, "campaign_ids": "c", "install_referrer": "r", "installer_package": "p",
				"url_schemes": []any{"u"}, "vendor_id": "v", "windows_attribution_id": "w", "consider_views": true,
				"include_dwell_data": 0, "include_video_data": 1, "receipt_data": "r",
			} {
				appData(m)[key] = v
			}
		}},
		{"all keys of user_data", func(m mutable) {
			for key, form := range userKeys {
				switch form {
				case formHash:
					m.user[key] = hashOf(key)
				case formPlain:
					m.user[key] = "123"
				}
			}
			m.user["lead_id"] = "1234567890123456"
		}},
		{"all of custom_data", func(m mutable) {
			for key, v := range map[string]any{
				"content_name": "n", "content_category": "c", "search_string": "s", "status": true, "predicted_ltv": 1.5, "net_revenue": -1,
				"delivery_category": "curbside", "item_number": "i", "lead_event_source": "crm", "product_catalog_id": "1", "user_bucket": 2,
				"store_data": map[string]any{"store_page_id": "1", "brand_page_id": 2, "store_code": "3"}, "customer_segmentation": "existing_customer_to_medium",
				"contents": []any{map[string]any{"id": "a", "quantity": 1, "title": "t", "description": "d", "brand": "b", "category": "c", "price": 1.5}},
				"make":     "m", "year": 1999, "mileage": map[string]any{"value": 1, "unit": "MI"}, "destination_ids": []any{"d"},
			} {
				m.custom[key] = v
			}
		}},
	} {
		s, _ := newSim(t)
		if w := serve(s, request(mutated(t, c.change))); w.Code != 200 {
			t.Errorf("%s: %d, want 200: %s", c.name, w.Code, w.Body)
		}
	}
}

// Refusals of the request as a whole.
func TestRequestRefusals(t *testing.T) {
	good := func(change func(*http.Request)) func(*testing.T) *http.Request {
		return func(t *testing.T) *http.Request {
			r := request(purchase(t))
			change(r)
			return r
		}
	}
	body := func(s string) func(*testing.T) *http.Request {
		return func(*testing.T) *http.Request { return request([]byte(s)) }
	}
	thousandOne := `{"data":[` + strings.Repeat("{},", 1000) + `{}]}`
	for _, c := range []struct {
		name                  string
		make                  func(*testing.T) *http.Request
		status, code, subcode int
	}{
		{"no version", good(func(r *http.Request) { r.URL.Path = "/" + goodDataset + "/events" }), 400, 2635, 0},
		{"another edge", good(func(r *http.Request) { r.URL.Path = "/v25.0/" + goodDataset + "/stats" }), 400, 2500, 0},
		{"nothing", good(func(r *http.Request) { r.URL.Path = "/" }), 400, 2500, 0},
		{"GET", good(func(r *http.Request) { r.Method = "GET" }), 400, 100, 33},
		{"no token", good(func(r *http.Request) { r.Header.Del("Authorization") }), 401, 190, 0},
		{"wrong token", good(func(r *http.Request) { r.Header.Set("Authorization", "Bearer EAAGwrongTokenAltogether") }), 401, 190, 0},
		{"Basic", good(func(r *http.Request) { r.Header.Set("Authorization", "Basic "+goodToken) }), 401, 190, 0},
		{"wrong dataset", good(func(r *http.Request) { r.URL.Path = "/v25.0/999/events" }), 400, 100, 33},
		{"dataset by name", good(func(r *http.Request) { r.URL.Path = "/v25.0/myshop/events" }), 404, 803, 0},
		{"form", good(func(r *http.Request) { r.Header.Set("Content-Type", "application/x-www-form-urlencoded") }), 400, 100, 0},
		{"no content type", good(func(r *http.Request) { r.Header.Del("Content-Type") }), 400, 100, 0},
		{"gzip", good(func(r *http.Request) { r.Header.Set("Content-Encoding", "gzip") }), 400, 100, 0},
		{"no body", body(``), 400, 100, 0},
		{"no JSON", body(`{"data":`), 400, 100, 0},
		{"null", body(`null`), 400, 100, 0},
		{"an array", body(`[]`), 400, 100, 0},
		{"duplicate keys", body(`{"data":[{"a":{"b":1,"b":2}}]}`), 400, 100, 0},
		{"invalid UTF-8", body("{\"data\":[{\"event_name\":\"\xff\"}]}"), 400, 100, 0},
		{"two values", body(`{"data":[{}]} {}`), 400, 100, 0},
		{"no data", body(`{}`), 400, 100, 0},
		{"data a string", body(`{"data":"[]"}`), 400, 100, 0},
		{"no events", body(`{"data":[]}`), 400, 100, 0},
		{"1,001 events", body(thousandOne), 400, 100, 0},
		{"test code a number", body(`{"data":[{}],"test_event_code":1}`), 400, 100, 0},
		{"test code empty", body(`{"data":[{}],"test_event_code":""}`), 400, 100, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			s, _ := newSim(t)
			w := serve(s, c.make(t))
			e := said(t, w)
			if w.Code != c.status || e.Code != c.code || e.Subcode != c.subcode {
				t.Errorf("%d %d/%d, want %d %d/%d: %s", w.Code, e.Code, e.Subcode, c.status, c.code, c.subcode, w.Body)
			}
			if e.TraceID == "" || e.Message == "" || e.Type == "" {
				t.Errorf("the envelope is not complete: %s", w.Body)
			}
			if len(s.Received()) != 0 || s.Totals().Refused != 1 {
				t.Error("a refused request was recorded, or not counted as refused")
			}
			if strings.Contains(w.Body.String(), "EAAG") || strings.Contains(w.Header().Get("WWW-Authenticate"), "EAAG") {
				t.Error("the answer shows a token")
			}
		})
	}
}

func TestAnyDatasetAndTokenWithoutOptions(t *testing.T) {
	s := New(Options{Now: (&clock{noon}).now})
	r := request(purchase(t))
	r.URL.Path = "/v25.0/42/events"
	r.Header.Set("Authorization", "Bearer x")
	if w := serve(s, r); w.Code != 200 {
		t.Errorf("%d, want 200: %s", w.Code, w.Body)
	}
	r = request(purchase(t))
	r.Header.Del("Authorization")
	if w := serve(s, r); w.Code != 401 {
		t.Errorf("without any token: %d, want 401", w.Code)
	}
}

// One bad event among a thousand refuses all, and is the one that is named.
func TestAllOrNothing(t *testing.T) {
	s, _ := newSim(t)
	var events []any
	for i := range 1000 {
		m := mutated(t, func(m mutable) { m.event["event_id"] = "purchase.A-" + strconv.Itoa(i) })
		var top map[string]any
		if err := json.Unmarshal(m, &top); err != nil {
			t.Fatal(err)
		}
		events = append(events, top["data"].([]any)[0])
	}
	send := func() *httptest.ResponseRecorder {
		body, err := json.Marshal(map[string]any{"data": events})
		if err != nil {
			t.Fatal(err)
		}
		return serve(s, request(body))
	}
	events[712].(map[string]any)["user_data"] = map[string]any{}
	events[900].(map[string]any)["event_name"] = ""
	if e := said(t, send()); e.Subcode != 2804050 || !strings.Contains(e.UserMsg, "$['data'][712]") {
		t.Errorf("the first bad event is 712: %+v", e)
	}
	if n := len(s.Received()); n != 0 {
		t.Errorf("%d events were recorded of a refused request", n)
	}
	events[712], events[900] = events[0], events[1]
	if w := send(); w.Code != 200 || len(s.Received()) != 1000 || s.Totals().ServerEvents != 1000 {
		t.Errorf("%d, %d events recorded, want 200 and 1000", w.Code, len(s.Received()))
	}
}

// The language and the form of error_data change from one refusal to the next:
// whoever branches on them is found out.
func TestEnvelopes(t *testing.T) {
	s, _ := newSim(t)
	var b strings.Builder
	show := func(title string, w *httptest.ResponseRecorder) {
		fmt.Fprintf(&b, "# %s\n%d\n%s\n\n", title, w.Code, w.Body)
	}
	show("accepted", serve(s, request(purchase(t))))
	for i := range 4 {
		show(fmt.Sprintf("refusal %d", i+1), serve(s, request(mutated(t, func(m mutable) { m.user["em"] = "anna@example.org" }))))
	}
	r := request(purchase(t))
	r.Header.Del("Authorization")
	show("no token", serve(s, r))
	r = request(purchase(t))
	r.URL.Path = "/v25.0/999/events"
	show("another dataset", serve(s, r))
	show("no data", serve(s, request([]byte(`{}`))))
	show("a key that is an e-mail address", serve(s, request(mutated(t, func(m mutable) { m.event["anna@example.org"] = 1 }))))
	golden(t, "envelopes.txt", b.String())
}

func TestBodyTooLarge(t *testing.T) {
	s, _ := newSim(t)
	w := serve(s, request(make([]byte, maxBody+1)))
	if w.Code != 413 || !strings.Contains(w.Header().Get("Content-Type"), "text/html") {
		t.Errorf("%d %s, want 413 and a page, as of a proxy", w.Code, w.Header().Get("Content-Type"))
	}
}
