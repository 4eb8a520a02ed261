#!/bin/sh
# Make the namespace and the search attributes that operators filter on. Harmless when repeated.
# The server's address and the namespace come from TEMPORAL_ADDRESS and TEMPORAL_NAMESPACE.
set -eu

# A server that has just come up, and a namespace that has just been made, take some seconds
# until every part of the server knows them.
patiently() {
  for _ in 1 2 3 4 5 6 7 8 9; do
    if "$@"; then return; fi
    sleep 3
  done
  "$@"
}

named() {
  temporal operator namespace describe --namespace "$TEMPORAL_NAMESPACE" >/dev/null 2>&1 ||
    temporal operator namespace create --namespace "$TEMPORAL_NAMESPACE" --retention 90d
}

patiently temporal operator cluster health
patiently named
for name in Stage Severity Region Technician; do
  patiently temporal operator search-attribute create --namespace "$TEMPORAL_NAMESPACE" \
    --name "$name" --type Keyword
done
