package demoshop

import (
	"fmt"
	"net/http"
	"net/mail"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// From the cart to the order.

func (s *Shop) showCart(w http.ResponseWriter, r *http.Request) {
	s.show(w, r, http.StatusOK, "cart", "Cart", s.cartOf(r))
}

func (s *Shop) cartOf(r *http.Request) cart {
	s.mu.Lock()
	defer s.mu.Unlock()
	if sess := s.sessionOf(r); sess != nil {
		return append(cart{}, sess.cart...)
	}
	return nil
}

// changeCart adds to the cart or takes out of it, and has the next page tell
// the tag (cart_update) and, for what was added, the Pixel (AddToCart).
func (s *Shop) changeCart(w http.ResponseWriter, r *http.Request) {
	p, ok := productOf(r.PostFormValue("sku"))
	quantity, err := strconv.Atoi(r.PostFormValue("quantity"))
	if r.PostFormValue("quantity") == "" {
		quantity, err = 1, nil
	}
	remove := r.PostFormValue("action") == "remove"
	if !ok || err != nil || quantity < 1 || quantity > maxQuantity {
		http.Error(w, "There is no such product, or not so many.", http.StatusBadRequest)
		return
	}
	id, err := s.randomHex(5)
	if err != nil {
		s.failed(w, err)
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	sess, err := s.startSession(w, r)
	if err != nil {
		s.failed(w, err)
		return
	}
	changed, action := 0, "add"
	if remove {
		changed, action = sess.cart.remove(p.SKU), "remove"
	} else {
		changed = sess.cart.add(p, quantity)
	}
	if changed > 0 {
		lines := cart{{p, changed}}
		sess.say(message{
			Do: "cart", ID: id, Action: action,
			Value: amount(lines.Sum()), Currency: s.o.Currency, Contents: lines.contents(),
		})
	}
	http.Redirect(w, r, "/cart", http.StatusSeeOther)
}

// A form is the checkout as it was filled in, with what is wrong with it.
type form struct {
	Cart         cart
	Email, Phone string
	Problem      string
}

func (s *Shop) checkout(w http.ResponseWriter, r *http.Request) {
	f := form{Cart: s.cartOf(r)}
	if len(f.Cart) == 0 {
		http.Redirect(w, r, "/cart", http.StatusSeeOther)
		return
	}
	s.mu.Lock()
	if sess := s.sessionOf(r); sess != nil {
		f.Email, f.Phone = sess.customer.Email, sess.customer.Phone
	}
	s.mu.Unlock()
	s.show(w, r, http.StatusOK, "checkout", "Checkout", f)
}

// An order was placed. Owned by Shop.mu.
type order struct {
	Number   string
	Cart     cart
	Sum      int
	session  string
	Reported bool
}

// maxOrders bounds the memory; the oldest order goes first.
const maxOrders = 1000

func (s *Shop) placeOrder(w http.ResponseWriter, r *http.Request) {
	f := form{Email: strings.TrimSpace(r.PostFormValue("email")), Phone: strings.TrimSpace(r.PostFormValue("phone"))}
	f.Cart = s.cartOf(r)
	if len(f.Cart) == 0 {
		http.Redirect(w, r, "/cart", http.StatusSeeOther)
		return
	}
	switch {
	case !isEmail(f.Email):
		f.Problem = "Please give an e-mail address, such as ada@example.com."
	case f.Phone != "" && !phoneForm.MatchString(f.Phone):
		f.Problem = "Please write the telephone number with digits, blanks and + ( ) - / only, or leave it out."
	}
	if f.Problem != "" {
		s.show(w, r, http.StatusUnprocessableEntity, "checkout", "Checkout", f)
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	sess := s.sessionOf(r)
	if sess == nil || len(sess.cart) == 0 { // ordered already, from another tab
		http.Redirect(w, r, "/cart", http.StatusSeeOther)
		return
	}
	o := s.store(sess)
	contents := o.Cart.contents()
	s.enqueue(event{
		ID: o.Number, Name: "purchase", At: s.o.Now().UTC().Truncate(time.Millisecond),
		Customer:   person{ID: sess.customer.ID, Email: f.Email, Phone: f.Phone},
		Properties: map[string]any{"value": amount(o.Sum), "currency": s.o.Currency, "contents": contents},
	})
	sess.say(message{Do: "purchase", ID: o.Number, Value: amount(o.Sum), Currency: s.o.Currency, Contents: contents})
	http.Redirect(w, r, "/thank-you/"+o.Number, http.StatusSeeOther)
}

// store turns a session's cart into an order. Call with mu held.
func (s *Shop) store(sess *session) *order {
	o := &order{Number: fmt.Sprintf("A-%d", s.next), Cart: sess.cart, Sum: sess.cart.Sum(), session: sess.id}
	s.next++
	sess.cart = nil
	if len(s.placed) >= maxOrders {
		delete(s.orders, s.placed[0])
		s.placed = append([]string{}, s.placed[1:]...)
	}
	s.orders[o.Number] = o
	s.placed = append(s.placed, o.Number)
	return o
}

// reported notes that the edge has an order. Call with mu held.
func (s *Shop) reported(number string) {
	if o := s.orders[number]; o != nil {
		o.Reported = true
	}
}

// thankYou shows an order to the browser that placed it, and to nobody else.
func (s *Shop) thankYou(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	sess, o := s.sessionOf(r), s.orders[r.PathValue("order")]
	var shown order
	if o != nil {
		shown = *o
	}
	s.mu.Unlock()
	if sess == nil || o == nil || shown.session != sess.id {
		s.notFound(w, r)
		return
	}
	s.show(w, r, http.StatusOK, "thank-you", "Thank you", thanks{shown, s.o.PostDelay})
}

type thanks struct {
	Order order
	Delay time.Duration
}

var phoneForm = regexp.MustCompile(`^[0-9 +()/.-]{5,30}$`)

// isEmail takes a bare address with a domain, nothing more.
func isEmail(s string) bool {
	a, err := mail.ParseAddress(s)
	return err == nil && a.Address == s && len(s) <= 254 && strings.Contains(s[strings.LastIndexByte(s, '@'):], ".")
}
