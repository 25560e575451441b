package signetserver

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"github.com/signet-auth/signet/cmd/run"
)

// DatabaseFile is what the embedded database is called in its folder.
const DatabaseFile = "signet.db"

var schema struct {
	sync.Mutex
	file []byte
}

// Database is an embedded database with the schema and nothing else. It is made once a process, because bringing the schema up is the longest part of
// a start.
func Database(tb testing.TB) []byte {
	tb.Helper()
	schema.Lock()
	defer schema.Unlock()
	if schema.file == nil {
		dir := tb.TempDir()
		if err := Command(tb, map[string]string{"DATA_DIR": dir}, "", "migrate", "up"); err != nil {
			tb.Fatal(err)
		}
		file, err := os.ReadFile(filepath.Join(dir, DatabaseFile))
		if err != nil {
			tb.Fatal(err)
		}
		schema.file = file
	}
	return schema.file
}

// Command runs one of Signet's commands, as an operator does, with settings and a text to read.
func Command(tb testing.TB, env map[string]string, input string, arguments ...string) error {
	tb.Helper()
	var said bytes.Buffer
	if code := run.Main(tb.Context(), arguments, env, run.Stdio{In: bytes.NewReader([]byte(input)), Out: &said, Err: &said}); code != 0 {
		return fmt.Errorf("signet %v: exit %d: %s", arguments, code, said.String())
	}
	return nil
}
