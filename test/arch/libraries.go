package arch

// owner is the unit that may import a library: an adapter (its folder with everything below), a package of cmd, or the
// domain.
type owner string

const (
	bunsql    owner = "adapters/bunsql"
	echohttp  owner = "adapters/echohttp"
	gothoauth owner = "adapters/gothoauth"
	jwtoken   owner = "adapters/jwtoken"
	memory    owner = "adapters/memory"
	otp       owner = "adapters/otp"
	passkey   owner = "adapters/passkey"
	pwhash    owner = "adapters/pwhash"
	pwscreen  owner = "adapters/pwscreen"
	rueidis   owner = "adapters/rueidis"
	smtpmail  owner = "adapters/smtpmail"
	useragent owner = "adapters/useragent"
	run       owner = "cmd/run"
	core      owner = "domain"
)

// libraries is the allow-list of product code. Several owners mean "one of these", never two at once: replacing a
// library must stay the work of one folder.
var libraries = map[string][]owner{
	"github.com/labstack/echo/v4":            {echohttp},
	"github.com/go-playground/validator/v10": {echohttp},
	"github.com/swaggest/openapi-go":         {echohttp},
	"github.com/swaggest/jsonschema-go":      {echohttp},
	"github.com/swaggest/swgui":              {echohttp},
	"github.com/uptrace/bun":                 {bunsql},
	"github.com/jackc/pgx/v5":                {bunsql},
	"github.com/pressly/goose/v3":            {bunsql},
	"modernc.org/sqlite":                     {bunsql},
	"github.com/redis/rueidis":               {rueidis},
	"github.com/maypok86/otter/v2":           {memory},
	"github.com/golang-jwt/jwt/v5":           {jwtoken},
	"github.com/go-jose/go-jose/v4":          {jwtoken},
	"golang.org/x/crypto/argon2":             {pwhash},
	"golang.org/x/crypto/bcrypt":             {pwhash},
	"golang.org/x/crypto/scrypt":             {pwhash},
	"golang.org/x/text/unicode/norm":         {pwhash},
	"golang.org/x/net/http/httpguts":         {echohttp},
	"github.com/ccojocar/zxcvbn-go":          {pwhash, pwscreen},
	"github.com/mileusna/useragent":          {useragent},
	"github.com/pquerna/otp":                 {otp},
	"github.com/go-webauthn/webauthn":        {passkey},
	"github.com/wneessen/go-mail":            {smtpmail},
	// Not the whole of goth: its apple brings a second library of tokens along, and gothic keeps logins in cookies of its own.
	"github.com/markbates/goth/providers/discord":  {gothoauth},
	"github.com/markbates/goth/providers/facebook": {gothoauth},
	"github.com/markbates/goth/providers/github":   {gothoauth},
	"golang.org/x/oauth2":                          {gothoauth},
	"github.com/alecthomas/kong":                   {run},
	"github.com/google/uuid":                       {run},
	"golang.org/x/term":                            {run},
	"golang.org/x/net/idna":                        {core},
	"golang.org/x/net/publicsuffix":                {run},
}

// telemetry crosses every edge by its nature: any adapter and cmd may import it, the core may not.
var telemetry = []string{
	"github.com/prometheus/client_golang",
	"go.opentelemetry.io/otel",
	"go.opentelemetry.io/contrib",
	"go.opentelemetry.io/proto/otlp",
	"google.golang.org/protobuf",
}

// testLibraries may be imported by tests and below test/ only; tests may use every library of the product besides.
var testLibraries = []string{
	"github.com/alicebob/miniredis/v2",
	"github.com/chromedp/cdproto",
	"github.com/chromedp/chromedp",
	"github.com/coreos/go-oidc",
	"github.com/creack/pty",
	"github.com/descope/virtualwebauthn",
	"github.com/emersion/go-sasl",
	"github.com/emersion/go-smtp",
	"github.com/fxamacker/cbor/v2",
	"github.com/getkin/kin-openapi",
	"github.com/santhosh-tekuri/jsonschema",
	"golang.org/x/oauth2",
	"github.com/google/go-cmp",
	"github.com/joho/godotenv",
	"pgregory.net/rapid",
	"github.com/testcontainers/testcontainers-go",
}
