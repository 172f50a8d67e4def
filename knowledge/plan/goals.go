package plan

// readGoals reads the targets that stand before every item.
func (p *Plan) readGoals(head string) {
	for _, f := range figures(head) {
		if t, ok := f.target(p); ok {
			p.Goals = append(p.Goals, t)
		}
	}
}
