//! The bookings of the user `user_good`: one month that repeats. And bookings of all
//! kinds, for histories that are longer.

use std::{
    borrow::Cow,
    ops::Range,
    sync::{Arc, LazyLock},
};

use serde::{Deserialize, Serialize};

use super::accounts::{CHECKING, CREDIT_CARD, DEPOSIT, MONEY_MARKET, SAVINGS};
use crate::money::{Money, exact};

/// After this many days the pattern starts again.
pub(crate) const PERIOD: u32 = 30;

/// A text that is part of the program, or of what a caller made up.
pub(crate) type Text = Cow<'static, str>;

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

/// A booking in the data file: one that is part of the program is its day and its
/// name, so that the file stays small.
pub(crate) mod kept {
    use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error};

    use super::{Arc, Booking, MONTH, PURCHASE, VARIOUS};

    #[derive(Serialize)]
    enum Written<'a> {
        Known(u32, &'a str),
        MadeUp(&'a Booking),
    }

    #[derive(Deserialize)]
    enum Read {
        Known(u32, String),
        MadeUp(Box<Booking>),
    }

    pub(super) fn known() -> impl Iterator<Item = &'static Arc<Booking>> {
        let various = VARIOUS.iter().map(|various| &various.booking);
        MONTH.iter().chain([&*PURCHASE]).chain(various)
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

/// A booking that a long history has many of, each with an amount of its own. It is
/// booked on any account that one pays with.
#[derive(Debug)]
pub(crate) struct Various {
    pub(crate) booking: Arc<Booking>,
    pub(crate) cents: Range<i64>,
}

/// Bookings of all kinds.
pub(crate) static VARIOUS: LazyLock<Vec<Various>> = LazyLock::new(|| {
    let various = SHOPS.into_iter();
    let various = various.map(
        |(name, merchant, channel, category, detail, cents)| Various {
            booking: Arc::new(
                booking(0, name, cents.start)
                    .at(merchant, channel)
                    .of(category, detail),
            ),
            cents,
        },
    );
    various.collect()
});

type Shop = (
    &'static str,
    &'static str,
    &'static str,
    &'static str,
    &'static str,
    Range<i64>,
);

/// What a statement says, the merchant, the channel, the two categories, and the cents
/// that are paid there.
#[rustfmt::skip]
const SHOPS: [Shop; 42] = [
    ("SQ *TARTINE BAKERY", "Tartine Bakery", "in store", "FOOD_AND_DRINK", "FOOD_AND_DRINK_COFFEE", 350..2_200),
    ("PEETS COFFEE 00412", "Peet's Coffee", "in store", "FOOD_AND_DRINK", "FOOD_AND_DRINK_COFFEE", 325..1_400),
    ("CHIPOTLE 1208", "Chipotle", "in store", "FOOD_AND_DRINK", "FOOD_AND_DRINK_FAST_FOOD", 895..4_200),
    ("TACO BELL 29411", "Taco Bell", "in store", "FOOD_AND_DRINK", "FOOD_AND_DRINK_FAST_FOOD", 499..2_600),
    ("DOORDASH*THAI BASIL", "DoorDash", "online", "FOOD_AND_DRINK", "FOOD_AND_DRINK_RESTAURANT", 1_850..7_900),
    ("OSTERIA LANGHE", "Osteria Langhe", "in store", "FOOD_AND_DRINK", "FOOD_AND_DRINK_RESTAURANT", 4_200..18_500),
    ("TRADER JOE S #236", "Trader Joe's", "in store", "FOOD_AND_DRINK", "FOOD_AND_DRINK_GROCERIES", 980..14_600),
    ("WHOLEFDS MKT 10217", "Whole Foods Market", "in store", "FOOD_AND_DRINK", "FOOD_AND_DRINK_GROCERIES", 1_240..21_000),
    ("SAFEWAY STORE 00917", "Safeway", "in store", "FOOD_AND_DRINK", "FOOD_AND_DRINK_GROCERIES", 640..17_800),
    ("INSTACART", "Instacart", "online", "FOOD_AND_DRINK", "FOOD_AND_DRINK_GROCERIES", 3_500..24_000),
    ("TARGET 00014829", "Target", "in store", "GENERAL_MERCHANDISE", "GENERAL_MERCHANDISE_SUPERSTORES", 790..23_000),
    ("WAL-MART #2280", "Walmart", "in store", "GENERAL_MERCHANDISE", "GENERAL_MERCHANDISE_SUPERSTORES", 450..26_000),
    ("AMZN MKTP US", "Amazon", "online", "GENERAL_MERCHANDISE", "GENERAL_MERCHANDISE_ONLINE_MARKETPLACES", 599..32_000),
    ("EBAY O*11-10093", "eBay", "online", "GENERAL_MERCHANDISE", "GENERAL_MERCHANDISE_ONLINE_MARKETPLACES", 300..48_000),
    ("BEST BUY 00004861", "Best Buy", "in store", "GENERAL_MERCHANDISE", "GENERAL_MERCHANDISE_ELECTRONICS", 1_499..129_900),
    ("APPLE STORE R075", "Apple", "in store", "GENERAL_MERCHANDISE", "GENERAL_MERCHANDISE_ELECTRONICS", 1_900..249_900),
    ("REI.COM", "REI", "online", "GENERAL_MERCHANDISE", "GENERAL_MERCHANDISE_SPORTING_GOODS", 1_200..38_000),
    ("POWELLS BOOKS", "Powell's Books", "in store", "GENERAL_MERCHANDISE", "GENERAL_MERCHANDISE_BOOKSTORES_AND_NEWSSTANDS", 700..9_500),
    ("PETCO 1152", "Petco", "in store", "GENERAL_MERCHANDISE", "GENERAL_MERCHANDISE_PET_SUPPLIES", 890..14_500),
    ("UNIQLO USA", "Uniqlo", "in store", "GENERAL_MERCHANDISE", "GENERAL_MERCHANDISE_CLOTHING_AND_ACCESSORIES", 1_490..21_000),
    ("THE HOME DEPOT 638", "The Home Depot", "in store", "HOME_IMPROVEMENT", "HOME_IMPROVEMENT_HARDWARE", 420..52_000),
    ("IKEA EMERYVILLE", "IKEA", "in store", "HOME_IMPROVEMENT", "HOME_IMPROVEMENT_FURNITURE", 799..89_900),
    ("SHELL OIL 57444", "Shell", "in store", "TRANSPORTATION", "TRANSPORTATION_GAS", 1_800..9_200),
    ("CHEVRON 0093104", "Chevron", "in store", "TRANSPORTATION", "TRANSPORTATION_GAS", 2_000..9_800),
    ("LYFT *RIDE", "Lyft", "online", "TRANSPORTATION", "TRANSPORTATION_TAXIS_AND_RIDE_SHARES", 650..6_800),
    ("CLIPPER TRANSIT FARE", "Clipper", "online", "TRANSPORTATION", "TRANSPORTATION_PUBLIC_TRANSIT", 250..5_000),
    ("PARKMOBILE", "ParkMobile", "online", "TRANSPORTATION", "TRANSPORTATION_PARKING", 150..3_200),
    ("DELTA AIR LINES", "Delta Air Lines", "online", "TRAVEL", "TRAVEL_FLIGHTS", 8_900..98_000),
    ("AIRBNB * HMQ2X", "Airbnb", "online", "TRAVEL", "TRAVEL_LODGING", 7_500..145_000),
    ("NETFLIX.COM", "Netflix", "online", "ENTERTAINMENT", "ENTERTAINMENT_TV_AND_MOVIES", 799..2_499),
    ("SPOTIFY USA", "Spotify", "online", "ENTERTAINMENT", "ENTERTAINMENT_MUSIC_AND_AUDIO", 599..1_999),
    ("AMC 0414 METREON", "AMC Theatres", "in store", "ENTERTAINMENT", "ENTERTAINMENT_TV_AND_MOVIES", 1_100..7_600),
    ("STEAMGAMES.COM", "Steam", "online", "ENTERTAINMENT", "ENTERTAINMENT_VIDEO_GAMES", 499..6_999),
    ("CVS/PHARMACY #0392", "CVS", "in store", "MEDICAL", "MEDICAL_PHARMACIES_AND_SUPPLEMENTS", 320..11_800),
    ("ONE MEDICAL GROUP", "One Medical", "online", "MEDICAL", "MEDICAL_PRIMARY_CARE", 2_500..32_000),
    ("SUPERCUTS", "Supercuts", "in store", "PERSONAL_CARE", "PERSONAL_CARE_HAIR_AND_BEAUTY", 2_200..9_500),
    ("PLANET FIT CLUB FEES", "Planet Fitness", "online", "PERSONAL_CARE", "PERSONAL_CARE_GYMS_AND_FITNESS_CENTERS", 1_000..2_499),
    ("PGANDE WEB ONLINE", "PG&E", "online", "RENT_AND_UTILITIES", "RENT_AND_UTILITIES_GAS_AND_ELECTRICITY", 4_100..31_000),
    ("COMCAST CABLE", "Comcast", "online", "RENT_AND_UTILITIES", "RENT_AND_UTILITIES_INTERNET_AND_CABLE", 3_999..15_900),
    ("USPS PO 0567700", "USPS", "in store", "GENERAL_SERVICES", "GENERAL_SERVICES_POSTAGE_AND_SHIPPING", 73..8_800),
    ("REFUND AMZN MKTP US", "Amazon", "online", "GENERAL_MERCHANDISE", "GENERAL_MERCHANDISE_ONLINE_MARKETPLACES", -24_000..-599),
    ("REFUND UNIQLO USA", "Uniqlo", "in store", "GENERAL_MERCHANDISE", "GENERAL_MERCHANDISE_CLOTHING_AND_ACCESSORIES", -12_000..-1_490),
];

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
        // One that has the day and the name of another would be taken for it.
        for booking in kept::known() {
            assert!(Arc::ptr_eq(&again(booking), booking), "{}", booking.name);
        }
        let made_up = Booking::custom("Rent".into(), Money::cents(-1_050), "11".into());
        let read = again(&Arc::new(made_up));
        assert_eq!((&*read.name, read.amount), ("Rent", Money::cents(-1_050)));
    }
}
