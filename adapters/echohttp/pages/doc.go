// Package pages is the HTML that Signet itself shows to people: the pages behind the links in its mails, for front ends without such pages,
// and the page at its root address. A page is a file of templates/ in each language; its route and its form are a file here. A Site holds
// what all pages of a deployment share: its name, its logo and where people go next.
//
// The flow of a link: GET reads the token without consuming it, because mail scanners follow links. The page shows which address it is
// about and a button, or says that the link no longer works. The button posts to the same address, and the use case consumes the token.
// After a temporary refusal the page shows the button again. Programs that ask for JSON get it where the original service gave it.
//
// Pages work without script. The only script shows the typed password, and its page's policy allows it by its hash.
//
// The routes are registered with the kernel (package echohttp), like those of package rest.
package pages
