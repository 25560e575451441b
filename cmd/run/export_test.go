package run

// What tests look at from outside.
var (
	ParseDotEnv = parseDotEnv
	NearMisses  = nearMisses

	EnvExample          = envExample
	ConfigurationTables = configurationTables
)
