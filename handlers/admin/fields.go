package admin

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
)

// textFields hold one text, not a list.
var textFields = []string{"heading", "title", "issued", "disclosure"}

// fieldValue is a field of a plan or an item as it is edited: its lines, or JSON.
func fieldValue(of any, field string, lines bool) (string, error) {
	data, err := json.Marshal(of)
	if err != nil {
		return "", fmt.Errorf("write %s: %w", field, err)
	}
	var all map[string]json.RawMessage
	if err := json.Unmarshal(data, &all); err != nil {
		return "", fmt.Errorf("write %s: %w", field, err)
	}
	if !lines {
		var b bytes.Buffer
		if err := json.Indent(&b, all[field], "", "  "); err != nil {
			return "", fmt.Errorf("write %s: %w", field, err)
		}
		return b.String(), nil
	}
	if slices.Contains(textFields, field) {
		var s string
		err := json.Unmarshal(all[field], &s)
		return s, err
	}
	var list []string
	err = json.Unmarshal(all[field], &list)
	return strings.Join(list, "\n"), err
}

// linesValue is the JSON of a field that was edited as lines.
func linesValue(field, text string) string {
	var v any = strings.TrimSpace(text)
	if !slices.Contains(textFields, field) {
		list := []string{}
		for _, l := range strings.Split(text, "\n") {
			if l = strings.TrimSpace(l); l != "" {
				list = append(list, l)
			}
		}
		v = list
	}
	data, err := json.Marshal(v)
	if err != nil {
		panic("admin: " + err.Error()) // unreachable: strings
	}
	return string(data)
}
