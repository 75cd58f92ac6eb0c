package tag_test

import (
	"testing"

	"matchkey/tag/browsertest"
)

// TestTag runs every behaviour in one browser, each with a cookie jar and a shop
// of its own. What must not happen is asserted beside what must.
func TestTag(t *testing.T) {
	b := browsertest.New(t)
	for _, c := range []struct {
		behaviour string
		test      func(*testing.T, *browsertest.Browser)
	}{
		{"nothing leaves and nothing is stored before an answer", testUnanswered},
		{"accept releases what was held, with original times", testAccept},
		{"reject sends the refusal and nothing else", testReject},
		{"a stored accept is taken up on the next page", testStoredAccept},
		{"a stored reject silences the next page, but for the customer", testStoredReject},
		{"withdraw names the visitor once and clears up", testWithdraw},
		{"GPC is a refusal without a request", testGPC},
		{"an accept in the face of GPC counts", testAcceptUnderGPC},
		{"GPC ends an earlier accept", testGPCAfterAccept},
		{"categories narrow an accept, here and on the next page", testCategories},
		{"a list of categories that cannot be kept is no accept", testBadCategories},
		{"a bad option does not stop a refusal", testBadRefusal},
		{"a notice and its token are kept with the answer and repeated", testToken},
		{"a refusal with a token tells it too", testTokenRefused},
		{"the banner fits a narrow window, by day and by night", testBannerFits},
		{"memory before an answer is bounded", testHeldBound},
		{"two customers never share a beacon", testTwoCustomers},

		{"fbclid and _fbc", testClickTable},
		{"the cookie's domain is the site's", testCookieDomain},
		{"the cookie's domain is found by trying", testDomainProbe},
		{"_fbp is read and never made", testBrowserID},
		{"a visitor without cookies lasts for the page", testNoCookies},

		{"identify", testIdentify},
		{"cart_update", testCart},
		{"an event with an id of its own", testOwnID},
		{"the Pixel's twin", testTwin},
		{"bad calls cost themselves only", testBadCalls},
		{"an oversized event does not block the rest", testOversized},
		{"properties are taken when the event happens", testProperties},
		{"get", testGet},
		{"calls before the tag and by a kept stub arrive", testStub},
		{"included twice, one wins", testIncludedTwice},

		{"contact data is hashed as the edge would", testHashing},
		{"no layout, no storage while the page loads", testCost},

		{"a strict content security policy", testStrictCSP},
		{"inert where there is no origin, and in frames", testInert},
		{"a page that breaks the browser's functions", testHostilePage},
		{"a page that is only prerendered", testPrerender},
		{"a base element does not lead beacons astray", testBase},

		{"503, then the retry delivers once", testRetry},
		{"Retry-After is waited for", testRetryAfter},
		{"an endpoint that breaks off", testBrokenConnection},
		{"a beacon that the edge refuses is dropped by reason", testRefusedByEdge},
		{"a refusal throws away what waits to be retried", testRefusalDuringOutage},
		{"many events go in several beacons", testManyEvents},
		{"navigation delivers what was just tracked", testNavigation},
		{"closing the tab delivers what was just tracked", testClosing},
		{"a hidden page sends at once", testHidden},
		{"without fetch there is sendBeacon", testNoFetch},
		{"an endpoint on another host needs no preflight", testOtherHost},
	} {
		t.Run(c.behaviour, func(t *testing.T) { c.test(t, b) })
	}
}
