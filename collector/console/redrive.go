package console

// Put dead deliveries back to pending. First a page that counts what would be
// put back, then the act itself.

import (
	"errors"
	"net/http"

	"matchkey/collector"
)

func (c *console) confirmRedrive(w http.ResponseWriter, r *http.Request) {
	f, err := parseFilter(r.URL.Query())
	if err != nil {
		c.sorry(w, r, http.StatusBadRequest, sentence(err))
		return
	}
	v, err := c.confirm(r, f.in(collector.StateDead))
	if err != nil {
		c.broken(w, r, err)
		return
	}
	c.render(w, r, http.StatusOK, "redrive", "Redrive", v)
}

func (c *console) redrive(w http.ResponseWriter, r *http.Request) {
	if err := readForm(w, r); err != nil {
		c.sorry(w, r, http.StatusBadRequest, "The form could not be read, so nothing was put back.")
		return
	}
	f, err := parseFilter(r.PostForm)
	if err != nil {
		c.sorry(w, r, http.StatusBadRequest, "Nothing was put back: "+sentence(err))
		return
	}
	f = f.in(collector.StateDead)
	n, err := c.putBack(r, f)
	if err != nil {
		c.sorry(w, r, http.StatusInternalServerError, sentence(err))
		return
	}
	c.render(w, r, http.StatusOK, "redriven", "Redrive", doneView{n, c.filterWords(f)})
}

var errRedrive = errors.New("the redrive failed, and some deliveries may have been put back; the log says why. It is safe to ask again")

// putBack is the act itself. Its error says to a person what happened.
func (c *console) putBack(r *http.Request, dead filter) (int, error) {
	n, err := c.Operations.Redrive(r.Context(), dead.query(maxAct))
	if err != nil {
		c.Log.Error("a redrive failed; some deliveries may have been put back", "put_back", n, "err", err)
		return n, errRedrive
	}
	c.Log.Info("a person put dead deliveries back", append([]any{"put_back", n}, dead.logged()...)...)
	return n, nil
}

// apiRedrive answers GET /api/redrive with how many dead deliveries a filter
// has, and POST by putting them back; both within one act's bound. The filter
// stands in the query or the form.
func (c *console) apiRedrive(w http.ResponseWriter, r *http.Request) {
	if err := readForm(w, r); err != nil {
		apiSorry(w, http.StatusBadRequest, "The form could not be read, so nothing was put back.")
		return
	}
	f, err := parseFilter(r.Form)
	if err != nil {
		apiSorry(w, http.StatusBadRequest, sentence(err))
		return
	}
	f = f.in(collector.StateDead)
	var answer struct {
		Dead    int `json:"dead"`
		PutBack int `json:"put_back"`
	}
	if answer.Dead, err = c.count(r, f); err != nil {
		c.apiBroken(w, r, err)
		return
	}
	if r.Method == http.MethodPost {
		if answer.PutBack, err = c.putBack(r, f); err != nil {
			apiSorry(w, http.StatusInternalServerError, sentence(err))
			return
		}
	}
	apiAnswer(w, answer)
}
