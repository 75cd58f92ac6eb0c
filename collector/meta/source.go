package meta

// Where it happened: action_source, and what each of its values needs. The
// sender answers for its truth (capi.md § 2.1), so nothing is claimed that the
// site did not say or that does not follow from what is known.

import (
	"slices"

	"matchkey/collector"
)

// Values of action_source (capi.md § 2.1).
const (
	sourceWebsite   = "website"
	sourceApp       = "app"
	sourceStore     = "physical_store"
	sourcePhone     = "phone_call"
	sourceEmail     = "email"
	sourceChat      = "chat"
	sourceMessaging = "business_messaging"
	sourceSystem    = "system_generated"
	sourceOther     = "other"
)

// sourceOf translates a channel; an unknown one is not claimed to be anything.
func sourceOf(c collector.Channel) string {
	switch c {
	case collector.ChannelWeb:
		return sourceWebsite
	case collector.ChannelApp:
		return sourceApp
	case collector.ChannelStore:
		return sourceStore
	case collector.ChannelPhone:
		return sourcePhone
	case collector.ChannelEmail:
		return sourceEmail
	case collector.ChannelChat:
		return sourceChat
	case collector.ChannelMessaging:
		return sourceMessaging
	case collector.ChannelSystem:
		return sourceSystem
	}
	return sourceOther
}

// source sets action_source: what the site said, else "website" when a page is
// known, which a website's event has to have (§ 2.2), and "system_generated"
// when none is, for which the common fields are enough.
func (d *draft) source() {
	said := d.c.Event.Channel
	how := "the event says: " + string(said)
	switch {
	case said != "":
		d.event.ActionSource = sourceOf(said)
	case d.event.EventSourceURL != "":
		d.event.ActionSource, how = sourceWebsite, "a page is known"
	default:
		d.event.ActionSource, how = sourceSystem, "no page is known"
	}
	d.sent(d.own("action_source", "", d.event.ActionSource, how))
}

// onPage reports whether the page last seen may be where the event happened.
func onPage(c collector.Channel) bool { return c == "" || c == collector.ChannelWeb }

// byBrowser reports whether the person's last session may stand for the event's
// own connection. Who calls or stands at a till has no browser in hand, and an
// app is another one.
func byBrowser(c collector.Channel) bool { return onPage(c) || c == collector.ChannelSystem }

// inMessenger reports whether address, user agent, click and browser id have no
// place: Meta wants the messenger's own ids alone (§ 13.39).
func (d *draft) inMessenger() bool { return d.event.ActionSource == sourceMessaging }

// messagingNames are the events that a messenger's conversion may be (§ 4.3);
// all others, custom ones too, cost the request (2804066).
var messagingNames = []string{
	"Purchase", "LeadSubmitted", "InitiateCheckout", "AddToCart", "ViewContent",
	"OrderCreated", "OrderShipped", "OrderDelivered", "OrderCanceled", "OrderReturned",
	"CartAbandoned", "QualifiedLead", "RatingProvided", "ReviewProvided",
}

// The messengers (§ 2).
const (
	messenger = "messenger"
	whatsapp  = "whatsapp"
	instagram = "instagram"
)

// checkSource wants what the action source needs (§ 2.2).
func (d *draft) checkSource() {
	switch d.event.ActionSource {
	case sourceWebsite:
		if d.event.EventSourceURL == "" {
			d.fail("event_source_url", ReasonFieldMissing)
		}
	case sourceApp:
		d.checkApp()
	case sourceMessaging:
		d.checkMessaging()
	}
}

func (d *draft) checkApp() {
	app := d.event.App
	if app == nil || app.AdvertiserTracking == nil {
		d.fail("app_data.advertiser_tracking_enabled", ReasonFieldMissing)
	}
	switch {
	case app == nil || app.ExtInfo == nil:
		d.fail("app_data.extinfo", ReasonFieldMissing)
	default:
		if p := app.ExtInfo[slotPlatform]; p != "a2" && p != "i2" {
			d.fail("app_data.extinfo[0]", ReasonFieldMissing)
		}
		if app.ExtInfo[slotOSVersion] == "" {
			d.fail("app_data.extinfo[4]", ReasonFieldMissing)
		}
	}
}

func (d *draft) checkMessaging() {
	if !slices.Contains(messagingNames, d.event.EventName) {
		d.fail("event_name", ReasonMessagingName)
	}
	u := &d.event.UserData
	want := func(key, value string) {
		if value == "" {
			d.fail("user_data."+key, ReasonFieldMissing)
		}
	}
	switch d.event.MessagingChannel {
	case whatsapp:
		want("ctwa_clid", u.ChatClick)
		if u.Page == "" {
			want("whatsapp_business_account_id", u.WhatsAppBusiness)
		}
	case messenger:
		want("page_id", u.Page)
		want("page_scoped_user_id", u.PagePerson)
	case instagram:
		want("ig_sid", u.InstagramPerson)
		want("instagram_business_account_id", u.InstagramBusiness)
	default:
		d.fail("messaging_channel", ReasonFieldMissing)
	}
}
