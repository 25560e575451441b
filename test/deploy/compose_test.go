package deploy_test

import (
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"sigs.k8s.io/yaml"
)

// composed is what is looked at in a compose file.
type composed struct {
	Services map[string]struct {
		Image       string            `json:"image"`
		Profiles    []string          `json:"profiles"`
		Environment map[string]string `json:"environment"`
		Ports       []string          `json:"ports"`
		Volumes     []string          `json:"volumes"`
		ReadOnly    bool              `json:"read_only"`
		CapDrop     []string          `json:"cap_drop"`
		StopGrace   string            `json:"stop_grace_period"`
	} `json:"services"`
}

func compose(t *testing.T) composed { t.Helper(); return composeFile(t, "../../docker-compose.yml") }

func composeFile(t *testing.T, path string) (c composed) {
	t.Helper()
	if err := yaml.Unmarshal([]byte(read(t, path)), &c); err != nil {
		t.Fatal(err)
	}
	return c
}

// Docker kills what has not stopped in time, after 10 s unless it is told otherwise.
func TestAContainerHasTimeToStop(t *testing.T) {
	timeout := duration(t, regexp.MustCompile(`(?m)^SHUTDOWN_TIMEOUT=(.*)$`).FindStringSubmatch(read(t, "../../.env.example"))[1])
	servers := 0
	for _, path := range []string{"../../docker-compose.yml", "../../deploy/compose.production.yml"} {
		for name, service := range composeFile(t, path).Services {
			if !strings.HasPrefix(service.Image, "signet:") {
				continue
			}
			servers++
			var delay time.Duration
			if given := service.Environment["SHUTDOWN_DELAY"]; given != "" {
				delay = duration(t, given)
			}
			if grace, err := time.ParseDuration(service.StopGrace); err != nil || grace < delay+timeout+5*time.Second {
				t.Errorf("%s: %s has %q to stop, and wants %v and %v: %v", path, name, service.StopGrace, delay, timeout, err)
			}
		}
	}
	if servers != 4 {
		t.Errorf("there are %d servers", servers)
	}
}

func TestComposeStartsWhatTheBinaryKnows(t *testing.T) {
	known, replicas := settings(t), 0
	for name, service := range compose(t).Services {
		for _, port := range service.Ports {
			if !strings.HasPrefix(port, "127.0.0.1:") {
				t.Errorf("%s: port %s is open to the network", name, port)
			}
		}
		for _, volume := range service.Volumes {
			if path, _, _ := strings.Cut(volume, ":"); strings.HasPrefix(path, "./") && !strings.HasSuffix(volume, ":ro") {
				t.Errorf("%s may write to %s", name, path)
			}
		}
		if service.Image != "signet:dev" {
			continue
		}
		replicas++
		for setting := range service.Environment {
			if _, ok := known[setting]; !ok {
				t.Errorf("%s: %s is no setting", name, setting)
			}
		}
		if !service.ReadOnly || !slices.Equal(service.CapDrop, []string{"ALL"}) {
			t.Errorf("%s is not confined", name)
		}
	}
	if replicas != 3 {
		t.Errorf("there are %d replicas", replicas)
	}
}

// TestTheBalancerAsksWhetherReplicasAreReady: each one, by the path that says so before a stop.
func TestTheBalancerAsksWhetherReplicasAreReady(t *testing.T) {
	file := read(t, "../../deploy/balancer/Caddyfile")
	for name, service := range compose(t).Services {
		if service.Image == "signet:dev" && !strings.Contains(file, " "+name+":5000") {
			t.Errorf("%s is not in it", name)
		}
	}
	if !strings.Contains(file, "\n\t\thealth_uri /readyz\n") {
		t.Error("it does not ask /readyz")
	}
}

// TestWhatObservesFindsItsFiles: Grafana can't be started where there is no registry, so its files are held against what is mounted.
func TestWhatObservesFindsItsFiles(t *testing.T) {
	all := compose(t)
	mounts := func(service string) map[string]string { // by place in the container
		places := map[string]string{}
		for _, volume := range all.Services[service].Volumes {
			if parts := strings.Split(volume, ":"); strings.HasPrefix(parts[0], "./") {
				places[parts[1]] = filepath.Join("../..", parts[0])
			}
		}
		return places
	}
	grafana := mounts("grafana")
	provisioning := grafana["/etc/grafana/provisioning"]
	var sources struct {
		APIVersion  int `json:"apiVersion"`
		Datasources []struct {
			Name, UID, Type, Access, URL string
			IsDefault, Editable          bool
		} `json:"datasources"`
	}
	var dashboards struct {
		APIVersion int `json:"apiVersion"`
		Providers  []struct {
			Name, Folder, Type              string
			DisableDeletion, AllowUIUpdates bool
			Options                         struct{ Path string }
		} `json:"providers"`
	}
	strictly(t, filepath.Join(provisioning, "datasources/prometheus.yml"), &sources)
	strictly(t, filepath.Join(provisioning, "dashboards/signet.yml"), &dashboards)
	if path := dashboards.Providers[0].Options.Path; grafana[path] != "../../deploy/grafana" {
		t.Errorf("the dashboards are looked for in %s, and there are %v", path, grafana)
	}
	source := sources.Datasources[0]
	at, err := url.Parse(source.URL)
	if _, ok := all.Services[at.Hostname()]; err != nil || !ok || at.Port() != "9090" {
		t.Errorf("Prometheus is looked for at %s: %v", source.URL, err)
	}
	files, err := filepath.Glob("../../deploy/grafana/*.json")
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		if text := read(t, file); !strings.Contains(text, `"uid": "`+source.UID+`"`) && !strings.Contains(text, `"${`) {
			t.Errorf("%s asks another source than %q", file, source.UID)
		}
	}

	prometheus := mounts("prometheus")
	if _, err := os.Stat(prometheus["/etc/prometheus/prometheus.yml"]); err != nil {
		t.Error(err)
	}
	var config struct {
		RuleFiles     []string `json:"rule_files"`
		ScrapeConfigs []struct {
			DNS []struct {
				Names []string `json:"names"`
				Port  int      `json:"port"`
			} `json:"dns_sd_configs"`
		} `json:"scrape_configs"`
	}
	if err := yaml.Unmarshal([]byte(read(t, prometheus["/etc/prometheus/prometheus.yml"])), &config); err != nil {
		t.Fatal(err)
	}
	for _, pattern := range config.RuleFiles {
		if prometheus[filepath.Dir(pattern)] != "../../deploy/prometheus" {
			t.Errorf("rules are looked for in %s, and there are %v", pattern, prometheus)
		}
	}
	for _, name := range config.ScrapeConfigs[0].DNS[0].Names {
		if admin := all.Services[name].Environment["ADMIN_ADDR"]; admin != "0.0.0.0:5001" || config.ScrapeConfigs[0].DNS[0].Port != 5001 {
			t.Errorf("%s has its metrics at %q", name, admin)
		}
	}
}

func strictly(t *testing.T, path string, into any) {
	t.Helper()
	if err := yaml.UnmarshalStrict([]byte(read(t, path)), into); err != nil {
		t.Fatalf("%s: %v", path, err)
	}
}
