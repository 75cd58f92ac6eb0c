package build

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/url"
	"regexp"
	"slices"
	"strings"

	"matchkey/tag"
)

// DefaultGlobal is the name of the page API on window.
const DefaultGlobal = "matchkey"

// clickCookie is the identifier cookie that the tag writes (see tag/src/click.ts).
const clickCookie = "_fbc"

// TagOptions are what the tag of one site is compiled with. The zero value of
// every field but Site and Endpoint is useful.
type TagOptions struct {
	// Site is the site's name; it names the site in errors and is not in the script.
	Site string
	// Endpoint is where beacons go: a path on the page's own origin ("/mk/demo",
	// the best choice: no CORS, an open connection, no cookie limits in Safari),
	// or an absolute http(s) URL.
	Endpoint string
	// CookieDomain is the registrable domain that the site's hosts share; empty
	// means host-only cookies. See [CookieDomain].
	CookieDomain string
	// SubdomainIndex is the number of dots in the cookie domain, the second
	// segment of a click's value (capi.md § 5.1); 0 means 1.
	SubdomainIndex int
	// NoticeHash is the SHA-256 (64 lower-case hex digits) of the consent notice
	// that the site's banner shows, NoticeLanguage its language; both may be empty.
	NoticeHash, NoticeLanguage string
	// Global is the name of the page API on window; empty means [DefaultGlobal].
	// The snippet in the pages must use the same name.
	Global string
	// IdentifierCookies are the cookies whose values go along with beacons, once
	// the person consented. Nil means _fbp and _fbc; an empty list none. A list
	// without _fbc leaves the handling of click ids out of the script.
	IdentifierCookies []string
	// Features are what the tag can do, see [Features]; nil means those of [Default].
	Features []Feature
	// IPv6URL is the address of {prefix}/{site}/ip at a host that is reached by
	// IPv6 only; empty where the edge itself has an IPv6 address.
	IPv6URL string
	// CallingCode is the country's code that phone numbers without one are hashed
	// with in the page ("49"); empty leaves them as they are.
	CallingCode string
	// Words are the banner's by the languages of the site's notices; where one is
	// missing the banner speaks English. See [WordsOf].
	Words map[string]Words
	// Debug leaves the script readable, with a source map inside. It does the same.
	Debug bool
}

// Tag compiles the tag of one site. It fails when an option is wrong or when
// the sources do not compile; the error says which, by file and line.
func Tag(o TagOptions) (Script, error) {
	o = o.withDefaults()
	if err := o.check(); err != nil {
		return Script{}, err
	}
	body, id, err := bundle(tag.Sources(), o.defines(), o.Debug)
	if err != nil {
		return Script{}, fmt.Errorf("the tag of site %q was not built: %w", o.Site, err)
	}
	return newScript(body, id)
}

func (o TagOptions) withDefaults() TagOptions {
	if o.SubdomainIndex == 0 {
		o.SubdomainIndex = 1
	}
	if o.Global == "" {
		o.Global = DefaultGlobal
	}
	if o.IdentifierCookies == nil {
		o.IdentifierCookies = []string{"_fbp", clickCookie}
	}
	if o.Features == nil {
		o.Features = presets[Default]
	}
	if _, ok := o.Words["en"]; !ok {
		o.Words = maps.Clone(o.Words)
		if o.Words == nil {
			o.Words = map[string]Words{}
		}
		o.Words["en"] = english
	}
	if !slices.Contains(o.IdentifierCookies, clickCookie) {
		o.Features = slices.DeleteFunc(slices.Clone(o.Features), func(f Feature) bool { return f == Click || needs[f] == Click })
	}
	return o
}

var (
	hostName    = regexp.MustCompile(`^[a-z0-9-]+(\.[a-z0-9-]+)*$`)
	sha256Hex   = regexp.MustCompile(`^[0-9a-f]{64}$`)
	language    = regexp.MustCompile(`^[A-Za-z0-9-]{1,35}$`)
	callingCode = regexp.MustCompile(`^([1-9][0-9]{0,2})?$`)
	identifier  = regexp.MustCompile(`^[A-Za-z_$][A-Za-z0-9_$]*$`)
	cookieName  = regexp.MustCompile(`^[A-Za-z0-9_.-]{1,64}$`)
)

func (o TagOptions) check() error {
	fault := func(field, must string) error {
		return fmt.Errorf("the tag of site %q was not built: %s must be %s", o.Site, field, must)
	}
	switch {
	case !isEndpoint(o.Endpoint):
		return fault("Endpoint", `a path such as "/mk/demo" or an absolute http(s) URL without query and fragment`)
	case o.CookieDomain != "" && !hostName.MatchString(o.CookieDomain):
		return fault("CookieDomain", `empty or a host name in lower case without a leading dot`)
	case o.SubdomainIndex < 0:
		return fault("SubdomainIndex", "the number of dots in the cookie domain")
	case o.NoticeHash != "" && !sha256Hex.MatchString(o.NoticeHash):
		return fault("NoticeHash", "empty or a SHA-256 as 64 lower-case hex digits")
	case o.NoticeLanguage != "" && !language.MatchString(o.NoticeLanguage):
		return fault("NoticeLanguage", `empty or a language tag such as "de" or "pt-BR"`)
	case o.IPv6URL != "" && (!isEndpoint(o.IPv6URL) || o.IPv6URL[0] == '/'):
		return fault("IPv6URL", "empty or an absolute http(s) URL without query and fragment")
	case !callingCode.MatchString(o.CallingCode):
		return fault("CallingCode", `empty or a country's calling code in digits, such as "49"`)
	case !identifier.MatchString(o.Global):
		return fault("Global", "a JavaScript identifier")
	}
	for _, name := range o.IdentifierCookies {
		if !cookieName.MatchString(name) {
			return fault("every one of IdentifierCookies", "a cookie name of letters, digits, '_', '-' and '.'")
		}
	}
	for name, w := range o.Words {
		if !language.MatchString(name) || slices.Contains(w.inOrder(), "") {
			return fault("Words", `whole, by a language tag such as "de" or "pt-BR"`)
		}
	}
	return nil
}

func isEndpoint(s string) bool {
	u, err := url.Parse(s)
	if err != nil || u.RawQuery != "" || u.Fragment != "" || u.User != nil {
		return false
	}
	if u.Scheme == "" {
		return u.Host == "" && strings.HasPrefix(s, "/")
	}
	return (u.Scheme == "https" || u.Scheme == "http") && u.Host != ""
}

// defines are the constants of tag/src/constants.d.ts, as JSON.
func (o TagOptions) defines() map[string]string {
	banner := map[string][]string{}
	for name, w := range o.Words {
		banner[name] = w.inOrder()
	}
	values := switches(o.Features)
	maps.Copy(values, map[string]any{
		"GLOBAL":             o.Global,
		"ENDPOINT":           o.Endpoint,
		"COOKIE_DOMAIN":      o.CookieDomain,
		"SUBDOMAIN_INDEX":    o.SubdomainIndex,
		"NOTICE_HASH":        o.NoticeHash,
		"NOTICE_LANGUAGE":    o.NoticeLanguage,
		"BANNER_WORDS":       banner,
		"IDENTIFIER_COOKIES": o.IdentifierCookies,
		"IDENTIFIERS":        len(o.IdentifierCookies) > 0,
		"IPV6_URL":           o.IPv6URL,
		"CALLING_CODE":       o.CallingCode,
	})
	defines := make(map[string]string, len(values))
	for name, value := range values {
		encoded, err := json.Marshal(value)
		if err != nil {
			panic("BUG: a constant of the tag is not expressible as JSON: " + err.Error())
		}
		defines[name] = string(encoded)
	}
	return defines
}
