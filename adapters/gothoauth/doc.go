// Package gothoauth implements the port to providers (ports/provider): Google, Microsoft, Apple, Discord, GitHub, GitLab, Facebook and any
// OpenID provider, each in a file of its own.
//
// The flow: [New] checks the settings and makes a client for each of them; [Providers.Run] reads in the background the metadata of
// providers with discovery (metadata.go). [client.Begin] writes the URL for the browser. [client.Complete] judges what came back
// and exchanges the code (complete.go), verifies the id_token under the provider's keys (key_set.go) or reads a profile, and lets
// the provider's dialect say who the person is; address.go decides how far an address is trusted.
//
// goth writes the authorize URLs of Google, Discord, GitHub and Facebook and reads the profiles of the last three; golang.org/x/oauth2 does
// the rest, and every exchange. Neither limits time or sizes, or guards against redirects and secrets in URLs, so all calls go through one
// transport that does (transport.go). Errors are sorted by what the transport saw, never by a provider's text (fault.go).
package gothoauth
