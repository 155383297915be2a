package push_test

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/nbfwc/nbfwc/push"
)

// A limit of rules binds those who resume or abandon a push as it binds those who
// begin one: nothing is changed then, and the record stays open for another try.
func TestARecoveryHasALimit(t *testing.T) {
	for what, at := range map[push.Recovery]int{push.Resume: 9, push.Abandon: 10} {
		w := crashed(t, stepwise, at)
		before := slices.Clone(w.fake.running)
		rules := 0
		if _, err := w.eng.Recover(ctx, w.dev, what, push.Options{Approve: func(p *push.Planned) error { rules = p.Rules; return errors.New("no") }}); err != nil {
			t.Fatal(err)
		}
		if rules < 2 {
			t.Fatalf("a recovery of %d rules shows nothing", rules)
		}
		o, err := w.eng.Recover(ctx, w.dev, what, push.Options{Limit: rules - 1})
		if err != nil || !o.Open || o.Err == nil || !strings.Contains(o.Err.Error(), "the limit is") || !slices.Equal(w.fake.running, before) {
			t.Errorf("%v, %+v, running %q", err, o, w.fake.running)
		}
		if o, err = w.eng.Recover(ctx, w.dev, what, push.Options{Limit: rules}); err != nil || o.Open || o.Err != nil {
			t.Errorf("within the limit: %v, %+v", err, o)
		}
	}
}
