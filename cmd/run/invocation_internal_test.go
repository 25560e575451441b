package run

import (
	"slices"
	"testing"
)

func TestTheCommandThatAPersonTypes(t *testing.T) {
	for name, row := range map[string]struct {
		at   surroundings
		want string
		env  map[string]string
		have []string
	}{
		"go run":                             {surroundings{arg0: "/tmp/go-build123/b001/exe/signet", parent: 70}, "go run ./cmd/signet", nil, nil},
		"a binary on the path":               {surroundings{arg0: "signet", parent: 70}, "signet", nil, nil},
		"one beside":                         {surroundings{arg0: "./signet", parent: 1}, "./signet", nil, nil},
		"one with a blank in its path":       {surroundings{arg0: "/home/a da/it's", parent: 70}, `'/home/a da/it'\''s'`, nil, nil},
		"a container":                        {surroundings{arg0: "/signet", pid: 1, hostname: "3f2a9c01b7de"}, "docker exec -it 3f2a9c01b7de /signet", nil, []string{"/.dockerenv"}},
		"a container with an init":           {surroundings{arg0: "/signet", pid: 7, parent: 1, hostname: "3f2a9c01b7de"}, "docker exec -it 3f2a9c01b7de /signet", nil, []string{"/.dockerenv"}},
		"a container whose host has a name":  {surroundings{arg0: "/signet", pid: 1, hostname: "auth"}, "docker compose exec signet /signet", nil, []string{"/.dockerenv"}},
		"Podman":                             {surroundings{arg0: "/signet", pid: 1, hostname: "3f2a9c01b7de"}, "podman exec -it 3f2a9c01b7de /signet", nil, []string{"/run/.containerenv"}},
		"Kubernetes":                         {surroundings{arg0: "/signet", pid: 1, hostname: "signet-7d9f-x2"}, "kubectl exec -it signet-7d9f-x2 -- /signet", map[string]string{"KUBERNETES_SERVICE_HOST": "10.0.0.1"}, nil},
		"a terminal in a container, go run":  {surroundings{arg0: "/tmp/go-build123/b001/exe/signet", pid: 90, parent: 70, hostname: "3f2a9c01b7de"}, "go run ./cmd/signet", nil, []string{"/.dockerenv"}},
		"in the background of such a one":    {surroundings{arg0: "./signet", pid: 90, parent: 1, hasGo: true, hostname: "3f2a9c01b7de"}, "./signet", nil, []string{"/.dockerenv"}},
		"a terminal in a container of a pod": {surroundings{arg0: "./signet", pid: 90, parent: 70, hostname: "dev"}, "./signet", map[string]string{"KUBERNETES_SERVICE_HOST": "10.0.0.1"}, nil},
	} {
		row.at.getenv = func(name string) string { return row.env[name] }
		row.at.exists = func(path string) bool { return slices.Contains(row.have, path) }
		if got := row.at.command(); got != row.want {
			t.Errorf("%s: %s, want %s", name, got, row.want)
		}
	}
}

func TestTheWaysOnAreThoseThatWorkHere(t *testing.T) {
	parse := func(env map[string]string) *Config {
		t.Helper()
		c, err := ParseConfig(env)
		if err != nil {
			t.Fatal(err)
		}
		return c
	}
	outside := surroundings{arg0: "signet", parent: 70, getenv: func(string) string { return "" }, exists: func(string) bool { return false }}
	inside := outside
	inside.arg0, inside.pid, inside.hostname = "/signet", 1, "3f2a9c01b7de"
	ways := func(at surroundings, env map[string]string) map[string]string {
		found := map[string]string{}
		for _, way := range newGuide(parse(env), at, "http://localhost:5000", "http://localhost:5001").ways() {
			found[way.Title] = way.Link + way.Command
		}
		return found
	}
	for name, row := range map[string]struct {
		at   surroundings
		env  map[string]string
		want map[string]string
	}{
		"on a laptop": {outside, nil, map[string]string{
			"Documentation": "http://localhost:5000/docs", "Read the mail": "http://localhost:5001/dev/inbox", "Make an administrator": "signet admin create --email you@example.com",
		}},
		"with data elsewhere": {outside, map[string]string{"DATA_DIR": "/srv/my data"}, map[string]string{
			"Make an administrator": "DATA_DIR='/srv/my data' signet admin create --email you@example.com",
		}},
		"in a container whose admin listener is its own": {inside, map[string]string{"DATA_DIR": "/data"}, map[string]string{
			"Documentation": "", "Read the mail": "docker exec -it 3f2a9c01b7de /signet dev mail", "Make an administrator": "docker exec -it 3f2a9c01b7de /signet admin create --email you@example.com",
		}},
		"in a container of compose": {inside, map[string]string{"ADMIN_ADDR": "0.0.0.0:5001", "DEV_PEERS": "172.16.0.0/12"}, map[string]string{
			"Documentation": "http://localhost:5000/docs",
		}},
		"in a container that shows it": {inside, map[string]string{"ADMIN_ADDR": "0.0.0.0:5001"}, map[string]string{"Read the mail": "http://localhost:5001/dev/inbox"}},
		"where nobody may register":    {outside, map[string]string{"REGISTRATION": "off"}, map[string]string{"Register": ""}},
		"with a mail server":           {outside, map[string]string{"MAIL_SERVER": "mail.example.com"}, map[string]string{"Read the mail": ""}},
	} {
		got := ways(row.at, row.env)
		for title, want := range row.want {
			if got[title] != want {
				t.Errorf("%s: %s by %q, want %q", name, title, got[title], want)
			}
		}
	}
}
