package eligibility

import "maps"

// A Type is what values a fact (情况) may have.
type Type string

// The types of fact.
const (
	Bool   Type = "bool"
	Number Type = "number" // in the fact's unit
	Choice Type = "choice"
)

// A Fact (情况) is something about a person that conditions ask for.
type Fact struct {
	ID        string   `yaml:"id"`
	Type      Type     `yaml:"type"`
	Unit      string   `yaml:"unit"` // of a number: 个月, 周岁, 人
	Name      string   `yaml:"name"` // what a card calls it: 离校时间
	Question  string   `yaml:"question"`
	Choices   []Option `yaml:"choices"`
	Why       string   `yaml:"why"` // 为什么问这个
	Sensitive bool     `yaml:"sensitive"`
	// Yes and No are how people say it (RE2 over folded text); of a number, the
	// first group of Yes is the quantity.
	Yes []string `yaml:"yes"`
	No  []string `yaml:"no"`
	// Implies lists facts that hold when this one does: 重度残疾 -> 残疾.
	Implies []string `yaml:"implies"`
	// Improve says what a person may honestly change: time, a certificate, a
	// registration, a channel. Empty for what nobody should be told to change.
	Improve string `yaml:"improve"`
}

// An Option is one value of a choice.
type Option struct {
	ID   string   `yaml:"id"`
	Text string   `yaml:"text"`
	Yes  []string `yaml:"yes"`
}

// A Value is what is known of one fact. The zero Value is not known.
type Value struct {
	Known  bool    `json:"known"`
	Bool   bool    `json:"bool,omitempty"`
	Number float64 `json:"number,omitempty"`
	Choice string  `json:"choice,omitempty"`
	// Words are the person's own words it was read from.
	Words string `json:"words,omitempty"`
}

// True, False and Of make known values.
func True() Value            { return Value{Known: true, Bool: true} }
func False() Value           { return Value{Known: true} }
func Of(n float64) Value     { return Value{Known: true, Number: n} }
func Picked(id string) Value { return Value{Known: true, Choice: id} }

// Facts is what is known of a person, by the id of the fact.
type Facts map[string]Value

// With is a copy of f with one more fact.
func (f Facts) With(id string, v Value) Facts {
	out := maps.Clone(f)
	if out == nil {
		out = Facts{}
	}
	out[id] = v
	return out
}
