package scenario

import (
	"strings"
	"testing"
)

func TestBrowserOf(t *testing.T) {
	const chrome = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/156.0.0.0 Safari/537.36"
	for _, c := range []struct {
		agent, name string
		mobile, bot bool
	}{
		{"", "", false, false},
		{chrome, "Chrome", false, false},
		{strings.Replace(chrome, "Chrome", "HeadlessChrome", 1), "Headless Chrome", false, true},
		{"Mozilla/5.0 (iPhone; CPU iPhone OS 18_7 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Mobile/22G86 Instagram 390.0.0.28.85 (iPhone16,2; iOS 18_7)", "Instagram", true, false},
		{"Mozilla/5.0 (Linux; Android 15; SM-S921B) AppleWebKit/537.36 (KHTML, like Gecko) SamsungBrowser/28.0 Chrome/130.0.0.0 Mobile Safari/537.36", "Samsung Internet", true, false},
		{"Mozilla/5.0 AppleWebKit/537.36 (KHTML, like Gecko; compatible; GPTBot/1.2; +https://openai.com/gptbot)", "", false, true},
		{"Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)", "Googlebot", false, true},
		{"curl/8.5.0", "curl", false, true},
		{strings.Repeat("Mozilla/5.0 (", 10_000), "", false, false},
	} {
		name, mobile, bot := browserOf(c.agent)
		if c.name != "" && !strings.Contains(name, c.name) || mobile != c.mobile || bot != c.bot {
			t.Errorf("%.60s: %q, mobile %t, bot %t; want %q, %t, %t", c.agent, name, mobile, bot, c.name, c.mobile, c.bot)
		}
	}
}
