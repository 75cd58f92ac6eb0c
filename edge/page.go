package edge

import (
	"net/url"
	"strings"

	"matchkey/collector"
)

// maxURL bounds what is kept of an address, in bytes.
const maxURL = 1024

// pageURL keeps origin and path of an address and nothing else: click ids,
// search words and tokens travel in the query, and user names before the host.
// A path that holds an e-mail address or a phone number is cut to "/". why says what was lost,
// if anything.
func pageURL(address string) (kept string, why collector.Reason) {
	if i := strings.IndexAny(address, "?#"); i >= 0 {
		address = address[:i]
	}
	if address == "" {
		return "", ""
	}
	if len(address) > maxURL {
		return "", collector.ReasonFieldTooLong
	}
	u, err := url.Parse(address)
	if err != nil {
		return "", collector.ReasonMalformed
	}
	origin, ok := originOfURL(u)
	if !ok {
		return "", collector.ReasonMalformed
	}
	path := u.EscapedPath()
	if path == "" {
		path = "/"
	}
	if collector.HoldsEmail(path) || collector.HoldsPhone(path) {
		return origin + "/", ReasonContactData
	}
	return origin + path, ""
}
