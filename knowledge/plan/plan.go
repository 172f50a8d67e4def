// Package plan reads the text of a published plan into chapters, measures,
// responsibilities, targets, deadlines, amounts and groups.
//
// Reading is pure: the same text gives the same Plan, nothing is looked up, and
// every string of a Plan is a verbatim span of the text it was read from.
package plan

import (
	"strings"
)

// A Plan (计划) is one published document as read. Its JSON form is the output
// of `huiwen plan inspect --json`; field names never change.
type Plan struct {
	Title      string   `json:"title"`
	Issued     string   `json:"issued"` // 印发日期, ISO date, "" when the text names none
	Valid      Span     `json:"valid"`
	Disclosure string   `json:"disclosure"` // 公开, 依申请公开, 不公开, or "" when the text does not say
	Goals      []Target `json:"goals"`      // targets that stand outside every item
	Items      []Item   `json:"items"`
	// Frame holds what belongs to no item and is none: titles, headings, salutation.
	Frame []string `json:"frame"`
	// Unread holds body sentences that were put in no item.
	Unread   []string `json:"unread"`
	Warnings []string `json:"warnings"`

	docYear  string     // of the document's number, when it names no day
	sentence string     // the last one whose times were read, with them
	times    []Deadline //
}

// A Span is a stretch of days, both ends included, as ISO dates; "" is open.
type Span struct {
	From string `json:"from"`
	To   string `json:"to"`
}

// A Heading is one step on the way from the title to an item: 二 / 促进城镇居民增收.
type Heading struct {
	Label   string `json:"label"`
	Heading string `json:"heading"`
}

// An Item (任务/项) is one numbered measure. No is unique in its plan: the number
// as printed when numbers run through, else the path; items of a closing 保障
// chapter that restart are B1, B2, ….
type Item struct {
	No      string    `json:"no"`
	Path    []Heading `json:"path"`
	Heading string    `json:"heading"`
	// Text starts right after the label, heading included, and ends after the
	// responsibility bracket.
	Text         string     `json:"text"`
	Bureaus      []Bureau   `json:"bureaus"`
	Etc          bool       `json:"etc"` // the list of bureaus ends with 等
	Targets      []Target   `json:"targets"`
	Deadlines    []Deadline `json:"deadlines"`
	Amounts      []Amount   `json:"amounts"`
	Groups       []string   `json:"groups"`
	Deliverables []string   `json:"deliverables"`

	lists []responsibility
}

// A Bureau is one mention of a responsible body (责任单位).
type Bureau struct {
	Name       string `json:"name"`
	First      bool   `json:"first"`      // named first in its list
	Lead       bool   `json:"lead"`       // the text says 牵头
	Collective bool   `json:"collective"` // a group such as 各乡〔镇、街道〕
}

// A Target (目标) is a figure that binds the doer. Value is in Unit; 万 stays in
// the unit, percent is {20, "%"}.
type Target struct {
	Text  string   `json:"text"`
	What  string   `json:"what"`
	Value float64  `json:"value"`
	Max   *float64 `json:"max"` // upper end when Cmp is "range"
	Unit  string   `json:"unit"`
	Cmp   string   `json:"cmp"` // >=, <=, =, range, about
	Due   string   `json:"due"`
	Hedge string   `json:"hedge"` // 力争, 计划, 争取 …, "" when none
}

// A Deadline (时限) is one time expression that binds.
type Deadline struct {
	Text  string  `json:"text"`
	Due   *string `json:"due"`  // ISO date or null
	Kind  string  `json:"kind"` // once, monthly, quarterly, yearly, multi-year, ongoing
	Hard  bool    `json:"hard"`
	Hedge string  `json:"hedge"`
}

// An Amount (金额) is a figure that someone receives.
type Amount struct {
	Text  string  `json:"text"`
	Value float64 `json:"value"`
	Unit  string  `json:"unit"`
	For   string  `json:"for"`
}

// Item returns the item numbered no.
func (p *Plan) Item(no string) (*Item, bool) {
	for i := range p.Items {
		if p.Items[i].No == no {
			return &p.Items[i], true
		}
	}
	return nil, false
}

// Body is the item's text without its closing list of bodies.
func (it *Item) Body() string { return strings.TrimSpace(it.withoutLists()) }
