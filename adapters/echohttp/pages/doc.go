// Package pages is the HTML that Signet shows people itself: the pages behind the links of its mails, for front ends that
// have none of their own. A page is a file of templates/, once in every language; its route and its form are a file here.
//
// The flow of a link: GET shows a page with a button and has no effect, because mail scanners follow links; the button posts
// to the same address, and the use case consumes the token. A refusal that passes by itself shows the button again, a token
// that no longer works shows a page that says so. Programs that ask for JSON get it where the original service gave it.
//
// The routes are registered with the kernel (package echohttp), like those of package rest.
package pages
