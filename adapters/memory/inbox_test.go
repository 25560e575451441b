package memory_test

import (
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/signet-auth/signet/adapters/memory"
	"github.com/signet-auth/signet/domain"
	"github.com/signet-auth/signet/ports/mailer"
	"github.com/signet-auth/signet/ports/porttest"
)

func TestInboxContract(t *testing.T) {
	porttest.Transport(t, func(*testing.T) porttest.TransportRig {
		inbox := memory.NewInbox(newHands().Now)
		return porttest.TransportRig{Transport: inbox, Delivered: func() []porttest.Delivery {
			var all []porttest.Delivery
			for _, m := range inbox.List() {
				all = append([]porttest.Delivery{{ID: m.ID, To: []string{m.To}, Subject: m.Subject, Text: m.Text, HTML: m.HTML}}, all...)
			}
			return all
		}}
	})
}

func TestInbox(t *testing.T) {
	to, err := domain.ParseEmail("Ada@example.com")
	if err != nil {
		t.Fatal(err)
	}
	clock := newHands()

	t.Run("it lists the last hundred, newest first", func(t *testing.T) {
		inbox := memory.NewInbox(clock.Now)
		for i := range 130 {
			if err := inbox.Send(t.Context(), mailer.Message{ID: fmt.Sprint(i), To: to}); err != nil {
				t.Fatal(err)
			}
		}
		mails := inbox.List()
		if len(mails) != 100 || mails[0].ID != "129" || mails[99].ID != "30" {
			t.Errorf("%d mails from %s to %s", len(mails), mails[0].ID, mails[len(mails)-1].ID)
		}
	})

	t.Run("a mail sent again after a lost answer is there once, newest", func(t *testing.T) {
		inbox := memory.NewInbox(clock.Now)
		for _, id := range []string{"a", "b", "a"} {
			if err := inbox.Send(t.Context(), mailer.Message{ID: id, To: to}); err != nil {
				t.Fatal(err)
			}
		}
		if mails := inbox.List(); len(mails) != 2 || mails[0].ID != "a" {
			t.Errorf("%+v", mails)
		}
	})

	for _, row := range []struct {
		fact  string
		text  string
		links []string
		code  string
	}{
		{"nothing in nothing", "", []string{}, ""},
		{"link and code", "Open\nhttps://id.example.com/verify/abc?x=1\nor enter 314159.\n", []string{"https://id.example.com/verify/abc?x=1"}, "314159"},
		{"six digits inside a link are no code", "See http://localhost:5000/verify/a-123456-b", []string{"http://localhost:5000/verify/a-123456-b"}, ""},
		{"nor are parts of longer numbers and words", "1234567 a123456 12345 2026-11-23 x-123456", []string{}, ""},
		{"the punctuation of the sentence is not the link's", "(see https://example.com/a). Again: https://example.com/a, https://example.com/b!", []string{"https://example.com/a", "https://example.com/b"}, ""},
		{"a code at either end", "123456", []string{}, "123456"},
	} {
		t.Run(row.fact, func(t *testing.T) {
			inbox := memory.NewInbox(clock.Now)
			if err := inbox.Send(t.Context(), mailer.Message{ID: "1", To: to, Text: row.text, Subject: "s", HTML: "<p>"}); err != nil {
				t.Fatal(err)
			}
			want := []memory.Stored{{
				ID: "1", At: clock.Now(), To: "Ada@example.com", Subject: "s", Text: row.text, HTML: "<p>",
				Links: row.links, Code: row.code,
			}}
			if diff := cmp.Diff(want, inbox.List()); diff != "" {
				t.Error(diff)
			}
		})
	}
}
