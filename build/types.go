package build

import (
	"io/fs"
	"strings"

	"matchkey/tag"
)

// Types returns matchkey.d.ts for the people who write a site's pages: the
// declarations that the tag itself is compiled against (tag/src/public.ts), and
// the global function under its name; empty means [DefaultGlobal].
func Types(global string) (string, error) {
	if global == "" {
		global = DefaultGlobal
	}
	source, err := fs.ReadFile(tag.Sources(), "public.ts")
	if err != nil {
		return "", err
	}
	_, declarations, _ := strings.Cut(string(source), "\n\n") // its own introduction
	return "// Made from Matchkey's tag by `matchkey tag --types`; do not edit.\n\n" + declarations +
		"\ndeclare global {\n  /** There as soon as the snippet is. */\n  const " + global + ": Matchkey\n" +
		"  interface Window {\n    " + global + ": Matchkey\n  }\n}\n", nil
}
