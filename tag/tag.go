package tag

import (
	"embed"
	"io/fs"
)

//go:embed src/*.ts
var sources embed.FS

// Main is the file of [Sources] that the tag starts in.
const Main = "main.ts"

// Sources returns the tag's TypeScript, one behaviour per file, at the root of
// a file system. Package build compiles it.
func Sources() fs.FS {
	src, err := fs.Sub(sources, "src")
	if err != nil {
		panic("BUG: the tag's sources are not embedded: " + err.Error())
	}
	return src
}
