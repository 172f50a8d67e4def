// Package finding is what a part of the program says of its own health, the same
// for doctor, /readyz and the pages.
package finding

// A Level says how bad a finding is.
type Level int

// The levels.
const (
	Well   Level = iota // as it should be
	Warn                // an operator should look at it; the service answers
	Broken              // something that is promised does not work
)

// String is the level as people read it.
func (l Level) String() string { return [...]string{"正常", "请留意", "有问题"}[l] }

// A Finding is one thing that an operator should know. It holds no secret and no
// word of a resident.
type Finding struct {
	Part  string // in Chinese, short: 存储, 企业微信
	Level Level
	Text  string // what is so, and when it is not well what to do
}

// Of is a finding of a check: well with a text, or broken with the error's.
func Of(part, text string, err error) Finding {
	if err != nil {
		return Finding{part, Broken, err.Error()}
	}
	return Finding{part, Well, text}
}

// Ready reports whether no finding is broken.
func Ready(list []Finding) bool {
	for _, f := range list {
		if f.Level == Broken {
			return false
		}
	}
	return true
}
