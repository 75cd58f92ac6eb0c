package quality

import (
	"cmp"
	"slices"
	"strings"

	"golang.org/x/text/language"
	"golang.org/x/text/message"

	"matchkey/collector"
)

// A Gap is one reason why one field did not go along: what it costs is Count
// of Of deliveries.
type Gap struct {
	Send   string           `json:"send"`
	Path   string           `json:"path"`
	Kind   collector.Kind   `json:"kind,omitempty"`
	Reason collector.Reason `json:"reason"`
	Count  int              `json:"count"`
	Of     int              `json:"of"`
}

// Gaps lists the gaps in the fields by which people are recognised, the one
// most worth closing first: count times the weight of its kind, so that an
// e-mail address missing from half goes before a gender missing from all. What
// nobody can or should close (a person's decision, a click that has aged) is
// shown in the coverage and is no gap.
func (c Coverage) Gaps() []Gap {
	var gaps []Gap
	for _, k := range c.Keys {
		if !k.Matches() {
			continue
		}
		for _, m := range k.Missing {
			if closable(m.Reason) {
				gaps = append(gaps, Gap{c.Send, k.Path, k.Kind, m.Reason, m.N, k.Of})
			}
		}
	}
	slices.SortStableFunc(gaps, func(a, b Gap) int {
		return cmp.Compare(b.Count*weight(b.Kind), a.Count*weight(a.Kind))
	})
	return gaps
}

// closable reports whether a site can do anything about a reason. It cannot
// about age; and what a person or the law decided nobody should try to raise a
// number against. Consent's codes are stable (consent.md § 5.4); that no
// consent came along at all is not among them, because a banner that forgot to
// say so is a fault of the site.
func closable(r collector.Reason) bool {
	switch r {
	case collector.ReasonConsentAbsent:
		return true
	case collector.ReasonTooOld:
		return false
	}
	for _, prefix := range []string{
		"consent_", "contact_data_", "ads_", "withdrawn_", "regime_", "ldu_", "gpc_", "gpp_", "usp_", "tcf_", "gcm_", "cmp_",
	} {
		if strings.HasPrefix(string(r), prefix) {
			return false
		}
	}
	return true
}

// Advice is one sentence: how much is missing, and what would close the gap.
// sentences puts reasons into words, for those that have no advice of their own.
func (g Gap) Advice(sentences map[collector.Reason]string) string {
	return message.NewPrinter(language.English).Sprintf("%d of %d %s deliveries lack %s: %s.", g.Count, g.Of, g.Send, g.Path, g.act(sentences))
}

// act is what to do: by reason where the kind does not matter, else by both.
func (g Gap) act(sentences map[collector.Reason]string) string {
	switch g.Reason {
	case collector.ReasonNeverSeen:
		return neverSeen(g.Kind)
	case collector.ReasonAfterConversion:
		return "it was seen only after the conversion; let the page or the shop say it earlier"
	case collector.ReasonMalformed, collector.ReasonNotNormalisable:
		return "a value came that has no valid form; look at how the site fills it, a delivery shows where it came from"
	case collector.ReasonInFuture:
		return "a value came that is dated ahead; check the clock of what sets it"
	case collector.ReasonPrivateAddress:
		return "only a private address was seen; name your proxies in trusted_proxies so that the visitor's own is read"
	case collector.ReasonConsentAbsent:
		return "no consent came with it; check that the banner calls matchkey('consent', …) on the page that has it"
	}
	return g.why(sentences) + "; open a delivery to see where it got lost"
}

// why is the reason in words that fit inside a sentence.
func (g Gap) why(sentences map[collector.Reason]string) string {
	if words := strings.TrimRight(sentences[g.Reason], ". "); words != "" {
		return strings.ToLower(words[:1]) + words[1:]
	}
	if g.Reason == "" {
		return "no reason was given"
	}
	return strings.ReplaceAll(string(g.Reason), "_", " ")
}

// neverSeen says where a kind of identifier could have come from.
func neverSeen(k collector.Kind) string {
	switch k {
	case collector.KindClick:
		return "no ad click is known for them; load the tag on every page that ads lead to, and call identify() so that browser and customer meet"
	case collector.KindBrowser, collector.KindVisitor:
		return "no browser is known for them; call identify() where people sign in or pay, so that browser and customer meet"
	case collector.KindIP, collector.KindUserAgent:
		return "no visit before the conversion is known; call identify() where people sign in or pay, so that their session is found"
	case collector.KindCustomer:
		return "send customer.id with the shop's event, and the same id with identify()"
	}
	return "send customer." + string(k) + " with the shop's event, or with identify()"
}
