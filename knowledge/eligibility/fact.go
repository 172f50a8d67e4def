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
	// Is are words for it (RE2 over folded clauses): whether it is stated, denied,
	// doubted, over or applied for is worked out from what stands around them.
	Is []string `yaml:"is"`
	// Yes and No say by themselves how they are meant; of a number, the first
	// group of Yes is the quantity.
	Yes []string `yaml:"yes"`
	No  []string `yaml:"no"`
	// Across are phrases like Yes that reach over clauses: 在浙江打工…去年回来开店.
	Across []string `yaml:"across"`
	// Unclear are phrases that leave the fact open though words for it are denied: a
	// certificate that is not there yet does not tell that nobody is disabled.
	Unclear []string `yaml:"unclear"`
	// Assume are phrases that let one take the fact for true though they do not say
	// it, as ordinary language does: who opened a shop registered it. The card says
	// that it was assumed; any other word on the fact comes first.
	Assume []string `yaml:"assume"`
	// Anchor is what a stretch of time must stand beside to be this number.
	Anchor string `yaml:"anchor"`
	// Home marks what holds for everybody of a family; Own, what is read of
	// nobody but the person asked for; Stays, what is true though it is past.
	Home  bool `yaml:"home"`
	Own   bool `yaml:"own"`
	Stays bool `yaml:"stays"`
	// Implies lists facts that hold when this one does: 重度残疾 -> 残疾.
	Implies []string `yaml:"implies"`
	// Denies lists facts that do not hold when this one does: 还在上班 -> 没有就业.
	Denies []string `yaml:"denies"`
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
	// Upto is the most that a number may be when it is told as a range, else 0.
	Upto   float64 `json:"upto,omitempty"`
	Choice string  `json:"choice,omitempty"`
	// Words are the person's own words it was read from.
	Words string `json:"words,omitempty"`
	// Assumed tells that the words let one assume it but do not say it.
	Assumed bool `json:"assumed,omitempty"`
}

// upto is the most that the number may be.
func (v Value) upto() float64 { return max(v.Number, v.Upto) }

// True, False and Of make known values.
func True() Value            { return Value{Known: true, Bool: true} }
func False() Value           { return Value{Known: true} }
func Of(n float64) Value     { return Value{Known: true, Number: n} }
func Picked(id string) Value { return Value{Known: true, Choice: id} }

// Facts is what is known of a person, by the id of the fact.
type Facts map[string]Value

// Told counts the facts that words say rather than let one assume.
func (f Facts) Told() int {
	n := 0
	for _, v := range f {
		if v.Known && !v.Assumed {
			n++
		}
	}
	return n
}

// With is a copy of f with one more fact.
func (f Facts) With(id string, v Value) Facts {
	out := maps.Clone(f)
	if out == nil {
		out = Facts{}
	}
	out[id] = v
	return out
}
