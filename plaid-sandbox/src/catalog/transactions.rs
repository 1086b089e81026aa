//! The bookings of the user `user_good`: one month that repeats.

use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error};

use super::accounts::{CHECKING, CREDIT_CARD, DEPOSIT, MONEY_MARKET, SAVINGS};
use crate::money::Money;

/// After this many days the pattern starts again.
pub(crate) const PERIOD: u32 = 30;

/// A booking of the pattern.
#[derive(Debug)]
pub(crate) struct Booking {
    /// Days before the newest day of the month.
    pub(crate) days_ago: u32,
    pub(crate) name: &'static str,
    pub(crate) merchant: Option<&'static str>,
    /// Positive when money leaves the account.
    pub(crate) amount: Money,
    /// The mask of the account.
    pub(crate) account: &'static str,
    pub(crate) channel: &'static str,
    pub(crate) category: &'static str,
    pub(crate) detail: &'static str,
}

const fn booking(days_ago: u32, name: &'static str, cents: i64) -> Booking {
    Booking {
        days_ago,
        name,
        merchant: None,
        amount: Money::cents(cents),
        account: CHECKING,
        channel: "other",
        category: "",
        detail: "",
    }
}

impl Booking {
    const fn on(mut self, account: &'static str) -> Self {
        self.account = account;
        self
    }

    const fn at(mut self, merchant: &'static str, channel: &'static str) -> Self {
        self.merchant = Some(merchant);
        self.channel = channel;
        self
    }

    const fn of(mut self, category: &'static str, detail: &'static str) -> Self {
        self.category = category;
        self.detail = detail;
        self
    }
}

/// As its day and its name.
impl Serialize for Booking {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        (self.days_ago, self.name).serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for &'static Booking {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let (days_ago, name) = <(u32, String)>::deserialize(deserializer)?;
        let mut bookings = MONTH.iter().chain([&PURCHASE]);
        bookings
            .find(|booking| booking.days_ago == days_ago && booking.name == name)
            .ok_or_else(|| D::Error::custom("no such booking"))
    }
}

/// The month, newest first.
pub(crate) static MONTH: [Booking; 16] = [
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
];

/// What a refresh finds: a purchase that the bank has not settled yet.
pub(crate) static PURCHASE: Booking = booking(0, "Blue Bottle Coffee", 675)
    .at("Blue Bottle Coffee", "in store")
    .of("FOOD_AND_DRINK", "FOOD_AND_DRINK_COFFEE");

/// What the bank adds when it settles a purchase for more than it announced.
pub(crate) const TIP: Money = Money::cents(100);

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn a_booking_written_down_is_the_same_one_again() {
        for booking in MONTH.iter().chain([&PURCHASE]) {
            let read: &'static Booking =
                serde_json::from_value(serde_json::json!(booking)).unwrap();
            assert!(std::ptr::eq(read, booking), "{}", booking.name);
        }
    }
}
