package segment

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/yanyiwu/gojieba"
)

// FindDictionary returns the folder of the dictionary: the configured one, else
// dict beside the program, else the one in the Go module directory. The error
// wraps [ErrDictionary] and lists every place that was looked at; a configured
// folder is never silently replaced by another.
func FindDictionary(configured string) (string, error) {
	if configured != "" {
		return configured, CheckDictionary(configured)
	}
	var tried []error
	for _, dir := range dictionaryPlaces() {
		err := CheckDictionary(dir)
		if err == nil {
			return dir, nil
		}
		tried = append(tried, err)
	}
	return "", fmt.Errorf("no dictionary found; set dictionary in the configuration to gojieba's dict folder: %w", errors.Join(tried...))
}

// dictionaryPlaces are where a dictionary may lie, best first.
func dictionaryPlaces() []string {
	var places []string
	exe, err := os.Executable()
	if err != nil { // an empty root has no /proc: go by the name it was called by
		exe, err = filepath.Abs(os.Args[0])
	}
	if err == nil {
		if real, err := filepath.EvalSymlinks(exe); err == nil {
			exe = real
		}
		places = append(places, filepath.Join(filepath.Dir(exe), "dict"))
	}
	return append(places, moduleDictionary())
}

// moduleDictionary is the dictionary of the gojieba module this program was
// built from. A trimmed path names module and version only; it then lies below
// GOMODCACHE or GOPATH.
func moduleDictionary() string {
	dir := filepath.FromSlash(gojieba.DICT_DIR)
	if filepath.IsAbs(dir) {
		return dir
	}
	cache := os.Getenv("GOMODCACHE")
	if cache == "" {
		home, _ := os.UserHomeDir()
		gopath := os.Getenv("GOPATH")
		if gopath == "" {
			gopath = filepath.Join(home, "go")
		}
		cache = filepath.Join(strings.Split(gopath, string(os.PathListSeparator))[0], "pkg", "mod")
	}
	return filepath.Join(cache, dir)
}
