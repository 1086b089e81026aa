"""What schemathesis cannot know of the API: tokens have to be of something that there is.

A request that is made to be valid has the tokens of an Item, a user and a report of this run
in place of made-up ones. What is wrong on purpose stays as it is.
"""

import atexit
import base64
import collections
import contextlib
import datetime
import http.server
import json
import os
import threading
import urllib.error
import urllib.request
import uuid

import schemathesis

URL = os.environ["PLAID_URL"]
KEYS = {"PLAID-CLIENT-ID": os.environ["PLAID_CLIENT_ID"], "PLAID-SECRET": os.environ["PLAID_SECRET"]}
PRODUCTS = ["assets", "auth", "identity", "investments", "liabilities", "statements"]
PRODUCTS += ["transactions", "transfer"]

# Nobody listens there.
WEBHOOK = "http://127.0.0.1:9/hook"

# After these, what they were given is of no more use.
DESTRUCTIVE = {
    "assetReportAuditCopyRemove",
    "assetReportRemove",
    "creditReportAuditCopyRemove",
    "itemAccessTokenInvalidate",
    "itemPublicTokenExchange",
    "itemRemove",
    "sandboxItemResetLogin",
    "sandboxTransferRefundSimulate",
    "sandboxTransferSimulate",
    "transferCancel",
    "transferRefundCancel",
    "userRemove",
}


def post(path, body):
    content = json.dumps(body).encode()
    headers = {"Content-Type": "application/json", **KEYS}
    request = urllib.request.Request(URL + path, content, headers)
    with urllib.request.urlopen(request, timeout=60) as answer:
        return json.load(answer)


def public_token(webhook=WEBHOOK):
    body = {"institution_id": "ins_109508", "initial_products": PRODUCTS}
    body["options"] = {"webhook": webhook, "override_username": "user_transactions_dynamic"}
    return post("/sandbox/public_token/create", body)["public_token"]


def new_item(**options):
    return post("/item/public_token/exchange", {"public_token": public_token(**options)})


def new_world():
    """What requests may refer to, by the names of their fields."""
    item = new_item()
    access = {"access_token": item["access_token"]}
    accounts = post("/accounts/get", access)["accounts"]
    checking = next(account["account_id"] for account in accounts if account["mask"] == "0000")
    of_account = {**access, "account_id": checking}
    processor = post("/processor/token/create", {**of_account, "processor": "dwolla"})
    link = {"client_name": "Shop", "language": "en", "country_codes": ["US"], "products": ["auth"]}
    link = post("/link/token/create", {**link, "user": {"client_user_id": "1"}})
    user = post("/user/create", {"client_user_id": os.urandom(8).hex()})
    report = {"access_tokens": [item["access_token"]], "days_requested": 730}
    report = post("/asset_report/create", report)
    payment = {"type": "debit", "network": "ach", "ach_class": "ppd", "amount": "1.00"}
    payment = {**payment, "user": {"legal_name": "Anne Charleston"}, **of_account}
    authorization = post("/transfer/authorization/create", payment)["authorization"]["id"]
    transfer = {**of_account, "authorization_id": authorization, "description": "payment"}
    transfer = post("/transfer/create", transfer)["transfer"]
    refund = {"transfer_id": transfer["id"], "amount": "0.01", "idempotency_key": transfer["id"]}
    refund = post("/transfer/refund/create", refund)["refund"]
    verification = {"client_user_id": "customer-1", "template_id": "idvtmp_1"}
    verification = {**verification, "gave_consent": True, "is_shareable": False}
    verification = {**verification, "is_idempotent": True}
    verification = post("/identity_verification/create", verification)
    with contextlib.suppress(urllib.error.HTTPError):  # it gets ready when it is asked for
        post("/asset_report/get", {"asset_report_token": report["asset_report_token"]})
    audited = {"asset_report_token": report["asset_report_token"]}
    return {
        **post("/asset_report/audit_copy/create", audited),
        "payment_profile_token": f"payment-profile-sandbox-{uuid.uuid4()}",
        "relay_token": f"credit-relay-sandbox-{uuid.uuid4()}",
        "third_party_user_token": f"third-party-user-sandbox-{uuid.uuid4()}",
        **of_account,
        "authorization_id": authorization,
        "item_id": item["item_id"],
        "institution_id": "ins_109508",
        "key_id": KEY_ID,
        "public_token": public_token(),
        "processor_token": processor["processor_token"],
        "link_token": link["link_token"],
        "transfer_id": transfer["id"],
        "refund_id": refund["id"],
        "identity_verification_id": verification["id"],
        "user_id": user["user_id"],
        "user_token": user["user_token"],
        "webhook": WEBHOOK,
        "asset_report_token": report["asset_report_token"],
        "report_token": report["asset_report_token"],
        "client_id": KEYS["PLAID-CLIENT-ID"],
        "secret": KEYS["PLAID-SECRET"],
    }


def key_id():
    """The id of the key that signs webhooks, which only a webhook tells."""
    tokens = []

    class Receiver(http.server.BaseHTTPRequestHandler):
        def do_POST(self):
            tokens.append(self.headers["Plaid-Verification"])
            self.rfile.read(int(self.headers["Content-Length"]))
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_):
            pass

    with http.server.HTTPServer(("127.0.0.1", 0), Receiver) as server:
        server.timeout = 60
        item = new_item(webhook=f"http://127.0.0.1:{server.server_port}/hook")
        fired = {"access_token": item["access_token"], "webhook_code": "NEW_ACCOUNTS_AVAILABLE"}
        post("/sandbox/item/fire_webhook", fired)
        server.handle_request()
    header = tokens[0].split(".")[0]
    return json.loads(base64.urlsafe_b64decode(header + "=" * (-len(header) % 4)))["kid"]


KEY_ID = key_id()
WORLD = new_world()
LOCK = threading.Lock()
# What each operation answered to requests that were made to be valid.
ANSWERED = collections.defaultdict(collections.Counter)


def fill(value, world):
    if isinstance(value, list):
        return [fill(inner, world) for inner in value]
    if not isinstance(value, dict):
        return value
    return {name: fill_field(name, inner, world) for name, inner in value.items()}


def fill_field(name, value, world):
    if name in world and isinstance(value, str):
        return world[name]
    one = name.removesuffix("s")
    if one in world and isinstance(value, list) and value and isinstance(value[0], str):
        return [world[one]]
    return fill(value, world)


def made_up_transaction():
    today = datetime.datetime.now(datetime.timezone.utc).date().isoformat()
    made = {"date_transacted": today, "date_posted": today}
    return {**made, "amount": 12.34, "description": "Bakery"}


def said_in_words(operation, world):
    """Fields of a request that have to be so and of which no schema says it."""
    return {
        "assetReportCreate": {"access_tokens": [world["access_token"]]},
        "assetReportFilter": {"account_ids_to_exclude": [world["account_id"]]},
        "assetReportGet": {"asset_report_token": world["asset_report_token"], "options": {}},
        "authGet": {"options": {}},
        "identityVerificationCreate": {"client_user_id": "customer-1", "is_idempotent": True},
        "identityVerificationRetry": {
            "client_user_id": "customer-1",
            "template_id": "idvtmp_1",
        },
        "institutionsGetById": {"country_codes": ["US"]},
        "processorTransactionsGet": {"start_date": "2020-01-01", "end_date": "2030-01-01"},
        "itemWebhookUpdate": {"webhook": WEBHOOK},
        "sandboxItemFireWebhook": {
            "webhook_code": "NEW_ACCOUNTS_AVAILABLE",
            "webhook_type": "ITEM",
        },
        "sandboxProcessorTokenCreate": {"options": {}},
        "sandboxPublicTokenCreate": {"initial_products": ["auth"], "options": {}},
        "sandboxTransactionsCreate": {"transactions": [made_up_transaction()]},
        "sandboxTransferRefundSimulate": {"event_type": "refund.posted"},
        "sandboxTransferSimulate": {"event_type": "posted"},
        "transactionsGet": {"start_date": "2020-01-01", "end_date": "2030-01-01"},
        "transferAuthorizationCreate": {"amount": "1.00"},
        "transferRefundCreate": {"amount": "0.01"},
        "transferGet": {"transfer_id": world["transfer_id"]},
        "userIdentityRemove": {"user_id": world["user_id"]},
        "userRemove": {"user_id": world["user_id"]},
        "userUpdate": {"user_id": world["user_id"]},
    }.get(operation, {})


def id_of(case):
    return case.operation.definition.raw["operationId"]


def made_to_be_valid(case):
    return case.meta is None or case.meta.generation.mode.is_positive


@schemathesis.hook
def before_call(context, case, kwargs):
    global WORLD
    if not made_to_be_valid(case):
        return
    with LOCK:
        world = WORLD
        if id_of(case) in DESTRUCTIVE:
            WORLD = new_world()
    if isinstance(case.body, dict):
        case.body = {**fill(case.body, world), **said_in_words(id_of(case), world)}
        # One that no answer brought is none.
        case.body.pop("cursor", None)
    if "consentId" in (case.path_parameters or {}):
        case.path_parameters["consentId"] = world["item_id"]


@schemathesis.hook
def after_call(context, case, response):
    if made_to_be_valid(case):
        with LOCK:
            ANSWERED[id_of(case)][response.status_code] += 1


@atexit.register
def report():
    with open(os.environ["ANSWERED"], "w", encoding="utf-8") as file:
        json.dump(ANSWERED, file)


@schemathesis.deserializer("application/pdf")
def pdf(context, response):
    if not response.content.startswith(b"%PDF-"):
        raise ValueError("this is no PDF")
    return response.content.decode("latin-1")
