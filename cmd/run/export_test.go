package run

// What tests look at from outside.
var (
	ParseDotEnv   = parseDotEnv
	NearMisses    = nearMisses
	ParseUserLine = parseUserLine

	EnvExample          = envExample // reference_export_test.go writes them: no command needs them
	ConfigurationTables = configurationTables
)
