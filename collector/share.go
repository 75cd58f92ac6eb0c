package collector

// A Share is how much of a site's traffic one scenario made conversions of.
type Share struct {
	Site     string `json:"site"`
	Scenario string `json:"scenario"`
	// Matched of Events, both of browsers, within the last hour or two.
	Matched int `json:"matched"`
	Events  int `json:"events"`
	// Max is the share in percent above which it is an alarm.
	Max int `json:"max_percent"`
}

// minShared is how many events tell anything about a share.
const minShared = 200

// Percent is the share, rounded down.
func (s Share) Percent() int {
	if s.Events == 0 {
		return 0
	}
	return 100 * s.Matched / s.Events
}

// Alarming reports whether the share is more than the site wants, of enough events
// to say so.
func (s Share) Alarming() bool {
	return s.Events >= minShared && 100*s.Matched > s.Max*s.Events
}
