package build

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"io"

	"github.com/andybalholm/brotli"
)

// A Script is a compiled script in all the forms in which it is served. The
// slices must not be changed.
type Script struct {
	Body, Gzip, Brotli []byte
	// Build is the id that the script puts into its beacons as "b".
	Build string
	// Hash is the first 12 hex digits of the body's SHA-256, for {site}.{hash}.js
	// and the ETag.
	Hash string
	// SRI is the value of an integrity attribute: "sha384-…".
	SRI   string
	Sizes Sizes
}

// Sizes are the bytes of a script: as it is, by gzip -9, by brotli 11.
type Sizes struct {
	Min, Gzip, Brotli int
}

func newScript(body []byte, id string) (Script, error) {
	gzipped, brotlied, err := compress(body)
	if err != nil {
		return Script{}, fmt.Errorf("a script of %d bytes could not be compressed: %w", len(body), err)
	}
	short, long := sha256.Sum256(body), sha512.Sum384(body)
	return Script{
		Body: body, Gzip: gzipped, Brotli: brotlied,
		Build: id,
		Hash:  hex.EncodeToString(short[:])[:12],
		SRI:   "sha384-" + base64.StdEncoding.EncodeToString(long[:]),
		Sizes: Sizes{Min: len(body), Gzip: len(gzipped), Brotli: len(brotlied)},
	}, nil
}

// compress packs once and tightly, because a script is served many times.
func compress(body []byte) (gzipped, brotlied []byte, err error) {
	pack := func(open func(io.Writer) (io.WriteCloser, error)) ([]byte, error) {
		var packed bytes.Buffer
		w, err := open(&packed)
		if err != nil {
			return nil, err
		}
		if _, err := w.Write(body); err != nil {
			return nil, err
		}
		if err := w.Close(); err != nil {
			return nil, err
		}
		return packed.Bytes(), nil
	}
	gzipped, err = pack(func(w io.Writer) (io.WriteCloser, error) { return gzip.NewWriterLevel(w, gzip.BestCompression) })
	if err != nil {
		return nil, nil, err
	}
	brotlied, err = pack(func(w io.Writer) (io.WriteCloser, error) {
		return brotli.NewWriterLevel(w, brotli.BestCompression), nil
	})
	return gzipped, brotlied, err
}
