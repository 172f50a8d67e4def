// Package audit keeps who did what, when and why: noted in the transaction of
// the act itself, chained afterwards so that nothing can be taken out or changed
// unseen.
//
// Keys in the scope of an act: ["audit/new/" id] => the entry as JSON, and the
// set audit/new of those ids by time, until the appender has chained them.
package audit

import (
	"crypto/rand"
	"encoding/json"
	"fmt"
	"time"

	"huiwen/knowledge/store"
)

// An Entry is one act. It holds names, ids and hashes, never a resident's words
// or a secret.
type Entry struct {
	ID      string    `json:"id"`
	At      time.Time `json:"at"`
	Who     string    `json:"who"`     // the account or person that acted; "系统" for the program
	Act     string    `json:"act"`     // plan.publish, directory.save, duty.close …
	Subject string    `json:"subject"` // what it was done to: an id or a hash
	Why     string    `json:"why,omitempty"`
}

// MaxWhy bounds the reason of an act, in bytes.
const MaxWhy = 2000

const newSet = "audit/new"

func newKey(id string) string { return newSet + "/" + id }

// Note writes an entry in the transaction of its act; At is the store's clock.
// An entry with an ID that was noted before replaces it, so that a transaction
// that runs again notes once.
func Note(tx store.Tx, e Entry) error {
	if e.Who == "" || e.Act == "" {
		return fmt.Errorf("audit: an entry without who or act")
	}
	if e.ID == "" {
		e.ID = rand.Text()
	}
	if len(e.Why) > MaxWhy {
		return fmt.Errorf("理由最多 %d 个字节", MaxWhy)
	}
	e.At = tx.Now()
	data, err := json.Marshal(e)
	if err != nil {
		return fmt.Errorf("audit: %w", err)
	}
	if err := tx.Put(newKey(e.ID), data, 0); err != nil {
		return err
	}
	return tx.Add(newSet, e.ID, float64(e.At.UnixMilli()))
}

// Pending lists the entries of the scope that are not chained yet, the earliest
// first, at most n.
func Pending(tx store.Tx, n int) ([]Entry, error) {
	members, err := tx.Range(newSet, 0, float64(1<<53), n)
	if err != nil {
		return nil, err
	}
	out := []Entry{}
	for _, m := range members {
		data, ok, err := tx.Get(newKey(m.Name))
		if err != nil {
			return nil, err
		}
		var e Entry
		if !ok || json.Unmarshal(data, &e) != nil {
			return nil, fmt.Errorf("audit: entry %s is unreadable", m.Name)
		}
		out = append(out, e)
	}
	return out, nil
}
