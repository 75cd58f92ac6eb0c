package main

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/cockroachdb/pebble/v2/vfs"

	"matchkey/collector/config"
	"matchkey/collector/engine"
)

// Encryption at rest: which keys a command opens data folders and backups with, and
// the commands that are about nothing else.

// keyVariable holds an encryption key for commands that read no configuration.
const keyVariable = "MATCHKEY_ENCRYPTION_KEY"

// keyring says which key opens what is sealed: that of the flag, else those of the
// configuration, else that of the environment.
type keyring struct {
	KeyFile string `placeholder:"FILE" help:"The file with the key of what is sealed, in place of the configuration's. Or set MATCHKEY_ENCRYPTION_KEY."`
}

// disk is the disk with the keys of a command. c may be nil. Only with the keys of
// the configuration does a folder begin to be sealed, or change its keys.
func (k keyring) disk(p *program, c *config.Config) (vfs.FS, error) {
	value, from := "", ""
	switch {
	case k.KeyFile != "":
		text, err := os.ReadFile(k.KeyFile)
		if _, isKey := config.NewSecret(k.KeyFile).Bytes(); err != nil && isKey == nil {
			return nil, errors.New("--key-file wants the name of a file, and was given a key: whoever could see the command has it now, so change it (matchkey rekey)")
		}
		if err != nil {
			return nil, fmt.Errorf("couldn't read the key: %w", err)
		}
		value, from = strings.TrimRight(string(text), "\r\n"), k.KeyFile
	case c != nil && c.Encryption != nil:
		return configuredDisk(c)
	default:
		value, _ = p.env(keyVariable)
		from = keyVariable
	}
	if value == "" {
		if k.KeyFile != "" {
			return nil, fmt.Errorf("the key file %s is empty", k.KeyFile)
		}
		return vfs.Default, nil
	}
	key, err := sealKey(config.NewSecret(value), from)
	if err != nil {
		return nil, err
	}
	return engine.OpenWithSealKeys(vfs.Default, key), nil
}

// configuredDisk is the disk with the keys of a configuration.
func configuredDisk(c *config.Config) (vfs.FS, error) {
	if c.Encryption == nil {
		return vfs.Default, nil
	}
	var keys []engine.SealKey
	for i, s := range append([]config.Secret{c.Encryption.Key}, c.Encryption.Previous...) {
		name := "encryption.key"
		if i > 0 {
			name = fmt.Sprintf("encryption.previous[%d]", i-1)
		}
		key, err := sealKey(s, name+" of the configuration")
		if err != nil {
			return nil, err
		}
		keys = append(keys, key)
	}
	return engine.WithSealKeys(vfs.Default, keys...), nil
}

func sealKey(s config.Secret, from string) (engine.SealKey, error) {
	b, err := s.Bytes()
	if err != nil {
		return engine.SealKey{}, fmt.Errorf("the key from %s cannot be used: %w", from, err)
	}
	return engine.NewSealKey(b, from)
}

// readConfig reads a configuration for what else than its rules stands in it.
func (p *program) readConfig(path string) (*config.Config, error) {
	c, faults := config.Load(path, p.env, os.ReadFile)
	return c, faults.Err()
}

// sealedFolder says which data folder a command rewrites, and with which keys.
type sealedFolder struct {
	Config string `placeholder:"FILE" required:"" help:"The configuration with the keys."`
	Data   string `placeholder:"DIR" help:"Another data folder than the configuration's."`
}

// open returns the folder, and the disk with the configuration's keys.
func (f sealedFolder) open(p *program) (dir string, disk vfs.FS, err error) {
	c, err := p.readConfig(f.Config)
	if err != nil {
		return "", nil, err
	}
	if c.Encryption == nil {
		return "", nil, fmt.Errorf("there is no encryption.key in %s, and without it nothing can be sealed or opened", f.Config)
	}
	disk, err = configuredDisk(c)
	return cmp.Or(f.Data, c.Data), disk, err
}

type sealCommand struct{ sealedFolder }

func (sealCommand) Help() string {
	return "With encryption.key in the configuration, Matchkey seals what it writes; what was written before stays plain until it is replaced. " +
		"This command rewrites it at once. Stop Matchkey first. Cut off, it goes on when it is called again. See docs/operations.md."
}

func (s sealCommand) Run(p *program) error {
	dir, disk, err := s.open(p)
	if err != nil {
		return err
	}
	n, err := engine.Seal(p.ctx, disk, dir)
	if err != nil {
		return err
	}
	fmt.Fprintf(p.stdout, "%d files were plain and are sealed now.\n", n)
	return saySeal(p.stdout, dir)
}

type unsealCommand struct{ sealedFolder }

func (unsealCommand) Help() string {
	return "The way back: all that is sealed is rewritten plain. Stop Matchkey first, and take encryption out of the configuration afterwards, " +
		"or the next start seals anew. Cut off, it goes on when it is called again. Backups stay as they are. See docs/operations.md."
}

func (u unsealCommand) Run(p *program) error {
	dir, disk, err := u.open(p)
	if err != nil {
		return err
	}
	n, err := engine.Unseal(p.ctx, disk, dir)
	if err != nil {
		return err
	}
	fmt.Fprintf(p.stdout, "%d files were sealed and are plain now. Take encryption out of the configuration before the next start.\n", n)
	return saySeal(p.stdout, dir)
}

type rekeyCommand struct {
	Dir    string `arg:"" optional:"" help:"A backup, or another data folder than the configuration's."`
	Config string `placeholder:"FILE" required:"" help:"The configuration with the new key as encryption.key, and the old one as encryption.previous."`
}

func (rekeyCommand) Help() string {
	return "Wraps the data's own key anew, by the keys of the configuration and no others, one of which has to open it. Data is not rewritten, and Matchkey may run. " +
		"A start does the same for its data folder; backups are changed by this command only. See docs/operations.md."
}

func (r rekeyCommand) Run(p *program) error {
	dir, disk, err := sealedFolder{Config: r.Config, Data: r.Dir}.open(p)
	if err != nil {
		return err
	}
	ids, err := engine.Rekey(disk, dir)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(p.stdout, "%s opens with the key %s, and with no other.\n", dir, strings.Join(ids, " or "))
	return err
}

// saySeal says how far a data folder or a backup is sealed.
func saySeal(w io.Writer, dir string) error {
	is, err := engine.Sealed(vfs.Default, dir)
	if err == nil {
		err = writeSeal(w, is)
	}
	return err
}

func writeSeal(w io.Writer, is engine.SealState) (err error) {
	switch {
	case !is.Sealed:
		_, err = fmt.Fprintln(w, "It is not sealed.")
	case is.PlainFiles > 0:
		_, err = fmt.Fprintf(w, "It opens with the key %s. What is written is sealed; %d files of %d bytes from before are plain: matchkey seal rewrites them.\n",
			strings.Join(is.Keys, " or "), is.PlainFiles, is.PlainBytes)
	default:
		_, err = fmt.Fprintf(w, "It is sealed, all of it, and opens with the key %s.\n", strings.Join(is.Keys, " or "))
	}
	return err
}
