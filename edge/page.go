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
	origin, path, plain := plainAddress(address)
	if !plain {
		u, err := url.Parse(address)
		if err != nil {
			return "", collector.ReasonMalformed
		}
		var ok bool
		if origin, ok = originOfURL(u); !ok {
			return "", collector.ReasonMalformed
		}
		path = u.EscapedPath()
	}
	if path == "" {
		path = "/"
	}
	if collector.HoldsEmail(path) || collector.HoldsPhone(path) {
		return origin + "/", ReasonContactData
	}
	if plain && len(origin)+len(path) == len(address) {
		return address, "" // the two of them
	}
	return origin + path, ""
}

// plainAddress splits an address into origin and path where both stand in it as
// they are kept, as in most: a host in lower case without a port, and a path of
// which nothing has to be escaped. ok is false when it takes more to tell.
func plainAddress(address string) (origin, path string, ok bool) {
	host, ok := strings.CutPrefix(address, "https://")
	if !ok {
		if host, ok = strings.CutPrefix(address, "http://"); !ok {
			return "", "", false
		}
	}
	end := strings.IndexByte(host, '/')
	if end < 0 {
		end = len(host)
	}
	for i := range end {
		if c := host[i]; !('a' <= c && c <= 'z' || '0' <= c && c <= '9' || c == '.' || c == '-') {
			return "", "", false
		}
	}
	path = host[end:]
	for i := range len(path) {
		if c := path[i]; !isAlphanumeric(c) && strings.IndexByte("/-_.~", c) < 0 {
			return "", "", false
		}
	}
	return address[:len(address)-len(path)], path, end > 0
}
