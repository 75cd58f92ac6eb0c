package build

import "strings"

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

var words = map[string]Words{
	"en": {
		Accept: "Accept all", Reject: "Reject all", Choose: "Choose one by one", Label: "Your privacy choices",
		Signal: "Your browser asks sites not to sell or share your data. We honour that. " +
			"If you accept something here all the same, that counts on this site from then on.",
	},
	"de": {
		Accept: "Alle annehmen", Reject: "Alle ablehnen", Choose: "Einzeln auswählen", Label: "Ihre Datenschutz-Auswahl",
		Signal: "Ihr Browser bittet Websites, Ihre Daten weder zu verkaufen noch weiterzugeben. Wir halten uns daran. " +
			"Wenn Sie hier trotzdem etwas annehmen, gilt das auf dieser Website von da an.",
	},
	"cs": {
		Accept: "Přijmout vše", Reject: "Odmítnout vše", Choose: "Vybrat jednotlivě", Label: "Vaše volby soukromí",
		Signal: "Váš prohlížeč žádá weby, aby vaše údaje neprodávaly ani nesdílely. Řídíme se tím. " +
			"Pokud tu přesto něco přijmete, platí to na tomto webu od té chvíle.",
	},
	"fr": {
		Accept: "Tout accepter", Reject: "Tout refuser", Choose: "Choisir au cas par cas", Label: "Vos choix de confidentialité",
		Signal: "Votre navigateur demande aux sites de ne pas vendre ni partager vos données. Nous le respectons. " +
			"Si vous acceptez tout de même quelque chose ici, cela vaut désormais sur ce site.",
	},
}

// WordsOf returns the banner's words in the languages of a site's notices (BCP
// 47), under their very names: "de-AT" gets German. A language that there are no
// words in is left out. English, German, Czech and French are there.
func WordsOf(languages ...string) map[string]Words {
	all := map[string]Words{}
	for _, name := range languages {
		base, _, _ := strings.Cut(strings.ToLower(name), "-")
		if w, ok := words[base]; ok {
			all[name] = w
		}
	}
	return all
}
