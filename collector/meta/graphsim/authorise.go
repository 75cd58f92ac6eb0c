package graphsim

// What Meta checks of a request as a whole, before it looks at any event: its
// path, its version, its token, its dataset (capi.md § 1).

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"mime"
	"net/http"
	"strconv"
	"strings"
	"time"
)

func stepsOf(path string) []string { return strings.Split(strings.Trim(path, "/"), "/") }

// route reads /{version}/{dataset}/events.
func (x *exchange) route() (version, dataset string, f *refusal) {
	steps := x.steps
	if len(steps) == 2 && steps[1] == "events" {
		return "", "", badRequest(400, codeUnversioned,
			"(#2635) You are calling a deprecated version of the Ads API: the path has no version.")
	}
	if len(steps) != 3 || steps[2] != "events" || stateOfVersion(steps[0], x.record.At) == versionUnknown {
		return "", "", badRequest(400, codePath,
			"Unknown path components: only POST /{version}/{dataset}/events is here, with a version that was released.")
	}
	if x.r.Method != http.MethodPost {
		f := badRequest(400, codeParameter, "Unsupported request: the events edge only takes POST.")
		f.subcode, f.kind = subObjectMissing, graphMethod
		return "", "", f
	}
	return steps[0], steps[1], nil
}

// authenticate checks the token: whether it is the good one, is not past its
// end, and comes with its proof where the app has a secret (§ 1.4).
func (x *exchange) authenticate() *refusal {
	s := x.sim
	switch {
	case !s.isGood(x.token):
		return badRequest(http.StatusUnauthorized, codeToken, "Invalid OAuth access token - Cannot parse access token")
	case s.expired(x.record.At):
		f := badRequest(http.StatusUnauthorized, codeToken, "Error validating access token: Session has expired")
		f.subcode = subTokenExpired
		return f
	case s.appSecret == "":
		return nil
	}
	switch x.proof() {
	case proofOf(s.appSecret, x.token):
		return nil
	case "":
		return badProof("API calls from the server require an appsecret_proof argument")
	}
	return badProof("Invalid appsecret_proof provided in the API argument")
}

// isGood: any token is when none was named.
func (s *Sim) isGood(token string) bool { return token != "" && (s.token == "" || token == s.token) }

func (s *Sim) expired(now time.Time) bool {
	return !s.tokenExpiresAt.IsZero() && !now.Before(s.tokenExpiresAt)
}

// badProof is code 100, as integrators report it; capi.md says only that the
// call fails.
func badProof(why string) *refusal {
	f := badRequest(400, codeParameter, why)
	f.kind = graphMethod
	return f
}

// proof is the appsecret_proof of the query or of the body.
func (x *exchange) proof() string {
	if p := x.r.URL.Query().Get("appsecret_proof"); p != "" {
		return p
	}
	p, _ := text(x.top.get("appsecret_proof"))
	return p
}

func proofOf(secret, token string) string {
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write([]byte(token))
	return hex.EncodeToString(mac.Sum(nil))
}

// authorise checks whether the dataset is one that the token may use.
func (x *exchange) authorise(dataset string) *refusal {
	s := x.sim
	if !digits(dataset) {
		return badRequest(http.StatusNotFound, codeAlias, "(#803) Some of the aliases you requested do not exist")
	}
	if s.dataset != "" && dataset != s.dataset {
		f := badRequest(400, codeParameter, "Unsupported post request. The object does not exist, cannot be loaded due to"+
			" missing permissions, or does not support this operation")
		f.subcode, f.kind = subObjectMissing, graphMethod
		return f
	}
	if code := s.missingPermission; code != 0 {
		return badRequest(http.StatusForbidden, code, "(#"+strconv.Itoa(code)+") Permissions error: ads_management is required")
	}
	return nil
}

// versionHeader says which version answered, and warns when it was not the one asked for.
func (x *exchange) versionHeader(h http.Header, version string) http.Header {
	if stateOfVersion(version, x.record.At) == versionDead || x.fault.Kind == FaultVersionWarning {
		h.Set("X-Ad-Api-Version-Warning", "The call has been auto-upgraded as "+version+" has been deprecated")
		for _, v := range apiVersions {
			if stateOfVersion(v.name, x.record.At) == versionAlive {
				version = v.name // the oldest that is alive
			}
		}
	}
	h.Set("Facebook-Api-Version", version)
	return h
}

// readBody reads the body's top level. Only JSON is read: form encodings, which
// Meta takes too, find no data here, as a JSON body with a form's content type
// finds none there.
func (x *exchange) readBody() (object, *refusal) {
	kind, _, err := mime.ParseMediaType(x.r.Header.Get("Content-Type"))
	if err != nil || kind != "application/json" {
		return nil, badRequest(400, codeParameter, "(#100) The parameter data is required: this API reads application/json only.")
	}
	if enc := x.r.Header.Get("Content-Encoding"); enc != "" && enc != "identity" {
		return nil, badRequest(400, codeParameter, "(#100) The body has a content encoding: whether Meta would read it is not documented.")
	}
	return parseBody(x.body)
}

// findToken takes the token from where Meta takes it, the header first, and
// reports every other place where it, or any token, stands.
func (x *exchange) findToken() {
	scheme, bearer, _ := strings.Cut(x.r.Header.Get("Authorization"), " ")
	if !strings.EqualFold(scheme, "Bearer") {
		bearer = ""
	}
	inQuery := x.r.URL.Query().Get("access_token")
	inBody, _ := text(x.top.get("access_token"))
	for _, t := range []string{bearer, inQuery, inBody} {
		if x.token == "" {
			x.token = t
		}
	}
	secret := x.sim.token
	if secret == "" {
		secret = x.token
	}
	searched := x.body
	if x.inspects() { // where the token to inspect belongs
		searched = nil
	}
	x.leaks = leaks(x.r, searched, []string{secret, x.sim.appSecret}, inQuery != "" || x.r.URL.Query().Has("input_token"), inBody != "")
	x.record.TokenOnlyInHeader = bearer != "" && (x.sim.token == "" || bearer == x.sim.token) && len(x.leaks) == 0
}

// digits reports whether s is made of 1 to 20 decimal digits, as Meta's ids are.
func digits(s string) bool {
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return false
		}
	}
	return len(s) > 0 && len(s) <= 20
}
