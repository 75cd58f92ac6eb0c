package edge

import (
	"net/netip"
	"strings"
	"time"
)

// Who fetches the picture of an e-mail. Much of it is no person: providers fetch all
// pictures when the mail arrives or by a proxy of theirs, and scanners look at every
// link. Such a request says nothing of when, where and on what anybody reads, so it is
// marked and its address and user agent are the proxy's and are not kept. It is a guess
// by what is said openly: a machine that calls itself a browser passes for a person.

// Values of the property [propertyPrefetchReason].
const (
	fetchedByApple     = "apple_mail_privacy" // Mail Privacy Protection: nothing but "Mozilla/5.0", or Apple's own network
	fetchedByGoogle    = "google_image_proxy"
	fetchedByYahoo     = "yahoo_mail_proxy"
	fetchedByMicrosoft = "microsoft_preview" // what looks at mail for Outlook and says so
	fetchedByScanner   = "scanner"           // a bot, a program, a product of mail security
	fetchedHead        = "head_request"      // asks only whether it is there
	fetchedNameless    = "no_user_agent"
	fetchedAtOnce      = "at_once" // within a second of sending
)

// Properties of an event that tells of an opened e-mail.
const (
	propertyMessage        = "message"
	propertyCampaign       = "campaign"
	propertyPrefetched     = "prefetched"
	propertyPrefetchReason = "prefetch_reason"
)

// atOnce is how long after sending an open is no person's.
const atOnce = time.Second

// appleNetwork is Apple's own.
var appleNetwork = netip.MustParsePrefix("17.0.0.0/8")

// fetchers are parts of user agents in lower case, with what they tell. The first that
// is found counts.
var fetchers = []struct{ part, reason string }{
	{"googleimageproxy", fetchedByGoogle},
	{"edge/12.246 mozilla/5.0", fetchedByGoogle}, // Gmail, when it fetches ahead of the person
	{"yahoomailproxy", fetchedByYahoo},
	{"bingpreview", fetchedByMicrosoft},
	{"skypeuripreview", fetchedByMicrosoft},
	{"microsoft office existence discovery", fetchedByMicrosoft},
	{"barracuda", fetchedByScanner},
	{"proofpoint", fetchedByScanner},
	{"mimecast", fetchedByScanner},
	{"messagelabs", fetchedByScanner},
	{"symantec", fetchedByScanner},
	{"fireeye", fetchedByScanner},
	{"trendmicro", fetchedByScanner},
	{"sophos", fetchedByScanner},
	{"ironport", fetchedByScanner},
	{"fortinet", fetchedByScanner},
	{"zscaler", fetchedByScanner},
	{"bot", fetchedByScanner},
	{"crawl", fetchedByScanner},
	{"spider", fetchedByScanner},
	{"headless", fetchedByScanner},
	{"curl/", fetchedByScanner},
	{"wget/", fetchedByScanner},
	{"python-", fetchedByScanner},
	{"go-http-client", fetchedByScanner},
	{"okhttp", fetchedByScanner},
	{"java/", fetchedByScanner},
}

// A fetch is a request for a picture, as far as it tells who sends it.
type fetch struct {
	head      bool
	userAgent string
	addr      netip.Addr
	// age is how long after sending, when sent is true.
	age  time.Duration
	sent bool
}

// prefetched says by what a fetch was no person's; "" when nothing tells so. Pure.
func (f fetch) prefetched() string {
	agent := strings.TrimSpace(f.userAgent)
	switch {
	case agent == "Mozilla/5.0", f.addr.IsValid() && appleNetwork.Contains(f.addr.Unmap()):
		return fetchedByApple
	case agent == "":
		return fetchedNameless
	}
	lower := strings.ReplaceAll(strings.ToLower(agent), "cubot", "") // a maker of telephones
	for _, known := range fetchers {
		if strings.Contains(lower, known.part) {
			return known.reason
		}
	}
	switch {
	case f.head:
		return fetchedHead
	case f.sent && f.age < atOnce:
		return fetchedAtOnce
	}
	return ""
}
