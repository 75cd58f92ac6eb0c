package collector

import (
	"testing"
	"time"
)

func TestChannels(t *testing.T) {
	for _, c := range Channels() {
		want := 7 * 24 * time.Hour
		if c == ChannelStore {
			want = 62 * 24 * time.Hour
		}
		if !c.Known() || c.MaxAge() != want {
			t.Errorf("%s: known %v, at most %v old", c, c.Known(), c.MaxAge())
		}
	}
	for _, c := range []Channel{"", "Web", "website", "shop"} {
		if c.Known() || c.MaxAge() != 7*24*time.Hour {
			t.Errorf("%q is a channel, or of another age", c)
		}
	}
	said := Event{Channel: ChannelApp, Integrations: map[string]map[string]any{"x": {"y": 1}}}
	if left := said.Redacted(); left.Channel != "" || left.Integrations != nil {
		t.Errorf("a redacted event keeps %q and %v", left.Channel, left.Integrations)
	}
}
