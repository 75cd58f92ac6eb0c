package console

// The one act on deliveries: put dead ones back to pending. First a page that
// counts what would be put back, then the act itself.

import (
	"errors"
	"maps"
	"net/http"
	"slices"

	"matchkey/collector"
)

// maxForm bounds the body of a form.
const maxForm = 16 << 10

type redriveView struct {
	Words string
	Count int
	// Bounded: there are more than one act puts back.
	Bounded bool
	Groups  []redriveGroup
	Fields  []hidden
	Back    string // address of the list it came from
}

// A hidden field of the form carries one parameter of the filter.
type hidden struct{ Name, Value string }

// A redriveGroup counts the dead of one destination by their last reason.
type redriveGroup struct {
	Destination string
	Is          why
	N           int
}

type redrivenView struct {
	N     int
	Words string
}

func (c *console) confirmRedrive(w http.ResponseWriter, r *http.Request) {
	f, err := parseFilter(r.URL.Query())
	if err != nil {
		c.sorry(w, r, http.StatusBadRequest, sentence(err))
		return
	}
	f = f.dead()
	found, err := c.Reader.Deliveries(r.Context(), f.query(maxRedrive+1))
	if err != nil {
		c.broken(w, r, err)
		return
	}
	v := redriveView{
		Words: c.filterWords(f), Bounded: len(found) > maxRedrive, Back: f.address("/deliveries"),
	}
	found = first(found, maxRedrive)
	v.Count, v.Groups = len(found), c.redriveGroups(found)
	params := f.values()
	for _, name := range slices.Sorted(maps.Keys(params)) {
		v.Fields = append(v.Fields, hidden{name, params.Get(name)})
	}
	c.render(w, r, http.StatusOK, "redrive", "Redrive", v)
}

func (c *console) redriveGroups(found []collector.Delivery) []redriveGroup {
	var groups []redriveGroup
	for _, d := range found {
		var last collector.Reason
		if n := len(d.Reasons); n > 0 {
			last = d.Reasons[n-1]
		}
		i := slices.IndexFunc(groups, func(g redriveGroup) bool {
			return g.Destination == d.Key.Destination && g.Is.Code == last
		})
		if i < 0 {
			i = len(groups)
			groups = append(groups, redriveGroup{Destination: d.Key.Destination, Is: c.why(last)})
		}
		groups[i].N++
	}
	return groups
}

func (c *console) redrive(w http.ResponseWriter, r *http.Request) {
	r.Body = http.MaxBytesReader(w, r.Body, maxForm)
	if err := r.ParseForm(); err != nil {
		c.sorry(w, r, http.StatusBadRequest, "The form could not be read, so nothing was put back.")
		return
	}
	f, err := parseFilter(r.PostForm)
	if err != nil {
		c.sorry(w, r, http.StatusBadRequest, "Nothing was put back: "+sentence(err))
		return
	}
	n, err := c.putBack(r, f)
	if err != nil {
		c.sorry(w, r, http.StatusInternalServerError, sentence(err))
		return
	}
	c.render(w, r, http.StatusOK, "redriven", "Redrive", redrivenView{n, c.filterWords(f.dead())})
}

var errRedrive = errors.New("the redrive failed, and some deliveries may have been put back; the log says why. It is safe to ask again")

// putBack is the act itself. Its error says to a person what happened.
func (c *console) putBack(r *http.Request, f filter) (int, error) {
	n, err := c.Operations.Redrive(r.Context(), f.dead().query(maxRedrive))
	if err != nil {
		c.Log.Error("a redrive failed; some deliveries may have been put back", "put_back", n, "err", err)
		return n, errRedrive
	}
	c.Log.Info("a person put dead deliveries back", "put_back", n,
		"destination", f.Destination, "site", f.Site, "reason", f.Reason, "one_event", f.Event != "")
	return n, nil
}

// apiRedrive answers GET /api/redrive with how many dead deliveries a filter
// has, and POST by putting them back; both within one act's bound. The filter
// stands in the query or the form.
func (c *console) apiRedrive(w http.ResponseWriter, r *http.Request) {
	r.Body = http.MaxBytesReader(w, r.Body, maxForm)
	if err := r.ParseForm(); err != nil {
		apiSorry(w, http.StatusBadRequest, "The form could not be read, so nothing was put back.")
		return
	}
	f, err := parseFilter(r.Form)
	if err != nil {
		apiSorry(w, http.StatusBadRequest, sentence(err))
		return
	}
	var answer struct {
		Dead    int `json:"dead"`
		PutBack int `json:"put_back"`
	}
	found, err := c.Reader.Deliveries(r.Context(), f.dead().query(maxRedrive))
	if err != nil {
		c.apiBroken(w, r, err)
		return
	}
	answer.Dead = len(found)
	if r.Method == http.MethodPost {
		if answer.PutBack, err = c.putBack(r, f); err != nil {
			apiSorry(w, http.StatusInternalServerError, sentence(err))
			return
		}
	}
	apiAnswer(w, answer)
}
