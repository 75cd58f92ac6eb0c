package console

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"matchkey/collector"
)

func TestPreviewByTheAPI(t *testing.T) {
	h, err := New(Options{Reader: shop(), Operations: shop(), Preview: func(_ context.Context, ev collector.Event) (collector.Preview, error) {
		if ev.Site == "" {
			return collector.Preview{}, errors.New("there is no site \"\" under these rules")
		}
		return collector.Preview{Event: ev.Key(), Known: true}, nil
	}})
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		event, want string
		status      int
	}{
		{`{"id":"A-1","site":"shop","name":"purchase"}`, `"known": true`, http.StatusOK},
		{`{"id":"A-1"}`, "no site", http.StatusBadRequest},
		{`{`, "not one in JSON", http.StatusBadRequest},
		{``, "not one in JSON", http.StatusBadRequest},
	} {
		answer := post(t, h, "/api/preview", url.Values{"event": {c.event}})
		if answer.Code != c.status || !strings.Contains(answer.Body.String(), c.want) {
			t.Errorf("%q: %d %s", c.event, answer.Code, answer.Body)
		}
	}
}
