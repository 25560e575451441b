package domain

import (
	"math/bits"
	"slices"
)

// Vocabulary is the names of the permissions that exist at a service, shared ones included, sorted. It is made once for all principals that
// hold something there, and never changed.
type Vocabulary struct{ names []string }

// NewVocabulary makes one of names in any order.
func NewVocabulary(names []string) *Vocabulary {
	names = slices.Clone(names)
	slices.Sort(names)
	return &Vocabulary{slices.Compact(names)}
}

// Has tells whether a permission of that name exists.
func (v *Vocabulary) Has(name string) bool {
	_, ok := slices.BinarySearch(v.names, name)
	return ok
}

// Names are all of them, sorted. Callers must not change them.
func (v *Vocabulary) Names() []string { return v.names }

// Weight is about how many bytes it takes.
func (v *Vocabulary) Weight() int {
	n := 64
	for _, name := range v.names {
		n += len(name) + 16
	}
	return n
}

// nameSet is a subset of a vocabulary: a bit a name.
type nameSet []uint64

// matching is the names that one of the patterns matches. Each name is looked up by the few patterns that could match it, so that
// many patterns and many names cost their sum.
func (v *Vocabulary) matching(patterns []Pattern) nameSet {
	set := make(nameSet, (len(v.names)+63)/64)
	wanted := make(map[Pattern]bool, len(patterns))
	for _, p := range patterns {
		wanted[p] = true
	}
	for i, name := range v.names {
		for _, p := range covering(Pattern(name)) {
			if wanted[p] {
				set[i/64] |= 1 << (i % 64)
				break
			}
		}
	}
	return set
}

// has tells whether the set has a name.
func (v *Vocabulary) has(set nameSet, name string) bool {
	i, ok := slices.BinarySearch(v.names, name)
	return ok && set[i/64]&(1<<(i%64)) != 0
}

// list is the names in a set, sorted; nil when there is none.
func (v *Vocabulary) list(set nameSet) []string {
	n := 0
	for _, word := range set {
		n += bits.OnesCount64(word)
	}
	if n == 0 {
		return nil
	}
	names := make([]string, 0, n)
	for i, word := range set {
		for ; word != 0; word &= word - 1 {
			names = append(names, v.names[i*64+bits.TrailingZeros64(word)])
		}
	}
	return names
}

// and is the names in both.
func (s nameSet) and(other nameSet) nameSet {
	both := make(nameSet, len(s))
	for i := range s {
		both[i] = s[i] & other[i]
	}
	return both
}
