package idp

// Switches make a provider misbehave. The zero value behaves. Misbehave sets them by name.
type Switches struct {
	// Deny is an error code that the callback brings instead of a code, in the provider's own form; DenyText its description.
	Deny     string `json:"deny,omitempty"`
	DenyText string `json:"deny_text,omitempty"`
	// Answer is set over the parameters of the callback.
	Answer map[string]string `json:"answer,omitempty"`
	// Twin opens the callback twice, with two codes.
	Twin bool `json:"twin,omitempty"`

	// Refuse is how the token endpoint says no.
	Refuse Refusal `json:"refuse,omitempty"`
	// Claims are set over those of the id_token. Signing and ClockOff (seconds) spoil the rest of it.
	Claims   Object  `json:"claims,omitempty"`
	Signing  Signing `json:"signing,omitempty"`
	ClockOff int     `json:"clock_off,omitempty"`

	// Documents are set over what an endpoint answers: over the key that signs, and over every row of a list.
	Documents map[Endpoint]Object `json:"documents,omitempty"`
	// ExtraKeys are published before the one that signs.
	ExtraKeys []Object `json:"extra_keys,omitempty"`

	// Faults are those of the transport.
	Faults map[Endpoint]Fault `json:"faults,omitempty"`
}

// Fault is what an endpoint does instead of answering, or besides.
type Fault struct {
	DelayMillis int    `json:"delay_ms,omitempty"` // before anything else
	Drop        bool   `json:"drop,omitempty"`     // ends the connection without an answer
	Status      int    `json:"status,omitempty"`   // answers that, with Body
	ContentType string `json:"content_type,omitempty"`
	Body        string `json:"body,omitempty"`
	Location    string `json:"location,omitempty"` // redirects there, with 302 unless Status says else
	Padding     int    `json:"padding,omitempty"`  // bytes of white space behind the answer
}

// Set replaces the switches. Set(Switches{}) behaves again.
func (p *Provider) Set(s Switches) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.switches = s
}

// Misbehave sets the switches of faults by their names, which Faults lists, and resets the others. Names that nobody knows panic: a
// test that misspells one would test nothing.
func (p *Provider) Misbehave(names ...string) {
	var s Switches
	for _, name := range names {
		fault, ok := faults()[name]
		if !ok {
			panic("idp: there is no fault " + name)
		}
		fault.set(p, &s)
	}
	p.Set(s)
}

func (p *Provider) current() Switches {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.switches
}
