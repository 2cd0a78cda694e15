#!/bin/sh
# Starts nginx of compose.yaml. The first start makes a certificate of its own, for localhost, which no browser knows: put
# one that they know in its place, as cert.pem and key.pem in the volume `tls`.
set -eu
if [ ! -e /tls/cert.pem ]; then
  umask 077
  openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 397 -subj /CN=localhost \
    -addext subjectAltName=DNS:localhost,IP:127.0.0.1 -keyout /tls/key.pem -out /tls/cert.draft
  mv /tls/cert.draft /tls/cert.pem
fi
exec nginx -c /config/nginx/nginx.conf
