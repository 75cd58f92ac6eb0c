package meta

// What we compose, before the simulator that another engineer wrote from the
// same documentation: a misreading would have to be made twice to stay hidden.

import (
	"net/http/httptest"
	"testing"
	"time"

	"matchkey/collector"
	"matchkey/collector/meta/graphsim"
)

func TestTheSimulatorTakesWhatWeCompose(t *testing.T) {
	purchase := func(change func(*collector.Composition)) collector.Composition {
		c := completeComposition()
		change(&c)
		return c
	}
	for name, c := range map[string]collector.Composition{
		"everything":       purchase(func(*collector.Composition) {}),
		"another standard": purchase(func(c *collector.Composition) { c.Delivery.Send = "AddToCart" }),
		"a custom name":    purchase(func(c *collector.Composition) { c.Delivery.Send, c.Properties = "Visited showroom", nil }),
		"no browser":       purchase(func(c *collector.Composition) { c.Profile = collector.Profile{} }),
		"consent for measurement only": purchase(func(c *collector.Composition) {
			c.Decision.Strip, c.Decision.AttributionOnly = append(collector.ContactKinds(), collector.KindCustomer), true
		}),
		"limited use": purchase(func(c *collector.Composition) {
			c.Decision.Strip = append(collector.ContactKinds(), collector.KindCustomer, collector.KindIP)
			c.Decision.LimitedUse = &collector.LimitedUse{Applies: true, Country: 1, State: 1000}
		}),
		"no limited use": purchase(func(c *collector.Composition) { c.Decision.LimitedUse = &collector.LimitedUse{} }),
		"odd properties": purchase(func(c *collector.Composition) {
			c.Properties = map[string]any{"value": "0", "currency": "jpy", "email": "mary@example.com", "note": "of mary@example.com", "x": nil, "event_id": "1"}
		}),
	} {
		t.Run(name, func(t *testing.T) {
			sim := graphsim.New(graphsim.Options{Dataset: "1234567890", Token: testToken, Now: func() time.Time { return now }})
			server := httptest.NewServer(sim)
			defer server.Close()
			d, err := New(Config{Name: "main", Dataset: "1234567890", Token: testToken, BaseURL: server.URL})
			if err != nil {
				t.Fatal(err)
			}
			body := compose(t, c).Body
			if v := d.Send(t.Context(), []collector.Parcel{{Key: c.Delivery, Body: body}})[0]; v.Ruling != collector.Accepted {
				t.Fatalf("%+v", v)
			}
			for _, r := range sim.Received() {
				for _, complaint := range r.Diagnostics {
					// Under limited use the address is stripped on purpose (consent.md § 4.6).
					if !(name == "limited use" && complaint == "client_ip_address_missing") {
						t.Errorf("it would complain of %s", complaint)
					}
				}
				if string(r.Raw) != string(body) {
					t.Error("the body changed on its way")
				}
			}
			if p := sim.PersonalData(); len(p) > 0 {
				t.Errorf("personal data in the clear: %+v", p)
			}
			if l := sim.Leaks(); len(l) > 0 {
				t.Errorf("leaks: %+v", l)
			}
		})
	}
}
