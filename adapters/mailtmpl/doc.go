// Package mailtmpl writes the mails.
//
// The flow: [New] gathers templates/<locale>/<kind>.txt and .html from the binary and, file by file before those, from the operator's
// folder, parses them and composes every mail once with sample data, so that a mistake in a template stops the start, with its file and
// line, and does not stop a mail at night. [Composer.Compose] picks the language (else English) and fills in.
//
// What a template gets is [View]. Subjects are executed with the product's name alone, so that text that a stranger typed can't get into a
// header. Mails load nothing and don't track readers. The only part that a stranger can choose is a first name: an attacker who registers
// another person's address must not be able to make us send that person the attacker's message or link, so a name that could be either is
// left out.
//
// An operator's folder has the same layout: <locale>/<kind>.txt, <kind>.html and layout.html. A new locale has the text and the HTML of
// each kind that it translates; missing kinds are sent in English. docs/mail-templates.md explains how to write them.
package mailtmpl
