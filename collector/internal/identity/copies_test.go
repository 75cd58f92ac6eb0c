package identity

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"matchkey/collector"
)

func TestMergeCopy(t *testing.T) {
	email := collector.Identifier{Kind: collector.KindEmail, Value: "h", Receipt: "c_1"}
	click := collector.Identifier{Kind: collector.KindClick, Value: "x", Receipt: "b_1"}
	server := collector.Event{Origin: collector.OriginServer, Customer: "c1", Identifiers: []collector.Identifier{email},
		Channel: collector.ChannelApp, Properties: map[string]any{"value": 59.9, "currency": "EUR"},
		Integrations: map[string]map[string]any{"x": {"a": "server", "b": 1.0}}}
	browser := collector.Event{Origin: collector.OriginBrowser, Visitor: "v1", Session: "s1", PageView: "p1",
		Client: collector.Client{IP: "203.0.113.7", UserAgent: "test"}, URL: "https://shop.example/thanks",
		Identifiers: []collector.Identifier{click, email}, Properties: map[string]any{"value": 1.0, "coupon": "x"},
		Channel: collector.ChannelWeb, Integrations: map[string]map[string]any{"x": {"a": "browser", "c": 2.0}, "y": {"d": 3.0}},
		Notes: []collector.Note{{Field: "f", Reason: "r"}}}
	for name, order := range map[string][2]collector.Event{"browser first": {browser, server}, "server first": {server, browser}} {
		got := MergeCopy(collector.EventRecord{Event: order[0]}, order[1]).Event
		if diff := cmp.Diff(map[string]any{"value": 59.9, "currency": "EUR", "coupon": "x"}, got.Properties); diff != "" {
			t.Errorf("%s: money is the server's:\n%s", name, diff)
		}
		wantIntegrations := map[string]map[string]any{"x": {"a": "server", "b": 1.0, "c": 2.0}, "y": {"d": 3.0}}
		if diff := cmp.Diff(wantIntegrations, got.Integrations); diff != "" || got.Channel != collector.ChannelApp {
			t.Errorf("%s: channel %q; where it happened is the server's word, and integrations are joined:\n%s", name, got.Channel, diff)
		}
		if got.Customer != "c1" || got.Visitor != "v1" || got.Session != "s1" || got.Client != browser.Client || got.URL != browser.URL {
			t.Errorf("%s: %+v; want the customer of one and the browser of the other", name, got)
		}
		if len(got.Identifiers) != 2 || len(got.Notes) != 1 {
			t.Errorf("%s: identifiers %+v, notes %+v; want each once", name, got.Identifiers, got.Notes)
		}
	}
}
