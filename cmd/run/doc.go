// Package run is the program: configuration, wiring and subcommands. It takes its environment as a map and its streams as
// values, so that tests start the real thing on port 0.
//
//	Main ─► kong ─► serve ─► ParseConfig ─► Start ─► Server
//	                migrate, admin, users, keys, mail, config, doctor, dev, health, version
//
// A setting is declared in its group (config.go, config_*.go), read by config_parse.go, and goes to the core by app_settings.go. Adapters are opened from
// the outside in: stores.go (database, limits, wake-up), mail.go, http.go (routes), server.go (listeners and background work, started and
// stopped in order). app.New builds the core on them; tool.go does so for commands that serve nobody. metrics.go registers what operators
// watch beyond requests: a new metric begins there.
package run

//go:generate go test -run ^TestTheReferenceOfSettingsIsCurrent$ -update .
