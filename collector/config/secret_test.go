package config

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	jsonv2 "github.com/go-json-experiment/json"
)

func TestSecretIsNeverPrinted(t *testing.T) {
	const value = "s3cr3t-value"
	s := NewSecret(value)
	holder := struct {
		Key  Secret
		Keys []Secret
		Ptr  *Secret
	}{s, []Secret{s}, &s}
	var printed []string
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%d", "%t"} {
		printed = append(printed, fmt.Sprintf(verb, s), fmt.Sprintf(verb, &s), fmt.Sprintf(verb, holder))
	}
	v1, err := json.Marshal(holder)
	if err != nil {
		t.Fatal(err)
	}
	v2, err := jsonv2.Marshal(holder)
	if err != nil {
		t.Fatal(err)
	}
	var log bytes.Buffer
	slog.New(slog.NewTextHandler(&log, nil)).Info("x", "key", s, "holder", holder)
	slog.New(slog.NewJSONHandler(&log, nil)).Info("x", "key", s, "holder", holder)
	printed = append(printed, string(v1), string(v2), log.String(), fmt.Sprint(fmt.Errorf("x %v", s)))
	for _, p := range printed {
		if strings.Contains(p, "s3cr3t") || strings.Contains(p, fmt.Sprintf("%x", value)) {
			t.Errorf("the secret is printed: %s", p)
		}
	}
	if !strings.Contains(string(v1), `"***"`) {
		t.Errorf("not masked: %s", v1)
	}
	if s.Reveal() != value || s.IsZero() || !(Secret{}).IsZero() || (Secret{}).String() != "" {
		t.Error("the value is lost, or an empty secret is shown as one")
	}
}
