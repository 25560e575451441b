package domain_test

import (
	"testing"

	"github.com/signet-auth/signet/domain"
)

func TestMethodsReachALevel(t *testing.T) {
	for _, test := range []struct {
		methods []string
		want    domain.Level
	}{
		{nil, domain.AAL1},
		{[]string{"pwd"}, domain.AAL1},
		{[]string{"fed"}, domain.AAL1},
		{[]string{"pwd", "otp", "mfa"}, domain.AAL2},
		{[]string{"fed", "recovery", "mfa"}, domain.AAL2},
		{[]string{"pwd", "hwk", "mfa"}, domain.PHR},
		{[]string{"pwd", "swk", "mfa"}, domain.PHR},
		{[]string{"hwk", "user", "mfa"}, domain.PHR},
		{[]string{"pwd", "otp"}, domain.AAL1}, // a word alone proves no second factor
		{[]string{"pwd", "hwk"}, domain.AAL1},
	} {
		if got := domain.Reached(test.methods); got != test.want {
			t.Errorf("%v: %s, want %s", test.methods, got, test.want)
		}
	}
}

func TestLevelsHaveWords(t *testing.T) {
	for level, word := range map[domain.Level]string{domain.AAL1: "aal1", domain.AAL2: "aal2", domain.PHR: "phr"} {
		if got, ok := domain.ParseLevel(word); !ok || got != level || level.String() != word {
			t.Errorf("%s: %d, %t", word, got, ok)
		}
	}
	for _, word := range []string{"", "AAL1", "aal0", "aal3", "aal2 "} {
		if got, ok := domain.ParseLevel(word); ok || got != 0 {
			t.Errorf("%q is %d", word, got)
		}
	}
	if word := domain.Level(0).String() + domain.Level(9).String(); word != "aal1aal1" { // of a former and of a later release
		t.Error(word)
	}
}
