package run

// factorSettings are about second factors.
type factorSettings struct{ MFA string }

func (f *factorSettings) group() group {
	return group{title: "Second factors", settings: []setting{{
		name: "MFA", into: &f.MFA, preset: "optional", words: []string{"optional", "required"},
		text: "Second factors: optional, or required of everybody. Those without one can still sign in, to add one and for little else",
	}}}
}
