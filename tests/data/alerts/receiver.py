"""A receiver of webhooks that shares nothing with tidegate: it verifies with standardwebhooks, cryptography and cloudevents.

Usage: receiver.py WHSEC WHPK COUNT. Prints its port, takes COUNT requests, prints one line of JSON for each, and ends.
"""

import base64
import json
import sys
from http.server import BaseHTTPRequestHandler, HTTPServer

from cloudevents.core.bindings.http import HTTPMessage, from_http_event
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from standardwebhooks.webhooks import Webhook

secret, public, count = sys.argv[1], sys.argv[2], int(sys.argv[3])
key = Ed25519PublicKey.from_public_bytes(base64.b64decode(public.removeprefix("whpk_")))


class Receiver(BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers["content-length"]))
        headers = {name.lower(): value for name, value in self.headers.items()}
        # Raises if no `v1` signature is right, or the time is not about now.
        Webhook(secret).verify(body, headers)
        signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
        pairs = [part.split(",", 1) for part in headers["webhook-signature"].split(" ")]
        v1a = [base64.b64decode(value) for version, value in pairs if version == "v1a"]
        for signature in v1a:
            key.verify(signature, signed)
        event = from_http_event(HTTPMessage(headers, body))
        seen = {"id": event.get_id(), "type": event.get_type(), "v1a": len(v1a), "rule": event.get_data()["rule"]}
        assert event.get_id() == headers["webhook-id"]
        print(json.dumps(seen), flush=True)
        self.send_response(204)
        self.end_headers()

    def log_message(self, *args):
        pass


server = HTTPServer(("127.0.0.1", 0), Receiver)
print(server.server_port, flush=True)
for _ in range(count):
    server.handle_request()
