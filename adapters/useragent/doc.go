// Package useragent names user agents with github.com/mileusna/useragent, which needs no data file.
//
// The library hands through what it does not know, so its findings are looked up in lists of our own: [Namer.Name] never
// repeats a word of the user agent.
package useragent
