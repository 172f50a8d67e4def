package eligibility

import "slices"

// A Condition (条件) is a small typed tree. Exactly one of All, Any, Not and
// Fact is set.
type Condition struct {
	All []*Condition `yaml:"all"`
	Any []*Condition `yaml:"any"`
	Not *Condition   `yaml:"not"`
	// Open marks an Any whose list ends with 等: being in none of the named
	// groups leaves it unknown.
	Open bool `yaml:"open"`

	Fact    string   `yaml:"fact"`
	In      []string `yaml:"in"`      // of a choice
	AtLeast *float64 `yaml:"atLeast"` // of a number
	AtMost  *float64 `yaml:"atMost"`
	Below   *float64 `yaml:"below"`
	Above   *float64 `yaml:"above"`

	// Quote is the plan's sentence, verbatim; a condition without one takes its
	// parent's.
	Quote string `yaml:"quote"`
	// Holds and Fails are what a card says of it.
	Holds string `yaml:"holds"`
	Fails string `yaml:"fails"`
	// Name is what a card calls it.
	Name string `yaml:"name"`
}

// Check is the truth of the condition under the facts.
func (c *Condition) Check(f Facts) Answer {
	switch {
	case c.All != nil:
		a := Yes
		for _, part := range c.All {
			a = min(a, part.Check(f))
		}
		return a
	case c.Any != nil:
		a := No
		for _, part := range c.Any {
			a = max(a, part.Check(f))
		}
		if a == No && c.Open {
			return Unknown
		}
		return a
	case c.Not != nil:
		return -c.Not.Check(f)
	}
	return c.leaf(f[c.Fact])
}

func (c *Condition) leaf(v Value) Answer {
	switch {
	case !v.Known:
		return Unknown
	case c.In != nil:
		return answer(slices.Contains(c.In, v.Choice))
	case c.AtLeast != nil || c.AtMost != nil || c.Below != nil || c.Above != nil:
		low, high := c.within(v.Number), c.within(v.upto())
		if low != high || !low && c.spannedBy(v) {
			return Unknown
		}
		return answer(low)
	}
	return answer(v.Bool)
}

func (c *Condition) within(n float64) bool {
	return (c.AtLeast == nil || n >= *c.AtLeast) && (c.AtMost == nil || n <= *c.AtMost) &&
		(c.Below == nil || n < *c.Below) && (c.Above == nil || n > *c.Above)
}

// spannedBy reports whether the bounds lie within the range that was told.
func (c *Condition) spannedBy(v Value) bool {
	inside := func(b *float64) bool { return b != nil && v.Number <= *b && *b <= v.upto() && v.Number < v.upto() }
	return inside(c.AtLeast) || inside(c.AtMost) || inside(c.Below) || inside(c.Above)
}

// Open facts: what is unknown and can still change the condition, in the order
// of the tree, each once.
func (c *Condition) Missing(f Facts) []string {
	if c.Check(f) != Unknown {
		return nil
	}
	var out []string
	add := func(ids []string) {
		for _, id := range ids {
			if !slices.Contains(out, id) {
				out = append(out, id)
			}
		}
	}
	switch {
	case c.All != nil:
		for _, part := range c.All {
			add(part.Missing(f))
		}
	case c.Any != nil:
		for _, part := range c.Any {
			add(part.Missing(f))
		}
	case c.Not != nil:
		add(c.Not.Missing(f))
	default:
		add([]string{c.Fact})
	}
	return out
}

// Facts lists the facts of the tree, in order, each once.
func (c *Condition) Facts() []string {
	var out []string
	c.walk(func(leaf *Condition) {
		if !slices.Contains(out, leaf.Fact) {
			out = append(out, leaf.Fact)
		}
	})
	return out
}

// walk visits the leaves.
func (c *Condition) walk(visit func(*Condition)) {
	switch {
	case c.All != nil:
		for _, part := range c.All {
			part.walk(visit)
		}
	case c.Any != nil:
		for _, part := range c.Any {
			part.walk(visit)
		}
	case c.Not != nil:
		c.Not.walk(visit)
	default:
		visit(c)
	}
}

// Top lists the conditions a card shows: the parts of the outermost all.
func (c *Condition) Top() []*Condition {
	if c == nil {
		return nil
	}
	if c.All != nil && c.Quote == "" {
		return c.All
	}
	return []*Condition{c}
}
