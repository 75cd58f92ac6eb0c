package meta

// app_data: what an app event says of the app and of the telephone (capi.md
// § 2.3). It comes from the app in [collector.Event.Integrations] and nowhere
// else: nothing of a telephone can be derived.

import (
	"maps"
	"slices"
	"strconv"

	"matchkey/collector"
)

// AppData has the keys of Meta's app events. Those that only Meta's SDKs know
// (consider_views, include_dwell_data, include_video_data, receipt_data) are
// left out: nothing documents them.
type AppData struct {
	// AdvertiserTracking and ApplicationTracking are 0 or 1.
	AdvertiserTracking  *int     `json:"advertiser_tracking_enabled,omitzero"`
	ApplicationTracking *int     `json:"application_tracking_enabled,omitzero"`
	CampaignIDs         string   `json:"campaign_ids,omitempty"`
	InstallReferrer     string   `json:"install_referrer,omitempty"`
	InstallerPackage    string   `json:"installer_package,omitempty"`
	URLSchemes          []string `json:"url_schemes,omitempty"`
	VendorID            string   `json:"vendor_id,omitempty"`
	WindowsID           string   `json:"windows_attribution_id,omitempty"`
	ExtInfo             *ExtInfo `json:"extinfo,omitzero"`
}

// ExtInfo describes the telephone by position. It is the one place where Meta
// wants an empty text for what is not known.
type ExtInfo [16]string

// The slots of extinfo that have to be filled.
const (
	slotPlatform  = 0 // a2 is Android, i2 is iOS
	slotOSVersion = 4 // blank costs the request, 2804043 (§ 13.40)
)

// maxSlot bounds one slot of extinfo, in bytes.
const maxSlot = 100

// app returns the event's app_data, made when it is first needed.
func (d *draft) app() *AppData {
	if d.event.App == nil {
		d.event.App = &AppData{}
	}
	return d.event.App
}

// appData reads the object app_data, each key by its type.
func (d *draft) appData(value any) {
	parts, ok := value.(map[string]any)
	if !ok {
		d.dropped("app_data", "", collector.ReasonMalformed)
		return
	}
	for _, key := range slices.Sorted(maps.Keys(parts)) {
		d.appPart(key, parts[key])
	}
}

func (d *draft) appPart(key string, value any) {
	path := "app_data." + key
	switch key {
	case "advertiser_tracking_enabled":
		d.flag(path, value, &d.app().AdvertiserTracking)
	case "application_tracking_enabled":
		d.flag(path, value, &d.app().ApplicationTracking)
	case "campaign_ids":
		d.appText(path, "", value, &d.app().CampaignIDs)
	case "install_referrer":
		d.appText(path, collector.KindURL, value, &d.app().InstallReferrer)
	case "installer_package":
		d.appText(path, "", value, &d.app().InstallerPackage)
	case "vendor_id":
		d.appText(path, collector.KindDevice, value, &d.app().VendorID)
	case "windows_attribution_id":
		d.appText(path, collector.KindDevice, value, &d.app().WindowsID)
	case "url_schemes":
		d.urlSchemes(path, value)
	case "extinfo":
		d.extInfo(value)
	default:
		d.unknown("app_data", key)
	}
}

// flag reads a truth value that Meta writes as 0 or 1.
func (d *draft) flag(path string, value any, target **int) {
	n := -1
	switch v := value.(type) {
	case bool:
		n = 0
		if v {
			n = 1
		}
	default:
		if f, why := float(v); why == "" && (f == 0 || f == 1) {
			n = int(f)
		}
	}
	if n < 0 {
		d.dropped(path, "", collector.ReasonMalformed)
		return
	}
	*target = &n
	d.sent(d.own(path, "", strconv.Itoa(n), ""))
}

func (d *draft) appText(path string, kind collector.Kind, value any, target *string) {
	if kind != "" && d.c.Decision.Strips(kind) {
		d.dropped(path, kind, stripReason(d.c.Decision, kind))
		return
	}
	if kind != "" && d.leftOut(path, kind) {
		return
	}
	s, why := d.text(value)
	if why != "" {
		d.dropped(path, kind, why)
		return
	}
	*target = s
	if kind == collector.KindDevice {
		s = maskID(s)
	}
	d.sent(d.own(path, kind, shorten(s, maxShown), ""))
}

func (d *draft) urlSchemes(path string, value any) {
	form, why := d.listOf(path, value, textForm)
	if why != "" {
		d.dropped(path, "", why)
		return
	}
	for _, s := range form.([]any) {
		d.app().URLSchemes = append(d.app().URLSchemes, s.(string))
	}
	d.sent(d.own(path, "", shown(form), ""))
}

// extInfo reads the sixteen slots. Whether the two that have to be filled are,
// preflight says.
func (d *draft) extInfo(value any) {
	const kind, path = collector.KindUserAgent, "app_data.extinfo"
	slots, ok := asList(value)
	var info ExtInfo
	if !ok || len(slots) != len(info) {
		d.dropped(path, kind, collector.ReasonMalformed)
		return
	}
	if d.c.Decision.Strips(kind) {
		d.dropped(path, kind, stripReason(d.c.Decision, kind))
		return
	}
	for i, v := range slots {
		s, why := d.text(v)
		switch {
		case why == ReasonEmptyValue:
		case why == "" && len(s) > maxSlot:
			d.dropped(path+"["+strconv.Itoa(i)+"]", kind, collector.ReasonFieldTooLong)
		case why != "":
			d.dropped(path+"["+strconv.Itoa(i)+"]", kind, why)
		default:
			info[i] = s
		}
	}
	d.app().ExtInfo = &info
	d.sent(d.own(path, kind, info[slotPlatform]+" "+info[slotOSVersion], "16 slots, in their order"))
}
