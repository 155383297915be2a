package push_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/nbfwc/nbfwc/push"
)

// While a push is at work one can ask who it is; before and after it nobody is.
func TestWhoIsAtWork(t *testing.T) {
	w := newWorld(stateDir(t), stepwise)
	free := func(when string) {
		t.Helper()
		if err := push.AtWork(w.eng.State, "edge"); err != nil {
			t.Errorf("%s: %v", when, err)
		}
	}
	free("before the first push")
	asked := 0
	w.fake.before = func(*fakeDevice, string) {
		var locked *push.LockedError
		if err := push.AtWork(w.eng.State, "edge"); !errors.As(err, &locked) || locked.Who != w.eng.Who || !strings.Contains(err.Error(), "another push is at work on it, by ") {
			t.Errorf("in the push: %v", err)
		}
		asked++
	}
	w.mustPush(t, push.Options{})
	if asked < 8 {
		t.Errorf("%d lines", asked)
	}
	free("afterwards")
	if err := push.AtWork(w.eng.State, "../elsewhere"); err != nil {
		t.Error(err)
	}
}
