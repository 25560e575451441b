package echohttp

// The groups of operations.
const (
	TagRegistration = "Registration"
	TagLogin        = "Login"
	TagFactors      = "Second factors"
	TagProviders    = "Login through providers"
	TagAccount      = "Account"
	TagPasswords    = "Passwords"
	TagSessions     = "Sessions"
	TagServices     = "Services"
	TagRoles        = "Roles"
	TagAppTokens    = "Application tokens"
	TagQuestions    = "Questions"
	TagOAuth        = "OAuth 2.0"
	TagUsers        = "Users"
	TagAudit        = "Audit"
	TagKeys         = "Keys"
	TagHealth       = "Health"
	TagDocument     = "Document"
)

// tags are the groups in the order of use, each with its purpose.
var tags = []struct{ name, about string }{
	{TagRegistration, "Begin an account, and verify the address by the link or the code of the mail."},
	{TagLogin, "Begin a session, keep it by refreshing, end it, and ask whether a token is good now."},
	{TagFactors, "Prove a second factor at a login or within a session, and keep your own."},
	{TagProviders, "Sign in with an account elsewhere, and link one to an account here."},
	{TagAccount, "What a person sees and changes of their own: profile, address, what is held about them, and the end."},
	{TagPasswords, "Change the password, or replace a forgotten one by mail."},
	{TagSessions, "Where a user is signed in, and how to end that."},
	{TagServices, "The services that Signet answers for. Each has a key, which is the audience of tokens for it."},
	{TagRoles, "What may be done in a service, bundled into roles, and who holds them."},
	{TagAppTokens, "What a service proves itself by."},
	{TagQuestions, "May this user do that there? For services that ask, with an application token."},
	{TagOAuth, "Tokens for services (client credentials), introspection and revocation, as the RFCs define them."},
	{TagUsers, "Other people's accounts, for those who look after them."},
	{TagAudit, "Who did what."},
	{TagKeys, "What verifiers need: the key set, and the metadata that leads to it."},
	{TagHealth, "For load balancers."},
	{TagDocument, "What you are reading, for programs."},
}
