package console

import (
	"net/http"
	"strings"
	"testing"
)

func TestVerifyConsentByScript(t *testing.T) {
	h := shop().console(t)
	good := "/api/consent/verify?key=ab&anchor=shop:3:" + strings.Repeat("a", 64)
	wantText(t, get(t, h, good).Body.String(), `"site": "shop"`, `"seq": 3`)
	for _, bad := range []string{"?anchor=shop", "?anchor=shop:x:" + strings.Repeat("a", 64), "?anchor=shop:3:short", "?" + strings.Repeat("key=a&", 200)} {
		if w := get(t, h, "/api/consent/verify"+bad); w.Code != http.StatusBadRequest {
			t.Errorf("%.30s is answered %d", bad, w.Code)
		}
	}
}
