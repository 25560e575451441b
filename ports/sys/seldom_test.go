package sys_test

import (
	"strconv"
	"testing"
	"testing/synctest"
	"time"

	"github.com/signet-auth/signet/ports/sys"
)

func TestSeldom(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var s sys.Seldom
		passes := func(kind string) bool { return s.Passes(kind, time.Minute, time.Now()) }
		if !passes("a") || passes("a") || !passes("b") {
			t.Error("one of a kind")
		}
		time.Sleep(time.Minute - time.Nanosecond)
		if passes("a") {
			t.Error("again within the period")
		}
		time.Sleep(time.Nanosecond)
		if !passes("a") {
			t.Error("not after it")
		}
		for i := range 3000 {
			if !passes(strconv.Itoa(i)) {
				t.Fatal("a kind that was not there")
			}
		}
	})
}
