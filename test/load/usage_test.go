package main

import (
	"os"
	"testing"
	"time"
)

func TestStat(t *testing.T) {
	const line = "4242 (sig) net (x) S 17 4242 4242 0 -1 4194560 2041 90 0 0 150 25 7 3 20 0 9 0 123456 1000000 5000 18446744073709551615"
	got, err := parseStat(line)
	if err != nil {
		t.Fatal(err)
	}
	want := usage{parent: 17, own: 1750 * time.Millisecond, children: 100 * time.Millisecond}
	if got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
	for _, bad := range []string{"", "4242 (signet", "4242 (signet) S 17", "4242 (signet) S x 1 1 0 -1 0 0 0 0 0 a b 0 0"} {
		if u, err := parseStat(bad); err == nil {
			t.Errorf("%q was read as %+v", bad, u)
		}
	}
}

func TestStatus(t *testing.T) {
	got, err := parseStatus([]byte("Name:\tsignet\nVmPeak:\t  999 kB\nVmRSS:\t   40960 kB\nRssAnon:\t   12288 kB\nRssFile:\t   28672 kB\nRssShmem:\t 0 kB\n"))
	if err != nil {
		t.Fatal(err)
	}
	if want := (memory{rss: 40 << 20, anon: 12 << 20, file: 28 << 20}); got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
	for _, bad := range []string{"", "VmRSS: 1 kB\n", "VmRSS: 1 MB\nRssAnon: 1 kB\nRssFile: 1 kB\n"} {
		if m, err := parseStatus([]byte(bad)); err == nil {
			t.Errorf("%q was read as %+v", bad, m)
		}
	}
}

func TestThisProcess(t *testing.T) {
	if _, err := os.Stat("/proc/self/stat"); err != nil {
		t.Skip("there is no /proc here")
	}
	u, err := usageOf(os.Getpid())
	if err != nil || u.parent != os.Getppid() {
		t.Errorf("usage %+v, error %v", u, err)
	}
	m, err := memoryOf(os.Getpid())
	if err != nil || m.rss < m.anon || m.anon == 0 {
		t.Errorf("memory %v, error %v", m, err)
	}
	if cpu, err := familyCPU(os.Getppid()); err != nil || cpu < u.own {
		t.Errorf("the parent with its children used %s, of which this process %s; error %v", cpu, u.own, err)
	}
}
