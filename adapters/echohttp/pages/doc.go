// Package pages is the HTML that Signet shows people itself: the pages behind the links of its mails, for front ends that
// have none of their own, and the one at its bare address. A page is a file of templates/, once in every language; its route and its form
// are a file here. What all pages of a deployment have in common, its name, its logo and where people go on to, is a Site.
//
// The flow of a link: GET looks at the token, which has no effect, because mail scanners follow links, and shows whose address it is about
// and a button, or that it no longer works; the button posts to the same address, and the use case consumes the token. A refusal that
// passes by itself shows the button again. Programs that ask for JSON get it where the original service gave it.
//
// Pages work without script. The only one shows what was typed as a password, and is named in the policy of its page by its hash.
//
// The routes are registered with the kernel (package echohttp), like those of package rest.
package pages
