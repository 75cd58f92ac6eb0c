package graphsim

// What an error says to people: titles and texts in the language of the
// token's owner, and error_data in one of two forms (capi.md § 6.3). A sender
// must branch on neither.

import (
	"cmp"
	"fmt"
)

// dressing is a choice of both.
type dressing struct {
	language string // a key of translations, or en
	data     string // object, string or none
}

// languageOf and dataFormOf choose by turns.
func languageOf(nth int) string {
	if nth%2 == 1 {
		return "fr"
	}
	return "en"
}

func dataFormOf(nth int) string {
	if nth%4 >= 2 {
		return "string"
	}
	return "object"
}

// put writes what a refusal says into an error.
func (g dressing) put(d *errorDetail, f *refusal) {
	d.Title, d.UserMsg = cmp.Or(titles[f.subcode][0], "Invalid Parameter"), f.why+" At "+f.blame()+"."
	if t, ok := translations[g.language]; ok {
		d.Title, d.UserMsg = t.title, fmt.Sprintf(t.text, f.blame())
		if g.language == "fr" && titles[f.subcode][1] != "" {
			d.Title = titles[f.subcode][1]
		}
	}
	data := blamed{[][]string{f.fields()}}
	switch g.data {
	case "object":
		d.Data = data
	case "string":
		d.Data = string(encode(data))
	}
}

// translations are the languages that were seen; the words are ours.
var translations = map[string]struct{ title, text string }{
	"fr": {"Paramètre non valide", "Le paramètre %s n’est pas accepté."},
	"da": {"Ugyldig parameter", "Parameteren %s accepteres ikke."},
	"pt": {"Parâmetro inválido", "O parâmetro %s não é aceito."},
	"it": {"Parametro non valido", "Il parametro %s non è accettato."},
}

// titles are our own words but for those that capi.md § 6.5 quotes.
var titles = map[int][2]string{
	subClickID:          {"Click ID Incorrectly Formatted", "Identifiant de clic mal formé"},
	subTooOld:           {"Event Timestamp Too Old", "Horodatage de l’évènement trop ancien"},
	subInFuture:         {"Event Timestamp In The Future", "Horodatage de l’évènement dans le futur"},
	subNoValue:          {"Purchase Without Value", "Achat sans montant"},
	subNoCurrency:       {"Purchase Without Currency", "Achat sans devise"},
	subNotUsable:        {"Parameter Not Usable", "Paramètre inutilisable"},
	subStructure:        {"Server Side Api Parameter Error", "Erreur de paramètre de l’API serveur"},
	subLeadID:           {"Invalid Lead ID", "Identifiant de prospect non valide"},
	subExtInfo:          {"App Event Without OS Version", "Évènement d’application sans version du système"},
	subTooWeak:          {"Not Enough Customer Information", "Informations client insuffisantes"},
	subMessagingName:    {"Event Name Not Allowed For Messaging", "Nom d’évènement non autorisé pour la messagerie"},
	subMessagingClickID: {"Invalid Messaging Click ID", "Identifiant de clic de messagerie non valide"},
}
