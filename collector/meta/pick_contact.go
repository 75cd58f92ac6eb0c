package meta

// Contact data and the customer id: what people tell the site about themselves.

import (
	"slices"
	"strings"

	"matchkey/collector"
)

// maxHashes bounds the list of one key. People have a few addresses; a profile
// with dozens is a shared account.
const maxHashes = 10

// contact sets the hashed keys, from the event's own identifiers first, then
// from the profile. When they were observed does not matter: an address that is
// learned after the conversion is still the person's.
func (d *draft) contact() {
	for _, kind := range collector.ContactKinds() {
		key := keyOf[kind]
		path := "user_data." + key
		ids, _ := d.candidates(kind)
		switch {
		case len(ids) == 0:
			why := d.missing(kind, key)
			if kind == collector.KindEmail || kind == collector.KindPhone || d.noted(kind, key) != "" {
				d.dropped(path, kind, why)
			}
		case d.c.Decision.Strips(kind):
			d.dropped(path, kind, stripReason(d.c.Decision, kind))
		default:
			d.hashed(path, key, kind, ids)
		}
	}
}

// hashed sends the list of one key, each hash once. Of what is left out beside
// what is sent, the last reason is noted at path[].
func (d *draft) hashed(path, key string, kind collector.Kind, ids []collector.Identifier) {
	list := d.event.UserData.hashes(key)
	var used []collector.Identifier
	why := collector.Reason("")
	for _, id := range ids {
		switch h := strings.ToLower(id.Value); {
		case !isHash(h):
			why = ReasonNotHashed
		case deniedHash[h] != "":
			why = deniedHash[h]
		case slices.Contains(*list, h):
		case len(*list) == maxHashes:
			why = ReasonTooMany
		default:
			*list = append(*list, h)
			used = append(used, id)
		}
	}
	switch {
	case len(used) == 0:
		d.dropped(path, kind, why)
		return
	case why != "":
		d.dropped(path+"[]", kind, why)
	}
	how := used[0].How
	if how == "" {
		how = howOf[key]
	}
	f := identified(path, used[0], "", how)
	var shown, sources []string
	for i, id := range used {
		shown = append(shown, maskHash((*list)[i]))
		if source := from(id.Receipt, id.Event); source != "" && !slices.Contains(sources, source) {
			sources = append(sources, source)
		}
	}
	f.Shown, f.From = strings.Join(shown, ", "), strings.Join(sources, "; ")
	d.sent(f)
}

// customer sets external_id: the hash of the customer id.
func (d *draft) customer() {
	const kind, path = collector.KindCustomer, "user_data." + keyExternalID
	id, ok := d.customerID()
	if !ok {
		d.dropped(path, kind, d.missing(kind, keyExternalID, "id"))
		return
	}
	if d.c.Decision.Strips(kind) {
		d.dropped(path, kind, stripReason(d.c.Decision, kind))
		return
	}
	forms, hashed, why := normalise(keyExternalID, id.Value, "")
	if why != "" {
		d.dropped(path, kind, why)
		return
	}
	h, how := hash(forms[0]), howOf[keyExternalID]
	if hashed {
		h, how = forms[0], "was a SHA-256 already, lower-cased"
	}
	d.event.UserData.ExternalID = []string{h}
	d.sent(identified(path, id, maskHash(h), how))
}

// customerID returns the site's id of the person: the event's own, else the
// profile's.
func (d *draft) customerID() (collector.Identifier, bool) {
	const kind = collector.KindCustomer
	e := &d.c.Event
	if e.Customer != "" {
		return collector.Identifier{
			Kind: kind, Value: e.Customer, FirstAt: e.OccurredAt, Receipt: e.Receipt, Event: e.Name,
		}, true
	}
	if ids, _ := d.candidates(kind); len(ids) > 0 {
		return ids[0], true
	}
	if s := d.c.Profile.Subject; s.Kind == collector.SubjectCustomer && s.ID != "" {
		return collector.Identifier{Kind: kind, Value: s.ID, FirstAt: d.c.Profile.FirstAt}, true
	}
	return collector.Identifier{}, false
}
