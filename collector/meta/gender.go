package meta

import "strings"

// genderWords are English words that say f or m, as a form might hold them.
// Meta takes only these two (capi.md § 3.1, § 3.4); every other word is dropped and never guessed.
var genderWords = words("f", `
	f female woman girl lady gal lass maiden miss mrs ms madam ma'am dame
	mother mom mommy mama mum mummy daughter sister aunt niece wife widow bride
	grandmother grandma queen princess duchess countess empress goddess belle
	she her hers herself`,
	"m", `
	m male man boy guy lad gentleman bloke chap fellow mr mister sir
	father dad daddy papa son brother uncle nephew husband widower groom
	grandfather grandpa king prince duke lord emperor god
	he him his himself`)

// words maps each word of the texts to the letter before its text.
func words(letter1, text1, letter2, text2 string) map[string]string {
	m := make(map[string]string)
	for _, w := range strings.Fields(text1) {
		m[w] = letter1
	}
	for _, w := range strings.Fields(text2) {
		m[w] = letter2
	}
	return m
}

// gender is "f" or "m".
func gender(v string) string { return genderWords[strings.ToLower(v)] }
