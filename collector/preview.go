package collector

// A Preview is what would become of an event, without anything being kept or sent.
type Preview struct {
	Event EventKey `json:"event"`
	// Known is true when the person is known: their profile was joined.
	Known       bool                `json:"known"`
	Notes       []Note              `json:"notes,omitempty"`
	Conversions []PreviewConversion `json:"conversions"`
}

// A PreviewConversion is one scenario that the event meets.
type PreviewConversion struct {
	Scenario string   `json:"scenario"`
	Send     string   `json:"send"`
	Decision Decision `json:"decision"`
	// LimitReached is true when the scenario's limit would forbid it.
	LimitReached bool             `json:"limit_reached,omitzero"`
	Payloads     []PreviewPayload `json:"payloads"`
}

// A PreviewPayload is what one destination would get.
type PreviewPayload struct {
	Destination string `json:"destination"`
	// Fields is the lineage, values masked; empty when nothing would be sent.
	Fields []Field `json:"fields,omitempty"`
	// Refusal is why it would be dead before it was sent.
	Refusal *Refusal `json:"refusal,omitempty"`
}

// Sends reports whether the destination would be sent something.
func (p PreviewPayload) Sends() bool { return p.Refusal == nil && len(p.Fields) > 0 }
