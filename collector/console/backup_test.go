package console

import (
	"errors"
	"net/http"
	"net/url"
	"testing"
)

func TestBackupByScript(t *testing.T) {
	f := shop()
	h := f.console(t)
	wantText(t, post(t, h, "/api/backup", url.Values{"name": {"nightly"}}).Body.String(), `"path": "/data/backups/nightly"`, `"journal_offset": 1842`)
	w := post(t, h, "/api/backup", url.Values{"name": {"../elsewhere"}})
	if wantText(t, w.Body.String(), "No backup was made: refused: this is no name."); w.Code != http.StatusConflict {
		t.Errorf("a name that is a path is answered %d", w.Code)
	}
	if w := get(t, h, "/api/backup?name=x"); w.Code == http.StatusOK {
		t.Error("to look at the address makes a backup")
	}
	f.broken = errors.New("the disk is gone")
	w = post(t, h, "/api/backup", url.Values{"name": {"nightly"}})
	if wantText(t, w.Body.String(), "No backup was made: the disk is gone."); w.Code != http.StatusInternalServerError {
		t.Errorf("a backup that failed is answered %d", w.Code)
	}
}
