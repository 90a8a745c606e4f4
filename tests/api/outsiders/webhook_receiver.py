"""A receiver of webhooks in the words of the library of the specification."""

import json
import sys

from standardwebhooks.webhooks import Webhook, WebhookVerificationError

with open(sys.argv[1], encoding="utf-8") as file:
    message = json.load(file)

body, headers = message["body"], message["headers"]
assert len(message["secrets"]) == 2
for secret in message["secrets"]:
    assert Webhook(secret).verify(body, headers)["type"] == "policy.changed"
    changed = [
        (body.replace("put", "gone"), headers),
        (body, headers | {"webhook-id": "msg_other"}),
        (body, headers | {"webhook-timestamp": str(int(headers["webhook-timestamp"]) + 1)}),
    ]
    for other_body, other_headers in changed:
        try:
            Webhook(secret).verify(other_body, other_headers)
        except WebhookVerificationError:
            continue
        sys.exit("a message that was changed was taken")
