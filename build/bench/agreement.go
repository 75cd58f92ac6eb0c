package main

// Whether both sides did the same work: what they would send is compared key by
// key. Where documentation leaves no choice they have to agree, or the bench
// fails; where Meta's own libraries disagree, the report says how often.

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"
	"reflect"
	"regexp"
	"strings"
)

// A sentEvent is one event of a body.
type sentEvent map[string]any

// readBodies reads a file of bodies, one a line.
func readBodies(path string) (events []sentEvent, err error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	lines := bufio.NewScanner(f)
	lines.Buffer(nil, 4<<20)
	for lines.Scan() {
		var body struct {
			Data []sentEvent `json:"data"`
		}
		if err := json.Unmarshal(lines.Bytes(), &body); err != nil {
			return nil, err
		}
		events = append(events, body.Data...)
	}
	return events, lines.Err()
}

// comparedKeys are the keys of user_data, and for which people both sides must
// send the same.
var comparedKeys = []struct {
	key  string
	must func(person) bool
	why  string // they may differ otherwise
}{
	{"em", everybody, ""},
	{"ph", func(p person) bool { return p.Phone[0] == '+' },
		"without a country code the SDK hashes the national number, which Meta cannot match"},
	{"fn", func(p person) bool { return lettersOnly.MatchString(p.FirstName) },
		"the SDK keeps blanks and punctuation"},
	{"ln", func(p person) bool { return lettersOnly.MatchString(p.LastName) },
		"the same"},
	{"ct", func(p person) bool { return plainCity.MatchString(p.City) },
		"Matchkey sends a second form without accents' letters, as Meta's parameter builder does, and drops apostrophes"},
	{"zp", func(p person) bool { return p.Country == "US" || !strings.Contains(p.Zip, "-") },
		"the SDK cuts every code at its dash, Poland's too"},
	{"country", everybody, ""},
	{"external_id", everybody, "hashed by the caller on the SDK's side, which leaves it as it is"},
	{"client_ip_address", everybody, ""},
	{"client_user_agent", everybody, ""},
	{"fbc", everybody, ""},
	{"fbp", everybody, ""},
}

func everybody(person) bool { return true }

var (
	lettersOnly = regexp.MustCompile(`^\p{L}+$`)
	plainCity   = regexp.MustCompile(`^[A-Za-z .-]+$`)
)

// agreement compares what two sides sent of the same people, and returns a
// table for the report.
func agreement(people []person, ours, theirs []sentEvent) (string, error) {
	if len(ours) != len(people) || len(theirs) != len(people) {
		return "", fmt.Errorf("of %d people Matchkey made %d events and the SDK %d", len(people), len(ours), len(theirs))
	}
	same := map[string]int{}
	for i, p := range people {
		if !reflect.DeepEqual(rest(ours[i]), rest(theirs[i])) {
			return "", fmt.Errorf("the sides do not do the same work: they send other events of order %s:\n%v\n%v", p.Order, rest(ours[i]), rest(theirs[i]))
		}
		a, b := userData(ours[i]), userData(theirs[i])
		for _, c := range comparedKeys {
			equal := reflect.DeepEqual(a[c.key], b[c.key])
			if equal {
				same[c.key]++
			} else if c.must(p) {
				return "", fmt.Errorf("the sides do not do the same work: %s of order %s is %v here and %v there", c.key, p.Order, a[c.key], b[c.key])
			}
		}
	}
	var b strings.Builder
	b.WriteString("| key | the same for | where not |\n|---|--:|---|\n")
	for _, c := range comparedKeys {
		fmt.Fprintf(&b, "| `%s` | %.1f %% | %s |\n", c.key, 100*float64(same[c.key])/float64(len(people)), c.why)
	}
	return b.String(), nil
}

func userData(e sentEvent) map[string]any {
	m, _ := e["user_data"].(map[string]any)
	return m
}

// rest is an event without user_data.
func rest(e sentEvent) map[string]any {
	m := map[string]any{}
	for k, v := range e {
		if k != "user_data" {
			m[k] = v
		}
	}
	return m
}
