package demoshop

// Bounds of a cart.
const (
	maxLines    = 20
	maxQuantity = 99
)

// A line is one product in a cart or an order.
type line struct {
	product
	Quantity int
}

// Sum is the line's price in cents.
func (l line) Sum() int { return l.Cents * l.Quantity }

// A cart is a list of lines in the order in which they were first added.
type cart []line

// add puts more of a product into the cart, within the bounds, and returns how
// many were really added.
func (c *cart) add(p product, quantity int) int {
	for i := range *c {
		if l := &(*c)[i]; l.SKU == p.SKU {
			quantity = min(quantity, maxQuantity-l.Quantity)
			l.Quantity += quantity
			return quantity
		}
	}
	if len(*c) >= maxLines {
		return 0
	}
	quantity = min(quantity, maxQuantity)
	*c = append(*c, line{p, quantity})
	return quantity
}

// remove takes a product out and returns how many there were.
func (c *cart) remove(sku string) int {
	for i, l := range *c {
		if l.SKU == sku {
			*c = append(append(cart{}, (*c)[:i]...), (*c)[i+1:]...)
			return l.Quantity
		}
	}
	return 0
}

// Sum is the price of everything in cents.
func (c cart) Sum() int {
	sum := 0
	for _, l := range c {
		sum += l.Sum()
	}
	return sum
}

// Count is the number of things.
func (c cart) Count() int {
	n := 0
	for _, l := range c {
		n += l.Quantity
	}
	return n
}

// content is one line as events name it.
type content struct {
	ID        string  `json:"id"`
	Quantity  int     `json:"quantity"`
	ItemPrice float64 `json:"item_price"`
}

func (c cart) contents() []content {
	list := []content{}
	for _, l := range c {
		list = append(list, content{l.SKU, l.Quantity, amount(l.Cents)})
	}
	return list
}
