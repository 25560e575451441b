//go:build unix

package run

import (
	"os"
	"syscall"
)

// locksFolders tells whether a second server can be kept out of a folder.
const locksFolders = true

func lockFile(f *os.File) error { return syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB) }
