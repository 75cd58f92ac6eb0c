package config

import (
	"encoding/json"
	"net/netip"
	"os"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/invopop/jsonschema"
)

// docs/matchkey.schema.json is made here, from the types, their doc comments
// and their tags, so that an editor says what the loader says. The generator
// is needed by nobody else, so it is a test and not a part of the binary.

const schemaFile = "../../docs/matchkey.schema.json"

func TestSchemaIsFresh(t *testing.T) {
	got := schema(t)
	if *update {
		if err := os.WriteFile(schemaFile, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(schemaFile)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(string(want), string(got)); d != "" {
		t.Errorf("docs/matchkey.schema.json is not what the types of collector/config say; run: go test ./collector/config -update\n%s", d)
	}
}

func schema(t *testing.T) []byte {
	t.Helper()
	r := jsonschema.Reflector{
		Anonymous:                  true,
		ExpandedStruct:             true,
		FieldNameTag:               "yaml",
		RequiredFromJSONSchemaTags: true,
		Mapper:                     mapped,
	}
	if err := r.AddGoComments("matchkey/collector/config", "."); err != nil {
		t.Fatal(err)
	}
	for name, comment := range r.CommentMap { // one line each, however they are wrapped in the source
		r.CommentMap[name] = strings.Join(strings.Fields(comment), " ")
	}
	s := r.Reflect(&Config{})
	s.Title = "Matchkey configuration"
	text, err := json.MarshalIndent(s, "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	return append(text, '\n')
}

// mapped are the types that stand in the file as one text.
func mapped(t reflect.Type) *jsonschema.Schema {
	switch t {
	case reflect.TypeFor[time.Duration]():
		return &jsonschema.Schema{Type: "string", Pattern: `^(0|([0-9]+d)?([0-9]+(\.[0-9]+)?(h|ms|m|s))*)$`}
	case reflect.TypeFor[netip.Prefix]():
		return &jsonschema.Schema{Type: "string", Pattern: `^[0-9a-fA-F.:]+/[0-9]{1,3}$`}
	case reflect.TypeFor[Secret]():
		return &jsonschema.Schema{Type: "string", Pattern: `^\$\{(env|file):.+\}$`}
	}
	return nil
}

// keys lists every key of the file as docs/configuration.md writes it, with
// its rules: destinations[].meta.token.
func keys(t reflect.Type, path string) map[string]rules {
	all := map[string]rules{}
	for t.Kind() == reflect.Pointer || t.Kind() == reflect.Slice {
		t = t.Elem()
	}
	for _, f := range fieldsOf(t) {
		at := join(path, f.name)
		ft := t.Field(f.index).Type
		all[at] = f.rules
		if ft.Kind() == reflect.Slice && ft.Elem().Kind() == reflect.Struct {
			at += "[]"
		}
		for ft.Kind() == reflect.Pointer || ft.Kind() == reflect.Slice {
			ft = ft.Elem()
		}
		if ft.Kind() == reflect.Struct && ft != secretType && ft != prefixType {
			for k, v := range keys(ft, at) {
				all[k] = v
			}
		}
	}
	return all
}

func TestDocumentationNamesEveryKeyAndDefault(t *testing.T) {
	text, err := os.ReadFile("../../docs/configuration.md")
	if err != nil {
		t.Fatal(err)
	}
	rows := map[string]string{}
	for line := range strings.Lines(string(text)) {
		if name, rest, ok := strings.Cut(strings.TrimPrefix(line, "| `"), "` |"); ok && strings.HasPrefix(line, "| `") {
			rows[name] = rest
		}
	}
	known := keys(reflect.TypeFor[Config](), "")
	for key, r := range known {
		row, there := rows[key]
		switch {
		case !there:
			t.Errorf("docs/configuration.md has no row for the key `%s`", key)
		case r.required && !strings.HasPrefix(row, " required |"):
			t.Errorf("docs/configuration.md does not say that `%s` is required:%s", key, row)
		case r.hasDefault && !strings.HasPrefix(row, " `"+r.fallback+"` |"):
			t.Errorf("docs/configuration.md does not say that the default of `%s` is `%s`:%s", key, r.fallback, row)
		}
	}
	for row := range rows {
		if _, is := known[row]; !is && !strings.HasPrefix(row, "${") {
			t.Errorf("docs/configuration.md has a row for `%s`, which is no key", row)
		}
	}
}

func TestExampleIsAccepted(t *testing.T) {
	const name = "../../docs/matchkey.example.yaml"
	text, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	c, faults := Parse(name, text, env, readFile)
	if got := faults.String(); got != "" {
		t.Errorf("the example is not free of faults and warnings:\n%s", got)
	}
	if line, _, _ := strings.Cut(string(text), "\n"); line != "# yaml-language-server: $schema=./matchkey.schema.json" {
		t.Errorf("the example's first line does not lead editors to the schema: %q", line)
	}
	if len(c.Sites) == 0 || len(c.Sites[0].Scenarios) != 4 {
		t.Error("the example does not show the four kinds of scenario")
	}
}
