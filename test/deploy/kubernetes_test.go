package deploy_test

import (
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/util/intstr"
)

func TestTheBaseListsEveryFile(t *testing.T) {
	files, err := filepath.Glob("../../deploy/kubernetes/base/*.yaml")
	if err != nil || len(files) == 0 {
		t.Fatal(files, err)
	}
	listed := read(t, "../../deploy/kubernetes/base/kustomization.yaml")
	for _, file := range files {
		if name := filepath.Base(file); name != "kustomization.yaml" && !strings.Contains(listed, "\n  - "+name+"\n") {
			t.Errorf("%s is not listed", name)
		}
	}
}

func TestPodsAreConfined(t *testing.T) {
	for name, template := range build(t).pods() {
		spec := template.Spec
		pod := spec.SecurityContext
		if pod == nil || !is(pod.RunAsNonRoot, true) || pod.RunAsUser == nil || *pod.RunAsUser == 0 ||
			pod.SeccompProfile == nil || pod.SeccompProfile.Type != corev1.SeccompProfileTypeRuntimeDefault {
			t.Errorf("%s runs as %+v", name, pod)
		}
		if !is(spec.AutomountServiceAccountToken, false) || !is(spec.EnableServiceLinks, false) || spec.HostNetwork || spec.HostPID || spec.HostIPC {
			t.Errorf("%s sees more of the cluster than it needs", name)
		}
		if len(spec.Containers) != 1 || len(spec.InitContainers) != 0 {
			t.Fatalf("%s has %d containers", name, len(spec.Containers))
		}
		c := spec.Containers[0]
		s := c.SecurityContext
		if s == nil || !is(s.ReadOnlyRootFilesystem, true) || !is(s.AllowPrivilegeEscalation, false) || is(s.Privileged, true) ||
			s.Capabilities == nil || !slices.Equal(s.Capabilities.Drop, []corev1.Capability{"ALL"}) || len(s.Capabilities.Add) != 0 {
			t.Errorf("%s: the container may %+v", name, s)
		}
		if c.Image != "registry.example.com/signet:1.0.0" {
			t.Errorf("%s runs %s, not what the example names", name, c.Image)
		}
		if c.Resources.Requests.Memory().IsZero() || c.Resources.Requests.Cpu().IsZero() || c.Resources.Limits.Memory().IsZero() {
			t.Errorf("%s asks for %v", name, c.Resources)
		}
	}
}

// TestTheBinaryKnowsWhatItIsTold: a name with a slip in it would be a setting that has no effect.
func TestTheBinaryKnowsWhatItIsTold(t *testing.T) {
	all := build(t)
	known := settings(t)
	for name, template := range all.pods() {
		c := template.Spec.Containers[0]
		mounts := mounted(t, all, template.Spec)
		for _, source := range c.EnvFrom {
			config := all.configMap(t, source.ConfigMapRef.Name)
			for key := range config.Data {
				if secret, ok := known[key]; !ok || secret {
					t.Errorf("%s: %s is no setting, or a secret that anybody can read", name, key)
				}
			}
		}
		for _, env := range c.Env {
			setting, file := strings.CutSuffix(env.Name, "_FILE")
			secret, ok := known[setting]
			if !ok || secret != file || env.ValueFrom != nil {
				t.Errorf("%s: %s is no setting, or a secret that is in no file", name, env.Name)
			}
			if file && !slices.Contains(mounts, env.Value) {
				t.Errorf("%s: %s is %s, and there are %v", name, env.Name, env.Value, mounts)
			}
		}
	}
}

// mounted are the paths of the files that a pod gets from secrets.
func mounted(t *testing.T, all manifests, spec corev1.PodSpec) (paths []string) {
	t.Helper()
	for _, mount := range spec.Containers[0].VolumeMounts {
		if !mount.ReadOnly {
			t.Errorf("%s can be written to", mount.MountPath)
		}
		i := slices.IndexFunc(spec.Volumes, func(v corev1.Volume) bool { return v.Name == mount.Name })
		if i < 0 {
			t.Fatalf("there is no volume %s", mount.Name)
		}
		add := func(secret string, items []corev1.KeyToPath) {
			data := all.secret(t, secret).Data
			for _, item := range items {
				if _, ok := data[item.Key]; !ok {
					t.Errorf("the secret %s has no %s", secret, item.Key)
				}
				paths = append(paths, path.Join(mount.MountPath, item.Path))
			}
			for key := range data {
				if len(items) == 0 {
					paths = append(paths, path.Join(mount.MountPath, key))
				}
			}
		}
		switch volume := spec.Volumes[i]; {
		case volume.Secret != nil:
			add(volume.Secret.SecretName, volume.Secret.Items)
		case volume.Projected != nil:
			for _, source := range volume.Projected.Sources {
				add(source.Secret.Name, source.Secret.Items)
			}
		default:
			t.Errorf("the volume %s comes from elsewhere", volume.Name)
		}
	}
	return paths
}

func TestTheOwnerOfTheSchemaIsTheMigrationsAlone(t *testing.T) {
	all := build(t)
	for name, template := range all.pods() {
		owner := slices.Contains(mounted(t, all, template.Spec), "/run/secrets/signet/migrate_database_uri")
		if migrates := template.Spec.Containers[0].Args[0] == "migrate"; migrates != owner {
			t.Errorf("%s: migrates is %v, has the owner's address is %v", name, migrates, owner)
		}
	}
}

func TestProbesAndPorts(t *testing.T) {
	all := build(t)
	spec := all.deployment.Spec.Template.Spec
	c := spec.Containers[0]
	defaults := read(t, "../../.env.example")
	ports := map[string]int32{}
	for _, port := range c.Ports {
		ports[port.Name] = port.ContainerPort
	}
	if ports["http"] != 5000 || !strings.Contains(defaults, "\nPORT=5000\n") || ports["metrics"] != 5001 || value(c.Env, "ADMIN_ADDR") != "0.0.0.0:5001" {
		t.Errorf("the ports are %v", ports)
	}
	document := read(t, "../../docs/openapi.json")
	for path, probe := range map[string]*corev1.Probe{"/livez": c.LivenessProbe, "/readyz": c.ReadinessProbe} {
		if probe == nil || probe.HTTPGet == nil || probe.HTTPGet.Path != path || probe.HTTPGet.Port != intstr.FromString("http") || !strings.Contains(document, `"`+path+`": {`) {
			t.Errorf("%s is asked by %+v", path, probe)
		}
	}
	if p := c.StartupProbe; p == nil || p.HTTPGet == nil || p.HTTPGet.Path != "/livez" || p.PeriodSeconds*p.FailureThreshold < 60 {
		t.Errorf("a start is given %+v, and waits half a minute for its database", p)
	}
	delay, timeout := duration(t, value(c.Env, "SHUTDOWN_DELAY")), duration(t, value(c.Env, "SHUTDOWN_TIMEOUT"))
	notices := time.Duration(c.ReadinessProbe.PeriodSeconds*c.ReadinessProbe.FailureThreshold) * time.Second
	if grace := time.Duration(*spec.TerminationGracePeriodSeconds) * time.Second; grace < delay+timeout+5*time.Second || delay < notices {
		t.Errorf("a stop has %v, and wants %v and %v; the probe notices after %v", grace, delay, timeout, notices)
	}
}

func TestEverythingSelectsTheServers(t *testing.T) {
	all := build(t)
	servers := labels.Set(all.deployment.Spec.Template.Labels)
	migration := labels.Set(all.job.Spec.Template.Labels)
	for what, selector := range map[string]*metav1.LabelSelector{
		"the deployment": all.deployment.Spec.Selector, "the disruption budget": all.budget.Spec.Selector,
		"the spread":  all.deployment.Spec.Template.Spec.TopologySpreadConstraints[0].LabelSelector,
		"the policy":  &all.policy(t, "signet").Spec.PodSelector,
		"the service": {MatchLabels: all.service.Spec.Selector},
	} {
		if !matches(t, selector, servers) || matches(t, selector, migration) {
			t.Errorf("%s selects something else", what)
		}
	}
	if !matches(t, &all.policy(t, "signet-migrate").Spec.PodSelector, migration) {
		t.Error("the migration has no policy")
	}
	if target := all.scaler.Spec.ScaleTargetRef; target.Kind != "Deployment" || target.APIVersion != "apps/v1" || target.Name != all.deployment.Name {
		t.Errorf("the autoscaler scales %+v", target)
	}
	if least := *all.scaler.Spec.MinReplicas; int(least) <= all.budget.Spec.MaxUnavailable.IntValue() || all.deployment.Spec.Replicas != nil {
		t.Errorf("of %d replicas %s may be away; the deployment's own number, %v, would undo the autoscaler's", least, all.budget.Spec.MaxUnavailable, all.deployment.Spec.Replicas)
	}
	if port := all.service.Spec.Ports[0].TargetPort; port != intstr.FromString("http") || len(all.service.Spec.Ports) != 1 {
		t.Errorf("the service leads to %v: metrics must not be in it", all.service.Spec.Ports)
	}
}

func TestTheNetworkLetsThroughWhatIsNeeded(t *testing.T) {
	policy := build(t).policy(t, "signet").Spec
	if !slices.Equal(policy.PolicyTypes, []networkingv1.PolicyType{"Ingress", "Egress"}) {
		t.Errorf("it is about %v", policy.PolicyTypes)
	}
	for _, rule := range policy.Ingress {
		for _, port := range rule.Ports {
			if name := port.Port.StrVal; name != "http" && (name != "metrics" || len(rule.From) == 0) {
				t.Errorf("everybody reaches %s", port.Port)
			}
		}
	}
	var out []int
	for _, rule := range policy.Egress {
		for _, port := range rule.Ports {
			out = append(out, port.Port.IntValue())
		}
	}
	for _, port := range []int{53, 5432, 6379, 26379, 587, 465, 443, 4317, 4318} {
		if !slices.Contains(out, port) {
			t.Errorf("port %d can't be reached", port)
		}
	}
}

func is(value *bool, want bool) bool { return value != nil && *value == want }

func value(env []corev1.EnvVar, name string) string {
	if i := slices.IndexFunc(env, func(e corev1.EnvVar) bool { return e.Name == name }); i >= 0 {
		return env[i].Value
	}
	return ""
}

func duration(t *testing.T, text string) time.Duration {
	t.Helper()
	d, err := time.ParseDuration(text)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func matches(t *testing.T, selector *metav1.LabelSelector, set labels.Set) bool {
	t.Helper()
	s, err := metav1.LabelSelectorAsSelector(selector)
	if err != nil {
		t.Fatal(err)
	}
	return !s.Empty() && s.Matches(set)
}

func read(t *testing.T, path string) string {
	t.Helper()
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(content)
}
