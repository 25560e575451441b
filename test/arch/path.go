package arch

import (
	"iter"
	"strings"
)

// layer is the top-level folder of a path.
func layer(path string) string {
	top, _, _ := strings.Cut(path, "/")
	return top
}

// unitOf is the part of the tree that the rules treat as one: an adapter, an example or a command with its sub-packages, else
// the whole layer.
func unitOf(path string) string {
	top, rest, nested := strings.Cut(path, "/")
	if !nested || (top != "adapters" && top != "examples" && top != "cmd") {
		return top
	}
	name, _, _ := strings.Cut(rest, "/")
	return top + "/" + name
}

// isAdapter holds for examples, too: those of this module are adapters, to be copied beside the others.
func isAdapter(unit string) bool { return layer(unit) == "adapters" || layer(unit) == "examples" }

// under reports whether path is root or lies below it, by whole elements.
func under(path, root string) bool {
	return path == root || strings.HasPrefix(path, root+"/")
}

// isStandard goes by the rule of the go command itself: only the standard library has no dot in its first element.
func isStandard(path string) bool { return !strings.Contains(layer(path), ".") }

// match returns the longest of the roots that path lies under, or "".
func match(path string, roots iter.Seq[string]) string {
	longest := ""
	for root := range roots {
		if under(path, root) && len(root) > len(longest) {
			longest = root
		}
	}
	return longest
}
