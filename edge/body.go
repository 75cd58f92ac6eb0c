package edge

import (
	"bytes"
	"compress/gzip"
	"errors"
	"io"

	"github.com/valyala/fasthttp"

	"matchkey/collector"
)

// Bounds of a request's body.
const (
	maxBeaconBytes = 64 << 10 // what browsers allow a beacon (reference/tag.md § 5)
	maxCallBytes   = 1 << 20  // server-side events, before and after decompression
	// maxSurplusBytes of a body that is too large are read and thrown away. A
	// connection that is closed with bytes unread is reset, and the sender sees
	// "connection reset" in the place of the 413.
	maxSurplusBytes = 1 << 20
)

// ownBody is the one place where bytes of a request become ours. fasthttp's
// buffers belong to the connection: a slice kept past the handler reads back as
// the next visitor's beacon, and the race detector stays silent. So the body is
// read into memory of its own, at most limit bytes, and nothing else of this
// package touches the request's body. Strings made from headers are copies as
// well (string(b) copies).
func ownBody(ctx *fasthttp.RequestCtx, limit int) ([]byte, collector.Reason) {
	stream := ctx.RequestBodyStream()
	if stream == nil { // not our own server: the body was read already
		stream = bytes.NewReader(ctx.Request.Body())
	}
	declared := ctx.Request.Header.ContentLength() // negative when not known
	if declared > limit {
		_, _ = io.CopyN(io.Discard, stream, int64(limit)+maxSurplusBytes)
		return nil, collector.ReasonBodyTooLarge
	}
	buf := bytes.NewBuffer(make([]byte, 0, max(declared, 0)+bytes.MinRead))
	_, err := buf.ReadFrom(io.LimitReader(stream, int64(limit)+1))
	switch {
	case isTimeout(err):
		return nil, ReasonRequestTimeout
	case err != nil, buf.Len() < declared:
		return nil, ReasonRequestMalformed
	case buf.Len() > limit:
		_, _ = io.CopyN(io.Discard, stream, maxSurplusBytes)
		return nil, collector.ReasonBodyTooLarge
	case buf.Len() == 0:
		return nil, collector.ReasonBodyEmpty
	}
	return buf.Bytes(), ""
}

// decoded undoes the body's content encoding, within a limit: a megabyte of
// gzip can hold a gigabyte of zeros.
func decoded(body []byte, encoding string, limit int) ([]byte, collector.Reason) {
	switch encoding {
	case "", "identity":
		return body, ""
	case "gzip", "x-gzip":
	default:
		return nil, collector.ReasonEncoding
	}
	zr, err := gzip.NewReader(bytes.NewReader(body))
	if err != nil {
		return nil, collector.ReasonEncodingBroken
	}
	plain, err := io.ReadAll(io.LimitReader(zr, int64(limit)+1))
	switch {
	case len(plain) > limit:
		return nil, collector.ReasonBodyTooLarge
	case err != nil:
		return nil, collector.ReasonEncodingBroken
	case len(plain) == 0:
		return nil, collector.ReasonBodyEmpty
	}
	return plain, ""
}

func isTimeout(err error) bool {
	var timed interface{ Timeout() bool }
	return errors.As(err, &timed) && timed.Timeout()
}
