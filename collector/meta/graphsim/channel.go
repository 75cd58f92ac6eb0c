package graphsim

// What events of apps and of messaging need beside the common fields (capi.md
// § 2.2, § 2.3, § 4.3). Matchkey sends neither today; the checks are the least
// that keeps a wrong action_source from passing.

import "slices"

func checkChannel(r Received, event object) *refusal {
	switch r.ActionSource {
	case "app":
		return checkApp(event)
	case "business_messaging":
		return checkMessaging(r, event)
	}
	return nil
}

func checkApp(event object) *refusal {
	app, ok := members(event["app_data"])
	if !ok {
		return bad(subStructure, "An app event needs app_data.", "app_data")
	}
	const tracking = "advertiser_tracking_enabled"
	if n, isInt := integer(app[tracking]); !boolean(app[tracking]) && (!isInt || n != 0 && n != 1) {
		return bad(subStructure, "An app event says whether tracking is allowed: 0 or 1.", "app_data", tracking)
	}
	const slots, platform, osVersion = 16, 0, 4
	info, ok := list(app["extinfo"])
	if !ok || len(info) != slots {
		return bad(subStructure, "extinfo has 16 slots.", "app_data", "extinfo")
	}
	if s, _ := text(info[platform]); s != "a2" && s != "i2" {
		return bad(subNotUsable, "The first slot is a2 or i2.", "app_data", "extinfo", "0")
	}
	if s, _ := text(info[osVersion]); s == "" {
		return bad(subExtInfo, "The version of the operating system is missing.", "app_data", "extinfo", "4")
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
	channel, _ := text(event["messaging_channel"])
	switch channel {
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
