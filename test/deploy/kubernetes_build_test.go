package deploy_test

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	autoscalingv2 "k8s.io/api/autoscaling/v2"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	policyv1 "k8s.io/api/policy/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/serializer"
	"k8s.io/apimachinery/pkg/util/yaml"
	"sigs.k8s.io/kustomize/api/krusty"
	"sigs.k8s.io/kustomize/kyaml/filesys"
)

// manifests are what `kubectl apply -k` sends to a cluster for the example.
type manifests struct {
	deployment *appsv1.Deployment
	job        *batchv1.Job
	service    *corev1.Service
	budget     *policyv1.PodDisruptionBudget
	scaler     *autoscalingv2.HorizontalPodAutoscaler
	policies   []*networkingv1.NetworkPolicy
	configMaps []*corev1.ConfigMap
	secrets    []*corev1.Secret
}

// build builds the example with secrets of the test's own.
func build(t *testing.T) manifests {
	t.Helper()
	folder := t.TempDir()
	if err := os.CopyFS(folder, os.DirFS("../../deploy/kubernetes")); err != nil {
		t.Fatal(err)
	}
	example := filepath.Join(folder, "example")
	if err := os.RemoveAll(filepath.Join(example, "secrets")); err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(filepath.Join(example, "secrets"), 0o700); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"secret_key", "database_uri", "redis_url", "mail_password", "migrate_database_uri"} {
		if err := os.WriteFile(filepath.Join(example, "secrets", name), []byte(name), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	built, err := krusty.MakeKustomizer(krusty.MakeDefaultOptions()).Run(filesys.MakeFsOnDisk(), example)
	if err != nil {
		t.Fatal(err)
	}
	content, err := built.AsYaml()
	if err != nil {
		t.Fatal(err)
	}
	return decode(t, content)
}

// decode takes no field that a cluster would not take, not even in another case or twice.
func decode(t *testing.T, content []byte) (all manifests) {
	t.Helper()
	scheme := runtime.NewScheme()
	for _, add := range []func(*runtime.Scheme) error{
		appsv1.AddToScheme, autoscalingv2.AddToScheme, batchv1.AddToScheme, corev1.AddToScheme, networkingv1.AddToScheme, policyv1.AddToScheme,
	} {
		if err := add(scheme); err != nil {
			t.Fatal(err)
		}
	}
	decoder := serializer.NewCodecFactory(scheme, serializer.EnableStrict).UniversalDeserializer()
	documents := yaml.NewYAMLReader(bufio.NewReader(bytes.NewReader(content)))
	for {
		document, err := documents.Read()
		if errors.Is(err, io.EOF) {
			return all
		}
		if err != nil {
			t.Fatal(err)
		}
		object, _, err := decoder.Decode(document, nil, nil)
		if err != nil {
			t.Fatalf("%v in\n%s", err, document)
		}
		switch o := object.(type) {
		case *appsv1.Deployment:
			all.deployment = o
		case *batchv1.Job:
			all.job = o
		case *corev1.Service:
			all.service = o
		case *policyv1.PodDisruptionBudget:
			all.budget = o
		case *autoscalingv2.HorizontalPodAutoscaler:
			all.scaler = o
		case *networkingv1.NetworkPolicy:
			all.policies = append(all.policies, o)
		case *corev1.ConfigMap:
			all.configMaps = append(all.configMaps, o)
		case *corev1.Secret:
			all.secrets = append(all.secrets, o)
		case *corev1.Namespace, *corev1.ServiceAccount:
		default:
			t.Fatalf("nothing looks at a %T", object)
		}
	}
}

func (m manifests) pods() map[string]corev1.PodTemplateSpec {
	return map[string]corev1.PodTemplateSpec{"the deployment": m.deployment.Spec.Template, "the job": m.job.Spec.Template}
}

func (m manifests) policy(t *testing.T, name string) *networkingv1.NetworkPolicy {
	t.Helper()
	for _, p := range m.policies {
		if p.Name == name {
			return p
		}
	}
	t.Fatalf("there is no policy %s", name)
	return nil
}

func (m manifests) configMap(t *testing.T, name string) *corev1.ConfigMap {
	t.Helper()
	for _, c := range m.configMaps {
		if c.Name == name {
			return c
		}
	}
	t.Fatalf("there is no ConfigMap %s", name)
	return nil
}

func (m manifests) secret(t *testing.T, name string) *corev1.Secret {
	t.Helper()
	for _, s := range m.secrets {
		if s.Name == name {
			return s
		}
	}
	t.Fatalf("there is no Secret %s", name)
	return nil
}

var assignment = regexp.MustCompile(`^([A-Z][A-Z0-9_]*)=`)

// settings are the names that the binary knows, and which of them are secrets, from the list that it generates.
func settings(t *testing.T) map[string]bool {
	t.Helper()
	known, comment := map[string]bool{}, ""
	for line := range strings.Lines(read(t, "../../.env.example")) {
		if name := assignment.FindStringSubmatch(line); name != nil {
			known[name[1]] = strings.Contains(comment, "(file)")
			comment = ""
			continue
		}
		comment += line
		if strings.TrimSpace(line) == "" {
			comment = ""
		}
	}
	if len(known) < 50 || !known["SECRET_KEY"] || known["PUBLIC_URL"] {
		t.Fatalf("the list reads as %v", known)
	}
	return known
}
