package graphsim

// What events of apps and of messaging need beside the common fields (capi.md
// § 2.2, § 2.3, § 4.3).

import (
	"slices"
	"strconv"

	"github.com/go-json-experiment/json/jsontext"
)

func checkChannel(r Received, event object) *refusal {
	switch r.ActionSource {
	case "app":
		return checkApp(event)
	case "business_messaging":
		return checkMessaging(r, event)
	}
	return nil
}

// appTypes are all keys of app_data; extinfo is looked at apart.
var appTypes = map[string]func(jsontext.Value) bool{
	"advertiser_tracking_enabled": isFlag, "application_tracking_enabled": isFlag,
	"consider_views": isFlag, "include_dwell_data": isFlag, "include_video_data": isFlag,
	"campaign_ids": isTextOrList, "install_referrer": isText, "installer_package": isText, "receipt_data": isText,
	"url_schemes": isList, "vendor_id": isText, "windows_attribution_id": isText, "extinfo": isList,
}

// isFlag: 0 or 1, or a boolean.
func isFlag(v jsontext.Value) bool {
	n, ok := integer(v)
	return boolean(v) || ok && (n == 0 || n == 1)
}

func isTextOrList(v jsontext.Value) bool { return isText(v) || isList(v) }

// checkAppData looks at app_data wherever it stands, whatever the source.
func checkAppData(event object) *refusal {
	v, ok := event.find("app_data")
	if !ok {
		return nil
	}
	app, ok := members(v)
	if !ok {
		return bad(subStructure, "A parameter has to be an object.", "app_data")
	}
	for _, m := range app {
		key := m.key
		if appTypes[key] == nil {
			return unexpected(key).under("app_data")
		}
		if key == "extinfo" { // the only place where "" is a value: an unknown slot
			continue
		}
		if f := noneEmpty(m.value); f != nil {
			return f.under("app_data", key)
		}
	}
	return checkTypes(app, appTypes).under("app_data")
}

func checkApp(event object) *refusal {
	app, ok := members(event.get("app_data"))
	if !ok {
		return bad(subStructure, "An app event needs app_data.", "app_data")
	}
	const tracking = "advertiser_tracking_enabled"
	if !isFlag(app.get(tracking)) {
		return bad(subStructure, "An app event says whether tracking is allowed: 0 or 1.", "app_data", tracking)
	}
	const slots, platform, osVersion = 16, 0, 4
	info, ok := list(app.get("extinfo"))
	if !ok || len(info) != slots {
		return bad(subStructure, "extinfo has 16 slots.", "app_data", "extinfo")
	}
	if s, _ := text(info[platform]); s != "a2" && s != "i2" {
		return bad(subNotUsable, "The first slot is a2 or i2.", "app_data", "extinfo", "0")
	}
	if s, _ := text(info[osVersion]); s == "" {
		return bad(subExtInfo, "The version of the operating system is missing.", "app_data", "extinfo", "4")
	}
	for i, slot := range info {
		if !isText(slot) {
			return bad(subStructure, "A slot is a string, empty when it is not known.", "app_data", "extinfo", strconv.Itoa(i))
		}
	}
	return nil
}

var messagingNames = []string{
	"Purchase", "LeadSubmitted", "InitiateCheckout", "AddToCart", "ViewContent",
	"OrderCreated", "OrderShipped", "OrderDelivered", "OrderCanceled", "OrderReturned",
	"CartAbandoned", "QualifiedLead", "RatingProvided", "ReviewProvided",
}

func checkMessaging(r Received, event object) *refusal {
	if !slices.Contains(messagingNames, r.EventName) {
		return bad(subMessagingName, "Messaging events have names of their own.", "event_name")
	}
	missing := func(keys ...string) *refusal {
		for _, key := range keys {
			if r.UserData[key] == nil {
				return bad(subStructure, "The messaging channel needs this parameter.", "user_data", key)
			}
		}
		return nil
	}
	switch channel, _ := text(event.get("messaging_channel")); channel {
	case "whatsapp":
		if r.UserData["ctwa_clid"] == nil {
			return bad(subMessagingClickID, "The click id of the chat is missing.", "user_data", "ctwa_clid")
		}
		if r.UserData["page_id"] != nil {
			return nil
		}
		return missing("whatsapp_business_account_id")
	case "messenger":
		return missing("page_id", "page_scoped_user_id")
	case "instagram":
		return missing("ig_sid", "instagram_business_account_id")
	case "":
		return bad(subStructure, "A messaging event needs its channel.", "messaging_channel")
	}
	return bad(subNotUsable, "The channel is messenger, whatsapp or instagram.", "messaging_channel")
}
