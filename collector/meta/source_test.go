package meta

// One whole event of each action source, as a golden file, and before the
// simulator: a misreading of what Meta wants would have to be made twice.

import (
	"encoding/json"
	"net/http/httptest"
	"reflect"
	"strings"
	"testing"
	"time"

	"matchkey/collector"
	"matchkey/collector/meta/graphsim"
)

// on returns the complete composition as an event of a channel, with what the
// channel needs from the site.
func on(channel collector.Channel, own map[string]any) collector.Composition {
	c := completeComposition()
	c.Event.Channel = channel
	if own != nil {
		c.Event.Integrations = map[string]map[string]any{Kind: own}
	}
	return c
}

func telephone() map[string]any {
	return map[string]any{
		"madid":   "38400000-8CF0-11BD-B23E-10B96E40000D",
		"anon_id": "XZ-7f3a9c",
		"app_data": map[string]any{
			"advertiser_tracking_enabled": true, "application_tracking_enabled": 1.0, "campaign_ids": "c-17",
			"installer_package": "com.android.vending", "install_referrer": "utm_source=play",
			"url_schemes": []any{"acme"}, "vendor_id": "B0F6F1A2-0000-4000-8000-123456789ABC", "windows_attribution_id": "w-1",
			"extinfo": []any{"i2", "com.acme.shop", "1.0", "1.0 long", "13.4.1", "iPhone5,1", "en_US", "PDT", "AT&T",
				320.0, 568.0, "2", "2", "13", "", nil},
		},
	}
}

func inWhatsApp() map[string]any {
	return map[string]any{"messaging_channel": "whatsapp", "ctwa_clid": "ARAkLkA8rmlFeiCktEJQ-QTwRiyYHAFDLMNDBH0CD3qpjd0HR4irJ6LEkR7JwFF4XvnO2E4Nx0", "whatsapp_business_account_id": "102290129340398"}
}

func inMessenger() map[string]any {
	return map[string]any{"messaging_channel": "messenger", "page_id": "1906385232743451", "page_scoped_user_id": 7012345678901234.0}
}

func inInstagram() map[string]any {
	return map[string]any{"messaging_channel": "instagram", "ig_sid": "6712345678901234", "instagram_business_account_id": "17841400000000000", "ig_account_id": "17841400000000001"}
}

func inStore() map[string]any {
	return map[string]any{
		"customer_segmentation": "new_customer_to_business", "subscription_id": "sub_9", "fb_login_id": 1234567890.0,
		"lead_id": "123456789012345", "f5first": strings.ToUpper(hash("mary")), "fi": hash("m"), "doby": hash("1997"), "dobm": hash("02"), "dobd": hash("16"), "f5last": hash("smith"),
		"original_event_data": map[string]any{"event_name": "Lead", "event_time": 1795000000.0, "order_id": "A-1001", "event_id": "lead.7"},
		"opt_out":             true,
	}
}

// compositionsBySource has one event, and for messengers one each, of every
// action source.
func compositionsBySource() map[string]collector.Composition {
	all := map[string]collector.Composition{
		"website":            on(collector.ChannelWeb, nil),
		"app":                on(collector.ChannelApp, telephone()),
		"physical_store":     on(collector.ChannelStore, inStore()),
		"phone_call":         on(collector.ChannelPhone, nil),
		"email":              on(collector.ChannelEmail, nil),
		"chat":               on(collector.ChannelChat, nil),
		"messaging_whatsapp": on(collector.ChannelMessaging, inWhatsApp()),
		"messaging_page":     on(collector.ChannelMessaging, inMessenger()),
		"messaging_instagram": on(collector.ChannelMessaging,
			inInstagram()),
		"system_generated": on(collector.ChannelSystem, nil),
		"other":            on(collector.ChannelOther, nil),
	}
	web := all["website"]
	web.Event.Referrer = "https://search.example/find?q=teapot"
	web.Event.URL = "https://shop.example/thanks"
	all["website"] = web
	store := all["physical_store"]
	store.Event.OccurredAt = store.Now.Add(-61 * 24 * time.Hour)
	store.Properties["store_data"] = map[string]any{"store_page_id": "1906385232743451", "store_code": "B-12"}
	store.Properties["delivery_category"] = "in_store"
	store.Event.Integrations[Kind]["original_event_data"].(map[string]any)["event_time"] = 1790000000.0
	all["physical_store"] = store
	return all
}

func TestEverySource(t *testing.T) {
	seen := map[string]bool{}
	for name, c := range compositionsBySource() {
		t.Run(name, func(t *testing.T) {
			payload := compose(t, c)
			for _, f := range payload.Fields {
				if f.Dropped != "" && f.Dropped != ReasonOtherChannel && f.Dropped != collector.ReasonNeverSeen && f.Dropped != collector.ReasonTooOld && f.Dropped != collector.ReasonAfterConversion {
					t.Errorf("%s is left out: %s", f.Path, f.Dropped)
				}
			}
			golden(t, "source_"+name+".json", indent(t, payload.Body))
			seen[composed(t, c).ActionSource] = true
			wantAccepted(t, payload.Body)
		})
	}
	if len(seen) != len(collector.Channels()) {
		t.Errorf("%d action sources for %d channels", len(seen), len(collector.Channels()))
	}
}

// simulator is a Graph that another engineer wrote, at the tests' time.
func simulator(t testing.TB) (*graphsim.Sim, *Destination) {
	t.Helper()
	sim := graphsim.New(graphsim.Options{Dataset: "1234567890", Token: testToken, Now: func() time.Time { return now }})
	server := httptest.NewServer(sim)
	t.Cleanup(server.Close)
	d, err := New(Config{Name: "main", Dataset: "1234567890", Token: testToken, BaseURL: server.URL})
	if err != nil {
		t.Fatal(err)
	}
	return sim, d
}

func wantAccepted(t *testing.T, body []byte) {
	t.Helper()
	sim, d := simulator(t)
	if v := d.Send(t.Context(), []collector.Parcel{{Body: body}})[0]; v.Ruling != collector.Accepted {
		t.Errorf("the simulator says %+v of %s", v, body)
	}
	if p := sim.PersonalData(); len(p) > 0 {
		t.Errorf("personal data in the clear: %+v in %s", p, body)
	}
}

func TestSourceFollowsWhatIsKnown(t *testing.T) {
	c := completeComposition()
	c.Profile.Page, c.Profile.Sessions[1].URL = collector.PageSeen{}, ""
	if e := composed(t, c); e.ActionSource != sourceSystem || e.UserData.UserAgent == "" || e.EventSourceURL != "" {
		t.Errorf("a browser and no page: %s, which Meta wants a page of", e.ActionSource)
	}
	c.Event.Channel = collector.ChannelWeb
	wantRefusal(t, c, ReasonFieldMissing, "event_source_url")
	c.Event.URL = "https://shop.example/thanks"
	if e := composed(t, c); e.ActionSource != sourceWebsite {
		t.Errorf("a page is known: %s", e.ActionSource)
	}
	c.Event.Channel = "pigeon" // an older version's, or a newer one's
	if e := composed(t, c); e.ActionSource != sourceOther {
		t.Errorf("nobody knows where: %s", e.ActionSource)
	}
}

// Who stands at a till has no browser in hand.
func TestBrowserOfAnotherMomentStaysOut(t *testing.T) {
	for channel, in := range map[collector.Channel]bool{
		"": true, collector.ChannelWeb: true, collector.ChannelSystem: true,
		collector.ChannelStore: false, collector.ChannelPhone: false, collector.ChannelEmail: false,
		collector.ChannelChat: false, collector.ChannelOther: false,
	} {
		e := composed(t, on(channel, nil))
		if (e.UserData.IP != "") != in || (e.UserData.UserAgent != "") != in {
			t.Errorf("%q: address %q, user agent %q", channel, e.UserData.IP, e.UserData.UserAgent)
		}
		if page := e.EventSourceURL != ""; page != (channel == "" || channel == collector.ChannelWeb) {
			t.Errorf("%q happened at %q", channel, e.EventSourceURL)
		}
		if e.UserData.Click == "" || e.UserData.Browser == "" || len(e.UserData.Email) == 0 {
			t.Errorf("%q: the person is not recognised any more: %+v", channel, e.UserData)
		}
	}
	u := composed(t, on(collector.ChannelMessaging, inWhatsApp())).UserData
	if u.IP+u.UserAgent+u.Click+u.Browser != "" || len(u.Email) == 0 {
		t.Errorf("a messenger's event has %+v", u)
	}
	wantDropped(t, on(collector.ChannelMessaging, inWhatsApp()), "user_data.fbc", ReasonOtherChannel)
}

func TestWhatASourceNeeds(t *testing.T) {
	without := func(own map[string]any, keys ...string) map[string]any {
		for _, k := range keys {
			delete(own, k)
		}
		return own
	}
	slots := func(change func([]any)) map[string]any {
		own := telephone()
		app := own["app_data"].(map[string]any)
		info := app["extinfo"].([]any)
		change(info)
		return own
	}
	app := func(key string, value any) map[string]any {
		own := telephone()
		own["app_data"].(map[string]any)[key] = value
		return own
	}
	for _, c := range []struct {
		name    string
		channel collector.Channel
		own     map[string]any
		missing []string
	}{
		{"an app's event that says nothing of the app", collector.ChannelApp, nil, []string{"app_data.advertiser_tracking_enabled", "app_data.extinfo"}},
		{"tracking that is neither yes nor no", collector.ChannelApp, app("advertiser_tracking_enabled", 2.0), []string{"app_data.advertiser_tracking_enabled"}},
		{"fifteen slots", collector.ChannelApp, app("extinfo", []any{"i2"}), []string{"app_data.extinfo"}},
		{"another system", collector.ChannelApp, slots(func(s []any) { s[0] = "w8" }), []string{"app_data.extinfo[0]"}},
		{"no version of the system", collector.ChannelApp, slots(func(s []any) { s[4] = " " }), []string{"app_data.extinfo[4]"}},
		{"no channel", collector.ChannelMessaging, without(inWhatsApp(), "messaging_channel"), []string{"messaging_channel"}},
		{"another channel", collector.ChannelMessaging, map[string]any{"messaging_channel": "signal"}, []string{"messaging_channel"}},
		{"WhatsApp without click and business", collector.ChannelMessaging, without(inWhatsApp(), "ctwa_clid", "whatsapp_business_account_id"),
			[]string{"user_data.ctwa_clid", "user_data.whatsapp_business_account_id"}},
		{"a page without its person", collector.ChannelMessaging, without(inMessenger(), "page_scoped_user_id"), []string{"user_data.page_scoped_user_id"}},
		{"a person without the page", collector.ChannelMessaging, without(inMessenger(), "page_id"), []string{"user_data.page_id"}},
		{"Instagram without both", collector.ChannelMessaging, without(inInstagram(), "ig_sid", "instagram_business_account_id"),
			[]string{"user_data.ig_sid", "user_data.instagram_business_account_id"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			comp := on(c.channel, c.own)
			wantRefusal(t, comp, ReasonFieldMissing, c.missing[0])
			for _, path := range c.missing {
				wantDropped(t, comp, path, ReasonFieldMissing)
			}
		})
	}
	own := without(inWhatsApp(), "whatsapp_business_account_id")
	own["page_id"] = "1906385232743451"
	compose(t, on(collector.ChannelMessaging, own)) // a page will do as well
	top := telephone()
	top["extinfo"] = top["app_data"].(map[string]any)["extinfo"]
	delete(top["app_data"].(map[string]any), "extinfo")
	compose(t, on(collector.ChannelApp, top)) // nor need it stand in app_data

	for _, name := range []string{"Lead", "Subscribe", "My own"} {
		c := on(collector.ChannelMessaging, inWhatsApp())
		c.Delivery.Send = name
		wantRefusal(t, c, ReasonMessagingName, "event_name")
	}
	for _, name := range messagingNames {
		c := on(collector.ChannelMessaging, inWhatsApp())
		c.Delivery.Send = name
		compose(t, c)
	}
}

// Everything that is wrong is said at once.
func TestAllFaultsAreFound(t *testing.T) {
	c := on(collector.ChannelApp, nil)
	c.Delivery.Send, c.Event.ID, c.Properties = "Purchase", "", nil
	c.Event.OccurredAt = c.Now.Add(-8 * 24 * time.Hour)
	c.Event.Identifiers, c.Event.Customer, c.Profile = nil, "", collector.Profile{}
	c.Decision.LimitedUse = &collector.LimitedUse{Applies: true, Country: 1}
	wantRefusal(t, c, ReasonEventID, "event_id")
	for path, why := range map[string]collector.Reason{
		"event_id": ReasonEventID, "event_time": collector.ReasonEventTooOld,
		"app_data.advertiser_tracking_enabled": ReasonFieldMissing, "app_data.extinfo": ReasonFieldMissing,
		"custom_data.value": ReasonValueMissing, "custom_data.currency": ReasonCurrencyMissing,
		"data_processing_options_state": ReasonLimitedUse, "user_data": ReasonTooWeak,
	} {
		wantDropped(t, c, path, why)
	}
	payload, _ := Compose(c)
	seen := map[string]int{}
	for _, f := range payload.Fields {
		if seen[f.Path]++; seen[f.Path] > 1 {
			t.Errorf("%s stands in lineage twice", f.Path)
		}
	}
}

func TestIntegrations(t *testing.T) {
	for _, c := range []struct {
		key   string
		value any
		path  string
		want  any // in user_data, or at the path
		why   collector.Reason
	}{
		{"lead_id", "123456789012345", "user_data.lead_id", "123456789012345", ""},
		{"lead_id", 123456789012345.0, "user_data.lead_id", "123456789012345", ""},
		{"lead_id", 1234567890123456.0, "user_data.lead_id", "1234567890123456", ""},
		{"lead_id", 9912345678901234.0, "user_data.lead_id", nil, collector.ReasonMalformed}, // JSON may have rounded it
		{"lead_id", "9912345678901234", "user_data.lead_id", "9912345678901234", ""},
		{"lead_id", "12345678901234", "user_data.lead_id", nil, collector.ReasonMalformed},
		{"lead_id", "12345678901234567", "user_data.lead_id", nil, collector.ReasonMalformed},
		{"lead_id", "l:123456789012345", "user_data.lead_id", nil, collector.ReasonMalformed},
		{"lead_id", hash("123456789012345"), "user_data.lead_id", nil, collector.ReasonMalformed},
		{"lead_id", 1.5, "user_data.lead_id", nil, collector.ReasonMalformed},
		{"lead_id", nil, "user_data.lead_id", nil, ReasonEmptyValue},
		{"lead_id", " ", "user_data.lead_id", nil, ReasonEmptyValue},
		{"lead_id", []any{"123456789012345"}, "user_data.lead_id", nil, collector.ReasonMalformed},
		{"fb_login_id", 42.0, "user_data.fb_login_id", "42", ""},
		{"fb_login_id", "x", "user_data.fb_login_id", nil, collector.ReasonMalformed},
		{"subscription_id", "sub_1/A", "user_data.subscription_id", "sub_1/A", ""},
		{"subscription_id", "mary@example.com", "user_data.subscription_id", nil, collector.ReasonMalformed},
		{"subscription_id", "a b", "user_data.subscription_id", nil, collector.ReasonMalformed},
		{"subscription_id", hash("sub_1"), "user_data.subscription_id", nil, collector.ReasonMalformed},
		{"madid", "38400000-8CF0-11BD-B23E-10B96E40000D", "user_data.madid", "38400000-8cf0-11bd-b23e-10b96e40000d", ""},
		{"madid", "00000000-0000-0000-0000-000000000000", "user_data.madid", nil, collector.ReasonMalformed},
		{"madid", "384000008CF011BDB23E10B96E40000D", "user_data.madid", nil, collector.ReasonMalformed},
		{"anon_id", "x-1", "user_data.anon_id", nil, ReasonOtherChannel},
		{"ctwa_clid", "Aff-n_8ZTODiE79d22KtAwQKj9e", "user_data.ctwa_clid", "Aff-n_8ZTODiE79d22KtAwQKj9e", ""},
		{"ctwa_clid", "a b", "user_data.ctwa_clid", nil, collector.ReasonMalformed},
		{"ctwa_clid", hash("a click"), "user_data.ctwa_clid", nil, collector.ReasonMalformed},
		{"ctwa_clid", strings.ToUpper(hash("a click")), "user_data.ctwa_clid", nil, collector.ReasonMalformed},
		{"ctwa_clid", hash("a click")[:32], "user_data.ctwa_clid", nil, collector.ReasonMalformed},
		{"page_id", "1906385232743451", "user_data.page_id", "1906385232743451", ""},
		{"fi", hash("m"), "user_data.fi", hash("m"), ""},
		{"fi", "m", "user_data.fi", nil, ReasonNotHashed},
		{"fi", hash("null"), "user_data.fi", nil, ReasonPlaceholderNull},
		{"messaging_channel", "whatsapp", "messaging_channel", nil, ReasonOtherChannel},
		{"app_data", map[string]any{"vendor_id": "x"}, "app_data", nil, ReasonOtherChannel},
		{"extinfo", []any{}, "app_data", nil, ReasonOtherChannel},
		{"original_event_data", "x", "original_event_data", nil, collector.ReasonMalformed},
		{"original_event_data", map[string]any{"event_time": 1795000000123.0}, "original_event_data.event_time", nil, collector.ReasonInFuture},
		{"original_event_data", map[string]any{"event_time": "yesterday"}, "original_event_data.event_time", nil, collector.ReasonMalformed},
		{"original_event_data", map[string]any{"event_id": "mary@example.com"}, "original_event_data.event_id", nil, ReasonPersonal},
		{"original_event_data", map[string]any{"value": 1.0}, "original_event_data.value", nil, collector.ReasonUnknownField},
		{"opt_out", "true", "opt_out", nil, collector.ReasonMalformed},
		{"customer_segmentation", "vip", "custom_data.customer_segmentation", nil, ReasonWordUnknown},
		{"opt_out", false, "opt_out", nil, ReasonEmptyValue},
		{"original_event_data", map[string]any{}, "original_event_data", nil, ReasonEmptyValue},
		{"click_id", "x", "integrations.meta.click_id", nil, collector.ReasonUnknownField},
		{"em", hash("mary@example.com"), "integrations.meta.em", nil, collector.ReasonUnknownField},
		{"attribution_data", map[string]any{}, "integrations.meta.attribution_data", nil, collector.ReasonUnknownField},
		{"mary@example.com", 1.0, "integrations.meta.*", nil, collector.ReasonUnknownField},
	} {
		comp := on("", map[string]any{c.key: c.value})
		comp.Delivery.Send = "Lead"
		payload := compose(t, comp)
		f := field(t, payload.Fields, c.path)
		var sent struct {
			UserData map[string]any `json:"user_data"`
		}
		if err := json.Unmarshal(payload.Body, &sent); err != nil {
			t.Fatal(err)
		}
		if c.key == "em" { // the one from the right place is sent
			delete(sent.UserData, "em")
		}
		if f.Dropped != c.why || !reflect.DeepEqual(sent.UserData[c.key], c.want) {
			t.Errorf("%s = %v: sends %v, dropped %q; want %v, %q", c.key, c.value, sent.UserData[c.key], f.Dropped, c.want, c.why)
		}
		if s, ok := c.want.(string); ok && f.Shown == s {
			t.Errorf("%s is shown in full", c.key)
		}
		composed(t, comp)
	}
}

// Ids of a person obey the decision, those of a business do not.
func TestIntegrationsAreStripped(t *testing.T) {
	own := inStore()
	for _, more := range []map[string]any{telephone(), inMessenger(), inInstagram(), inWhatsApp()} {
		for k, v := range more {
			own[k] = v
		}
	}
	c := on(collector.ChannelApp, own)
	c.Decision = collector.Decision{
		Outcome: collector.SendReduced, Reasons: []collector.Reason{"contact_data_stripped"},
		Strip: append(collector.ContactKinds(), collector.KindCustomer, collector.KindVisitor, collector.KindAccount, collector.KindDevice),
	}
	e := composed(t, c)
	want := UserData{
		Click: e.UserData.Click, Browser: e.UserData.Browser, ChatClick: e.UserData.ChatClick,
		Page: "1906385232743451", WhatsAppBusiness: "102290129340398", InstagramBusiness: "17841400000000000",
	}
	if !reflect.DeepEqual(e.UserData, want) || want.ChatClick == "" {
		t.Errorf("left: %+v", e.UserData)
	}
	if e.App.VendorID != "" || e.App.WindowsID != "" || e.Original.OrderID != "" || e.Original.EventID == "" {
		t.Errorf("left: %+v %+v", e.App, e.Original)
	}
	wantDropped(t, c, "user_data.lead_id", "contact_data_stripped")
	wantDropped(t, c, "app_data.vendor_id", "contact_data_stripped")
	wantDropped(t, c, "user_data.fi", "contact_data_stripped")
	c.Decision.Strip = append(c.Decision.Strip, collector.KindClick)
	wantDropped(t, c, "user_data.ctwa_clid", "contact_data_stripped")
}

func TestOptOutOnlyTightens(t *testing.T) {
	for _, c := range []struct {
		said           any
		decision, want bool
	}{{true, false, true}, {false, true, true}, {false, false, false}, {nil, true, true}} {
		comp := on("", map[string]any{"opt_out": c.said})
		comp.Decision.AttributionOnly = c.decision
		if got := composed(t, comp).OptOut; got != c.want {
			t.Errorf("the site says %v, consent %v: sent %v", c.said, c.decision, got)
		}
	}
}
