package domain_test

import (
	"testing"
	"time"

	"github.com/signet-auth/signet/domain"
)

func TestPrincipalStates(t *testing.T) {
	now := time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)
	var p domain.Principal
	p.Enable(now)
	p.Disable("asked to", now.Add(time.Hour), now)
	if p.IsActive(now) || !p.IsActive(now.Add(time.Hour)) || p.DisabledReason != "asked to" {
		t.Errorf("disabled until a time: %+v", p)
	}
	if early, late := p.AsOf(now.Add(time.Hour-1)), p.AsOf(now.Add(time.Hour)); early != p || late.State != domain.Active || late.DisabledReason != "" {
		t.Errorf("as of the last moment %+v, and of the end %+v", early, late)
	}
	p.Disable("for good", time.Time{}, now)
	if p.IsActive(now.Add(1000 * time.Hour)) {
		t.Errorf("disabled for good: %+v", p)
	}
	p.Enable(now.Add(time.Minute))
	if !p.IsActive(now) || p.DisabledReason != "" || !p.DisabledUntil.IsZero() || !p.UpdatedAt.Equal(now.Add(time.Minute)) {
		t.Errorf("enabled: %+v", p)
	}
	p.Disable("a person's name", now, now)
	before := p
	p.Delete(now.Add(time.Hour))
	if p.IsActive(now.Add(1000*time.Hour)) || p.State != domain.Deleted || p.DisabledReason != "" || p.CredentialEpoch == before.CredentialEpoch || p.PV == before.PV {
		t.Errorf("a tombstone: %+v", p)
	}
}

func TestClosedUsers(t *testing.T) {
	var u domain.User
	if u.IsClosed() {
		t.Error("a user that nobody closed is closed")
	}
	u.EraseAt = time.Date(2026, 12, 7, 12, 0, 0, 0, time.UTC)
	if !u.IsClosed() {
		t.Error("a user that is to be erased is not closed")
	}
}
