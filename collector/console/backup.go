package console

import (
	"errors"
	"net/http"

	"matchkey/collector"
)

// apiBackup answers POST /api/backup, with the parameter name or without, by
// making a backup and saying where it is: a [collector.Backup]. It chooses a
// name only; the folder is the machinery's, so that who reaches the console
// cannot have files written elsewhere.
func (c *console) apiBackup(w http.ResponseWriter, r *http.Request) {
	if err := readForm(w, r); err != nil {
		apiSorry(w, http.StatusBadRequest, "The form could not be read, so no backup was made.")
		return
	}
	made, err := c.Operations.Backup(r.Context(), r.Form.Get("name"))
	switch {
	case errors.Is(err, collector.ErrRefused):
		apiSorry(w, http.StatusConflict, "No backup was made: "+err.Error()+".")
	case err != nil:
		c.Log.Error("a backup could not be made", "err", err)
		apiSorry(w, http.StatusInternalServerError, "No backup was made: "+err.Error()+".")
	default:
		apiAnswer(w, made)
	}
}
