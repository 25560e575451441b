package run

import (
	"fmt"
	"io"
	"text/tabwriter"
	"time"

	"github.com/signet-auth/signet/app/keys"
	"github.com/signet-auth/signet/domain"
)

type keysCommand struct {
	List   keysList   `cmd:"" help:"List the keys that tokens are verified with, newest first."`
	Rotate keysRotate `cmd:"" help:"Let the next key take over. Tokens of the former one stay good."`
	Revoke keysRevoke `cmd:"" help:"A key got out: refuse all of its tokens, and sign with another at once."`
}

type keysList struct {
	JSON bool `help:"Print JSON."`
}

type keysRotate struct {
	Now bool `help:"Also when the next key was published for less than 24 hours: services that keep the key set may refuse its tokens for minutes."`
}

type keysRevoke struct {
	KID []string `arg:"" name:"kid" help:"The keys' ids, as list prints them; behind -- if one begins with a dash."`
}

// Run lists.
func (k keysList) Run(p *program) error {
	return p.use(func(t *tool) error {
		all, err := t.Keys.List(p.ctx, domain.System())
		if err != nil {
			return err
		}
		if k.JSON {
			return printJSON(p.stdio.Out, signingKeysOf(all))
		}
		return printKeys(p.stdio.Out, all)
	})
}

// Run rotates.
func (k keysRotate) Run(p *program) error {
	return p.use(func(t *tool) error {
		done, err := t.Keys.Rotate(p.ctx, keys.RotateInput{Actor: domain.System(), AtOnce: k.Now})
		if err != nil {
			return err
		}
		for _, kid := range done.Signs() {
			p.done("%s signs now; the former key verifies until its last token has expired", kid)
		}
		for _, alg := range done.Algorithms() {
			if alg != t.Keys.Policy.Algorithm {
				p.done("It is a key of %s, which the servers sign with; JWT_ALG is %s here", alg, t.Keys.Policy.Algorithm)
			}
		}
		return nil
	})
}

// Run revokes.
func (k keysRevoke) Run(p *program) error {
	return p.use(func(t *tool) error {
		done, err := t.Keys.Revoke(p.ctx, keys.RevokeInput{Actor: domain.System(), KIDs: k.KID})
		if err != nil {
			return err
		}
		for _, key := range done.Revoke {
			p.done("%s is revoked: its tokens are refused from now on", key.KID)
		}
		for _, kid := range done.Signs() {
			p.done("%s signs now", kid)
		}
		return nil
	})
}

// signingKey is a key as the command line prints it.
type signingKey struct {
	KID         string     `json:"kid"`
	Algorithm   string     `json:"alg"`
	State       string     `json:"state"` // next, active, retired
	CreatedAt   time.Time  `json:"created_at"`
	SignsFrom   *time.Time `json:"may_sign_from,omitempty"` // of a next key
	ActivatedAt *time.Time `json:"activated_at,omitempty"`
	RetiredAt   *time.Time `json:"retired_at,omitempty"`
	ExpiresAt   *time.Time `json:"expires_at,omitempty"`
	SealedUnder string     `json:"sealed_under,omitempty"` // current, previous, or unknown: nothing here opens it
}

type signingKeyList struct {
	Keys []signingKey `json:"keys"`
}

func signingKeysOf(all []keys.Listed) signingKeyList {
	list := signingKeyList{Keys: []signingKey{}}
	for _, k := range all {
		key := signingKey{
			KID: k.KID, Algorithm: string(k.Algorithm), State: string(k.State), CreatedAt: k.CreatedAt,
			ActivatedAt: moment(k.ActivatedAt), RetiredAt: moment(k.RetiredAt), ExpiresAt: moment(k.ExpiresAt),
			SealedUnder: string(k.Sealed),
		}
		if k.State == domain.KeyNext {
			key.SignsFrom = moment(domain.SignsFrom(k.SigningKey))
		}
		list.Keys = append(list.Keys, key)
	}
	return list
}

func printKeys(out io.Writer, all []keys.Listed) error {
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	_, _ = fmt.Fprintln(table, "KID\tALG\tSTATE\tCREATED\t")
	for _, k := range signingKeysOf(all).Keys {
		note := ""
		switch {
		case k.SignsFrom != nil:
			note = "may sign from " + second(k.SignsFrom)
		case k.ExpiresAt != nil:
			note = "verifies until " + second(k.ExpiresAt)
		case k.ActivatedAt != nil:
			note = "signs since " + second(k.ActivatedAt)
		}
		switch keys.Sealing(k.SealedUnder) {
		case keys.SealedUnderPrevious:
			note += "; sealed under a previous SECRET_KEY"
		case keys.SealedUnderUnknown:
			note += "; can't be opened with this SECRET_KEY"
		}
		_, _ = fmt.Fprintf(table, "%s\t%s\t%s\t%s\t%s\n", k.KID, k.Algorithm, k.State, second(&k.CreatedAt), note)
	}
	return table.Flush()
}
