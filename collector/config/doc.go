// Package config reads the one file that says what Matchkey does: which sites
// it listens to, which consent they ask for, which events are conversions and
// where those go.
//
// It is a package of its own because a person reads its answers. It promises:
//
//   - Every fault of a file is reported in one go, each with line and column,
//     a sentence that says what to do, the source line and a caret ([Faults]).
//   - A key that is not known, given twice or of the wrong type is an error; a
//     key that is dangerous but allowed is a warning.
//   - Secrets stand outside the file, as ${env:NAME} or ${file:PATH}; one that
//     is written into the file is an error, and is masked where its line is
//     printed. A [Secret] prints as "***" however it is printed.
//   - What a key means stands once: in the doc comments and tags of the types
//     in config.go. The decoder reads required keys, defaults and bounds from
//     there, docs/matchkey.schema.json is made from there, and a test compares
//     docs/configuration.md with it.
//
// It reads no environment and no file by itself ([Load] is handed both), knows
// no HTTP and imports none of the packages that it configures. What only they
// can judge, such as a scenario's condition, they say, and [Config.Position]
// tells where in the file it stands.
package config
