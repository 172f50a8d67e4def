package app

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

const module = "huiwen"

// arrows says what each part may import of ours: a part may import what its
// longest matching prefix lists, and always itself. Whoever is not listed here
// breaks the build on purpose: decide where it belongs.
var arrows = map[string][]string{
	"bot":                   {"knowledge/store"},
	"bot/cut":               {},
	"bot/envelope":          {},
	"bot/limit":             {"knowledge/store"},
	"bot/token":             {"bot/limit", "knowledge/store"},
	"bot/wecom":             {"bot", "bot/cut", "bot/envelope", "bot/limit", "bot/token", "knowledge/store"},
	"bot/dingtalk":          {"bot", "bot/cut", "bot/envelope", "bot/limit", "bot/token", "knowledge/store"},
	"bot/demo":              {"bot", "bot/wecom", "bot/dingtalk", "knowledge/store"},
	"bot/app":               {"bot", "handlers", "knowledge", "scheduler", "seeds"},
	"bot/cmd":               {"bot/app"},
	"handlers":              {"bot", "knowledge", "scheduler/ledger"},
	"handlers/admin":        {"bot", "handlers", "knowledge", "scheduler"},
	"knowledge":             {},
	"knowledge/plan":        {},
	"knowledge/segment":     {},
	"knowledge/index":       {},
	"knowledge/classify":    {"knowledge/index"},
	"knowledge/store":       {},
	"knowledge/eligibility": {"knowledge/pattern"},
	"knowledge/pattern":     {},
	"knowledge/directory":   {},
	"knowledge/finding":     {},
	"knowledge/audit":       {},
	"knowledge/pause":       {"knowledge/audit"},
	"knowledge/account":     {"knowledge/audit"},
	"knowledge/versions":    {"knowledge"},
	"knowledge/calendar":    {},
	"scheduler":             {"bot", "knowledge"},
	"scheduler/ledger":      {"bot", "knowledge"},
	"seeds":                 {},
}

// TestArrows reads the import lines itself: a test that asks the go command
// stays green from the test cache after an import changes.
func TestArrows(t *testing.T) {
	root := filepath.Join("..", "..")
	err := filepath.WalkDir(root, func(file string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() && strings.HasPrefix(d.Name(), ".") && file != root {
			return filepath.SkipDir
		}
		if !strings.HasSuffix(file, ".go") {
			return nil
		}
		rel, err := filepath.Rel(root, file)
		if err != nil {
			return err
		}
		parsed, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.ImportsOnly)
		if err != nil {
			return err
		}
		for _, broken := range brokenArrows(path.Dir(filepath.ToSlash(rel)), parsed, strings.HasSuffix(file, "_test.go")) {
			t.Errorf("%s %s", rel, broken)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// brokenArrows lists the imports of a file in the folder that may not be.
func brokenArrows(folder string, f *ast.File, isTest bool) []string {
	part := longest(folder)
	if part == "" {
		return []string{"is in " + folder + ", which no arrow names"}
	}
	var out []string
	for _, imp := range f.Imports {
		name, _ := strconv.Unquote(imp.Path.Value)
		if name == "testing" && !isTest && !strings.HasSuffix(folder, "test") {
			out = append(out, "imports testing outside tests")
		}
		to, ours := strings.CutPrefix(name, module+"/")
		if !ours || within(to, part) || isTest && to == "seeds" || isTest && within(to, "knowledge") && within(folder, "handlers") {
			continue
		}
		if !allowed(part, to) {
			out = append(out, "imports "+to+": "+part+" may import only "+strings.Join(arrows[part], ", "))
		}
	}
	return out
}

func allowed(part, to string) bool {
	if part == "bot/app" {
		return true
	}
	for _, a := range arrows[part] {
		if within(to, a) && (longest(to) == a || !strings.HasPrefix(longest(to), "bot/")) {
			return true
		}
	}
	return part == "knowledge" && within(to, "knowledge") || within(to, "knowledge/store") || to == "knowledge/finding"
}

// longest is the part of the house that a folder belongs to.
func longest(folder string) string {
	for f := folder; f != "." && f != "/"; f = path.Dir(f) {
		if _, ok := arrows[f]; ok {
			return f
		}
	}
	return ""
}

func within(folder, part string) bool { return folder == part || strings.HasPrefix(folder, part+"/") }

func TestArrowsCanBreak(t *testing.T) {
	for _, c := range []struct {
		folder, imports string
		broken          bool
	}{
		{"knowledge/index", "huiwen/bot", true},
		{"knowledge/index", "huiwen/knowledge/plan", true},
		{"knowledge", "huiwen/knowledge/plan", false},
		{"knowledge", "huiwen/handlers", true},
		{"bot", "huiwen/knowledge", true},
		{"bot", "huiwen/knowledge/store", false},
		{"handlers", "huiwen/scheduler", true},
		{"handlers/page", "huiwen/bot", false},
		{"handlers", "huiwen/bot/wecom", true},
		{"seeds", "huiwen/knowledge", true},
		{"bot/app", "huiwen/handlers/page", false},
		{"bot/wecom", "huiwen/handlers", true},
		{"elsewhere", "fmt", true},
		{"bot", "testing", true},
	} {
		f, err := parser.ParseFile(token.NewFileSet(), "x.go", "package x\nimport "+strconv.Quote(c.imports), parser.ImportsOnly)
		if err != nil {
			t.Fatal(err)
		}
		if got := brokenArrows(c.folder, f, false); (len(got) > 0) != c.broken {
			t.Errorf("%s -> %s: broken %v, want %v", c.folder, c.imports, got, c.broken)
		}
	}
}
