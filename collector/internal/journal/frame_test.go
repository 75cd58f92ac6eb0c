package journal

import (
	"reflect"
	"testing"
	"time"

	"matchkey/collector"
)

// FuzzFrame: no bytes make the reader of frames fail in another way than with an
// error; what it takes has the right checksum, and is written again as an event
// that reads the same; and a frame with one bit changed is never taken.
func FuzzFrame(f *testing.F) {
	at := time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)
	for _, ev := range []collector.Event{
		{}, {ID: "a", Site: "shop", Name: "x", OccurredAt: at, ReceivedAt: at, Properties: map[string]any{"value": 59.9, "名": []any{"\x00", nil}}},
		{ID: "a", Withheld: []collector.Reason{"refused"}},
	} {
		frame, err := encode(&ev)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(frame, uint(0))
		f.Add(frame, uint(len(frame)*4))
		f.Add(frame[:len(frame)/2], uint(1))
	}
	f.Add([]byte{}, uint(0))
	f.Add([]byte{2, 0, 0, 0, 0}, uint(0))
	f.Fuzz(func(t *testing.T, frame []byte, bit uint) {
		ev, err := decode(frame)
		if err != nil {
			return
		}
		again, err := encode(&ev)
		if err != nil {
			t.Fatalf("what was read cannot be written: %v", err)
		}
		if back, err := decode(again); err != nil || !reflect.DeepEqual(ev, back) {
			t.Fatalf("read %+v, wrote it, and read %+v, %v", ev, back, err)
		}
		flipped := append([]byte(nil), frame...)
		flipped[bit/8%uint(len(frame))] ^= 1 << (bit % 8)
		if _, err := decode(flipped); err == nil {
			t.Fatal("a frame with one bit changed was taken")
		}
	})
}
