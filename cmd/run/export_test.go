package run

// What tests look at from outside.
var (
	ParseDotEnv   = parseDotEnv
	NearMisses    = nearMisses
	ParseUserLine = parseUserLine

	EnvExample          = envExample
	ConfigurationTables = configurationTables
)
