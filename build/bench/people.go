package main

// The people of the benches: made up, seeded, all distinct, and written as
// shops get them, so that normal forms have something to do. Nobody's real data.

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"strconv"
	"strings"
	"time"
)

// A person is a customer with one order, all in the clear.
type person struct {
	Email     string `json:"email"`
	Phone     string `json:"phone"`
	FirstName string `json:"first_name"`
	LastName  string `json:"last_name"`
	City      string `json:"city"`
	Zip       string `json:"zip"`
	Country   string `json:"country"`
	Customer  string `json:"customer"`
	IP        string `json:"ip"`
	UserAgent string `json:"user_agent"`
	Click     string `json:"fbc"`
	Browser   string `json:"fbp"`

	Order    string  `json:"order"`
	At       int64   `json:"at"` // ms
	URL      string  `json:"url"`
	Value    float64 `json:"value"`
	Currency string  `json:"currency"`
	Items    []item  `json:"items"`
}

type item struct {
	ID       string  `json:"id"`
	Quantity float64 `json:"quantity"`
	Price    float64 `json:"price"`
}

// A crowd is what every side reads.
type crowd struct {
	Now    int64    `json:"now"` // ms; nobody's clock is asked
	People []person `json:"people"`
}

// A land is where people live. Digits of a phone are made of "#".
type land struct {
	code, prefix, phone, zip, currency string
	first, last, cities                []string
}

var lands = []land{
	{"US", "1", "(4##) 55#-####", "9####", "USD", split("Mary,John,Linda,James,Jean-Luc"), split("Smith,O'Brien,Johnson,Garcia,van der Berg"), split("New York,San Francisco,St. Louis,Austin")},
	{"GB", "44", "07#00 ######", "M# #AE", "GBP", split("Olivia,George,Amelia,Harry"), split("Jones,Taylor,Smith-Brown,Evans"), split("London,Manchester,Leeds,Stoke-on-Trent")},
	{"DE", "49", "0151 ########", "1####", "EUR", split("Jürgen,Anna,Lukas,Marie"), split("Müller,Schmidt,Weiß,Krause"), split("München,Berlin,Köln,Hamburg")},
	{"FR", "33", "06 ## ## ## ##", "75###", "EUR", split("Valéry,Camille,Lucas,Jean-Marc"), split("Martin,Bernard,Petit,D'Arc"), split("Paris,Lyon,Saint-Étienne,Nîmes")},
	{"ES", "34", "612 ### ###", "28###", "EUR", split("José,Lucía,Pablo,María José"), split("García,Fernández,López,Ruiz"), split("Madrid,Málaga,Sevilla,Bilbao")},
	{"IT", "39", "347 #######", "201##", "EUR", split("Giulia,Marco,Nicolò,Anna"), split("Rossi,Russo,D'Amico,Ferrari"), split("Milano,Roma,Forlì,Napoli")},
	{"NL", "31", "06 12######", "1#12 AB", "EUR", split("Daan,Emma,Sem,Zoë"), split("de Jong,Jansen,de Vries,Bakker"), split("Amsterdam,Utrecht,'s-Hertogenbosch,Rotterdam")},
	{"PL", "48", "601 ### ###", "0#-950", "PLN", split("Łukasz,Anna,Piotr,Zofia"), split("Nowak,Kowalski,Wiśniewski,Zieliński"), split("Warszawa,Kraków,Łódź,Gdańsk")},
}

func split(list string) []string { return strings.Split(list, ",") }

var agents = []string{
	"Mozilla/5.0 (iPhone; CPU iPhone OS 19_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/19.1 Mobile/15E148 Safari/604.1",
	"Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/156.0.0.0 Safari/537.36",
	"Mozilla/5.0 (Linux; Android 16; SM-S938B) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/156.0.0.0 Mobile Safari/537.36",
}

// newCrowd makes n people who bought something within the last hours before now.
func newCrowd(seed uint64, n int, now time.Time) crowd {
	r := rand.New(rand.NewPCG(seed, 0))
	c := crowd{Now: now.UnixMilli(), People: make([]person, n)}
	for i := range c.People {
		c.People[i] = newPerson(r, i, now)
	}
	return c
}

func newPerson(r *rand.Rand, i int, now time.Time) person {
	l := lands[r.IntN(len(lands))]
	at := now.Add(-time.Minute - time.Duration(r.IntN(7200))*time.Second)
	p := person{
		FirstName: pick(r, l.first), LastName: pick(r, l.last), City: pick(r, l.cities),
		Phone: phone(r, l), Zip: digits(r, l.zip), Country: l.code, Customer: "C-" + strconv.Itoa(100_000+i),
		IP: fmt.Sprintf("203.0.113.%d", 1+r.IntN(254)), UserAgent: pick(r, agents),
		Click:   fmt.Sprintf("fb.1.%d.IwAR%s", at.Add(-time.Hour).UnixMilli(), letters(r, 57)),
		Browser: fmt.Sprintf("fb.1.%d.%d", at.Add(-48*time.Hour).UnixMilli(), 1_000_000_000+r.IntN(1_000_000_000)),
		Order:   "A-" + strconv.Itoa(1000+i), At: at.UnixMilli(),
		URL: "https://shop.example/checkout/thanks", Currency: l.currency,
	}
	p.Email = pick(r, []string{"", " "}) + asciiOnly(p.FirstName) + "." + asciiOnly(p.LastName) + strconv.Itoa(i) + "@Example.com"
	for range 1 + r.IntN(3) {
		it := item{"sku-" + strconv.Itoa(r.IntN(5000)), float64(1 + r.IntN(3)), float64(100+r.IntN(20_000)) / 100}
		p.Items = append(p.Items, it)
		p.Value += it.Quantity * it.Price
	}
	p.Value = float64(int(p.Value*100+0.5)) / 100
	return p
}

// phone is written with the country code by two in three people.
func phone(r *rand.Rand, l land) string {
	national := digits(r, l.phone)
	if r.IntN(3) == 0 {
		return national
	}
	return "+" + l.prefix + " " + strings.TrimPrefix(national, "0")
}

func pick[T any](r *rand.Rand, list []T) T { return list[r.IntN(len(list))] }

// digits puts a digit in the place of every "#".
func digits(r *rand.Rand, pattern string) string {
	text := []byte(pattern)
	for i := range text {
		if text[i] == '#' {
			text[i] = byte('0' + r.IntN(10))
		}
	}
	return string(text)
}

func letters(r *rand.Rand, n int) string {
	text := make([]byte, n)
	for i := range text {
		text[i] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-"[r.IntN(64)]
	}
	return string(text)
}

func asciiOnly(s string) string {
	return strings.Map(func(r rune) rune {
		if 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' {
			return r
		}
		return -1
	}, s)
}

// write writes a crowd to a file.
func (c crowd) write(path string) error {
	text, err := json.Marshal(c)
	if err != nil {
		return err
	}
	return os.WriteFile(path, text, 0o600)
}

// readCrowd reads what write wrote.
func readCrowd(path string) (c crowd, err error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return c, err
	}
	return c, json.Unmarshal(text, &c)
}
