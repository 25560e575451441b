package run

import (
	"time"

	"github.com/signet-auth/signet/domain"
)

// insideSettings are about the work behind requests, and the log.
type insideSettings struct {
	FeedPoll      duration
	FeedStaleness duration
	OutboxLease   duration
	OutboxWorkers int
	CleanupEvery  duration
	AuditKeep     duration
	LogLevel      string
	LogFormat     string
	LogRequests   onOff
}

func (i *insideSettings) group() group {
	return group{title: "Inside", settings: []setting{
		{
			name: "FEED_POLL", into: &i.FeedPoll, preset: "500ms", text: "How often the change feed is looked at",
			limit: upTo(500*time.Millisecond, ": a revocation is promised everywhere within a second"),
		},
		{
			name: "FEED_MAX_STALENESS", into: &i.FeedStaleness, preset: "30s", limit: moreThanZero(),
			text: "How long remembered answers are given while the database can't be reached",
		},
		{
			name: "OUTBOX_LEASE", into: &i.OutboxLease, preset: "30s", limit: moreThanZero(),
			text: "How long one dispatcher may work on a message before another may",
		},
		{name: "OUTBOX_WORKERS", into: &i.OutboxWorkers, preset: "4", limit: atLeast(1), text: "How many messages one replica delivers at once"},
		{
			name: "CLEANUP_EVERY", into: &i.CleanupEvery, preset: "10m", limit: moreThanZero(),
			text: "How often each replica removes what is over: sessions, one-time secrets, registrations, delivered mail, closed accounts",
		},
		{
			name: "AUDIT_RETENTION", into: &i.AuditKeep, preset: "0", text: "How long the audit log is kept, in whole months",
			limit: times("24h or more, or 0: for ever", func(d time.Duration) bool { return d == 0 || d >= 24*time.Hour }),
		},
		{name: "LOG_LEVEL", into: &i.LogLevel, preset: "info", words: []string{"debug", "info", "warn", "error"}, text: "What is logged from: debug, info, warn or error"},
		{
			name: "LOG_FORMAT", into: &i.LogFormat, words: []string{"json", "text"}, empty: "text in development, json in production",
			text: "How the log is written: json or text; empty: text in development, json in production",
		},
		{
			name: "LOG_REQUESTS", into: &i.LogRequests, empty: "on in development, off in production",
			text: "Log every request, not only failures of the server; empty: on in development, off in production. In text it is one short line",
		},
	}}
}

// bootstrapSettings make the first administrator.
type bootstrapSettings struct {
	AdminEmail    string
	AdminPassword domain.Secret
}

func (b *bootstrapSettings) group() group {
	return group{title: "First administrator, made once in the life of a deployment", check: b.check, settings: []setting{
		{name: "BOOTSTRAP_ADMIN_EMAIL", into: &b.AdminEmail, text: "The address of the first administrator"},
		{name: "BOOTSTRAP_ADMIN_PASSWORD", into: &b.AdminPassword, secret: true, text: "The password of the first administrator; it can go after the first start"},
	}}
}

func (b *bootstrapSettings) check(bad func(ok bool, format string, args ...any)) {
	bad((b.AdminEmail == "") == b.AdminPassword.IsZero(), "BOOTSTRAP_ADMIN_EMAIL and BOOTSTRAP_ADMIN_PASSWORD belong together")
}
