#!/bin/sh
# Makes ./secrets for compose.production.yml: keys and passwords that nobody has to know, and the mail server's, from standard input.
# What is there stays as it is. Back the folder up: without secret_key the database can't be used.
set -eu
cd "$(dirname "$0")"
command -v openssl >/dev/null || { echo "openssl is needed" >&2; exit 1; }
mkdir -p secrets
chmod 0700 secrets

# put NAME writes standard input into a file that is not there yet. The containers' users read it, so it is open to all that get into the
# folder, which is the owner alone.
put() {
	cat >"secrets/$1.new"
	chmod 0444 "secrets/$1.new"
	mv -f "secrets/$1.new" "secrets/$1"
}

[ -e secrets/secret_key ] || openssl rand -base64 48 | tr -d '\n' | put secret_key
[ -e secrets/postgres_password ] || openssl rand -hex 24 | tr -d '\n' | put postgres_password
printf 'postgresql://signet:%s@postgres:5432/signet?sslmode=disable' "$(cat secrets/postgres_password)" | put database_uri
if [ ! -e secrets/mail_password ]; then
	if [ -t 0 ]; then
		printf 'Password of the mail server (empty: none): '
		trap 'stty echo' EXIT
		trap 'exit 1' INT TERM
		stty -echo
	fi
	IFS= read -r password || true
	printf '%s' "$password" | put mail_password
	echo
fi
echo "The secrets are in $PWD/secrets"
