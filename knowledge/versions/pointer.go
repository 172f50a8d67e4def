package versions

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"huiwen/knowledge"
	"huiwen/knowledge/store"
)

// Scope is where versions are kept.
const Scope = "plan"

// Schema is the number of the layout of an edition that this program writes. A
// program that knows a smaller one keeps what it has and says so.
const Schema = 1

// maxChunk bounds a piece of a file, in bytes.
const maxChunk = 1 << 20

// The keys of [Scope]:
//
//	["pointer"]             => Pointer: what is published
//	["publish/" seq]        => Pointer: every publication, also a rollback, by number
//	["edition/" hash]       => manifest: the files of an edition
//	["blob/" sha256 "/" n]  => the n-th piece of a file
//	["draft/" id]           => Draft; set drafts of the ids by when they were made
//	["approval/" hash]      => Approval of a draft's hash
//	["candidate"]           => hash that replicas load before it is published
//	["replica/" id]         => Replica, gone soon after the replica is; set replicas
const (
	pointerKey   = "pointer"
	candidateKey = "candidate"
	draftsSet    = "drafts"
	replicasSet  = "replicas"
)

func publishKey(seq int) string        { return fmt.Sprintf("publish/%09d", seq) }
func editionKey(hash string) string    { return "edition/" + hash }
func blobKey(sum string, n int) string { return fmt.Sprintf("blob/%s/%d", sum, n) }
func draftKey(id string) string        { return "draft/" + id }
func approvalKey(hash string) string   { return "approval/" + hash }
func replicaKey(id string) string      { return "replica/" + id }

// Errors a caller may test for.
var (
	// ErrNewer marks what a newer program has written.
	ErrNewer = errors.New("这个版本是更新的程序发布的，请先升级本程序")
	// ErrDamaged marks an edition whose files are missing or changed.
	ErrDamaged = errors.New("这个版本的文件不完整")
	// ErrConflict marks a step that somebody else has overtaken.
	ErrConflict = errors.New("刚被别人改过")
	// ErrNotFound marks a draft or version that does not exist.
	ErrNotFound = errors.New("没有这个版本")
	// ErrRefused marks a publication that may not be.
	ErrRefused = errors.New("不能发布")
)

// A Viewer reads one scope of a store; every [store.Store] is one.
type Viewer interface {
	View(ctx context.Context, scope string, fn func(store.Tx) error) error
}

// A Pointer says what is published. Its JSON is stored; names never change.
type Pointer struct {
	Schema  int       `json:"schema"`
	Seq     int       `json:"seq"` // counts publications, rollbacks too
	Version string    `json:"version"`
	Title   string    `json:"title"`
	Items   int       `json:"items"`
	At      time.Time `json:"at"`
	By      string    `json:"by"`
	Why     string    `json:"why,omitempty"`
	// Back is the publication that this one rolls back to, 0 for none.
	Back int `json:"back,omitempty"`
	// Approved is who approved it, "" when nobody had to.
	Approved string `json:"approved,omitempty"`
}

// A manifest lists the files of an edition.
type manifest struct {
	Schema int             `json:"schema"`
	Files  map[string]file `json:"files"`
}

type file struct {
	Sum    string `json:"sum"` // SHA-256
	Bytes  int    `json:"bytes"`
	Chunks int    `json:"chunks"`
}

// Published reads the pointer; ok is false when nothing was ever published.
func Published(ctx context.Context, s Viewer) (p Pointer, ok bool, err error) {
	err = s.View(ctx, Scope, func(tx store.Tx) error {
		p = Pointer{}
		ok, err = get(tx, pointerKey, &p)
		return err
	})
	if err == nil && p.Schema > Schema {
		err = fmt.Errorf("%w（格式 %d，本程序认识 %d）", ErrNewer, p.Schema, Schema)
	}
	return p, ok, err
}

// Edition reads the files of a version and checks them. The error may wrap
// [ErrNotFound], [ErrNewer] or [ErrDamaged].
func Edition(ctx context.Context, s Viewer, version string) (knowledge.Edition, error) {
	var m manifest
	err := s.View(ctx, Scope, func(tx store.Tx) error {
		m = manifest{}
		ok, err := get(tx, editionKey(version), &m)
		if err == nil && !ok {
			return fmt.Errorf("%w：%s", ErrNotFound, version)
		}
		return err
	})
	switch {
	case err != nil:
		return nil, err
	case m.Schema > Schema:
		return nil, fmt.Errorf("%w（格式 %d，本程序认识 %d）", ErrNewer, m.Schema, Schema)
	}
	return m.read(ctx, s)
}

// read gets the files of a manifest, a file a view: they never change.
func (m manifest) read(ctx context.Context, s Viewer) (knowledge.Edition, error) {
	e := knowledge.Edition{}
	for name, f := range m.Files {
		var b bytes.Buffer
		err := s.View(ctx, Scope, func(tx store.Tx) error {
			b.Reset()
			for n := range f.Chunks {
				piece, ok, err := tx.Get(blobKey(f.Sum, n))
				if err != nil || !ok {
					return errors.Join(err, ErrDamaged)
				}
				b.Write(piece)
			}
			return nil
		})
		if err != nil {
			return nil, fmt.Errorf("%s：%w", name, err)
		}
		if b.Len() != f.Bytes || sumOf(b.Bytes()) != f.Sum {
			return nil, fmt.Errorf("%s：%w", name, ErrDamaged)
		}
		e[name] = append([]byte{}, b.Bytes()...) // an empty file is a file
	}
	return e, nil
}

func sumOf(data []byte) string {
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:])
}

// get decodes the value of a key; ok is false when it is absent.
func get(tx store.Tx, key string, into any) (ok bool, err error) {
	data, ok, err := tx.Get(key)
	if err != nil || !ok {
		return false, err
	}
	if err := json.Unmarshal(data, into); err != nil {
		return false, fmt.Errorf("%s is unreadable: %w", key, err)
	}
	return true, nil
}

func put(tx store.Tx, key string, v any, ttl time.Duration) error {
	data, err := json.Marshal(v)
	if err != nil {
		return fmt.Errorf("write %s: %w", key, err)
	}
	return tx.Put(key, data, ttl)
}
