package build

import (
	"html"
	"net/url"
	"slices"
	"strings"
)

// Snippet returns the two lines of HTML that a site copies into its pages. The
// first lets pages call matchkey(…) before the tag is loaded; the second loads
// the tag from {prefix}/{site}.js, where prefix is a path ("/mk") or an
// absolute URL. With the feature [Twin] the first line is longer: it also hooks
// the Pixel, and it has to come before Meta's base code or right after it.
func Snippet(site, prefix string, features ...Feature) string {
	src := strings.TrimSuffix(prefix, "/") + "/" + url.PathEscape(site) + ".js"
	inline := stub
	if slices.Contains(features, Twin) {
		inline += ";" + twinHook
	}
	return "<script>" + inline + "</script>\n" +
		`<script async src="` + html.EscapeString(src) + `"></script>` + "\n"
}

const stub = `window.matchkey=window.matchkey||function(){(matchkey.q=matchkey.q||[]).push(arguments)}`

// twinHook gives every event that the page tells the Pixel an id, unless the
// page gave it one, and passes the call on to matchkey('fbq', …), where
// tag/src/twin.ts reports it under the same id.
//
// fbq stays the function that it is, because Meta's library complains when it
// is replaced (tag.md § 7): only its property callMethod becomes an accessor.
// All calls go through that, those of tag managers too, while the library keeps
// what it sets there. Before the library is loaded they end up in fbq.queue, as
// without us. Calls that are in the queue already get their id where they lie.
// The page view has one id for both sides, in matchkey.v. Whatever fails here
// leaves the Pixel as it was.
//
// It is inline, and not part of the tag, because the library may take the first
// calls before a tag is loaded: measured in Firefox and Safari.
const twinHook = `(function(w,f){` +
	`function i(){return Array.from(crypto.getRandomValues(new Uint32Array(4)),function(n){return n.toString(36)}).join("")}` +
	`function s(a){a=[].slice.call(a);try{if(/^(consent|track(Single)?(Custom)?)$/.test(a[0])){` +
	`var m=w.matchkey,n=/Single/.test(a[0])?4:3,p=a[n-2]=="PageView",o;` +
	`if(a[0]!="consent"){o=a[n]=Object.assign({},a[n]);if(!o.eventID)o.eventID=p?m.v=m.v||i():i();else if(p&&!m.tag)m.v=o.eventID}` +
	`m("fbq",a)}}catch(e){}return a}` +
	`function h(q){try{var r=q.callMethod,c=function(){var a=s(arguments);r?r.apply(q,a):q.queue.push(a)},l=q.queue||[],j=0;` +
	`Object.defineProperty(q,"callMethod",{configurable:true,get:function(){return c},set:function(v){r=v}});` +
	`for(;j<l.length;j++)l[j]=s(l[j])}catch(e){}}` +
	`if(w.fbq)h(w.fbq);else try{Object.defineProperty(w,"fbq",{configurable:true,enumerable:true,get:function(){return f},set:function(v){f=v;v&&h(v)}})}catch(e){}` +
	`})(window)`
