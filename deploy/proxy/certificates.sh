#!/bin/sh
# Makes certificates to try haproxy.cfg: `certificates.sh FOLDER NAME` writes for the server name NAME
#   server.pem  certificate and key of the proxy      authority.pem  the authority that signed both; clients trust it
#   clients.pem the authority, for the proxy          client.pem     certificate and key of a client called "app"
# In production, take server.pem from your usual authority, and keep the key of the clients' authority off this machine.
set -eu
folder=$1 name=$2
cd "$folder"
umask 077
key="-newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes"
openssl req -x509 $key -days 365 -subj "/CN=Ringwarden trial" -keyout authority.key -out authority.pem
cp authority.pem clients.pem
sign() {
    openssl req $key -subj "/CN=$2" -keyout "$1.key" -out "$1.csr"
    printf 'subjectAltName=DNS:%s\n' "$2" >"$1.ext"
    openssl x509 -req -in "$1.csr" -CA authority.pem -CAkey authority.key -CAcreateserial -days 365 -extfile "$1.ext" -out "$1.crt"
    cat "$1.crt" "$1.key" >"$1.pem"
}
sign server "$name"
sign client app
