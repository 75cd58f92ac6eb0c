package demoshop

import (
	"fmt"
	"strings"
)

// A product is what the shop sells. Prices are in cents.
type product struct {
	SKU, Name, Line, Story string
	Cents                  int
}

// catalogue is everything there is, in the order of the home page. Each SKU has
// its drawing in templates/art.html.
var catalogue = []product{
	{"teapot", "Stoneware teapot", "For four cups and a long talk", "Thrown by hand, glazed the colour of the sea in November. The lid stays on when you pour.", 5990},
	{"darjeeling", "Morning Darjeeling", "First flush, 100 g", "Light, floral, a little impatient. Picked in March above the clouds.", 1490},
	{"lapsang", "Smoked Lapsang", "Over pinewood, 100 g", "Tastes of a camp fire after rain. You will love it or give it away.", 1250},
	{"verbena", "Mint & verbena", "For the evening, 80 g", "No caffeine, and no reason to go to bed either.", 980},
	{"cups", "Two plain cups", "They fit the pot", "Without handles, so that you notice when the tea is too hot.", 3400},
	{"lantern", "Paper lantern", "Warm light, 40 cm", "Folds flat. Survives a balcony, but not a storm.", 2450},
}

func productOf(sku string) (product, bool) {
	for _, p := range catalogue {
		if p.SKU == sku {
			return p, true
		}
	}
	return product{}, false
}

// customers are the people whom the shop knows already. Addresses are of the
// reserved domain, telephone numbers of the range kept free for fiction.
var customers = []customer{
	{ID: "c42", Name: "Ada", Email: "ada@example.com", Phone: "+49 171 3920042"},
	{ID: "c77", Name: "Grace", Email: "grace@example.org", Phone: "+49 171 3920077"},
}

// A customer is a person who signed in.
type customer struct{ ID, Name, Email, Phone string }

// money writes cents for people: 59.90 EUR.
func money(cents int, currency string) string {
	sign := ""
	if cents < 0 {
		sign, cents = "-", -cents
	}
	return fmt.Sprintf("%s%d.%02d %s", sign, cents/100, cents%100, strings.ToUpper(currency))
}

// amount is cents as the number that goes into an event.
func amount(cents int) float64 { return float64(cents) / 100 }
