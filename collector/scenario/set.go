package scenario

import (
	"maps"
	"slices"
	"time"

	"github.com/expr-lang/expr/vm"

	"matchkey/collector"
)

// A Set holds the compiled scenarios of one site. It is never written to after
// [Compile] and so safe for concurrent use.
type Set struct {
	on map[string][]rule // by event name, in the order of the specs
}

var _ collector.Matcher = (*Set)(nil)

// rule is one compiled scenario.
type rule struct {
	name, send, category string
	purposes, to         []string
	wait, delay          time.Duration
	limit                collector.Limit
	when                 []*vm.Program // all of them; none: always
	properties           []property    // none: the event's own
	// others says that the event's own properties go along beside them, but for off.
	others      bool
	off         []string
	identifiers []identifier
	hash        collector.Hasher
	country     string
}

type property struct {
	name    string
	program *vm.Program
}

// Match gives a conversion for every scenario that the event meets, in the
// order of the specs, and a note for every expression that failed. Whether a
// profile's identifiers may be used is not asked here; consent decides later.
// Conversions share no list or map with each other; what lies deeper in the
// event's own properties is shared with the event and must not be written to.
func (s *Set) Match(ev collector.Event, p collector.Profile) ([]collector.Conversion, []collector.Note) {
	rules := s.on[ev.Name]
	if len(rules) == 0 {
		return nil, nil
	}
	var conversions []collector.Conversion
	var notes []collector.Note
	e := newEnv(ev, p)
	for _, r := range rules {
		holds, ok := r.holds(e)
		if !ok {
			notes = append(notes, collector.Note{Field: "scenario." + r.name + ".when", Reason: ReasonConditionFailed})
		}
		if !holds {
			continue
		}
		properties, failed := r.mapped(e)
		notes = append(notes, failed...)
		mapping := collector.Mapping{Properties: r.leftOut(e)}
		mapping.Kinds, failed = r.identified(ev, e)
		notes = append(notes, failed...)
		conversions = append(conversions, collector.Conversion{
			Scenario: r.name, Send: r.send, Destinations: slices.Clone(r.to),
			Category: r.category, Purposes: slices.Clone(r.purposes), Wait: r.wait, Delay: r.delay, Limit: r.limit,
			Properties: properties, Mapping: mapping,
		})
	}
	return conversions, notes
}

// holds evaluates the condition; ok is false when that failed. A condition
// whose type is only known at run time may also give nil, for a property that
// is not there: it does not hold.
func (r rule) holds(e env) (holds, ok bool) {
	for _, when := range r.when {
		out, err := run(when, e)
		if err != nil {
			return false, false
		}
		if out == nil {
			return false, true
		}
		if holds, ok = out.(bool); !holds || !ok {
			return false, ok
		}
	}
	return true, true
}

// mapped gives the conversion's properties and a note for each that failed.
func (r rule) mapped(e env) (map[string]any, []collector.Note) {
	if len(r.properties) == 0 && len(r.off) == 0 {
		return maps.Clone(e.Event.Properties), nil
	}
	var notes []collector.Note
	values := make(map[string]any, len(r.properties))
	if r.others {
		maps.Copy(values, e.Event.Properties)
	}
	for _, name := range r.off {
		delete(values, name)
	}
	for _, p := range r.properties {
		out, err := run(p.program, e)
		if err == nil {
			out, err = plain(out)
		}
		switch {
		case err != nil:
			delete(values, p.name)
			notes = append(notes, collector.Note{Field: "scenario." + r.name + ".properties." + p.name, Reason: ReasonMappingFailed})
		case out != nil:
			values[p.name] = out
		default:
			delete(values, p.name)
		}
	}
	return values, notes
}

// leftOut are the event's properties that the rule leaves out by name.
func (r rule) leftOut(e env) (names []string) {
	for _, name := range r.off {
		if _, given := e.Event.Properties[name]; given {
			names = append(names, name)
		}
	}
	return names
}
