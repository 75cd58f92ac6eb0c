package preferences_test

import (
	"flag"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"matchkey/edge/preferences"
)

var update = flag.Bool("update", false, "rewrite the golden pages")

func TestEveryLanguageIsComplete(t *testing.T) {
	catalogue := preferences.Catalogue()
	for _, want := range []string{"en", "de", "cs", "fr"} {
		if catalogue[want] == nil {
			t.Errorf("there is no catalogue for %q", want)
		}
	}
	for language, texts := range catalogue {
		for _, fault := range texts.Missing() {
			t.Errorf("%s: %s", language, fault)
		}
	}
	english := catalogue["en"]
	for language, texts := range catalogue {
		for key, text := range texts {
			if language != "en" && text == english[key] {
				t.Errorf("%s: %q is as in English", language, key)
			}
		}
	}
}

var shop = preferences.Look{
	Site: "Shop & Söhne", Policy: "https://shop.example/privacy", Home: "https://shop.example/",
	Logo: []byte(`<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 8 8"><path fill="#888" d="M0 0h8v8z"/></svg>`),
}

func renderer(t *testing.T, look preferences.Look, languages ...string) *preferences.Renderer {
	t.Helper()
	r, err := preferences.New(look, languages, nil)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

var asked = time.Date(2026, 11, 25, 18, 30, 0, 0, time.UTC)

// view is a page on which every state occurs.
func view(language string) preferences.View {
	return preferences.View{
		Language: language, Notice: "May we tell Meta Platforms Ireland Ltd. what you buy?\nYou can say no.",
		GPC: true, Message: preferences.Saved, Action: "/mk/shop/choices", Receipt: "/mk/shop/choices/receipt",
		Form: map[string]string{"form": "signed"},
		Choices: []preferences.Choice{
			{ID: "measurement", Label: "Measurement", Description: "To count orders.", State: preferences.Granted, Since: asked,
				Until: asked.AddDate(0, 6, 0), Source: "banner", Seen: "May we?", SeenLanguage: "en"},
			{ID: "matching", Label: "Matching", State: preferences.Refused, Since: asked, Source: "preferences_page"},
			{ID: "personalised", Label: "Personalised advertising", State: preferences.Expired, Since: asked.AddDate(-1, 0, 0), Source: "api"},
			{ID: "other", Label: "Other", State: preferences.Unset},
		},
		LanguageLink: func(l string) string { return "/mk/shop/choices?lang=" + l },
	}
}

func TestGoldenPages(t *testing.T) {
	r := renderer(t, shop, "en", "de", "cs", "fr")
	for _, language := range r.Languages() {
		for name, change := range map[string]func(*preferences.View){
			"": func(*preferences.View) {},
			"opt_out": func(v *preferences.View) {
				v.OptOut, v.Account, v.Message, v.GPC = true, true, preferences.Stale, false
			},
		} {
			v := view(language)
			change(&v)
			got, err := r.Page(v)
			if err != nil {
				t.Fatal(err)
			}
			file := filepath.Join("testdata", strings.Trim(language+"_"+name, "_")+".html")
			if *update {
				if err := os.WriteFile(file, got, 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(file)
			if err != nil || string(want) != string(got) {
				t.Errorf("%s is not what is rendered now (%v); look at the difference, then rewrite it with -update:\n%s", file, err, got)
			}
			if len(got) > 30<<10 {
				t.Errorf("%s has %d bytes; 30 kB are the most", file, len(got))
			}
		}
	}
}

// TestWhoTook tells an answer that the site's back end told from one that was given on
// the site, also where the surface is one that the page has no words for.
func TestWhoTook(t *testing.T) {
	r := renderer(t, shop, "en")
	for _, c := range []struct {
		source string
		told   bool
		want   string
	}{
		{"crm", true, "told to us by"}, {"cmp:cookiebot", true, "told to us by"}, {"popup", false, "answered on the site"},
		{"banner", true, "answered in the site’s banner"},
	} {
		v := view("en")
		v.Choices = []preferences.Choice{{ID: "a", Label: "A", State: preferences.Refused, Since: asked, Source: c.source, Told: c.told}}
		page, err := r.Page(v)
		if err != nil || !strings.Contains(string(page), c.want) {
			t.Errorf("%+v: %v\n%s", c, err, page)
		}
	}
}

// TestYesAndNoAreAlike holds that the two buttons differ in nothing but their
// value and words, and that nothing else can be pressed before them.
func TestYesAndNoAreAlike(t *testing.T) {
	page, err := renderer(t, shop, "en").Page(view("en"))
	if err != nil {
		t.Fatal(err)
	}
	buttons := regexp.MustCompile(`<(button|a|input type="checkbox"|summary)\b[^>]*>[^<]*`).FindAllString(string(page), 2)
	if len(buttons) != 2 {
		t.Fatalf("%q", buttons)
	}
	yes := strings.NewReplacer("accept_all", "X", "Accept all", "X").Replace(buttons[0])
	no := strings.NewReplacer("reject_all", "X", "Reject all", "X").Replace(buttons[1])
	if yes != no {
		t.Errorf("the buttons differ:\n%s\n%s", buttons[0], buttons[1])
	}
}

func TestWhatIsTicked(t *testing.T) {
	ticked := func(v preferences.View) (ids []string) {
		page, err := renderer(t, shop, "en").Page(v)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range regexp.MustCompile(`value="([a-z]+)" aria-describedby="[^"]*" checked`).FindAllStringSubmatch(string(page), -1) {
			ids = append(ids, m[1])
		}
		return ids
	}
	v := view("en")
	if got := ticked(v); !slices.Equal(got, []string{"measurement"}) {
		t.Errorf("where people are asked first: %q", got)
	}
	v.OptOut = true
	if got := ticked(v); !slices.Equal(got, []string{"measurement", "other"}) {
		t.Errorf("where people object: %q", got)
	}
}

// TestHostileTexts puts markup wherever words come from outside.
func TestHostileTexts(t *testing.T) {
	const bad = `"'><script>alert(1)</script><img src=x onerror=alert(1)>{{.}}</style>`
	look := shop
	look.Site = bad
	r := renderer(t, look, "en")
	v := view("en")
	v.Notice, v.Action, v.Receipt, v.Form = bad, "/"+bad, "javascript:alert(1)", map[string]string{bad: bad}
	for i := range v.Choices {
		c := &v.Choices[i]
		c.ID, c.Label, c.Description, c.Source, c.Seen, c.SeenLanguage = bad, bad, bad, bad, bad, bad
	}
	page, err := r.Page(v)
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range []string{"<script", "<img src=x", "javascript:alert", "</style><", "onerror=alert(1)>{"} {
		if strings.Contains(string(page), s) {
			t.Errorf("the page has %q", s)
		}
	}
}

func TestWhatIsWrongWithALook(t *testing.T) {
	for name, c := range map[string]struct {
		look      preferences.Look
		languages []string
		want      string
	}{
		"no name":             {preferences.Look{}, []string{"en"}, "the name by which people know the site"},
		"colour":              {preferences.Look{Site: "s", Accent: "red"}, []string{"en"}, `"red" is not of the form`},
		"logo":                {preferences.Look{Site: "s", Logo: []byte("hello")}, []string{"en"}, "not a PNG"},
		"large logo":          {preferences.Look{Site: "s", Logo: make([]byte, preferences.MaxLogo+1)}, []string{"en"}, "at most 16384"},
		"policy":              {preferences.Look{Site: "s", Policy: "javascript:x"}, []string{"en"}, "privacy policy is not a whole one"},
		"no notice":           {preferences.Look{Site: "s"}, nil, "no current notice"},
		"unknown language":    {preferences.Look{Site: "s"}, []string{"pl"}, `language "pl": the text "accept_all" is missing`},
		"texts nobody needs":  {preferences.Look{Site: "s", Texts: map[string]preferences.Texts{"pl": {}}}, []string{"en"}, `texts in the language "pl"`},
		"unknown key":         {preferences.Look{Site: "s", Texts: map[string]preferences.Texts{"en": {"titel": "x"}}}, []string{"en"}, `no text "titel"`},
		"missing placeholder": {preferences.Look{Site: "s", Texts: map[string]preferences.Texts{"en": {"since": "x"}}}, []string{"en"}, `"since" needs {date}`},
	} {
		_, err := preferences.New(c.look, c.languages, nil)
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestALanguageOfTheSitesOwn shows the page from the right in a language that
// only the site's configuration has.
func TestALanguageOfTheSitesOwn(t *testing.T) {
	arabic := preferences.Texts{}
	for key, text := range preferences.Catalogue()["en"] {
		arabic[key] = "ع " + text
	}
	look := shop
	look.Texts = map[string]preferences.Texts{"ar": arabic}
	page, err := renderer(t, look, "en", "ar", "de-AT").Page(view("ar"))
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range []string{`<html lang="ar" dir="rtl">`, `hreflang="de-AT">Deutsch (AT)</a>`, `lang="en" dir="ltr">May we?`} {
		if !strings.Contains(string(page), s) {
			t.Errorf("the page lacks %s", s)
		}
	}
}

func TestReceipt(t *testing.T) {
	got, err := renderer(t, shop, "de").Receipt(view("de"), "r-1", asked)
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join("testdata", "receipt.json")
	if *update {
		if err := os.WriteFile(file, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if want, err := os.ReadFile(file); err != nil || string(want) != string(got) {
		t.Errorf("the receipt is not as in %s (%v); look at the difference, then rewrite it with -update:\n%s", file, err, got)
	}
}
