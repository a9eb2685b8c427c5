# A fintech in one file, with Authlib: connects a customer and prints his balances.
# Needs ISSUER, CLIENT_ID, CLIENT_SECRET and REDIRECT_URI (http://127.0.0.1:<port>/…, as registered).
import os
import secrets
from http.server import BaseHTTPRequestHandler, HTTPServer
from urllib.parse import urlencode, urlsplit

import requests
from authlib.integrations.requests_client import OAuth2Session
from authlib.oauth2.rfc7636 import create_s256_code_challenge

ISSUER, CLIENT_ID, CLIENT_SECRET, REDIRECT_URI = (
    os.environ[name] for name in ("ISSUER", "CLIENT_ID", "CLIENT_SECRET", "REDIRECT_URI")
)
if ISSUER.startswith("http:"):  # plain http is only for a demo on your own machine
    os.environ["AUTHLIB_INSECURE_TRANSPORT"] = "1"

bank = requests.get(ISSUER + "/.well-known/openid-configuration", timeout=10).json()
session = OAuth2Session(CLIENT_ID, CLIENT_SECRET, redirect_uri=REDIRECT_URI)

# 1. Push the request; remember what is compared when the customer is back.
state, verifier = secrets.token_urlsafe(24), secrets.token_urlsafe(48)
pushed = requests.post(
    bank["pushed_authorization_request_endpoint"],
    auth=(CLIENT_ID, CLIENT_SECRET),
    timeout=10,
    data={
        "client_id": CLIENT_ID,
        "response_type": "code",
        "redirect_uri": REDIRECT_URI,
        "scope": "offline_access balances transactions",
        "state": state,
        "code_challenge": create_s256_code_challenge(verifier),
        "code_challenge_method": "S256",
    },
)
pushed.raise_for_status()
query = urlencode({"client_id": CLIENT_ID, "request_uri": pushed.json()["request_uri"]})


# 2. The customer decides at the bank and comes back with a code.
class Callback(BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b"Done. Go back to the terminal.")
        self.server.back = self.path

    def log_message(self, *_):  # it would write the code
        pass


here = urlsplit(REDIRECT_URI)
server = HTTPServer((here.hostname, here.port), Callback)
print(f"Open this in your browser: {bank['authorization_endpoint']}?{query}", flush=True)
server.handle_request()
back = f"{here.scheme}://{here.netloc}{server.back}"

# 3. Exchange the code; fetch_token checks the state. Keep refresh_token and grant_id with your customer.
session.fetch_token(bank["token_endpoint"], authorization_response=back, state=state, code_verifier=verifier)

# 4. Read.
for account in session.get(ISSUER + "/api/accounts").json()["accounts"]:
    balance = session.get(f"{ISSUER}/api/accounts/{account['accountId']}/balances").json()["balance"]
    print(f"{account['branchName']} {account['accountNumber']}: {balance} JPY")
