package scenario

// What a condition may ask of a user agent. The parser is frozen since 2023 and
// wrong where our visitors are: it takes Instagram's own browser for Safari and
// Samsung's for Android, and misses most crawlers of today. So the few words
// that matter here are looked for first.

import (
	"strings"

	"github.com/mssola/useragent"
)

// maxUserAgent bounds what is parsed; the edge keeps no more.
const maxUserAgent = 512

// inApp are browsers by the word that gives them away, in-app browsers first:
// their user agents also carry the word of the engine that they are built on.
var inApp = []struct{ word, name string }{
	{"Instagram", "Instagram"}, {"FBAN", "Facebook"}, {"FBAV", "Facebook"}, {"FB_IAB", "Facebook"},
	{"SamsungBrowser/", "Samsung Internet"}, {"CriOS/", "Chrome"}, {"FxiOS/", "Firefox"},
}

// automatic are words that no person's browser has, in lower case.
var automatic = []string{"bot", "crawl", "spider", "headless", "lighthouse", "curl/", "wget/", "python-", "go-http-client"}

// browserOf gives a browser's name ("Chrome", "Instagram", "" when unknown),
// and whether it is a telephone's and whether nobody sits in front of it.
func browserOf(userAgent string) (name string, mobile, bot bool) {
	if userAgent == "" {
		return "", false, false
	}
	if len(userAgent) > maxUserAgent {
		userAgent = userAgent[:maxUserAgent]
	}
	parsed := useragent.New(userAgent)
	name, _ = parsed.Browser()
	for _, b := range inApp {
		if strings.Contains(userAgent, b.word) {
			name = b.name
			break
		}
	}
	bot = parsed.Bot()
	lower := strings.ToLower(userAgent)
	for _, word := range automatic {
		bot = bot || strings.Contains(lower, word)
	}
	return name, parsed.Mobile(), bot
}
