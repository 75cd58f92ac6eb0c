package edge

import "testing"

func TestMendSurrogates(t *testing.T) {
	for in, want := range map[string]string{
		`{"a":"plain"}`:        `{"a":"plain"}`,
		`"\ud83d!"`:            `"\ufffd!"`,
		`"\uDE00"`:             `"\ufffd"`,
		`"\ud83d\ude00"`:       `"\ud83d\ude00"`,
		`"\ud83d\ud83d\ude00"`: `"\ufffd\ud83d\ude00"`,
		`"\\ud83d"`:            `"\\ud83d"`, // a text about one
		`"\\\ud83d"`:           `"\\\ufffd"`,
		`"\ud83`:               `"\ud83`,
		`"\ud7ff\ue000"`:       `"\ud7ff\ue000"`,
		`\`:                    `\`,
		`"\uzzzz"`:             `"\uzzzz"`,
	} {
		body := []byte(in)
		if mendSurrogates(body); string(body) != want {
			t.Errorf("%s became %s, want %s", in, body, want)
		}
	}
}

func TestHalfAnEmojiCostsNothing(t *testing.T) {
	b, why := decodeBeacon([]byte(`{"v":1,"t":2,"e":[{"n":"a","i":"x","t":1,"p":{"cut":"\ud83d!","whole":"\ud83d\ude00"}}]}`))
	if why != "" {
		t.Fatal(why)
	}
	if p := b.events[0].properties; p["cut"] != "\ufffd!" || p["whole"] != "\U0001F600" {
		t.Errorf("properties %q", p)
	}
}
