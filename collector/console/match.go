package console

// What would make more of them match? The coverage of each field by which a
// destination recognises people, why the rest is missing, and what to do.

import (
	"context"
	"net/http"

	"matchkey/collector"
	"matchkey/collector/quality"
)

// Bounds of the match page.
const (
	// learnFrom is how many recent deliveries are read to learn which
	// identifier stands at which path.
	learnFrom = 100
	maxAdvice = 3
)

type matchView struct {
	Period    period
	Periods   []period
	From      moment
	Coverages []coverageView
}

type coverageView struct {
	Send, Destination string
	Delivered         int
	Advice            []string
	// Keys are the fields by which people are recognised, Others the rest.
	Keys, Others []keyView
}

type keyView struct {
	Path, Kind  string
	Sent, Of    int
	Share       string
	Width       int // of the bar, in thousandths
	Missing     []reasonView
	Unexplained int
}

func (c *console) match(w http.ResponseWriter, r *http.Request) {
	p := parsePeriod(r.FormValue("period"))
	if r.FormValue("period") == "" {
		p = parsePeriod("7d") // a day says little about shares
	}
	now := c.Now()
	from, to := p.bounds(now)
	accounts, err := c.Reader.Accounts(r.Context(), from, to)
	if err != nil {
		c.broken(w, r, err)
		return
	}
	kinds, err := c.kinds(r.Context())
	if err != nil {
		c.broken(w, r, err)
		return
	}
	v := matchView{Period: p, Periods: periods(), From: at(from, now)}
	for _, cov := range quality.Cover(accounts, from, to, kinds) {
		v.Coverages = append(v.Coverages, c.coverageView(cov))
	}
	c.render(w, r, http.StatusOK, "match", "Match keys", v)
}

func (c *console) coverageView(cov quality.Coverage) coverageView {
	v := coverageView{Send: cov.Send, Destination: cov.Destination, Delivered: cov.Delivered}
	for _, k := range cov.Keys {
		if k.Matches() {
			v.Keys = append(v.Keys, c.keyView(k))
		} else {
			v.Others = append(v.Others, c.keyView(k))
		}
	}
	for _, g := range first(cov.Gaps(), maxAdvice) {
		v.Advice = append(v.Advice, printable(g.Advice(c.Sentences)))
	}
	return v
}

func (c *console) keyView(k quality.Key) keyView {
	v := keyView{
		Path: k.Path, Kind: joined([]collector.Kind{k.Kind}), Sent: k.Sent, Of: k.Of,
		Share: percent(k.Sent, k.Of), Width: int(k.Share() * 1000), Unexplained: k.Unexplained(),
	}
	for _, m := range k.Missing {
		v.Missing = append(v.Missing, reasonView{c.why(m.Reason), m.N})
	}
	return v
}

// kinds learns from the lineage of recent deliveries which identifier stands
// at which path. Only a destination knows that, and lineage is where it says so.
func (c *console) kinds(ctx context.Context) (map[string]collector.Kind, error) {
	recent, err := c.Reader.Deliveries(ctx, collector.DeliveryQuery{
		States: []collector.State{collector.StateDelivered}, Max: learnFrom,
	})
	if err != nil {
		return nil, err
	}
	kinds := map[string]collector.Kind{}
	for _, d := range recent {
		for _, f := range d.Payload.Fields {
			if f.Kind != "" {
				kinds[f.Path] = f.Kind
			}
		}
	}
	return kinds, nil
}
