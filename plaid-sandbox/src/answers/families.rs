//! Which operations are about the same kind of thing: one makes it, others read,
//! list, change or remove it. The description of the API does not say so; this table
//! does.

/// A kind of things that callers make, and the operations that deal with them.
#[derive(Debug)]
pub(super) struct Family {
    pub(super) name: &'static str,
    /// The field of requests that names a thing.
    pub(super) key: &'static str,
    /// Where the answer that makes a thing has its identifier. The first of two names
    /// is that of the object which describes the thing, in other answers as well.
    id: &'static str,
    steps: &'static [(&'static str, Step)],
}

/// What an operation does with the things of its family.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Step {
    Make,
    /// Who sends the same details again is given the same thing.
    MakeOnce,
    Read,
    /// The list that has the things.
    List(&'static str),
    /// Takes over the fields of the request.
    Change,
    /// Takes over one of them, under another name. Of the name of an event that says
    /// what it is about, as in `sweep.posted`, the rest counts.
    Move(&'static str, &'static str),
    /// Brings it into a state.
    Set(&'static str, &'static str),
    Remove,
}

/// The states that new things are in, of the families where what comes next is moved by
/// hand.
const FIRST_STATES: [(&str, &str); 5] = [
    ("bank_transfer", "pending"),
    ("payment", "PAYMENT_STATUS_INPUT_NEEDED"),
    ("recurring_transfer", "active"),
    ("sweep", "pending"),
    ("transfer_intent", "PENDING"),
];

impl Family {
    /// The state of a new thing, if there is one.
    pub(super) fn first_state(&self) -> Option<&'static str> {
        let mut states = FIRST_STATES.iter();
        let state = states.find(|(name, _)| *name == self.name);
        state.map(|(_, state)| *state)
    }

    /// The object that describes a thing, if that is not the answer itself.
    pub(super) fn object(&self) -> Option<&'static str> {
        self.id.split_once('.').map(|(object, _)| object)
    }

    /// The name of the identifier among the fields of a thing.
    pub(super) fn own_key(&self) -> &'static str {
        self.id.split_once('.').map_or(self.id, |(_, name)| name)
    }
}

/// What an operation does, if it deals with things that are kept.
pub(super) fn of(operation: &str) -> Option<(&'static Family, Step)> {
    FAMILIES.iter().find_map(|family| {
        let step = family.steps.iter().find(|(id, _)| *id == operation);
        step.map(|(_, step)| (family, *step))
    })
}

use Step::{Change, List, Make, MakeOnce, Move, Read, Remove, Set};

static FAMILIES: [Family; 26] = [
    Family {
        name: "bank_transfer",
        key: "bank_transfer_id",
        id: "bank_transfer.id",
        steps: &[
            ("bankTransferCreate", Make),
            ("processorBankTransferCreate", Make),
            ("bankTransferGet", Read),
            ("bankTransferList", List("bank_transfers")),
            ("bankTransferCancel", Set("status", "cancelled")),
            ("sandboxBankTransferSimulate", Move("event_type", "status")),
        ],
    },
    Family {
        name: "beacon_report",
        key: "beacon_report_id",
        id: "id",
        steps: &[
            ("beaconReportCreate", Make),
            ("beaconReportGet", Read),
            ("beaconReportList", List("beacon_reports")),
        ],
    },
    Family {
        name: "beacon_user",
        key: "beacon_user_id",
        id: "id",
        steps: &[
            ("beaconUserCreate", Make),
            ("beaconUserGet", Read),
            ("beaconUserReview", Change),
            ("beaconUserUpdate", Change),
        ],
    },
    Family {
        name: "business_verification",
        key: "business_verification_id",
        id: "id",
        steps: &[
            ("businessVerificationCreate", Make),
            ("businessVerificationGet", Read),
        ],
    },
    Family {
        name: "credit_relay",
        key: "relay_token",
        id: "relay_token",
        steps: &[
            ("creditRelayCreate", Make),
            ("creditRelayGet", Read),
            ("creditRelayPdfGet", Read),
            ("creditRelayRefresh", Change),
            ("creditRelayRemove", Remove),
        ],
    },
    Family {
        name: "end_customer",
        key: "end_customer_client_id",
        id: "end_customer.client_id",
        steps: &[
            ("partnerCustomerCreate", Make),
            ("partnerCustomerGet", Read),
            ("partnerCustomerEnable", Set("status", "ACTIVE")),
            ("partnerCustomerRemove", Remove),
        ],
    },
    Family {
        name: "end_customer_v1",
        key: "end_customer_client_id",
        id: "end_customer.client_id",
        steps: &[
            ("betaPartnerCustomerV1Create", Make),
            ("betaPartnerCustomerV1Get", Read),
            ("betaPartnerCustomerV1Update", Change),
        ],
    },
    Family {
        name: "link_delivery",
        key: "link_delivery_session_id",
        id: "link_delivery_session_id",
        steps: &[("linkDeliveryCreate", Make), ("linkDeliveryGet", Read)],
    },
    Family {
        name: "monitoring_subscription",
        key: "subscription_id",
        id: "subscription_id",
        steps: &[
            ("craMonitoringInsightsSubscribe", Make),
            ("craMonitoringInsightsUnsubscribe", Remove),
        ],
    },
    Family {
        name: "payment",
        key: "payment_id",
        id: "payment_id",
        steps: &[
            ("paymentInitiationPaymentCreate", Make),
            ("paymentInitiationConsentPaymentExecute", Make),
            ("paymentInitiationPaymentGet", Read),
            ("paymentInitiationPaymentList", List("payments")),
            ("sandboxPaymentSimulate", Change),
        ],
    },
    Family {
        name: "payment_consent",
        key: "consent_id",
        id: "consent_id",
        steps: &[
            ("paymentInitiationConsentCreate", Make),
            ("paymentInitiationConsentGet", Read),
            ("paymentInitiationConsentRevoke", Set("status", "REVOKED")),
        ],
    },
    Family {
        name: "payment_recipient",
        key: "recipient_id",
        id: "recipient_id",
        steps: &[
            ("paymentInitiationRecipientCreate", MakeOnce),
            ("paymentInitiationRecipientGet", Read),
            ("paymentInitiationRecipientList", List("recipients")),
        ],
    },
    Family {
        name: "payment_profile",
        key: "payment_profile_token",
        id: "payment_profile_token",
        steps: &[
            ("paymentProfileCreate", Make),
            ("paymentProfileGet", Read),
            ("paymentProfileRemove", Remove),
        ],
    },
    Family {
        name: "protect_event",
        key: "event_id",
        id: "event_id",
        steps: &[("protectEventSend", Make), ("protectEventGet", Read)],
    },
    Family {
        name: "sweep",
        key: "sweep_id",
        id: "sweep.id",
        steps: &[
            ("transferLedgerDeposit", Make),
            ("transferLedgerWithdraw", Make),
            ("transferSweepGet", Read),
            ("transferSweepList", List("sweeps")),
            (
                "sandboxTransferLedgerDepositSimulate",
                Move("event_type", "status"),
            ),
            (
                "sandboxTransferLedgerWithdrawSimulate",
                Move("event_type", "status"),
            ),
        ],
    },
    Family {
        name: "test_clock",
        key: "test_clock_id",
        id: "test_clock.test_clock_id",
        steps: &[
            ("sandboxTransferTestClockCreate", Make),
            ("sandboxTransferTestClockGet", Read),
            ("sandboxTransferTestClockList", List("test_clocks")),
            (
                "sandboxTransferTestClockAdvance",
                Move("new_virtual_time", "virtual_time"),
            ),
        ],
    },
    Family {
        name: "third_party_user_token",
        key: "third_party_user_token",
        id: "third_party_user_token",
        steps: &[
            ("userThirdPartyTokenCreate", Make),
            ("userThirdPartyTokenRemove", Remove),
        ],
    },
    Family {
        name: "transactions_rule",
        key: "rule_id",
        id: "rule.id",
        steps: &[
            ("transactionsRulesCreate", Make),
            ("transactionsRulesList", List("rules")),
            ("transactionsRulesRemove", Remove),
        ],
    },
    Family {
        name: "transfer_intent",
        key: "transfer_intent_id",
        id: "transfer_intent.id",
        steps: &[("transferIntentCreate", Make), ("transferIntentGet", Read)],
    },
    Family {
        name: "recurring_transfer",
        key: "recurring_transfer_id",
        id: "recurring_transfer.recurring_transfer_id",
        steps: &[
            ("transferRecurringCreate", Make),
            ("transferRecurringGet", Read),
            ("transferRecurringList", List("recurring_transfers")),
            ("transferRecurringCancel", Set("status", "cancelled")),
        ],
    },
    Family {
        name: "wallet",
        key: "wallet_id",
        id: "wallet_id",
        steps: &[
            ("walletCreate", Make),
            ("walletGet", Read),
            ("walletList", List("wallets")),
        ],
    },
    Family {
        name: "wallet_transaction",
        key: "transaction_id",
        id: "transaction_id",
        steps: &[
            ("walletTransactionExecute", Make),
            ("walletTransactionGet", Read),
            ("walletTransactionList", List("transactions")),
        ],
    },
    Family {
        name: "watchlist_entity",
        key: "entity_watchlist_screening_id",
        id: "id",
        steps: &[
            ("watchlistScreeningEntityCreate", Make),
            ("watchlistScreeningEntityGet", Read),
            (
                "watchlistScreeningEntityList",
                List("entity_watchlist_screenings"),
            ),
            ("watchlistScreeningEntityUpdate", Change),
        ],
    },
    Family {
        name: "watchlist_individual",
        key: "watchlist_screening_id",
        id: "id",
        steps: &[
            ("watchlistScreeningIndividualCreate", Make),
            ("watchlistScreeningIndividualGet", Read),
            (
                "watchlistScreeningIndividualList",
                List("watchlist_screenings"),
            ),
            ("watchlistScreeningIndividualUpdate", Change),
        ],
    },
    Family {
        name: "watchlist_entity_review",
        key: "entity_watchlist_screening_review_id",
        id: "id",
        steps: &[
            ("watchlistScreeningEntityReviewCreate", Make),
            (
                "watchlistScreeningEntityReviewList",
                List("entity_watchlist_screening_reviews"),
            ),
        ],
    },
    Family {
        name: "watchlist_individual_review",
        key: "watchlist_screening_review_id",
        id: "id",
        steps: &[
            ("watchlistScreeningIndividualReviewCreate", Make),
            (
                "watchlistScreeningIndividualReviewList",
                List("watchlist_screening_reviews"),
            ),
        ],
    },
];

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use std::collections::BTreeSet;

    use super::*;
    use crate::{contract::Contract, products};

    fn steps() -> impl Iterator<Item = (&'static Family, &'static str, Step)> {
        let each = |family: &'static Family| {
            let steps = family.steps.iter();
            steps.map(move |(id, step)| (family, *id, *step))
        };
        FAMILIES.iter().flat_map(each)
    }

    #[test]
    fn every_step_is_an_operation_without_a_handler_of_its_own() {
        let contract = Contract::embedded().unwrap();
        let mut seen = BTreeSet::new();
        for (_, id, _) in steps() {
            let known = contract.operations().iter().any(|known| known.id == id);
            assert!(known && products::handler(id).is_none(), "{id}");
            assert!(seen.insert(id), "{id} is listed twice");
        }
    }

    #[test]
    fn answers_and_requests_have_the_fields_that_the_table_names() {
        let contract = Contract::embedded().unwrap();
        for (family, id, step) in steps() {
            let operation = contract.operations().iter().find(|known| known.id == id);
            let operation = operation.unwrap();
            let asks = |field: &str| {
                contract
                    .response_field(operation.request.as_deref().unwrap(), field)
                    .exists
            };
            let answers = |field: &str| {
                contract
                    .response_field(operation.response.as_deref().unwrap(), field)
                    .exists
            };
            match step {
                Make | MakeOnce => {
                    assert!(answers(family.object().unwrap_or(family.id)), "{id}");
                }
                List(rows) => assert!(answers(rows), "{id}"),
                Move(from, _) => assert!(asks(from) && asks(family.key), "{id}"),
                Read | Change | Set(..) | Remove => assert!(asks(family.key), "{id}"),
            }
        }
    }
}
