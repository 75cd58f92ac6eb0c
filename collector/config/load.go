package config

import (
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"strings"
	"unicode/utf8"

	"go.yaml.in/yaml/v4"
)

// maxFile bounds a configuration file.
const maxFile = 1 << 20

// Load reads the file at path and everything it refers to. env looks up an
// environment variable (os.LookupEnv), readFile reads a file (os.ReadFile);
// nothing else is read.
//
// The configuration is never nil. It may be run with only when the faults hold
// no error; before that it is good for one thing, to find more faults (a
// scenario's condition, say) and report all of them together.
func Load(path string, env func(string) (string, bool), readFile func(string) ([]byte, error)) (*Config, Faults) {
	text, err := readFile(path)
	if err != nil {
		return &Config{}, Faults{File: path, Errors: []Fault{{
			Message: "The configuration file cannot be read: it " + why(err) + ". Nothing was started.",
		}}}
	}
	return Parse(path, text, env, readFile)
}

// Parse is [Load] for a text that was read already. name is the file's path:
// it is printed with faults, and relative paths start at its folder.
func Parse(name string, text []byte, env func(string) (string, bool), readFile func(string) ([]byte, error)) (*Config, Faults) {
	c, faults := &Config{}, Faults{File: name}
	root, fault := parseYAML(text)
	faults.source = newSource(strings.ToValidUTF8(string(text[:min(len(text), maxFile)]), "\ufffd"))
	if fault != nil {
		faults.source.unparsed = true
		faults.Errors = []Fault{*fault}
		return c, faults
	}
	d := &decoder{
		faults: &faults, positions: map[string]position{}, budget: maxNodes,
		outside: outside{env: env, readFile: readFile, dir: filepath.Dir(name)},
	}
	d.decodeRoot(root, c)
	c.positions = d.positions
	c.resolve(d)
	c.check(&faults)
	faults.source.settle()
	faults.sort()
	return c, faults
}

// resolve replaces what the file only refers to: relative paths and the files
// of notices and logos.
func (c *Config) resolve(d *decoder) {
	c.Data, c.GeoIP = d.path(c.Data), d.path(c.GeoIP)
	for i := range c.Sites {
		if p := &c.Sites[i].Preferences; p.Logo != "" {
			image, err := d.readFile(d.path(p.Logo))
			if err != nil {
				d.errorAt(fmt.Sprintf("sites[%d].preferences.logo", i), "The logo's file %q %s.", p.Logo, why(err))
			}
			p.Logo = string(image) // as a notice's text, from here on it is what was in the file
		}
		for j := range c.Sites[i].Scenarios {
			if sc := &c.Sites[i].Scenarios[j]; sc.Name == "" {
				sc.Name = sc.Preset
			}
		}
		for j := range c.Sites[i].Consent.Notices {
			n := &c.Sites[i].Consent.Notices[j]
			n.Text = canonical(d.noticeText(*n, fmt.Sprintf("sites[%d].consent.notices[%d]", i, j)))
		}
	}
}

// noticeText returns a notice's text, from its file when it has one.
func (d *decoder) noticeText(n Notice, path string) string {
	switch {
	case n.Text != "" && n.File != "":
		d.errorAt(path+".file", "This notice has a text and a file. Keep one.")
	case n.Text == "" && n.File == "":
		d.errorAt(path, "This notice has no text. Give text or file: what people read when they answer.")
	case n.File != "":
		text, problem := d.read(n.File)
		if problem != "" {
			d.errorAt(path+".file", "The notice's file %q %s.", n.File, problem)
		} else if canonical(string(text)) == "" {
			d.errorAt(path+".file", "The notice's file %q is empty.", n.File)
		}
		return string(text)
	}
	return n.Text
}

// canonical is the form of a notice's text that is shown and hashed: blank
// ends trimmed and line ends as LF, so that the way it is written into a file
// makes no other text of it.
func canonical(text string) string {
	return strings.TrimSpace(strings.ReplaceAll(text, "\r\n", "\n"))
}

// outside is all that a file may refer to outside itself.
type outside struct {
	env      func(string) (string, bool)
	readFile func(string) ([]byte, error)
	dir      string
}

// path makes a path of the file start at the file's folder.
func (o outside) path(p string) string {
	if p == "" || filepath.IsAbs(p) {
		return p
	}
	return filepath.Join(o.dir, p)
}

// maxReferred bounds a file that the configuration refers to.
const maxReferred = 64 << 10

// read reads a file that the configuration refers to; problem continues a
// sentence and never holds what is in the file.
func (o outside) read(path string) (text []byte, problem string) {
	text, err := o.readFile(o.path(path))
	switch {
	case err != nil:
		return nil, why(err)
	case len(text) > maxReferred:
		return nil, "is larger than 64 KiB (is it the right one?)"
	case !utf8.Valid(text):
		return nil, "is not UTF-8 text (is it the right one?)"
	}
	return text, ""
}

// why continues a sentence about a file that could not be read.
func why(err error) string {
	var p *fs.PathError
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return "does not exist"
	case errors.Is(err, fs.ErrPermission):
		return "may not be read by this user"
	case errors.As(err, &p):
		return "cannot be read (" + p.Err.Error() + ")"
	}
	return "cannot be read (" + err.Error() + ")"
}

// parseYAML returns the one document of a text. After a syntax error nothing
// can be said about the rest, so there is only one.
func parseYAML(text []byte) (*yaml.Node, *Fault) {
	if len(text) > maxFile {
		return nil, &Fault{Message: "The configuration file is larger than 1 MiB; is it the right one?"}
	}
	if !utf8.Valid(text) {
		before := string(text[:firstInvalid(text)])
		return nil, &Fault{
			Line:    1 + strings.Count(before, "\n"),
			Column:  1 + utf8.RuneCountInString(before[strings.LastIndexByte(before, '\n')+1:]),
			Message: "Here is a byte that is not UTF-8. Save the file as UTF-8.",
		}
	}
	var doc yaml.Node
	err := yaml.Load(text, &doc)
	if err == nil {
		if doc.Kind != yaml.DocumentNode || len(doc.Content) != 1 {
			return nil, &Fault{Message: "The configuration file is empty. Start from docs/matchkey.example.yaml."}
		}
		return doc.Content[0], nil
	}
	var e *yaml.LoadError
	if !errors.As(err, &e) {
		return nil, &Fault{Message: "The configuration file is not YAML: " + err.Error() + "."}
	}
	return nil, syntaxFault(e, string(text))
}

func firstInvalid(text []byte) int {
	for i := 0; i < len(text); {
		r, size := utf8.DecodeRune(text[i:])
		if r == utf8.RuneError && size == 1 {
			return i
		}
		i += size
	}
	return len(text)
}

// syntaxFault turns the YAML parser's words into a sentence with a hint for the
// mistakes that people make most.
func syntaxFault(e *yaml.LoadError, text string) *Fault {
	f := &Fault{Line: e.Mark.Line, Column: e.Mark.Column}
	switch {
	case strings.Contains(e.Message, "no documents"):
		f.Message = "The configuration file is empty. Start from docs/matchkey.example.yaml."
		return f
	case strings.Contains(e.Message, "multiple"):
		f.Message = "The file holds more than one YAML document (a line of ---). Keep one."
		return f
	}
	f.Message = "This is not valid YAML: "
	if e.ContextMsg != "" {
		f.Message += e.ContextMsg + ", "
	}
	f.Message += e.Message + "."
	lines := strings.Split(text, "\n")
	if f.Line < 1 || f.Line > len(lines) {
		return f
	}
	switch line := lines[f.Line-1]; {
	case strings.Contains(e.ContextMsg, "flow") && strings.Contains(line, "${"):
		f.Message += ` Within braces or brackets put quotes around it: "${env:NAME}".`
	case strings.HasPrefix(strings.TrimLeft(line, " "), "\t"):
		f.Message += " Indent with blanks, not with a tab."
	case strings.Contains(e.Message, "mapping values are not allowed"):
		f.Message += ` Put quotes around a value that holds ": ", and check the indentation.`
	}
	return f
}
