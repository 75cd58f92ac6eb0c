package journal

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"

	"github.com/go-json-experiment/json"

	"matchkey/collector"
	"matchkey/collector/internal/codec"
)

const (
	frameJSON   = 1 // written up to format 2
	frameBinary = 2
	frameHead   = 5

	usualFrame = 768 // has room for most, in bytes
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// A FrameError says that the entry at an offset cannot be read. The entries
// before it are good, those behind it may be.
type FrameError struct {
	Offset collector.Offset
	Err    error
}

func (e *FrameError) Error() string {
	return fmt.Sprintf("journal frame %d cannot be read: %v; it is kept as it is and set aside", e.Offset, e.Err)
}

func (e *FrameError) Unwrap() error { return e.Err }

// encode returns the frame of an event.
func encode(ev *collector.Event) ([]byte, error) {
	frame, err := codec.AppendEvent(make([]byte, frameHead, usualFrame), ev)
	if err != nil {
		return nil, fmt.Errorf("couldn't encode event %q for the journal: %w", ev.ID, err)
	}
	frame[0] = frameBinary
	binary.BigEndian.PutUint32(frame[1:], crc32.Checksum(frame[frameHead:], castagnoli))
	return frame, nil
}

// decode reads a frame. It keeps no reference to it.
func decode(frame []byte) (ev collector.Event, err error) {
	switch {
	case len(frame) < frameHead:
		return ev, errors.New("it is shorter than a frame's head")
	case frame[0] != frameJSON && frame[0] != frameBinary:
		return ev, fmt.Errorf("its version is %d and this program knows only those up to %d", frame[0], frameBinary)
	}
	body := frame[frameHead:]
	if crc32.Checksum(body, castagnoli) != binary.BigEndian.Uint32(frame[1:]) {
		return ev, errors.New("its checksum is wrong")
	}
	if frame[0] == frameJSON {
		err = json.Unmarshal(body, &ev)
	} else {
		err = codec.ReadEvent(body, &ev)
	}
	if err != nil {
		return ev, fmt.Errorf("its checksum is right and what is in it is not: %w", err)
	}
	return ev, nil
}

// redacted returns the frame that takes an old one's place.
func redacted(old []byte, e collector.Entry) ([]byte, error) {
	was, err := decode(old)
	if err != nil {
		return nil, &FrameError{Offset: e.Offset, Err: err}
	}
	if was.Key() != e.Event.Key() {
		return nil, fmt.Errorf("BUG: journal frame %d is not event %q, so it was not redacted", e.Offset, e.Event.ID)
	}
	return encode(&e.Event)
}

// forgotten returns the frame that takes the place of one whose person is erased;
// nil when that was done before.
func forgotten(old []byte, id string) ([]byte, error) {
	was, err := decode(old)
	if err != nil {
		was = collector.Event{} // damaged, and still the person's bytes
	}
	if was.IsForgotten() {
		return nil, nil
	}
	left := was.Forgotten(id)
	return encode(&left)
}
