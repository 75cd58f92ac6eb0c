package graphsim

// The inspection of tokens: /{version}/debug_token. A sender asks it whether
// its token will live, without sending an event. The form of question and
// answer is that of Meta's page on debugging access tokens, read 2026-11;
// capi.md has nothing of it.

import (
	"maps"
	"mime"
	"net/http"
	"net/url"
	"slices"
	"strings"
)

// scopes are what a token of a system user for conversions may do; the last
// one is missing from a token without permission.
var scopes = []string{"ads_read", "business_management", "ads_management"}

// inspects reports whether the request is for this edge.
func (x *exchange) inspects() bool { return len(x.steps) == 2 && x.steps[1] == "debug_token" }

// readInspection reads the parameters of a form or a JSON object; what is
// neither holds none.
func (x *exchange) readInspection() {
	switch kind, _, _ := mime.ParseMediaType(x.r.Header.Get("Content-Type")); kind {
	case "application/json":
		if top, f := parseBody(x.body); f == nil {
			x.top = top
		}
	case "application/x-www-form-urlencoded":
		form, _ := url.ParseQuery(string(x.body)) // as far as it can be read
		for _, name := range slices.Sorted(maps.Keys(form)) {
			x.top = append(x.top, member{name, encode(form.Get(name))})
		}
	}
	x.input = x.parameter("input_token")
	x.findToken()
}

// parameter is one of the query or of the body.
func (x *exchange) parameter(name string) string {
	if v := x.r.URL.Query().Get(name); v != "" {
		return v
	}
	v, _ := text(x.top.get(name))
	return v
}

// inspection is what is said of a token.
type inspection struct {
	AppID               string           `json:"app_id,omitzero"`
	Type                string           `json:"type,omitzero"`
	Application         string           `json:"application,omitzero"`
	DataAccessExpiresAt *int64           `json:"data_access_expires_at,omitzero"` // Unix seconds; 0: never
	ExpiresAt           *int64           `json:"expires_at,omitzero"`             // Unix seconds; 0: never
	Error               *inspectionError `json:"error,omitzero"`
	IsValid             bool             `json:"is_valid"`
	Scopes              []string         `json:"scopes"`
	UserID              string           `json:"user_id,omitzero"`
}

type inspectionError struct {
	Code    int    `json:"code"`
	Message string `json:"message"`
	Subcode int    `json:"subcode,omitzero"`
}

// inspect answers for the token in input_token; the one that asks has to be
// good itself. A POST is read as a GET when it says method=get, in either case, so that no
// token need stand in an address.
func (x *exchange) inspect() judgement {
	j := judgement{header: newHeader("0", x.fault.usage())}
	read := x.r.Method == http.MethodGet || x.r.Method == http.MethodPost && strings.EqualFold(x.parameter("method"), "get")
	switch {
	case stateOfVersion(x.steps[0], x.record.At) == versionUnknown:
		j.refusal = badRequest(400, codePath, "Unknown path components: the version was never released.")
		return j
	case !read:
		j.refusal = badRequest(400, codeParameter, "Unsupported request: debug_token is read with GET, or with POST and method=get.")
		j.refusal.subcode, j.refusal.kind = subObjectMissing, graphMethod
		return j
	}
	if j.refusal = x.authenticate(); j.refusal != nil {
		return j
	}
	j.header = x.versionHeader(j.header, x.steps[0])
	if x.input == "" {
		j.refusal = badRequest(400, codeParameter, "(#100) The parameter input_token is required")
		return j
	}
	j.inspection = encode(map[string]inspection{"data": x.sim.inspected(x)})
	return j
}

func (s *Sim) inspected(x *exchange) inspection {
	if !s.isGood(x.input) {
		return inspection{Scopes: []string{}, Error: &inspectionError{Code: codeToken, Message: "Invalid OAuth access token - Cannot parse access token"}}
	}
	var expires int64
	if !s.tokenExpiresAt.IsZero() {
		expires = s.tokenExpiresAt.Unix()
	}
	out := inspection{
		AppID: "100000000000007", Type: "SYSTEM_USER", Application: "graphsim", UserID: "100000000000008",
		DataAccessExpiresAt: &expires, ExpiresAt: &expires, IsValid: true, Scopes: slices.Clone(scopes),
	}
	if s.missingPermission != 0 {
		out.Scopes = out.Scopes[:len(out.Scopes)-1]
	}
	return out
}
