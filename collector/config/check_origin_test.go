package config

import "testing"

func TestOrigins(t *testing.T) {
	for _, o := range []string{
		"https://shop.example", "http://localhost:8080", "http://127.0.0.1:8080", "https://shop.example:8443",
		"https://xn--bcher-kva.example", "http://[::1]:8080",
	} {
		if _, problem := parseOrigin(o); problem != "" {
			t.Errorf("%s was refused: %s", o, problem)
		}
	}
	for _, o := range []string{
		"shop.example", "https://", "https://shop.example/", "https://shop.example/path", "https://shop.example?x", "https://shop.example#",
		"https://Shop.example", "https://shop.example:443", "http://shop.example:80", "https://*.shop.example", "ftp://shop.example",
		"https://bücher.example", "https://user@shop.example", "null", "https://shop.example:99999x", "https://shop .example", "*",
	} {
		if _, problem := parseOrigin(o); problem == "" {
			t.Errorf("%s was accepted", o)
		}
	}
}

func TestRegistrable(t *testing.T) {
	for host, want := range map[string]string{
		"www.shop.example": "shop.example", "shop.co.uk": "shop.co.uk", "a.b.shop.co.uk": "shop.co.uk",
		"co.uk": "", "localhost": "", "127.0.0.1": "", "::1": "", "": "",
	} {
		if got := registrable(host); got != want {
			t.Errorf("%q belongs to %q, not %q", host, got, want)
		}
	}
}
