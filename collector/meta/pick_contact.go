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

// contactKeys are the keys of contact data, in the order in which they are shown.
var contactKeys = func() (keys []contactKey) {
	for _, kind := range collector.ContactKinds() {
		keys = append(keys, contactKey{kind, keyOf[kind], "user_data." + keyOf[kind]})
	}
	return keys
}()

type contactKey struct {
	kind      collector.Kind
	key, path string
}

// contact sets the hashed keys, from the event's own identifiers first, then
// from the profile. When they were observed does not matter: an address that is
// learned after the conversion is still the person's.
func (d *draft) contact() {
	for _, k := range contactKeys {
		if d.leftOut(k.path, k.kind) {
			continue
		}
		ids, _ := d.candidates(k.kind)
		switch {
		case len(ids) == 0:
			why := d.missing(k.kind, k.key)
			if k.kind == collector.KindEmail || k.kind == collector.KindPhone || d.noted(k.kind, k.key) != "" {
				d.dropped(k.path, k.kind, why)
			}
		case d.c.Decision.Strips(k.kind):
			d.dropped(k.path, k.kind, stripReason(d.c.Decision, k.kind))
		default:
			d.hashed(k, ids)
		}
	}
}

// hashed sends the list of one key, each hash once. Of what is left out beside
// what is sent, the last reason is noted at path[].
func (d *draft) hashed(k contactKey, ids []collector.Identifier) {
	list := d.event.UserData.hashes(k.key)
	var room [maxHashes]*collector.Identifier
	used := room[:0]
	why := collector.Reason("")
	for i := range ids {
		switch h, ok := asHash(ids[i].Value); {
		case !ok:
			why = ReasonNotHashed
		case deniedHash[h] != "":
			why = deniedHash[h]
		case slices.Contains(*list, h):
		case len(*list) == maxHashes:
			why = ReasonTooMany
		default:
			*list = append(*list, h)
			used = append(used, &ids[i])
		}
	}
	switch {
	case len(used) == 0:
		d.dropped(k.path, k.kind, why)
		return
	case why != "":
		d.dropped(k.path+"[]", k.kind, why)
	}
	how := used[0].How
	if how == "" {
		how = howOf[k.key]
	}
	f := d.identified(k.path, used[0], maskHash((*list)[0]), how)
	if len(used) > 1 {
		f.Shown, f.From = d.together(*list, used)
	}
	d.sent(f)
}

// together shows several hashes of one key, and where they come from.
func (d *draft) together(list []string, used []*collector.Identifier) (shown, sources string) {
	var masks, words []string
	for i, id := range used {
		masks = append(masks, maskHash(list[i]))
		if from := d.from(id.Receipt, id.Event); from != "" && !slices.Contains(words, from) {
			words = append(words, from)
		}
	}
	return strings.Join(masks, ", "), strings.Join(words, "; ")
}

// customer sets external_id: the hash of the customer id.
func (d *draft) customer() {
	const kind, path = collector.KindCustomer, "user_data." + keyExternalID
	if d.leftOut(path, kind) {
		return
	}
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
	d.sent(d.identified(path, &id, maskHash(h), how))
}

// customerID returns the site's id of the person: the scenario's, else the event's
// own, else the profile's.
func (d *draft) customerID() (collector.Identifier, bool) {
	const kind = collector.KindCustomer
	if mapped := d.c.Mapping.Of(kind); mapped != nil && len(mapped.Values) > 0 {
		return mapped.Values[0], true
	}
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
