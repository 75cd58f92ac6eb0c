package console

// What do I paste into my shop? Per site the snippet, where the tag is served,
// and the scenarios it feeds.

import "net/http"

func (c *console) install(w http.ResponseWriter, r *http.Request) {
	c.render(w, r, http.StatusOK, "install", "Install", c.sites())
}
