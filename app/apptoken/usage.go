package apptoken

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/signet-auth/signet/domain"
	"github.com/signet-auth/signet/ports/store"
)

const (
	day = 24 * time.Hour
	// The most days of one query: for all tokens of a service, or for one token.
	maxUsageDays    = 7
	maxUsageDaysOne = 31
	// maxUsageTokens is for how many tokens of a service the use is shown, the newest ones.
	maxUsageTokens = 1000
)

// UsageInput is the use of a service's tokens, or of one, in hours of UTC: from since on, before until.
type UsageInput struct {
	Actor   domain.Actor
	Service string    // id or key
	Token   string    // empty: all
	Since   time.Time // zero: a day before until
	Until   time.Time // zero: the end of this hour
}

// TokenUsage is the use of one token since it was created, and by the hour in the requested period. Hours without use are absent.
type TokenUsage struct {
	Token domain.AppTokenID
	Use   domain.TokenUse
	Hours []domain.UsedHour
}

// Usage tells how much the tokens of a service are used, and which are unused. It may be 10 s late.
func (s *Service) Usage(ctx context.Context, in UsageInput) ([]TokenUsage, error) {
	if err := s.directory.RequireEver(ctx, in.Actor, domain.ReadTokens); err != nil {
		return nil, err
	}
	since, until, err := in.hours(s.System.Now())
	if err != nil {
		return nil, err
	}
	service, err := s.loadService(ctx, in.Actor, domain.ReadTokens, in.Service)
	if err != nil {
		return nil, err
	}
	tokens, err := s.usedTokens(ctx, service.ID, in.Token)
	if err != nil {
		return nil, err
	}
	at, ids := map[domain.AppTokenID]int{}, make([]domain.AppTokenID, len(tokens))
	all := make([]TokenUsage, len(tokens))
	for i, t := range tokens {
		at[t.ID], ids[i], all[i] = i, t.ID, TokenUsage{Token: t.ID, Use: t.Used()}
	}
	hours, err := s.Store.Read().AppTokens.UsedHours(ctx, ids, since, until)
	for _, h := range hours {
		all[at[h.Token]].Hours = append(all[at[h.Token]].Hours, h)
	}
	return all, err
}

func (s *Service) usedTokens(ctx context.Context, service domain.ServiceID, ref string) ([]domain.ListedAppToken, error) {
	if ref == "" {
		return s.Store.Read().AppTokens.List(ctx, service, store.Page{Limit: maxUsageTokens})
	}
	id, ok := domain.ParseID[domain.AppTokenID](ref)
	if !ok {
		return nil, errNoToken
	}
	token, err := s.Store.Read().AppTokens.Listed(ctx, id)
	if errors.Is(err, domain.ErrNotFound) || err == nil && token.ServiceID != service {
		return nil, errNoToken
	}
	return []domain.ListedAppToken{token}, err
}

// hours are the whole hours that contain the requested period.
func (in UsageInput) hours(now time.Time) (since, until time.Time, err error) {
	if until = domain.HourOf(in.Until); in.Until.IsZero() {
		until = domain.HourOf(now).Add(time.Hour)
	} else if until.Before(in.Until) {
		until = until.Add(time.Hour)
	}
	if since = domain.HourOf(in.Since); in.Since.IsZero() {
		since = until.Add(-day)
	}
	most := maxUsageDays
	if in.Token != "" {
		most = maxUsageDaysOne
	}
	if !since.Before(until) || until.Sub(since) > time.Duration(most)*day {
		return since, until, invalid("since", fmt.Sprintf("since must be before until, by at most %d days (%d with token_id)", maxUsageDays, maxUsageDaysOne))
	}
	return since, until, nil
}
