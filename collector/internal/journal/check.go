package journal

import "matchkey/collector"

// CheckFrame checks one row of the journal: its offset, checksum and event. The
// error of a frame that cannot be read is a FrameError.
func CheckFrame(key, value []byte) (collector.Offset, error) {
	offset, err := offsetOf(key)
	if err != nil {
		return 0, err
	}
	if _, err := decode(value); err != nil {
		return offset, &FrameError{Offset: offset, Err: err}
	}
	return offset, nil
}
