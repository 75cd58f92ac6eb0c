package demoshop

import (
	"embed"
	"html/template"
	"io/fs"
	"net/http"
	"net/url"
	"sync"
)

//go:embed templates/*.html
var templateFiles embed.FS

//go:embed static
var staticFiles embed.FS

// A Shop is an http.Handler. [Shop.Run] is its back end and has to run beside
// it. All methods are safe for concurrent use.
type Shop struct {
	o        Options
	edge     *url.URL
	policy   string
	notice   string // short name of the notice's text
	mux      *http.ServeMux
	template *template.Template

	posting sync.Mutex    // held while reports are sent; taken before mu
	wake    chan struct{} // tells Run that there is a new report

	mu       sync.Mutex // guards everything below
	sessions map[string]*session
	order    []string // ids of sessions, oldest first
	orders   map[string]*order
	placed   []string // numbers of orders, oldest first
	next     int      // number of the next order
	nextLead int
	reports  []*report
}

// New returns a shop that is open; its error names everything that is wrong
// with the options.
func New(o Options) (*Shop, error) {
	if err := o.check(); err != nil {
		return nil, err
	}
	edge, err := url.Parse(o.EdgeURL)
	if err != nil {
		return nil, err
	}
	if o.Transport == nil {
		o.Transport = &http.Transport{}
	}
	templates, err := template.New("").Funcs(template.FuncMap{
		"money": func(cents int) string { return money(cents, o.Currency) },
		"json":  asJSON, // for an attribute, where the template escapes it
	}).ParseFS(templateFiles, "templates/*.html")
	if err != nil {
		return nil, err
	}
	s := &Shop{
		o: o, edge: edge, policy: policy(o.Snippet, o.PixelURL), notice: noticeID(o.Notice),
		template: templates, wake: make(chan struct{}, 1),
		sessions: map[string]*session{}, orders: map[string]*order{}, next: o.NextOrder, nextLead: o.NextOrder,
	}
	return s, s.routes()
}

// ServeHTTP answers for the shop and, below the prefix, for the edge.
func (s *Shop) ServeHTTP(w http.ResponseWriter, r *http.Request) { s.mux.ServeHTTP(w, r) }

func (s *Shop) routes() error {
	static, err := fs.Sub(staticFiles, "static")
	if err != nil {
		return err
	}
	s.mux = http.NewServeMux()
	s.mux.Handle(s.o.SitePrefix+"/", passOn(s.edge, s.o.VisitorIP, s.o.Transport))

	own := http.NewServeMux()
	own.HandleFunc("GET /{$}", s.home)
	own.HandleFunc("GET /product/{sku}", s.product)
	own.HandleFunc("GET /cart", s.showCart)
	own.HandleFunc("POST /cart", s.changeCart)
	own.HandleFunc("GET /checkout", s.checkout)
	own.HandleFunc("POST /checkout", s.placeOrder)
	own.HandleFunc("GET /thank-you/{order}", s.thankYou)
	own.HandleFunc("GET /sign-in", s.signInPage)
	own.HandleFunc("POST /sign-in", s.signIn)
	own.HandleFunc("POST /sign-out", s.signOut)
	own.HandleFunc("GET /privacy", s.privacyPage)
	own.HandleFunc("POST /privacy", s.answer)
	own.HandleFunc("POST /newsletter", s.newsletter)
	own.Handle("GET /static/", cached(http.StripPrefix("/static/", http.FileServerFS(static))))
	own.Handle("GET /pixel.js", cached(http.FileServerFS(static)))
	own.Handle("GET /favicon.ico", cached(http.RedirectHandler("/static/favicon.svg", http.StatusFound)))
	own.HandleFunc("/", s.notFound)
	// A form posted by another site must not fill carts or answer banners.
	s.mux.Handle("/", http.NewCrossOriginProtection().Handler(s.guarded(own)))
	return nil
}

// maxForm bounds the body of a form.
const maxForm = 16 << 10

// guarded sets the headers of all the shop's own answers and bounds their requests.
func (s *Shop) guarded(h http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		head := w.Header()
		head.Set("Content-Security-Policy", s.policy)
		head.Set("X-Content-Type-Options", "nosniff")
		head.Set("Referrer-Policy", "strict-origin-when-cross-origin")
		head.Set("Cache-Control", "no-store")
		r.Body = http.MaxBytesReader(w, r.Body, maxForm)
		h.ServeHTTP(w, r)
	})
}

func cached(h http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Cache-Control", "public, max-age=300")
		h.ServeHTTP(w, r)
	})
}
