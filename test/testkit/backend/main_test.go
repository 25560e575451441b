package backend_test

import (
	"os"
	"testing"

	"github.com/signet-auth/signet/test/testkit/backend"
)

func TestMain(m *testing.M) { os.Exit(backend.Main(m)) }
