//! A part of the old two- and three-level taxonomy of transactions.

/// A category: identifier, group, and the names from the top down.
pub(crate) type Category = (&'static str, &'static str, &'static [&'static str]);

/// The categories that the emulator lists.
pub(crate) const CATEGORIES: [Category; 12] = [
    ("10000000", "special", &["Bank Fees"]),
    ("10001000", "special", &["Bank Fees", "Overdraft"]),
    ("13000000", "place", &["Food and Drink"]),
    ("13005000", "place", &["Food and Drink", "Restaurants"]),
    (
        "13005032",
        "place",
        &["Food and Drink", "Restaurants", "Fast Food"],
    ),
    (
        "13005043",
        "place",
        &["Food and Drink", "Restaurants", "Coffee Shop"],
    ),
    ("15001000", "special", &["Interest", "Interest Earned"]),
    ("16000000", "special", &["Payment"]),
    ("16001000", "special", &["Payment", "Credit Card"]),
    (
        "17018000",
        "place",
        &["Recreation", "Gyms and Fitness Centers"],
    ),
    (
        "22001000",
        "special",
        &["Travel", "Airlines and Aviation Services"],
    ),
    ("22016000", "special", &["Travel", "Taxi"]),
];
