package run

import (
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/signet-auth/signet/domain"
)

// dataDir is the folder of the embedded mode: the database, the generated SECRET_KEY and the lock. Development on Postgres keeps its
// SECRET_KEY there too; replicas then share the folder.
type dataDir string

// open makes the folder, for its owner only.
func (d dataDir) open() error {
	if err := os.MkdirAll(string(d), 0o700); err != nil {
		return fmt.Errorf("DATA_DIR can't be used: %w", err)
	}
	return nil
}

func (d dataDir) database() string { return filepath.Join(string(d), "signet.db") }

// there tells whether the folder has a database, for commands that make none.
func (d dataDir) there() error {
	_, err := os.Stat(d.database())
	if errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("there is no database in %s (DATA_DIR): signet serve makes one", string(d))
	}
	return err
}

// lock makes sure that one server uses the folder: two would each believe what they remember. The lock goes with the process,
// however it ends. The command line does not take it: it is one more writer, and the change feed tells the server.
func (d dataDir) lock() (release func(), err error) {
	file, err := os.OpenFile(filepath.Join(string(d), "serve.lock"), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, fmt.Errorf("DATA_DIR can't be used: %w", err)
	}
	if err := lockFile(file); err != nil {
		_ = file.Close()
		return nil, fmt.Errorf("another signet serves %s already: stop it, or give this one a DATA_DIR of its own", string(d))
	}
	return func() { _ = file.Close() }, nil
}

func (d dataDir) secretKeyPath() string { return filepath.Join(string(d), "secret_key") }

// secretKey is the key that development made at its first start, or makes now. Without either it is zero.
func (d dataDir) secretKey(needed bool) (domain.Secret, error) {
	path := d.secretKeyPath()
	if needed {
		if err := d.open(); err != nil {
			return domain.Secret{}, err
		}
		if err := makeSecretKey(path); err != nil {
			return domain.Secret{}, fmt.Errorf("make a SECRET_KEY in DATA_DIR: %w", err)
		}
	}
	content, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) && !needed {
		return domain.Secret{}, nil
	}
	if err != nil {
		return domain.Secret{}, fmt.Errorf("read the SECRET_KEY in DATA_DIR: %w", err)
	}
	return domain.NewSecret(string(content)), nil
}

// makeSecretKey writes the file whole or not at all, once: of a server and a command that start together one makes it.
func makeSecretKey(path string) error {
	if _, err := os.Stat(path); !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	raw := make([]byte, 48)
	_, _ = rand.Read(raw) // never fails (crypto/rand)
	temp, err := os.CreateTemp(filepath.Dir(path), "secret_key-*")
	if err != nil {
		return err
	}
	defer func() { _ = os.Remove(temp.Name()) }()
	_, err = temp.WriteString(base64.StdEncoding.EncodeToString(raw)) // CreateTemp made it 0600
	if err = errors.Join(err, temp.Sync(), temp.Close()); err != nil {
		return err
	}
	if err := os.Link(temp.Name(), path); err != nil && !errors.Is(err, fs.ErrExist) {
		return err
	}
	return nil
}
