package console

// What the acts share: their bound, their forms, and the page that counts what
// an act on deliveries would change before it does.

import (
	"maps"
	"net/http"
	"slices"

	"matchkey/collector"
)

// maxForm bounds the body of a form.
const maxForm = 16 << 10

// readForm reads an act's parameters, wherever they stand.
func readForm(w http.ResponseWriter, r *http.Request) error {
	r.Body = http.MaxBytesReader(w, r.Body, maxForm)
	return r.ParseForm()
}

// A confirmView says what an act on deliveries would change.
type confirmView struct {
	Words string
	Count int
	// Bounded: there are more than one act changes.
	Bounded bool
	Groups  []actGroup
	Fields  []hidden
	Back    string // address of the list it came from
}

// A hidden field of the form carries one parameter of the filter.
type hidden struct{ Name, Value string }

// An actGroup counts the deliveries to one destination by their last reason.
type actGroup struct {
	Destination string
	Is          why
	N           int
}

// A doneView says what an act on deliveries changed.
type doneView struct {
	N     int
	Words string
}

// confirm counts what a filter selects, within the bound of one act.
func (c *console) confirm(r *http.Request, f filter) (v confirmView, err error) {
	found, err := c.Reader.Deliveries(r.Context(), f.query(maxAct+1))
	if err != nil {
		return v, err
	}
	v = confirmView{Words: c.filterWords(f), Bounded: len(found) > maxAct, Back: f.address("/deliveries")}
	found = first(found, maxAct)
	v.Count, v.Groups = len(found), c.groups(found)
	params := f.values()
	for _, name := range slices.Sorted(maps.Keys(params)) {
		v.Fields = append(v.Fields, hidden{name, params.Get(name)})
	}
	return v, nil
}

func (c *console) groups(found []collector.Delivery) []actGroup {
	var groups []actGroup
	for _, d := range found {
		var last collector.Reason
		if n := len(d.Reasons); n > 0 {
			last = d.Reasons[n-1]
		}
		i := slices.IndexFunc(groups, func(g actGroup) bool {
			return g.Destination == d.Key.Destination && g.Is.Code == last
		})
		if i < 0 {
			i = len(groups)
			groups = append(groups, actGroup{Destination: d.Key.Destination, Is: c.why(last)})
		}
		groups[i].N++
	}
	return groups
}

// count is how many deliveries a filter selects, within the bound of one act.
func (c *console) count(r *http.Request, f filter) (int, error) {
	found, err := c.Reader.Deliveries(r.Context(), f.query(maxAct))
	return len(found), err
}
