package meta

// externalID is the site's own customer id in lower case without blanks. Meta
// leaves the form open; its parameter builder does this, and the Pixel is seen
// to lower-case before it hashes (capi.md § 3.6), so that browser and server
// mean the same person.
func externalID(v string) string { return blanks.strip(v) }

var blanks = newNoise(isBlank)
