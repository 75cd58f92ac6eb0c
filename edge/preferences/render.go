package preferences

import (
	"bytes"
	"crypto/sha256"
	_ "embed"
	"encoding/base64"
	"errors"
	"fmt"
	"html/template"
	"maps"
	"slices"
	"strings"
	"time"
)

//go:embed page.html
var pageHTML string

//go:embed style.css
var styleCSS string

var page = template.Must(template.New("page").Parse(pageHTML))

// A Renderer makes the pages of one site. It is immutable and safe for concurrent
// use.
type Renderer struct {
	look      Look
	logo      template.URL
	style     template.CSS
	policy    string
	languages []string
	texts     map[string]Texts
}

// New makes a renderer. languages are those in which the site has a notice now,
// the first is the one that counts when a person understands none of them;
// frames are the origins whose pages may show this one in a frame. The error
// lists everything that is wrong.
func New(look Look, languages, frames []string) (*Renderer, error) {
	faults := look.check()
	r := &Renderer{look: look, texts: map[string]Texts{}}
	for _, language := range languages {
		texts := look.In(language)
		if missing := texts.Missing(); len(missing) > 0 {
			faults = append(faults, fmt.Sprintf("the page cannot be shown in the notice's language %q: %s", language, strings.Join(missing, "; ")))
			continue
		}
		r.texts[language] = texts
		r.languages = append(r.languages, language)
	}
	for _, language := range slices.Sorted(maps.Keys(look.Texts)) {
		if !slices.ContainsFunc(languages, func(l string) bool { return l == language || strings.HasPrefix(l, language+"-") }) {
			faults = append(faults, fmt.Sprintf("there are texts in the language %q and no current notice", language))
		}
	}
	if len(languages) == 0 {
		faults = append(faults, "there is no current notice to ask people by")
	}
	if len(faults) > 0 {
		return nil, errors.New(strings.Join(faults, "; "))
	}
	style := fmt.Sprintf(":root{--accent:%s;--on-accent:%s}", look.accent(), look.onAccent()) + styleCSS
	r.style = template.CSS(style)
	r.logo = template.URL(look.logoAddress())
	sum := sha256.Sum256([]byte(style))
	ancestors := "'none'"
	if len(frames) > 0 {
		ancestors = strings.Join(frames, " ")
	}
	r.policy = "default-src 'none'; style-src 'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'; img-src data:; " +
		"form-action 'self'; base-uri 'none'; frame-ancestors " + ancestors
	return r, nil
}

// Policy is the Content-Security-Policy that the page is sent with: the style
// that is in it, the logo, this form; nothing else, and no script.
func (r *Renderer) Policy() string { return r.policy }

// Languages are those the page can be shown in, the default first. The caller must
// not change them.
func (r *Renderer) Languages() []string { return r.languages }

// A line is what the template shows of a choice.
type line struct {
	Choice
	On        bool
	Is        string // what counts
	SinceText string // since when and by which act; may be empty
	UntilText string // until when; may be empty
	SeenDir   string
}

// Sentence is what counts, since when and until when.
func (l line) Sentence() string {
	return strings.Join(slices.DeleteFunc([]string{l.Is, l.SinceText, l.UntilText}, func(s string) bool { return s == "" }), " ")
}

type languageLink struct{ Tag, Name, Address, Dir string }

// Page renders a view as a whole HTML document. It fails only when the view has a
// language that the renderer does not.
func (r *Renderer) Page(v View) ([]byte, error) {
	texts, known := r.texts[v.Language]
	if !known {
		return nil, fmt.Errorf("the preferences page has no language %q", v.Language)
	}
	t := func(key string) string { return r.fill(texts.under(v.OptOut, key), "", "") }
	data := struct {
		View
		T                   func(string) string
		Dir                 string
		Site, Policy, Home  string
		Style               template.CSS
		Logo                template.URL
		Lines               []line
		Others              []languageLink
		Accept, Reject, One string
	}{
		View: v, T: t, Dir: direction(v.Language), Site: r.look.Site, Policy: r.look.Policy, Home: r.look.Home,
		Style: r.style, Logo: r.logo, Accept: AnswerAccept, Reject: AnswerReject, One: AnswerSave,
	}
	for _, c := range v.Choices {
		data.Lines = append(data.Lines, r.line(c, v.OptOut, texts))
	}
	for _, language := range r.languages {
		if language != v.Language && v.LanguageLink != nil {
			data.Others = append(data.Others, languageLink{language, ownName(language), v.LanguageLink(language), direction(language)})
		}
	}
	var b bytes.Buffer
	if err := page.Execute(&b, data); err != nil {
		return nil, fmt.Errorf("BUG: the preferences page cannot be rendered: %w", err)
	}
	return b.Bytes(), nil
}

func (r *Renderer) line(c Choice, optOut bool, texts Texts) line {
	l := line{Choice: c, On: c.on(optOut), Is: r.fill(texts.under(optOut, string(c.State)), "", ""), SeenDir: direction(c.SeenLanguage)}
	if !c.Since.IsZero() {
		how, known := texts["how_"+c.Source]
		switch {
		case known:
		case c.Told:
			how = texts["how_api"]
		default:
			how = texts["how_other"]
		}
		l.SinceText = r.fill(texts["since"], when(c.Since), r.fill(how, "", ""))
	}
	if c.State == Granted && !c.Until.IsZero() {
		l.UntilText = r.fill(texts["until"], when(c.Until), "")
	}
	return l
}

// fill puts what is known into a text. It is done once, so that a site's name
// that looks like a placeholder stays a name.
func (r *Renderer) fill(text, date, how string) string {
	return strings.NewReplacer("{site}", r.look.Site, "{date}", date, "{how}", how).Replace(text)
}

// when writes a time in the same way in every language, with its zone: there is
// no script that could know the reader's.
func when(t time.Time) string { return t.UTC().Format("2006-01-02 15:04 UTC") }
