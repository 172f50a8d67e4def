package directory

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"strings"

	"go.yaml.in/yaml/v3"

	"huiwen/knowledge/store"
)

// Scope is where the directory is kept.
const Scope = "sys"

// key is where the document stands in [Scope]: ["directory"] => JSON.
const key = "directory"

// MaxPeople and MaxBureaus bound the document.
const (
	MaxPeople  = 5000
	MaxBureaus = 1000
)

// Errors a caller may test for.
var (
	// ErrInvalid marks a document that cannot be kept; the error says where.
	ErrInvalid = errors.New("通讯录有误")
	// ErrConflict marks a saving over another's: read it again and repeat.
	ErrConflict = errors.New("通讯录刚被别人改过，请重新打开再改")
)

// Parse reads the YAML that an administrator edits.
func Parse(data []byte, file string) (*Directory, error) {
	var d Directory
	dec := yaml.NewDecoder(bytes.NewReader(data))
	dec.KnownFields(true)
	if err := dec.Decode(&d); err != nil {
		return nil, fmt.Errorf("%w：%s：%w", ErrInvalid, file, err)
	}
	if err := d.bounded(); err != nil {
		return nil, fmt.Errorf("%s：%w", file, err)
	}
	return &d, nil
}

// YAML is the document as an administrator edits it.
func (d *Directory) YAML() ([]byte, error) {
	var b bytes.Buffer
	enc := yaml.NewEncoder(&b)
	enc.SetIndent(2)
	if err := errors.Join(enc.Encode(d), enc.Close()); err != nil {
		return nil, fmt.Errorf("write the directory: %w", err)
	}
	return b.Bytes(), nil
}

func (d *Directory) bounded() error {
	if len(d.People) > MaxPeople || len(d.Bureaus) > MaxBureaus {
		return fmt.Errorf("%w：最多 %d 个单位、%d 个人", ErrInvalid, MaxBureaus, MaxPeople)
	}
	if err := d.check(); err != nil {
		return fmt.Errorf("%w：%w", ErrInvalid, err)
	}
	return nil
}

// Seed makes the first directory from bureaus.yaml: names, kinds and aliases,
// no person and no contact. 党群 and 纪检 go to the office only.
func Seed(fsys fs.FS) (*Directory, error) {
	data, err := fs.ReadFile(fsys, "bureaus.yaml")
	if err != nil {
		return nil, fmt.Errorf("read the bureaus: %w", err)
	}
	var d Directory
	if err := yaml.Unmarshal(data, &d.Bureaus); err != nil {
		return nil, fmt.Errorf("bureaus.yaml: %w", err)
	}
	for i, b := range d.Bureaus {
		d.Bureaus[i].Office = strings.HasPrefix(b.Kind, "党群") || strings.HasPrefix(b.Kind, "纪检")
	}
	return &d, nil
}

// Load reads the kept document; ok is false when none was ever saved.
func Load(tx store.Tx) (d *Directory, ok bool, err error) {
	data, ok, err := tx.Get(key)
	if err != nil || !ok {
		return nil, false, err
	}
	d = &Directory{}
	if err := json.Unmarshal(data, d); err != nil {
		return nil, false, fmt.Errorf("the kept directory is unreadable: %w", err)
	}
	return d, true, nil
}

// Save keeps the document; it fails with [ErrConflict] when the kept one has
// another revision, and counts its own.
func Save(tx store.Tx, d *Directory) error {
	if err := d.bounded(); err != nil {
		return err
	}
	old, ok, err := Load(tx)
	if err != nil {
		return err
	}
	if ok && old.Revision != d.Revision || !ok && d.Revision != 0 {
		return ErrConflict
	}
	next := *d
	next.Revision++
	data, err := json.Marshal(next)
	if err != nil {
		return fmt.Errorf("write the directory: %w", err)
	}
	return tx.Put(key, data, 0)
}
