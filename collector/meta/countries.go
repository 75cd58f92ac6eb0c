package meta

import "strings"

// countryNames are ways to write a country that the library's list of names
// lacks, in lower case, without accents and anything but letters: the countries'
// own names for themselves, those of Unicode's CLDR, which shops' forms are made
// of, and what people call them. capi.md § 3.1 wants the code of ISO 3166-1.
var countryNames = readCountries(`
	ae الإماراتالعربيةالمتحدة
	ag antiguabarbuda
	at republikosterreich
	ba bosniaherzegovina bosnaihercegovina
	be belgie belgique
	bg българия
	br brasil
	by беларусь
	cd congokinshasa democraticrepublicofcongo drc
	cg congobrazzaville
	ch schweiz suisse svizzera svizra
	ci cotedivoire ivorycoast
	cn 中国 中國 mainlandchina prc
	cy κυπρος
	cz ceskarepublika cesko
	dk danmark
	dz algerie الجزائر
	ee eesti
	eg misir مصر
	es espana
	fi suomi
	gb greatbritain northernireland unitedkingdomofgreatbritain
	gr ελλαδα ελλας hellas ellada
	hk hongkongsar hongkongsarchina 香港
	hr hrvatska
	hu magyarorszag
	ie eire republicofireland
	il ישראל
	in bharat भारत
	is island
	it italia
	jp nippon nihon 日本
	kn saintkittsnevis stkittsnevis
	kr 대한민국 한국 southkorea republicofkorea
	kz казахстан
	lt lietuva
	lv latvija
	ma maroc المغرب
	me crnagora
	mk severnamakedonija
	mo macausar macaosarchina macausarchina 澳門
	mx mexico estadosunidosmexicanos
	nl nederland thenetherlands
	no norge noreg
	pe peru
	ph pilipinas thephilippines
	pl polska
	pm saintpierremiquelon stpierremiquelon
	ps palestinestateof stateofpalestine palestinianterritories
	pt portugal
	ro romania
	rs srbija србија
	ru rossiya россия rossija
	sa المملكةالعربيةالسعودية السعودية ksa
	se sverige
	sg singapura
	si slovenija
	sj svalbardjanmayen
	sk slovensko slovenskarepublika
	st saotomeprincipe
	tc turkscaicosislands turksandcaicos
	td cad tchad
	th ประเทศไทย ไทย prathetthai
	tr turkiye
	tt trinidadtobago
	tw 台灣 臺灣 台湾
	ua ukraina україна украина
	us america theunitedstates usofa estadosunidos
	vc saintvincentgrenadines stvincentgrenadines
	vn vietnam
	wf wallisfutuna
	za suidafrika
`)

func readCountries(text string) map[string]string {
	names := map[string]string{
		"guiana": "", // once three countries
		"uk":     "gb",
		"el":     "gr", // as the European Union writes it
	}
	for line := range strings.Lines(text) {
		if words := strings.Fields(line); len(words) > 0 {
			for _, name := range words[1:] {
				names[lower(keep(foldAccents(name), isLetterOrMark))] = words[0]
			}
		}
	}
	return names
}
