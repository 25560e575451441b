package backend

import (
	"context"
	"crypto/rand"
	"math/big"
	"strconv"
	"testing"
	"time"

	"github.com/redis/rueidis"
)

const (
	// claimFor outlives a test binary's own default timeout, so that only a killed process leaves its claim to expire.
	claimFor = 15 * time.Minute
	// claimWait is how long a test waits for a number that another test holds.
	claimWait = time.Minute
)

// claim reserves a database number until the test ends. The claims are keys of database 0, which is never handed out,
// so that processes sharing a server see each other's.
func claim(tb testing.TB, uri string) int {
	tb.Helper()
	client, err := redisClient(uri)
	if err != nil {
		tb.Fatalf("backend: %s: %v", redisEngine.name, err)
	}
	defer client.Close()
	ctx, cancel := context.WithTimeout(context.Background(), claimWait)
	defer cancel()

	databases := countDatabases(ctx, client)
	if databases < 2 {
		tb.Fatal("backend: the Redis server has one database only: tests cannot be kept apart")
	}
	for tick := time.NewTicker(pollEvery); ; {
		number, err := claimAny(ctx, client, databases)
		if err != nil {
			tb.Fatalf("backend: no free Redis database among %d: %v", databases-1, err)
		}
		if number > 0 {
			tick.Stop()
			tb.Cleanup(func() {
				if err := redisDo(uri, []string{"DEL", claimKey(number)}); err != nil {
					tb.Errorf("backend: release the database: %v", err)
				}
			})
			return number
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
		}
	}
}

// claimAny tries every number once, from a random one on so that processes seldom meet, and returns 0 when all are
// taken.
func claimAny(ctx context.Context, client rueidis.Client, databases int) (int, error) {
	first, err := rand.Int(rand.Reader, big.NewInt(int64(databases-1)))
	if err != nil {
		return 0, err
	}
	for i := range databases - 1 {
		number := 1 + (int(first.Int64())+i)%(databases-1)
		set := client.B().Set().Key(claimKey(number)).Value("taken").Nx().Ex(claimFor).Build()
		err := client.Do(ctx, set).Error()
		if err == nil {
			return number, nil
		}
		if !rueidis.IsRedisNil(err) {
			return 0, err
		}
	}
	return 0, nil
}

func claimKey(number int) string { return "signet:test:database:" + strconv.Itoa(number) }

// countDatabases asks the server; hosted ones refuse CONFIG and have the usual 16.
func countDatabases(ctx context.Context, client rueidis.Client) int {
	config, err := client.Do(ctx, client.B().ConfigGet().Parameter("databases").Build()).AsStrMap()
	if err == nil {
		if n, err := strconv.Atoi(config["databases"]); err == nil {
			return n
		}
	}
	return 16
}
