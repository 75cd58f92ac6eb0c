package main

import (
	"fmt"
	"strings"
	"testing"
)

func TestAdvice(t *testing.T) {
	scenarios := func(lines string) string { return fmt.Sprintf(leastFile, "\n"+lines) }
	good := strings.Replace(scenarios(`      - {preset: purchase, consent: advertising, to: [main]}
`), "May we?", "May we measure our advertising?", 1)
	good = strings.Replace(good, "data: data\n", "data: data\nencryption: {key: \"${env:MATCHKEY_ENCRYPTION_KEY}\"}\n", 1)
	if out, errs, code := checkFile(t, good); code != 0 || strings.Contains(errs, "warning") {
		t.Errorf("exit %d\n%s%s", code, out, errs)
	}
	for _, c := range []struct{ name, lines, want string }{
		{"a category that no notice names", `      - {preset: purchase, consent: advertising, to: [main]}`,
			`:11:20: warning: No current notice of the site names the category "advertising"`},
		{"a page visit", `      - {name: v, on: page_visit, send: PageView, consent: advertising, to: [main]}`,
			`:13:23: warning: The scenario "v" listens to "page_visit", which happens very often`},
		{"every item that is looked at", `      - {preset: view_item, consent: advertising, to: [main]}`,
			`:13:18: warning: The scenario "view_item" makes a conversion of every view_item and product_viewed`},
		{"a personal name", `      - {preset: lead, consent: advertising, to: [main], properties: {billing_email: event.properties.mail}}`,
			`:13:86: warning: The property "billing_email" reads as personal data`},
		{"a personal value", `      - {preset: lead, consent: advertising, to: [main], properties: {plan: event.properties.phone}}`,
			`:13:94: warning: The property "plan" is made of event.properties.phone, which reads as personal data`},
		{"a customer's id", `      - {preset: lead, consent: advertising, to: [main], properties: {plan: event.customer}}`,
			`The property "plan" is made of event.customer`},
		{"an order without money", `      - {name: p, on: purchase, send: Purchase, consent: advertising, to: [main], properties: {value: event.value}}`,
			`warning: The scenario "p" sends Purchase without currency, and each one would be refused.`},
		{"a trial without money", `      - {preset: start_trial, consent: advertising, to: [main], properties: {value: off, currency: off}}`,
			`The scenario "start_trial" sends StartTrial without value and currency, so that nobody can optimise`},
		{"opens by machines", `      - {name: read, on: email_open, send: Read, consent: advertising, to: [main]}`,
			`:13:9: warning: The scenario "read" makes a conversion of every fetched picture`},
		{"no category but a reason", `      - {preset: purchase, legitimate_interest: they asked, to: [main]}`,
			`:13:49: warning: The scenario "purchase" names no consent category but a legitimate interest`},
	} {
		out, errs, code := checkFile(t, scenarios(c.lines+"\n"))
		if code != 0 || !strings.Contains(errs, c.want) {
			t.Errorf("%s: exit %d, want %s\n%s%s", c.name, code, c.want, out, errs)
		}
	}
	if _, errs, code := checkFile(t, scenarios("      - {preset: purchase, to: [main]}\n")); code != 1 || !strings.Contains(errs, `:13:9: error: The scenario "purchase" names no consent category`) {
		t.Errorf("no consent: exit %d\n%s", code, errs)
	}
}
