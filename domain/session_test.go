package domain_test

import (
	"strings"
	"testing"
	"time"

	"github.com/signet-auth/signet/domain"
)

var sessionPolicy = domain.SessionPolicy{Idle: 14 * 24 * time.Hour, Absolute: 30 * 24 * time.Hour, Max: 10}

func TestNewSession(t *testing.T) {
	from := domain.Origin{IP: "192.0.2.1", UserAgent: "curl\r\n" + strings.Repeat("x", 400), RequestID: "r"}
	s := domain.NewSession(sessionID, "u", []string{"pwd"}, from, "Bob's\nphone"+strings.Repeat("y", 200), sessionPolicy, epoch)
	wantEqual(t, s, domain.Session{
		ID: sessionID, UserID: "u", AMR: []string{"pwd"}, Level: domain.AAL1, AuthTime: epoch, CreatedAt: epoch, LastSeenAt: epoch, ExpiresAt: epoch.Add(30 * 24 * time.Hour),
		IP: "192.0.2.1", UserAgent: "curl" + strings.Repeat("x", 296), DeviceName: "Bob'sphone" + strings.Repeat("y", 90),
	})
}

func TestSessionLife(t *testing.T) {
	day := 24 * time.Hour
	fresh := domain.NewSession(sessionID, "u", nil, domain.Origin{}, "", sessionPolicy, epoch)
	seen := func(at time.Time) domain.Session { s := fresh; s.LastSeenAt = at; return s }
	ended := fresh
	ended.EndedAt, ended.EndReason = epoch.Add(time.Hour), domain.EndedByLogout
	for _, c := range []struct {
		name string
		s    domain.Session
		now  time.Time
		idle time.Time
		live bool
	}{
		{"a fresh one lives", fresh, epoch, epoch.Add(14 * day), true},
		{"one lives until just before its idle end", fresh, epoch.Add(14*day - tick), epoch.Add(14 * day), true},
		{"one is over at its idle end (ASVS 7.3.1)", fresh, epoch.Add(14 * day), epoch.Add(14 * day), false},
		{"a refresh moves the idle end", seen(epoch.Add(10 * day)), epoch.Add(24*day - tick), epoch.Add(24 * day), true},
		{"a refresh moves it no further than the absolute end", seen(epoch.Add(29 * day)), epoch.Add(30*day - tick), epoch.Add(30 * day), true},
		{"one is over at its absolute end, however busy (ASVS 7.3.2)", seen(epoch.Add(30*day - tick)), epoch.Add(30 * day), epoch.Add(30 * day), false},
		{"idle and absolute end at the same moment", seen(epoch.Add(16 * day)), epoch.Add(30*day - tick), epoch.Add(30 * day), true},
		{"an ended one is over at once", ended, epoch.Add(time.Hour), epoch.Add(14 * day), false},
		{"an ended one is over on a replica whose clock is behind", ended, epoch, epoch.Add(14 * day), false},
	} {
		t.Run(c.name, func(t *testing.T) {
			wantEqual(t, c.s.IdleExpiresAt(sessionPolicy), c.idle)
			wantEqual(t, c.s.IsLive(sessionPolicy, c.now), c.live)
		})
	}
	t.Run("a shorter idle time holds for sessions that live already", func(t *testing.T) {
		wantEqual(t, fresh.IsLive(domain.SessionPolicy{Idle: time.Minute, Absolute: 30 * day}, epoch.Add(time.Minute)), false)
	})
	t.Run("an idle time above the absolute one changes nothing", func(t *testing.T) {
		p := domain.SessionPolicy{Idle: 90 * day, Absolute: 30 * day}
		wantEqual(t, fresh.IdleExpiresAt(p), fresh.ExpiresAt)
		wantEqual(t, fresh.IsLive(p, epoch.Add(30*day)), false)
	})
}
