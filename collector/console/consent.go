package console

import (
	"net/http"
	"strconv"
	"strings"

	"matchkey/collector"
)

// maxAnchors bounds the keys and the anchors of one verification.
const maxAnchors = 100

// apiVerifyConsent answers GET /api/consent/verify?key=&anchor=site:seq:hash with
// a [collector.LedgerReport]. Without a key, those count that this Matchkey knows.
func (c *console) apiVerifyConsent(w http.ResponseWriter, r *http.Request) {
	params := r.URL.Query()
	q := collector.LedgerQuery{Keys: params["key"]}
	if len(q.Keys) > maxAnchors || len(params["anchor"]) > maxAnchors {
		apiSorry(w, http.StatusBadRequest, "More than a hundred keys or anchors are not checked at a time.")
		return
	}
	for _, text := range params["anchor"] {
		site, rest, _ := strings.Cut(text, ":")
		seq, hash, _ := strings.Cut(rest, ":")
		n, err := strconv.ParseUint(seq, 10, 64)
		if err != nil || site == "" || !sha256Form.MatchString(hash) {
			apiSorry(w, http.StatusBadRequest, "An anchor is site:seq:hash, the hash in 64 lower-case hexadecimal digits.")
			return
		}
		q.Anchors = append(q.Anchors, collector.LedgerHead{Site: site, Seq: n, Hash: hash})
	}
	report, err := c.Operations.VerifyLedger(r.Context(), q)
	if err != nil {
		c.apiBroken(w, r, err)
		return
	}
	apiAnswer(w, report)
}
