package build

import "slices"

// Words are what the banner says itself, in one language; the notice says the
// rest. They are those of the preferences page, so that a button means the same
// in both places.
type Words struct {
	// Accept, Reject and Choose stand on the two buttons and the link to the
	// preferences page.
	Accept, Reject, Choose string
	// Label names the banner to a screen reader.
	Label string
	// Signal says that the browser's privacy signal is honoured, and what an accept
	// means nevertheless.
	Signal string
}

// inOrder are the words as the tag has them (tag/src/constants.d.ts).
func (w Words) inOrder() []string { return []string{w.Accept, w.Reject, w.Choose, w.Label, w.Signal} }

// english is for whoever reads none of a site's languages.
var english = Words{
	Accept: "Accept all", Reject: "Reject all", Choose: "Choose one by one", Label: "Your privacy choices",
	Signal: "Your browser asks sites not to sell or share your data. We honour that. " +
		"If you accept something here all the same, that counts on this site from then on.",
}

// WordsOf picks the banner's words in the languages of a site's notices (BCP 47) from
// the texts of the preferences page, which texts gives by their keys. A language in
// which a word is missing is left out.
func WordsOf(languages []string, texts func(language string) map[string]string) map[string]Words {
	all := map[string]Words{}
	for _, name := range languages {
		t := texts(name)
		w := Words{Accept: t["accept_all"], Reject: t["reject_all"], Choose: t["each"], Label: t["title"], Signal: t["gpc"] + " " + t["gpc_accept"]}
		if t["gpc"] != "" && t["gpc_accept"] != "" && !slices.Contains(w.inOrder(), "") {
			all[name] = w
		}
	}
	return all
}
