package graphsim

// Which copies are of one event (capi.md § 7), and what money is in them.

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Way is the way in which copies of an event are known to be of one.
type Way string

// The ways.
const (
	// WayID: dataset, event_name and event_id, browser against server (method A).
	WayID Way = "event_id"
	// WayOffline, of physical_store: dataset, event_name, event_time, item_number
	// and order_id; without an order_id the same user keys instead.
	WayOffline Way = "offline"
	// WayMessaging: Meta collapses nothing.
	WayMessaging Way = "messaging"
)

func (w Way) window() time.Duration {
	if w == WayOffline {
		return offlineWindow
	}
	return dedupWindow
}

// copyKey is the same for copies of one event. An offline event has no id in
// it, but a digest of what it is known by.
type copyKey struct {
	way               Way
	dataset, name, id string
}

func (k copyKey) size() int { return len(k.dataset) + len(k.name) + len(k.id) }

func keyOf(r Received) copyKey {
	switch r.ActionSource {
	case "physical_store":
		return copyKey{WayOffline, r.Dataset, r.EventName, offlineID(r)}
	case "business_messaging":
		return copyKey{WayMessaging, r.Dataset, r.EventName, r.EventID}
	}
	return copyKey{WayID, r.Dataset, r.EventName, r.EventID}
}

func offlineID(r Received) string {
	h := sha256.New()
	order, item := fieldOf(r, "order_id"), fieldOf(r, "item_number")
	fmt.Fprintf(h, "%d %q %q", r.EventTime.Unix(), item, order)
	if order == "" {
		for _, key := range slices.Sorted(maps.Keys(r.UserData)) {
			fmt.Fprintf(h, " %q %q", key, slices.Sorted(slices.Values(r.UserData[key])))
		}
	}
	return hex.EncodeToString(h.Sum(nil)[:16])
}

func fieldOf(r Received, key string) string {
	s, _ := r.CustomData[key].(string)
	return s
}

// money is the value and the currency of a copy: a number, or from a browser
// its text. What is neither is nothing.
func money(r Received) (value float64, currency string) {
	currency = strings.ToUpper(fieldOf(r, "currency"))
	switch v := r.CustomData["value"].(type) {
	case float64:
		value = v
	case string:
		value, _ = strconv.ParseFloat(strings.TrimSpace(v), 64)
	}
	if math.IsNaN(value) || math.IsInf(value, 0) {
		value = 0
	}
	return value, currency
}

// cents rounds away what adding binary fractions left behind.
func cents(v float64) float64 {
	const places = 1e4
	if math.Abs(v) > 1e11 { // beyond, a float64 has no four decimals
		return v
	}
	return math.Round(v*places) / places
}
