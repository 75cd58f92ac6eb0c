package store

import (
	"fmt"

	"github.com/go-json-experiment/json"
)

// marshal encodes a row. Deterministic, so that equal state has equal bytes.
func marshal(v any) ([]byte, error) {
	b, err := json.Marshal(v, json.Deterministic(true))
	if err != nil {
		return nil, fmt.Errorf("BUG: couldn't encode a %T for the store: %w", v, err)
	}
	return b, nil
}

// unmarshal decodes a row.
func unmarshal(b []byte, v any) error {
	if err := json.Unmarshal(b, v); err != nil {
		return fmt.Errorf("a %T in the store cannot be read: %w", v, err)
	}
	return nil
}
