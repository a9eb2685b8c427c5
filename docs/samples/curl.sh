# A fintech in one file, with curl and openssl: connects a customer and prints his balances.
# Needs ISSUER, CLIENT_ID, CLIENT_SECRET and REDIRECT_URI (as registered; nothing has to listen there).
set -eu

random() { openssl rand -hex 32; }
# One value of a flat JSON answer; a real program would use jq.
value() { tr ',{' '\n\n' | sed -n "s/^ *\"$1\" *: *\"\([^\"]*\)\".*/\1/p"; }
# A secret on the command line is seen by every process of the machine, so curl reads it from a file of its own.
secret() { printf 'user = "%s:%s"\n' "$CLIENT_ID" "$CLIENT_SECRET"; }
bearer() { printf 'header = "Authorization: Bearer %s"\n' "$token"; }

verifier=$(random)
state=$(random)
challenge=$(printf %s "$verifier" | openssl dgst -sha256 -binary | openssl base64 -A | tr '+/' '-_' | tr -d '=')

# 1. Push the request.
request_uri=$(secret | curl -sSf -K - "$ISSUER/par" \
  --data-urlencode "client_id=$CLIENT_ID" \
  --data-urlencode response_type=code \
  --data-urlencode "redirect_uri=$REDIRECT_URI" \
  --data-urlencode 'scope=offline_access balances transactions' \
  --data-urlencode "state=$state" \
  --data-urlencode "code_challenge=$challenge" \
  --data-urlencode code_challenge_method=S256 | value request_uri)

# 2. The customer decides at the bank. Nothing listens where he comes back: his browser says so, and its address has the code.
echo "Open this in your browser: $ISSUER/authorize?client_id=$CLIENT_ID&request_uri=$request_uri"
echo 'Then paste the address where you came out (within a minute), and press Enter:'
read -r back
parameter() { printf %s "$back" | tr '?&' '\n\n' | sed -n "s/^$1=//p"; }
[ "$(parameter state)" = "$state" ] || { echo 'This is the answer to another request.' >&2; exit 1; }

# 3. Exchange the code.
token=$(secret | curl -sSf -K - "$ISSUER/token" \
  --data-urlencode grant_type=authorization_code \
  --data-urlencode "code=$(parameter code)" \
  --data-urlencode "redirect_uri=$REDIRECT_URI" \
  --data-urlencode "code_verifier=$verifier" | value access_token)

# 4. Read.
for account in $(bearer | curl -sSf -K - "$ISSUER/api/accounts" | value accountId); do
  balance=$(bearer | curl -sSf -K - "$ISSUER/api/accounts/$account/balances" | value balance)
  echo "$account: $balance JPY"
done
