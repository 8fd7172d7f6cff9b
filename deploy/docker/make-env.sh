#!/bin/sh
# Writes .env with fresh secrets for docker-compose.yml; never over one that is there.
set -eu
file="$(dirname "$0")/../../.env"
if [ -e "$file" ]; then
  echo "$file is there already: its secrets open the data that there is. Nothing was changed." >&2
  exit 1
fi
random() { od -An -tx1 -N32 /dev/urandom | tr -d ' \n'; }
random64() { head -c 32 /dev/urandom | base64 | tr -d '\n'; }
umask 077
cat >"$file" <<END
WEIR_POSTGRES_PASSWORD=$(random)
WEIR_INTERNAL_SECRET=$(random)
WEIR_MASTER_KEY=mk_$(random)
WEIR_ENCRYPTION_KEYS=1:$(random64)
WEIR_KEY_PEPPER=$(random64)
END
echo "Wrote $file. Keep it: without WEIR_ENCRYPTION_KEYS no stored credential can be read again."
