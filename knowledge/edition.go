package knowledge

import (
	"archive/zip"
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"path"
	"slices"
	"strings"
)

// An Edition is the files that a published state is made of, by path: the main
// plans, what was corrected by hand, the documents beside them, words, similar
// questions, programmes. It is what is drafted, published and rolled back. The
// files themselves are never changed, only replaced.
type Edition map[string][]byte

// originals is the folder of files as they were uploaded; they are kept, not read.
const originals = "original/"

// editionRoots are what belongs to an edition of a folder that holds more. The
// directory of bureaus does not: it is never rolled back.
var editionRoots = []string{"plan", "documents", "questions", "programmes", "original",
	correctionsFile, carriedFile, confirmedFile, "words.yaml", "scope.yaml", "intents.yaml", "talk.yaml", "terms.yaml"}

// Bounds of an edition, in bytes and files.
const (
	MaxEditionBytes = 64 << 20
	MaxEditionFiles = 1000
)

// ErrEdition marks an edition beyond its bounds.
var ErrEdition = errors.New("edition")

// ReadEdition reads the edition that a folder holds.
func ReadEdition(fsys fs.FS) (Edition, error) {
	e := Edition{}
	for _, root := range editionRoots {
		err := fs.WalkDir(fsys, root, func(name string, d fs.DirEntry, err error) error {
			if errors.Is(err, fs.ErrNotExist) && name == root {
				return nil
			}
			if err != nil || d.IsDir() {
				return err
			}
			e[name], err = fs.ReadFile(fsys, name)
			return err
		})
		if err != nil {
			return nil, fmt.Errorf("read the edition: %w", err)
		}
	}
	return e, e.Check()
}

// Check refuses an edition beyond its bounds or with a path that is none.
func (e Edition) Check() error {
	total := 0
	for name, data := range e {
		if !fs.ValidPath(name) || !slices.ContainsFunc(editionRoots, func(r string) bool { return name == r || strings.HasPrefix(name, r+"/") }) {
			return fmt.Errorf("%w：%q 不是可以发布的文件", ErrEdition, name)
		}
		total += len(data)
	}
	if total > MaxEditionBytes || len(e) > MaxEditionFiles {
		return fmt.Errorf("%w：最多 %d 个文件，共 %d MiB", ErrEdition, MaxEditionFiles, MaxEditionBytes>>20)
	}
	return nil
}

// Hash names the edition: the same files have the same hash.
func (e Edition) Hash() string {
	h := sha256.New()
	for _, name := range slices.Sorted(maps.Keys(e)) {
		fmt.Fprintf(h, "%d %s %x\n", len(name), name, sha256.Sum256(e[name]))
	}
	return hex.EncodeToString(h.Sum(nil)[:16])
}

// FS shows the edition as a file system, without what was uploaded.
func (e Edition) FS() (fs.FS, error) {
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	for _, name := range slices.Sorted(maps.Keys(e)) {
		if strings.HasPrefix(name, originals) {
			continue
		}
		f, err := w.CreateHeader(&zip.FileHeader{Name: name, Method: zip.Store})
		if err == nil {
			_, err = f.Write(e[name])
		}
		if err != nil {
			return nil, fmt.Errorf("open the edition: %w", err)
		}
	}
	if err := w.Close(); err != nil {
		return nil, fmt.Errorf("open the edition: %w", err)
	}
	r, err := zip.NewReader(bytes.NewReader(b.Bytes()), int64(b.Len()))
	if err != nil {
		return nil, fmt.Errorf("open the edition: %w", err)
	}
	return r, nil
}

// With is the edition with one file set, or taken out when data is nil.
func (e Edition) With(name string, data []byte) Edition {
	out := maps.Clone(e)
	if data == nil {
		delete(out, name)
		return out
	}
	out[name] = data
	return out
}

// PlanIDs lists the ids of the main plans, sorted.
func (e Edition) PlanIDs() []string {
	var out []string
	for name := range e {
		if id, ok := planID(name); ok {
			out = append(out, id)
		}
	}
	slices.Sort(out)
	return out
}

// PlanPath is where the text of a main plan stands.
func PlanPath(id string) string { return "plan/" + id + ".txt" }

func planID(name string) (string, bool) {
	if path.Dir(name) != "plan" || path.Ext(name) != ".txt" {
		return "", false
	}
	return strings.TrimSuffix(path.Base(name), ".txt"), true
}

// Load builds the snapshot of the edition; bureaus is how people call the
// bureaus that its plans name. Its version is the edition's hash.
func (e Edition) Load(cut Cutter, bureaus []Bureau) (*Snapshot, error) {
	return e.load(cut, bureaus)
}

// Load builds the snapshot of the edition in fsys, with the bureaus.yaml beside it.
func Load(fsys fs.FS, cut Cutter) (*Snapshot, error) {
	e, err := ReadEdition(fsys)
	if err != nil {
		return nil, err
	}
	bureaus, err := ReadBureaus(fsys)
	if err != nil {
		return nil, err
	}
	return e.Load(cut, bureaus)
}

// ReadBureaus reads bureaus.yaml: how people call the bureaus.
func ReadBureaus(fsys fs.FS) ([]Bureau, error) {
	var out []Bureau
	if err := readList(fsys, "bureaus.yaml", &out); err != nil {
		return nil, err
	}
	return out, nil
}

// Similar lists the similar questions of the edition.
func (e Edition) Similar() ([]Similar, error) {
	fsys, err := e.FS()
	if err != nil {
		return nil, err
	}
	v, err := ReadVocabulary(fsys)
	if err != nil {
		return nil, err
	}
	return v.Similar, nil
}
