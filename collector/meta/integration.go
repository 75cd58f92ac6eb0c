package meta

// What a site's back end tells this destination and no other: the object
// "integrations": {"meta": {…}} of an event. It is read strictly, each key by
// its own grammar, because a wrong id costs Meta's whole request (capi.md § 2,
// § 13.11). What is not named here is left out and said so in lineage.
//
// Ids of a person obey the decision as the customer id does: those of accounts,
// leads and subscriptions are [collector.KindAccount], those of telephones
// [collector.KindDevice], the click of a chat is a [collector.KindClick]. The
// business's own pages and accounts are nobody's.

import (
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"

	"matchkey/collector"
)

// A plainID is a key of user_data that is never hashed and that only the site
// can know (capi.md § 3.1).
type plainID struct {
	kind   collector.Kind // empty: no person's
	valid  func(string) bool
	target func(*UserData) *string
	// only is the one channel in which Meta knows it; empty means any.
	only collector.Channel
	// lower says that it is sent in lower case; all others are sent as they are.
	lower bool
}

var plainIDs = map[string]plainID{
	"subscription_id":     {collector.KindAccount, isPlainID, func(u *UserData) *string { return &u.Subscription }, "", false},
	"fb_login_id":         {collector.KindAccount, isGraphID, func(u *UserData) *string { return &u.Login }, "", false},
	"lead_id":             {collector.KindAccount, isLeadID, func(u *UserData) *string { return &u.Lead }, "", false},
	"page_scoped_user_id": {collector.KindAccount, isGraphID, func(u *UserData) *string { return &u.PagePerson }, "", false},
	"ig_account_id":       {collector.KindAccount, isGraphID, func(u *UserData) *string { return &u.InstagramAccount }, "", false},
	"ig_sid":              {collector.KindAccount, isGraphID, func(u *UserData) *string { return &u.InstagramPerson }, "", false},
	"anon_id":             {collector.KindDevice, isPlainID, func(u *UserData) *string { return &u.Install }, collector.ChannelApp, false},
	"madid":               {collector.KindDevice, isAdvertisingID, func(u *UserData) *string { return &u.Advertising }, "", true},
	"ctwa_clid":           {collector.KindClick, isChatClick, func(u *UserData) *string { return &u.ChatClick }, "", false},
	"page_id":             {"", isGraphID, func(u *UserData) *string { return &u.Page }, "", false},
	"whatsapp_business_account_id": {
		"", isGraphID, func(u *UserData) *string { return &u.WhatsAppBusiness }, "", false},
	"instagram_business_account_id": {
		"", isGraphID, func(u *UserData) *string { return &u.InstagramBusiness }, "", false},
}

// A hashedPart is a part of a name or of a birth date that only Meta's SDKs
// name. It is taken as a SHA-256 and never in the clear: what the edge keeps of
// contact data is hashed before it gets here.
type hashedPart struct {
	kind   collector.Kind
	target func(*UserData) *string
}

var hashedParts = map[string]hashedPart{
	"f5first": {collector.KindFirstName, func(u *UserData) *string { return &u.FirstFive }},
	"f5last":  {collector.KindLastName, func(u *UserData) *string { return &u.LastFive }},
	"fi":      {collector.KindFirstName, func(u *UserData) *string { return &u.FirstInitial }},
	"dobd":    {collector.KindDateOfBirth, func(u *UserData) *string { return &u.BirthDay }},
	"dobm":    {collector.KindDateOfBirth, func(u *UserData) *string { return &u.BirthMonth }},
	"doby":    {collector.KindDateOfBirth, func(u *UserData) *string { return &u.BirthYear }},
}

// segments are the values of customer_segmentation (§ 2.5).
var segments = []string{
	"new_customer_to_business", "new_customer_to_business_line",
	"new_customer_to_product_area", "new_customer_to_medium",
	"existing_customer_to_business", "existing_customer_to_business_line",
	"existing_customer_to_product_area", "existing_customer_to_medium",
	"customer_in_loyalty_program",
}

// integration reads what is for us alone.
func (d *draft) integration() {
	own := d.c.Event.Integrations[Kind]
	for _, key := range slices.Sorted(maps.Keys(own)) {
		d.integrated(key, own[key])
	}
}

func (d *draft) integrated(key string, value any) {
	switch key {
	case "app_data", "extinfo":
		switch {
		case d.event.ActionSource != sourceApp:
			d.dropped("app_data", "", ReasonOtherChannel)
		case key == "extinfo":
			d.extInfo(value)
		default:
			d.appData(value)
		}
	case "messaging_channel":
		d.messagingChannel(value)
	case "original_event_data":
		d.originalEvent(value)
	case "opt_out":
		d.optOut(value)
	case "customer_segmentation":
		d.segmentation(value)
	default:
		if id, ok := plainIDs[key]; ok {
			d.plainID("user_data."+key, id, value)
		} else if part, ok := hashedParts[key]; ok {
			d.hashedPart("user_data."+key, part, value)
		} else {
			d.unknown("integrations."+Kind, key)
		}
	}
}

// unknown notes a key that is not Meta's. One that could itself be personal is
// not repeated.
func (d *draft) unknown(object, key string) {
	if !isCustomKey(key) {
		key = "*"
	}
	d.dropped(object+"."+key, "", collector.ReasonUnknownField)
}

func (d *draft) plainID(path string, id plainID, value any) {
	s, why := idText(value)
	switch {
	case why == "" && !id.valid(s):
		why = collector.ReasonMalformed
	case why == "" && id.only != "" && d.c.Event.Channel != id.only:
		why = ReasonOtherChannel
	case why == "" && id.kind != "" && d.c.Decision.Strips(id.kind):
		why = stripReason(d.c.Decision, id.kind)
	case why == "" && id.kind != "" && d.leftOut(path, id.kind):
		return
	}
	if why != "" {
		d.dropped(path, id.kind, why)
		return
	}
	how := "as it is"
	if id.lower {
		s, how = strings.ToLower(s), "lower-cased"
	}
	*id.target(&d.event.UserData) = s
	d.sent(d.own(path, id.kind, maskID(s), how))
}

func (d *draft) hashedPart(path string, part hashedPart, value any) {
	s, why := idText(value)
	s = strings.ToLower(s)
	switch {
	case why != "":
	case !isHash(s):
		why = ReasonNotHashed
	case deniedHash[s] != "":
		why = deniedHash[s]
	case d.c.Decision.Strips(part.kind):
		why = stripReason(d.c.Decision, part.kind)
	case d.leftOut(path, part.kind):
		return
	}
	if why != "" {
		d.dropped(path, part.kind, why)
		return
	}
	*part.target(&d.event.UserData) = s
	d.sent(d.own(path, part.kind, maskHash(s), "was a SHA-256 already, lower-cased"))
}

func (d *draft) messagingChannel(value any) {
	const path = "messaging_channel"
	s, _ := value.(string)
	switch {
	case s != messenger && s != whatsapp && s != instagram:
		d.dropped(path, "", collector.ReasonMalformed)
	case !d.inMessenger():
		d.dropped(path, "", ReasonOtherChannel)
	default:
		d.event.MessagingChannel = s
		d.sent(d.own(path, "", s, "as it is"))
	}
}

// optOut only tightens: what consent leaves out no site can put back.
func (d *draft) optOut(value any) {
	v, ok := value.(bool)
	switch {
	case !ok:
		d.dropped("opt_out", "", collector.ReasonMalformed)
	case !v: // asks for nothing
		d.dropped("opt_out", "", ReasonEmptyValue)
	case !d.event.OptOut:
		d.event.OptOut = true
		d.sent(d.own("opt_out", "", "true", "the site asks for attribution only"))
	}
}

// segmentation sets customer_segmentation. Meta's table has it beside
// event_name, its only example in custom_data; unknown keys cost the request
// there and nothing here (§ 2.5).
func (d *draft) segmentation(value any) {
	const path = "custom_data.customer_segmentation"
	s, why := enum(value, segments)
	if why != "" {
		d.dropped(path, "", why)
		return
	}
	d.event.Custom["customer_segmentation"] = s
	d.sent(d.own(path, "", s, "as it is"))
}

// originalEvent reads original_event_data (§ 2.4).
func (d *draft) originalEvent(value any) {
	const object = "original_event_data"
	parts, ok := value.(map[string]any)
	if !ok {
		d.dropped(object, "", collector.ReasonMalformed)
		return
	}
	var o OriginalEvent
	for _, key := range slices.Sorted(maps.Keys(parts)) {
		path := object + "." + key
		switch key {
		case "event_name":
			d.originalText(path, parts[key], &o.EventName)
		case "event_id":
			d.originalText(path, parts[key], &o.EventID)
		case "order_id":
			if d.c.Decision.Strips(collector.KindCustomer) {
				d.dropped(path, "", stripReason(d.c.Decision, collector.KindCustomer))
				continue
			}
			d.originalText(path, parts[key], &o.OrderID)
		case "event_time":
			d.originalTime(path, parts[key], &o.EventTime)
		default:
			d.unknown(object, key)
		}
	}
	switch {
	case o != (OriginalEvent{}):
		d.event.Original = &o
	case len(parts) == 0:
		d.dropped(object, "", ReasonEmptyValue)
	}
}

func (d *draft) originalText(path string, value any, target *string) {
	s, why := d.text(value)
	if why != "" {
		d.dropped(path, "", why)
		return
	}
	*target = s
	d.sent(d.own(path, "", shorten(s, maxShown), "as it is"))
}

// originalTime reads whole seconds since 1970; one that lies ahead is in
// milliseconds, or wrong.
func (d *draft) originalTime(path string, value any, target *int64) {
	f, why := float(value)
	switch {
	case why != "" || f != math.Trunc(f) || f <= 0:
		d.dropped(path, "", collector.ReasonMalformed)
	case f > float64(d.c.Now.Add(clockSlack).Unix()):
		d.dropped(path, "", collector.ReasonInFuture)
	default:
		*target = int64(f)
		d.sent(d.own(path, "", time.Unix(*target, 0).UTC().Format(time.RFC3339), "as it is"))
	}
}

// maxExact is the first whole number behind which JSON's numbers have gaps: an
// id over it may have become another one on its way here.
const maxExact = 1 << 53

// idText reads an id: a text, or a whole number that JSON carries exactly.
func idText(value any) (string, collector.Reason) {
	s, isText := value.(string)
	if !isText && value != nil {
		f, why := float(value)
		if why != "" || f != math.Trunc(f) || f < 0 || f >= maxExact {
			return "", collector.ReasonMalformed
		}
		return strconv.FormatInt(int64(f), 10), ""
	}
	if s = trim(s); s == "" {
		return "", ReasonEmptyValue
	}
	return s, ""
}

// isGraphID: ids of Meta's own objects are digits.
func isGraphID(s string) bool { return len(s) <= 32 && isDigits(s) }

// isLeadID: 15 or 16 digits; another one may fail the batch (§ 3.1).
func isLeadID(s string) bool { return (len(s) == 15 || len(s) == 16) && isDigits(s) }

// isPlainID accepts what an id of somebody else's may look like, but for what
// was hashed: these are sent as they are (§ 3.1, § 13.21).
func isPlainID(s string) bool {
	if len(s) > 256 || collector.HoldsEmail(s) || collector.HoldsPhone(s) || isHash(s) || len(s) == 32 && isHex(s) {
		return false
	}
	for _, r := range s {
		if unicode.IsSpace(r) || !unicode.IsPrint(r) {
			return false
		}
	}
	return true
}

// isChatClick accepts the click of a chat, which is never hashed; a hash in its
// place costs the request, 2804016 (§ 13.21).
func isChatClick(s string) bool { return isClickID(s) && isPlainID(s) }

// isAdvertisingID: a UUID with its hyphens. All zeros is what a telephone says
// whose owner does not want to be followed: Apple and Google document it.
func isAdvertisingID(s string) bool {
	const form = "xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx"
	if len(s) != len(form) || strings.Trim(s, "0-") == "" {
		return false
	}
	for i := range len(s) {
		if form[i] == '-' && s[i] != '-' || form[i] == 'x' && !isHex(s[i:i+1]) {
			return false
		}
	}
	return true
}
