package run

// sessionSettings are about sessions and what keeps them alive.
type sessionSettings struct {
	SessionTTL    duration
	SessionIdle   duration
	MaxSessions   int
	SessionPolicy string
	RefreshGrace  duration
	RefreshRetry  duration
	RefreshBearer string
	CookieSite    string
	RecentAuth    duration
}

func (s *sessionSettings) group() group {
	return group{title: "Sessions and refresh", settings: []setting{
		{
			name: "JWT_REFRESH_TOKEN_EXPIRES", into: &s.SessionTTL, preset: "30d", limit: moreThanZero(),
			text: "How long a session lives. Absolute, since login",
		},
		{
			name: "SESSION_IDLE", into: &s.SessionIdle, preset: "14d", limit: moreThanZero(),
			text: "How long a session lives that is not used. Since login or last refresh",
		},
		{
			name: "MAX_SESSIONS_PER_USER", into: &s.MaxSessions, preset: "10", old: "SESSION_LIMIT_PER_USER", limit: orZero("no limit"),
			text: "Live sessions of one user; 0: no limit",
		},
		{
			name: "SESSION_LIMIT_POLICY", into: &s.SessionPolicy, preset: "evict_oldest", words: []string{"evict_oldest", "deny"},
			text: "What a login at that limit does: evict_oldest (the least recently refreshed) or deny",
		},
		{
			name: "REFRESH_GRACE", into: &s.RefreshGrace, preset: "10s",
			text: "A rotated refresh token is answered with the same successor for so long",
		},
		{
			name: "REFRESH_RETRY", into: &s.RefreshRetry, empty: "JWT_ACCESS_TOKEN_EXPIRES",
			text: "A rotated refresh token is answered with a new one for so long after that, because the answer was lost; empty: one access token's life",
		},
		{
			name: "REFRESH_BEARER", into: &s.RefreshBearer, preset: "rotate", words: []string{"rotate", "static"},
			text: "A refresh token sent as bearer, as clients of the Flask service do: rotate, or static (it stays good; see docs/migrating-from-flask.md)",
		},
		{
			name: "COOKIE_SAMESITE", into: &s.CookieSite, preset: "strict", words: []string{"strict", "none"},
			text: "The refresh token's cookie: strict, or none when the front end lives on another site (PUBLIC_URL must be https then)",
		},
		{
			name: "RECENT_AUTH", into: &s.RecentAuth, preset: "10m", limit: moreThanZero(),
			text: "How old a login may be for what a stolen token must not be enough for",
		},
	}}
}
