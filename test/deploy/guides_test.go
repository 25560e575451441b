package deploy_test

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"sigs.k8s.io/yaml"
)

// printed are the commands of a guide that begin so, each without its comment.
func printed(t *testing.T, guide, begin string) (all []string) {
	t.Helper()
	for _, line := range regexp.MustCompile(`(?m)^`+begin+` .*$`).FindAllString(read(t, "../../docs/deploy/"+guide), -1) {
		command, _, _ := strings.Cut(line, " #")
		all = append(all, strings.TrimSpace(command))
	}
	if len(all) == 0 {
		t.Fatalf("%s prints no %s", guide, begin)
	}
	return all
}

// TestTheGuideToComposeNamesWhatIsThere: test/compose/run.sh starts the same, where there is Docker.
func TestTheGuideToComposeNamesWhatIsThere(t *testing.T) {
	flags := regexp.MustCompile(` (-f|--profile) (\S+)`)
	for _, command := range printed(t, "compose.md", "docker compose") {
		path, profiles := "../../docker-compose.yml", []string{}
		for _, flag := range flags.FindAllStringSubmatch(command, -1) {
			if flag[1] == "-f" {
				path = filepath.Join("../../deploy", flag[2])
			} else {
				profiles = append(profiles, flag[2])
			}
		}
		var c struct {
			Services map[string]struct {
				Profiles []string `json:"profiles"`
			} `json:"services"`
		}
		if err := yaml.Unmarshal([]byte(read(t, path)), &c); err != nil {
			t.Fatal(err)
		}
		for _, profile := range profiles {
			found := false
			for _, service := range c.Services {
				found = found || slices.Contains(service.Profiles, profile)
			}
			if !found {
				t.Errorf("%s: no service has the profile %s", command, profile)
			}
		}
		words := strings.Fields(flags.ReplaceAllString(command, ""))[2:] // what to do, and with which service
		if len(words) > 1 && !strings.HasPrefix(words[1], "-") {
			if _, ok := c.Services[words[1]]; !ok {
				t.Errorf("%s: there is no service %s", command, words[1])
			}
		}
	}
	for _, file := range regexp.MustCompile(`\(\.\./\.\./(deploy/\S+)\)|`+"`(test/\\S+)`").FindAllStringSubmatch(read(t, "../../docs/deploy/compose.md"), -1) {
		if _, err := os.Stat(filepath.Join("../..", file[1]+file[2])); err != nil {
			t.Error(err)
		}
	}
}

// TestTheGuideToKubernetesNamesWhatIsApplied: no cluster is at hand to ask.
func TestTheGuideToKubernetesNamesWhatIsApplied(t *testing.T) {
	all := build(t)
	there := map[string]string{"job": all.job.Name, "deployment": all.deployment.Name}
	named := regexp.MustCompile(`\b(job|deployment)[/ ]([a-z-]+)`)
	for _, command := range printed(t, "kubernetes.md", "kubectl") {
		for _, object := range named.FindAllStringSubmatch(command, -1) {
			if there[object[1]] != object[2] {
				t.Errorf("%s: the %s is called %s", command, object[1], there[object[1]])
			}
		}
		if _, space, ok := strings.Cut(command, "--namespace "); ok && !strings.HasPrefix(space, all.deployment.Namespace+" ") {
			t.Errorf("%s: the namespace is %s", command, all.deployment.Namespace)
		}
	}
}
