package signet

import (
	"errors"
	"fmt"
	"os"
	"strings"
	"sync"
	"time"
)

// appToken is the service's application token, of a file or not.
type appToken struct {
	file string

	mu      sync.Mutex
	value   Secret
	stamp   time.Time // of the file
	changed chan struct{}
}

// newAppToken is nil without a token.
func newAppToken(value Secret, file string) (*appToken, error) {
	if value != "" && file != "" {
		return nil, errors.New("signet: AppToken and AppTokenFile are both set: one is enough")
	}
	if value == "" && file == "" {
		return nil, nil //nolint:nilnil // there is none, which is no mistake
	}
	t := &appToken{value: Secret(strings.TrimSpace(string(value))), file: file, changed: make(chan struct{})}
	if file != "" {
		if err := t.read(); err != nil {
			return nil, err
		}
	}
	if !strings.HasPrefix(string(t.value), "sgat_") {
		setting := "AppToken (SIGNET_APP_TOKEN)"
		if file != "" {
			setting = "AppTokenFile (SIGNET_APP_TOKEN_FILE)"
		}
		return nil, fmt.Errorf("signet: %s must be an application token, which begins with sgat_; this is something else. signet tokens create makes one", setting)
	}
	return t, nil
}

func (t *appToken) get() Secret {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.value
}

// news is closed when another token was read.
func (t *appToken) news() <-chan struct{} {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.changed
}

// look reads the file again if it changed, and reload in any case. Both tell whether it has another token.
func (t *appToken) look() bool {
	if t.file == "" {
		return false
	}
	info, err := os.Stat(t.file)
	t.mu.Lock()
	same := err != nil || info.ModTime().Equal(t.stamp)
	t.mu.Unlock()
	return !same && t.reload()
}

func (t *appToken) reload() bool {
	if t.file == "" {
		return false
	}
	before := t.get()
	return t.read() == nil && t.get() != before // a file that is being written is read again by its next change
}

func (t *appToken) read() error {
	info, err := os.Stat(t.file)
	if err != nil {
		return fmt.Errorf("signet: AppTokenFile (SIGNET_APP_TOKEN_FILE) can't be read: %w", err)
	}
	content, err := os.ReadFile(t.file)
	if err != nil {
		return fmt.Errorf("signet: AppTokenFile (SIGNET_APP_TOKEN_FILE) can't be read: %w", err)
	}
	value := Secret(strings.TrimSpace(string(content)))
	if value == "" {
		return fmt.Errorf("signet: AppTokenFile (SIGNET_APP_TOKEN_FILE) %s is empty: it must have an application token. signet tokens create makes one", t.file)
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.stamp = info.ModTime()
	if value != t.value {
		t.value = value
		close(t.changed)
		t.changed = make(chan struct{})
	}
	return nil
}
