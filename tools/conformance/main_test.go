package main

import (
	"bytes"
	"encoding/json"
	"os"
	"testing"
)

// All signatures are deterministic, ECDSA's too, so the bytes are compared.
func TestTheFileIsOfThisTable(t *testing.T) {
	made := table().marshal()
	if !json.Valid(made) {
		t.Fatal("no JSON")
	}
	committed, err := os.ReadFile("../../" + path)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(made, committed) {
		t.Error("go run ./tools/conformance, and commit what it writes")
	}
}

func TestTheTableHasCasesOfAllKinds(t *testing.T) {
	least := map[string]int{"token": 40, "jwks": 15, "fact": 25, "cut": 10}
	kind := map[string]string{
		"header": "token", "text": "token", "signature": "token", "claims": "token", "principal": "token", "settings": "token", "permission": "token",
		"jwks": "jwks", "facts": "fact", "life": "fact", "reset": "fact", "floor": "fact", "cut": "cut", "ask": "cut", "perm_ref": "cut",
	}
	names := map[string]bool{}
	for _, c := range table().Cases {
		if names[c.Name] {
			t.Errorf("%q is there twice", c.Name)
		}
		names[c.Name] = true
		for _, tag := range c.Tags {
			least[kind[tag]]--
		}
		last := 0
		for _, s := range c.Steps {
			if s.At < last {
				t.Errorf("%q: time goes back", c.Name)
			}
			last = s.At
		}
	}
	for _, name := range []string{"token", "jwks", "fact", "cut"} {
		if least[name] > 0 {
			t.Errorf("%d cases of %q are missing", least[name], name)
		}
	}
	t.Log(len(names), "cases")
}
