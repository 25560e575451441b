package main

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// profile takes a CPU profile of an operation: apart from the figures, which it would change.
func (t *target) profile(ctx context.Context, o options, op operation) error {
	if o.profiles == "" {
		return nil
	}
	if err := os.MkdirAll(o.profiles, 0o755); err != nil {
		return err
	}
	const seconds = 4
	taken := make(chan error, 1)
	go func() {
		path := filepath.Join(o.profiles, strings.NewReplacer(" ", "-", "/", "-").Replace(op.name)+"-"+t.name+".pprof")
		taken <- download(ctx, fmt.Sprintf("%s/debug/pprof/profile?seconds=%d", t.admin, seconds), path)
	}()
	_, err := closed(ctx, t.url, op, (seconds+1)*time.Second)
	if failed := <-taken; err == nil {
		err = failed
	}
	return err
}

func download(ctx context.Context, url, path string) error {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return err
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return err
	}
	defer func() { _ = response.Body.Close() }()
	if response.StatusCode != http.StatusOK {
		return fmt.Errorf("%s: %s", url, response.Status)
	}
	content, err := io.ReadAll(response.Body)
	if err != nil {
		return err
	}
	return os.WriteFile(path, content, 0o644)
}
