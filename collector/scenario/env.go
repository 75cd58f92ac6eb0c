package scenario

// What an expression sees. These are value structs with plain fields because
// the library checks their names and types when it compiles, and reads them
// two times faster than pointers or maps. The table for people is in doc.go; a
// test holds the two together.

import (
	"reflect"

	"matchkey/collector"
)

type env struct {
	Event   eventEnv   `expr:"event"`
	Session sessionEnv `expr:"session"`
	Profile profileEnv `expr:"profile"`
}

type eventEnv struct {
	Name       string         `expr:"name"`
	Origin     string         `expr:"origin"`
	Channel    string         `expr:"channel"`
	ID         string         `expr:"id"`
	URL        string         `expr:"url"`
	Value      any            `expr:"value"`
	Currency   string         `expr:"currency"`
	Properties map[string]any `expr:"properties"`
	Customer   string         `expr:"customer"`
	Visitor    string         `expr:"visitor"`
}

type sessionEnv struct {
	Country    string  `expr:"country"`
	Region     string  `expr:"region"`
	LandingURL string  `expr:"landing_url"`
	AgeMinutes float64 `expr:"age_minutes"`
	Browser    string  `expr:"browser"`
	Mobile     bool    `expr:"mobile"`
	Bot        bool    `expr:"bot"`
}

type profileEnv struct {
	HasClick      bool `expr:"has_click"`
	HasBrowser    bool `expr:"has_browser"`
	HasEmail      bool `expr:"has_email"`
	HasPhone      bool `expr:"has_phone"`
	Visits        int  `expr:"visits"`
	KnownCustomer bool `expr:"known_customer"`
}

func newEnv(ev collector.Event, p collector.Profile) env {
	currency, _ := ev.Properties["currency"].(string)
	return env{
		Event: eventEnv{
			Name: ev.Name, Origin: string(ev.Origin), Channel: string(ev.Channel), ID: ev.ID, URL: ev.URL, Value: amount(ev.Properties["value"]), Currency: currency,
			Properties: ev.Properties, Customer: ev.Customer, Visitor: ev.Visitor,
		},
		Session: newSessionEnv(ev, p),
		Profile: profileEnv{
			HasClick: len(p.Of(collector.KindClick)) > 0, HasBrowser: len(p.Of(collector.KindBrowser)) > 0,
			HasEmail: len(p.Of(collector.KindEmail)) > 0, HasPhone: len(p.Of(collector.KindPhone)) > 0,
			Visits:        len(p.Sessions),
			KnownCustomer: ev.Customer != "" || p.Subject.Kind == collector.SubjectCustomer && !p.Subject.IsZero(),
		},
	}
}

func newSessionEnv(ev collector.Event, p collector.Profile) sessionEnv {
	s, ok := p.SessionBefore(ev.OccurredAt)
	if !ok {
		return sessionEnv{}
	}
	browser, mobile, bot := browserOf(s.Client.UserAgent)
	return sessionEnv{
		Browser: browser, Mobile: mobile, Bot: bot,
		Country: s.Client.Geo.Country, Region: s.Client.Geo.Region,
		LandingURL: s.URL, AgeMinutes: ev.OccurredAt.Sub(s.At).Minutes(),
	}
}

// amount is the number that the site sent, or that its text plainly says. What is
// neither stays what it is, and nothing stays nothing: a conversion must not
// become one of value 0 because a shop writes "59,90".
func amount(v any) any {
	if n, ok := number(v); ok {
		return n
	}
	if s, ok := v.(string); ok {
		if n, ok := collector.ParseDecimal(s); ok {
			return n
		}
	}
	return v
}

// number reads a number of any of Go's kinds: JSON gives float64, a caller
// within the process may give an int.
func number(v any) (float64, bool) {
	switch r := reflect.ValueOf(v); {
	case !r.IsValid():
		return 0, false
	case r.CanFloat():
		return r.Float(), true
	case r.CanInt():
		return float64(r.Int()), true
	case r.CanUint():
		return float64(r.Uint()), true
	}
	return 0, false
}
