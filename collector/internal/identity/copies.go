package identity

import (
	"cmp"
	"maps"
	"slices"

	"matchkey/collector"
)

// MergeCopy merges a further copy of an event into what is known. Identifiers
// and notes are joined, not discarded. What the server says of the fact wins
// over what the browser says, whichever came first: money is the server's, and
// so is whose order it is. Anybody can send a beacon with a guessed order id, so
// a browser's copy that names another customer adds nothing at all.
func MergeCopy(known collector.EventRecord, copied collector.Event) collector.EventRecord {
	ev := &known.Event
	if ev.Customer != "" && copied.Customer != "" && ev.Customer != copied.Customer {
		if ev.Origin == collector.OriginBrowser && copied.Origin == collector.OriginServer {
			copied.Notes = append(slices.Clone(copied.Notes), ev.Notes...)
			*ev = copied
		}
		AddNote(ev, collector.Note{Field: "customer", Reason: collector.ReasonCopiesDisagree})
		return known
	}
	ev.Identifiers = MergeIdentifiers(ev.Identifiers, copied.Identifiers)
	for _, n := range copied.Notes {
		AddNote(ev, n)
	}
	base, over := *ev, copied
	if ev.Origin == collector.OriginServer && copied.Origin == collector.OriginBrowser {
		base, over = over, base
	}
	ev.Properties = joinValues(base.Properties, over.Properties)
	ev.Integrations = joinIntegrations(base.Integrations, over.Integrations)
	ev.Channel = cmp.Or(over.Channel, base.Channel)
	if ev.Customer == "" {
		ev.Customer = copied.Customer
	}
	if copied.Origin == collector.OriginBrowser && ev.Client == (collector.Client{}) {
		// The browser's copy knows the browser; the server's could not.
		ev.Visitor, ev.Session, ev.PageView = copied.Visitor, copied.Session, copied.PageView
		ev.Client, ev.Signals = copied.Client, copied.Signals
		ev.URL, ev.Referrer = copied.URL, copied.Referrer
	}
	if copied.Origin == collector.OriginServer {
		ev.Origin = collector.OriginServer // a scenario may want the server's word
	}
	return known
}

// joinValues returns the values of both, of one name those of over.
func joinValues(base, over map[string]any) map[string]any {
	if base == nil && over == nil {
		return nil
	}
	all := make(map[string]any, len(base)+len(over))
	maps.Copy(all, base)
	maps.Copy(all, over)
	return all
}

func joinIntegrations(base, over map[string]map[string]any) map[string]map[string]any {
	if base == nil && over == nil {
		return nil
	}
	all := make(map[string]map[string]any, len(base)+len(over))
	maps.Copy(all, base)
	for kind, values := range over {
		all[kind] = joinValues(base[kind], values)
	}
	return all
}

// AddNote adds a note that an event does not have yet.
func AddNote(ev *collector.Event, n collector.Note) {
	if !slices.Contains(ev.Notes, n) {
		ev.Notes = append(ev.Notes, n)
	}
}
