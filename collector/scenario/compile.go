package scenario

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/expr-lang/expr/vm"

	"matchkey/collector"
)

// MaxProperties bounds the mapped properties of one scenario, as the edge
// bounds those of an event.
const MaxProperties = 100

// A Spec is one scenario as the configuration states it. That names are unique
// and destinations exist is checked there.
type Spec struct {
	// Name is how console and notes call it.
	Name string
	// On is the name of the event, and Also are further names of the same thing.
	On   string
	Also []string
	// When is the condition; empty means always. Premise is one that is asked
	// before it, of a preset.
	When, Premise string
	// Category is what a person must have agreed to, Purposes are what it stands for.
	Category string
	Purposes []string
	// Wait bounds how long a delivery waits for identifiers that come late; Delay is
	// how long it is not sent whatever is known.
	Wait, Delay time.Duration
	// Limit bounds how often a person's events are conversions of the scenario.
	Limit collector.Limit
	// Send is the name that destinations get; To are their names.
	Send string
	To   []string
	// Properties maps names of sent properties to expressions. Empty means that
	// the event's own are sent as they are. [Others] says On when they are sent
	// beside the mapped ones; then a name may say [Off].
	Properties map[string]string
	// Identifiers maps kinds of identifier to expressions, or to [Off]. Of all
	// others goes along what is known and allowed.
	Identifiers map[string]string
	// Hash makes of contact data that an expression gives what may be kept; Country
	// is what phone numbers without a country code are read with. Without a hasher
	// no contact data is mapped.
	Hash    collector.Hasher
	Country string
}

// Names are all names of the event.
func (s Spec) Names() []string { return append([]string{s.On}, s.Also...) }

// A Fault is one mistake in one expression.
type Fault struct {
	// Scenario is the spec's name and Index its place in the list given to [Compile].
	Scenario string
	Index    int
	// Field is "when", "properties.<name>", "properties" or "identifiers.<kind>".
	Field string
	// Offset counts the characters of the expression before the mistake.
	Offset int
	// Message is a sentence that says what is wrong and what to write.
	Message string
}

// Compile reads and type-checks the scenarios of one site. It reports every
// fault of every scenario, in the order of the specs, the condition before the
// properties (by name). With any fault the set is nil: a set that lacks
// scenarios would lose conversions silently. The set keeps nothing of specs.
func Compile(specs []Spec) (*Set, []Fault) {
	set := &Set{on: map[string][]rule{}}
	var faults []Fault
	for i, spec := range specs {
		r, bad := compileRule(spec)
		for _, f := range bad {
			f.Scenario, f.Index = spec.Name, i
			faults = append(faults, f)
		}
		for _, name := range spec.Names() {
			set.on[name] = append(set.on[name], r)
		}
	}
	if len(faults) > 0 {
		return nil, faults
	}
	return set, nil
}

func compileRule(spec Spec) (rule, []Fault) {
	r := rule{
		name: spec.Name, send: spec.Send, category: spec.Category, wait: spec.Wait, delay: spec.Delay, limit: spec.Limit,
		purposes: slices.Clone(spec.Purposes), to: slices.Clone(spec.To), hash: spec.Hash, country: spec.Country,
	}
	if r.hash == nil {
		r.hash = noHash
	}
	var faults []Fault
	program := func(field, text string, compile func(string) (*vm.Program, []Fault)) *vm.Program {
		p, bad := compile(text)
		for _, f := range bad {
			f.Field = field
			faults = append(faults, f)
		}
		return p
	}
	for _, when := range []string{spec.Premise, spec.When} {
		if strings.TrimSpace(when) != "" {
			r.when = append(r.when, program("when", when, compileCondition))
		}
	}
	if n := len(spec.Properties); n > MaxProperties {
		message := fmt.Sprintf("The scenario maps %d properties, and at most %d are sent. Leave some out.", n, MaxProperties)
		return r, append(faults, Fault{Field: "properties", Message: message})
	}
	if others, given := spec.Properties[Others]; given {
		if r.others = strings.TrimSpace(others) == On; !r.others {
			faults = append(faults, Fault{Field: "properties." + Others, Message: `Under "*" stands on, which lets the event's other properties go along, or nothing.`})
		}
	}
	for _, name := range slices.Sorted(maps.Keys(spec.Properties)) {
		text := strings.TrimSpace(spec.Properties[name])
		switch {
		case name == Others:
			continue
		case text == Off && !r.others:
			faults = append(faults, Fault{Field: "properties." + name, Message: fmt.Sprintf(`There is nothing to leave %q out of: only what is listed is sent. Write "*": on beside it to send the event's other properties, or take the line out.`, name)})
			continue
		case text == Off:
			r.off = append(r.off, name)
			continue
		}
		p := program("properties."+name, spec.Properties[name], compileProperty)
		r.properties = append(r.properties, property{name, p})
	}
	ids, bad := compileIdentifiers(spec)
	r.identifiers = ids
	return r, append(faults, bad...)
}

// noHash keeps no contact data.
func noHash(collector.Kind, string, string) ([]string, string, collector.Reason) {
	return nil, "", collector.ReasonNotNormalisable
}
