//! The rules of spelling by which a language's names become names on the wire.

use super::shape::Case;

impl Case {
    /// The rule of a word such as `camelCase`, as `serde` and others write it.
    pub fn named(word: &str) -> Option<Self> {
        Some(match word {
            "lowercase" => Self::Lower,
            "UPPERCASE" => Self::Upper,
            "PascalCase" => Self::Pascal,
            "camelCase" => Self::Camel,
            "snake_case" => Self::Snake,
            "SCREAMING_SNAKE_CASE" => Self::ScreamingSnake,
            "kebab-case" => Self::Kebab,
            "SCREAMING-KEBAB-CASE" => Self::ScreamingKebab,
            _ => return None,
        })
    }

    /// A name of any spelling in this one. Words end at `_` and `-` and before a capital, as in pydantic's `to_camel`,
    /// `to_pascal` and `to_snake`; a digit begins no word of its own.
    pub fn apply(self, name: &str) -> String {
        match self {
            Self::Lower => joined(name, "", lowered),
            Self::Upper => joined(name, "", str::to_uppercase),
            Self::Snake => joined(name, "_", lowered),
            Self::ScreamingSnake => joined(name, "_", str::to_uppercase),
            Self::Kebab => joined(name, "-", lowered),
            Self::ScreamingKebab => joined(name, "-", str::to_uppercase),
            Self::Pascal => joined(name, "", titled),
            Self::Camel => camel(name),
        }
    }

    /// What serde makes of a field, which it takes to be written in `snake_case`.
    pub fn of_field(self, name: &str) -> String {
        match self {
            Self::Lower | Self::Snake => name.to_owned(),
            Self::Upper | Self::ScreamingSnake => name.to_ascii_uppercase(),
            Self::Pascal => name.split('_').map(|word| first(word, char::to_ascii_uppercase)).collect(),
            Self::Camel => first(&Self::Pascal.of_field(name), char::to_ascii_lowercase),
            Self::Kebab => name.replace('_', "-"),
            Self::ScreamingKebab => name.to_ascii_uppercase().replace('_', "-"),
        }
    }

    /// What serde makes of a variant, which it takes to be written in `PascalCase`.
    pub fn of_variant(self, name: &str) -> String {
        match self {
            Self::Pascal => name.to_owned(),
            Self::Lower => name.to_ascii_lowercase(),
            Self::Upper => name.to_ascii_uppercase(),
            Self::Camel => first(name, char::to_ascii_lowercase),
            Self::Snake => {
                let mut snake = String::new();
                for (index, letter) in name.char_indices() {
                    if index > 0 && letter.is_uppercase() {
                        snake.push('_');
                    }
                    snake.push(letter.to_ascii_lowercase());
                }
                snake
            }
            Self::ScreamingSnake => Self::Snake.of_variant(name).to_ascii_uppercase(),
            Self::Kebab => Self::Snake.of_variant(name).replace('_', "-"),
            Self::ScreamingKebab => Self::ScreamingSnake.of_variant(name).replace('_', "-"),
        }
    }
}

fn first(word: &str, change: fn(&char) -> char) -> String {
    let mut letters = word.chars();
    letters.next().as_ref().map(change).into_iter().chain(letters).collect()
}

/// The words of a name: `order_id`, `orderId`, `OrderID` and `order-id` have the same two.
fn words(name: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut letters = name.chars().peekable();
    let mut before = None::<char>;
    while let Some(letter) = letters.next() {
        let separates = matches!(letter, '_' | '-');
        let begins = letter.is_uppercase()
            && before.is_some_and(|before| {
                let ends_acronym = before.is_uppercase() && letters.peek().is_some_and(|next| next.is_lowercase());
                before.is_lowercase() || before.is_ascii_digit() || ends_acronym
            });
        if (separates || begins) && words.last().is_some_and(|word| !word.is_empty()) {
            words.push(String::new());
        }
        if let (false, Some(word)) = (separates, words.last_mut()) {
            word.push(letter);
        }
        before = Some(letter);
    }
    words.retain(|word| !word.is_empty());
    words
}

fn joined(name: &str, separator: &str, change: fn(&str) -> String) -> String {
    let words: Vec<String> = words(name).iter().map(|word| change(word)).collect();
    words.join(separator)
}

fn lowered(word: &str) -> String {
    word.to_lowercase()
}

/// A capital at the front and after each digit, as Python's `str.title` has it.
fn titled(word: &str) -> String {
    let mut inside = false;
    word.chars()
        .flat_map(|letter| {
            let small = std::mem::replace(&mut inside, letter.is_alphabetic());
            let changed: Vec<char> =
                if small { letter.to_lowercase().collect() } else { letter.to_uppercase().collect() };
            changed
        })
        .collect()
}

/// pydantic leaves a name alone that is in camel case already.
fn camel(name: &str) -> String {
    let bare = name.starts_with(|c: char| c.is_ascii_lowercase()) && name.bytes().all(|b| b.is_ascii_alphanumeric());
    let splits = name.as_bytes().windows(2).any(|pair| matches!(pair, [b'0'..=b'9', b'a'..=b'z']));
    if bare && !splits {
        return name.to_owned();
    }
    let mut words = words(name).into_iter();
    // The first word keeps what stands behind a digit: `a1b_c` is `a1BC`.
    let head = words.next().map(|word| first(&titled(&word), char::to_ascii_lowercase));
    head.into_iter().chain(words.map(|word| titled(&word))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALL: [Case; 8] = [
        Case::Lower,
        Case::Upper,
        Case::Pascal,
        Case::Camel,
        Case::Snake,
        Case::ScreamingSnake,
        Case::Kebab,
        Case::ScreamingKebab,
    ];

    #[test]
    fn names_of_any_spelling_are_spelt_by_a_rule() {
        for name in ["order_line_id", "orderLineId", "OrderLineID", "order-line-id", "ORDER_LINE_ID"] {
            let spelt = ALL.map(|case| case.apply(name));
            let expected = [
                "orderlineid",
                "ORDERLINEID",
                "OrderLineId",
                "orderLineId",
                "order_line_id",
                "ORDER_LINE_ID",
                "order-line-id",
                "ORDER-LINE-ID",
            ];
            assert_eq!(spelt, expected, "{name}");
        }
    }

    #[test]
    fn pydantic_spells_these_so() {
        for (name, camel) in [
            ("id", "id"),
            ("order_id", "orderId"),
            ("orderId", "orderId"),
            ("address1", "address1"),
            ("address_1", "address1"),
            ("order_2nd", "order2Nd"),
            ("a1b_c", "a1BC"),
            ("x_y_z", "xYZ"),
        ] {
            assert_eq!(Case::Camel.apply(name), camel);
        }
        assert_eq!(Case::Pascal.apply("order_2nd"), "Order2Nd");
        assert_eq!(Case::Snake.apply("HTTPResponse"), "http_response");
        assert_eq!(Case::Snake.apply("address1"), "address1");
        assert_eq!(Case::Snake.apply("order2Id"), "order2_id");
        assert_eq!(Case::Camel.apply(""), "");
    }

    #[test]
    fn serde_spells_these_so() {
        let fields = ALL.map(|case| case.of_field("order_2nd"));
        let variants = ALL.map(|case| case.of_variant("VeryTasty"));
        let by_name =
            ["order_2nd", "ORDER_2ND", "Order2nd", "order2nd", "order_2nd", "ORDER_2ND", "order-2nd", "ORDER-2ND"];
        assert_eq!(fields, by_name);
        let by_variant = [
            "verytasty",
            "VERYTASTY",
            "VeryTasty",
            "veryTasty",
            "very_tasty",
            "VERY_TASTY",
            "very-tasty",
            "VERY-TASTY",
        ];
        assert_eq!(variants, by_variant);
        assert_eq!(Case::named("SCREAMING-KEBAB-CASE"), Some(Case::ScreamingKebab));
        assert_eq!(Case::named("screaming"), None);
    }
}
