// Package useragent names user agents with github.com/mileusna/useragent, which needs no data file.
//
// The library passes unknown names through, so its results are looked up in our own lists: [Namer.Name] never repeats a word of the user
// agent.
package useragent
