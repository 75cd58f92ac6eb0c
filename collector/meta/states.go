package meta

import "strings"

// stateCodes maps the names of states, districts and territories of the United
// States, and of the provinces and territories of Canada, without blanks and in
// lower case, to their two letters.
var stateCodes = readStates(`
	al Alabama
	ak Alaska
	az Arizona
	ar Arkansas
	ca California
	co Colorado
	ct Connecticut
	de Delaware
	dc District of Columbia
	dc Washington DC
	fl Florida
	ga Georgia
	hi Hawaii
	id Idaho
	il Illinois
	in Indiana
	ia Iowa
	ks Kansas
	ky Kentucky
	la Louisiana
	me Maine
	md Maryland
	ma Massachusetts
	mi Michigan
	mn Minnesota
	ms Mississippi
	mo Missouri
	mt Montana
	ne Nebraska
	nv Nevada
	nh New Hampshire
	nj New Jersey
	nm New Mexico
	ny New York
	nc North Carolina
	nd North Dakota
	oh Ohio
	ok Oklahoma
	or Oregon
	pa Pennsylvania
	ri Rhode Island
	sc South Carolina
	sd South Dakota
	tn Tennessee
	tx Texas
	ut Utah
	vt Vermont
	va Virginia
	wa Washington
	wv West Virginia
	wi Wisconsin
	wy Wyoming
	as American Samoa
	gu Guam
	mp Northern Mariana Islands
	pr Puerto Rico
	vi Virgin Islands
	vi US Virgin Islands
	ab Alberta
	bc British Columbia
	mb Manitoba
	nb New Brunswick
	nl Newfoundland and Labrador
	nl Newfoundland
	nl NewfoundlandLabrador
	ns Nova Scotia
	nt Northwest Territories
	nu Nunavut
	on Ontario
	pe Prince Edward Island
	qc Quebec
	qc Québec
	sk Saskatchewan
	yt Yukon
	yt Yukon Territory
`)

func readStates(text string) map[string]string {
	codes := make(map[string]string)
	for line := range strings.Lines(text) {
		if code, name, ok := strings.Cut(strings.TrimSpace(line), " "); ok {
			codes[strings.ToLower(without(name, isBlank))] = code
		}
	}
	return codes
}

// knownState are the two letters themselves.
var knownState = func() map[string]bool {
	known := make(map[string]bool, len(stateCodes))
	for _, code := range stateCodes {
		known[code] = true
	}
	return known
}()
