package meta

// Asking Meta how a destination stands, without an event: whether the token may
// send to the data set, and when token and version end.

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"matchkey/collector"
)

const (
	// tokenWarning and versionWarning are how long before their end a person is
	// told: a token is replaced in a day, a version is tried out first.
	tokenWarning   = 14 * 24 * time.Hour
	versionWarning = 90 * 24 * time.Hour
)

// Check sends a request without events, in which Meta looks at the token first,
// then at the data set, and then finds nothing in it; and asks when the token ends. That
// question alone carries the token in its body, over the same connection to
// Meta, because Meta's token inspection wants it as a parameter, and an address
// ends up in logs. A token that Meta does not tell the end of has no deadline.
func (d *Destination) Check(ctx context.Context) collector.Check {
	c := collector.Check{At: d.now()}
	c.Verdict = standing(d.post(ctx, d.endpoint, jsonBody, d.splice(nil, nil)...))
	if !d.versionEnds.IsZero() {
		c.Deadlines = append(c.Deadlines, collector.Deadline{
			Reason: ReasonVersionEnds, WarnFrom: d.versionEnds.Add(-versionWarning), At: d.versionEnds,
			Detail: fmt.Sprintf("Graph %s ends on %s. Set a newer version in the configuration.", d.version, d.versionEnds.Format(time.DateOnly)),
		})
	}
	if c.Verdict.Ruling != collector.Accepted {
		return c
	}
	if ends, ok := d.tokenEnds(ctx); ok {
		c.Deadlines = append(c.Deadlines, collector.Deadline{
			Reason: ReasonTokenEnds, WarnFrom: ends.Add(-tokenWarning), At: ends,
			Detail: fmt.Sprintf("The access token ends on %s. Make a new one in time, put it in place, and have it read (SIGHUP).", ends.Format(time.DateOnly)),
		})
	}
	return c
}

// standing reads the answer to a request without events: that it was refused
// for having none means that token and data set are good.
func standing(a answer) collector.Verdict {
	j := judge(a, 0)
	v := j.verdict
	switch {
	case v.Ruling == collector.Accepted, j.spoiled && v.Code != 0: // not a proxy's refusal
		v.Ruling, v.Reason, v.Detail = collector.Accepted, "", ""
	case v.Ruling == collector.InDoubt:
		v.Ruling = collector.Retry // nothing was sent that could be in doubt
	}
	return v
}

// tokenEnds asks when the token ends; ok is false when Meta does not say, or
// says never.
func (d *Destination) tokenEnds(ctx context.Context) (ends time.Time, ok bool) {
	access := d.access.now.Load()
	form := url.Values{"method": {"GET"}, "input_token": {string(access.token)}}
	if access.proof != "" {
		form.Set("appsecret_proof", access.proof)
	}
	a := d.post(ctx, strings.TrimSuffix(d.endpoint, d.dataset+"/events")+"debug_token", formBody, []byte(form.Encode()))
	if a.err != nil || a.cut || a.status != http.StatusOK {
		return ends, false
	}
	var said struct {
		Data struct {
			ExpiresAt     int64 `json:"expires_at"`
			DataExpiresAt int64 `json:"data_access_expires_at"`
		} `json:"data"`
	}
	if json.Unmarshal(a.body, &said, jsontext.AllowDuplicateNames(true), jsontext.AllowInvalidUTF8(true)) != nil {
		return ends, false
	}
	for _, at := range []int64{said.Data.ExpiresAt, said.Data.DataExpiresAt} {
		if t := time.Unix(at, 0).UTC(); at > 0 && (ends.IsZero() || t.Before(ends)) {
			ends = t
		}
	}
	return ends, !ends.IsZero()
}
