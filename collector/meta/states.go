package meta

import "strings"

// stateCodes maps the names of states, districts and territories of the United
// States, and of the provinces and territories of Canada, without blanks and in
// lower case, to their two letters (capi.md § 3.1, § 3.4). Quebec and New Brunswick
// write French, too.
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
	bc Colombie-Britannique
	nb Nouveau-Brunswick
	ns Nouvelle-Écosse
	nl Terre-Neuve-et-Labrador
	pe Île-du-Prince-Édouard
	nt Territoires du Nord-Ouest
	yt Yukon
	yt Yukon Territory
`)

// shortStates are the usual short forms of the names, each with its country.
var shortStates = readShortStates()

type shortState struct{ country, letters string }

func readShortStates() map[string]shortState {
	short := make(map[string]shortState)
	for country, text := range map[string]string{
		"US": `al ala  az ariz  ar ark  ca calif  ca cal  co colo  ct conn  de del  fl fla  il ill  in ind  ks kans  ky ken
			me maine  ma mass  mi mich  mn minn  ms miss  mo mo  mt mont  ne neb  ne nebr  nv nev  nm nmex  nd ndak  ok okla
			or ore  or oreg  pa penn  pa penna  sd sdak  tn tenn  tx tex  wa wash  wv wva  wi wis  wi wisc  wy wyo`,
		"CA": `ab alta  mb man  nl nfld  nt nwt  on ont  pe pei  qc que  qc qué  sk sask  yt yuk`,
	} {
		words := strings.Fields(text)
		for i := 0; i+1 < len(words); i += 2 {
			short[words[i+1]] = shortState{country, words[i]}
		}
	}
	return short
}

func readStates(text string) map[string]string {
	codes := make(map[string]string)
	for line := range strings.Lines(text) {
		if code, name, ok := strings.Cut(strings.TrimSpace(line), " "); ok {
			codes[stateNoise.strip(name)] = code
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
