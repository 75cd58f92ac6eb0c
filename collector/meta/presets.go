package meta

// Presets: what most shops would write themselves for the usual events. They are
// here because what they send is Meta's vocabulary (capi.md § 4.1, § 4.2); what they
// listen to is ours and that of the tag managers that sites have already: GA4's
// recommended events and Segment's e-commerce specification, the latter's names in
// small letters with '_' for the blank, because our names have none.

import (
	"maps"
	"slices"
)

// A Preset is a scenario but for whom it may be about and where it goes. Its
// expressions are those of package scenario.
type Preset struct {
	// Name is how a configuration calls it.
	Name string
	// On are the names of the event, Send is Meta's name of it.
	On   []string
	Send string
	// When narrows the event; empty for most.
	When string
	// Properties are the expressions of what is sent. Nothing else is.
	Properties map[string]string
}

// Presets returns all presets, in the order in which they are documented.
func Presets() []Preset {
	return []Preset{
		{
			Name: "purchase", On: []string{"purchase", "order_completed"}, Send: eventPurchase,
			Properties: goods("num_items", "event.properties.num_items", "order_id", "event.properties.order_id ?? event.properties.transaction_id"),
		},
		{Name: "lead", On: []string{"lead", "generate_lead"}, Send: "Lead", Properties: paid()},
		{
			Name: "add_to_cart", On: []string{"add_to_cart", "product_added", "cart_update"}, Send: "AddToCart",
			When: `event.name != "cart_update" or event.properties.action == "add"`, Properties: goods(),
		},
		{
			Name: "begin_checkout", On: []string{"begin_checkout", "checkout_started"}, Send: "InitiateCheckout",
			Properties: goods("num_items", "event.properties.num_items"),
		},
		{Name: "add_payment_info", On: []string{"add_payment_info", "payment_info_entered"}, Send: "AddPaymentInfo", Properties: goods()},
		{Name: "view_item", On: []string{"view_item", "product_viewed"}, Send: "ViewContent", Properties: goods()},
		{Name: "add_to_wishlist", On: []string{"add_to_wishlist", "product_added_to_wishlist"}, Send: "AddToWishlist", Properties: goods()},
		{
			Name: "search", On: []string{"search", "products_searched"}, Send: "Search",
			Properties: goods("search_string", "event.properties.search_string ?? event.properties.search_term ?? event.properties.query"),
		},
		{
			Name: "sign_up", On: []string{"sign_up", "signed_up", "complete_registration"}, Send: "CompleteRegistration",
			Properties: paid("status", "event.properties.status"),
		},
		{
			Name: "start_trial", On: []string{"start_trial", "trial_started"}, Send: "StartTrial",
			Properties: paid("predicted_ltv", "event.properties.predicted_ltv"),
		},
		{
			Name: "subscribe", On: []string{"subscribe", "subscription_started", "subscription_renewed"}, Send: "Subscribe",
			Properties: paid("predicted_ltv", "event.properties.predicted_ltv"),
		},
	}
}

// FindPreset returns the preset of a name.
func FindPreset(name string) (Preset, bool) {
	all := Presets()
	i := slices.IndexFunc(all, func(p Preset) bool { return p.Name == name })
	if i < 0 {
		return Preset{}, false
	}
	return all[i], true
}

// paid are value and currency, and the pairs of a name and an expression given.
func paid(more ...string) map[string]string {
	all := map[string]string{
		"value":    "event.value ?? event.properties.total ?? event.properties.revenue",
		"currency": "event.properties.currency",
	}
	for i := 0; i+1 < len(more); i += 2 {
		all[more[i]] = more[i+1]
	}
	return all
}

// goods are what is paid and for what: contents in our own form, GA4's items,
// Segment's products, or the one product that Segment's event is itself.
func goods(more ...string) map[string]string {
	all := map[string]string{
		"contents": `event.properties.contents ?? (` + listed + ` != nil ? map(` + listed + `, {{
"id": .item_id ?? .product_id ?? .sku ?? .id, "quantity": .quantity, "item_price": .price ?? .item_price,
"title": .item_name ?? .name, "brand": .item_brand ?? .brand, "category": .item_category ?? .category}}) : ` + single + `)`,
		"content_type": `event.properties.content_type ?? ((event.properties.contents ?? ` + listed + ` ?? event.properties.product_id) != nil ? "product" : nil)`,
		"content_ids":  `event.properties.content_ids`,
	}
	maps.Copy(all, paid(more...))
	return all
}

const (
	listed = `(event.properties.items ?? event.properties.products)`
	single = `(event.properties.product_id == nil ? nil : [{
"id": event.properties.product_id, "quantity": event.properties.quantity, "item_price": event.properties.price,
"title": event.properties.name, "brand": event.properties.brand, "category": event.properties.category}])`
)

// WantsValue reports whether Meta optimises for what an event of this name is
// worth, so that one without value and currency is worth less (capi.md § 4.2).
func WantsValue(send string) bool {
	switch send {
	case eventPurchase, "Subscribe", "StartTrial", "AddToCart", "InitiateCheckout":
		return true
	}
	return false
}

// NeedsValue reports whether an event of this name is refused without value and
// currency.
func NeedsValue(send string) bool { return send == eventPurchase }

// PersonalProperty reports whether a property of this name is taken for personal
// data and never sent.
func PersonalProperty(name string) bool {
	_, known := customRules[name]
	return !known && personalKey(name)
}
