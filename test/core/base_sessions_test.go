package core_test

import (
	"context"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/signet-auth/signet/app/base"
	"github.com/signet-auth/signet/domain"
	"github.com/signet-auth/signet/ports/store"
	"github.com/signet-auth/signet/test/testkit/rig"
)

func TestAnEndIsToldOfThoseThatWereNotOver(t *testing.T) {
	r := rig.New(t)
	u := r.User(t, "ada@example.com")
	one, _ := r.Session(t, u, r.Platform(t))
	two, _ := r.Session(t, u, r.Platform(t))
	r.End(t, one.ID)
	var ended []domain.SessionID
	var told []domain.Change
	r.Store.OnCommit(func(c store.Commit) { told = append(told, c.Changes...) })
	r.Write(t, func(ctx context.Context, tx *store.Tx) (err error) {
		by := base.Ending{By: domain.System(), From: rig.From, Reason: domain.EndedByAdmin}
		ended, err = r.Base.EndSessions(ctx, tx, by, r.Clock.Now(), one.ID, two.ID, "unknown")
		return err
	})
	if diff := cmp.Diff([]domain.SessionID{two.ID}, ended); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]domain.Change{{Kind: domain.ChangeSession, Subject: string(two.ID), Tokens: domain.TokensEnded}}, told); diff != "" {
		t.Error(diff)
	}
	events := r.Events(t, domain.EventSessionEnded)
	if len(events) != 2 || !slices.ContainsFunc(events, func(e domain.Event) bool {
		return e.SessionID == two.ID && e.Details["reason"] == string(domain.EndedByAdmin)
	}) {
		t.Errorf("events: %+v", events)
	}
}
