#!/bin/sh
# Starts docker-compose.yml, alone and with its profiles, and deploy/compose.production.yml with images of this machine, and uses all of
# them as a person would. For machines that reach no registry; it needs Docker, compose, curl, openssl, and the ports 80, 443, 5000 to 5003,
# 5080 and 9090. The images are those of the override files beside this script, and IMAGE for Signet, which is built with GO_IMAGE
# otherwise; of Grafana there is none, so it is not started. Everything that was started is gone in the end.
set -eu
cd "$(dirname "$0")/../.."
here=test/compose
if docker compose version >/dev/null 2>&1; then compose='docker compose'; else compose=docker-compose; fi
work=$(mktemp -d)
development="$compose -p signet-try -f docker-compose.yml -f $here/development.yml"
scaled="$development --profile scale --profile observe"
production="$compose -p signet-try-production -f $work/compose.production.yml -f $here/production.yml"
end() {
	code=$?
	[ "$code" -eq 0 ] || { $scaled logs --tail 30; $production logs --tail 30; } 2>/dev/null || true
	$scaled down --volumes >/dev/null 2>&1 || true
	$production down --volumes >/dev/null 2>&1 || true
	rm -rf "$work"
	[ "$code" -eq 0 ] && echo "all of them work" || echo "FAILED with $code" >&2
}
trap end EXIT

say() { printf '\n== %s\n' "$*"; }
post() { curl -sS --insecure "$1" -H 'Content-Type: application/json' -d "$2"; }
field() { sed -n "s/.*\"$1\":\"\([^\"]*\)\".*/\1/p"; }
want() { case $2 in *"$1"*) ;; *) echo "wanted $1, got: $2" >&2; exit 1 ;; esac; }
status() { curl -sS --insecure --output /dev/null --write-out '%{http_code}' "$@"; }
ready() {
	for _ in $(seq 60); do
		[ "$(status "$1/readyz" 2>/dev/null)" = 200 ] && return
		sleep 1
	done
	echo "$1 is not ready" >&2
	exit 1
}

say 'images'
docker image inspect local/caddy:2 >/dev/null 2>&1 || docker build --network host -t local/caddy:2 -f $here/caddy.Dockerfile $here
docker image inspect local/prometheus:2 >/dev/null 2>&1 || docker build --network host -t local/prometheus:2 -f $here/prometheus.Dockerfile $here
if [ -n "${IMAGE:-}" ]; then
	docker tag "$IMAGE" signet:dev
	docker tag "$IMAGE" signet:production
else
	docker build --network host --build-arg "GO_IMAGE=${GO_IMAGE:-local/golang:1.26}" -t signet:dev -t signet:production .
fi

say 'development: without a first step'
api=http://localhost:5000 inbox=http://localhost:5001/dev/inbox
BOOTSTRAP_ADMIN_EMAIL=first@example.com BOOTSTRAP_ADMIN_PASSWORD='the first of them' $development up --detach --no-build
ready $api
want user_id "$(post $api/api/auth/register '{"email": "ada@example.com", "password": "correct horse battery"}')"
sleep 3
code=$(curl -sS -H 'Accept: application/json' $inbox | field code)
want '"success":true' "$(post $api/api/auth/verify-email "{\"email\": \"ada@example.com\", \"code\": \"$code\"}")"
want "$code" "$($development exec -T signet /signet dev mail)"
want 403 "$(status http://localhost:5001/debug/pprof)"
want 403 "$(status -H 'Host: evil.example' $inbox)"
want access_token "$(post $api/api/auth/login '{"email": "first@example.com", "password": "the first of them"}')"
echo 'of one more of them' | $development exec -T signet /signet admin create --email you@example.com --password-stdin
want access_token "$(post $api/api/auth/login '{"email": "you@example.com", "password": "of one more of them"}')"
$development restart signet # the key in the volume opens what is stored
ready $api
want access_token "$(post $api/api/auth/login '{"email": "ada@example.com", "password": "correct horse battery"}')"

say 'scale and observe: three replicas behind the balancer, and Prometheus'
balanced=http://localhost:5080 prometheus=http://localhost:9090
mkdir -p deploy/prometheus deploy/grafana # or Docker makes them, for root
$scaled up --detach --no-build signet signet-2 signet-3 balancer prometheus
ready $balanced
login() { post $balanced/api/auth/login '{"email": "ada@example.com", "password": "correct horse battery"}' | field access_token; }
token=$(login)
# all ANSWER URL…: thirty requests with the token, ten for each replica.
all() {
	wanted=$1
	shift
	for _ in $(seq 30); do
		answer=$(status -H "Authorization: Bearer $token" "$@")
		[ "$answer" = "$wanted" ] || { echo "wanted $wanted, got $answer: $*" >&2; exit 1; }
	done
}
all 200 $balanced/api/auth/me
for port in 5001 5002 5003; do
	want /api/auth/me "$(curl -sS http://localhost:$port/metrics)" # each has answered some
done
$scaled stop signet-2 &
stopping=$!
for _ in 1 2 3 4 5; do
	all 200 $balanced/api/auth/me
	sleep 1
done
wait $stopping
all 200 $balanced/api/auth/me
$scaled start signet-2
ready $balanced
all 200 $balanced/api/auth/me
post $balanced/api/auth/logout '{}' >/dev/null # without a token it ends nothing
all 200 $balanced/api/auth/me
curl -sS -X POST $balanced/api/auth/logout -H "Authorization: Bearer $token" >/dev/null
sleep 1
all 401 $balanced/api/auth/me
for _ in $(seq 40); do
	up=$(curl -sS --get $prometheus/api/v1/query --data-urlencode 'query=sum(up{job="signet"})')
	case $up in *'"3"'*) break ;; esac
	sleep 1
done
want '"3"' "$up"
$scaled down --volumes

say 'production: as its header says'
for file in deploy/*; do
	[ -d "$file" ] || cp "$file" "$work" # secrets of this folder's owner are not for a test
done
(
	cd "$work"
	sed -e 's|^PUBLIC_URL=.*|PUBLIC_URL=https://localhost|' signet.env.example >signet.env
	echo 'of the mail server' | sh secrets.sh
)
$production up --detach --no-build
ready https://localhost
echo 'correct horse staple' | $production exec -T signet /signet admin create --email you@example.com --password-stdin
token=$(curl -sS --insecure https://localhost/api/auth/login -H 'X-Forwarded-For: 192.0.2.1' -H 'Content-Type: application/json' \
	-d '{"email": "you@example.com", "password": "correct horse staple"}' | field access_token)
sessions=$(curl -sS --insecure https://localhost/api/auth/sessions -H "Authorization: Bearer $token")
want '"ip":"172.30.53.1"' "$sessions" # this machine, as the proxy sees it, and not what a client says of itself
want 404 "$(status https://localhost/docs)"
want 308 "$(status http://localhost/readyz)"
