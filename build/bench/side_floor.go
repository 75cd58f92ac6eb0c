package main

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"time"

	"github.com/go-json-experiment/json"

	"matchkey/collector/meta"
)

// The floor is the least that the work can cost: one SHA-256 in hex for each
// value, whose normal form is given, and one JSON encoding of structs. Nothing
// is normalised, checked, decided or explained.

// A floorEvent has the members of the event that the other sides send.
type floorEvent struct {
	Name     string      `json:"event_name"`
	Time     int64       `json:"event_time"`
	ID       string      `json:"event_id"`
	Source   string      `json:"action_source"`
	URL      string      `json:"event_source_url"`
	UserData floorUser   `json:"user_data"`
	Custom   floorCustom `json:"custom_data"`
}

type floorUser struct {
	Email      []string `json:"em"`
	Phone      []string `json:"ph"`
	FirstName  []string `json:"fn"`
	LastName   []string `json:"ln"`
	City       []string `json:"ct"`
	Zip        []string `json:"zp"`
	Country    []string `json:"country"`
	ExternalID []string `json:"external_id"`
	IP         string   `json:"client_ip_address"`
	UserAgent  string   `json:"client_user_agent"`
	Click      string   `json:"fbc"`
	Browser    string   `json:"fbp"`
}

type floorCustom struct {
	ContentType string      `json:"content_type"`
	Contents    []floorItem `json:"contents"`
	Currency    string      `json:"currency"`
	OrderID     string      `json:"order_id"`
	Value       float64     `json:"value"`
}

type floorItem struct {
	ID       string  `json:"id"`
	Quantity float64 `json:"quantity"`
	Price    float64 `json:"item_price"`
}

// floorKeys are the hashed keys in the order of a floorSide's forms.
var floorKeys = []string{"em", "ph", "fn", "ln", "ct", "zp", "country", "external_id"}

type floorSide struct {
	people []person
	forms  [][][]string // by person and key: the normal forms
}

func newFloorSide(c crowd) (worker, error) {
	f := &floorSide{people: c.People}
	for _, p := range c.People {
		values := []string{p.Email, p.Phone, p.FirstName, p.LastName, p.City, p.Zip, p.Country, p.Customer}
		var forms [][]string
		for i, key := range floorKeys {
			list, why := meta.Normalise(key, values[i], p.Country)
			if why != "" {
				return nil, fmt.Errorf("a person of the bench has no normal form of %s: %s", key, why)
			}
			forms = append(forms, list)
		}
		f.forms = append(f.forms, forms)
	}
	return f, nil
}

func (f *floorSide) lap(post func([]byte)) time.Duration {
	for start := 0; start < len(f.people); start += batchEvents {
		var request struct {
			Data []floorEvent `json:"data"`
		}
		for i := start; i < min(start+batchEvents, len(f.people)); i++ {
			request.Data = append(request.Data, f.event(i))
		}
		body, err := json.Marshal(request)
		if err != nil {
			panic("BUG: " + err.Error())
		}
		post(body)
	}
	return 0
}

func (f *floorSide) event(i int) floorEvent {
	p := &f.people[i]
	var hashes [8][]string
	for k, forms := range f.forms[i] {
		for _, form := range forms {
			sum := sha256.Sum256([]byte(form))
			hashes[k] = append(hashes[k], hex.EncodeToString(sum[:]))
		}
	}
	e := floorEvent{
		Name: "Purchase", Time: p.At / 1000, ID: "purchase." + p.Order, Source: "website", URL: p.URL,
		UserData: floorUser{
			hashes[0], hashes[1], hashes[2], hashes[3], hashes[4], hashes[5], hashes[6], hashes[7],
			p.IP, p.UserAgent, p.Click, p.Browser,
		},
		Custom: floorCustom{ContentType: "product", Currency: p.Currency, OrderID: p.Order, Value: p.Value},
	}
	for _, it := range p.Items {
		e.Custom.Contents = append(e.Custom.Contents, floorItem(it))
	}
	return e
}
