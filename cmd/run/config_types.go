package run

import (
	"encoding/base64"
	"errors"
	"fmt"
	"net/netip"
	"strconv"
	"strings"
	"time"

	"github.com/signet-auth/signet/domain"
	"github.com/signet-auth/signet/ports/transient"
)

// The types of settings. Each reads its text form and says what it accepts when it can't.

// duration is seconds ("900"), a Go duration ("15m") or days ("30d").
type duration time.Duration

func (d *duration) UnmarshalText(text []byte) error {
	v, err := parseDuration(string(text))
	*d = duration(v)
	return err
}

// String is a time as one would write it.
func (d duration) String() string {
	v := time.Duration(d)
	if v >= 48*time.Hour && v%(24*time.Hour) == 0 {
		return strconv.Itoa(int(v/(24*time.Hour))) + "d"
	}
	text := v.String()
	if strings.HasSuffix(text, "m0s") {
		text = strings.TrimSuffix(text, "0s")
	}
	if strings.HasSuffix(text, "h0m") {
		text = strings.TrimSuffix(text, "0m")
	}
	return text
}

func parseDuration(text string) (time.Duration, error) {
	bad := errors.New("must be a time such as 90 (seconds), 15m, 24h or 30d")
	if seconds, err := strconv.ParseInt(text, 10, 32); err == nil && seconds >= 0 {
		return time.Duration(seconds) * time.Second, nil
	}
	if days, ok := strings.CutSuffix(text, "d"); ok {
		n, err := strconv.ParseUint(days, 10, 16)
		if err != nil {
			return 0, bad
		}
		return time.Duration(n) * 24 * time.Hour, nil
	}
	v, err := time.ParseDuration(text)
	if err != nil || v < 0 {
		return 0, bad
	}
	return v, nil
}

// quota is a number of events per time, "10/15m".
type quota struct {
	burst  int
	window time.Duration
}

func (q *quota) UnmarshalText(text []byte) error {
	bad := errors.New("must be a number per time such as 10/15m")
	count, window, ok := strings.Cut(string(text), "/")
	n, err := strconv.Atoi(count)
	if !ok || err != nil || n < 1 {
		return bad
	}
	w, err := parseDuration(window)
	if err != nil || w <= 0 {
		return bad
	}
	*q = quota{n, w}
	return nil
}

// String is a quota as one would write it; empty for none.
func (q quota) String() string {
	if q.burst == 0 {
		return ""
	}
	return strconv.Itoa(q.burst) + "/" + duration(q.window).String()
}

func (q quota) limit(name string) transient.Limit {
	return transient.Limit{Name: name, Burst: q.burst, Window: q.window}
}

// onOff is a switch; true and false are understood too.
type onOff bool

func (o *onOff) UnmarshalText(text []byte) error {
	switch strings.ToLower(string(text)) {
	case "on", "true", "1", "yes":
		*o = true
	case "off", "false", "0", "no":
		*o = false
	default:
		return errors.New("must be on or off")
	}
	return nil
}

// String is on or off.
func (o onOff) String() string {
	if o {
		return "on"
	}
	return "off"
}

// list is separated by commas.
type list []string

// String is a list as one would write it.
func (l list) String() string { return strings.Join(l, ",") }

func (l *list) UnmarshalText(text []byte) error {
	*l = nil
	for item := range strings.SplitSeq(string(text), ",") {
		if item = strings.TrimSpace(item); item != "" {
			*l = append(*l, item)
		}
	}
	return nil
}

// secrets is a list of secrets.
type secrets []domain.Secret

func (s *secrets) UnmarshalText(text []byte) error {
	var items list
	_ = items.UnmarshalText(text)
	*s = nil
	for _, item := range items {
		*s = append(*s, domain.NewSecret(item))
	}
	return nil
}

// base64Keys is a list of secret keys in base64.
type base64Keys []domain.Secret

func (k *base64Keys) UnmarshalText(text []byte) error {
	var items list
	_ = items.UnmarshalText(text)
	*k = nil
	for _, item := range items {
		raw, err := base64.StdEncoding.DecodeString(item)
		if err != nil || len(raw) < 32 || len(raw) > 64 {
			return errors.New("must be keys of 32 to 64 bytes in base64, separated by commas")
		}
		*k = append(*k, domain.NewSecret(string(raw)))
	}
	return nil
}

func (k base64Keys) reveal() [][]byte {
	keys := make([][]byte, len(k))
	for i, key := range k {
		keys[i] = []byte(key.Reveal())
	}
	return keys
}

// prefixes is a list of address blocks; a single address is a block of one.
type prefixes []netip.Prefix

func (p *prefixes) UnmarshalText(text []byte) error {
	var items list
	_ = items.UnmarshalText(text)
	*p = nil
	for _, item := range items {
		prefix, err := netip.ParsePrefix(item)
		if addr, addrErr := netip.ParseAddr(item); err != nil && addrErr == nil {
			prefix, err = addr.Prefix(addr.BitLen())
		}
		if err != nil {
			return fmt.Errorf("must be address blocks such as 10.0.0.0/8,192.0.2.7")
		}
		if prefix.Addr().Is4In6() { // the same network, as some tools write it
			if prefix.Bits() < 96 {
				return fmt.Errorf("must be address blocks such as 10.0.0.0/8,192.0.2.7")
			}
			prefix = netip.PrefixFrom(prefix.Addr().Unmap(), prefix.Bits()-96)
		}
		*p = append(*p, prefix.Masked())
	}
	return nil
}

// String is a list of blocks as one would write it.
func (p prefixes) String() string {
	var all list
	for _, prefix := range p {
		all = append(all, prefix.String())
	}
	return all.String()
}
