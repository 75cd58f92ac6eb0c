package main

import (
	"context"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/valyala/fasthttp"

	"matchkey/collector"
	"matchkey/collector/meta"
	"matchkey/edge"
	"matchkey/edge/preferences"
)

// kept is a journal that holds what was appended.
type kept []collector.Event

func (k *kept) Append(_ context.Context, events []collector.Event) (collector.Offset, error) {
	*k = append(*k, events...)
	return collector.Offset(len(*k)), nil
}

func (k *kept) Healthy() error { return nil }

// TestTextsOfTheDocumentation: who writes a language for the preferences page finds every
// key that it needs.
func TestTextsOfTheDocumentation(t *testing.T) {
	text, err := os.ReadFile("docs/consent.md")
	if err != nil {
		t.Fatal(err)
	}
	_, section, _ := strings.Cut(string(text), "\n## The preferences page\n")
	section, _, _ = strings.Cut(section, "\n## ")
	for _, key := range preferences.Keys() {
		if !strings.Contains(section, "`"+key+"`") {
			t.Errorf("docs/consent.md does not list the text %q", key)
		}
	}
}

// TestEventsOfTheDocumentation: whoever copies an example from docs/http-api.md
// gets it accepted, and all of it sent.
func TestEventsOfTheDocumentation(t *testing.T) {
	text, err := os.ReadFile("docs/http-api.md")
	if err != nil {
		t.Fatal(err)
	}
	now := time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)
	journal := &kept{}
	e, err := edge.New(edge.Options{Journal: journal, Now: func() time.Time { return now }, Sites: []edge.Site{{
		Name: "shop", WriteKeys: []string{"key"}, Country: "DE", Hash: meta.Hasher(), Integrations: []string{meta.Kind},
		MayKeep: func(*collector.ConsentAnswer, collector.Signals, collector.Geo) (bool, []collector.Reason) {
			return true, nil
		},
	}}})
	if err != nil {
		t.Fatal(err)
	}
	for i, block := range strings.Split(string(text), "```") {
		event := strings.TrimSpace(block)
		if i%2 == 0 || !strings.HasPrefix(event, `{"id":`) {
			continue
		}
		var ctx fasthttp.RequestCtx
		ctx.Request.Header.SetMethod("POST")
		ctx.Request.SetRequestURI("/v1/shop/events")
		ctx.Request.Header.Set("Authorization", "Bearer key")
		ctx.Request.SetBodyString(`{"events":[` + event + `]}`)
		before := len(*journal)
		e.Handler(&ctx)
		if !strings.Contains(string(ctx.Response.Body()), `"accepted":1`) || len(*journal) != before+1 {
			t.Errorf("%s\nis answered %s", event, ctx.Response.Body())
			continue
		}
		ev := (*journal)[before]
		payload, refusal := meta.Compose(collector.Composition{
			Now: now, Event: ev, Properties: ev.Properties, Delivery: collector.DeliveryKey{Send: "Purchase", EventID: ev.ID},
			Decision: collector.Decision{Outcome: collector.SendFull},
		})
		if refusal != nil || len(ev.Notes) > 0 {
			t.Errorf("%s\nis refused: %+v, notes %v", event, refusal, ev.Notes)
		}
		for _, f := range payload.Fields {
			if f.Dropped != "" && f.Dropped != collector.ReasonNeverSeen && f.Dropped != meta.ReasonOtherChannel {
				t.Errorf("%s\ndoes not send %s: %s", event, f.Path, f.Dropped)
			}
		}
	}
	if len(*journal) != 2 {
		t.Errorf("the documentation has %d events of other channels, want a store's and an app's", len(*journal))
	}
}
