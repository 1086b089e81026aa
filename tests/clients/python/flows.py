"""Plaid's Python client, unmodified but for the host, against the emulator.

PLAID_URL, PLAID_CLIENT_ID and PLAID_SECRET say where that is. `cargo test -p plaid-sandbox
--test clients` starts one, sets them and installs what requirements.txt lists.
"""

import datetime
import hashlib
import json
import os
import threading
import time
import unittest
import urllib.request
from http.server import BaseHTTPRequestHandler, HTTPServer

import jwt
import plaid
from plaid.api import plaid_api
from plaid.model.accounts_balance_get_request import AccountsBalanceGetRequest
from plaid.model.accounts_get_request import AccountsGetRequest
from plaid.model.ach_class import ACHClass
from plaid.model.asset_report_create_request import AssetReportCreateRequest
from plaid.model.asset_report_get_request import AssetReportGetRequest
from plaid.model.asset_report_pdf_get_request import AssetReportPDFGetRequest
from plaid.model.auth_get_request import AuthGetRequest
from plaid.model.country_code import CountryCode
from plaid.model.identity_get_request import IdentityGetRequest
from plaid.model.institutions_get_by_id_request import InstitutionsGetByIdRequest
from plaid.model.item_get_request import ItemGetRequest
from plaid.model.item_public_token_exchange_request import ItemPublicTokenExchangeRequest
from plaid.model.item_remove_request import ItemRemoveRequest
from plaid.model.link_token_create_request import LinkTokenCreateRequest
from plaid.model.link_token_create_request_user import LinkTokenCreateRequestUser
from plaid.model.link_token_get_request import LinkTokenGetRequest
from plaid.model.processor_auth_get_request import ProcessorAuthGetRequest
from plaid.model.processor_stripe_bank_account_token_create_request import (
    ProcessorStripeBankAccountTokenCreateRequest,
)
from plaid.model.processor_token_create_request import ProcessorTokenCreateRequest
from plaid.model.products import Products
from plaid.model.sandbox_item_fire_webhook_request import SandboxItemFireWebhookRequest
from plaid.model.sandbox_item_reset_login_request import SandboxItemResetLoginRequest
from plaid.model.sandbox_public_token_create_request import SandboxPublicTokenCreateRequest
from plaid.model.sandbox_public_token_create_request_options import (
    SandboxPublicTokenCreateRequestOptions,
)
from plaid.model.sandbox_transfer_simulate_request import SandboxTransferSimulateRequest
from plaid.model.transactions_get_request import TransactionsGetRequest
from plaid.model.transactions_get_request_options import TransactionsGetRequestOptions
from plaid.model.transactions_refresh_request import TransactionsRefreshRequest
from plaid.model.transactions_sync_request import TransactionsSyncRequest
from plaid.model.transfer_authorization_create_request import TransferAuthorizationCreateRequest
from plaid.model.transfer_authorization_user_in_request import TransferAuthorizationUserInRequest
from plaid.model.transfer_create_request import TransferCreateRequest
from plaid.model.transfer_event_sync_request import TransferEventSyncRequest
from plaid.model.transfer_get_request import TransferGetRequest
from plaid.model.transfer_network import TransferNetwork
from plaid.model.transfer_type import TransferType
from plaid.model.webhook_verification_key_get_request import WebhookVerificationKeyGetRequest

BANK = "ins_109508"
PRODUCTS = ["assets", "auth", "identity", "transactions", "transfer"]


def client(secret=os.environ["PLAID_SECRET"]):
    keys = {"clientId": os.environ["PLAID_CLIENT_ID"], "secret": secret}
    configuration = plaid.Configuration(host=os.environ["PLAID_URL"], api_key=keys)
    return plaid_api.PlaidApi(plaid.ApiClient(configuration))


PLAID = client()


def public_token(**options):
    request = SandboxPublicTokenCreateRequest(
        institution_id=BANK,
        initial_products=[Products(product) for product in PRODUCTS],
        options=SandboxPublicTokenCreateRequestOptions(**options),
    )
    return PLAID.sandbox_public_token_create(request).public_token


def item(**options):
    request = ItemPublicTokenExchangeRequest(public_token=public_token(**options))
    return PLAID.item_public_token_exchange(request)


def accounts(access_token):
    return PLAID.accounts_get(AccountsGetRequest(access_token=access_token)).accounts


def account_id(access_token, mask):
    return next(a.account_id for a in accounts(access_token) if a.mask == mask)


class Receiver:
    """A server on loopback that keeps what is posted to it."""

    def __enter__(self):
        self.received = []
        self.arrived = threading.Condition()
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                with receiver.arrived:
                    receiver.received.append((self.headers["Plaid-Verification"], body))
                    receiver.arrived.notify_all()
                self.send_response(200)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_):
                pass

        self.server = HTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/hook"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_):
        self.server.shutdown()
        self.server.server_close()

    def wait(self, code):
        def found():
            for token, body in self.received:
                if json.loads(body)["webhook_code"] == code:
                    return token, body

        with self.arrived:
            return self.arrived.wait_for(found, timeout=60)


class Case(unittest.TestCase):
    def fails(self, error_type, error_code, call, status=400):
        """The error that a call has to end with: its body, as the client gives it."""
        with self.assertRaises(plaid.ApiException) as raised:
            call()
        error = json.loads(raised.exception.body)
        found = (raised.exception.status, error["error_type"], error["error_code"])
        self.assertEqual(found, (status, error_type, error_code), error["error_message"])
        self.assertEqual(len(error["request_id"]), 15)
        return error


class Link(Case):
    def test_a_link_token_is_made_and_looked_up(self):
        created = PLAID.link_token_create(
            LinkTokenCreateRequest(
                client_name="Shop",
                language="en",
                country_codes=[CountryCode("US")],
                products=[Products("auth"), Products("transactions")],
                user=LinkTokenCreateRequestUser(client_user_id="user-1"),
            )
        )
        self.assertRegex(created.link_token, "^link-sandbox-")
        self.assertGreater(created.expiration, datetime.datetime.now(datetime.timezone.utc))
        found = PLAID.link_token_get(LinkTokenGetRequest(link_token=created.link_token))
        self.assertEqual(found.link_token, created.link_token)
        self.assertEqual(found.expiration, created.expiration)
        self.assertEqual(found.metadata.client_name, "Shop")
        self.assertEqual(found.metadata.country_codes, [CountryCode("US")])

    def test_a_user_who_completes_link_is_seen_by_the_link_token_and_shares_accounts(self):
        request = LinkTokenCreateRequest(
            client_name="Shop",
            language="en",
            country_codes=[CountryCode("US")],
            products=[Products("auth")],
            user=LinkTokenCreateRequestUser(client_user_id="user-2"),
        )
        link_token = PLAID.link_token_create(request).link_token
        # There is no browser: the emulator plays the user.
        user = urllib.request.Request(
            os.environ["PLAID_URL"] + "/_sandbox/link/complete",
            json.dumps({"link_token": link_token}).encode(),
            {"Content-Type": "application/json"},
        )
        with urllib.request.urlopen(user, timeout=60) as answer:
            shared = json.load(answer)["public_token"]
        found = PLAID.link_token_get(LinkTokenGetRequest(link_token=link_token))
        added = found.link_sessions[0].results.item_add_results[0]
        self.assertEqual(added.public_token, shared)
        request = ItemPublicTokenExchangeRequest(public_token=shared)
        token = PLAID.item_public_token_exchange(request).access_token
        self.assertEqual(len(accounts(token)), 12)

    def test_a_public_token_is_exchanged_once(self):
        request = ItemPublicTokenExchangeRequest(public_token=public_token())
        exchanged = PLAID.item_public_token_exchange(request)
        self.assertRegex(exchanged.access_token, "^access-sandbox-")
        found = PLAID.item_get(ItemGetRequest(access_token=exchanged.access_token)).item
        self.assertEqual(found.item_id, exchanged.item_id)
        self.assertEqual(found.institution_id, BANK)
        self.assertIsNone(found.error)
        again = lambda: PLAID.item_public_token_exchange(request)
        self.fails("INVALID_INPUT", "INVALID_PUBLIC_TOKEN", again)


class Data(Case):
    @classmethod
    def setUpClass(cls):
        cls.token = item().access_token

    def test_accounts_and_balances(self):
        found = accounts(self.token)
        self.assertEqual(len(found), 12)
        checking = next(a for a in found if a.mask == "0000")
        self.assertEqual((str(checking.type), str(checking.subtype)), ("depository", "checking"))
        live = PLAID.accounts_balance_get(AccountsBalanceGetRequest(access_token=self.token))
        balances = next(a for a in live.accounts if a.mask == "0000").balances
        self.assertEqual((balances.available, balances.current), (100, 110))
        self.assertEqual(balances.iso_currency_code, "USD")

    def test_account_and_routing_numbers(self):
        found = PLAID.auth_get(AuthGetRequest(access_token=self.token))
        self.assertIn("1111222233330000", [number.account for number in found.numbers.ach])
        known = {account.account_id for account in found.accounts}
        self.assertLessEqual({number.account_id for number in found.numbers.ach}, known)

    def test_owners(self):
        found = PLAID.identity_get(IdentityGetRequest(access_token=self.token))
        for account in found.accounts:
            owner = account.owners[0]
            self.assertTrue(owner.names and owner.emails and owner.phone_numbers)
            self.assertEqual(sum(address.primary for address in owner.addresses), 1)


class Transactions(Case):
    def page(self, cursor, count=10):
        request = TransactionsSyncRequest(access_token=self.token, cursor=cursor, count=count)
        return PLAID.transactions_sync(request)

    def all_pages(self, cursor=""):
        pages = [self.page(cursor)]
        while pages[-1].has_more:
            pages.append(self.page(pages[-1].next_cursor))
        return pages

    def refresh(self):
        PLAID.transactions_refresh(TransactionsRefreshRequest(access_token=self.token))

    def setUp(self):
        self.token = item().access_token

    def test_pages_bring_each_transaction_once_and_what_get_brings(self):
        pages = self.all_pages()
        self.assertGreater(len(pages), 1)
        added = {t.transaction_id: t for page in pages for t in page.added}
        self.assertEqual(len(added), sum(len(page.added) for page in pages))

        dates = {"start_date": datetime.date(2000, 1, 1), "end_date": datetime.date.today()}
        # A transaction may be of tomorrow where the day ends earlier than in UTC.
        dates["end_date"] += datetime.timedelta(days=1)
        found, total = {}, None
        while total is None or len(found) < total:
            options = TransactionsGetRequestOptions(count=20, offset=len(found))
            request = TransactionsGetRequest(access_token=self.token, options=options, **dates)
            answer = PLAID.transactions_get(request)
            total = answer.total_transactions
            self.assertTrue(answer.transactions)
            found.update({t.transaction_id: t for t in answer.transactions})
        self.assertEqual(set(found), set(added))
        for key, transaction in found.items():
            self.assertIsInstance(transaction.date, datetime.date)
            self.assertEqual(transaction.amount, added[key].amount)

    def test_a_refresh_brings_additions_modifications_and_removals(self):
        pages = self.all_pages()
        self.assertEqual(self.page(pages[-1].next_cursor).added, [])
        # What is pending after the first is booked, and by that replaced, at the second.
        for _ in range(2):
            self.refresh()
            pages = self.all_pages(pages[-1].next_cursor)
        for kind in ("added", "modified", "removed"):
            self.assertTrue(any(page[kind] for page in pages), kind)

    def test_a_change_between_two_pages_asks_to_begin_again(self):
        first = self.page("")
        self.assertTrue(first.has_more)
        self.refresh()
        code = "TRANSACTIONS_SYNC_MUTATION_DURING_PAGINATION"
        self.fails("TRANSACTIONS_ERROR", code, lambda: self.page(first.next_cursor))
        self.assertFalse(self.all_pages()[-1].has_more)


class Partners(Case):
    def setUp(self):
        self.token = item().access_token
        self.account = {
            "access_token": self.token,
            "account_id": account_id(self.token, "0000"),
        }

    def test_processor_and_stripe_tokens_die_with_their_item(self):
        request = ProcessorStripeBankAccountTokenCreateRequest(**self.account)
        stripe = PLAID.processor_stripe_bank_account_token_create(request)
        self.assertRegex(stripe.stripe_bank_account_token, "^btok_")
        request = ProcessorTokenCreateRequest(processor="dwolla", **self.account)
        token = PLAID.processor_token_create(request).processor_token
        auth = lambda: PLAID.processor_auth_get(ProcessorAuthGetRequest(processor_token=token))
        self.assertEqual(auth().account.account_id, self.account["account_id"])
        PLAID.item_remove(ItemRemoveRequest(access_token=self.token))
        self.fails("ITEM_ERROR", "ITEM_NOT_FOUND", auth)


class AssetReports(Case):
    def test_a_report_gets_ready_and_is_read_as_json_and_pdf(self):
        request = AssetReportCreateRequest(access_tokens=[item().access_token], days_requested=30)
        created = PLAID.asset_report_create(request)
        token = created.asset_report_token
        report = self.poll(AssetReportGetRequest(asset_report_token=token))
        self.assertEqual(report.asset_report_id, created.asset_report_id)
        self.assertEqual(len(report["items"][0].accounts), 12)
        pdf = PLAID.asset_report_pdf_get(AssetReportPDFGetRequest(asset_report_token=token))
        self.assertEqual(pdf.read()[:5], b"%PDF-")
        pdf.close()

    def poll(self, request):
        for _ in range(60):
            try:
                return PLAID.asset_report_get(request).report
            except plaid.ApiException as error:
                self.assertEqual(json.loads(error.body)["error_code"], "PRODUCT_NOT_READY")
                time.sleep(0.5)
        self.fail("the report does not get ready")


class Transfers(Case):
    def test_a_transfer_is_authorized_made_and_posted(self):
        token = item().access_token
        authorization = PLAID.transfer_authorization_create(
            TransferAuthorizationCreateRequest(
                access_token=token,
                account_id=account_id(token, "0000"),
                type=TransferType("debit"),
                network=TransferNetwork("ach"),
                ach_class=ACHClass("ppd"),
                amount="12.34",
                user=TransferAuthorizationUserInRequest(legal_name="Anne Charleston"),
            )
        ).authorization
        self.assertEqual(str(authorization.decision), "approved")
        made = PLAID.transfer_create(
            TransferCreateRequest(
                access_token=token,
                account_id=account_id(token, "0000"),
                authorization_id=authorization.id,
                amount="12.34",
                description="payment",
            )
        ).transfer
        self.assertEqual((made.amount, made.authorization_id), ("12.34", authorization.id))
        simulate = SandboxTransferSimulateRequest(transfer_id=made.id, event_type="posted")
        PLAID.sandbox_transfer_simulate(simulate)
        found = PLAID.transfer_get(TransferGetRequest(transfer_id=made.id)).transfer
        self.assertEqual(str(found.status), "posted")
        events = PLAID.transfer_event_sync(TransferEventSyncRequest(after_id=0)).transfer_events
        of_this = [str(event.event_type) for event in events if event.transfer_id == made.id]
        self.assertEqual(of_this, ["pending", "posted"])


class Webhooks(Case):
    def test_a_webhook_is_signed_with_the_key_that_the_client_fetches(self):
        with Receiver() as receiver:
            token = item(webhook=receiver.url).access_token
            request = SandboxItemFireWebhookRequest(
                access_token=token, webhook_code="SYNC_UPDATES_AVAILABLE"
            )
            self.assertTrue(PLAID.sandbox_item_fire_webhook(request).webhook_fired)
            arrived = receiver.wait("SYNC_UPDATES_AVAILABLE")
        self.assertIsNotNone(arrived, "no webhook came")
        signature, body = arrived
        header = jwt.get_unverified_header(signature)
        self.assertEqual(header["alg"], "ES256")
        request = WebhookVerificationKeyGetRequest(key_id=header["kid"])
        key = PLAID.webhook_verification_key_get(request).key.to_dict()
        public = jwt.PyJWK({name: key[name] for name in ("kty", "crv", "x", "y", "alg", "use")})
        claims = jwt.decode(signature, public, algorithms=["ES256"])
        self.assertEqual(claims["request_body_sha256"], hashlib.sha256(body).hexdigest())
        self.assertLess(abs(time.time() - claims["iat"]), 300)
        forged = signature[:-4] + ("AAAA" if signature[-4:] != "AAAA" else "BBBB")
        with self.assertRaises(jwt.InvalidSignatureError):
            jwt.decode(forged, public, algorithms=["ES256"])

    def test_an_unknown_key_is_refused(self):
        request = WebhookVerificationKeyGetRequest(key_id="6c5516e1-92dc-479e-a8ff-5a51992e0001")
        call = lambda: PLAID.webhook_verification_key_get(request)
        self.fails("INVALID_INPUT", "INVALID_WEBHOOK_VERIFICATION_KEY_ID", call)


class Errors(Case):
    def test_wrong_keys(self):
        request = AccountsGetRequest(access_token="access-sandbox-1")
        call = lambda: client("0" * 30).accounts_get(request)
        error = self.fails("INVALID_INPUT", "INVALID_API_KEYS", call)
        self.assertEqual(len(error), 7)

    def test_a_token_of_another_shape_and_one_that_nobody_has(self):
        unknown = "access-sandbox-00000000-0000-4000-8000-000000000000"
        for token in ("nonsense", unknown):
            call = lambda: accounts(token)
            self.fails("INVALID_INPUT", "INVALID_ACCESS_TOKEN", call)

    def test_a_wrong_field(self):
        call = lambda: PLAID.accounts_get(AccountsGetRequest(access_token=""))
        self.fails("INVALID_REQUEST", "INVALID_FIELD", call)
        unknown = AccountsGetRequest(access_token="access-sandbox-1", colour="red")
        call = lambda: PLAID.accounts_get(unknown)
        error = self.fails("INVALID_REQUEST", "UNKNOWN_FIELDS", call)
        self.assertIn("colour", error["error_message"])

    def test_an_item_that_asks_for_a_new_login(self):
        token = item().access_token
        PLAID.sandbox_item_reset_login(SandboxItemResetLoginRequest(access_token=token))
        balance = AccountsBalanceGetRequest(access_token=token)
        call = lambda: PLAID.accounts_balance_get(balance)
        self.fails("ITEM_ERROR", "ITEM_LOGIN_REQUIRED", call)
        found = PLAID.item_get(ItemGetRequest(access_token=token)).item
        self.assertEqual(found.error.error_code, "ITEM_LOGIN_REQUIRED")

    def test_a_removed_item(self):
        token = item().access_token
        PLAID.item_remove(ItemRemoveRequest(access_token=token))
        self.fails("ITEM_ERROR", "ITEM_NOT_FOUND", lambda: accounts(token))

    def test_a_rate_limit_ends_and_the_next_call_passes(self):
        # Whoever starts the emulator has it refuse the first of these calls.
        request = InstitutionsGetByIdRequest(
            institution_id=BANK, country_codes=[CountryCode("US")]
        )
        call = lambda: PLAID.institutions_get_by_id(request)
        self.fails("RATE_LIMIT_EXCEEDED", "RATE_LIMIT", call, status=429)
        self.assertEqual(call().institution.institution_id, BANK)


if __name__ == "__main__":
    unittest.main()
