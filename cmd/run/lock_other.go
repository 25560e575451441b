//go:build !unix

package run

import "os"

// locksFolders tells whether a second server can be kept out of a folder; a start says when it can't.
const locksFolders = false

func lockFile(*os.File) error { return nil }
