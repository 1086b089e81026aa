//! The bookings of the user `user_good`: one month that repeats.

use std::{
    borrow::Cow,
    sync::{Arc, LazyLock},
};

use serde::{Deserialize, Serialize};

use super::accounts::{CHECKING, CREDIT_CARD, DEPOSIT, MONEY_MARKET, SAVINGS};
use crate::money::{Money, exact};

/// After this many days the pattern starts again.
pub(crate) const PERIOD: u32 = 30;

/// A text that is part of the program, or of what a caller made up.
type Text = Cow<'static, str>;

/// A booking of the pattern.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Booking {
    /// Days before the newest day of the month.
    pub(crate) days_ago: u32,
    pub(crate) name: Text,
    pub(crate) merchant: Option<Text>,
    /// Positive when money leaves the account.
    #[serde(with = "exact")]
    pub(crate) amount: Money,
    /// The mask of the account.
    pub(crate) account: Text,
    pub(crate) channel: Text,
    pub(crate) category: Text,
    pub(crate) detail: Text,
}

fn booking(days_ago: u32, name: &'static str, cents: i64) -> Booking {
    Booking {
        days_ago,
        name: name.into(),
        merchant: None,
        amount: Money::cents(cents),
        account: CHECKING.into(),
        channel: "other".into(),
        category: "".into(),
        detail: "".into(),
    }
}

impl Booking {
    /// A booking that a caller made up.
    pub(crate) fn custom(name: String, amount: Money, account: String) -> Self {
        Self {
            name: name.into(),
            amount,
            account: account.into(),
            ..booking(0, "", 0).of("OTHER", "OTHER_OTHER")
        }
    }

    fn on(mut self, account: &'static str) -> Self {
        self.account = account.into();
        self
    }

    fn at(mut self, merchant: &'static str, channel: &'static str) -> Self {
        self.merchant = Some(merchant.into());
        self.channel = channel.into();
        self
    }

    fn of(mut self, category: &'static str, detail: &'static str) -> Self {
        self.category = category.into();
        self.detail = detail.into();
        self
    }
}

/// A booking in the data file: one of the month is its day and its name, so that the
/// file stays small.
pub(crate) mod kept {
    use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error};

    use super::{Arc, Booking, MONTH, PURCHASE};

    #[derive(Serialize)]
    #[serde(untagged)]
    enum Written<'a> {
        Known(u32, &'a str),
        MadeUp(&'a Booking),
    }

    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Read {
        Known(u32, String),
        MadeUp(Box<Booking>),
    }

    fn known() -> impl Iterator<Item = &'static Arc<Booking>> {
        MONTH.iter().chain([&*PURCHASE])
    }

    pub(crate) fn serialize<S: Serializer>(
        booking: &Arc<Booking>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        let written = if known().any(|known| Arc::ptr_eq(known, booking)) {
            Written::Known(booking.days_ago, &booking.name)
        } else {
            Written::MadeUp(booking)
        };
        written.serialize(serializer)
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Arc<Booking>, D::Error> {
        match Read::deserialize(deserializer)? {
            Read::MadeUp(booking) => Ok(Arc::new(*booking)),
            Read::Known(day, name) => known()
                .find(|known| known.days_ago == day && known.name == name)
                .cloned()
                .ok_or_else(|| D::Error::custom("no such booking")),
        }
    }
}

/// The month, newest first.
pub(crate) static MONTH: LazyLock<[Arc<Booking>; 16]> = LazyLock::new(|| month().map(Arc::new));

fn month() -> [Booking; 16] {
    [
        booking(0, "CREDIT CARD 3333 PAYMENT *//", 2_500)
            .on(SAVINGS)
            .of("LOAN_PAYMENTS", "LOAN_PAYMENTS_CREDIT_CARD_PAYMENT"),
        booking(0, "Uber 063015 SF**POOL**", 540)
            .at("Uber", "online")
            .of("TRANSPORTATION", "TRANSPORTATION_TAXIS_AND_RIDE_SHARES"),
        booking(1, "ACH Electronic CreditGUSTO PAY 123456", 585_000)
            .on(MONEY_MARKET)
            .of(
                "GENERAL_SERVICES",
                "GENERAL_SERVICES_ACCOUNTING_AND_FINANCIAL_PLANNING",
            ),
        booking(1, "CD DEPOSIT .INITIAL.", 100_000)
            .on(DEPOSIT)
            .of("TRANSFER_OUT", "TRANSFER_OUT_SAVINGS"),
        booking(2, "Touchstone Climbing", 7_850)
            .on(CREDIT_CARD)
            .at("Touchstone Climbing", "in store")
            .of("PERSONAL_CARE", "PERSONAL_CARE_GYMS_AND_FITNESS_CENTERS"),
        booking(2, "United Airlines", -50_000)
            .at("United Airlines", "online")
            .of("TRAVEL", "TRAVEL_FLIGHTS"),
        booking(3, "McDonald's", 1_200)
            .at("McDonald's", "in store")
            .of("FOOD_AND_DRINK", "FOOD_AND_DRINK_FAST_FOOD"),
        booking(3, "Starbucks", 433)
            .at("Starbucks", "in store")
            .of("FOOD_AND_DRINK", "FOOD_AND_DRINK_COFFEE"),
        booking(4, "SparkFun", 8_940)
            .at("SparkFun", "in store")
            .of("GENERAL_MERCHANDISE", "GENERAL_MERCHANDISE_ELECTRONICS"),
        booking(5, "INTRST PYMNT", -422)
            .on(SAVINGS)
            .of("INCOME", "INCOME_INTEREST_EARNED"),
        booking(15, "United Airlines", 50_000)
            .at("United Airlines", "online")
            .of("TRAVEL", "TRAVEL_FLIGHTS"),
        booking(17, "Uber 072515 SF**POOL**", 633)
            .at("Uber", "online")
            .of("TRANSPORTATION", "TRANSPORTATION_TAXIS_AND_RIDE_SHARES"),
        booking(20, "Tectra Inc", 50_000)
            .on(CREDIT_CARD)
            .at("Tectra Inc", "in store")
            .of(
                "GENERAL_MERCHANDISE",
                "GENERAL_MERCHANDISE_OTHER_GENERAL_MERCHANDISE",
            ),
        booking(21, "AUTOMATIC PAYMENT - THANK", 207_850)
            .on(CREDIT_CARD)
            .of("LOAN_PAYMENTS", "LOAN_PAYMENTS_CREDIT_CARD_PAYMENT"),
        booking(21, "KFC", 50_000)
            .on(CREDIT_CARD)
            .at("KFC", "in store")
            .of("FOOD_AND_DRINK", "FOOD_AND_DRINK_FAST_FOOD"),
        booking(21, "Madison Bicycle Shop", 50_000)
            .on(CREDIT_CARD)
            .at("Madison Bicycle Shop", "in store")
            .of("GENERAL_MERCHANDISE", "GENERAL_MERCHANDISE_SPORTING_GOODS"),
    ]
}

/// What a refresh finds: a purchase that the bank has not settled yet.
pub(crate) static PURCHASE: LazyLock<Arc<Booking>> = LazyLock::new(|| {
    let purchase = booking(0, "Blue Bottle Coffee", 675)
        .at("Blue Bottle Coffee", "in store")
        .of("FOOD_AND_DRINK", "FOOD_AND_DRINK_COFFEE");
    Arc::new(purchase)
});

/// What the bank adds when it settles a purchase for more than it announced.
pub(crate) const TIP: Money = Money::cents(100);

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn a_booking_written_down_is_the_same_one_again() {
        let again = |booking: &Arc<Booking>| {
            let written = kept::serialize(booking, serde_json::value::Serializer).unwrap();
            kept::deserialize(written).unwrap()
        };
        for booking in MONTH.iter().chain([&*PURCHASE]) {
            assert!(Arc::ptr_eq(&again(booking), booking), "{}", booking.name);
        }
        let made_up = Booking::custom("Rent".into(), Money::cents(-1_050), "11".into());
        let read = again(&Arc::new(made_up));
        assert_eq!((&*read.name, read.amount), ("Rent", Money::cents(-1_050)));
    }
}
