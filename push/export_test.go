package push

// SetLimit bounds the steps of each comparison of rule sets.
func (e *Engine) SetLimit(n int) { e.limit = n }
