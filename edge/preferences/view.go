package preferences

import "time"

// A State is what counts for one category now.
type State string

// The states of a category.
const (
	Unset   State = "unset"
	Granted State = "granted"
	Refused State = "refused"
	Expired State = "expired" // a yes that has ended by its time
)

// A Message is what the page has to tell about the last press of a button.
type Message string

// The messages.
const (
	NoMessage Message = ""
	Saved     Message = "saved"
	Stale     Message = "stale"  // the form was too old, or from elsewhere
	Failed    Message = "failed" // it could not be made durable
	LinkEnded Message = "link_ended"
	NoCookies Message = "no_cookies" // the browser did not keep the answer
)

// A View is what one person sees.
type View struct {
	// Language is one of [Renderer.Languages].
	Language string
	// Notice is the text that people are asked by, in the language.
	Notice string
	// Account says that a customer is meant; otherwise it is this browser.
	Account bool
	// OptOut says that the law here lets the site begin and people object.
	OptOut bool
	// GPC says that this request came with the browser's privacy signal.
	GPC bool
	// Choices are the categories in the site's order.
	Choices []Choice
	// Message tells how the last press of a button ended.
	Message Message
	// Action is where the form is sent, Receipt where the receipt is; both are
	// paths. Receipt may be empty while nothing was ever answered.
	Action, Receipt string
	// Form are the hidden fields, by name.
	Form map[string]string
	// LanguageLink gives the address of the same page in another language.
	LanguageLink func(language string) string
}

// A Choice is one category and what was answered about it.
type Choice struct {
	// ID names it in the form; Label is how people read it; Description, when there
	// is one, says more.
	ID, Label, Description string
	State                  State
	// Since is when the answer was given, Until when a yes ends; zero when there is
	// none.
	Since, Until time.Time
	// Source is the surface that took the answer: banner, preferences_page, gpc,
	// api, import or another.
	Source string
	// Told is true when the site's back end told the answer. Then a surface that the
	// page has no words for is not the site's page.
	Told bool
	// Seen is the text that the person answered to, when it is known, in its
	// language.
	Seen, SeenLanguage string
}

// on reports whether the category's box is ticked: where people object, what they
// did not object to counts as a yes.
func (c Choice) on(optOut bool) bool {
	return c.State == Granted || optOut && c.State == Unset
}

// The names of the form's fields and of the buttons' values.
const (
	FieldAnswer   = "answer"
	FieldCategory = "category"
	AnswerAccept  = "accept_all"
	AnswerReject  = "reject_all"
	AnswerSave    = "save"
)
