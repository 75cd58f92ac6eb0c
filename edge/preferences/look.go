package preferences

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"strconv"
	"strings"
)

// MaxLogo bounds a logo, which travels inside the page, in bytes.
const MaxLogo = 16 << 10

// A Look is how a site's page appears.
type Look struct {
	// Site is what people call the site. Required.
	Site string
	// Logo is a PNG, JPEG, WebP, GIF or SVG picture of at most [MaxLogo] bytes;
	// empty means none. It is shown beside the site's name, so it says nothing by
	// itself.
	Logo []byte
	// Accent is the colour of buttons and links, #rrggbb; empty means a dark blue.
	// The text on it is black or white, whichever is easier to read.
	Accent string
	// Policy and Home are where the links to the privacy policy and back to the
	// site lead: absolute https or http addresses, or empty for no link.
	Policy, Home string
	// Texts replace the texts of a language, or are a whole language more.
	Texts map[string]Texts
}

// In is every text in a language that there is: the site's own, or those of the
// catalogue; for "de-AT" German ones, too.
func (l Look) In(language string) Texts {
	base, _, _ := strings.Cut(language, "-")
	catalogue := Catalogue()
	return catalogue[base].with(catalogue[language]).with(l.Texts[base]).with(l.Texts[language])
}

const defaultAccent = "#14498c"

var colourForm = regexp.MustCompile(`^#[0-9a-fA-F]{6}$`)

// check lists what is wrong with a look.
func (l Look) check() (faults []string) {
	if l.Site == "" {
		faults = append(faults, "the page needs the name by which people know the site")
	}
	if l.Accent != "" && !colourForm.MatchString(l.Accent) {
		faults = append(faults, fmt.Sprintf("the colour %q is not of the form #14498c", l.Accent))
	}
	if len(l.Logo) > MaxLogo {
		faults = append(faults, fmt.Sprintf("the logo has %d bytes and at most %d are sent with every page", len(l.Logo), MaxLogo))
	}
	if len(l.Logo) > 0 && l.logoType() == "" {
		faults = append(faults, "the logo is not a PNG, JPEG, WebP, GIF or SVG picture")
	}
	for _, link := range []struct{ name, address string }{{"privacy policy", l.Policy}, {"site", l.Home}} {
		u, err := url.Parse(link.address)
		if link.address != "" && (err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http") {
			faults = append(faults, fmt.Sprintf("the address of the %s is not a whole one, such as https://shop.example/privacy", link.name))
		}
	}
	return faults
}

// logoType is the logo's media type; empty when it is no picture.
func (l Look) logoType() string {
	switch t := http.DetectContentType(l.Logo); t {
	case "image/png", "image/jpeg", "image/webp", "image/gif":
		return t
	}
	// A picture in an img element runs no script and loads nothing, SVG included.
	if bytes.Contains(l.Logo[:min(len(l.Logo), 1024)], []byte("<svg")) {
		return "image/svg+xml"
	}
	return ""
}

// logoAddress is the logo as an address that holds it whole.
func (l Look) logoAddress() string {
	if len(l.Logo) == 0 {
		return ""
	}
	return "data:" + l.logoType() + ";base64," + base64.StdEncoding.EncodeToString(l.Logo)
}

func (l Look) accent() string {
	if l.Accent == "" {
		return defaultAccent
	}
	return l.Accent
}

// onAccent is black or white, whichever contrasts more with the accent; one of
// them always has at least 4.5 to 1 (WCAG 2.2, 1.4.3).
func (l Look) onAccent() string {
	if luminance(l.accent()) > 0.179 {
		return "#000000"
	}
	return "#ffffff"
}

// luminance is WCAG's relative luminance of #rrggbb, 0 to 1.
func luminance(colour string) float64 {
	n, err := strconv.ParseUint(colour[1:], 16, 32)
	if err != nil {
		return 0
	}
	return 0.2126*linear(byte(n>>16)) + 0.7152*linear(byte(n>>8)) + 0.0722*linear(byte(n))
}
