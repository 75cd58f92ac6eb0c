package main

import (
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"

	"matchkey/collector"
	"matchkey/collector/config"
	"matchkey/collector/engine"
)

// forCopy begins the names of the backups that are only made to be copied.
const forCopy = "for-copy-"

type backupCommand struct {
	where
	Dir  string `arg:"" optional:"" help:"A folder that is not there yet, on another disk for choice; its parent has to be. Left out, the backup stays beside the data."`
	Read bool   `name:"verify" help:"Read the backup from end to end afterwards."`
}

func (backupCommand) Help() string {
	return "A Matchkey that runs is asked by its console, and goes on receiving and sending meanwhile. The backup is everything at one moment, " +
		"durable when this command says so. It holds personal data: keep it as you keep the data folder, and encrypt it where others can read. See docs/operations.md."
}

func (b backupCommand) Run(p *program) error {
	b.patience = time.Hour // a file system without links has everything copied
	if err := b.resolve(p); err != nil {
		return err
	}
	if b.Dir != "" {
		dir, err := newFolder(b.Dir)
		if err != nil {
			return err
		}
		b.Dir = dir
	}
	made, err := b.make(p)
	if err != nil {
		return err
	}
	fmt.Fprintf(p.stdout, "The backup is complete: %s\nIt reaches to journal offset %d, has format %d, and takes %d bytes in %d files.\n",
		made.Path, made.Offset, made.Format, made.Bytes, made.Files)
	if !b.Read {
		return nil
	}
	disk, err := b.disk(p)
	if err != nil {
		return err
	}
	return verify(p, disk, made.Path)
}

// make asks the running Matchkey, or where none answers takes the data folder
// itself.
func (b *backupCommand) make(p *program) (collector.Backup, error) {
	if b.Console == "" {
		return b.stopped(p)
	}
	params := url.Values{}
	if b.Dir != "" {
		params.Set("name", forCopy+time.Now().UTC().Format("20060102T150405.000Z"))
	}
	var made collector.Backup
	err := b.act(p, "/api/backup", params, false, &made)
	if err != nil && b.Data != "" && errors.Is(err, syscall.ECONNREFUSED) {
		fmt.Fprintln(p.stderr, "no console answers; taking", b.Data)
		return b.stopped(p)
	}
	if err != nil || b.Dir == "" {
		return made, err
	}
	return b.carryOff(p, made)
}

func (b *backupCommand) stopped(p *program) (collector.Backup, error) {
	to, now := b.Dir, time.Now()
	data, err := filepath.Abs(b.Data)
	if err != nil {
		return collector.Backup{}, err
	}
	if to == "" {
		backups := filepath.Join(data, engine.BackupsName)
		if err := os.MkdirAll(backups, 0o700); err != nil {
			return collector.Backup{}, err
		}
		to = filepath.Join(backups, now.UTC().Format("20060102T150405.000Z"))
	} else if err := outside(to, data); err != nil {
		return collector.Backup{}, err
	}
	disk, err := b.disk(p)
	if err != nil {
		return collector.Backup{}, err
	}
	return engine.BackupStopped(p.ctx, disk, data, to, now)
}

// carryOff copies what the running Matchkey made, with the rights of whoever
// asked, to where he wants it, and removes what was only made for that.
func (b *backupCommand) carryOff(p *program, made collector.Backup) (copied collector.Backup, err error) {
	if _, err := os.Stat(made.Path); err != nil {
		return made, fmt.Errorf("the backup was made, at %s on the machine where Matchkey runs, and cannot be read from here: %w; "+
			"copy it from there and delete it, for it holds disk", made.Path, err)
	}
	defer func() {
		err = errors.Join(err, os.RemoveAll(made.Path))
		if left, _ := filepath.Glob(filepath.Join(filepath.Dir(made.Path), forCopy+"*")); err == nil && len(left) > 0 {
			fmt.Fprintf(p.stderr, "what a backup that was cut off left holds disk; delete it, unless another backup is under way: %s\n", strings.Join(left, ", "))
		}
	}()
	if err := outside(b.Dir, filepath.Dir(filepath.Dir(made.Path))); err != nil {
		return made, err
	}
	return engine.CopyBackup(p.ctx, vfs.Default, made.Path, b.Dir)
}

// newFolder is the absolute path, free of links, of a folder that is to be
// made. Its parent has to be there: where it is a disk that is not mounted, a
// folder made in its place would fill the wrong one.
func newFolder(path string) (string, error) {
	path, err := filepath.Abs(path)
	if err != nil {
		return "", err
	}
	if _, err := os.Lstat(path); err == nil {
		return "", fmt.Errorf("%s exists, and a backup never overwrites; name a folder that is not there yet", path)
	}
	parent, err := filepath.EvalSymlinks(filepath.Dir(path))
	if err != nil {
		return "", fmt.Errorf("the backup's parent folder has to be there: %w", err)
	}
	if info, err := os.Stat(parent); err != nil || !info.IsDir() {
		return "", errors.Join(fmt.Errorf("%s is not a folder", parent), err)
	}
	return filepath.Join(parent, filepath.Base(path)), nil
}

// outside refuses a path within a data folder.
func outside(path, data string) error {
	data, err := filepath.EvalSymlinks(data)
	if err != nil {
		return err
	}
	if rel, err := filepath.Rel(data, path); err == nil && (rel == "." || filepath.IsLocal(rel)) {
		return fmt.Errorf("%s is within the data folder %s, and would be lost with it; name another disk, or leave the folder out for a backup beside the data", path, data)
	}
	return nil
}

type verifyCommand struct {
	Dir    string `arg:"" help:"A backup, or a data folder that no Matchkey uses."`
	Config string `placeholder:"FILE" help:"The configuration with the keys, when it is sealed."`
	keyring
}

func (c verifyCommand) Run(p *program) (err error) {
	var conf *config.Config
	if c.Config != "" {
		if conf, err = p.readConfig(c.Config); err != nil {
			return err
		}
	}
	disk, err := c.disk(p, conf)
	if err != nil {
		return err
	}
	return verify(p, disk, c.Dir)
}

// verify reads a backup or a data folder and says what is in it, and what is
// wrong.
func verify(p *program, disk vfs.FS, dir string) error {
	v, err := engine.Verify(p.ctx, disk, dir)
	if err != nil {
		return err
	}
	if _, err := fmt.Fprintf(p.stdout, "%s has format %d, %d bytes in %d files: %d journal frames up to offset %d, applied up to %d, and %d rows.\n",
		dir, v.Format, v.Bytes, v.Files, v.Frames, v.Journal, v.Watermark, v.Rows); err != nil {
		return err
	}
	if err := writeSeal(p.stdout, v.Seal); err != nil {
		return err
	}
	for _, torn := range v.Torn {
		fmt.Fprintln(p.stdout, "  NOTE", torn)
	}
	for _, fault := range v.Faults {
		fmt.Fprintln(p.stdout, "  FAULT", fault)
	}
	if n := len(v.Faults) + v.More; n > 0 {
		return fmt.Errorf("%s has %d faults", dir, n)
	}
	_, err = fmt.Fprintln(p.stdout, "All of it can be read, every checksum is right, and every account is closed.")
	return err
}

type restoreCommand struct {
	Backup         string `arg:"" help:"The backup."`
	Config         string `placeholder:"FILE" xor:"into" required:"" help:"Into the data folder of this configuration."`
	Into           string `placeholder:"DIR" xor:"into" required:"" help:"Into this data folder."`
	Replace        bool   `help:"Move the data that is there aside."`
	TombstonesFrom string `placeholder:"DIR" help:"The data folder that knows who was erased since the backup (default: the one that is replaced)."`
	keyring
	ForgetErasures bool `help:"Go on although who was erased since the backup cannot be read. They are then known again: erase them again."`
}

func (restoreCommand) Help() string {
	return "Stop Matchkey first. The backup is verified before anything is changed, and copied. What must not be undone is carried over: " +
		"who was erased since, and which destinations are paused. What the backup had still to send is sent by the next start, also if it was sent since. See docs/operations.md."
}

func (r restoreCommand) Run(p *program) error {
	var c *config.Config
	if r.Config != "" {
		var err error
		if c, err = p.readConfig(r.Config); err != nil {
			return err
		}
		r.Into = c.Data
	}
	disk, err := r.disk(p, c)
	if err != nil {
		return err
	}
	for _, path := range []*string{&r.Backup, &r.Into, &r.TombstonesFrom} {
		if *path == "" {
			continue
		}
		abs, err := filepath.Abs(*path)
		if err != nil {
			return err
		}
		*path = abs
	}
	done, err := engine.Restore(p.ctx, disk, engine.Restoration{
		Backup: r.Backup, Data: r.Into, Replace: r.Replace,
		CarryFrom: r.TombstonesFrom, CarryNothing: r.ForgetErasures, Now: time.Now(),
	})
	if err != nil {
		return err
	}
	fmt.Fprintf(p.stdout, "Restored into %s: format %d, %d journal frames up to offset %d, and %d rows.\n", r.Into, done.Format, done.Frames, done.Journal, done.Rows)
	if done.Aside != "" {
		fmt.Fprintf(p.stdout, "What was there is now %s; delete it when you no longer need it.\n", done.Aside)
	}
	if done.CarriedFrom != "" {
		_, err = fmt.Fprintf(p.stdout, "%d rows that must not be undone were carried over from %s.\n", done.Carried, done.CarriedFrom)
	} else {
		_, err = fmt.Fprintln(p.stderr, "WARNING: nobody's erasure was carried over. Whoever was erased since the backup is known again: "+
			"restore with --tombstones-from, or erase them again.")
	}
	return err
}
