package edge

import (
	"time"

	"github.com/go-json-experiment/json"
	"github.com/valyala/fasthttp"
	"golang.org/x/text/language"

	"matchkey/collector"
)

// The texts that people are asked with, for whoever shows them: a banner, a
// consent tool, the preferences page. Each comes with a token that says that the
// edge served it (token.go).

// A Category is one thing that people are asked for, as they read it.
type Category struct {
	// ID is what answers call it.
	ID string
	// Texts are its words by language (BCP 47); the one under "" stands for every
	// other.
	Texts map[string]CategoryText
	// Purposes are what a yes allows, Recipients whom it is for; without any it is
	// for everybody whom the notice names.
	Purposes, Recipients []string
	// Validity is how long a yes counts; zero means the policy's longest.
	Validity time.Duration
}

// A CategoryText is how a category reads in one language.
type CategoryText struct{ Label, Description string }

// In is how the category reads in a language, or in the one nearest to it.
func (c Category) In(name string) CategoryText {
	if text, ok := c.Texts[name]; ok {
		return text
	}
	base, _ := language.Make(name).Base()
	if text, ok := c.Texts[base.String()]; ok {
		return text
	}
	return c.Texts[""]
}

// A shownNotice is one text with all that a surface needs to ask with it.
type shownNotice struct {
	Language   string          `json:"language"`
	Hash       string          `json:"hash"`
	Text       string          `json:"text"`
	Recipients []string        `json:"recipients"`
	Epoch      int             `json:"epoch"`
	Token      string          `json:"token,omitempty"`
	Categories []shownCategory `json:"categories"`
}

type shownCategory struct {
	ID          string   `json:"id"`
	Label       string   `json:"label"`
	Description string   `json:"description,omitempty"`
	Purposes    []string `json:"purposes"`
	Recipients  []string `json:"recipients,omitempty"`
	// Days is how long a yes counts at most.
	Days int `json:"days,omitzero"`
}

// surfaceNotice is whoever asked the edge for the texts itself.
const surfaceNotice = "notice"

// currentNotice is the text that is shown now, in the language that comes nearest
// to what is wanted (a tag, or an Accept-Language header), with a token that says
// on which surface and in which place it was served. ok is false when the site has
// none.
func (s *Server) currentNotice(st *site, wanted, surface string, where collector.Geo) (n shownNotice, ok bool, err error) {
	if len(st.notices) == 0 {
		return n, false, nil
	}
	i := 0
	if tags, _, err := language.ParseAcceptLanguage(wanted); err == nil && len(tags) > 0 {
		_, i, _ = st.languages.Match(tags...)
	}
	n, err = s.showNotice(st, st.notices[i], surface, where)
	return n, true, err
}

// showNotice makes a text ready to be shown.
func (s *Server) showNotice(st *site, text collector.NoticeText, surface string, where collector.Geo) (n shownNotice, err error) {
	n = shownNotice{Language: text.Language, Hash: text.Hash, Text: text.Text, Recipients: text.Recipients, Epoch: text.Epoch}
	for _, c := range st.categories {
		words := c.In(text.Language)
		n.Categories = append(n.Categories, shownCategory{
			ID: c.ID, Label: words.Label, Description: words.Description,
			Purposes: c.Purposes, Recipients: c.Recipients, Days: int(c.Validity / (24 * time.Hour)),
		})
	}
	n.Token, err = st.issueToken(shown{
		notice: text.Hash, language: text.Language, regime: st.regime(where), country: where.Country, surface: surface,
	}, s.now(), s.random)
	return n, err
}

// A noticeAnswer is the body of GET {prefix}/{site}/notice.
type noticeAnswer struct {
	Site string `json:"site"`
	// Regime names the rules that apply to the visitor, Country where they are, as
	// far as is known. GPC is true when their browser sends the signal.
	Regime  string `json:"regime"`
	Country string `json:"country,omitempty"`
	GPC     bool   `json:"gpc"`
	// Notice is the text in the visitor's language, Others in all further ones.
	Notice shownNotice   `json:"notice"`
	Others []shownNotice `json:"others"`
}

// notice serves the texts. ?lang= names a language; without it the browser's count.
func (s *Server) notice(ctx *fasthttp.RequestCtx, st *site) collector.Reason {
	h := &ctx.Request.Header
	if origin, ok := st.pageOrigin(h); ok {
		allowOrigin(ctx, origin)
	}
	wanted := string(ctx.QueryArgs().Peek("lang"))
	if wanted == "" {
		wanted = string(h.Peek(fasthttp.HeaderAcceptLanguage))
	}
	where := s.locate(s.clientAddr(ctx))
	body := noticeAnswer{Site: st.name, Regime: st.regime(where), Country: where.Country, GPC: privacySignal(h), Others: []shownNotice{}}
	var ok bool
	var err error
	if body.Notice, ok, err = s.currentNotice(st, cut(wanted, maxWanted), surfaceNotice, where); !ok && err == nil {
		return collector.ReasonNotFound
	}
	for _, text := range st.notices {
		if err == nil && text.Hash != body.Notice.Hash {
			var n shownNotice
			n, err = s.showNotice(st, text, surfaceNotice, where)
			body.Others = append(body.Others, n)
		}
	}
	var b []byte
	if err == nil {
		b, err = json.Marshal(body)
	}
	if err != nil {
		s.log.Error("a notice could not be served", "error", err)
		return collector.ReasonInternal
	}
	answerJSON(ctx, b)
	return ""
}

// maxWanted bounds what is read of the languages that somebody wants, in bytes.
const maxWanted = 256
