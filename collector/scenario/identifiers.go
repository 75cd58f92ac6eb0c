package scenario

// What a scenario says of the identifiers that go along. By default everything
// goes that is known and allowed; a kind may be left out, or given by an
// expression. Contact data that an expression gives is hashed here, before it is
// kept anywhere.

import (
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"github.com/expr-lang/expr/vm"

	"matchkey/collector"
)

// Off leaves an identifier or a property out, On under [Others] lets properties be.
const (
	Off    = "off"
	On     = "on"
	Others = "*"
)

// maxMapped bounds the values that an expression gives of one kind.
const maxMapped = 10

// An identifier is what a rule says of one kind; without a program the kind is
// left out.
type identifier struct {
	kind    collector.Kind
	program *vm.Program
}

// mappable are the kinds that an expression may give.
func mappable() []collector.Kind {
	return append([]collector.Kind{
		collector.KindCustomer, collector.KindClick, collector.KindBrowser, collector.KindIP, collector.KindUserAgent,
	}, collector.ContactKinds()...)
}

// Kinds are the kinds of identifier that a scenario may speak of; account and
// device it can only leave out, because their values have several places.
func Kinds() []collector.Kind {
	return append(mappable(), collector.KindAccount, collector.KindDevice)
}

func compileIdentifiers(spec Spec) (all []identifier, faults []Fault) {
	for _, name := range slices.Sorted(maps.Keys(spec.Identifiers)) {
		text, kind := strings.TrimSpace(spec.Identifiers[name]), collector.Kind(name)
		field := "identifiers." + name
		switch {
		case !slices.Contains(Kinds(), kind):
			faults = append(faults, Fault{Field: field, Message: fmt.Sprintf("There is no identifier %q.%s It is one of %s.", name, didYouMean(name, words(Kinds())), strings.Join(words(Kinds()), ", "))})
		case text == Off:
			all = append(all, identifier{kind: kind})
		case text == On:
			// As if it were not there.
		case !slices.Contains(mappable(), kind):
			faults = append(faults, Fault{Field: field, Message: fmt.Sprintf("What is known as %s has several places, so no expression can give it. Write off to leave it out.", name)})
		default:
			program, bad := compileIdentifier(text)
			for _, f := range bad {
				f.Field = field
				faults = append(faults, f)
			}
			all = append(all, identifier{kind, program})
		}
	}
	return all, faults
}

// compileIdentifier compiles an expression that gives a text, or several.
func compileIdentifier(text string) (*vm.Program, []Fault) {
	program, faults := compileProperty(text)
	if len(faults) > 0 {
		return nil, faults
	}
	if t := program.Node().Type(); t != nil && (t.Kind() == reflect.Bool || t.Kind() == reflect.Map || t.Kind() == reflect.Struct) {
		return nil, []Fault{{Message: "An identifier is a text or a list of texts, and this gives " + shape(t) + ". To leave it out write off."}}
	}
	return program, nil
}

func shape(t reflect.Type) string {
	if t.Kind() == reflect.Bool {
		return "true or false"
	}
	return "an object"
}

func words(kinds []collector.Kind) (all []string) {
	for _, k := range kinds {
		all = append(all, string(k))
	}
	return all
}

// identified says what goes along of each kind that the rule speaks of, and gives
// a note for each expression that failed.
func (r rule) identified(ev collector.Event, e env) (all []collector.MappedKind, notes []collector.Note) {
	for _, id := range r.identifiers {
		m := collector.MappedKind{Kind: id.kind, Why: collector.ReasonLeftOut}
		if id.program != nil {
			values, ok := texts(id.program, e)
			if !ok {
				notes = append(notes, collector.Note{Field: "scenario." + r.name + ".identifiers." + string(id.kind), Reason: ReasonMappingFailed})
			}
			m.Values, m.Why = r.values(ev, id.kind, values)
		}
		all = append(all, m)
	}
	return all, notes
}

// texts runs a program that gives a text, a number that is meant as one, or a list
// of them; nothing for nil. ok is false when it failed or gave anything else.
func texts(program *vm.Program, e env) (all []string, ok bool) {
	out, err := run(program, e)
	if err == nil {
		out, err = plain(out)
	}
	if err != nil {
		return nil, false
	}
	list, isList := out.([]any)
	if !isList {
		list = []any{out}
	}
	for _, v := range list[:min(len(list), maxMapped)] {
		switch v := v.(type) {
		case nil:
		case string:
			if v = strings.TrimSpace(v); v != "" {
				all = append(all, v)
			}
		case float64:
			all = append(all, strconv.FormatFloat(v, 'f', -1, 64))
		default:
			return nil, false
		}
	}
	return all, true
}

// values are the identifiers that texts of a kind make, or why they make none.
func (r rule) values(ev collector.Event, kind collector.Kind, texts []string) (ids []collector.Identifier, why collector.Reason) {
	contact := slices.Contains(collector.ContactKinds(), kind)
	how := "given by the scenario"
	why = collector.ReasonMappedToNothing
	for _, text := range texts {
		kept := []string{text}
		if contact {
			hashed, done, refused := r.hash(kind, text, r.country)
			if refused != "" {
				why = refused
				continue
			}
			kept, how = hashed, "given by the scenario, "+done
		}
		for _, value := range kept {
			ids = append(ids, collector.Identifier{
				Kind: kind, Value: value, FirstAt: ev.OccurredAt, LastAt: ev.OccurredAt, Receipt: ev.Receipt, Event: ev.Name, How: how,
			})
		}
	}
	if len(ids) > 0 {
		return ids, ""
	}
	return nil, why
}
