#!/bin/sh
# `ninka <command> <verb>` as root: the command line with the user, settings and secrets of ninka.service, in a unit of its own.
# Say --by <name>, because everybody is the same user there. That user cannot read root's files: give them as input, `--file - < file`.
# NINKA_AT=/opt/ninka-<version> takes another version than the one in service.
set -eu
unit="ninka-command-$$"
set -- /usr/bin/node src/ninka.ts "$@"
secret() { # the setting, and the file in /etc/ninka/secrets; one that is not there is not used
  if [ -e "/etc/ninka/secrets/$2" ]; then
    credentials="$credentials --property=LoadCredential=$2:/etc/ninka/secrets/$2"
    credentials="$credentials --setenv=$1=/run/credentials/$unit.service/$2"
  fi
}
credentials=
secret MASTER_KEY_FILE master-key
secret BANK_KEY_FILE bank-key
secret DATABASE_PASSWORD_FILE database-password
secret PROXY_SECRET_FILE proxy-secret
secret NOTICES_SECRET_FILE notices-secret
# Words without blanks, made above: they are meant to be split.
# shellcheck disable=SC2086
exec systemd-run --quiet --collect --wait --pipe --unit="$unit" --working-directory="${NINKA_AT:-/opt/ninka}" \
  --property=User=ninka --property=Group=ninka --property=UMask=0077 --property=NoNewPrivileges=yes \
  --property=EnvironmentFile=/etc/ninka/ninka.env --setenv=DATA_DIR=/var/lib/ninka $credentials "$@"
