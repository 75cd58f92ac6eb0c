// Package build compiles the tag of one site from the sources that package tag
// embeds, in process, with esbuild's Go API. It is the only package that
// imports esbuild, so that the rest does not depend on a bundler and there are
// no committed bundles that can go stale.
//
// [Tag] takes what is particular to a site as constants ([TagOptions]); a
// branch that a site does not use is not in its script. A compilation takes
// some ten milliseconds, and is done when the program starts. The same sources
// and options give the same bytes in the same program: the hash in
// {site}.{hash}.js and the subresource integrity may be published.
//
// [CookieDomain] derives the two constants that depend on a site's host names,
// [Snippet] is what a site copies into its pages, and [Report] tells sizes.
//
// Types are stripped here, not checked: tag/tsconfig.json is for editors and tsc.
package build
