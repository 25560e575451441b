package domain_test

import (
	"fmt"
	"strconv"
	"testing"

	"github.com/signet-auth/signet/domain"
)

// heldAtScale is a service of 1 000 permissions, and 20 roles of 10 patterns that somebody holds there.
func heldAtScale() (names []string, held []domain.HeldRole) {
	for i := range 1000 {
		names = append(names, fmt.Sprintf("resource-%03d:%s", i/4, []string{"read", "write", "void", "list"}[i%4]))
	}
	for i := range 20 {
		role := domain.HeldRole{Name: "role-" + strconv.Itoa(i)}
		for k := range 9 {
			role.Patterns = append(role.Patterns, domain.Pattern(names[(i*41+k*97)%len(names)]))
		}
		held = append(held, domain.HeldRole{Name: role.Name, Patterns: append(role.Patterns, domain.Pattern(fmt.Sprintf("resource-%03d:*", i)))})
	}
	return names, numbered(held)
}

// BenchmarkEvaluateGrants is the load of an entry: it happens after a change, not for each question.
func BenchmarkEvaluateGrants(b *testing.B) {
	names, held := heldAtScale()
	vocabulary := domain.NewVocabulary(names)
	b.ReportAllocs()
	for b.Loop() {
		if g := domain.EvaluateGrants(held, vocabulary, domain.NoLevel, epoch); len(g.Roles) != 20 {
			b.Fatal(g.Roles)
		}
	}
}

// BenchmarkAllows is what one question, and a hundred, ask of an entry that is there.
func BenchmarkAllows(b *testing.B) {
	names, held := heldAtScale()
	g := domain.EvaluateGrants(held, domain.NewVocabulary(names), domain.NoLevel, epoch)
	for _, n := range []int{1, 100} {
		b.Run(strconv.Itoa(n), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				for i := range n {
					g.Allows(names[i*10])
				}
			}
		})
	}
}

// BenchmarkPermissions is what a token, validate-jwt and introspection list.
func BenchmarkPermissions(b *testing.B) {
	names, held := heldAtScale()
	g := domain.EvaluateGrants(held, domain.NewVocabulary(names), domain.NoLevel, epoch)
	b.ReportAllocs()
	for b.Loop() {
		if len(g.Permissions()) == 0 {
			b.Fatal("nothing is held")
		}
	}
}
