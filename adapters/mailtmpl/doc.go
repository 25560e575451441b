// Package mailtmpl writes the mails.
//
// The flow: [New] gathers templates/<locale>/<kind>.txt and .html from the binary and, file by file before those, from the
// operator's folder, parses them and composes every mail once with sample data, so that a mistake in a template stops the
// start with its file and line, and not a mail at night. [Composer.Compose] picks the language (else English) and fills in.
//
// What a template gets is [View]. Subjects are executed with the product's name alone: there is no way to put what a stranger
// typed into a header. Mails load nothing from anywhere and carry no trace of being read. The one thing in them that a
// stranger can choose is a first name: somebody who registers another person's address must not be able to make us send that
// person a message or a link of theirs, so a name that could be either is left out.
//
// An operator's folder has the same layout: <locale>/<kind>.txt, <kind>.html and layout.html. A locale of its own brings the
// text and the HTML of each kind that it has; missing kinds come in English. docs/mail-templates.md is for anyone who writes them.
package mailtmpl
