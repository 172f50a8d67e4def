// Package eligibility works out, from what a person has told, whether the
// stated conditions of a programme are met: a three-valued verdict with the
// sentence behind each condition, and what is still worth asking.
//
// It is pure: rules and facts go in, a verdict with its proof comes out. What
// is not known is never taken for no (S. C. Kleene, "On Notation for Ordinal
// Numbers", 1938: strong three-valued logic).
package eligibility

// An Answer is the truth of a condition.
type Answer int8

// The answers, in the order of Kleene's logic: all is the least of its parts,
// any is the greatest.
const (
	No Answer = iota - 1
	Unknown
	Yes
)

func (a Answer) String() string {
	switch a {
	case Yes:
		return "yes"
	case No:
		return "no"
	}
	return "unknown"
}

func answer(b bool) Answer {
	if b {
		return Yes
	}
	return No
}

// A Verdict is what can be said of a programme from the facts.
type Verdict string

// The verdicts. People read 初步符合, 暂不符合, 还不能确定.
const (
	Likely    Verdict = "likely"
	Unlikely  Verdict = "unlikely"
	Undecided Verdict = "unknown"
)
