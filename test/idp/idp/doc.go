// Package idp plays the services by which people log in, for tests and laptops: Google, Microsoft, Apple, Discord, GitHub, GitLab,
// Facebook and any OpenID provider. It asks of a client what they ask, answers in their words, and misbehaves on demand.
//
//	Signet ─► browser ─► authorize ─► the person who is logged in, or a page that asks ─► code ─► callback
//	Signet ─► token (client, code, redirect_uri, verifier) ─► access token, id_token ─► keys, userinfo or profile
//	a test ─► Login, Misbehave, Set, Hold, Rotate, Requests          another program ─► /control
//
// A [Server] is all of them at one address: what is https://host/path at the real one is /host/path here, and an issuer of one's own
// stands at /issuers/name. A [Provider] is one of them. What it says and where differs by its dialect, a file each; the rest is the same
// code for all. The names of fields and the forms of errors are the real ones, from the providers' documentation.
//
// More lenient than they are: http and localhost may be registered everywhere, no consent is asked, tokens live an hour.
package idp
