package edge

import (
	"bytes"
	"compress/gzip"
	"errors"
	"io"
	"slices"

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
	return readBody(ctx, nil, limit)
}

// readBody reads a body behind what is in buf, which grows when it has to.
func readBody(ctx *fasthttp.RequestCtx, buf []byte, limit int) ([]byte, collector.Reason) {
	stream := ctx.RequestBodyStream()
	if stream == nil { // not our own server: the body was read already
		stream = bytes.NewReader(ctx.Request.Body())
	}
	declared := ctx.Request.Header.ContentLength() // negative when not known
	if declared > limit {
		_, _ = io.CopyN(io.Discard, stream, int64(limit)+maxSurplusBytes)
		return nil, collector.ReasonBodyTooLarge
	}
	// One byte more than there should be, so that its end is seen.
	buf = slices.Grow(buf, max(declared, 511)+1)
	var err error
	for err == nil && len(buf) <= limit {
		var n int
		buf = slices.Grow(buf, 1)
		n, err = stream.Read(buf[len(buf):min(cap(buf), limit+1)])
		buf = buf[:len(buf)+n]
	}
	switch {
	case len(buf) > limit:
		_, _ = io.CopyN(io.Discard, stream, maxSurplusBytes)
		return buf, collector.ReasonBodyTooLarge
	case err != io.EOF && isTimeout(err):
		return buf, ReasonRequestTimeout
	case err != io.EOF, len(buf) < declared:
		return buf, ReasonRequestMalformed
	case len(buf) == 0:
		return buf, collector.ReasonBodyEmpty
	}
	return buf, ""
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
