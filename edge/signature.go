package edge

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"strconv"
	"strings"
	"time"

	"matchkey/collector"
)

// A signed identify. What a browser says of who its customer is, is a claim. A
// site may give the edge a key with which its back end signs the claim; then an
// unsigned one links nobody.
//
//	signature = <expiry, seconds since 1970> "." <HMAC-SHA-256, lower-case hex>
//
// over "matchkey.identify.1", site, customer id and expiry, each on a line of
// its own, without a line end after the last. None of them can hold a line end.
// This is part of the wire format; docs/http-api.md gives it to the sites.

// maxSignatureAhead bounds how long a signature may be good for: who has one is
// the customer until it ends.
const maxSignatureAhead = 24 * time.Hour

// signatureOf is the signature of a customer id of a site.
func signatureOf(key, site, customer string, expiry int64) string {
	end := strconv.FormatInt(expiry, 10)
	mac := hmac.New(sha256.New, []byte(key))
	mac.Write([]byte(strings.Join([]string{"matchkey.identify.1", site, customer, end}, "\n")))
	return end + "." + hex.EncodeToString(mac.Sum(nil))
}

// believes says why a browser's word on who its customer is does not count; ""
// when it does. Expiry goes by the edge's clock. The comparison takes the same
// time whatever differs.
func (s *site) believes(customer, signature string, now time.Time) collector.Reason {
	if s.identifyKey == "" {
		return ""
	}
	if signature == "" {
		return ReasonIdentifyUnsigned
	}
	end, _, _ := strings.Cut(signature, ".")
	expiry, err := strconv.ParseInt(end, 10, 64)
	if err != nil || !hmac.Equal([]byte(signature), []byte(signatureOf(s.identifyKey, s.name, customer, expiry))) {
		return ReasonIdentifyForged
	}
	switch left := expiry - now.Unix(); {
	case left <= 0:
		return ReasonIdentifyExpired
	case left > int64(maxSignatureAhead/time.Second):
		return ReasonIdentifyTooLong
	}
	return ""
}
