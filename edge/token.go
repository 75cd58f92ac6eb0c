package edge

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"strconv"
	"strings"
	"time"

	"matchkey/collector"
)

// A notice token proves which text was shown. The edge gives one with each text
// that it serves, and the answer brings it back: so what a person saw, in which
// language, under which law and where, is known and not merely said
// (reference/consent.md § 3.4).
//
//	token = "1." <seconds since 1970, base 36> "." <nonce> "." <language> "." <regime> "." <country> "." <surface> "." <mac>
//
// mac is HMAC-SHA-256 in base64url over "matchkey.notice-token.1", site, notice
// hash and the token up to it, each on a line of its own, without a line end after
// the last. None of them can hold one, nor a dot. The hash is not in the token: it
// is in the answer ("n"), and has to be this one.
//
// A token is good for answers of the 24 hours after it was made, by the edge's
// clock. A tag repeats a standing answer for months, and its token with it; what
// counts is when the answer was given.
const (
	tokenVersion   = "1"
	tokenParts     = 8
	tokenAge       = 24 * time.Hour
	tokenClockSkew = time.Minute // an answer is dated by two clocks, to the second
	maxTokenBytes  = 256
	nonceBytes     = 6
)

// A shown says what the edge knew when it served a text.
type shown struct {
	notice, language         string
	regime, country, surface string
}

func (st *site) tokenMAC(notice, before string) string {
	mac := hmac.New(sha256.New, st.tokenKey)
	mac.Write([]byte(strings.Join([]string{"matchkey.notice-token.1", st.name, notice, before}, "\n")))
	return base64.RawURLEncoding.EncodeToString(mac.Sum(nil))
}

// issueToken makes a token for a text that is served at a time. random gives its
// nonce, so that no two are alike.
func (st *site) issueToken(w shown, at time.Time, random *randomness) (string, error) {
	if st.tokenKey == nil {
		return "", nil
	}
	var nonce [nonceBytes]byte
	if err := random.read(nonce[:]); err != nil {
		return "", err
	}
	before := strings.Join([]string{
		tokenVersion, strconv.FormatInt(at.Unix(), 36), base64.RawURLEncoding.EncodeToString(nonce[:]),
		w.language, w.regime, w.country, w.surface,
	}, ".")
	return before + "." + st.tokenMAC(w.notice, before), nil
}

// readToken says what a token proves of an answer to a notice that was given at a
// time, or why it proves nothing. The comparison takes the same time whatever
// differs.
func (st *site) readToken(token, notice string, given time.Time) (w shown, why collector.Reason) {
	if token == "" {
		return w, ReasonTokenMissing
	}
	parts := strings.Split(token, ".")
	i := strings.LastIndexByte(token, '.')
	if st.tokenKey == nil || len(token) > maxTokenBytes || len(parts) != tokenParts || parts[0] != tokenVersion ||
		!hmac.Equal([]byte(token[i+1:]), []byte(st.tokenMAC(notice, token[:i]))) {
		return w, ReasonTokenForged
	}
	made, err := strconv.ParseInt(parts[1], 36, 64)
	if err != nil {
		return w, ReasonTokenForged
	}
	if age := given.Sub(time.Unix(made, 0)); age < -tokenClockSkew || age > tokenAge {
		return w, ReasonTokenExpired
	}
	return shown{notice: notice, language: parts[3], regime: parts[4], country: parts[5], surface: parts[6]}, ""
}

// prove completes an answer by the token that came with it, once the answer is
// dated. Where the site asks for a token and none holds, the answer says so: a yes
// then does not count where consent is asked for first, and a no counts as ever.
func (st *site) prove(given *collector.ConsentAnswer, token string) collector.Reason {
	if given == nil || token == "" && !st.asksToken {
		return ""
	}
	w, why := st.readToken(token, given.Notice, given.At)
	switch {
	case why == "":
		given.Proof, given.Regime, given.Country, given.Surface = collector.ProofToken, w.regime, w.country, w.surface
		given.Language = w.language
		return ""
	case st.asksToken && given.Action == collector.ConsentAccept:
		given.Proof = collector.ProofMissing
		return why
	case token == "":
		return "" // a refusal needs none
	}
	return why
}
