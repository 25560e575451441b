// Package gothoauth is the port to providers (ports/provider): Google, Microsoft, Apple, Discord, GitHub, GitLab, Facebook and any OpenID
// provider, a file each.
//
// The flow: [New] checks the settings and makes a client for each of them; [Providers.Run] learns in the background what the discovered
// ones say of themselves (metadata.go). [client.Begin] writes the URL for the browser. [client.Complete] judges what came back
// (answer.go), exchanges the code (exchange.go), verifies the id_token under the provider's keys (key_set.go) or reads a profile, and lets
// the provider's dialect say who it is; address.go says what an address is worth.
//
// goth writes the authorize URLs of Google, Discord, GitHub and Facebook and reads the profiles of the last three; golang.org/x/oauth2 does
// the rest, and every exchange. Neither takes care of time, sizes, redirects or secrets in URLs, so all calls go through one transport
// (transport.go) that does. Errors are sorted by what the transport saw, never by a provider's text (fault.go).
package gothoauth
