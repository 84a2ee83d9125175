#!/usr/bin/env bash
# Secrets for a laboratory: an authority, a certificate for each server, daemon and source, and the daemon's password at
# Redis. Usage: deploy/lab.sh [DIRECTORY] (default: deploy/secrets). What is there already is kept, so that a second
# call adds only what is missing; `rm` a certificate to renew it. In production they come from your own authority.
set -euo pipefail
umask 077
mkdir -p "${1:-$(dirname "$0")/secrets}"
cd "${1:-$(dirname "$0")/secrets}"

days=365
servers="mosquitto redis"
clients="signald-a signald-b operator forexfactory ics csv tradingeconomics"    # a source's name is its certificate's

new_key() { openssl ecparam -name prime256v1 -genkey -noout -out "$1"; }

if [ ! -e ca.pem ]; then
    new_key ca.key
    openssl req -x509 -new -key ca.key -sha256 -days "$days" -subj "/CN=signald laboratory" -out ca.pem \
        -addext "basicConstraints=critical,CA:TRUE" -addext "keyUsage=critical,keyCertSign,cRLSign"
fi

certify() { # NAME USAGE [ALTERNATIVE NAMES]
    [ ! -e "$1.pem" ] || return 0
    new_key "$1.key"
    openssl req -new -key "$1.key" -subj "/CN=$1" -out "$1.csr"
    {
        echo "basicConstraints=CA:FALSE"
        echo "extendedKeyUsage=$2"
        [ -z "${3:-}" ] || echo "subjectAltName=$3"
    } > "$1.ext"
    openssl x509 -req -in "$1.csr" -CA ca.pem -CAkey ca.key -CAcreateserial -sha256 -days "$days" \
        -extfile "$1.ext" -out "$1.pem" 2>/dev/null
    rm "$1.csr" "$1.ext"
}

for name in $servers; do certify "$name" serverAuth "DNS:$name,DNS:localhost,IP:127.0.0.1"; done
for name in $clients; do certify "$name" clientAuth; done

new_password() { [ -e "$1" ] || openssl rand -hex 32 | tr -d '\n' > "$1"; }
new_password redis-password
new_password grafana-password

if [ ! -e users.acl ]; then
    digest="$(openssl dgst -sha256 -r redis-password | cut -d' ' -f1)"
    # signald loads its function, calls it, and reads back what it wrote; consumers' users are added by `signald acl`
    {
        echo "user default off"
        echo "user signald on #$digest ~{signald}:* -@all +@connection +@read +@write +@scripting +acl|setuser +acl|deluser +acl|getuser +acl|list +acl|save +info +role +wait -flushdb -flushall -keys -swapdb"
    } > users.acl
fi
chmod 644 ./*.pem
