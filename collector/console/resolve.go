package console

// End the doubt about deliveries that were sent and never answered, as a
// person says who looked at the destination's side. First a page that counts
// them and explains the three answers, then the act itself.

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"

	"matchkey/collector"
)

// A fate is what a person may say of deliveries in doubt.
type fate struct {
	As         string // in forms and addresses
	State      collector.State
	Word, Says string // the button and its sentence
	Then       string // said after the act
}

// fates are the answers for n deliveries.
func fates(n int) []fate {
	they, it, each := "They", "them", "Each"
	if n == 1 {
		they, it, each = "It", "it", "It"
	}
	return []fate{
		{"delivered", collector.StateDelivered, they + " arrived",
			each + " counts as delivered and is never sent again.",
			"From now on this counts as delivered."},
		{"dead", collector.StateDead, they + " did not, and shall not go",
			each + " counts as dead; nothing is sent until somebody redrives " + it + ".",
			"Nothing is sent until somebody redrives " + it + "."},
		{"resend", collector.StatePending, "Send " + it + " again",
			each + " goes out once more under the same event id; where the first did arrive, the destination may count it twice.",
			they + " will go out as soon as the destination takes " + it + "."},
	}
}

// fateOf finds an answer by its name.
func fateOf(as string, n int) (fate, bool) {
	for _, one := range fates(n) {
		if one.As == as {
			return one, true
		}
	}
	return fate{}, false
}

type resolveView struct {
	confirmView
	Fates []fate
}

type resolvedView struct {
	doneView
	Then string
	List string // address of the deliveries in their new state
	Word string // of that state
}

func (c *console) confirmResolve(w http.ResponseWriter, r *http.Request) {
	f, err := parseFilter(r.URL.Query())
	if err != nil {
		c.sorry(w, r, http.StatusBadRequest, sentence(err))
		return
	}
	f = f.in(collector.StateInDoubt)
	v, err := c.confirm(r, f)
	if err != nil {
		c.broken(w, r, err)
		return
	}
	if !f.narrow() {
		v.Fields = append(v.Fields, hidden{"all", "true"}) // the page says that it is all
	}
	c.render(w, r, http.StatusOK, "resolve", "Resolve", resolveView{v, fates(v.Count)})
}

func (c *console) resolve(w http.ResponseWriter, r *http.Request) {
	if err := readForm(w, r); err != nil {
		c.sorry(w, r, http.StatusBadRequest, "The form could not be read, so nothing was resolved.")
		return
	}
	f, as, err := parseResolution(r.PostForm)
	if err != nil {
		c.sorry(w, r, http.StatusBadRequest, "Nothing was resolved: "+sentence(err))
		return
	}
	n, err := c.settleDoubt(r, f, as)
	if err != nil {
		c.sorry(w, r, http.StatusInternalServerError, sentence(err))
		return
	}
	as, _ = fateOf(as.As, n)
	c.render(w, r, http.StatusOK, "resolved", "Resolve", resolvedView{
		doneView{n, c.filterWords(f)}, as.Then, f.in(as.State).address("/deliveries"), stateWord(as.State),
	})
}

// parseResolution reads which doubts are meant and what became of them. Who
// names no selection has to say that all are meant, and a parameter that is
// not known is refused, so that nobody ends every doubt by a slip of the pen.
func parseResolution(form url.Values) (f filter, as fate, err error) {
	for name := range form {
		if !slices.Contains(resolveParams, name) {
			return f, as, fmt.Errorf("there is no parameter %q, so what it should select is not known", shortened(name, 40))
		}
	}
	if f, err = parseFilter(form); err != nil {
		return f, as, err
	}
	f = f.in(collector.StateInDoubt)
	as, ok := fateOf(form.Get("as"), 0)
	switch {
	case !ok:
		return f, as, errors.New("say what became of them: as=delivered, as=dead, or as=resend to send them again")
	case !f.narrow() && form.Get("all") != "true":
		return f, as, errors.New("this would end every doubt there is; select by destination, site, reason, event, since or until, or say all=true")
	}
	return f, as, nil
}

var resolveParams = append(slices.Clone(filterParams), "as", "all")

var errResolve = errors.New("the deliveries could not be resolved; the log says why. It is safe to ask again, because only what is still in doubt is touched")

// settleDoubt is the act itself. Its error says to a person what happened.
func (c *console) settleDoubt(r *http.Request, doubtful filter, as fate) (int, error) {
	n, err := c.Operations.Resolve(r.Context(), doubtful.query(maxAct), as.State)
	if err != nil {
		c.Log.Error("deliveries in doubt could not be resolved", "resolved", n, "as", as.As, "err", err)
		return n, errResolve
	}
	c.Log.Info("a person ended the doubt about deliveries", append([]any{"resolved", n, "as", as.As}, doubtful.logged()...)...)
	return n, nil
}

// apiResolve answers GET /api/resolve with how many deliveries in doubt a
// filter has, and POST by resolving them as the parameter "as" says; both
// within one act's bound. The parameters stand in the query or the form.
func (c *console) apiResolve(w http.ResponseWriter, r *http.Request) {
	if err := readForm(w, r); err != nil {
		apiSorry(w, http.StatusBadRequest, "The form could not be read, so nothing was resolved.")
		return
	}
	acts := r.Method == http.MethodPost
	f, as, err := filter{}, fate{}, error(nil)
	if acts {
		f, as, err = parseResolution(r.Form)
	} else {
		f, err = parseFilter(r.Form)
	}
	if err != nil {
		apiSorry(w, http.StatusBadRequest, sentence(err))
		return
	}
	f = f.in(collector.StateInDoubt)
	var answer struct {
		InDoubt  int `json:"in_doubt"`
		Resolved int `json:"resolved"`
	}
	if answer.InDoubt, err = c.count(r, f); err != nil {
		c.apiBroken(w, r, err)
		return
	}
	if acts {
		if answer.Resolved, err = c.settleDoubt(r, f, as); err != nil {
			apiSorry(w, http.StatusInternalServerError, sentence(err))
			return
		}
	}
	apiAnswer(w, answer)
}
