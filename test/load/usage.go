package main

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// tick is the unit of CPU times in /proc: USER_HZ is 100 on every Linux.
const tick = 10 * time.Millisecond

// usage is what a process has used since it began.
type usage struct {
	parent   int
	own      time.Duration // user and system time, of all threads
	children time.Duration // of children that are over and waited for
}

// memory is what a process holds, in bytes. File pages are the program itself, shared and given back under pressure.
type memory struct{ rss, anon, file int64 }

func usageOf(pid int) (usage, error) {
	line, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return usage{}, err
	}
	return parseStat(string(line))
}

// parseStat reads a line of /proc/PID/stat (proc(5)). The name of the program, in parentheses, may have blanks and
// parentheses of its own.
func parseStat(line string) (usage, error) {
	end := strings.LastIndexByte(line, ')')
	if end < 0 {
		return usage{}, errors.New("not a line of /proc/PID/stat")
	}
	fields := strings.Fields(line[end+1:]) // from the third on
	number := func(field int) int64 {
		if len(fields) <= field-3 {
			return -1
		}
		n, err := strconv.ParseInt(fields[field-3], 10, 64)
		if err != nil {
			return -1
		}
		return n
	}
	u := usage{
		parent:   int(number(4)),
		own:      time.Duration(number(14)+number(15)) * tick,
		children: time.Duration(number(16)+number(17)) * tick,
	}
	if u.parent < 0 || u.own < 0 || u.children < 0 {
		return usage{}, errors.New("not a line of /proc/PID/stat")
	}
	return u, nil
}

func memoryOf(pid int) (memory, error) {
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return memory{}, err
	}
	return parseStatus(status)
}

// parseStatus reads the lines of /proc/PID/status that tell about memory.
func parseStatus(status []byte) (m memory, err error) {
	found := 0
	for lines := bufio.NewScanner(bytes.NewReader(status)); lines.Scan(); {
		name, value, _ := strings.Cut(lines.Text(), ":")
		var into *int64
		switch name {
		case "VmRSS":
			into = &m.rss
		case "RssAnon":
			into = &m.anon
		case "RssFile":
			into = &m.file
		default:
			continue
		}
		kib, ok := strings.CutSuffix(strings.TrimSpace(value), " kB")
		n, err := strconv.ParseInt(kib, 10, 64)
		if !ok || err != nil {
			return memory{}, fmt.Errorf("%s in /proc/PID/status: %q", name, value)
		}
		*into = n << 10
		found++
	}
	if found != 3 {
		return memory{}, errors.New("/proc/PID/status does not tell about memory")
	}
	return m, nil
}

// familyCPU is the CPU time of a process, its children that are over, and its children that live: a Postgres server with its
// connections, each of which is a process.
func familyCPU(pid int) (time.Duration, error) {
	head, err := usageOf(pid)
	if err != nil {
		return 0, err
	}
	sum := head.own + head.children
	all, err := filepath.Glob("/proc/[0-9]*/stat")
	if err != nil {
		return 0, err
	}
	for _, path := range all {
		line, err := os.ReadFile(path)
		if err != nil {
			continue // it has ended since
		}
		if u, err := parseStat(string(line)); err == nil && u.parent == pid {
			sum += u.own
		}
	}
	return sum, nil
}
