package console

// The pages' answers as JSON, for scripts. Times are RFC 3339 in UTC, reasons
// are codes. Errors are {"error": "a sentence"} with the right status.

import (
	"encoding/json"
	"errors"
	"mime"
	"net/http"
	"strings"
	"time"

	"matchkey/collector"
	"matchkey/collector/quality"
)

// apiExplain answers GET /api/explain?id=&site= with an [Explanation], or with
// its plain text when asked by ?format=text or "Accept: text/plain".
func (c *console) apiExplain(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	if len(q.Get("id")) > maxParam || len(q.Get("site")) > maxParam {
		apiSorry(w, http.StatusBadRequest, "The id or the site is longer than any that could have been taken.")
		return
	}
	asText := wantsText(r)
	x, err := Explain(r.Context(), c.Reader, q.Get("site"), q.Get("id"))
	switch {
	case errors.Is(err, ErrNotFound) && asText:
		http.Error(w, sentence(err), http.StatusNotFound)
	case errors.Is(err, ErrNotFound):
		apiSorry(w, http.StatusNotFound, sentence(err))
	case err != nil:
		c.apiBroken(w, r, err)
	case asText:
		w.Header().Set("Content-Type", "text/plain; charset=utf-8")
		_ = x.WriteText(w, c.Sentences) // the client left; nobody to tell
	default:
		apiAnswer(w, x)
	}
}

// wantsText reports whether plain text is asked for: by ?format=text, or by an
// Accept header that names text/plain and not JSON.
func wantsText(r *http.Request) bool {
	if format := r.URL.Query().Get("format"); format != "" {
		return format == "text"
	}
	text := false
	for _, part := range strings.Split(r.Header.Get("Accept"), ",") {
		switch kind, _, _ := mime.ParseMediaType(part); kind {
		case "application/json":
			return false
		case "text/plain":
			text = true
		}
	}
	return text
}

// An apiDelivery is a delivery without its person, body and lineage; those of
// one event are at /api/explain.
type apiDelivery struct {
	collector.DeliveryKey
	Scenario   string             `json:"scenario"`
	EventName  string             `json:"event_name"`
	OccurredAt time.Time          `json:"occurred_at"`
	MatchedAt  time.Time          `json:"matched_at"`
	State      collector.State    `json:"state"`
	Reasons    []collector.Reason `json:"reasons,omitempty"`
	Detail     string             `json:"detail,omitempty"`
	MovedAt    time.Time          `json:"moved_at"`
	DueAt      time.Time          `json:"due_at,omitzero"`
	ExpiresAt  time.Time          `json:"expires_at,omitzero"`
	ExpiresWhy collector.Reason   `json:"expires_why,omitempty"`
	Doubts     int                `json:"doubts,omitempty"`
	Attempts   []Attempt          `json:"attempts,omitempty"`
}

// apiDeliveries answers GET /api/deliveries with the parameters of the page:
// {"deliveries": […], "next": "the value of before for the next page"}.
func (c *console) apiDeliveries(w http.ResponseWriter, r *http.Request) {
	f, err := parseFilter(r.URL.Query())
	if err != nil {
		apiSorry(w, http.StatusBadRequest, sentence(err))
		return
	}
	list, next, cut, err := f.list(r.Context(), c.Reader, apiPageSize)
	if err != nil {
		c.apiBroken(w, r, err)
		return
	}
	answer := struct {
		Deliveries []apiDelivery `json:"deliveries"`
		Next       time.Time     `json:"next,omitzero"`
		// Cut: more matched at one same time than a page can hold.
		Cut bool `json:"cut,omitempty"`
	}{Deliveries: make([]apiDelivery, len(list)), Next: next, Cut: cut}
	for i, d := range list {
		answer.Deliveries[i] = apiDelivery{
			DeliveryKey: d.Key, Scenario: d.Scenario, EventName: d.EventName,
			OccurredAt: d.OccurredAt, MatchedAt: d.MatchedAt, State: d.State, Reasons: d.Reasons,
			Detail: d.Detail, MovedAt: d.MovedAt, DueAt: d.DueAt, ExpiresAt: d.ExpiresAt, ExpiresWhy: d.ExpiresWhy, Doubts: d.Doubts,
		}
		for _, a := range d.Attempts {
			answer.Deliveries[i].Attempts = append(answer.Deliveries[i].Attempts, attempt(a))
		}
	}
	apiAnswer(w, answer)
}

// apiAccounts answers GET /api/accounts?period= with the closed sums of the
// pages, the coverage, and the hourly accounts they were added up from.
func (c *console) apiAccounts(w http.ResponseWriter, r *http.Request) {
	from, to := parsePeriod(r.URL.Query().Get("period")).bounds(c.Now())
	accounts, err := c.Reader.Accounts(r.Context(), from, to)
	if err != nil {
		c.apiBroken(w, r, err)
		return
	}
	kinds, err := c.kinds(r.Context())
	if err != nil {
		c.apiBroken(w, r, err)
		return
	}
	type sum struct {
		quality.Sum
		Remainder int  `json:"remainder"`
		Closed    bool `json:"closed"`
	}
	answer := struct {
		From     time.Time           `json:"from"`
		To       time.Time           `json:"to"`
		Sums     []sum               `json:"sums"`
		Coverage []quality.Coverage  `json:"coverage"`
		Accounts []collector.Account `json:"accounts"`
	}{
		From: from, To: to, Sums: []sum{}, Accounts: append([]collector.Account{}, accounts...),
		Coverage: append([]quality.Coverage{}, quality.Cover(accounts, from, to, kinds)...),
	}
	for _, s := range quality.Sums(accounts, from, to) {
		answer.Sums = append(answer.Sums, sum{s, s.Remainder(), s.Closed()})
	}
	apiAnswer(w, answer)
}

// apiDestinations answers GET /api/destinations with how each destination
// stands, in the configuration's order.
func (c *console) apiDestinations(w http.ResponseWriter, _ *http.Request) {
	apiAnswer(w, append([]collector.DestinationStatus{}, c.Operations.Destinations()...))
}

// apiRetention answers GET /api/retention with what is kept for how long (in
// nanoseconds), and what was deleted by it.
func (c *console) apiRetention(w http.ResponseWriter, r *http.Request) {
	status, err := c.Operations.Retention(r.Context())
	if err != nil {
		c.apiBroken(w, r, err)
		return
	}
	apiAnswer(w, status)
}

func apiAnswer(w http.ResponseWriter, v any) {
	w.Header().Set("Content-Type", "application/json")
	e := json.NewEncoder(w)
	e.SetIndent("", "  ")
	_ = e.Encode(v) // the client left; nobody to tell
}

func apiSorry(w http.ResponseWriter, status int, sentence string) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(map[string]string{"error": sentence})
}

func (c *console) apiBroken(w http.ResponseWriter, r *http.Request, err error) {
	c.Log.Error("the console's API could not read what it was asked for", "path", r.URL.Path, "err", err)
	apiSorry(w, http.StatusInternalServerError, "The store could not be read; the log says why.")
}
