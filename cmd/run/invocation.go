package run

import (
	"os"
	"os/exec"
	"regexp"
	"strings"
)

// surroundings are what tells how a person at a terminal reaches this very program.
type surroundings struct {
	arg0     string // as it was started
	pid      int
	parent   int // its parent's
	hasGo    bool
	hostname string
	getenv   func(string) string
	exists   func(path string) bool
}

func here() surroundings {
	hostname, _ := os.Hostname()
	_, err := exec.LookPath("go")
	return surroundings{hasGo: err == nil, arg0: os.Args[0], pid: os.Getpid(), parent: os.Getppid(), hostname: hostname, getenv: os.Getenv, exists: func(path string) bool {
		_, err := os.Stat(path)
		return err == nil
	}}
}

// containerID is the name that container engines give a host when nobody says another.
var containerID = regexp.MustCompile(`^[0-9a-f]{12}$`)

// inContainer tells whether this is what a container was started for, itself or below an init of a few lines. A program that somebody started
// at a terminal in a container, as in one for development, is reached from that terminal; there is a Go too.
func (s surroundings) inContainer() bool {
	return s.pid == 1 || s.parent == 1 && !s.hasGo && (s.exists("/.dockerenv") || s.exists("/run/.containerenv"))
}

// command is what a person types where this program would type signet.
func (s surroundings) command() string {
	switch {
	case s.inContainer() && s.getenv("KUBERNETES_SERVICE_HOST") != "":
		return "kubectl exec -it " + s.hostname + " -- " + s.arg0
	case s.inContainer() && !containerID.MatchString(s.hostname): // a name of somebody's choice, or of the machine: the service's of our compose file
		return "docker compose exec signet " + s.arg0
	case s.inContainer() && s.exists("/run/.containerenv"):
		return "podman exec -it " + s.hostname + " " + s.arg0
	case s.inContainer():
		return "docker exec -it " + s.hostname + " " + s.arg0
	case strings.Contains(s.arg0, "/go-build"): // where go run puts it, for as long as it runs
		return "go run ./cmd/signet"
	}
	return quoted(s.arg0)
}

var plainWord = regexp.MustCompile(`^[\w@%+=:,./~-]+$`)

// quoted is a word as a shell takes it.
func quoted(word string) string {
	if plainWord.MatchString(word) {
		return word
	}
	return "'" + strings.ReplaceAll(word, "'", `'\''`) + "'"
}
